/* SPDX-License-Identifier: Apache-2.0 */

/* Sets a request up: what is sent, with which credentials, and how much of the answer is taken. */

#include "prometheus/request.h"
#include "base/memory.h"
#include "prometheus/credential.h"
#include "prometheus/tls.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define USER_AGENT "remotewrite-sidecar"

bool request_hands_on(const struct request *request, long status) {
    return request->part != NULL && status == HTTP_STATUS_OK;
}

static const char *hand_on(struct request *request, struct bytes part) {
    if (part.length > HTTP_STREAM_MAX - request->part_length) {
        return "the answer is larger than 64 MiB";
    }
    request->part_length += part.length;
    return request->part(part, request->context);
}

static size_t on_body(char *data, size_t size, size_t count, void *context) {
    struct request *request = context;
    size_t length = size * count; /* curl: size is always 1 */
    long status = 0;

    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    if (request_hands_on(request, status)) {
        request->refusal = hand_on(request, (struct bytes){data, length});
        return request->refusal == NULL ? length : 0;
    }
    size_t room = HTTP_ANSWER_MAX - request->body.length;

    buffer_append(&request->body, (struct bytes){data, length < room ? length : room});
    /* Less than what came ends the transfer: nobody has to wait for an answer that does not end. */
    return length <= room ? length : 0;
}

static size_t on_header(char *data UNUSED, size_t size, size_t count, void *context) {
    struct request *request = context;
    size_t length = size * count;

    request->header_length += length;
    return request->header_length <= HTTP_HEADER_MAX ? length : 0;
}

/* One line for each option; the first that curl refuses decides. */
static void set(CURLcode *result, CURLcode code) {
    if (*result == CURLE_OK) {
        *result = code;
    }
}

static CURLcode set_transfer(struct request *request) {
    const struct prometheus_settings *settings = request->settings;
    CURL *easy = request->easy;
    CURLcode result = CURLE_OK;
    int64_t timeout = settings->timeout_milliseconds;
    const char *agent = settings->user_agent != NULL ? settings->user_agent : USER_AGENT;

    timeout = timeout < 1 ? 1 : timeout > INT_MAX ? INT_MAX : timeout;
    set(&result, curl_easy_setopt(easy, CURLOPT_PRIVATE, request));
    set(&result, curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->curl_error));
    set(&result, curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
    set(&result, curl_easy_setopt(easy, CURLOPT_WRITEDATA, request));
    set(&result, curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
    set(&result, curl_easy_setopt(easy, CURLOPT_HEADERDATA, request));
    set(&result, curl_easy_setopt(easy, CURLOPT_USERAGENT, agent));
    set(&result, curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout));
    set(&result, curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    /* A name server that does not answer must not hold the loop when the time is up. */
    set(&result, curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
    set(&result, curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
    set(&result, curl_easy_setopt(easy, CURLOPT_PROXY, ""));
    set(&result, curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
    set(&result, curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    set(&result, curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L));
    set(&result, curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L));
    return result;
}

static CURLcode set_question(struct request *request) {
    CURLcode result = CURLE_OK;

    if (request->question == QUESTION_RELOAD) {
        set(&result, curl_easy_setopt(request->easy, CURLOPT_POST, 1L));
        set(&result, curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, ""));
        set(&result, curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE, 0L));
    } else {
        set(&result, curl_easy_setopt(request->easy, CURLOPT_HTTPGET, 1L));
    }
    if (request->question == QUESTION_METRICS) {
        /* Not packed: beside us, packing costs Prometheus more than sending. */
        request->headers = curl_slist_append(NULL, "Accept: text/plain;version=0.0.4");
        if (request->headers == NULL) {
            memory_exhausted();
        }
    }
    return result;
}

/* The URL, the peer's name in TLS, and the headers. */
static CURLcode set_address(struct request *request) {
    const struct prometheus_settings *settings = request->settings;
    CURL *easy = request->easy;
    const char *url = request->target->url;
    CURLcode result = CURLE_OK;

    set(&result, curl_easy_setopt(easy, CURLOPT_URL, url));
    set(&result, tls_set_server(easy, settings, url, &request->connect_to, &request->headers));
    set(&result, curl_easy_setopt(easy, CURLOPT_CONNECT_TO, request->connect_to));
    set(&result, curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers));
    return result;
}

/* False: early_error says why nothing can be sent. */
static bool set_certificate(struct request *request, CURLcode *result) {
    CLEANUP(buffer_free) struct buffer fault = {0};

    set(result,
        tls_set_certificate(request->easy, request->settings, &fault, &request->early_remedy));
    if (fault.length == 0) {
        return true;
    }
    buffer_printf(&request->early_error, "%s: %s", request->target->shown, buffer_string(&fault));
    return false;
}

static bool set_secret(struct request *request, const char *path, CURLoption option,
                       CURLcode *result) {
    CLEANUP(buffer_free) struct buffer secret = {0};
    int error = credential_read(path, &secret);

    if (error != 0) {
        buffer_printf(&request->early_error, "%s: reading %s: %s", request->target->shown, path,
                      error == -EINVAL ? "not a file with one line of text" : strerror(-error));
        return false;
    }
    set(result, curl_easy_setopt(request->easy, option, buffer_string(&secret)));
    return true;
}

static bool set_authentication(struct request *request, CURLcode *result) {
    const struct prometheus_settings *settings = request->settings;
    CURL *easy = request->easy;

    if (settings->bearer_token_file != NULL) {
        set(result, curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER));
        return set_secret(request, settings->bearer_token_file, CURLOPT_XOAUTH2_BEARER, result);
    }
    set(result, curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC));
    if (settings->username != NULL) {
        set(result, curl_easy_setopt(easy, CURLOPT_USERNAME, settings->username));
        set(result, curl_easy_setopt(easy, CURLOPT_PASSWORD, ""));
    }
    return settings->username == NULL || settings->password_file == NULL ||
           set_secret(request, settings->password_file, CURLOPT_PASSWORD, result);
}

bool request_prepare(struct request *request) {
    CURLcode result = set_transfer(request);

    set(&result, set_question(request));
    set(&result, set_address(request));
    if (!set_authentication(request, &result) || !set_certificate(request, &result)) {
        return false;
    }
    if (result != CURLE_OK) {
        buffer_printf(&request->early_error, "%s: %s", request->target->shown,
                      curl_easy_strerror(result));
    }
    return result == CURLE_OK;
}
