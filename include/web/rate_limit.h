/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_RATE_LIMIT_H
#define SIDECAR_WEB_RATE_LIMIT_H

/* The web configuration's rate_limit, a token bucket. */

#include "web/config.h"

#include <stdbool.h>
#include <stdint.h>

/* A zeroed one is a full bucket. */
struct rate_limit {
    int64_t full_at; /* when it will be full again */
};

/* One request at this time (milliseconds of any clock): may it pass? */
bool rate_limit_pass(struct rate_limit *state, const struct web_rate_limit *limit, int64_t now);

#endif
