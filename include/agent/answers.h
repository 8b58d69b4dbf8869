/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_ANSWERS_H
#define SIDECAR_AGENT_ANSWERS_H

/* What Prometheus's HTTP answers mean, for the controller. Pure. */

#include "controller/controller.h"
#include "prometheus/client.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    STATUS_OK = 200,
    STATUS_REFUSED = 500, /* of a reload */
    STATUS_SERVER_ERROR = 500,
    STATUS_STARTING = 503
};

/* Most bytes of a version, NUL included. */
#define ANSWER_VERSION_SIZE 64

/* Of a request to reload. */
enum reload_verdict answer_reload_verdict(const struct http_answer *answer);

/* A request to reload may have been received, and its answer will not come any more; as against one
 * that is late. */
bool answer_is_lost(const struct http_answer *answer);

/* Of a request for the reload record; *ret is set for RECORD_ANSWER_KNOWN. */
enum record_answer answer_record(const struct http_answer *answer, struct reload_record *ret);

/* Of a request for the version: text as Prometheus wrote it, and parsed. False: there is none. */
bool answer_version(const struct http_answer *answer, char text[ANSWER_VERSION_SIZE],
                    struct version *ret);

/* Prometheus is coming up: nothing listens yet, or it answers that it is starting. */
bool answer_is_coming_up(const struct http_answer *answer);

/* Prometheus's words, or the error, trimmed and cut to what can be shown; appended to out. */
void answer_words(const struct http_answer *answer, struct buffer *out);

#endif
