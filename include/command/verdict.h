/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_VERDICT_H
#define SIDECAR_COMMAND_VERDICT_H

/* What render and check make of a pass. */

#include "base/bytes.h"
#include "command/command.h"
#include "compile/compile.h"

/* A Secret that is missing here may well be in the cluster: what is said about a pending
 * RemoteWrite becomes a warning. */
void verdict_forgive_pending(struct desired_state *state);

/* STATUS_FAULT when a RemoteWrite was rejected, or an error was found that is not about a pending
 * one. */
enum exit_status verdict_of(const struct desired_state *state);

/* "12 RemoteWrites: 10 active, 1 pending, 1 rejected; 2 errors, 1 warning", without a newline. */
void verdict_summary(const struct desired_state *state, struct buffer *out);

#endif
