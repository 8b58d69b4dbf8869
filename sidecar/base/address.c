/* SPDX-License-Identifier: Apache-2.0 */

/* HOST:PORT, taken apart. */

#include "base/address.h"

#include "base/number.h"

#include <arpa/inet.h>

static const char *port_parse(struct bytes text, uint16_t *ret) {
    int64_t port = -1;

    if (text.length == 0 || text.data[0] == '-' || number_parse(text, &port) < 0 ||
        port > UINT16_MAX) {
        return "has no port from 0 to 65535";
    }
    *ret = (uint16_t)port;
    return NULL;
}

static bool is_address(const char *host, bool ipv6) {
    unsigned char parsed[sizeof(struct in6_addr)];

    return inet_pton(ipv6 ? AF_INET6 : AF_INET, host, parsed) == 1;
}

static size_t last_colon(struct bytes text) {
    for (size_t i = text.length; i > 0; i--) {
        if (text.data[i - 1] == ':') {
            return i - 1;
        }
    }
    return SIZE_MAX;
}

const char *address_parse(struct bytes text, struct address *ret) {
    struct address address = {.port = 0};
    size_t colon = last_colon(text);

    if (colon == SIZE_MAX) {
        return "has no port";
    }
    struct bytes host = bytes_slice(text, 0, colon);
    const char *fault = port_parse(bytes_slice(text, colon + 1, SIZE_MAX), &address.port);
    if (fault != NULL) {
        return fault;
    }
    if (bytes_starts_with(host, BYTES("[")) && bytes_ends_with(host, BYTES("]"))) {
        address.ipv6 = true;
        host = bytes_slice(host, 1, host.length - 1);
    }
    if (host.length >= sizeof(address.host)) {
        return "has no IP address before the port";
    }
    if (host.length > 0) {
        memcpy(address.host, host.data, host.length);
    }
    if ((host.length > 0 || address.ipv6) && !is_address(address.host, address.ipv6)) {
        return "has no IP address before the port";
    }
    *ret = address;
    return NULL;
}
