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
#include "web/answer.h"
#include "web/basic_auth.h"
#include "web/hold.h"
#include "web/rate_limit.h"
#include "web/respond.h"
#include "web/tls.h"

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_MEMORY ((size_t)32 * 1024) /* of each; the header lines have to fit */
#define BODY_MAX          ((size_t)64 * 1024) /* that is read and thrown away */
#define PATH_MAX_LENGTH   1024

/* Answers that their clients have not taken yet, all together: whoever asks for another large one
 * when there is so much comes again later. One more may come on top; health checks are answered in
 * any case. */
#define UNTAKEN_MAX ((size_t)16 * 1024 * 1024)

enum {
    USUAL_CONNECTIONS = 64,
    USUAL_REQUEST_MILLISECONDS = 10000,
    USUAL_ANSWER_MILLISECONDS = 60000
};

/* How far it is. Zeroed: it is not there yet. */
struct request {
    size_t body;               /* bytes so far */
    bool admitted;             /* it is there in full, and has its time for the answer */
    bool asked;                /* its credentials were looked at */
    bool granted;              /* ... and are good */
    bool prepared;             /* the hook was asked about it */
    struct auth_digest digest; /* of its credentials */
    struct web_hold *hold;     /* NULL: it is not held */
};

struct client {
    int socket;
    uint64_t deadline;           /* loop time */
    bool late;                   /* its time is over */
    struct request request;      /* the one at hand */
    size_t answer;               /* bytes of the answer, until it is taken */
    struct web_version *version; /* of the TLS that it began with; NULL: it speaks none */
    LIST_ENTRY(client) entries;
};

struct web_server {
    uv_loop_t *loop;
    struct web_limits limits;
    struct web_hooks hooks;
    struct web_config_file *config_file; /* NULL: there is none, and neither is auth */
    struct basic_auth *auth;
    struct rate_limit rate_limit;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles;
    LIST_HEAD(client_list, client) clients;
    uint64_t departures; /* connections that have ended */
    size_t untaken;      /* bytes of all clients' answers */
    uint64_t metrics_unsent;
    bool resumed; /* a hold has ended, and the daemon was not run since */
};

static void on_timer(uv_timer_t *timer);

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

static void client_has_answer(struct web_server *server, struct client *client, size_t size) {
    server->untaken = server->untaken - client->answer + size;
    client->answer = size;
}

/* NULL: there is none. Valid until the file is refreshed. */
static const struct web_config *config_of(const struct web_server *server) {
    return server->config_file != NULL ? web_config_file_current(server->config_file)->config
                                       : NULL;
}

/* It goes as soon as libmicrohttpd notices. */
static void client_cut_off(struct client *client) {
    shutdown(client->socket, SHUT_RDWR);
    client->late = true;
    hold_let_go(&client->request.hold);
}

/* Before the first byte: libmicrohttpd has made the session, and handshakes with it later. */
static void client_begin_tls(struct web_server *server, struct client *client,
                             struct MHD_Connection *connection) {
    struct web_version *version = web_config_file_current(server->config_file);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (version->tls == NULL) {
        return;
    }
    client->version = web_version_reference(version);
    if (info == NULL || tls_begin(version->tls, info->tls_session) < 0) {
        client_cut_off(client);
    }
}

static void client_arrives(struct web_server *server, struct MHD_Connection *connection,
                           void **socket_context) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = memory_new(1, sizeof(*client));

    client->socket = info != NULL ? info->connect_fd : -1;
    /* A handshake has to be over in it too. */
    client_may_take(server, client, server->limits.request_timeout);
    LIST_INSERT_HEAD(&server->clients, client, entries);
    *socket_context = client;
    if (server->config_file != NULL) {
        web_config_file_refresh(server->config_file, false);
        client_begin_tls(server, client, connection);
    }
}

static void client_leaves(struct web_server *server, void **socket_context) {
    struct client *client = TAKE_PTR(*socket_context);

    LIST_REMOVE(client, entries);
    client_has_answer(server, client, 0);
    /* Its session is gone already. */
    web_version_release(client->version);
    free(client);
    server->departures++;
}

/* MHD_OPTION_NOTIFY_CONNECTION */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct web_server *server = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        client_arrives(server, connection, socket_context);
    } else if (*socket_context != NULL) {
        client_leaves(server, socket_context);
    }
}

/* MHD_OPTION_NOTIFY_COMPLETED: the next request on this connection has a time of its own. */
static void on_completed(void *context, struct MHD_Connection *connection, void **request UNUSED,
                         enum MHD_RequestTerminationCode code UNUSED) {
    struct web_server *server = context;
    struct client *client = client_of(connection);

    if (client != NULL) {
        client->request = (struct request){0};
        client_has_answer(server, client, 0);
        client_may_take(server, client, server->limits.request_timeout);
    }
}

