/* SPDX-License-Identifier: Apache-2.0 */

/* The listening socket. Every address means IPv6 and IPv4 in one, or IPv4 where the kernel has no
 * IPv6. A name is looked up here, once: this runs before the sandbox, which would forbid it. */

#include "web/server.h"

#include "base/compiler.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 128
};

static void free_addresses(struct addrinfo **addresses) {
    if (*addresses != NULL) {
        freeaddrinfo(*addresses);
    }
}

/* Services that are known without /etc/services, which small images do not have; Go knows them too.
 */
static const char *service_number(const char *service) {
    static const struct {
        const char *name;
        const char *number;
    } services[] = {{"http", "80"}, {"https", "443"}};

    for (size_t i = 0; i < ARRAY_LENGTH(services); i++) {
        if (strcasecmp(services[i].name, service) == 0) {
            return services[i].number;
        }
    }
    return service;
}

static const char *resolver_words(int code, int error) {
    return code == EAI_SYSTEM ? strerrordesc_np(error) : gai_strerror(code);
}

static int bind_socket(int socket, const struct addrinfo *address) {
    const int on = 1;
    const int off = 0;

    /* A sidecar that is replaced leaves connections in TIME_WAIT. */
    if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (address->ai_family == AF_INET6 &&
         setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
        bind(socket, address->ai_addr, address->ai_addrlen) < 0 || listen(socket, BACKLOG) < 0) {
        return -errno;
    }
    return 0;
}

static int listen_on(const struct addrinfo *address, int *ret) {
    int descriptor =
        socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

    if (descriptor < 0) {
        return -errno;
    }
    int error = bind_socket(descriptor, address);
    if (error < 0) {
        close(descriptor);
        return error;
    }
    *ret = descriptor;
    return 0;
}

/* The first of this family; NULL: there is none. */
static const struct addrinfo *first_of(const struct addrinfo *addresses, int family) {
    while (addresses != NULL && addresses->ai_family != family) {
        addresses = addresses->ai_next;
    }
    return addresses;
}

/* Of several addresses of a name the first IPv4 one, as Go has it; for every address IPv6, whose
 * socket takes IPv4 as well. */
static int listen_on_one(const struct addrinfo *addresses, bool every, int *ret) {
    const struct addrinfo *six = first_of(addresses, AF_INET6);
    const struct addrinfo *four = first_of(addresses, AF_INET);
    const struct addrinfo *preferred = every ? six : four;
    int error = listen_on(preferred != NULL ? preferred : addresses, ret);

    if (every && preferred != NULL && four != NULL &&
        (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL)) {
        error = listen_on(four, ret);
    }
    return error;
}

const char *web_listen(const struct address *address, int *ret) {
    CLEANUP(free_addresses) struct addrinfo *addresses = NULL;
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    bool every = address->host[0] == '\0';
    int code = getaddrinfo(every ? NULL : address->host, service_number(address->service), &hints,
                           &addresses);

    if (code != 0) {
        return resolver_words(code, errno);
    }
    int error = listen_on_one(addresses, every, ret);
    return error < 0 ? strerrordesc_np(-error) : NULL;
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
