/* SPDX-License-Identifier: Apache-2.0 */

/* URLs, taken apart and put together by libcurl: the same parser that will later use them, so that
 * what is checked is what is asked. */

#include "prometheus/endpoint.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "base/number.h"

#include <curl/curl.h>

#include <errno.h>

static void url_cleanupp(CURLU **url) {
    curl_url_cleanup(*url);
}

static void url_stringp(char **string) {
    curl_free(*string);
}

static CURLU *endpoint_parse(const char *text) {
    CURLU *url = curl_url();

    if (url == NULL) {
        memory_exhausted();
    }
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);
    if (code == CURLUE_OUT_OF_MEMORY) {
        memory_exhausted();
    }
    if (code != CURLUE_OK) {
        curl_url_cleanup(url);
        url = NULL;
    }
    return url;
}

static bool url_is_http(CURLU *url) {
    CLEANUP(url_stringp) char *scheme = NULL;

    return curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
           (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
}

static int url_append(CURLU *url, struct buffer *out) {
    CLEANUP(url_stringp) char *text = NULL;

    if (curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK) {
        return -EINVAL;
    }
    buffer_append_string(out, text);
    return 0;
}

/* Puts another end on the URL's path and appends the URL to out. */
static int url_with_end(const char *text, const char *old_end, const char *new_end,
                        struct buffer *out) {
    CLEANUP(url_cleanupp) CURLU *url = endpoint_parse(text);
    CLEANUP(url_stringp) char *path = NULL;
    CLEANUP(buffer_free) struct buffer new_path = {0};

    if (url == NULL || !url_is_http(url) ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK ||
        !bytes_ends_with(bytes_of(path), bytes_of(old_end))) {
        return -EINVAL;
    }
    buffer_append(&new_path, bytes_slice(bytes_of(path), 0, strlen(path) - strlen(old_end)));
    buffer_append_string(&new_path, new_end);
    if (curl_url_set(url, CURLUPART_PATH, buffer_string(&new_path), 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_QUERY, NULL, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK) {
        return -EINVAL;
    }
    return url_append(url, out);
}

static const char runtimeinfo_path[] = "/api/v1/status/runtimeinfo";

int runtimeinfo_url_from_reload(const char *reload_url, struct buffer *out) {
    return url_with_end(reload_url, "/-/reload", runtimeinfo_path, out);
}

int buildinfo_url_from_runtimeinfo(const char *runtimeinfo_url, struct buffer *out) {
    return url_with_end(runtimeinfo_url, "/runtimeinfo", "/buildinfo", out);
}

int config_url_from_runtimeinfo(const char *runtimeinfo_url, struct buffer *out) {
    return url_with_end(runtimeinfo_url, "/runtimeinfo", "/config", out);
}

int metrics_url_from_runtimeinfo(const char *runtimeinfo_url, struct buffer *out) {
    return url_with_end(runtimeinfo_url, runtimeinfo_path, "/metrics", out);
}

int endpoint_port(const char *url, uint16_t *ret) {
    CLEANUP(url_cleanupp) CURLU *parsed = endpoint_parse(url);
    CLEANUP(url_stringp) char *port = NULL;
    int64_t number = 0;

    if (parsed == NULL || !url_is_http(parsed) ||
        curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
        number_parse(bytes_of(port), &number) < 0 || number < 1 || number > UINT16_MAX) {
        return -EINVAL;
    }
    *ret = (uint16_t)number;
    return 0;
}
