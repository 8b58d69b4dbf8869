/* SPDX-License-Identifier: Apache-2.0 */
/* Which proxy the environment gives for a URL: golang.org/x/net/http/httpproxy, rule for rule. */

#include "spec/proxy.h"

#include "base/number.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct address {
    int family; /* AF_INET, AF_INET6; 0: a name */
    unsigned char bytes[16];
};

static struct address address_parse(struct bytes host) {
    struct address address = {0};
    char text[INET6_ADDRSTRLEN + 1];

    if (host.length >= 2 && host.data[0] == '[')
        host = bytes_slice(host, 1, host.length - 1);
    if (host.length >= sizeof(text))
        return address;
    memcpy(text, host.data, host.length);
    text[host.length] = '\0';
    if (inet_pton(AF_INET, text, address.bytes) == 1)
        address.family = AF_INET;
    else if (inet_pton(AF_INET6, text, address.bytes) == 1)
        address.family = AF_INET6;
    return address;
}

static bool is_loopback(const struct address *address) {
    static const unsigned char six[16] = {[15] = 1};

    if (address->family == AF_INET)
        return address->bytes[0] == 127;
    return address->family == AF_INET6 && memcmp(address->bytes, six, sizeof(six)) == 0;
}

static bool in_network(const struct address *address, struct bytes network, struct bytes prefix) {
    struct address base = address_parse(network);
    size_t size = base.family == AF_INET ? 4 : 16;
    int64_t bits;

    if (base.family == 0 || base.family != address->family || number_parse(prefix, &bits) < 0 ||
        bits < 0 || (size_t)bits > size * 8)
        return false;
    for (size_t i = 0; i < (size_t)bits; i++) {
        unsigned mask = 0x80U >> (i % 8);

        if (((unsigned)(base.bytes[i / 8] ^ address->bytes[i / 8]) & mask) != 0)
            return false;
    }
    return true;
}

static bool equal_ignoring_case(struct bytes left, struct bytes right) {
    return left.length == right.length &&
           (left.length == 0 || strncasecmp(left.data, right.data, left.length) == 0);
}

/* example.com: it and its subdomains; .example.com and *.example.com: its subdomains only. */
static bool domain_matches(struct bytes host, struct bytes entry) {
    bool subdomains_only = false;
    size_t tail;

    if (bytes_starts_with(entry, BYTES("*.")))
        entry = bytes_slice(entry, 1, entry.length);
    if (entry.length > 0 && entry.data[0] == '.') {
        subdomains_only = true;
        entry = bytes_slice(entry, 1, entry.length);
    }
    if (entry.length == 0)
        return false;
    if (equal_ignoring_case(host, entry))
        return !subdomains_only;
    if (host.length <= entry.length + 1)
        return false;
    tail = host.length - entry.length;
    return host.data[tail - 1] == '.' &&
           equal_ignoring_case(bytes_slice(host, tail, host.length), entry);
}

/* Splits a trailing :port off; an IPv6 address without brackets has none. */
static struct bytes split_port(struct bytes entry, struct bytes *ret_port) {
    size_t colon = bytes_find(entry, BYTES("]:"), 0);

    *ret_port = bytes_of(NULL);
    if (colon != SIZE_MAX)
        colon++;
    else
        colon = bytes_find(entry, BYTES(":"), 0);
    if (colon == SIZE_MAX ||
        (entry.data[0] != '[' && bytes_find(entry, BYTES(":"), colon + 1) != SIZE_MAX))
        return entry;
    *ret_port = bytes_slice(entry, colon + 1, entry.length);
    return bytes_slice(entry, 0, colon);
}

static bool entry_matches(const struct url *url, const struct address *address, struct bytes port,
                          struct bytes entry) {
    size_t slash = bytes_find(entry, BYTES("/"), 0);
    struct address wanted;
    struct bytes wanted_port;

    if (bytes_equal_string(entry, "*"))
        return true;
    if (slash != SIZE_MAX)
        return in_network(address, bytes_slice(entry, 0, slash),
                          bytes_slice(entry, slash + 1, entry.length));
    entry = split_port(entry, &wanted_port);
    if (wanted_port.length > 0 && !bytes_equal(wanted_port, port))
        return false;
    wanted = address_parse(entry);
    if (wanted.family != 0 || address->family != 0)
        return wanted.family == address->family &&
               memcmp(wanted.bytes, address->bytes, sizeof(wanted.bytes)) == 0;
    return domain_matches(url->host, entry);
}

static bool is_excluded(const struct url *url, const char *no_proxy) {
    struct bytes list = bytes_of(no_proxy);
    struct bytes port = url->port;
    struct address address = address_parse(url->host);
    size_t start = 0;

    if (equal_ignoring_case(url->host, BYTES("localhost")) || is_loopback(&address))
        return true;
    if (port.length == 0)
        port = bytes_equal_string(url->scheme, "https") ? BYTES("443") : BYTES("80");
    while (start < list.length) {
        size_t comma = bytes_find(list, BYTES(","), start);
        size_t end = comma == SIZE_MAX ? list.length : comma;
        struct bytes entry = bytes_trim(bytes_slice(list, start, end));

        if (entry.length > 0 && entry_matches(url, &address, port, entry))
            return true;
        start = end + 1;
    }
    return false;
}

const char *proxy_for_url(struct arena *arena, const struct policy *policy, const struct url *url) {
    const char *proxy =
        bytes_equal_string(url->scheme, "https") ? policy->https_proxy : policy->http_proxy;

    if (proxy == NULL || proxy[0] == '\0' || is_excluded(url, policy->no_proxy))
        return NULL;
    if (bytes_find(bytes_of(proxy), BYTES("://"), 0) == SIZE_MAX)
        return arena_format(arena, "http://%s", proxy);
    return arena_string(arena, bytes_of(proxy));
}
