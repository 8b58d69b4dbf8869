/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_ADDRESS_H
#define SIDECAR_BASE_ADDRESS_H

/* What a server listens on, as Prometheus's programs write it: ":8080" (every address, IPv4 and
 * IPv6), "127.0.0.1:8080", "[::]:8080". Numbers only: what is listened on must not hang on a
 * resolver. */

#include "base/bytes.h"

#include <stdint.h>

enum {
    ADDRESS_HOST_SIZE = 46 /* the longest IPv6 address and its NUL */
};

struct address {
    char host[ADDRESS_HOST_SIZE]; /* "": every address */
    bool ipv6;                    /* of host */
    uint16_t port;                /* 0: any that is free */
};

/* NULL and *ret; or what is wrong, in words that follow the quoted text: a static string. */
const char *address_parse(struct bytes text, struct address *ret);

#endif
