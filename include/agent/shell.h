/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_SHELL_H
#define SIDECAR_AGENT_SHELL_H

/* What is behind struct agent, for agent.c, running.c and operation.c only. The decisions are the
 * controller's. */

#include "agent/agent.h"
#include "agent/answers.h"
#include "agent/disk.h"
#include "agent/messages.h"
#include "agent/pass.h"
#include "agent/run_marker.h"
#include "agent/running.h"
#include "agent/state_store.h"
#include "agent/watcher.h"
#include "controller/controller.h"

enum {
    AGENT_SIGNALS = 3
};

struct agent {
    uv_loop_t *loop;
    const struct agent_settings *settings;
    struct controller *controller;
    struct pass *pass;
    struct disk *disk;
    struct watcher *watcher;
    struct run_marker *marker;
    struct prometheus_client *client;
    struct state_store store;
    struct messages messages;
    struct running running;
    char version_text[ANSWER_VERSION_SIZE]; /* as Prometheus wrote it; "": not known */
    const struct http_answer *answer;       /* the one that is being handled; NULL: none */
    bool is_handling;                       /* an event and its effects */
    enum agent_phase phase;                 /* as it was logged last */
    uv_timer_t timer;                       /* controller_due */
    uv_signal_t signals[AGENT_SIGNALS];
    struct agent_status status; /* of the moment it was stopped */
};

/* There is no output: nothing is written or bisected. */
bool agent_watch_only(const struct agent *agent);

/* Whether what Prometheus runs can be compared with what is on disk: it confirmed that, and nothing
 * is being bisected. */
bool agent_is_settled(const struct agent *agent);

/* Asks Prometheus to reload though nothing changed. */
void agent_want_reload(struct agent *agent);

/* What fails at present; ret has AGENT_OPERATIONS. */
void operations_read(const struct agent *agent, struct agent_failure *ret);

#endif
