/* SPDX-License-Identifier: Apache-2.0 */

#include "support/http_request.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TIMEOUT_SECONDS = 10
};

static size_t on_body(const char *data, size_t size, size_t count, void *context) {
    struct http_reply *reply = context;

    buffer_append(&reply->body, (struct bytes){data, size * count});
    return size * count;
}

static struct http_reply request(const char *url, const char *credentials, bool post) {
    struct http_reply reply = {0};
    CURL *curl = curl_easy_init();

    if (curl == NULL) {
        fprintf(stderr, "tests: no curl\n");
        abort();
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    if (post) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
    if (credentials != NULL) {
        curl_easy_setopt(curl, CURLOPT_USERPWD, credentials);
    }
    if (curl_easy_perform(curl) == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    }
    curl_easy_cleanup(curl);
    return reply;
}

struct http_reply http_get(const char *url, const char *credentials) {
    return request(url, credentials, false);
}

struct http_reply http_post(const char *url, const char *credentials) {
    return request(url, credentials, true);
}

void http_reply_free(struct http_reply *reply) {
    buffer_free(&reply->body);
    reply->status = 0;
}
