/* SPDX-License-Identifier: Apache-2.0 */

/* One line an event. Values may come from a manifest or from Prometheus's answer: whatever they
 * hold, the line stays one line and valid logfmt or JSON. */

#include "base/log.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct {
    enum log_level level;
    enum log_format format;
    void (*sink)(const char *line, void *context);
    void *context;
} target = {.level = LOG_LEVEL_INFO, .format = LOG_FORMAT_LOGFMT};

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

void log_configure(enum log_level level, enum log_format format) {
    target.level = level == LOG_LEVEL_ALL ? LOG_LEVEL_DEBUG : level;
    target.format = format;
}

bool log_enabled(enum log_level level) {
    return level >= target.level;
}

void log_redirect(void (*sink)(const char *line, void *context), void *context) {
    target.sink = sink;
    target.context = context;
}

/* Both formats take JSON's escapes within quotes. */
static void append_escape(struct buffer *out, uint32_t character) {
    switch (character) {
    case '"':
        buffer_append_string(out, "\\\"");
        break;
    case '\\':
        buffer_append_string(out, "\\\\");
        break;
    case '\n':
        buffer_append_string(out, "\\n");
        break;
    case '\r':
        buffer_append_string(out, "\\r");
        break;
    case '\t':
        buffer_append_string(out, "\\t");
        break;
    default:
        if (character > 0xffff) { /* a surrogate pair */
            buffer_printf(out, "\\u%04x", 0xd800 + (unsigned)((character - 0x10000) >> 10));
            character = 0xdc00 + ((character - 0x10000) & 0x3ff);
        }
        buffer_printf(out, "\\u%04x", (unsigned)character);
        break;
    }
}

static bool needs_escape(uint32_t character) {
    return character == '"' || character == '\\' || utf8_is_invisible(character);
}

static void append_quoted(struct buffer *out, struct bytes text) {
    size_t offset = 0;

    buffer_append_char(out, '"');
    while (offset < text.length) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, offset, &character);
        if (length == 0) {
            buffer_append_string(out, "\\ufffd");
            length = 1;
        } else if (needs_escape(character)) {
            append_escape(out, character);
        } else {
            buffer_append(out, bytes_slice(text, offset, offset + length));
        }
        offset += length;
    }
    buffer_append_char(out, '"');
}

/* Without quotes only what no reader of logfmt can misread. */
static bool is_bare(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return text.length > 0;
}

static void append_key(struct buffer *out, const char *key) {
    if (target.format == LOG_FORMAT_JSON) {
        buffer_append_char(out, buffer_bytes(out).length == 0 ? '{' : ',');
        append_quoted(out, bytes_of(key));
        buffer_append_char(out, ':');
        return;
    }
    if (out->length > 0) {
        buffer_append_char(out, ' ');
    }
    buffer_append_string(out, key);
    buffer_append_char(out, '=');
}

static void append_string(struct buffer *out, const char *key, const char *value) {
    append_key(out, key);
    if (value == NULL) {
        buffer_append_string(out, "null");
    } else if (target.format == LOG_FORMAT_LOGFMT && is_bare(bytes_of(value))) {
        buffer_append_string(out, value);
    } else {
        append_quoted(out, bytes_of(value));
    }
}

static void append_seconds(struct buffer *out, int64_t nanoseconds) {
    const uint64_t second = 1000000000;
    uint64_t size = nanoseconds < 0 ? -(uint64_t)nanoseconds : (uint64_t)nanoseconds;

    buffer_printf(out, "%s%llu", nanoseconds < 0 ? "-" : "", (unsigned long long)(size / second));
    if (size % second != 0) {
        buffer_printf(out, ".%09llu", (unsigned long long)(size % second));
        while (out->data[out->length - 1] == '0') {
            out->length--;
        }
    }
}

static void append_field(struct buffer *out, const struct log_field *field) {
    if (field->type == LOG_FIELD_STRING) {
        append_string(out, field->key, field->string);
        return;
    }
    append_key(out, field->key);
    switch (field->type) {
    case LOG_FIELD_SECONDS:
        append_seconds(out, field->integer);
        break;
    case LOG_FIELD_BOOL:
        buffer_append_string(out, field->integer != 0 ? "true" : "false");
        break;
    case LOG_FIELD_INTEGER:
    case LOG_FIELD_STRING:
        buffer_printf(out, "%lld", (long long)field->integer);
        break;
    }
}

static void append_timestamp(struct buffer *out) {
    int64_t now = clock_wall_milliseconds();
    time_t seconds = (time_t)(now / 1000);
    char text[sizeof("2006-01-02T15:04:05") + 16] = "";
    struct tm utc = {0};

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    CLEANUP(buffer_free) struct buffer stamp = {0};
    buffer_printf(&stamp, "%s.%03dZ", text, (int)(now % 1000));
    append_string(out, "ts", buffer_string(&stamp));
}

void log_write(enum log_level level, const char *message, const struct log_field *fields) {
    CLEANUP(buffer_free) struct buffer line = {0};

    if (!log_enabled(level)) {
        return;
    }
    append_timestamp(&line);
    append_string(&line, "level", level_names[level]);
    append_string(&line, "msg", message);
    for (const struct log_field *field = fields; field->key != NULL; field++) {
        append_field(&line, field);
    }
    if (target.format == LOG_FORMAT_JSON) {
        buffer_append_char(&line, '}');
    }
    if (target.sink != NULL) {
        target.sink(buffer_string(&line), target.context);
        return;
    }
    buffer_append_char(&line, '\n');
    ssize_t written = 0;
    do {
        written = write(STDERR_FILENO, line.data, line.length);
    } while (written < 0 && errno == EINTR);
}
