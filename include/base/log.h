/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_LOG_H
#define SIDECAR_BASE_LOG_H

/* The log on stderr, logfmt or JSON, with ts, level, msg and fields as in Prometheus. The only
 * global state outside main: one sink. */

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_NONE, /* this and the next are thresholds only: no line has them */
    LOG_LEVEL_ALL
};
enum log_format {
    LOG_FORMAT_LOGFMT,
    LOG_FORMAT_JSON
};

/* Before the first line; the default is info, logfmt, stderr. */
void log_configure(enum log_level level, enum log_format format);

bool log_enabled(enum log_level level);

/* For tests: lines go to the function instead of stderr (without the newline); NULL puts stderr
 * back. */
void log_redirect(void (*sink)(const char *line, void *context), void *context);

enum log_field_type {
    LOG_FIELD_STRING,
    LOG_FIELD_INTEGER,
    LOG_FIELD_SECONDS,
    LOG_FIELD_BOOL
};

struct log_field {
    const char *key; /* NULL ends the list */
    enum log_field_type type;
    const char *string;
    int64_t integer; /* LOG_FIELD_SECONDS: nanoseconds, written as seconds */
};

#define LOG_STRING(key_, value_) \
    ((struct log_field){.key = (key_), .type = LOG_FIELD_STRING, .string = (value_)})
#define LOG_INT(key_, value_) \
    ((struct log_field){.key = (key_), .type = LOG_FIELD_INTEGER, .integer = (int64_t)(value_)})
#define LOG_SECONDS(key_, nanoseconds_) \
    ((struct log_field){                \
        .key = (key_), .type = LOG_FIELD_SECONDS, .integer = (int64_t)(nanoseconds_)})
#define LOG_BOOL(key_, value_) \
    ((struct log_field){.key = (key_), .type = LOG_FIELD_BOOL, .integer = (value_)})

/* log_info("config written", LOG_STRING("file", path), LOG_INT("bytes", size)); */
#define log_debug(...) LOG_AT_(LOG_LEVEL_DEBUG, __VA_ARGS__, (struct log_field){0})
#define log_info(...)  LOG_AT_(LOG_LEVEL_INFO, __VA_ARGS__, (struct log_field){0})
#define log_warn(...)  LOG_AT_(LOG_LEVEL_WARN, __VA_ARGS__, (struct log_field){0})
#define log_error(...) LOG_AT_(LOG_LEVEL_ERROR, __VA_ARGS__, (struct log_field){0})
#define LOG_AT_(level, message, ...) \
    log_write((level), (message), (const struct log_field[]){__VA_ARGS__})

/* One line, written with one write(2); a line that cannot be written is dropped (there is nowhere
 * to say so). */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

#endif
