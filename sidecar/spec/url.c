/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of RemoteWrites: one strict reading, used for judging, for showing and for the allow-list.
 */

#include "spec/url.h"

#include "base/number.h"
#include "base/utf8.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORT_MAX 65535

const char *const url_http_schemes[] = {"http", "https", NULL};
const char *const url_proxy_schemes[] = {"http", "https", "socks5", NULL};

static bool is_alphanumeric(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

static bool all_of(struct bytes bytes, const char *besides_alphanumeric) {
    for (size_t i = 0; i < bytes.length; i++) {
        if (!is_alphanumeric(bytes.data[i]) &&
            (bytes.data[i] == '\0' || strchr(besides_alphanumeric, bytes.data[i]) == NULL))
            return false;
    }
    return true;
}

static size_t find_any(struct bytes bytes, const char *wanted, size_t from) {
    for (size_t i = from; i < bytes.length; i++) {
        if (bytes.data[i] != '\0' && strchr(wanted, bytes.data[i]) != NULL)
            return i;
    }
    return bytes.length;
}

static bool is_invisible_at(struct bytes text, size_t offset) {
    uint32_t character = 0;

    return ((unsigned char)text.data[offset] & 0xc0) != 0x80 &&
           utf8_decode(text, offset, &character) > 0 && utf8_is_invisible(character);
}

static const char *check_characters(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        unsigned char character = (unsigned char)text.data[i];

        if (character <= ' ' || character == 0x7F)
            return "holds a blank or a control character";
        if (is_invisible_at(text, i))
            return "holds a character that cannot be seen";
        if (character == '\\')
            return "holds a backslash";
        if (character == '%' &&
            (i + 2 >= text.length || !isxdigit((unsigned char)text.data[i + 1]) ||
             !isxdigit((unsigned char)text.data[i + 2])))
            return "holds a '%' that is not followed by two hexadecimal digits";
    }
    return NULL;
}

/* [::1]; what is in brackets and no address would be looked up as a name by some. */
static bool is_ipv6(struct bytes host) {
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN];

    if (host.length < 4 || host.length - 2 >= sizeof(text) || host.data[host.length - 1] != ']')
        return false;
    memcpy(text, host.data + 1, host.length - 2);
    text[host.length - 2] = '\0';
    return inet_pton(AF_INET6, text, address) == 1;
}

static const char *check_host(struct bytes host) {
    if (host.length == 0)
        return "has no host";
    if (host.data[0] == '[') {
        return is_ipv6(host) ? NULL : "has a host in brackets that is no IPv6 address";
    }
    if (!all_of(host, "-._"))
        return "has a host with characters other than letters, digits, '-', '.' and '_'";
    return NULL;
}

static const char *check_port(struct bytes port) {
    int64_t number;

    if (port.length == 0)
        return "has a ':' without a port behind its host";
    if (!all_of(port, "") || number_parse(port, &number) < 0 || number < 1 || number > PORT_MAX)
        return "has a port that is no number from 1 to 65535";
    return NULL;
}

static const char *parse_authority(struct bytes authority, struct url *url) {
    size_t at = SIZE_MAX;
    size_t colon;
    const char *wrong;

    for (size_t i = 0; i < authority.length; i++) {
        if (authority.data[i] == '@')
            at = i;
    }
    if (at != SIZE_MAX) {
        url->has_userinfo = true;
        url->userinfo = bytes_slice(authority, 0, at);
        if (!all_of(url->userinfo, "-._~!$&'()*+,;=:%"))
            return "has a user or password with characters that have to be percent-encoded";
        authority = bytes_slice(authority, at + 1, authority.length);
    }

    colon = authority.length > 0 && authority.data[0] == '[' ? find_any(authority, "]", 0) : 0;
    colon = find_any(authority, ":", colon);
    url->host = bytes_slice(authority, 0, colon);
    wrong = check_host(url->host);
    if (wrong == NULL && colon < authority.length) {
        url->port = bytes_slice(authority, colon + 1, authority.length);
        wrong = check_port(url->port);
    }
    return wrong;
}

static bool scheme_is_allowed(struct bytes scheme, const char *const *schemes) {
    for (; *schemes != NULL; schemes++) {
        if (bytes_equal_string(scheme, *schemes))
            return true;
    }
    return false;
}

const char *url_parse(struct bytes text, const char *const *schemes, struct url *ret) {
    struct url url = {0};
    size_t separator;
    size_t end;
    size_t next;
    const char *wrong;

    if (text.length == 0)
        return "is empty";
    wrong = check_characters(text);
    if (wrong != NULL)
        return wrong;

    separator = bytes_find(text, BYTES("://"), 0);
    if (separator == SIZE_MAX)
        return "has no scheme";
    url.scheme = bytes_slice(text, 0, separator);
    if (!scheme_is_allowed(url.scheme, schemes))
        return "has a scheme that cannot be used here";

    end = find_any(text, "/?#", separator + 3);
    wrong = parse_authority(bytes_slice(text, separator + 3, end), &url);
    if (wrong != NULL)
        return wrong;

    next = find_any(text, "?#", end);
    url.path = bytes_slice(text, end, next);
    if (next < text.length && text.data[next] == '?') {
        end = find_any(text, "#", next);
        url.query = bytes_slice(text, next + 1, end);
        next = end;
    }
    if (next < text.length)
        url.fragment = bytes_slice(text, next + 1, text.length);

    *ret = url;
    return NULL;
}

