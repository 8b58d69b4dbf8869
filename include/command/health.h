/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_HEALTH_H
#define SIDECAR_COMMAND_HEALTH_H

/*
 * Whether the samples of each RemoteWrite flow, as Prometheus's own metrics tell. Asked only when
 * somebody asks the sidecar, one question at a time, and so seldom that Prometheus spends at most a
 * twentieth of its time on it.
 */

#include "agent/agent.h"
#include "base/arena.h"
#include "base/compiler.h"
#include "base/incident.h"
#include "web/hold.h"
#include "web/view.h"

#include <stdbool.h>
#include <uv.h>

struct health;

/* agent has to outlive it. Its handles do not keep the loop alive. */
struct health *health_new(uv_loop_t *loop, const struct agent *agent) MUST_USE;

/* Ends what is asked and every hold; the memory goes as the loop turns once more. NULL is fine. */
void health_close(struct health *health);

/* Somebody wants to see it: Prometheus is asked where it is time. True: the answer is awaited, and
 * the hold ends when it is there, after a second at most; false: what is known is what there is,
 * and the hold is the caller's. */
bool health_prepare(struct health *health, struct web_hold *hold) MUST_USE;

/* Why Prometheus does not tell; quiet where it does, or was not asked. */
const struct incident *health_incident(const struct health *health);

/* Puts what is known into the view; items are its RemoteWrites, as they were made from the agent's
 * state. What it points to stands as long as the arena, or until the loop turns. */
void health_view(const struct health *health, struct arena *arena, struct web_remote_write *items,
                 size_t count, struct web_view *view);

#endif
