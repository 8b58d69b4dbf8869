/* SPDX-License-Identifier: Apache-2.0 */

/* Reads argv as kingpin does for prometheus-config-reloader and writes it anew for flags_parse:
 * each flag of the reloader has a row that says what its value is, and what depends on several
 * flags is settled once all of them are known (write_values). */

#include "options/reloader.h"

#include "base/address.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/duration.h"
#include "options/config_file.h"
#include "options/go_url.h"
#include "options/options.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
    /* A file of arguments may name others, and itself. */
    ARGUMENT_FILES_MAX = 64,
};

enum kind {
    KIND_TEXT,
    KIND_LIST,
    KIND_DURATION,
    KIND_NUMBER,
    KIND_URL,
    KIND_PROGRAM,
    KIND_METHOD,
    KIND_LOG_LEVEL,
    KIND_LOG_FORMAT,
    KIND_SWITCH, /* asks for something (--help); takes no value */
};

static const struct row {
    const char *flag;
    enum kind kind;
} rows[] = {
    {"config-file", KIND_TEXT},
    {"config-envsubst-file", KIND_TEXT},
    {"watch-interval", KIND_DURATION},
    {"delay-interval", KIND_DURATION},
    {"retry-interval", KIND_DURATION},
    {"reload-timeout", KIND_DURATION},
    {"auto-gomemlimit-ratio", KIND_NUMBER},
    {"watched-dir", KIND_LIST},
    {"reload-method", KIND_METHOD},
    {"process-executable-name", KIND_PROGRAM},
    {"statefulset-ordinal-from-envvar", KIND_TEXT},
    {"listen-address", KIND_TEXT},
    {"web-config-file", KIND_TEXT},
    {"log-format", KIND_LOG_FORMAT},
    {"log-level", KIND_LOG_LEVEL},
    {"reload-url", KIND_URL},
    {"runtimeinfo-url", KIND_URL},
    {"help", KIND_SWITCH},
    {"help-long", KIND_SWITCH},
    {"help-man", KIND_SWITCH},
    {"completion-bash", KIND_SWITCH},
    {"completion-script-bash", KIND_SWITCH},
    {"completion-script-zsh", KIND_SWITCH},
    {"version", KIND_SWITCH},
    {"short-version", KIND_SWITCH},
};

/* A single value, as it was given and, for a duration, in milliseconds. */
struct value {
    bool given;
    struct bytes text;
    int64_t milliseconds;
};

/* Arguments that are still to be read: argv, or a file's. */
struct source {
    char *const *items;
    size_t count;
    size_t next;
};

struct rewriter {
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct source sources[ARGUMENT_FILES_MAX + 1];
    size_t depth;
    size_t files;
    const char *peeked; /* the next argument, where it was looked at already; NULL: it was not */
    bool ended;         /* by "--" */
    struct value values[ARRAY_LENGTH(rows)];
    struct reloader_arguments out;
    size_t capacity;
    int error;
};

bool reloader_is_named(const char *program) {
    static const char name[] = "prometheus-config-reloader";
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;

    return program != NULL && strcmp(slash != NULL ? slash + 1 : program, name) == 0;
}

/* A fault of the command line goes before one of a value, as the reloader finds it first. */
static void fail(struct rewriter *rewriter, int error, const char *subject, const char *problem,
                 const char *remedy) {
    diagnostics_add(rewriter->diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, subject,
                    remedy, "%s", problem);
    if (rewriter->error == 0 || error == -EINVAL) {
        rewriter->error = error;
    }
}

/* --- arguments ------------------------------------------------------------------------------- */

/* Lines that are blank or begin with '#' are none. */
static void lines_of(struct rewriter *rewriter, struct bytes text, struct source *ret) {
    char **items = NULL;
    size_t capacity = 0;

    for (size_t start = 0; start < text.length;) {
        size_t end = bytes_find(text, BYTES("\n"), start);
        struct bytes line = bytes_slice(text, start, end);
        start = end == SIZE_MAX ? text.length : end + 1;
        if (bytes_ends_with(line, BYTES("\r"))) {
            line = bytes_slice(line, 0, line.length - 1);
        }
        if (bytes_trim(line).length == 0 || line.data[0] == '#') {
            continue;
        }
        items = arena_grow(rewriter->arena, items, ret->count, &capacity, sizeof(*items));
        items[ret->count++] = arena_string(rewriter->arena, line);
    }
    ret->items = items;
}

