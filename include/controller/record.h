/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_RECORD_H
#define SIDECAR_CONTROLLER_RECORD_H

/* Prometheus's own record of its last reload (runtimeinfo), and what it tells of a reload whose
 * answer did not come. Pure. */

#include <stdbool.h>
#include <stdint.h>

struct reload_record {
    bool known;
    bool success; /* of the last reload */
    int64_t time; /* of the last successful one: nanoseconds since 1970, whole seconds */
};

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