/* --- a request ------------------------------------------------------------------------------ */

/* The credentials do not stay in libmicrohttpd's memory, which nobody erases. */
static void erase_header(const char *value) {
    if (value != NULL) {
        memory_erase((void *)(uintptr_t)value, strlen(value));
    }
}

/* A hold may end within the daemon's run too: then it is run once more. */
static void on_resumed(void *context) {
    struct web_server *server = context;

    server->resumed = true;
    uv_timer_start(&server->timer, on_timer, 0, 0);
}

static enum auth_verdict request_check(struct web_server *server, struct request *request,
                                       struct MHD_Connection *connection) {
    const char *header =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    struct web_hold *hold = hold_new(connection, &request->hold, on_resumed, server);
    enum auth_verdict verdict =
        basic_auth_check(server->auth, config_of(server), header, hold, &request->digest);

    erase_header(header);
    if (verdict != AUTH_PENDING) {
        hold_drop(&request->hold);
        return verdict;
    }
    return hold_begin(&request->hold) ? AUTH_PENDING
                                      : basic_auth_verdict(server->auth, &request->digest);
}

static enum auth_verdict request_authenticate(struct web_server *server, struct request *request,
                                              struct MHD_Connection *connection) {
    const struct web_config *config = config_of(server);
    enum auth_verdict verdict = AUTH_GRANTED;

    if (config == NULL || config->user_count == 0 || request->granted) {
        return AUTH_GRANTED;
    }
    if (request->asked) {
        verdict = basic_auth_verdict(server->auth, &request->digest);
    } else {
        request->asked = true;
        verdict = request_check(server, request, connection);
    }
    request->granted = verdict == AUTH_GRANTED;
    return verdict;
}

/* True when the answer has to wait. */
static bool request_waits(struct web_server *server, struct request *request,
                          struct MHD_Connection *connection, const char *method, const char *path) {
    const struct web_hooks *hooks = &server->hooks;

    if (request->prepared || hooks->prepare == NULL || !web_shows_view(method, path)) {
        return false;
    }
    request->prepared = true;
    if (!hooks->prepare(hold_new(connection, &request->hold, on_resumed, server), path,
                        hooks->context)) {
        hold_drop(&request->hold);
        return false;
    }
    return hold_begin(&request->hold);
}

/* False: there are too many of them. */
static bool request_admit(struct web_server *server, struct client *client) {
    client->request.admitted = true;
    client_may_take(server, client, server->limits.answer_timeout);
    if (server->config_file == NULL) {
        return true;
    }
    web_config_file_refresh(server->config_file, false);
    return rate_limit_pass(&server->rate_limit, &config_of(server)->rate_limit,
                           (int64_t)uv_now(server->loop));
}

static enum MHD_Result request_respond(struct web_server *server, struct client *client,
                                       struct MHD_Connection *connection, const char *method,
                                       const char *path) {
    struct web_answer answer;

    if (server->untaken >= UNTAKEN_MAX && web_answer_is_large(method, path)) {
        return answer_refuse(connection, config_of(server), MHD_HTTP_SERVICE_UNAVAILABLE, NULL,
                             "too many answers are waiting to be taken; ask again later\n");
    }
    web_respond(&server->hooks, method, path, &answer);
    client_has_answer(server, client, answer.body.length);
    enum MHD_Result result = answer_send(connection, config_of(server), &answer);
    server->metrics_unsent += result == MHD_NO && strcmp(path, "/metrics") == 0 ? 1 : 0;
    buffer_free(&answer.body);
    return result;
}

/* It is there in full; called once more each time that it was held. */
static enum MHD_Result request_answer(struct web_server *server, struct client *client,
                                      struct MHD_Connection *connection, const char *method,
                                      const char *path) {
    struct request *request = &client->request;

    if (!request->admitted && !request_admit(server, client)) {
        return answer_refuse(connection, config_of(server), MHD_HTTP_TOO_MANY_REQUESTS, NULL,
                             "too many requests\n");
    }
    switch (request_authenticate(server, request, connection)) {
    case AUTH_PENDING:
        return MHD_YES;
    case AUTH_REFUSED:
        return answer_refuse(connection, config_of(server), MHD_HTTP_UNAUTHORIZED, "Basic",
                             "unauthorized\n");
    case AUTH_GRANTED:
        break;
    }
    if (request_waits(server, request, connection, method, path)) {
        return MHD_YES;
    }
    return request_respond(server, client, connection, method, path);
}

