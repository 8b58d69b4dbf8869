/* SPDX-License-Identifier: Apache-2.0 */

#include "support/crowd.h"

#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DESCRIPTORS_SPARE = 64, /* for whatever else the process has open */
    RECEIVE_SMALL = 4096
};

struct stranger {
    int socket; /* -1: not there */
    bool begun;
};

struct crowd {
    uint16_t port;
    const char *begins;
    struct stranger *strangers;
    size_t count;
    size_t sent_away;
};

/* --- one client ---------------------------------------------------------------------------------
 */

/* hears: bytes that the kernel keeps for it; 0: the usual many. */
static int connect_with(uint16_t port, int flags, int hears) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    /* Closed by a reset: thousands of them would each keep a port for a minute. */
    const struct linger at_once = {.l_onoff = 1};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (client < 0) {
        return -1;
    }
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (hears > 0) {
        setsockopt(client, SOL_SOCKET, SO_RCVBUF, &hears, sizeof(hears));
    }
    if (connect(client, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS) {
        close(client);
        return -1;
    }
    return client;
}

int client_connect(uint16_t port) {
    return connect_with(port, 0, 0);
}

int client_connect_hard_of_hearing(uint16_t port) {
    return connect_with(port, 0, RECEIVE_SMALL);
}

ssize_t client_say(int client, struct bytes words) {
    ssize_t sent = send(client, words.data, words.length, MSG_NOSIGNAL | MSG_DONTWAIT);

    return sent < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN) ? 0 : sent;
}

bool client_hear(int client, struct buffer *heard) {
    const size_t step = 65536;

    for (;;) {
        ssize_t count = recv(client, buffer_reserve(heard, step), step, MSG_DONTWAIT);
        if (count < 0) {
            return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
        }
        if (count == 0) {
            return false;
        }
        heard->length += (size_t)count;
    }
}

/* --- many ---------------------------------------------------------------------------------------
 */

static bool may_have(size_t descriptors) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return false;
    }
    if (limit.rlim_cur < descriptors && limit.rlim_max >= descriptors) {
        limit.rlim_cur = descriptors;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur >= descriptors;
}

struct crowd *crowd_new(uint16_t port, size_t count, const char *begins) {
    if (!may_have(count + DESCRIPTORS_SPARE)) {
        return NULL;
    }
    struct crowd *crowd = memory_new(1, sizeof(*crowd));
    crowd->port = port;
    crowd->begins = begins;
    crowd->count = count;
    crowd->strangers = memory_new(count, sizeof(*crowd->strangers));
    for (size_t i = 0; i < count; i++) {
        crowd->strangers[i].socket = -1;
    }
    return crowd;
}

void crowd_free(struct crowd *crowd) {
    if (crowd == NULL) {
        return;
    }
    for (size_t i = 0; i < crowd->count; i++) {
        if (crowd->strangers[i].socket >= 0) {
            close(crowd->strangers[i].socket);
        }
    }
    free(crowd->strangers);
    free(crowd);
}

static void stranger_turn(struct crowd *crowd, struct stranger *stranger) {
    CLEANUP(buffer_free) struct buffer heard = {0};

    if (stranger->socket < 0) {
        stranger->socket = connect_with(crowd->port, SOCK_NONBLOCK, 0);
        stranger->begun = false;
        return;
    }
    struct bytes words = stranger->begun ? BYTES("a") : bytes_of(crowd->begins);
    ssize_t said = words.length > 0 ? client_say(stranger->socket, words) : 0;
    stranger->begun |= said > 0;
    if (said < 0 || !client_hear(stranger->socket, &heard)) {
        close(stranger->socket);
        stranger->socket = -1;
        crowd->sent_away++;
    }
}

void crowd_turn(struct crowd *crowd) {
    for (size_t i = 0; i < crowd->count; i++) {
        stranger_turn(crowd, &crowd->strangers[i]);
    }
}

size_t crowd_present(const struct crowd *crowd) {
    size_t present = 0;

    for (size_t i = 0; i < crowd->count; i++) {
        present += crowd->strangers[i].socket >= 0 ? 1 : 0;
    }
    return present;
}

size_t crowd_sent_away(const struct crowd *crowd) {
    return crowd->sent_away;
}
