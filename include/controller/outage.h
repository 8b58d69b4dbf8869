/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_OUTAGE_H
#define SIDECAR_CONTROLLER_OUTAGE_H

/* How long Prometheus has been away while what is on disk was never confirmed: it may be the config
 * that keeps it from coming up. Times are nanoseconds of one clock that the caller uses; a zeroed
 * struct is no outage. Pure. */

#include <stdbool.h>
#include <stdint.h>

struct outage {
    bool going;
    bool starting; /* the last that was heard: it is coming up */
    bool died;     /* it was coming up, and then it was gone: coming up counts no more */
    int64_t since;
};

/* Nothing listens. */
void outage_refused(struct outage *outage, int64_t now);

/* It listens, and says that it is starting (503): it has all the time that it needs, but once. */
void outage_starting(struct outage *outage, int64_t now);

/* There is another config on disk: the count begins anew. */
void outage_restart(struct outage *outage, int64_t now);

void outage_end(struct outage *outage);

/* 0: there is none, or it is starting. */
int64_t outage_lasts(const struct outage *outage, int64_t now);

#endif
