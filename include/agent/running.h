/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_RUNNING_H
#define SIDECAR_AGENT_RUNNING_H

/*
 * Whether Prometheus runs the config that was written: after a confirmed reload and at each watch
 * interval it is asked for the config that it runs (GET /api/v1/status/config). A Prometheus that
 * reads another file, or another inode of it, answers every reload with 200 all the same.
 *
 * A difference is reported: nothing is rolled back and no RemoteWrite is blamed. As long as it
 * lasts, Prometheus is asked again at the usual back-off. One that shows although no reload came
 * before (Prometheus came up anew, or somebody else made it reload) is worth one reload.
 */

#include "agent/agent.h"
#include "base/bytes.h"
#include "base/incident.h"
#include "controller/backoff.h"
#include "prometheus/running_config.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct running {
    enum running_verdict verdict;
    struct buffer words;    /* holds the sentence */
    const char *sentence;   /* while it differs; else NULL */
    const char *difference; /* the end of the sentence: what Prometheus runs instead; else NULL */
    struct config_outline *written;
    uint64_t written_hash;         /* of the config that it is the outline of */
    struct config_outline *last;   /* of the last answer; NULL: there was none */
    struct running_config *reader; /* NULL: Prometheus is not being asked */
    uint64_t asked_hash;           /* of the config that was on disk when it was asked */
    bool asked_after_reload;
    bool not_such; /* what it sends is no such answer */
    bool again;    /* to be asked once more after this answer */
    struct incident incident;
    struct backoff backoff;
    uv_timer_t retry_timer;
};

void running_set_up(struct agent *agent);
/* Closes its handle. */
void running_close(struct agent *agent);
void running_free(struct agent *agent);

/* Asks, where there is a config on disk that Prometheus confirmed. after_reload: the confirmation
 * was just now. */
void running_ask(struct agent *agent, bool after_reload);

/* Other settings, another client: what was asked is not answered any more. */
void running_forget(struct agent *agent);

#endif