/* Its arguments come next. */
static void open_file(struct rewriter *rewriter, const char *path) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const char *subject = arena_format(rewriter->arena, "@%s", path);
    struct source source = {0};

    rewriter->files++;
    if (path[0] == '\0') {
        fail(rewriter, -EINVAL, subject, "names no file of arguments", "write it as in @FILE");
        return;
    }
    if (rewriter->files > ARGUMENT_FILES_MAX) {
        fail(rewriter, -EINVAL, subject, "too many files of arguments",
             "see that none of them names itself");
        return;
    }
    int error = config_file_load(path, &text);
    if (error == 0 && memchr(text.data, '\0', text.length) != NULL) {
        error = -EINVAL;
    }
    if (error < 0) {
        fail(rewriter, -EINVAL, subject,
             arena_format(rewriter->arena, "the arguments cannot be read: %s",
                          error == -EINVAL ? "no text in a regular file" : strerror(-error)),
             "check the path behind '@'");
        return;
    }
    lines_of(rewriter, buffer_bytes(&text), &source);
    rewriter->sources[++rewriter->depth] = source;
}

/* The next argument; NULL at the end. */
static const char *argument_next(struct rewriter *rewriter) {
    if (rewriter->peeked != NULL) {
        return TAKE_PTR(rewriter->peeked);
    }
    for (;;) {
        struct source *source = &rewriter->sources[rewriter->depth];
        if (source->next == source->count) {
            if (rewriter->depth == 0) {
                return NULL;
            }
            rewriter->depth--;
            continue;
        }
        const char *argument = source->items[source->next++];
        if (rewriter->ended || argument[0] != '@') {
            return argument;
        }
        open_file(rewriter, argument + 1);
    }
}

/* The value of a flag that was written without '='; NULL: there is none. Like kingpin it takes none
 * that begins with a dash, and a dash alone is nothing. */
static const char *value_next(struct rewriter *rewriter) {
    const char *argument = argument_next(rewriter);

    if (argument != NULL && strcmp(argument, "-") == 0) {
        return "";
    }
    if (argument != NULL && argument[0] == '-') {
        rewriter->peeked = argument;
        return NULL;
    }
    return argument;
}

static void write_argument(struct rewriter *rewriter, const char *argument) {
    struct reloader_arguments *out = &rewriter->out;

    out->items = arena_grow(rewriter->arena, out->items, out->count, &rewriter->capacity,
                            sizeof(*out->items));
    out->items[out->count++] = arena_string(rewriter->arena, bytes_of(argument));
}

static void write_flag(struct rewriter *rewriter, const char *flag, struct bytes value) {
    write_argument(rewriter, arena_format(rewriter->arena, "--%s=%.*s", flag, BYTES_ARG(value)));
}

/* --- values ---------------------------------------------------------------------------------- */

static void check_duration(struct rewriter *rewriter, struct value *value, const char *subject) {
    struct bytes text = value->text;
    bool negative = bytes_starts_with(text, BYTES("-"));

    if (negative || bytes_starts_with(text, BYTES("+"))) {
        text = bytes_slice(text, 1, SIZE_MAX);
    }
    int error = bytes_equal_string(text, "0") ? 0 : go_duration_parse(text, &value->milliseconds);
    if (error < 0) {
        fail(rewriter, -EINVAL, subject,
             arena_format(rewriter->arena, "\"%.*s\" is %s", BYTES_ARG(value->text),
                          error == -ERANGE ? "longer than 292 years" : "no duration"),
             "write it as in 500ms, 30s, 3m or 1h30m");
    }
    value->milliseconds = negative ? -value->milliseconds : value->milliseconds;
}

static bool is_one_of(struct bytes text, const char *const *words, bool any_case) {
    for (size_t i = 0; words[i] != NULL; i++) {
        if (text.length == strlen(words[i]) &&
            (any_case ? strncasecmp : strncmp)(text.data, words[i], text.length) == 0) {
            return true;
        }
    }
    return false;
}

