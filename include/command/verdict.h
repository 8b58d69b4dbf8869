/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_VERDICT_H
#define SIDECAR_COMMAND_VERDICT_H

/* What render and check make of a pass. */

#include "base/bytes.h"
#include "command/command.h"
#include "compile/compile.h"

/* STATUS_FAULT when an error was found. A pending RemoteWrite is none: its Secret may yet come. */
enum exit_status verdict_of(const struct desired_state *state);

/* "12 RemoteWrites: 10 active, 1 pending, 1 rejected; 2 errors, 1 warning", without a newline. */
void verdict_summary(const struct desired_state *state, struct buffer *out);

#endif
