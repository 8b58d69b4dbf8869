/* SPDX-License-Identifier: Apache-2.0 */

/* Prints the tables of docs/configuration.md from the options table, so that the documentation
 * cannot drift from the code. */

#include "options/options.h"

#include <stdio.h>

/* A bar would end the cell. */
static void print_cell_text(const char *text) {
    for (; *text != '\0'; text++) {
        printf(*text == '|' ? "\\%c" : "%c", *text);
    }
}

static void print_flag(const struct option *option, const char *flag) {
    printf("`--%s", flag);
    if (option->metavar != NULL) {
        printf("=%s", option->metavar);
    }
    printf("`");
    if (option_is_list(option)) {
        printf(" (may be repeated)");
    }
}

static void print_default(const struct option *option) {
    if (option->default_help != NULL) {
        print_cell_text(option->default_help);
    } else if (option->default_value != NULL) {
        printf("`%s`", option->default_value);
    }
}

static void print_row(const struct option *option) {
    printf("| ");
    print_flag(option, option->flag);
    if (option->alias != NULL) {
        printf(", ");
        print_flag(option, option->alias);
    }
    printf(" | ");
    if (option->key != NULL) {
        printf("`%s`", option->key);
    }
    printf(" | ");
    print_default(option);
    printf(" | ");
    print_cell_text(option->help);
    for (size_t i = 0; option->words != NULL && option->words[i] != NULL; i++) {
        printf("%s`%s`", i > 0 ? ", " : " One of ", option->words[i]);
    }
    printf("%s |\n", option->words != NULL ? "." : "");
}

static void print_group(enum option_group group) {
    printf("\n## %s\n\n", option_group_title(group));
    printf("| flag | sidecar.cfg | default | |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].group == group) {
            print_row(&options[i]);
        }
    }
}

int main(void) {
    for (unsigned group = 0; group < OPTION_GROUPS; group++) {
        print_group((enum option_group)group);
    }
    return 0;
}