static void check_word(struct rewriter *rewriter, const struct row *row, struct bytes text,
                       const char *subject) {
    static const char *const methods[] = {"http", "signal", NULL};
    static const char *const formats[] = {"logfmt", "json", NULL};
    static const char *const levels[] = {"all", "debug", "info", "warn", "error", "none", NULL};
    const bool level = row->kind == KIND_LOG_LEVEL;
    const char *const *words = level ? levels : formats;
    const char *remedy =
        level ? "use one of all, debug, info, warn, error, none" : "use one of logfmt, json";

    if (row->kind == KIND_METHOD) {
        words = methods;
        remedy = "use one of http, signal";
    }
    if (!is_one_of(text, words, level)) {
        fail(rewriter, row->kind == KIND_METHOD ? -EINVAL : -EDOM, subject,
             arena_format(rewriter->arena, "\"%.*s\" is unknown", BYTES_ARG(text)), remedy);
    }
}

static void check_value(struct rewriter *rewriter, const struct row *row, struct value *value) {
    const char *subject = arena_format(rewriter->arena, "--%s", row->flag);
    const char *fault = NULL;

    switch (row->kind) {
    case KIND_DURATION:
        check_duration(rewriter, value, subject);
        break;
    case KIND_URL:
        fault = go_url_fault(value->text);
        if (fault != NULL) {
            /* What may be a password is not repeated. */
            fail(rewriter, -EINVAL, subject, arena_format(rewriter->arena, "the URL %s", fault),
                 "write it as in http://127.0.0.1:9090/-/reload");
        }
        break;
    case KIND_METHOD:
    case KIND_LOG_LEVEL:
    case KIND_LOG_FORMAT:
        check_word(rewriter, row, value->text, subject);
        break;
    case KIND_TEXT:
    case KIND_LIST:
    case KIND_NUMBER: /* the option checks it */
    case KIND_PROGRAM:
    case KIND_SWITCH:
        break;
    }
}

/* --- flags ----------------------------------------------------------------------------------- */

static const struct row *row_of(struct bytes name) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (bytes_equal_string(name, rows[i].flag)) {
            return &rows[i];
        }
    }
    return NULL;
}

static void take_value(struct rewriter *rewriter, const struct row *row, struct bytes text) {
    struct value *value = &rewriter->values[row - rows];

    if (row->kind == KIND_LIST) {
        write_flag(rewriter, row->flag, text);
        return;
    }
    if (value->given) {
        fail(rewriter, -EINVAL, arena_format(rewriter->arena, "--%s", row->flag),
             "cannot be repeated", "leave all but one out");
        return;
    }
    *value = (struct value){.given = true, .text = text};
    check_value(rewriter, row, value);
}

/* A flag of this program that the reloader does not have. Its value is joined to it, as what stands
 * alone here is an argument too many. */
static void pass_on(struct rewriter *rewriter, const char *argument, struct bytes name,
                    bool has_value) {
    const struct option *option = option_by_flag(name);
    const char *value = NULL;

    if (option != NULL && option->type != OPTION_BOOL && !has_value) {
        value = value_next(rewriter);
    }
    write_argument(rewriter, value == NULL
                                 ? argument
                                 : arena_format(rewriter->arena, "%s=%s", argument, value));
}

static void take_flag(struct rewriter *rewriter, const char *argument) {
    struct bytes text = bytes_slice(bytes_of(argument), 2, SIZE_MAX);
    size_t equals = bytes_find(text, BYTES("="), 0);
    struct bytes name = bytes_slice(text, 0, equals);
    const struct row *row = row_of(name);

    if (row == NULL && bytes_starts_with(name, BYTES("no-"))) {
        const struct row *negated = row_of(bytes_slice(name, strlen("no-"), SIZE_MAX));
        if (negated != NULL && negated->kind == KIND_SWITCH && equals == SIZE_MAX) {
            return;
        }
    }
    if (row == NULL || row->kind == KIND_SWITCH) {
        pass_on(rewriter, argument, name, equals != SIZE_MAX);
        return;
    }
    const char *value = equals != SIZE_MAX ? text.data + equals + 1 : value_next(rewriter);
    if (value == NULL) {
        fail(rewriter, -EINVAL, argument, "needs a value",
             arena_format(rewriter->arena, "write %s=VALUE", argument));
        return;
    }
    take_value(rewriter, row, bytes_of(value));
}

/* --- what was given, in this program's flags -------------------------------------------------- */

static struct value *value_of(struct rewriter *rewriter, const char *flag) {
    return &rewriter->values[row_of(bytes_of(flag)) - rows];
}

