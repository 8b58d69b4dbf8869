/* SPDX-License-Identifier: Apache-2.0 */

/* One thread, one poll(2), a handful of connections. What the test's thread touches is under the
 * lock. */

#include "support/http_stub.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 32,
    ROUTES_MAX = 8,
    ANSWERS_MAX = 16,
    REQUESTS_MAX = 1024,
    URLS_MAX = 16
};

struct route {
    char *path;
    struct stub_answer answers[ANSWERS_MAX]; /* bodies are copies */
    size_t answer_count;
    stub_judge judge; /* NULL: the answers */
    void *judge_context;
    size_t next;
    size_t count;
    size_t running;
    size_t most_at_once;
};

enum connection_state {
    CONNECTION_READING,
    CONNECTION_HANGING,
    CONNECTION_STALLED,
    CONNECTION_FLOODING
};

struct connection {
    int fd; /* -1: free */
    enum connection_state state;
    bool flood_header;
    const char *flood_text; /* what the body repeats; the route's */
    struct buffer input;
    struct route *route; /* of the request that runs; NULL: none */
};

struct http_stub {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t dropped;
    int wake;
    int holder;   /* keeps the port while nothing listens */
    int listener; /* on the same port, by SO_REUSEADDR */
    bool listening;
    unsigned short port;
    bool stopping;
    bool dropping; /* the thread is to close all connections */
    bool released;
    struct route routes[ROUTES_MAX];
    size_t route_count;
    struct route elsewhere;
    struct connection connections[CONNECTIONS_MAX];
    char *requests[REQUESTS_MAX];
    size_t request_count;
    char *urls[URLS_MAX];
    size_t url_count;
};

static void fail(const char *what) {
    perror(what);
    abort();
}

static void wake(struct http_stub *stub) {
    if (eventfd_write(stub->wake, 1) != 0) {
        fail("http_stub: eventfd_write");
    }
}

/* Port 0: any free one. */
static int socket_bound(unsigned short port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("http_stub: bind");
    }
    return fd;
}

static unsigned short port_of(int fd) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        fail("http_stub: getsockname");
    }
    return ntohs(address.sin_port);
}

/* --- the thread: everything here runs under the lock
 * ------------------------------------------------ */

static struct route *route_of(struct http_stub *stub, const char *path) {
    for (size_t i = 0; i < stub->route_count; i++) {
        if (strcmp(stub->routes[i].path, path) == 0) {
            return &stub->routes[i];
        }
    }
    return NULL;
}

static void connection_close(struct connection *connection) {
    if (connection->route != NULL) {
        connection->route->running--;
        connection->route = NULL;
    }
    close(connection->fd);
    buffer_free(&connection->input);
    connection->fd = -1;
}

static void connection_reset(struct connection *connection) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    connection_close(connection);
}

/* Answers are small: they fit in the socket's buffer. */
static void send_text(struct connection *connection, struct bytes text) {
    ssize_t sent = send(connection->fd, text.data, text.length, MSG_NOSIGNAL);
    (void)sent; /* a client that has gone is found by poll */
}

static void send_answer(struct connection *connection, int status, const char *body, size_t more) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text, "HTTP/1.1 %d Stub\r\nContent-Length: %zu\r\n\r\n%s",
                  status != 0 ? status : 200, strlen(body) + more, body);
    send_text(connection, buffer_bytes(&text));
}

static void connection_finish(struct connection *connection) {
    if (connection->route != NULL) {
        connection->route->running--;
        connection->route = NULL;
    }
    buffer_clear(&connection->input);
    connection->state = CONNECTION_READING;
}

static void flood(struct connection *connection) {
    static const char header[] =
        "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
    char chunk[4096] = {0};

    if (connection->flood_header) {
        for (size_t at = 0; at + sizeof(header) < sizeof(chunk); at += sizeof(header) - 1) {
            memcpy(chunk + at, header, sizeof(header) - 1);
        }
        send_text(connection, bytes_of(chunk));
        return;
    }
    /* What the socket's buffer does not take is lost: the text is cut anywhere. */
    for (size_t at = 0; at < sizeof(chunk); at += strlen(connection->flood_text)) {
        strncpy(chunk + at, connection->flood_text, sizeof(chunk) - at);
    }
    send_text(connection, (struct bytes){chunk, sizeof(chunk)});
}

