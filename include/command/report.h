/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_REPORT_H
#define SIDECAR_COMMAND_REPORT_H

/* What a command says, on standard output or standard error. */

#include "base/bytes.h"
#include "base/diagnostic.h"
#include "command/command.h"

#include <stdio.h>

/* Each a line in the contract's format. */
void diagnostics_print(FILE *stream, const struct diagnostics *diagnostics);

/* The diagnostics, and where help is to be had, on stderr. Returns STATUS_USAGE. */
enum exit_status usage_fault(const struct diagnostics *diagnostics);

/* Everything to stdout, and whether it got there: STATUS_OK; STATUS_FAULT with a message on stderr.
 */
enum exit_status output_write(struct bytes bytes);

#endif
