/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libmicrohttpd without threads: its epoll descriptor is watched by the loop, its timeout is a
 * timer of the loop. It knows a timeout for idle connections only, which somebody who sends a byte
 * now and then never reaches: so each connection has a deadline here as well, after which its
 * socket is shut down.
 */

#include "web/server.h"

#include "base/log.h"
#include "base/memory.h"
#include "web/hold.h"
#include "web/respond.h"

#include <microhttpd.h>

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_MEMORY ((size_t)32 * 1024) /* of each; the header lines have to fit */
#define BODY_MAX          ((size_t)64 * 1024) /* that is read and thrown away */
#define PATH_MAX_LENGTH   1024

enum {
    USUAL_CONNECTIONS = 64,
    USUAL_REQUEST_MILLISECONDS = 10000,
    USUAL_ANSWER_MILLISECONDS = 60000
};

struct client {
    int socket;
    uint64_t deadline;     /* loop time */
    bool late;             /* its time is over */
    size_t body;           /* bytes of the request's body so far */
    bool answering;        /* the request is there, and has its time for the answer */
    bool prepared;         /* the hook was asked about the request */
    struct web_hold *hold; /* NULL: it is not held */
    LIST_ENTRY(client) entries;
};

struct web_server {
    uv_loop_t *loop;
    struct web_limits limits;
    struct web_hooks hooks;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles;
    LIST_HEAD(client_list, client) clients;
    uint64_t departures; /* connections that have ended */
};

/* --- connections ---------------------------------------------------------------------------- */

static struct client *client_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

static void client_may_take(struct web_server *server, struct client *client,
                            unsigned milliseconds) {
    client->deadline = uv_now(server->loop) + milliseconds;
}

/* MHD_OPTION_NOTIFY_CONNECTION */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct web_server *server = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct client *client = memory_new(1, sizeof(*client));
        client->socket = info != NULL ? info->connect_fd : -1;
        client_may_take(server, client, server->limits.request_timeout);
        LIST_INSERT_HEAD(&server->clients, client, entries);
        *socket_context = client;
    } else if (*socket_context != NULL) {
        struct client *client = *socket_context;
        LIST_REMOVE(client, entries);
        free(client);
        server->departures++;
        *socket_context = NULL;
    }
}

/* MHD_OPTION_NOTIFY_COMPLETED: the next request on this connection has a time of its own. */
static void on_completed(void *context, struct MHD_Connection *connection, void **request UNUSED,
                         enum MHD_RequestTerminationCode code UNUSED) {
    struct web_server *server = context;
    struct client *client = client_of(connection);

    if (client != NULL) {
        client->body = 0;
        client->answering = false;
        client->prepared = false;
        client_may_take(server, client, server->limits.request_timeout);
    }
}

/* --- a request ------------------------------------------------------------------------------ */

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    (void)MHD_add_response_header(response, name, value);
}

static void add_headers(struct MHD_Response *response, const struct web_answer *answer) {
    CLEANUP(buffer_free) struct buffer policy = {0};

    buffer_append_string(&policy, "default-src 'none'; base-uri 'none'; form-action 'none'; "
                                  "frame-ancestors 'none'");
    if (answer->nonce[0] != '\0') {
        buffer_printf(&policy, "; style-src 'nonce-%s'", answer->nonce);
    }
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    add_header(response, "Content-Security-Policy", buffer_string(&policy));
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "X-Frame-Options", "DENY");
    add_header(response, "Referrer-Policy", "no-referrer");
    add_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (answer->allow != NULL) {
        add_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    }
}

static enum MHD_Result answer_send(struct MHD_Connection *connection,
                                   const struct web_answer *answer) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.length, answer->body.data, MHD_RESPMEM_MUST_COPY);

    if (response == NULL) {
        return MHD_NO;
    }
    add_headers(response, answer);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status,
                              const char *words) {
    struct web_answer answer = {.status = status, .content_type = "text/plain; charset=utf-8"};

    buffer_append_string(&answer.body, words);
    enum MHD_Result result = answer_send(connection, &answer);
    buffer_free(&answer.body);
    return result;
}

/* True when the answer has to wait. */
static bool request_waits(const struct web_server *server, struct client *client,
                          struct MHD_Connection *connection, const char *method, const char *path) {
    const struct web_hooks *hooks = &server->hooks;

    if (client->prepared || hooks->prepare == NULL || !web_shows_view(method, path)) {
        return false;
    }
    client->prepared = true;
    if (!hooks->prepare(hold_new(connection, &client->hold), path, hooks->context)) {
        hold_drop(&client->hold);
        return false;
    }
    return hold_begin(&client->hold);
}

/* MHD_AccessHandlerCallback: once when the header is there, once for each part of the body, and
 * once at its end; there once more each time that it was held. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version UNUSED,
                                  const char *upload UNUSED, size_t *upload_size, void **request) {
    struct web_server *server = context;
    struct client *client = client_of(connection);
    struct web_answer answer;

    if (client == NULL || client->late) {
        return MHD_NO;
    }
    if (*request == NULL) {
        *request = client;
        return strlen(url) <= PATH_MAX_LENGTH
                   ? MHD_YES
                   : refuse(connection, MHD_HTTP_URI_TOO_LONG, "the path is too long\n");
    }
    if (*upload_size > 0) {
        client->body += *upload_size;
        *upload_size = 0;
        return client->body <= BODY_MAX ? MHD_YES : MHD_NO;
    }
    if (!client->answering) {
        client->answering = true;
        client_may_take(server, client, server->limits.answer_timeout);
    }
    if (request_waits(server, client, connection, method, url)) {
        return MHD_YES;
    }
    web_respond(&server->hooks, method, url, &answer);
    enum MHD_Result result = answer_send(connection, &answer);
    buffer_free(&answer.body);
    return result;
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void serve(struct web_server *server);

static void on_poll(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    serve(poll->data);
}

static void on_timer(uv_timer_t *timer) {
    serve(timer->data);
}

/* Shuts those down whose time is over (libmicrohttpd then finds the connection closed); the time
 * until the next one's is, or UINT64_MAX. */