static void respond(struct http_stub *stub, struct connection *connection,
                    const struct stub_answer *answer) {
    const char *body = answer->body != NULL ? answer->body : "";

    switch (answer->mode) {
    case STUB_ANSWER:
        send_answer(connection, answer->status, body, 0);
        connection_finish(connection);
        break;
    case STUB_HANG:
        connection->state = CONNECTION_HANGING;
        if (stub->released) {
            send_answer(connection, 200, "", 0);
            connection_finish(connection);
        }
        break;
    case STUB_RESET:
        connection_reset(connection);
        break;
    case STUB_CLOSE:
        connection_close(connection);
        break;
    case STUB_TRUNCATE:
        send_answer(connection, answer->status, body, 100);
        connection_close(connection);
        break;
    case STUB_STALL:
        send_answer(connection, answer->status, body, 100);
        connection->state = CONNECTION_STALLED;
        break;
    case STUB_ENDLESS:
        send_text(connection, BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n"));
        connection->state = CONNECTION_FLOODING;
        connection->flood_header = false;
        connection->flood_text = body[0] != '\0' ? body : "x";
        break;
    case STUB_HEADERS:
        send_text(connection, BYTES("HTTP/1.1 100 Continue\r\n"));
        connection->state = CONNECTION_FLOODING;
        connection->flood_header = true;
        break;
    case STUB_GARBAGE:
        send_text(connection, BYTES("\x00\xff\x01 220 smtp here\r\n\r\nHTTP/9 zz\r\n"));
        connection_close(connection);
        break;
    }
}

/* The whole header has come. Bodies are not expected. */
static void request_arrived(struct http_stub *stub, struct connection *connection) {
    static const struct stub_answer not_found = {.status = 404, .body = "not here"};
    const char *text = buffer_string(&connection->input);
    char path[512] = "";

    if (sscanf(text, "%*15s %511s", path) != 1) {
        connection_close(connection);
        return;
    }
    if (stub->request_count < REQUESTS_MAX) {
        stub->requests[stub->request_count] = memory_string(text);
    }
    stub->request_count++;
    struct route *route = route_of(stub, path);
    const struct stub_answer *answer = &not_found;
    struct stub_answer judged = {0};
    if (route == NULL) {
        route = &stub->elsewhere;
    } else if (route->judge != NULL) {
        judged = route->judge(route->judge_context);
        answer = &judged;
    } else {
        answer = &route->answers[route->next];
        route->next += route->next + 1 < route->answer_count ? 1 : 0;
    }
    route->count++;
    route->running++;
    if (route->running > route->most_at_once) {
        route->most_at_once = route->running;
    }
    connection->route = route;
    respond(stub, connection, answer);
}

static void connection_read(struct http_stub *stub, struct connection *connection) {
    char *room = buffer_reserve(&connection->input, 4096);
    ssize_t count = recv(connection->fd, room, 4096, 0);

    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        connection_close(connection);
        return;
    }
    connection->input.length += (size_t)count;
    if (connection->state == CONNECTION_READING &&
        bytes_find(buffer_bytes(&connection->input), BYTES("\r\n\r\n"), 0) != SIZE_MAX) {
        request_arrived(stub, connection);
    }
}

static void accept_one(struct http_stub *stub) {
    int fd = accept4(stub->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (stub->connections[i].fd < 0) {
            stub->connections[i] = (struct connection){.fd = fd};
            return;
        }
    }
    close(fd);
}

