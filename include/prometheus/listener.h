/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_LISTENER_H
#define SIDECAR_PROMETHEUS_LISTENER_H

/* Who listens on a TCP port, as far as /proc shows it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LISTENERS_MAX = 16
};

/* Sockets, by their inodes: these are unique on a machine, over all network namespaces. */
struct listeners {
    uint64_t inodes[LISTENERS_MAX];
    size_t count;
};

/* What listens on the port in the network namespace of this process ("self", "123"), over IPv4 and
 * IPv6. proc: a descriptor of the folder. No listener where it cannot be read. */
struct listeners listeners_read(int proc, const char *process, uint16_t port);

/* Do the two have a socket in common? */
bool listeners_meet(const struct listeners *left, const struct listeners *right);

/* Does the process have one of these sockets open? False too where that is not shown. */
bool listeners_held(int proc, pid_t pid, const struct listeners *listeners);

/* The port of --web.listen-address in a command line (arguments that end in NUL each): does it name
 * this one? Without such an argument it is Prometheus's default, 9090. */
bool listener_named(const char *arguments, size_t length, uint16_t port);

#endif
