/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_HTTP_REQUEST_H
#define TESTS_SUPPORT_HTTP_REQUEST_H

/* One HTTP request, waited for. */

#include "base/bytes.h"

struct http_reply {
    long status; /* 0: there was no answer */
    struct buffer body;
};

/* credentials: "user:password", or NULL. Free with http_reply_free. */
struct http_reply http_get(const char *url, const char *credentials) MUST_USE;
struct http_reply http_post(const char *url, const char *credentials) MUST_USE;
void http_reply_free(struct http_reply *reply);

#endif
