/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps log storms out of the log: failures are told apart by a fingerprint of their words. The
 * words are kept for those who look later: the status page, the JSON. */

#include "base/incident.h"

#include <string.h>

void incident_describe(struct incident *incident, struct bytes words) {
    size_t length = words.length;

    if (length > INCIDENT_WORDS_MAX - 1) {
        length = INCIDENT_WORDS_MAX - 1;
        while (length > 0 && ((unsigned char)words.data[length] & 0xc0) == 0x80) {
            length--; /* not within a character */
        }
    }
    if (length > 0) {
        memcpy(incident->words, words.data, length);
    }
    incident->words[length] = '\0';
}

bool incident_report(struct incident *incident, struct bytes words, int64_t now) {
    uint64_t fingerprint = bytes_hash(words);
    bool news = incident->count == 0 || incident->fingerprint != fingerprint;

    if (incident->count == 0) {
        incident->since = now;
    }
    incident->count++;
    incident->fingerprint = fingerprint;
    incident_describe(incident, words);
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
