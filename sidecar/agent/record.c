/* SPDX-License-Identifier: Apache-2.0 */

/* The record has the time of the last success, in whole seconds, and whether the last reload was
 * one. So a success shows by another time, and a refusal only where the reload before it was none.
 * Prometheus starting anew loads the config as well: another time, the same meaning. */

#include "agent/record.h"

#include "prometheus/info.h"

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

enum {
    STATUS_OK = 200,
    STATUS_TOO_MANY_REQUESTS = 429,
    STATUS_BROKEN = 500, /* and whatever is above */
    STATUS_STARTING = 503
};

struct reload_record record_of(const struct http_answer *answer) {
    struct reload_record record = {0};

    record.known = answer->status == STATUS_OK &&
                   runtimeinfo_reload(answer->body, &record.success, &record.time) == 0;
    return record;
}

bool record_may_follow(const struct http_answer *answer) {
    if (answer->status == 0) {
        return answer->maybe_received;
    }
    return answer->status == STATUS_TOO_MANY_REQUESTS ||
           (answer->status >= STATUS_BROKEN && answer->status != STATUS_STARTING);
}

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
