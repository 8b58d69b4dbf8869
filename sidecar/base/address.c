/* SPDX-License-Identifier: Apache-2.0 */

/* HOST:PORT, split and checked for its characters. Name resolution is not done here. */

#include "base/address.h"

#include "base/number.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and these. */
static bool consists_of(struct bytes text, const char *others) {
    for (size_t i = 0; i < text.length; i++) {
        if (!is_letter_or_digit(text.data[i]) && strchr(others, text.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* text is shorter than size. */
static void copy(struct bytes text, char *out) {
    if (text.length > 0) {
        memcpy(out, text.data, text.length);
    }
    out[text.length] = '\0';
}

/* A number, or the name of a service, which has a letter. An empty port is any, as in Go. */
static const char *service_parse(struct bytes text, struct address *address) {
    int64_t port = 0;
    int error = number_parse(text, &port);

    if (text.length == 0) {
        copy(BYTES("0"), address->service);
        return NULL;
    }
    if (error == -ERANGE || (error == 0 && (port < 0 || port > UINT16_MAX))) {
        return "has no port from 0 to 65535";
    }
    if (text.length >= sizeof(address->service) || text.data[0] == '-' ||
        !consists_of(text, "-_")) {
        return "has no port number or service name behind the last colon";
    }
    copy(text, address->service);
    return NULL;
}

static const char *host_parse(struct bytes text, struct address *address) {
    static const char fault[] = "has no IP address or host name before the port";
    bool brackets = bytes_starts_with(text, BYTES("[")) && bytes_ends_with(text, BYTES("]"));

    if (brackets) {
        text = bytes_slice(text, 1, text.length - 1);
    }
    /* With a colon it is an IPv6 address, perhaps with a zone (fe80::1%eth0). */
    if (text.length >= sizeof(address->host) || !consists_of(text, brackets ? ":%-_." : "-_.") ||
        bytes_starts_with(text, BYTES("-"))) {
        return fault;
    }
    copy(text, address->host);
    return NULL;
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
    struct address address;
    size_t colon = last_colon(text);

    if (colon == SIZE_MAX) {
        return "has no port";
    }
    const char *fault = service_parse(bytes_slice(text, colon + 1, SIZE_MAX), &address);
    if (fault == NULL) {
        fault = host_parse(bytes_slice(text, 0, colon), &address);
    }
    if (fault == NULL) {
        *ret = address;
    }
    return fault;
}