static void handle_orders(struct http_stub *stub) {
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &stub->connections[i];
        if (connection->fd >= 0 && (stub->dropping || stub->stopping)) {
            connection_close(connection);
        } else if (connection->fd >= 0 && stub->released &&
                   connection->state == CONNECTION_HANGING) {
            send_answer(connection, 200, "", 0);
            connection_finish(connection);
        }
    }
    stub->dropping = false;
    pthread_cond_signal(&stub->dropped);
}

static nfds_t poll_list(struct http_stub *stub, struct pollfd *list) {
    nfds_t count = 0;

    list[count++] = (struct pollfd){.fd = stub->wake, .events = POLLIN};
    /* A negative descriptor is passed over by poll. */
    list[count++] = (struct pollfd){.fd = stub->listening ? stub->listener : -1, .events = POLLIN};
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *connection = &stub->connections[i];
        bool flooding = connection->fd >= 0 && connection->state == CONNECTION_FLOODING;
        list[count++] = (struct pollfd){
            .fd = connection->fd,
            .events = (short)(flooding ? POLLIN | POLLOUT : POLLIN),
        };
    }
    return count;
}

static void handle_polled(struct http_stub *stub, const struct pollfd *list) {
    if ((list[0].revents & POLLIN) != 0) {
        eventfd_t value = 0;
        eventfd_read(stub->wake, &value);
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &stub->connections[i];
        const struct pollfd *polled = &list[i + 2];
        if (connection->fd < 0 || connection->fd != polled->fd) {
            continue;
        }
        if ((polled->revents & POLLOUT) != 0) {
            flood(connection);
        }
        if ((polled->revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            connection_read(stub, connection);
        }
    }
    if ((list[1].revents & POLLIN) != 0 && stub->listening) {
        accept_one(stub);
    }
    handle_orders(stub);
}

static void *serve(void *argument) {
    struct http_stub *stub = argument;
    struct pollfd list[CONNECTIONS_MAX + 2];

    pthread_mutex_lock(&stub->lock);
    while (!stub->stopping) {
        nfds_t count = poll_list(stub, list);
        pthread_mutex_unlock(&stub->lock);
        int polled = poll(list, count, -1);
        pthread_mutex_lock(&stub->lock);
        if (polled > 0) {
            handle_polled(stub, list);
        }
    }
    pthread_mutex_unlock(&stub->lock);
    return NULL;
}

/* --- the test's side
 * -------------------------------------------------------------------------------- */

struct http_stub *http_stub_new(void) {
    struct http_stub *stub = memory_new(1, sizeof(*stub));

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        stub->connections[i].fd = -1;
    }
    stub->holder = socket_bound(0);
    stub->port = port_of(stub->holder);
    stub->listener = socket_bound(stub->port);
    stub->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stub->wake < 0) {
        fail("http_stub: eventfd");
    }
    pthread_mutex_init(&stub->lock, NULL);
    pthread_cond_init(&stub->dropped, NULL);
    if (pthread_create(&stub->thread, NULL, serve, stub) != 0) {
        fail("http_stub: pthread_create");
    }
    return stub;
}

static void route_free(struct route *route) {
    for (size_t i = 0; i < route->answer_count; i++) {
        free((void *)(uintptr_t)route->answers[i].body);
    }
    free(route->path);
}

void http_stub_free(struct http_stub *stub) {
    if (stub == NULL) {
        return;
    }
    pthread_mutex_lock(&stub->lock);
    stub->stopping = true;
    pthread_mutex_unlock(&stub->lock);
    wake(stub);
    pthread_join(stub->thread, NULL);
    handle_orders(stub);
    for (size_t i = 0; i < stub->route_count; i++) {
        route_free(&stub->routes[i]);
    }
    for (size_t i = 0; i < stub->request_count && i < REQUESTS_MAX; i++) {
        free(stub->requests[i]);
    }
    for (size_t i = 0; i < stub->url_count; i++) {
        free(stub->urls[i]);
    }
    close(stub->listener);
    close(stub->holder);
    close(stub->wake);
    pthread_cond_destroy(&stub->dropped);
    pthread_mutex_destroy(&stub->lock);
    free(stub);
}

