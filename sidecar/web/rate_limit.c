/* SPDX-License-Identifier: Apache-2.0 */

/* The bucket as one number: each request moves the time at which the bucket is full again by an
 * interval, and burst of them fit in between. */

#include "web/rate_limit.h"

bool rate_limit_pass(struct rate_limit *state, const struct web_rate_limit *limit, int64_t now) {
    int64_t full = state->full_at > now ? state->full_at : now;

    if (limit->interval == 0) {
        return true;
    }
    if (full - now > (limit->burst - 1) * limit->interval) {
        return false;
    }
    state->full_at = full + limit->interval;
    return true;
}
