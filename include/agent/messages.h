/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_MESSAGES_H
#define SIDECAR_AGENT_MESSAGES_H

/* Logs what the controller reports, and what is new in Prometheus's answers: a failure that repeats
 * is one line, its end another. */

#include "base/incident.h"
#include "controller/controller.h"
#include "prometheus/client.h"

#include <stdbool.h>
#include <stdint.h>

struct messages {
    int64_t startup_timeout;    /* nanoseconds that Prometheus may take to come up before that is
                                   a warning */
    bool by_signal;             /* a reload is a signal */
    struct incident reload;     /* requests to reload fail */
    struct incident version;    /* Prometheus does not report its version */
    struct incident unanswered; /* until Prometheus answers what became of a reload */
    struct incident undecided;  /* the same, of its record */
    bool reload_warned;         /* of an incident that is a Prometheus that comes up */
    bool version_warned;
    struct buffer error; /* why the last request had no answer */
    bool is_signal;      /* ... it was a signal */
    int64_t sent;        /* monotonic nanoseconds */
};

void messages_free(struct messages *messages);

/* Logs a report. answer: the one that led to it; NULL: none did. */
void messages_report(struct messages *messages, const struct effect *report,
                     const struct http_answer *answer);

/* The version was asked for. version: what Prometheus reported, NULL: nothing, as of answer.
 * decides: what is written depends on it. */
void messages_version(struct messages *messages, const struct http_answer *answer,
                      const char *version, bool is_new, bool decides);

#endif
