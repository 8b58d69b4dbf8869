/* SPDX-License-Identifier: Apache-2.0 */

/* What a client sends to the real server, over a real connection: the first byte says in how large
 * pieces. Whatever it is, the answer is none or HTTP, a reload was asked for by a POST only, and
 * the next client is served. */

#include "base/compiler.h"
#include "web/server.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    TURNS_MAX = 100000, /* of the loop, until a good client is served */
    TURNS_QUIET = 16 /* after which a client that is not answered leaves: half a request is waited
                        for until its time is over, which is nothing to wait for here */
};

static const char good_request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static struct {
    uv_loop_t loop;
    struct web_server *server;
    uv_timer_t far_away;
    struct sockaddr_un address;
    socklen_t address_size;
    unsigned reloads;
} house;

static void show(struct web_view *ret, struct arena *arena UNUSED, void *context UNUSED) {
    static const struct web_remote_write remote_write = {
        .namespace = "team-a", .name = "metrics", .state = "active", .file = "a.yaml", .line = 1};

    *ret = (struct web_view){.version = "1",
                             .running_config = "matches",
                             .commit = "2",
                             .prometheus_version = "",
                             .phase = "idle",
                             .method = "http",
                             .remote_writes = &remote_write,
                             .remote_write_count = 1};
}

static void count_reload(void *context UNUSED) {
    house.reloads++;
}

static void on_end_of_time(uv_timer_t *timer UNUSED) {
}

/* Of the kernel's own naming, in no file system: TCP would run out of ports, as each connection
 * keeps one for a minute. */
static int listen_anywhere(void) {
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    house.address.sun_family = AF_UNIX;
    house.address_size = sizeof(house.address);
    if (listener < 0 ||
        bind(listener, (struct sockaddr *)&house.address, sizeof(sa_family_t)) < 0 ||
        getsockname(listener, (struct sockaddr *)&house.address, &house.address_size) < 0 ||
        listen(listener, SOMAXCONN) < 0)
        abort();
    return listener;
}

static void open_house(void) {
    const struct web_hooks hooks = {.view = show, .reload = count_reload};
    const struct web_limits limits = {0};

    if (uv_loop_init(&house.loop) < 0)
        abort();
    /* The server's own handles do not keep the loop going. */
    uv_timer_init(&house.loop, &house.far_away);
    uv_timer_start(&house.far_away, on_end_of_time, UINT64_MAX / 2, 0);
    house.server = web_server_new(&house.loop, listen_anywhere(), &limits, &hooks, NULL);
    if (house.server == NULL)
        abort();
}

static int visit(void) {
    int visitor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (visitor < 0 || connect(visitor, (struct sockaddr *)&house.address, house.address_size) < 0)
        abort();
    return visitor;
}

static void turn(void) {
    uv_run(&house.loop, UV_RUN_NOWAIT);
}

/* What comes, until the server closes, or says nothing for so many turns. */
static void hear(int visitor, struct buffer *heard, int patience) {
    const size_t step = 65536;

    for (int turns = 0; turns < patience; turns++) {
        turn();
        ssize_t count = recv(visitor, buffer_reserve(heard, step), step, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
            return;
        if (count > 0) {
            heard->length += (size_t)count;
            turns = 0;
        }
    }
}

static void say(int visitor, struct bytes words, size_t piece) {
    for (size_t at = 0; at < words.length; at += piece) {
        struct bytes part = bytes_slice(words, at, at + piece);
        /* The other side may have had enough already. */
        if (send(visitor, part.data, part.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return;
        turn();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(buffer_free) struct buffer heard = {0};
    CLEANUP(buffer_free) struct buffer next = {0};
    const struct bytes words = {(const char *)data + 1, size > 0 ? size - 1 : 0};

    if (house.server == NULL)
        open_house();
    if (size < 2)
        return 0;
    house.reloads = 0;
    int visitor = visit();
    say(visitor, words, data[0] == 0 ? words.length : data[0]);
    /* An end that comes together with the last words is noticed only when the client's time is
     * over: the server would run out of places. */
    hear(visitor, &heard, TURNS_QUIET);
    shutdown(visitor, SHUT_WR);
    hear(visitor, &heard, TURNS_QUIET);
    close(visitor);
    if (heard.length > 0 && !bytes_starts_with(buffer_bytes(&heard), BYTES("HTTP/1.")))
        abort();
    if (house.reloads > 0 && bytes_find(words, BYTES("POST"), 0) == SIZE_MAX)
        abort();

    visitor = visit();
    say(visitor, bytes_of(good_request), sizeof(good_request));
    hear(visitor, &next, TURNS_MAX);
    close(visitor);
    if (bytes_find(buffer_bytes(&next), BYTES("{\"status\":\"up\"}"), 0) == SIZE_MAX)
        abort();
    return 0;
}