static void write_duration(struct rewriter *rewriter, const char *flag, int64_t milliseconds) {
    const struct option *option = option_by_flag(bytes_of(flag));
    int64_t bounded = milliseconds < option->minimum   ? option->minimum
                      : milliseconds > option->maximum ? option->maximum
                                                       : milliseconds;

    write_argument(rewriter,
                   arena_format(rewriter->arena, "--%s=%lldms", flag, (long long)bounded));
}

/*
 * Go's durations may be anything. A negative watch interval makes the reloader read without pause:
 * here it is a second. A retry interval that is not above 0 makes it panic at its first retry: here
 * the default holds. Without a timeout of its own a reload is given the watch interval there, as
 * here.
 */
static void write_durations(struct rewriter *rewriter) {
    const int64_t second = 1000;
    const struct value *watch = value_of(rewriter, "watch-interval");
    const struct value *delay = value_of(rewriter, "delay-interval");
    const struct value *retry = value_of(rewriter, "retry-interval");
    const struct value *timeout = value_of(rewriter, "reload-timeout");
    int64_t watch_milliseconds = watch->milliseconds < 0 ? second : watch->milliseconds;

    if (watch->given) {
        write_duration(rewriter, "watch-interval", watch_milliseconds);
    }
    if (delay->given) {
        write_duration(rewriter, "delay-interval", delay->milliseconds);
    }
    if (retry->given && retry->milliseconds > 0) {
        write_duration(rewriter, "retry-interval", retry->milliseconds);
    }
    if (timeout->given && timeout->milliseconds > 0) {
        write_duration(rewriter, "reload-timeout", timeout->milliseconds);
    } else if (timeout->given) {
        const int64_t usual_watch = 180 * second;
        write_duration(rewriter, "reload-timeout",
                       watch_milliseconds > 0 ? watch_milliseconds : usual_watch);
    }
}

/* The reloader looks at it only when it listens, which is not in an init container. */
static void write_listen_address(struct rewriter *rewriter) {
    const struct value *watch = value_of(rewriter, "watch-interval");
    const struct value *value = value_of(rewriter, "listen-address");
    bool once = watch->given && watch->milliseconds == 0;
    struct address address;

    if (!value->given || value->text.length == 0 || once) {
        return;
    }
    const char *fault = address_parse(value->text, &address);
    if (fault != NULL) {
        fail(rewriter, -EDOM, "--listen-address",
             arena_format(rewriter->arena, "\"%.*s\" %s", BYTES_ARG(value->text), fault),
             "write it as in :8080, 127.0.0.1:8080, [::]:8080 or localhost:8080");
        return;
    }
    write_flag(rewriter, "listen-address", value->text);
}

/* The program's name; the reloader would look for a process that has a path for its name. */
static struct bytes program_name(struct bytes text) {
    for (size_t i = text.length; i > 0; i--) {
        if (text.data[i - 1] == '/') {
            return bytes_slice(text, i, SIZE_MAX);
        }
    }
    return text;
}

static void write_values(struct rewriter *rewriter) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct value *value = &rewriter->values[i];
        const struct row *row = &rows[i];
        if (!value->given || row->kind == KIND_DURATION ||
            strcmp(row->flag, "listen-address") == 0) {
            continue;
        }
        write_flag(rewriter, row->flag,
                   row->kind == KIND_PROGRAM ? program_name(value->text) : value->text);
    }
    write_durations(rewriter);
    write_listen_address(rewriter);
}

int reloader_rewrite(struct arena *arena, size_t count, char *const *arguments,
                     struct diagnostics *diagnostics, struct reloader_arguments *ret) {
    struct rewriter rewriter = {
        .arena = arena,
        .diagnostics = diagnostics,
        .sources = {{.items = arguments, .count = count}},
    };
    const char *argument = NULL;

    while ((argument = argument_next(&rewriter)) != NULL) {
        if (!rewriter.ended && strcmp(argument, "--") == 0) {
            rewriter.ended = true;
        } else if (!rewriter.ended && strncmp(argument, "--", 2) == 0) {
            take_flag(&rewriter, argument);
        } else if (!rewriter.ended && strcmp(argument, "-h") == 0) {
            write_argument(&rewriter, argument);
        } else {
            fail(&rewriter, -EINVAL, argument, "unexpected argument",
                 "prometheus-config-reloader takes flags only");
        }
    }
    if (rewriter.error == 0) {
        write_values(&rewriter);
    }
    *ret = rewriter.out;
    return rewriter.error;
}
