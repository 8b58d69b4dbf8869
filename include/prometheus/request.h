/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_REQUEST_H
#define SIDECAR_PROMETHEUS_REQUEST_H

/*
 * One request to Prometheus, for the files of the client only:
 *
 *     client.c    runs requests on the loop: sockets, timers, beginning and end
 *     request.c   what is sent, and what takes the answer in: curl's options, credentials, limits
 *     answer.c    what curl's result and the answer mean
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "prometheus/client.h"

#include <curl/curl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Header lines of an answer, together: Prometheus sends some hundred bytes. */
#define HTTP_HEADER_MAX ((size_t)64 * 1024)

#define HTTP_STATUS_OK 200

enum question {
    QUESTION_RELOAD,
    QUESTION_RUNTIMEINFO,
    QUESTION_BUILDINFO,
    QUESTION_METRICS,
    QUESTION_CONFIG
};
#define QUESTIONS 5

/* What is asked, and how it is named in errors. */
struct target {
    char *url;   /* NULL: cannot be asked */
    char *shown; /* "POST http://..." */
};

struct request {
    struct prometheus_client *client;
    const struct prometheus_settings *settings; /* the client's */
    const struct target *target;
    enum question question;
    CURL *easy;                /* NULL: it failed before it was sent, or is a signal */
    struct buffer early_error; /* why */
    const char *early_remedy;
    bool signalled;
    struct buffer body;
    http_part part;      /* takes the body of a 200; NULL: it is kept */
    size_t part_length;  /* that has been handed on */
    const char *refusal; /* why no more of it is wanted */
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    size_t header_length;
    char curl_error[CURL_ERROR_SIZE];
    int64_t started;
    http_done done;
    void *context;
};

/* Sets curl up for the request, whose easy handle is there. False: early_error, and early_remedy
 * where there is one, say why nothing can be sent. */
bool request_prepare(struct request *request) MUST_USE;

/* Whether the body of an answer with this status goes to request->part as it comes in. */
bool request_hands_on(const struct request *request, long status);

/*
 * Fills in the answer to a request that curl has ended with code; its strings are the request's,
 * the error's or static. *alert: the TLS alert by which the request before was refused, NULL where
 * it was not; then that of this one.
 */
void answer_judge(struct request *request, CURLcode code, const char **alert,
                  struct http_answer *answer, struct buffer *error);

#endif
