/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_HANGUP_H
#define SIDECAR_PROMETHEUS_HANGUP_H

/* SIGHUP to the process of a program: Prometheus loads its config anew then, and says nothing. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "prometheus/process.h"

/* Looks it up (process_find has what proc, name, hint and ret are) and sends it. The one that was
 * found gets it or nobody does, even where it ends meanwhile and another takes its pid. 0; what
 * process_find gives; -ESRCH too where it has ended; -EPERM: it is another user's. */
int hangup_send(const char *proc, const char *name, const struct process_hint *hint,
                struct found_process *ret) MUST_USE;

/* What a negative errno of hangup_send means, appended to out; and what to do about it, or NULL. */
void hangup_describe(int error, const char *name, const struct found_process *process,
                     struct buffer *out);
const char *hangup_remedy(int error);

#endif
