/* SPDX-License-Identifier: Apache-2.0 */

/* Writes YAML that no reader can misread: plain words from a short list of safe forms, everything
 * else in double quotes on one line, with a tag where quotes are not enough. What was parsed as a
 * number, a boolean or null keeps the author's spelling where a person reads it (block style), and
 * is written as JSON has it in flow style. */

#include "yaml/emit.h"

#include "base/compiler.h"
#include "base/utf8.h"
#include "yaml/resolve.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* A key on one line may be 1024 characters long, its colon included; longer ones are written with a
 * "? ". */
static const size_t longest_simple_key = 1000;

static const size_t indent_step = 2;

struct emitter {
    struct buffer *out;
    const char *line_break;
};

/* --- strings --------------------------------------------------------------------------------- */

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

static bool is_letter(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

/* Words that some reader takes for a boolean, null or a number, in any case. */
static bool is_reserved(struct bytes text) {
    static const char *const reserved[] = {
        "y",     "n",    "yes", "no",   "on",  "off", "true",
        "false", "null", "nil", "none", "nan", "inf", "infinity",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++) {
        struct bytes word = bytes_of(reserved[i]);
        if (text.length == word.length && strncasecmp(text.data, word.data, word.length) == 0) {
            return true;
        }
    }
    return false;
}

/* 30s, 1h30m: begins with a digit, and yet is no number to anyone. */
static bool is_duration(struct bytes text) {
    size_t offset = 0;

    while (offset < text.length) {
        size_t digits = offset;
        while (offset < text.length && is_digit(text.data[offset])) {
            offset++;
        }
        if (offset == digits || offset == text.length ||
            strchr("smhdwy", text.data[offset]) == NULL) {
            return false;
        }
        offset += bytes_starts_with(bytes_slice(text, offset, text.length), BYTES("ms")) ? 2 : 1;
    }
    return text.length > 0;
}

static bool is_plain(struct bytes text) {
    if (is_duration(text)) {
        return true;
    }
    if (text.length == 0 || is_reserved(text)) {
        return false;
    }
    char before = ' ';
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool blank = c == ' ' && before != ' ';
        bool inner = i > 0 && (is_digit(c) || c == '-' || c == '.' || blank);
        if (!is_letter(c) && c != '_' && c != '/' && !inner) {
            return false;
        }
        before = c;
    }
    return before != ' ';
}

static void append_escape(struct buffer *out, uint32_t character) {
    static const struct {
        uint32_t character;
        const char *escape;
    } escapes[] = {
        {'"', "\\\""}, {'\\', "\\\\"}, {'\b', "\\b"}, {'\t', "\\t"},
        {'\n', "\\n"}, {'\f', "\\f"},  {'\r', "\\r"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(escapes); i++) {
        if (escapes[i].character == character) {
            buffer_append_string(out, escapes[i].escape);
            return;
        }
    }
    buffer_printf(out, "\\u%04x", (unsigned)character);
}

/* Beyond U+FFFF all is printable to YAML, and YAML and JSON have no escape in common. */
static bool is_itself(uint32_t character) {
    const uint32_t last_short = 0xffff;

    return character != '"' && character != '\\' &&
           (character > last_short || !utf8_is_unprintable(character));
}

/* The strings that yaml.v2, which Prometheus reads with, takes for null in quotes too, where the Go
 * type reads itself (relabel expressions, label names, secrets): decode.go, prepare(). An explicit
 * tag is what it believes. */
static bool is_null_in_quotes(struct bytes text) {
    return bytes_equal_string(text, "null") || bytes_equal_string(text, "~");
}

static void append_quoted(struct buffer *out, struct bytes text) {
    size_t written = 0;

    buffer_append_string(out, is_null_in_quotes(text) ? "!!str " : "");
    buffer_append_char(out, '"');
    for (size_t offset = 0; offset < text.length;) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, offset, &character);
        if (length > 0 && is_itself(character)) {
            offset += length;
            continue;
        }
        buffer_append(out, bytes_slice(text, written, offset));
        if (length == 0) {
            buffer_append_string(out, "\\ufffd");
            length = 1;
        } else {
            append_escape(out, character);
        }
        offset += length;
        written = offset;
    }
    buffer_append(out, bytes_slice(text, written, text.length));
    buffer_append_char(out, '"');
}

