/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_HELP_H
#define SIDECAR_COMMAND_HELP_H

#include "base/bytes.h"
#include "command/command.h"

/* --help of a command; NULL: of the program. */
void command_help(const struct command *command, struct buffer *out);

#endif
