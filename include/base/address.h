/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_ADDRESS_H
#define SIDECAR_BASE_ADDRESS_H

/* What a server listens on, as Go's net.Listen takes it: ":8080" (every address, IPv4 and IPv6),
 * "127.0.0.1:8080", "[::]:8080", "localhost:8080", ":http". Taken apart only: names are looked up
 * by whoever listens (web_listen). */

#include "base/bytes.h"

enum {
    ADDRESS_HOST_SIZE = 256,   /* the longest DNS name and its NUL */
    ADDRESS_SERVICE_SIZE = 32, /* the longest name of a service is shorter */
};

struct address {
    char host[ADDRESS_HOST_SIZE]; /* IP address or name, without brackets; "": every address */
    char service[ADDRESS_SERVICE_SIZE]; /* a port from 0 to 65535 or the name of a service; "0": any
                                           port that is free */
};

/* NULL and *ret; or what is wrong, in words that follow the quoted text: a static string. */
const char *address_parse(struct bytes text, struct address *ret);

#endif