void emit_string(struct buffer *out, struct bytes text) {
    if (is_plain(text)) {
        buffer_append(out, text);
    } else {
        append_quoted(out, text);
    }
}

/* --- other scalars --------------------------------------------------------------------------- */

/* The shortest digits that give the very same number, and look like no integer. */
static void append_number(struct buffer *out, double number) {
    enum {
        LEAST_DIGITS = 15,
        MOST_DIGITS = 17
    };
    char digits[64] = "";

    for (int precision = LEAST_DIGITS; precision <= MOST_DIGITS; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, number);
        double again = strtod(digits, NULL);
        if (again <= number && again >= number) {
            break;
        }
    }
    buffer_append_string(out, digits);
    if (strpbrk(digits, ".e") == NULL) {
        buffer_append_string(out, ".0");
    }
}

/* True when the text by itself, without a tag, has the kind that the node has. */
static bool speaks_for_itself(const struct node *scalar) {
    return resolve_plain(scalar->scalar.text).kind == scalar->scalar.kind;
}

static void append_json_value(struct buffer *out, const struct node *scalar) {
    double number = 0;

    switch (scalar->scalar.kind) {
    case SCALAR_STRING:
        append_quoted(out, scalar->scalar.text);
        break;
    case SCALAR_NULL:
        buffer_append_string(out, "null");
        break;
    case SCALAR_BOOL:
        buffer_append_string(out, scalar->scalar.boolean ? "true" : "false");
        break;
    case SCALAR_INTEGER:
        buffer_printf(out, "%" PRId64, scalar->scalar.integer);
        break;
    case SCALAR_FLOAT:
        number = resolve_plain(scalar->scalar.text).number;
        if (isfinite(number)) {
            append_number(out, number);
        } else {
            /* JSON has no word for it. */
            buffer_append(out, scalar->scalar.text);
        }
        break;
    }
}

static void append_value(struct buffer *out, const struct node *scalar) {
    if (scalar->scalar.kind == SCALAR_STRING) {
        emit_string(out, scalar->scalar.text);
    } else if (scalar->scalar.text.length > 0 && speaks_for_itself(scalar)) {
        buffer_append(out, scalar->scalar.text);
    } else {
        append_json_value(out, scalar);
    }
}

/* A key is known by its text: no other spelling will do. */
static void append_key(struct buffer *out, const struct node *key, bool json) {
    if (key->scalar.kind == SCALAR_STRING) {
        if (json) {
            append_quoted(out, key->scalar.text);
        } else {
            emit_string(out, key->scalar.text);
        }
        return;
    }
    if (!speaks_for_itself(key)) {
        /* Only an integer that is tagged as a float. */
        buffer_append_string(out, "!!float ");
    }
    buffer_append(out, key->scalar.text);
}

/* --- flow style ------------------------------------------------------------------------------ */

static void emit_flow_mapping(struct buffer *out, const struct node *mapping) {
    buffer_append_char(out, '{');
    for (size_t i = 0; i < mapping->mapping.count; i++) {
        CLEANUP(buffer_free) struct buffer key = {0};
        append_key(&key, mapping->mapping.pairs[i].key, true);
        buffer_append_string(out, i > 0 ? ", " : "");
        buffer_append_string(out, key.length > longest_simple_key ? "? " : "");
        buffer_append(out, buffer_bytes(&key));
        buffer_append_string(out, ": ");
        emit_flow(out, mapping->mapping.pairs[i].value);
    }
    buffer_append_char(out, '}');
}

