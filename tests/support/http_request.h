/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_HTTP_REQUEST_H
#define TESTS_SUPPORT_HTTP_REQUEST_H

/* One HTTP request, waited for. */

#include "base/bytes.h"

#include <stdbool.h>

struct http_reply {
    long status;          /* 0: there was no answer */
    int error;            /* curl's, then */
    struct buffer header; /* its lines */
    struct buffer body;
};

/* Everything but the URL may be left out. */
struct http_question {
    const char *url;
    const char *credentials; /* "user:password" */
    bool post;
    const char *authority;   /* a file with the one whose certificates are believed */
    const char *certificate; /* the client's, a file, and its key */
    const char *key;
    long tls_versions;   /* CURL_SSLVERSION_... */
    const char *ciphers; /* up to TLS 1.2, as OpenSSL names them */
    const char *curves;
};

/* Free with http_reply_free. */
struct http_reply http_ask(const struct http_question *question) MUST_USE;

/* credentials: "user:password", or NULL. */
struct http_reply http_get(const char *url, const char *credentials) MUST_USE;
struct http_reply http_post(const char *url, const char *credentials) MUST_USE;
void http_reply_free(struct http_reply *reply);

#endif
