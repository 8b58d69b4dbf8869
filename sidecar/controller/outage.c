/* SPDX-License-Identifier: Apache-2.0 */

/* Replaying its log can take Prometheus many minutes, and it says so meanwhile; a config that kills
 * it may do so before it listens, or after that. */

#include "controller/outage.h"

void outage_refused(struct outage *outage, int64_t now) {
    if (!outage->going) {
        *outage = (struct outage){.going = true, .since = now};
    }
    outage->died |= outage->starting;
    outage->starting = false;
}

void outage_starting(struct outage *outage, int64_t now) {
    if (!outage->going || !outage->died) {
        outage->since = now;
    }
    outage->going = true;
    outage->starting = true;
}

void outage_restart(struct outage *outage, int64_t now) {
    if (outage->going) {
        *outage = (struct outage){.going = true, .since = now};
    }
}

void outage_end(struct outage *outage) {
    *outage = (struct outage){0};
}

int64_t outage_lasts(const struct outage *outage, int64_t now) {
    return outage->going && !outage->starting ? now - outage->since : 0;
}
