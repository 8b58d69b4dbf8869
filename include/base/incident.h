/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_INCIDENT_H
#define SIDECAR_BASE_INCIDENT_H

/* A fault that lasts is said once, not at every try: an incident begins, goes on, turns into
 * another one, and ends. A zeroed struct is the quiet state. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct incident {
    uint64_t count;       /* failures since it began, in whatever words; 0: quiet */
    uint64_t fingerprint; /* of the words of the last one */
    int64_t since;        /* nanoseconds, of the clock that the caller uses */
};

/* One more failure. True when it is news: the first, or in other words than the last. */
bool incident_report(struct incident *incident, struct bytes words, int64_t now);

/* All is well. True when there was an incident, which is then in *ret_ended (may be NULL). */
bool incident_end(struct incident *incident, struct incident *ret_ended);

#endif
