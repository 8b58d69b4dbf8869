/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_RECORD_H
#define SIDECAR_AGENT_RECORD_H

/* Prometheus's own record of its last reload (runtimeinfo), and what it tells of a reload whose
 * answer did not come. Pure. */

#include "prometheus/client.h"

#include <stdbool.h>
#include <stdint.h>

struct reload_record {
    bool known;
    bool success; /* of the last reload */
    int64_t time; /* of the last successful one: nanoseconds since 1970, whole seconds */
};

/* Not known: no answer, or none that says it. */
struct reload_record record_of(const struct http_answer *answer);

/* Of an answer that is none, or no record: a fault of the moment. Not so one that says that there
 * is no record, that it is starting, or that nothing listens. */
bool record_may_follow(const struct http_answer *answer);

enum record_verdict {
    RECORD_OPEN,    /* the reload may still be running, or it cannot be told */
    RECORD_LOADED,  /* it has loaded the config */
    RECORD_REFUSED, /* it has refused it */
};

/* Nanoseconds that a reload has to wait from now (wall) on, so that its success gets another second
 * than the last one's and is sure to show in the record. 0: none. Two seconds at most. */
int64_t record_wait(const struct reload_record *before, int64_t now);

/* before: right before it was asked, at the wall time `asked` (nanoseconds); where that was not
 * known, only a success after that time tells, and now is the one to go on from. now: known. */
enum record_verdict record_judge(const struct reload_record *before,
                                 const struct reload_record *now, int64_t asked);

#endif
