/* SPDX-License-Identifier: Apache-2.0 */

/* --help: the commands from their table, the options from theirs. */

#include "command/help.h"

#include "base/arena.h"
#include "base/nearest.h"
#include "command/report.h"
#include "options/help.h"
#include "options/options.h"

#include <string.h>

static void append_usage(const struct command *command, struct buffer *out) {
    buffer_printf(out, "  remotewrite-sidecar %s%s%s\n", command->name,
                  command->arguments[0] != '\0' ? " " : "", command->arguments);
}

static void append_program(struct buffer *out) {
    help_wrap(
        out,
        "Turns RemoteWrite manifests, and the Secrets that they name, into the remote_write section of "
        "prometheus.yml, and makes Prometheus load it.",
        0);
    buffer_append_string(out, "\nUsage:\n  remotewrite-sidecar [FLAG ...]\n");
    for (size_t i = 0; i < command_count; i++) {
        append_usage(&commands[i], out);
    }
    size_t width = 0;
    for (size_t i = 0; i < command_count; i++) {
        const size_t length = strlen(commands[i].name);
        width = length > width ? length : width;
    }
    buffer_append_string(out, "\nCommands:\n");
    for (size_t i = 0; i < command_count; i++) {
        buffer_printf(out, "  %-*s  %s\n", (int)width, commands[i].name, commands[i].summary);
    }
}

static void append_help_flag(struct buffer *out) {
    buffer_append_string(
        out, "  --help, -h\n        Show this. COMMAND --help: show it for one command.\n"
             "  --version\n        Show the version.\n");
}

void command_help(const struct command *command, struct buffer *out) {
    if (command == NULL) {
        append_program(out);
    } else {
        buffer_append_string(out, "Usage:\n");
        append_usage(command, out);
        buffer_append_char(out, '\n');
        help_wrap(out, command->details, 0);
    }
    const unsigned groups = command != NULL ? command->groups : OPTION_GROUPS_ALL;
    buffer_append_char(out, '\n');
    if (groups == 0) {
        buffer_append_string(out, "Help:\n");
        append_help_flag(out);
        return;
    }
    help_wrap(
        out,
        "A flag is written --flag=VALUE or --flag VALUE; one without a VALUE is true as --flag, and false as "
        "--flag=false or --no-flag. Durations are written as in 500ms, 30s, 3m or 1h30m.",
        0);
    buffer_append_char(out, '\n');
    options_help(out, groups);
    if ((groups & (1U << GROUP_GENERAL)) == 0) {
        buffer_append_string(out, "\nHelp:\n");
    }
    append_help_flag(out);
}

enum exit_status help_execute(const struct invocation *invocation) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct command *command = NULL;

    if (invocation->operand_count > 0) {
        command = command_by_name(invocation->operands[0]);
        if (command == NULL) {
            CLEANUP(arena_freep) struct arena *arena = arena_new();
            struct diagnostics diagnostics = diagnostics_in(arena);
            diagnostics_add(&diagnostics, SEVERITY_ERROR, (struct location){0}, NULL,
                            invocation->operands[0], "remotewrite-sidecar help lists all commands",
                            "unknown command");
            return usage_fault(&diagnostics);
        }
    }
    command_help(command, &text);
    return output_write(buffer_bytes(&text));
}
