/* SPDX-License-Identifier: Apache-2.0 */

/* Doubling waits with jitter. Every kind of fault waits by the same rule. */

#include "controller/backoff.h"

/* A wait is this part of itself shorter or longer at most. */
#define JITTER_DIVISOR 5

struct backoff backoff_from(int64_t first_milliseconds) {
    int64_t first = first_milliseconds < 1 ? 1 : first_milliseconds;

    return (struct backoff){.first = first, .next = first};
}

static int64_t longest(const struct backoff *backoff) {
    return backoff->first > BACKOFF_MAX_MILLISECONDS ? backoff->first : BACKOFF_MAX_MILLISECONDS;
}

int64_t backoff_next(struct backoff *backoff, uint32_t random) {
    int64_t wait = backoff->next;
    int64_t spread = wait / JITTER_DIVISOR;

    /* What was not yet at the limit is far from overflowing when doubled. */
    backoff->next = wait >= longest(backoff) / 2 ? longest(backoff) : wait * 2;
    return wait - spread + (int64_t)random % (2 * spread + 1);
}

void backoff_reset(struct backoff *backoff) {
    backoff->next = backoff->first;
}
