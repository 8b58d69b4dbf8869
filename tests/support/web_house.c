/* SPDX-License-Identifier: Apache-2.0 */

#include "support/web_house.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "support/loop.h"
#include "support/tempdir.h"
#include "support/web_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

void house_opens(struct house *house, const char *address, struct web_limits limits) {
    const struct web_hooks hooks = hooks_example(&house->reloads);

    house_opens_with(house, address, limits, &hooks);
}

void house_opens_with(struct house *house, const char *address, struct web_limits limits,
                      const struct web_hooks *hooks) {
    struct address parsed;
    int socket = -1;

    assert_null(address_parse(bytes_of(address), &parsed));
    assert_null(web_listen(&parsed, &socket));
    house->port = (uint16_t)web_port(socket);
    house->server = web_server_new(&house->loop, socket, &limits, hooks, house->config_file);
    assert_non_null(house->server);
}

void house_config(struct house *house, const char *text) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);

    if (house->folder == NULL) {
        house->folder = tempdir_new();
    }
    file_replace(house->folder, "web.yml", text);
    if (house->config_file == NULL) {
        CLEANUP(memory_freep) char *path = path_join(house->folder, "web.yml");
        assert_int_equal(web_config_file_new(path, &diagnostics, &house->config_file), 0);
    }
}

int house_setup(void **state) {
    struct house *house = memory_new(1, sizeof(*house));

    assert_int_equal(uv_loop_init(&house->loop), 0);
    *state = house;
    return 0;
}

int house_teardown(void **state) {
    struct house *house = *state;

    web_server_close(house->server);
    bool finished = loop_finish(&house->loop);
    web_config_file_free(house->config_file);
    if (house->folder != NULL) {
        tempdir_remove(house->folder);
    }
    free(house);
    return finished ? 0 : -1;
}

struct visitor visit(const struct house *house) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(house->port)};
    struct visitor visitor = {.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(visitor.socket, (const struct sockaddr *)&address, sizeof(address)),
                     0);
    return visitor;
}

void say(const struct visitor *visitor, const char *text) {
    size_t length = strlen(text);

    /* The other side may have had enough already. */
    ssize_t sent = send(visitor->socket, text, length, MSG_NOSIGNAL);
    (void)sent;
}

void leave(struct visitor *visitor) {
    if (visitor->socket >= 0) {
        close(visitor->socket);
        visitor->socket = -1;
    }
    buffer_free(&visitor->heard);
}

static void listen_to(struct visitor *visitor) {
    const size_t step = 4096;

    for (;;) {
        ssize_t count =
            recv(visitor->socket, buffer_reserve(&visitor->heard, step), step, MSG_DONTWAIT);
        if (count <= 0) {
            visitor->closed |= count == 0 || (errno != EAGAIN && errno != EINTR);
            return;
        }
        visitor->heard.length += (size_t)count;
    }
}

bool is_closed(void *context) {
    struct visitor *visitor = context;

    listen_to(visitor);
    return visitor->closed;
}

bool has_heard(void *context) {
    struct visitor *visitor = context;

    listen_to(visitor);
    return visitor->heard.length > 0;
}

/* One request on a connection of its own, until it is closed. */
const char *ask(struct house *house, struct visitor *visitor, const char *request) {
    *visitor = visit(house);
    say(visitor, request);
    assert_true(loop_until(&house->loop, is_closed, visitor, LOOP_DEADLINE));
    return buffer_string(&visitor->heard);
}
