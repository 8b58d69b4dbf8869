/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_RESPOND_H
#define SIDECAR_WEB_RESPOND_H

/* What is answered to which request. Knows nothing of sockets. */

#include "base/bytes.h"
#include "web/server.h"

#include <stdbool.h>

struct web_answer {
    unsigned status;
    const char *content_type;
    const char *allow;        /* 405: the methods that there are; NULL otherwise */
    const char *authenticate; /* 401: how; NULL otherwise */
    /* Of the page's style sheet, for the Content-Security-Policy; "": no page. */
    char nonce[33];
    struct buffer body; /* buffer_free */
};

/* Will the answer show a view? A method and a path, without query; both may hold anything. */
bool web_shows_view(const char *method, const char *path);

/* May the answer be of megabytes? It is then where there are thousands of RemoteWrites. */
bool web_answer_is_large(const char *method, const char *path);

/* The same two. */
void web_respond(const struct web_hooks *hooks, const char *method, const char *path,
                 struct web_answer *ret);

#endif
