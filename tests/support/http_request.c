/* SPDX-License-Identifier: Apache-2.0 */

#include "support/http_request.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TIMEOUT_SECONDS = 60 /* a Prometheus on a loaded machine */
};

static size_t on_data(const char *data, size_t size, size_t count, void *context) {
    buffer_append(context, (struct bytes){data, size * count});
    return size * count;
}

static void set_text(CURL *curl, CURLoption option, const char *text) {
    if (text != NULL) {
        curl_easy_setopt(curl, option, text);
    }
}

static void set_tls(CURL *curl, const struct http_question *question) {
    set_text(curl, CURLOPT_CAINFO, question->authority);
    set_text(curl, CURLOPT_SSLCERT, question->certificate);
    set_text(curl, CURLOPT_SSLKEY, question->key);
    set_text(curl, CURLOPT_SSL_CIPHER_LIST, question->ciphers);
    set_text(curl, CURLOPT_SSL_EC_CURVES, question->curves);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, question->tls_versions);
}

struct http_reply http_ask(const struct http_question *question) {
    struct http_reply reply = {0};
    CURL *curl = curl_easy_init();

    if (curl == NULL) {
        fprintf(stderr, "tests: no curl\n");
        abort();
    }
    curl_easy_setopt(curl, CURLOPT_URL, question->url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply.header);
    if (question->post) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
    set_text(curl, CURLOPT_USERPWD, question->credentials);
    set_tls(curl, question);
    reply.error = (int)curl_easy_perform(curl);
    if (reply.error == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    }
    curl_easy_cleanup(curl);
    return reply;
}

struct http_reply http_get(const char *url, const char *credentials) {
    return http_ask(&(struct http_question){.url = url, .credentials = credentials});
}

struct http_reply http_post(const char *url, const char *credentials) {
    return http_ask(&(struct http_question){.url = url, .credentials = credentials, .post = true});
}

void http_reply_free(struct http_reply *reply) {
    buffer_free(&reply->header);
    buffer_free(&reply->body);
    reply->status = 0;
}
