/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_OBSERVE_H
#define SIDECAR_COMMAND_OBSERVE_H

/*
 * Watches the agent from outside, and remembers what its status at one moment cannot tell: how long
 * passes and reloads took, and since when each RemoteWrite is as it is. Looks at the status when
 * the loop is about to wait and when it has waited, and wakes nobody for it.
 */

#include "agent/agent.h"
#include "base/compiler.h"
#include "command/diagnosis.h"
#include "web/histogram.h"
#include "web/view.h"

#include <uv.h>

#define OBSERVED_RELOADS 10

struct observer;

/* Before agent_start. Its handles do not keep the loop alive. */
struct observer *observer_new(uv_loop_t *loop, const struct agent *agent) MUST_USE;

/* The memory goes as the loop turns once more. NULL is fine. */
void observer_close(struct observer *observer);

struct observations {
    struct histogram pass_duration;
    struct histogram propagation;
    struct web_reload reloads[OBSERVED_RELOADS]; /* newest first */
    size_t reload_count;
};
void observer_read(const struct observer *observer, struct observations *ret);

/* Since when (wall milliseconds) the outcome at this place of the last pass's state is as it is; 0:
 * unknown. */
int64_t observer_changed(const struct observer *observer, size_t index);

/* The diagnostics of the last pass; valid until the loop turns. */
const struct diagnosis *observer_diagnosis(const struct observer *observer);

#endif