static void emit_flow_sequence(struct buffer *out, const struct node *sequence) {
    buffer_append_char(out, '[');
    for (size_t i = 0; i < sequence->sequence.count; i++) {
        buffer_append_string(out, i > 0 ? ", " : "");
        emit_flow(out, sequence->sequence.items[i]);
    }
    buffer_append_char(out, ']');
}

void emit_flow(struct buffer *out, const struct node *node) {
    if (node_is_null(node)) {
        buffer_append_string(out, "null");
        return;
    }
    switch (node->type) {
    case NODE_SCALAR:
        append_json_value(out, node);
        break;
    case NODE_SEQUENCE:
        emit_flow_sequence(out, node);
        break;
    case NODE_MAPPING:
        emit_flow_mapping(out, node);
        break;
    }
}

/* --- block style ----------------------------------------------------------------------------- */

static void emit_children(const struct emitter *emitter, const struct node *node, size_t indent,
                          bool on_line);

static bool has_children(const struct node *node) {
    return node != NULL && ((node->type == NODE_MAPPING && node->mapping.count > 0) ||
                            (node->type == NODE_SEQUENCE && node->sequence.count > 0));
}

/* What fits on the line: a scalar or an empty collection. */
static void emit_leaf(const struct emitter *emitter, const struct node *node) {
    if (node == NULL || node->type != NODE_SCALAR) {
        emit_flow(emitter->out, node);
    } else {
        append_value(emitter->out, node);
    }
    buffer_append_string(emitter->out, emitter->line_break);
}

static void emit_pair(const struct emitter *emitter, const struct node_pair *pair, size_t indent) {
    struct buffer *out = emitter->out;
    CLEANUP(buffer_free) struct buffer key = {0};

    append_key(&key, pair->key, false);
    if (key.length > longest_simple_key) {
        buffer_append_string(out, "? ");
        buffer_append(out, buffer_bytes(&key));
        buffer_append_string(out, emitter->line_break);
        buffer_append_repeated(out, ' ', indent);
    } else {
        buffer_append(out, buffer_bytes(&key));
    }
    buffer_append_char(out, ':');
    if (has_children(pair->value)) {
        buffer_append_string(out, emitter->line_break);
        emit_children(emitter, pair->value, indent + indent_step, false);
    } else {
        buffer_append_char(out, ' ');
        emit_leaf(emitter, pair->value);
    }
}

/* Behind the "- ". */
static void emit_item(const struct emitter *emitter, const struct node *item, size_t indent) {
    buffer_append_string(emitter->out, "- ");
    if (has_children(item)) {
        emit_children(emitter, item, indent + indent_step, true);
    } else {
        emit_leaf(emitter, item);
    }
}

/* on_line: the first child goes on the line that has begun. */
static void emit_children(const struct emitter *emitter, const struct node *node, size_t indent,
                          bool on_line) {
    size_t count = node->type == NODE_MAPPING ? node->mapping.count : node->sequence.count;

    for (size_t i = 0; i < count; i++) {
        if (i > 0 || !on_line) {
            buffer_append_repeated(emitter->out, ' ', indent);
        }
        if (node->type == NODE_MAPPING) {
            emit_pair(emitter, &node->mapping.pairs[i], indent);
        } else {
            emit_item(emitter, node->sequence.items[i], indent);
        }
    }
}

void emit_sequence_item(struct buffer *out, const struct node *item, size_t indent,
                        const char *line_break) {
    const struct emitter emitter = {.out = out, .line_break = line_break};

    buffer_append_repeated(out, ' ', indent);
    emit_item(&emitter, item, indent);
}

void emit_block(struct buffer *out, const struct node *node, size_t indent,
                const char *line_break) {
    const struct emitter emitter = {.out = out, .line_break = line_break};

    if (has_children(node)) {
        emit_children(&emitter, node, indent, false);
        return;
    }
    buffer_append_repeated(out, ' ', indent);
    emit_leaf(&emitter, node);
}
