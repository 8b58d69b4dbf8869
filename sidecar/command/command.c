/* SPDX-License-Identifier: Apache-2.0 */

/* The table of commands, and the way from argv to one of them. */

#include "command/command.h"

#include "base/arena.h"
#include "base/nearest.h"
#include "command/completion.h"
#include "command/help.h"
#include "command/report.h"
#include "command/version.h"
#include "options/options.h"
#include "options/reloader.h"

#include <errno.h>
#include <string.h>

#define GROUP(name) (1U << GROUP_##name)

/* Of a pass, without what comes of it. */
#define GROUPS_OF_A_PASS                                                                \
    (GROUP(FILES) | GROUP(SOURCES) | GROUP(SELECTION) | GROUP(POLICY) | GROUP(LIMITS) | \
     GROUP(LOG) | GROUP(GENERAL))

const struct command commands[] = {
    {
        .name = "run",
        .arguments = "[FLAG ...]",
        .summary = "watch, merge and reload until SIGTERM (also without a command)",
        .details =
            "Watches the manifests, Secrets, labels and the base config, writes the merged config and makes "
            "Prometheus load it, until SIGTERM or SIGINT. SIGHUP reads settings and every volume anew and "
            "reloads Prometheus even where nothing changed. With --watch-interval=0: one pass, write, exit. "
            "Exit status: 0; 1 a fault that it cannot run with; 2 usage or settings.",
        .groups = GROUPS_OF_A_PASS | GROUP(RELOAD) | GROUP(WATCH) | GROUP(WEB),
        .execute = run_execute,
    },
    {
        .name = "render",
        .arguments = "[FLAG ...]",
        .summary = "print the merged config that run would write",
        .details =
            "One pass: the merged config on standard output, diagnostics on standard error. Writes no file and "
            "uses no network. Exit status: 0; 1 a RemoteWrite was rejected; 2 usage or settings.",
        .groups = GROUPS_OF_A_PASS,
        .execute = render_execute,
    },
    {
        .name = "check",
        .arguments = "[FLAG ...] [FILE or DIR ...]",
        .summary = "judge manifests: those named, else the configured ones",
        .details =
            "Reads and judges manifests, those of the files and directories named (- is standard input), else "
            "those of --remote-write-dir. Diagnostics on standard output, PATH:LINE:COLUMN first; a summary on "
            "standard error. A Secret that named manifests lack is a warning: it may be in the cluster. Uses no "
            "network. Exit status: 0 clean or warnings only; 1 errors; 2 usage or settings.",
        .takes_operands = true,
        .groups = GROUPS_OF_A_PASS,
        .execute = check_execute,
    },
    {
        .name = "crd",
        .arguments = "",
        .summary = "print the CustomResourceDefinitions of both API groups",
        .details = "Prints the CustomResourceDefinitions of monitoring.giantswarm.io and "
                   "monitoring.coreos.com, ready for kubectl apply -f -.",
        .execute = crd_execute,
    },
    {
        .name = "healthcheck",
        .arguments = "[FLAG ...] [URL]",
        .summary = "ask a server on the loopback whether it is healthy",
        .details =
            "One GET of URL (http://127.0.0.1:8080/healthz), which has to lead to the loopback, for exec "
            "probes in an image without curl and wget. Exit status: 0 an answer with a status below 400; 1 "
            "another one, or none within 10 s; 2 usage.",
        .takes_operands = true,
        .groups = GROUP(HEALTHCHECK),
        .execute = healthcheck_execute,
    },
    {
        .name = "version",
        .arguments = "",
        .summary = "print the version, the commit and the libraries' versions",
        .details = "Prints the version, the commit and the versions of the libraries.",
        .execute = version_execute,
    },
    {
        .name = "help",
        .arguments = "[COMMAND]",
        .summary = "print this, or what a command does",
        .details = "Prints the usage of a command, or of the whole program.",
        .takes_operands = true,
        .execute = help_execute,
    },
};

const size_t command_count = ARRAY_LENGTH(commands);

const struct command *command_by_name(const char *name) {
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static enum exit_status unknown_command(const char *name, struct diagnostics *diagnostics) {
    struct nearest nearest = nearest_to(bytes_of(name));
    const char *remedy = "remotewrite-sidecar help lists all commands";

    for (size_t i = 0; i < command_count; i++) {
        nearest_offer(&nearest, commands[i].name);
    }
    if (nearest.best != NULL) {
        remedy = arena_format(diagnostics->arena, "did you mean %s?", nearest.best);
    }
    diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, name, remedy,
                    "unknown command");
    return usage_fault(diagnostics);
}

static enum exit_status needless_operand(const struct command *command, const char *operand,
                                         struct diagnostics *diagnostics) {
    diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, operand,
                    "leave it out", "%s takes flags only", command->name);
    return usage_fault(diagnostics);
}

/* What is asked for in place of a command. */
static enum exit_status answer(const struct invocation *invocation, const struct command *command) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const char *name =
        invocation->flags->reloader ? "prometheus-config-reloader" : "remotewrite-sidecar";

    switch (invocation->flags->asking) {
    case ASKING_SHORT_VERSION:
        return version_print_short();
    case ASKING_VERSION:
        return version_execute(invocation);
    case ASKING_MANUAL:
        manual_page(name, &text);
        break;
    case ASKING_CANDIDATES:
        completion_candidates(&text);
        break;
    case ASKING_BASH:
        completion_bash(name, &text);
        break;
    case ASKING_ZSH:
        completion_zsh(name, &text);
        break;
    case ASKING_HELP:
    case ASKING_NOTHING:
        command_help(command, &text);
        break;
    }
    return output_write(buffer_bytes(&text));
}

static enum exit_status execute(const struct flags *flags, struct diagnostics *diagnostics) {
    bool named = flags->operand_count > 0;
    const struct command *command = command_by_name(named ? flags->operands[0] : "run");
    const struct invocation invocation = {
        .flags = flags,
        .operands = named ? flags->operands + 1 : NULL,
        .operand_count = named ? flags->operand_count - 1 : 0,
    };

    if (command == NULL) {
        return unknown_command(flags->operands[0], diagnostics);
    }
    if (flags->asking != ASKING_NOTHING) {
        return answer(&invocation, named ? command : NULL);
    }
    if (invocation.operand_count > 0 && !command->takes_operands) {
        return needless_operand(command, invocation.operands[0], diagnostics);
    }
    return command->execute(&invocation);
}

enum exit_status command_line_execute(const char *program, size_t count, char *const *arguments) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct flags flags = {0};

    bool reloader = reloader_is_named(program);

    if (reloader) {
        struct reloader_arguments rewritten;
        int error = reloader_rewrite(arena, count, arguments, &diagnostics, &rewritten);
        if (error == -EDOM) {
            diagnostics_print(stderr, &diagnostics);
            return STATUS_FAULT;
        }
        if (error < 0) {
            return usage_fault(&diagnostics);
        }
        arguments = rewritten.items;
        count = rewritten.count;
    }
    if (flags_parse(arena, count, arguments, &diagnostics, &flags) < 0) {
        return usage_fault(&diagnostics);
    }
    flags.reloader = reloader;
    return execute(&flags, &diagnostics);
}
