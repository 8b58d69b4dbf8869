/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_SERVER_H
#define SIDECAR_WEB_SERVER_H

/* The HTTP server on the loop: metrics, health, status, and the way to ask for a reload. Without a
 * connection it wakes nobody. How many connections there are, how long they take and how much
 * memory they use is bounded. */

#include "base/address.h"
#include "base/arena.h"
#include "base/compiler.h"
#include "web/config_file.h"
#include "web/hold.h"
#include "web/view.h"

#include <uv.h>

#include <stdbool.h>
#include <stdint.h>

struct web_hooks {
    /* Fills a zeroed view; what it points to has to stand until the arena is freed or the loop
     * turns. */
    void (*view)(struct web_view *ret, struct arena *arena, void *context);
    /* Before a view is asked for that will be shown under this path ("/", "/metrics", ...): true
     * where it is better asked for a little later. Then the hook has taken the hold, and ends it
     * when it is time (web/hold.h). NULL: never. */
    bool (*prepare)(struct web_hold *hold, const char *path, void *context);
    void (*reload)(void *context); /* POST /-/reload; returns at once */
    void *context;
};

/* Times are milliseconds; a zeroed field means the usual one. */
struct web_limits {
    unsigned connections;     /* 64; those beyond wait until one is free */
    unsigned request_timeout; /* 10 s, from the first byte awaited to the whole request */
    /* 60 s, until the other side has taken the answer; one that is held for so long is cut off */
    unsigned answer_timeout;
};

/* Opens a listening socket; looks names up, which may take as long as the resolver does. NULL and
 * *ret; or why not: a static string. */
const char *web_listen(const struct address *address, int *ret);

/* The port that a listening socket has got; 0 where it cannot be told. */
unsigned web_port(int socket);

struct web_server;

/* Takes the socket over. config_file says who is served and by which TLS, and has to outlive the
 * server; NULL: everybody, without. Its handles do not keep the loop alive. NULL, and the socket
 * closed, when there is no memory or descriptor for it. */
struct web_server *web_server_new(uv_loop_t *loop, int socket, const struct web_limits *limits,
                                  const struct web_hooks *hooks,
                                  struct web_config_file *config_file) MUST_USE;

/* Answers to /metrics that could not be sent for want of memory. */
uint64_t web_server_metrics_unsent(const struct web_server *server);

/* How often it has computed bcrypt so far. */
uint64_t web_server_bcrypts(const struct web_server *server);

/* Ends every connection; the memory goes as the loop turns once more. NULL is fine. */
void web_server_close(struct web_server *server);

#endif