/* MHD_AccessHandlerCallback: once when the header is there, once for each part of the body, and
 * at its end. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version UNUSED,
                                  const char *upload UNUSED, size_t *upload_size, void **request) {
    struct web_server *server = context;
    struct client *client = client_of(connection);

    if (client == NULL || client->late) {
        return MHD_NO;
    }
    if (*request == NULL) {
        *request = client;
        return strlen(url) <= PATH_MAX_LENGTH
                   ? MHD_YES
                   : answer_refuse(connection, config_of(server), MHD_HTTP_URI_TOO_LONG, NULL,
                                   "the path is too long\n");
    }
    if (*upload_size > 0) {
        client->request.body += *upload_size;
        *upload_size = 0;
        return client->request.body <= BODY_MAX ? MHD_YES : MHD_NO;
    }
    return request_answer(server, client, connection, method, url);
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void serve(struct web_server *server);

static void on_poll(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    serve(poll->data);
}

static void on_timer(uv_timer_t *timer) {
    serve(timer->data);
}

/* libmicrohttpd then finds their connections closed. */
static void end_late_clients(struct web_server *server) {
    uint64_t now = uv_now(server->loop);
    struct client *client = NULL;

    LIST_FOREACH (client, &server->clients, entries) {
        if (client->deadline <= now) {
            client_cut_off(client);
            client_may_take(server, client, server->limits.request_timeout);
        }
    }
}

/* Until the time of the next one is over; UINT64_MAX: there is none. */
static uint64_t time_left(const struct web_server *server) {
    uint64_t now = uv_now(server->loop);
    uint64_t next = UINT64_MAX;
    const struct client *client = NULL;

    LIST_FOREACH (client, &server->clients, entries) {
        uint64_t left = client->deadline > now ? client->deadline - now : 0;
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
        server->resumed = false;
        MHD_run(server->daemon);
    } while (server->departures != departures || server->resumed);
}

static void serve(struct web_server *server) {
    MHD_UNSIGNED_LONG_LONG timeout = 0;

    /* The loop's idea of now may be as old as its last wait. */
    uv_update_time(server->loop);
    end_late_clients(server);
    run(server);
    if (LIST_EMPTY(&server->clients)) {
        uv_timer_stop(&server->timer);
        return;
    }
    uint64_t wait = time_left(server);
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

/* gnutls_certificate_retrieve_function2, of sessions that were given no credentials: there are
 * none. But libmicrohttpd does not start without a certificate, or something that finds one. */
static int no_certificate(gnutls_session_t session UNUSED, const gnutls_datum_t *authorities UNUSED,
                          int authority_count UNUSED,
                          const gnutls_pk_algorithm_t *algorithms UNUSED,
                          int algorithm_count UNUSED, gnutls_pcert_st **certificates UNUSED,
                          unsigned *certificate_count UNUSED, gnutls_privkey_t *key UNUSED) {
    return -1;
}

static struct MHD_Daemon *daemon_new(struct web_server *server, int socket) {
    const struct web_config *config = config_of(server);
    const bool tls = config != NULL && config->tls;
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                           (tls ? MHD_USE_TLS : MHD_NO_FLAG);
    const unsigned milliseconds_per_second = 1000;
    unsigned idle_seconds =
        (server->limits.request_timeout + milliseconds_per_second - 1) / milliseconds_per_second;

    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT, server->limits.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
        idle_seconds, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        /* the list ends here where there is no TLS */
        tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, no_certificate, MHD_OPTION_END);
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
                                  const struct web_hooks *hooks,
                                  struct web_config_file *config_file) {
    struct web_server *server = memory_new(1, sizeof(*server));

    server->loop = loop;
    server->hooks = *hooks;
    server->limits = (struct web_limits){
        .connections = usual(limits->connections, USUAL_CONNECTIONS),
        .request_timeout = usual(limits->request_timeout, USUAL_REQUEST_MILLISECONDS),
        .answer_timeout = usual(limits->answer_timeout, USUAL_ANSWER_MILLISECONDS),
    };
    LIST_INIT(&server->clients);
    server->config_file = config_file;
    server->auth = config_file != NULL ? basic_auth_new(loop) : NULL;
    if (config_file == NULL || server->auth != NULL) {
        server->daemon = daemon_new(server, socket);
    }
    if (server->daemon == NULL) {
        close(socket);
        basic_auth_close(server->auth);
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
        hold_let_go(&client->request.hold);
    }
}

uint64_t web_server_metrics_unsent(const struct web_server *server) {
    return server->metrics_unsent;
}

uint64_t web_server_bcrypts(const struct web_server *server) {
    return server->auth != NULL ? basic_auth_computations(server->auth) : 0;
}

void web_server_close(struct web_server *server) {
    if (server == NULL) {
        return;
    }
    bool watched = server->open_handles > 0;

    let_all_go(server);
    basic_auth_close(server->auth);
    if (watched) {
        /* Before its descriptor goes with the daemon. */
        uv_poll_stop(&server->poll);
        uv_close((uv_handle_t *)&server->poll, on_closed);
        uv_close((uv_handle_t *)&server->timer, on_closed);
    }
    MHD_stop_daemon(server->daemon);
    if (!watched) {
        free(server);
    }
}
