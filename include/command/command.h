/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_COMMAND_H
#define SIDECAR_COMMAND_COMMAND_H

/* The commands: one table, one file for each. */

#include "base/diagnostic.h"
#include "options/flags.h"

#include <stdbool.h>
#include <stddef.h>

enum exit_status {
    STATUS_OK = 0,
    STATUS_FAULT = 1, /* run: cannot run; render, check: something was found wrong */
    STATUS_USAGE = 2, /* the command line or the settings are wrong */
};

/* What a command is handed. Everything outlives the command. */
struct invocation {
    const struct flags *flags;
    const char *const *operands; /* behind the command's name */
    size_t operand_count;
};

struct command {
    const char *name;
    const char *arguments; /* of its usage line */
    const char *summary;   /* half a line, for the list of commands */
    const char *details;   /* for COMMAND --help */
    unsigned groups;       /* of the options that concern it: a set of 1u << enum option_group */
    bool takes_operands;
    enum exit_status (*execute)(const struct invocation *invocation);
};

extern const struct command commands[];
extern const size_t command_count;

/* NULL: there is none of this name. */
const struct command *command_by_name(const char *name);

/* From argv, its first element (program, which may be NULL) apart from the others, to the exit
 * status of the process. Usage errors are said on stderr. */
enum exit_status command_line_execute(const char *program, size_t count, char *const *arguments);

enum exit_status run_execute(const struct invocation *invocation);
enum exit_status render_execute(const struct invocation *invocation);
enum exit_status check_execute(const struct invocation *invocation);
enum exit_status crd_execute(const struct invocation *invocation);
enum exit_status healthcheck_execute(const struct invocation *invocation);
enum exit_status version_execute(const struct invocation *invocation);
enum exit_status help_execute(const struct invocation *invocation);

#endif
