/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps log storms out of the log: what is wrong is told by its words, of which a fingerprint is
 * kept. */

#include "base/incident.h"

bool incident_report(struct incident *incident, struct bytes words, int64_t now) {
    uint64_t fingerprint = bytes_hash(words);
    bool news = incident->count == 0 || incident->fingerprint != fingerprint;

    if (incident->count == 0) {
        incident->since = now;
    }
    incident->count++;
    incident->fingerprint = fingerprint;
    return news;
}

bool incident_end(struct incident *incident, struct incident *ret_ended) {
    bool ended = incident->count > 0;

    if (ended && ret_ended != NULL) {
        *ret_ended = *incident;
    }
    *incident = (struct incident){0};
    return ended;
}
