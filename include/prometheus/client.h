/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_CLIENT_H
#define SIDECAR_PROMETHEUS_CLIENT_H

/*
 * HTTP on the loop: libcurl's multi interface driven by libuv (sockets in uv_poll, its timeout in a
 * uv_timer). Nothing here blocks; while no request runs there is no handle active, no connection
 * open and no wake-up. What is kept of an answer is bounded. Redirects are not followed, proxies of
 * the environment are not used: Prometheus is beside us.
 */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum reload_method {
    RELOAD_BY_HTTP,
    RELOAD_BY_SIGNAL,
};
const char *reload_method_name(enum reload_method method);

struct prometheus_settings {
    enum reload_method method;
    const char *process_name; /* by signal: of Prometheus's program; else NULL */
    const char *proc_path;    /* by signal: where it is looked up; NULL: /proc */
    const char *reload_url;
    const char *runtimeinfo_url;   /* NULL: derived from reload_url where that is possible */
    const char *user_agent;        /* NULL: "remotewrite-sidecar" */
    int64_t timeout_milliseconds;  /* of a whole request; at least 1 */
    const char *username;          /* NULL: no basic auth */
    const char *password_file;     /* read at every request; one trailing newline dropped */
    const char *bearer_token_file; /* the same; goes before basic auth where both are set */
    const char *ca_file;           /* NULL: the system's */
    const char *cert_file;         /* client certificate and its key, PEM, read at every request; */
    const char *key_file;          /* both or neither */
    const char *server_name;       /* sent as SNI and looked for in Prometheus's certificate; NULL:
                                      the host of the URL */
    bool insecure_skip_verify;
    bool background; /* what is asked does not keep the loop alive */
};

struct prometheus_client;

/* settings have to outlive the client. NULL never: memory exhaustion ends the program. */
struct prometheus_client *prometheus_client_new(
    uv_loop_t *loop, const struct prometheus_settings *settings) MUST_USE;

/* Ends running requests without calling back and closes the loop's handles; settings are not used
 * any more. The memory goes when the loop has closed them (run the loop once more). May be called
 * from a http_done. */
void prometheus_client_close(struct prometheus_client *client);

/* Most bytes of an answer that are kept; more are neither kept nor waited for. */
#define HTTP_ANSWER_MAX ((size_t)64 * 1024)

struct http_answer {
    int status;          /* HTTP status; 0: no answer */
    const char *error;   /* why there was none: "POST http://host/-/reload: Connection refused"; the
                            same words for the same fault, user information masked; NULL with a
                            status */
    const char *remedy;  /* what to do about it; NULL: nothing in particular */
    bool signalled;      /* it was sent a signal, which is never answered */
    bool maybe_received; /* no answer, but the request may have reached Prometheus (timeout, broken
                            connection after sending, a signal): whether it worked is unknown */
    bool lost;           /* maybe_received, and the connection ended without a usable answer: it was
                            closed or reset, or what came was no HTTP, had too large a header, or
                            broke off (a body counts only where it is handed on). False where the
                            time was over while the connection stood, and after a signal. A
                            gateway's 502 or 504 leaves as much open, but is a status */
    bool unreachable;    /* no answer, because nothing listens there: refused, no such host, ... */
    struct bytes body;   /* NUL-terminated behind length; cut at HTTP_ANSWER_MAX */
    int64_t nanoseconds; /* how long it took */
};

/* answer is valid during the call. */
typedef void (*http_done)(const struct http_answer *answer, void *context);

/* POST to the reload URL, or SIGHUP to the process. One at a time: -EALREADY while one runs. 0 or
 * negative errno; a fault that is found before anything is sent (a password file that cannot be
 * read, no such process) is reported through done too, later, as an answer without status. */
int prometheus_reload(struct prometheus_client *client, http_done done, void *context) MUST_USE;

/* GET of runtimeinfo_url, and of buildinfo beside it (.../status/buildinfo). The same rules;
 * -EINVAL where there is no such URL. */
int prometheus_runtimeinfo(struct prometheus_client *client, http_done done,
                           void *context) MUST_USE;
int prometheus_buildinfo(struct prometheus_client *client, http_done done, void *context) MUST_USE;

/* Most bytes of an answer that is handed on as it comes. */
#define HTTP_STREAM_MAX ((size_t)64 * 1024 * 1024)

/* The next bytes of such an answer. NULL: go on; or why no more of it is wanted, in words that
 * outlive the request. */
typedef const char *(*http_part)(struct bytes part, void *context);

/*
 * GET of /metrics beside runtimeinfo_url (PREFIX/api/v1/status/runtimeinfo -> PREFIX/metrics), in
 * Prometheus's text format. The same rules, but the body of a 200 is not kept: it goes to part, in
 * pieces of any size. A 200 in the end means that all of it came; where it did not (cut, larger
 * than HTTP_STREAM_MAX, not wanted) there is no status but an error.
 */
int prometheus_metrics(struct prometheus_client *client, http_part part, http_done done,
                       void *context) MUST_USE;

/* GET of /api/v1/status/config beside runtimeinfo_url (running_config.h reads it). The same rules.
 */
int prometheus_config(struct prometheus_client *client, http_part part, http_done done,
                      void *context) MUST_USE;

#endif