const char *url_masked(struct arena *arena, struct bytes text) {
    size_t start = bytes_find(text, BYTES("://"), 0);
    size_t at = SIZE_MAX;
    size_t query;
    size_t end;

    if (start == SIZE_MAX)
        return arena_string(arena, text);
    start += 3;
    end = find_any(text, "/?#", start);
    query = find_any(text, "?#", end);
    for (size_t i = start; i < end; i++) {
        if (text.data[i] == '@')
            at = i;
    }
    return arena_format(arena, "%.*s%s%.*s%s", BYTES_ARG(bytes_slice(text, 0, start)),
                        at != SIZE_MAX ? "xxxxx" : "",
                        BYTES_ARG(bytes_slice(text, at != SIZE_MAX ? at : start, query)),
                        query < text.length ? "?xxxxx" : "");
}

/* One character of a path, a percent escape decoded; *at moves behind it. */
static unsigned char path_character(struct bytes path, size_t *at) {
    unsigned char character = (unsigned char)path.data[(*at)++];

    if (character == '%' && *at + 2 <= path.length) {
        char digits[3] = {path.data[*at], path.data[*at + 1], '\0'};

        character = (unsigned char)strtoul(digits, NULL, 16);
        *at += 2;
    }
    return character;
}

static bool path_has_dot_segment(struct bytes path) {
    size_t dots = 0;
    bool only_dots = true;
    size_t i = 0;

    while (i < path.length) {
        unsigned char character = path_character(path, &i);

        if (character == '/' || character == '\\') {
            if (only_dots && (dots == 1 || dots == 2))
                return true;
            dots = 0;
            only_dots = true;
        } else if (character == '.') {
            dots++;
        } else {
            only_dots = false;
        }
    }
    return only_dots && (dots == 1 || dots == 2);
}

static bool is_default_port(struct bytes scheme, struct bytes port) {
    if (bytes_equal_string(scheme, "http"))
        return bytes_equal_string(port, "80");
    if (bytes_equal_string(scheme, "https"))
        return bytes_equal_string(port, "443");
    return false;
}

/* The pattern's end of the part before the path. */
static size_t pattern_authority_end(struct bytes pattern) {
    size_t separator = bytes_find(pattern, BYTES("://"), 0);

    return separator == SIZE_MAX ? SIZE_MAX : find_any(pattern, "/", separator + 3);
}

static bool part_matches(struct bytes pattern, struct buffer *text, int flags) {
    struct buffer part = {0};
    bool matched;

    buffer_append(&part, pattern);
    matched = fnmatch(buffer_string(&part), buffer_string(text), flags) == 0;
    buffer_free(&part);
    return matched;
}

bool url_matches(const struct url *url, const char *pattern) {
    CLEANUP(buffer_free) struct buffer origin = {0};
    CLEANUP(buffer_free) struct buffer path = {0};
    struct bytes whole = bytes_of(pattern);
    size_t end = pattern_authority_end(whole);
    bool default_port = url->port.length == 0 || is_default_port(url->scheme, url->port);
    bool origin_matches;

    if (end == SIZE_MAX || path_has_dot_segment(url->path))
        return false;

    buffer_printf(&origin, "%.*s://%.*s", BYTES_ARG(url->scheme), BYTES_ARG(url->host));
    if (!default_port)
        buffer_printf(&origin, ":%.*s", BYTES_ARG(url->port));
    origin_matches = part_matches(bytes_slice(whole, 0, end), &origin, FNM_CASEFOLD | FNM_NOESCAPE);
    if (!origin_matches && default_port) {
        buffer_append_string(&origin, bytes_equal_string(url->scheme, "http") ? ":80" : ":443");
        origin_matches =
            part_matches(bytes_slice(whole, 0, end), &origin, FNM_CASEFOLD | FNM_NOESCAPE);
    }
    if (!origin_matches)
        return false;
    if (end == whole.length)
        return true;

    buffer_append(&path, url->path.length > 0 ? url->path : BYTES("/"));
    return part_matches(bytes_slice(whole, end, whole.length), &path, FNM_NOESCAPE);
}

const char *url_pattern_check(const char *pattern) {
    struct bytes whole = bytes_of(pattern);
    size_t end = pattern_authority_end(whole);

    if (end == SIZE_MAX)
        return "has no scheme; write it as https://host/path, where '*' stands for anything";
    if (find_any(whole, "@#", 0) != whole.length)
        return "holds '@' or '#'; only scheme, host, port and path are matched";
    if (bytes_ends_with(bytes_slice(whole, 0, end), BYTES("://")))
        return "has no host; write '*' for any";
    return NULL;
}
