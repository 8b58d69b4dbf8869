/* SPDX-License-Identifier: Apache-2.0 */

/* The listening socket. Every address means IPv6 and IPv4 in one, or IPv4 where the kernel has no
 * IPv6. */

#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 128
};

static socklen_t socket_address(const struct address *address, bool ipv6,
                                struct sockaddr_storage *ret) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(address->port)};

    memset(ret, 0, sizeof(*ret));
    if (ipv6) {
        if (address->host[0] != '\0') {
            inet_pton(AF_INET6, address->host, &six.sin6_addr);
        }
        memcpy(ret, &six, sizeof(six));
        return sizeof(six);
    }
    if (address->host[0] != '\0') {
        inet_pton(AF_INET, address->host, &four.sin_addr);
    }
    memcpy(ret, &four, sizeof(four));
    return sizeof(four);
}

static int bind_socket(int socket, const struct address *address, bool ipv6) {
    struct sockaddr_storage storage;
    socklen_t length = socket_address(address, ipv6, &storage);
    const int on = 1;
    const int off = 0;

    /* A sidecar that is replaced leaves connections in TIME_WAIT. */
    if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (ipv6 && setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
        bind(socket, (const struct sockaddr *)&storage, length) < 0 ||
        listen(socket, BACKLOG) < 0) {
        return -errno;
    }
    return 0;
}

static int listen_on(const struct address *address, bool ipv6, int *ret) {
    int descriptor =
        socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (descriptor < 0) {
        return -errno;
    }
    int error = bind_socket(descriptor, address, ipv6);
    if (error < 0) {
        close(descriptor);
        return error;
    }
    *ret = descriptor;
    return 0;
}

int web_listen(const struct address *address, int *ret) {
    bool every = address->host[0] == '\0';
    int error = listen_on(address, address->ipv6 || every, ret);

    if (every && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL)) {
        error = listen_on(address, false, ret);
    }
    return error;
}

unsigned web_port(int socket) {
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof(storage);
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    if (getsockname(socket, (struct sockaddr *)&storage, &length) < 0) {
        return 0;
    }
    memcpy(&six, &storage, sizeof(six));
    memcpy(&four, &storage, sizeof(four));
    return ntohs(storage.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}
