/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_CLIENT_H
#define SIDECAR_PROMETHEUS_CLIENT_H

/*
 * HTTP on the loop: libcurl's multi interface driven by libuv (sockets in uv_poll, its timeout in a uv_timer). Nothing
 * here blocks; while no request runs there is no handle active and no wake-up. The answer is bounded.
 * Redirects are not followed, proxies of the environment are not used: Prometheus is beside us.
 */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct prometheus_settings {
    const char *reload_url;
    const char *runtimeinfo_url;
    int64_t timeout_milliseconds;
    const char *username;          /* NULL: no basic auth */
    const char *password_file;     /* read at every request; one trailing newline dropped */
    const char *bearer_token_file; /* the same */
    const char *ca_file;
    bool insecure_skip_verify;
};

struct prometheus_client;

/* settings have to outlive the client. NULL never: memory exhaustion ends the program. */
struct prometheus_client *prometheus_client_new(uv_loop_t *loop, const struct prometheus_settings *settings) MUST_USE;

/* Ends running requests without calling back, closes the loop's handles; the memory goes when the loop has closed them
 * (run the loop once more). */
void prometheus_client_close(struct prometheus_client *client);

/* Most bytes of an answer that are kept. */
#define HTTP_ANSWER_MAX ((size_t)64 * 1024)

struct http_answer {
    int status;             /* HTTP status; 0: no answer */
    const char *error;      /* why there was none, in words ("Connection refused ..."); NULL with a status */
    bool maybe_received;    /* no answer, but the request may have reached Prometheus (timeout, broken connection
                               after sending): whether it worked is unknown */
    struct bytes body;      /* NUL-terminated behind length; cut at HTTP_ANSWER_MAX */
    int64_t nanoseconds;    /* how long it took */
};

/* answer is valid during the call. */
typedef void (*http_done)(const struct http_answer *answer, void *context);

/* POST to the reload URL. One at a time: -EALREADY while one runs. 0 or negative errno (a password file that cannot be
 * read is reported through done, later, as an answer without status). */
int prometheus_reload(struct prometheus_client *client, http_done done, void *context);

/* GET of runtimeinfo_url, and of buildinfo beside it (.../status/buildinfo). The same rules. */
int prometheus_runtimeinfo(struct prometheus_client *client, http_done done, void *context);
int prometheus_buildinfo(struct prometheus_client *client, http_done done, void *context);

#endif
