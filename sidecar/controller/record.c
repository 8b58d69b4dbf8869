/* SPDX-License-Identifier: Apache-2.0 */

/* The record has the time of the last success, in whole seconds, and whether the last reload was
 * one. So a success shows by another time, and a refusal only where the reload before it was none.
 * Prometheus starting anew loads the config as well: another time, the same meaning. */

#include "controller/record.h"

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

int64_t record_wait(const struct reload_record *before, int64_t now) {
    int64_t wait = before->time + NANOSECONDS_PER_SECOND - now;

    /* A clock that was set back is not waited for: it comes to that second when nobody reloads. */
    return before->known && before->success && wait > 0 && wait <= 2 * NANOSECONDS_PER_SECOND ? wait
                                                                                              : 0;
}

enum record_verdict record_judge(const struct reload_record *before,
                                 const struct reload_record *now, int64_t asked) {
    if (!before->known) {
        return now->success && now->time > asked ? RECORD_LOADED : RECORD_OPEN;
    }
    if (now->success) {
        return now->time != before->time || !before->success ? RECORD_LOADED : RECORD_OPEN;
    }
    return before->success || now->time != before->time ? RECORD_REFUSED : RECORD_OPEN;
}
