/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_COMPLETION_H
#define SIDECAR_COMMAND_COMPLETION_H

/* What shells and man(1) want to know of the command line, out of the table of options. */

#include "base/bytes.h"

/* Appends the flags, a line each. */
void completion_candidates(struct buffer *out);

/* Appends a script for the shell that completes the flags of the program of this name. */
void completion_bash(const char *name, struct buffer *out);
void completion_zsh(const char *name, struct buffer *out);

/* Appends a man page for the program of this name. */
void manual_page(const char *name, struct buffer *out);

#endif