static uint64_t end_late_clients(struct web_server *server) {
    uint64_t now = uv_now(server->loop);
    uint64_t next = UINT64_MAX;
    struct client *client = NULL;

    LIST_FOREACH (client, &server->clients, entries) {
        if (client->deadline <= now) {
            shutdown(client->socket, SHUT_RDWR);
            client->late = true;
            hold_let_go(&client->hold);
            client_may_take(server, client, server->limits.request_timeout);
        }
        uint64_t left = client->deadline - now;
        next = left < next ? left : next;
    }
    return next;
}

/* At its limit libmicrohttpd stops listening, and takes it up again only when it is run after the
 * connection that ended. */
static void run(struct web_server *server) {
    uint64_t departures = 0;

    do {
        departures = server->departures;
        MHD_run(server->daemon);
    } while (server->departures != departures);
}

static void serve(struct web_server *server) {
    MHD_UNSIGNED_LONG_LONG timeout = 0;

    /* The loop's idea of now may be as old as its last wait. */
    uv_update_time(server->loop);
    uint64_t wait = end_late_clients(server);
    run(server);
    if (LIST_EMPTY(&server->clients)) {
        uv_timer_stop(&server->timer);
        return;
    }
    if (wait == UINT64_MAX) {
        wait = server->limits.request_timeout;
    }
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout < wait) {
        wait = timeout;
    }
    uv_timer_start(&server->timer, on_timer, wait, 0);
}

/* --- beginning and end ---------------------------------------------------------------------- */

static void PRINTF_LIKE(2, 0)
    on_message(void *context UNUSED, const char *format, va_list arguments) {
    CLEANUP(buffer_free) struct buffer text = {0};

    /* What clients do wrong fills nobody's log. */
    if (!log_enabled(LOG_LEVEL_DEBUG)) {
        return;
    }
    buffer_vprintf(&text, format, arguments);
    struct bytes trimmed = bytes_trim(buffer_bytes(&text));
    text.length = trimmed.length;
    log_debug("http server", LOG_STRING("what", buffer_string(&text)));
}

static struct MHD_Daemon *daemon_new(struct web_server *server, int socket) {
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    const unsigned milliseconds_per_second = 1000;
    unsigned idle_seconds =
        (server->limits.request_timeout + milliseconds_per_second - 1) / milliseconds_per_second;

    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT, server->limits.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
        idle_seconds, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_END);
}

static unsigned usual(unsigned given, unsigned otherwise) {
    return given != 0 ? given : otherwise;
}

static int watch(struct web_server *server) {
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (info == NULL || uv_poll_init(server->loop, &server->poll, info->epoll_fd) < 0) {
        return -1;
    }
    uv_timer_init(server->loop, &server->timer);
    server->open_handles = 2;
    server->poll.data = server;
    server->timer.data = server;
    uv_unref((uv_handle_t *)&server->poll);
    uv_unref((uv_handle_t *)&server->timer);
    return uv_poll_start(&server->poll, UV_READABLE, on_poll);
}

struct web_server *web_server_new(uv_loop_t *loop, int socket, const struct web_limits *limits,
                                  const struct web_hooks *hooks) {
    struct web_server *server = memory_new(1, sizeof(*server));

    server->loop = loop;
    server->hooks = *hooks;
    server->limits = (struct web_limits){
        .connections = usual(limits->connections, USUAL_CONNECTIONS),
        .request_timeout = usual(limits->request_timeout, USUAL_REQUEST_MILLISECONDS),
        .answer_timeout = usual(limits->answer_timeout, USUAL_ANSWER_MILLISECONDS),
    };
    LIST_INIT(&server->clients);
    server->daemon = daemon_new(server, socket);
    if (server->daemon == NULL) {
        close(socket);
        free(server);
        return NULL;
    }
    if (watch(server) < 0) {
        web_server_close(server);
        return NULL;
    }
    return server;
}

static void on_closed(uv_handle_t *handle) {
    struct web_server *server = handle->data;

    server->open_handles--;
    if (server->open_handles == 0) {
        free(server);
    }
}

/* The daemon may not be stopped while a connection is suspended. */
static void let_all_go(struct web_server *server) {
    struct client *client = NULL;

    LIST_FOREACH (client, &server->clients, entries) {
        hold_let_go(&client->hold);
    }
}

void web_server_close(struct web_server *server) {
    if (server == NULL) {
        return;
    }
    bool watched = server->open_handles > 0;

    if (watched) {
        /* Before its descriptor goes with the daemon. */
        uv_poll_stop(&server->poll);
        uv_close((uv_handle_t *)&server->poll, on_closed);
        uv_close((uv_handle_t *)&server->timer, on_closed);
    }
    let_all_go(server);
    MHD_stop_daemon(server->daemon);
    if (!watched) {
        free(server);
    }
}
