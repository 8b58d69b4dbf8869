/* SPDX-License-Identifier: Apache-2.0 */

/* The record has the time of the last success, in whole seconds, and whether the last reload was
 * one. So a success shows by another time, and a refusal only where the reload before it was none.
 * Prometheus starting anew loads the config as well: another time, the same meaning. */

#include "agent/record.h"

#include "prometheus/info.h"

enum {
    STATUS_OK = 200
};

struct reload_record record_of(const struct http_answer *answer) {
    struct reload_record record = {0};

    record.known = answer->status == STATUS_OK &&
                   runtimeinfo_reload(answer->body, &record.success, &record.time) == 0;
    return record;
}

enum record_verdict record_judge(const struct reload_record *before,
                                 const struct reload_record *now, int64_t asked) {
    if (!before->known) {
        return now->success && now->time > asked ? RECORD_LOADED : RECORD_SILENT;
    }
    if (now->success) {
        return now->time != before->time || !before->success ? RECORD_LOADED : RECORD_OPEN;
    }
    return before->success || now->time != before->time ? RECORD_REFUSED : RECORD_OPEN;
}
