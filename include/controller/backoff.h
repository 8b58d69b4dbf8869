/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_BACKOFF_H
#define SIDECAR_CONTROLLER_BACKOFF_H

/* How long to wait before trying again: doubles from wait to wait, with jitter so that the sidecars
 * of a fleet do not knock in step. Pure: chance is handed in. */

#include <stdint.h>

/* The longest wait before jitter, unless the first one is longer. */
#define BACKOFF_MAX_MILLISECONDS INT64_C(60000)

struct backoff {
    int64_t first; /* milliseconds */
    int64_t next;
};

struct backoff backoff_from(int64_t first_milliseconds);

/* The wait to come, in milliseconds: at least 1, within 20 % of what stands in next, by random (any
 * 32 bits). The one after it is twice as long. */
int64_t backoff_next(struct backoff *backoff, uint32_t random);

void backoff_reset(struct backoff *backoff);

#endif