void http_stub_freep(struct http_stub **stub) {
    http_stub_free(*stub);
}

void http_stub_listen(struct http_stub *stub) {
    pthread_mutex_lock(&stub->lock);
    if (listen(stub->listener, CONNECTIONS_MAX) != 0) {
        fail("http_stub: listen");
    }
    stub->listening = true;
    pthread_mutex_unlock(&stub->lock);
    wake(stub);
}

void http_stub_refuse(struct http_stub *stub) {
    pthread_mutex_lock(&stub->lock);
    stub->dropping = true;
    /* Linux: a socket that was bound to a given port keeps it and may listen again. */
    if (stub->listening && shutdown(stub->listener, SHUT_RDWR) != 0) {
        fail("http_stub: shutdown");
    }
    stub->listening = false;
    wake(stub);
    while (stub->dropping) {
        pthread_cond_wait(&stub->dropped, &stub->lock);
    }
    pthread_mutex_unlock(&stub->lock);
}

const char *http_stub_url(struct http_stub *stub, const char *path) {
    CLEANUP(buffer_free) struct buffer url = {0};

    if (stub->url_count == URLS_MAX) {
        fail("http_stub: too many URLs");
    }
    buffer_printf(&url, "http://127.0.0.1:%u%s", stub->port, path);
    stub->urls[stub->url_count] = memory_string(buffer_string(&url));
    return stub->urls[stub->url_count++];
}

/* The one for path, made where there is none. */
static struct route *route_given(struct http_stub *stub, const char *path) {
    struct route *route = route_of(stub, path);

    if (route == NULL) {
        if (stub->route_count == ROUTES_MAX) {
            fail("http_stub: too many paths");
        }
        route = &stub->routes[stub->route_count++];
        route->path = memory_string(path);
    }
    return route;
}

void http_stub_script(struct http_stub *stub, const char *path, const struct stub_answer *answers,
                      size_t count) {
    if (count == 0 || count > ANSWERS_MAX) {
        fail("http_stub: too many answers, or none");
    }
    pthread_mutex_lock(&stub->lock);
    struct route *route = route_given(stub, path);
    for (size_t i = 0; i < route->answer_count; i++) {
        free((void *)(uintptr_t)route->answers[i].body);
    }
    for (size_t i = 0; i < count; i++) {
        route->answers[i] = answers[i];
        route->answers[i].body = memory_string(answers[i].body);
    }
    route->answer_count = count;
    route->next = 0;
    route->judge = NULL;
    pthread_mutex_unlock(&stub->lock);
}

void http_stub_judge(struct http_stub *stub, const char *path, stub_judge judge, void *context) {
    pthread_mutex_lock(&stub->lock);
    struct route *route = route_given(stub, path);
    route->judge = judge;
    route->judge_context = context;
    pthread_mutex_unlock(&stub->lock);
}

void http_stub_release(struct http_stub *stub) {
    pthread_mutex_lock(&stub->lock);
    stub->released = true;
    pthread_mutex_unlock(&stub->lock);
    wake(stub);
}

size_t http_stub_count(struct http_stub *stub, const char *path) {
    pthread_mutex_lock(&stub->lock);
    const struct route *route = path != NULL ? route_of(stub, path) : NULL;
    size_t count = path == NULL ? stub->request_count : route != NULL ? route->count : 0;
    pthread_mutex_unlock(&stub->lock);
    return count;
}

size_t http_stub_most_at_once(struct http_stub *stub, const char *path) {
    pthread_mutex_lock(&stub->lock);
    const struct route *route = route_of(stub, path);
    size_t count = route != NULL ? route->most_at_once : 0;
    pthread_mutex_unlock(&stub->lock);
    return count;
}

const char *http_stub_request(struct http_stub *stub, size_t index) {
    pthread_mutex_lock(&stub->lock);
    const char *request =
        index < stub->request_count && index < REQUESTS_MAX ? stub->requests[index] : NULL;
    pthread_mutex_unlock(&stub->lock);
    return request;
}
