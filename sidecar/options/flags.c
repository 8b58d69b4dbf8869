/* SPDX-License-Identifier: Apache-2.0 */

/* argv, taken apart as Prometheus's own programs do it. All faults are found in one go, so that a
 * user does not have to fix them one start at a time. */

#include "options/flags.h"

#include "base/nearest.h"
#include "options/options.h"

#include <errno.h>

struct parser {
    struct arena *arena;
    size_t count;
    char *const *arguments;
    size_t next;
    struct diagnostics *diagnostics;
    struct flags *flags;
    size_t use_capacity;
    size_t operand_capacity;
};

static int fault(struct parser *parser, const char *flag, const char *remedy, const char *problem) {
    diagnostics_add(parser->diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, flag, remedy,
                    "%s", problem);
    return -EINVAL;
}

static int unknown_flag(struct parser *parser, struct bytes name) {
    struct nearest nearest = nearest_to(name);
    const char *flag = arena_format(parser->arena, "--%.*s", BYTES_ARG(name));
    const char *remedy = "remotewrite-sidecar --help lists all flags";

    for (size_t i = 0; i < option_count; i++) {
        nearest_offer(&nearest, options[i].flag);
        if (options[i].alias != NULL) {
            nearest_offer(&nearest, options[i].alias);
        }
    }
    if (nearest.best != NULL) {
        remedy = arena_format(parser->arena, "did you mean --%s?", nearest.best);
    }
    return fault(parser, flag, remedy, "unknown flag");
}

static void add_use(struct parser *parser, const struct option *option, const char *flag,
                    struct bytes value) {
    struct flags *flags = parser->flags;

    flags->uses = arena_grow(parser->arena, flags->uses, flags->count, &parser->use_capacity,
                             sizeof(*flags->uses));
    flags->uses[flags->count] = (struct flag_use){.option = option, .flag = flag, .value = value};
    flags->count++;
}

static void add_operand(struct parser *parser, const char *operand) {
    struct flags *flags = parser->flags;

    flags->operands = arena_grow(parser->arena, flags->operands, flags->operand_count,
                                 &parser->operand_capacity, sizeof(*flags->operands));
    flags->operands[flags->operand_count] = operand;
    flags->operand_count++;
}

/* --no-flag, for booleans. */
static const struct option *negated_option(struct bytes name) {
    const struct bytes no = BYTES("no-");

    if (!bytes_starts_with(name, no)) {
        return NULL;
    }
    const struct option *option = option_by_flag(bytes_slice(name, no.length, SIZE_MAX));
    return option != NULL && option->type == OPTION_BOOL ? option : NULL;
}

/* --help, --version and the like are no settings and take no value. ASKING_NOTHING: this one is
 * none of them. */
static enum asking asking_find(struct bytes name) {
    static const struct {
        const char *name;
        enum asking asking;
    } askings[] = {
        {"help", ASKING_HELP},
        {"help-long", ASKING_HELP},
        {"help-man", ASKING_MANUAL},
        {"completion-bash", ASKING_CANDIDATES},
        {"completion-script-bash", ASKING_BASH},
        {"completion-script-zsh", ASKING_ZSH},
        {"version", ASKING_VERSION},
        {"short-version", ASKING_SHORT_VERSION},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(askings); i++) {
        if (bytes_equal_string(name, askings[i].name)) {
            return askings[i].asking;
        }
    }
    return ASKING_NOTHING;
}

static void note_asking(struct parser *parser, enum asking asking) {
    if (parser->flags->asking == ASKING_NOTHING) {
        parser->flags->asking = asking;
    }
}

static int parse_asking(struct parser *parser, struct bytes name) {
    enum asking asking = asking_find(name);

    if (asking == ASKING_NOTHING) {
        return unknown_flag(parser, name);
    }
    note_asking(parser, asking);
    return 0;
}

static int parse_without_value(struct parser *parser, struct bytes name, const char *flag) {
    const struct option *option = option_by_flag(name);

    if (option == NULL) {
        option = negated_option(name);
        if (option != NULL) {
            add_use(parser, option, flag, BYTES("false"));
            return 0;
        }
        return parse_asking(parser, name);
    }
    if (option->type == OPTION_BOOL) {
        add_use(parser, option, flag, BYTES("true"));
        return 0;
    }
    /* A flag where a value should be is a value that was forgotten; a value that begins so is
     * written behind '='. */
    if (parser->next == parser->count || strncmp(parser->arguments[parser->next], "--", 2) == 0) {
        const char *remedy = arena_format(parser->arena, "write %s=%s", flag, option->metavar);
        return fault(parser, flag, remedy, "needs a value");
    }
    add_use(parser, option, flag, bytes_of(parser->arguments[parser->next]));
    parser->next++;
    return 0;
}

static int parse_with_value(struct parser *parser, struct bytes name, const char *flag,
                            struct bytes value) {
    const struct option *option = option_by_flag(name);

    if (option != NULL) {
        add_use(parser, option, flag, value);
        return 0;
    }
    if (negated_option(name) != NULL || asking_find(name) != ASKING_NOTHING) {
        return fault(parser, flag, "leave the value out", "takes no value");
    }
    return unknown_flag(parser, name);
}

static int parse_flag(struct parser *parser, const char *argument) {
    struct bytes text = bytes_slice(bytes_of(argument), 2, SIZE_MAX);
    size_t equals = bytes_find(text, BYTES("="), 0);
    struct bytes name = bytes_slice(text, 0, equals);
    const char *flag = arena_format(parser->arena, "--%.*s", BYTES_ARG(name));

    if (equals == SIZE_MAX) {
        return parse_without_value(parser, name, flag);
    }
    return parse_with_value(parser, name, flag, bytes_slice(text, equals + 1, SIZE_MAX));
}

/* One dash: only -h. "-" is an operand (standard input). */
static int parse_short(struct parser *parser, const char *argument) {
    struct bytes text = bytes_slice(bytes_of(argument), 1, SIZE_MAX);
    struct bytes name = bytes_slice(text, 0, bytes_find(text, BYTES("="), 0));

    if (bytes_equal_string(text, "h")) {
        note_asking(parser, ASKING_HELP);
        return 0;
    }
    const char *flag = arena_format(parser->arena, "-%.*s", BYTES_ARG(name));
    const char *remedy = "flags begin with two dashes";
    if (option_by_flag(name) != NULL) {
        remedy = arena_format(parser->arena, "write -%s, with two dashes", flag);
    }
    return fault(parser, flag, remedy, "unknown flag");
}

int flags_parse(struct arena *arena, size_t count, char *const *arguments,
                struct diagnostics *diagnostics, struct flags *ret) {
    struct flags flags = {0};
    struct parser parser = {
        .arena = arena,
        .count = count,
        .arguments = arguments,
        .diagnostics = diagnostics,
        .flags = &flags,
    };
    bool ended = false;
    int error = 0;

    while (parser.next < count) {
        const char *argument = arguments[parser.next];
        int result = 0;
        parser.next++;
        if (ended || argument[0] != '-' || argument[1] == '\0') {
            add_operand(&parser, argument);
        } else if (strcmp(argument, "--") == 0) {
            ended = true;
        } else if (argument[1] == '-') {
            result = parse_flag(&parser, argument);
        } else {
            result = parse_short(&parser, argument);
        }
        if (result < 0) {
            error = result;
        }
    }
    if (error == 0) {
        *ret = flags;
    }
    return error;
}
