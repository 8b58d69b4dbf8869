/* SPDX-License-Identifier: Apache-2.0 */

/* --help, read from the table. */

#include "options/help.h"

#include "options/options.h"

enum {
    HELP_WIDTH = 80,
    HELP_INDENT = 8
};

void help_wrap(struct buffer *out, const char *text, size_t indent) {
    struct bytes rest = bytes_of(text);
    size_t column = 0;

    while (rest.length > 0) {
        size_t blank = bytes_find(rest, BYTES(" "), 0);
        struct bytes word = bytes_slice(rest, 0, blank);
        if (column > 0 && column + 1 + word.length > HELP_WIDTH) {
            buffer_append_char(out, '\n');
            column = 0;
        }
        if (column == 0) {
            buffer_append_repeated(out, ' ', indent);
            column = indent;
        } else {
            buffer_append_char(out, ' ');
            column++;
        }
        buffer_append(out, word);
        column += word.length;
        rest = bytes_slice(rest, blank == SIZE_MAX ? rest.length : blank + 1, SIZE_MAX);
    }
    buffer_append_char(out, '\n');
}

/* What it may be, what it is without being set, whether it repeats, and its place in sidecar.cfg.
 */
static void append_facts(struct buffer *out, const struct option *option) {
    CLEANUP(buffer_free) struct buffer facts = {0};
    const char *value = option->default_help != NULL ? option->default_help : option->default_value;

    buffer_append_char(&facts, '[');
    if (option->words != NULL) {
        for (size_t i = 0; option->words[i] != NULL; i++) {
            buffer_printf(&facts, "%s%s", i > 0 ? ", " : "one of: ", option->words[i]);
        }
        buffer_append_string(&facts, "; ");
    }
    buffer_printf(&facts, "default: %s", value != NULL ? value : "none");
    if (option_is_list(option)) {
        buffer_append_string(&facts, "; may be repeated");
    }
    if (option->key != NULL) {
        buffer_printf(&facts, "; sidecar.cfg: %s", option->key);
    }
    buffer_append_char(&facts, ']');
    help_wrap(out, buffer_string(&facts), HELP_INDENT);
}

static void append_flag(struct buffer *out, const struct option *option, const char *flag) {
    buffer_printf(out, "--%s", flag);
    if (option->metavar != NULL) {
        buffer_printf(out, "=%s", option->metavar);
    }
}

static void append_option(struct buffer *out, const struct option *option) {
    buffer_append_string(out, "  ");
    append_flag(out, option, option->flag);
    if (option->alias != NULL) {
        buffer_append_string(out, ", ");
        append_flag(out, option, option->alias);
    }
    buffer_append_char(out, '\n');
    help_wrap(out, option->help, HELP_INDENT);
    append_facts(out, option);
}

void options_help(struct buffer *out, unsigned groups) {
    bool first = true;

    for (unsigned group = 0; group < OPTION_GROUPS; group++) {
        if ((groups & (1U << group)) == 0) {
            continue;
        }
        buffer_printf(out, "%s%s:\n", first ? "" : "\n", option_group_title(group));
        first = false;
        for (size_t i = 0; i < option_count; i++) {
            if (options[i].group == group) {
                append_option(out, &options[i]);
            }
        }
    }
}
