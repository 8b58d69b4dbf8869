/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_INCIDENT_H
#define SIDECAR_BASE_INCIDENT_H

/* A fault that lasts is said once, not at every try: an incident begins, goes on, turns into
 * another one, and ends. A zeroed struct is the quiet state. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define INCIDENT_WORDS_MAX 512

struct incident {
    uint64_t count;                 /* failures since it began, in whatever words; 0: quiet */
    uint64_t fingerprint;           /* of the words of the last one */
    int64_t since;                  /* nanoseconds, of the clock that the caller uses */
    char words[INCIDENT_WORDS_MAX]; /* of the last one, cut off where they are longer */
};

/* One more failure. True when it is news: the first, or in other words than the last. */
bool incident_report(struct incident *incident, struct bytes words, int64_t now);

/* What to show of the last failure, in place of the words that it was reported by. */
void incident_describe(struct incident *incident, struct bytes words);

/* All is well. True when there was an incident, which is then in *ret_ended (may be NULL). */
bool incident_end(struct incident *incident, struct incident *ret_ended);

#endif
