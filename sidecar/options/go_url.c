/* SPDX-License-Identifier: Apache-2.0 */

/* The checks of Go's net/url (1.26), in its order: fragment, scheme, authority, path. The query is
 * not looked at there either. */

#include "options/go_url.h"

#include <string.h>

static const char bad_escape[] = "has a '%' that begins no escape";

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hexadecimal(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_ascii(char c) {
    return (unsigned char)c < 0x80;
}

static const char *escapes_fault(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '%' && (i + 2 >= text.length || !is_hexadecimal(text.data[i + 1]) ||
                                    !is_hexadecimal(text.data[i + 2]))) {
            return bad_escape;
        }
    }
    return NULL;
}

/* Letters, digits, all beyond ASCII, and these. */
static bool consists_of(struct bytes text, const char *others) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!is_letter(c) && !is_digit(c) && is_ascii(c) && strchr(others, c) == NULL) {
            return false;
        }
    }
    return true;
}

/* Outside of brackets only what is no ASCII may be escaped, and '%' itself. */
static const char *host_escapes_fault(struct bytes name) {
    const char *fault = escapes_fault(name);

    for (size_t i = 0; fault == NULL && i < name.length; i++) {
        if (name.data[i] == '%' && name.data[i + 1] < '8' &&
            !bytes_starts_with(bytes_slice(name, i, SIZE_MAX), BYTES("%25"))) {
            return bad_escape;
        }
    }
    return fault;
}

static const char *port_fault(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (i == 0 ? text.data[i] != ':' : !is_digit(text.data[i])) {
            return "has no number behind the host's colon";
        }
    }
    return NULL;
}

static const char *host_fault(struct bytes text) {
    static const char host_characters[] = "-_.~!$&'()*+,;=<>\"";
    size_t end = bytes_find(text, BYTES("]"), 0);

    if (bytes_starts_with(text, BYTES("["))) {
        if (end == SIZE_MAX) {
            return "has no ']' behind the host";
        }
        /* %25 begins a zone. */
        if (!consists_of(bytes_slice(text, 1, end), "-_.~!$&'()*+,;=<>\":%")) {
            return "has a character that no host has";
        }
        return port_fault(bytes_slice(text, end + 1, SIZE_MAX));
    }
    size_t colon = bytes_find(text, BYTES(":"), 0);
    struct bytes name = bytes_slice(text, 0, colon);
    const char *fault =
        port_fault(bytes_slice(text, colon != SIZE_MAX ? colon : text.length, SIZE_MAX));
    if (fault == NULL && bytes_find(name, BYTES("%"), 0) != SIZE_MAX) {
        return host_escapes_fault(name);
    }
    return fault == NULL && !consists_of(name, host_characters) ? "has a character that no host has"
                                                                : fault;
}

static const char *authority_fault(struct bytes text) {
    size_t at = SIZE_MAX;

    for (size_t i = 0; i < text.length; i++) {
        at = text.data[i] == '@' ? i : at;
    }
    if (at == SIZE_MAX) {
        return host_fault(text);
    }
    const char *fault = host_fault(bytes_slice(text, at + 1, SIZE_MAX));
    if (fault == NULL && !consists_of(bytes_slice(text, 0, at), "-._:~!$&'()*+,;=%@")) {
        fault = "has a user name or password with a character that has to be escaped";
    }
    return fault != NULL ? fault : escapes_fault(bytes_slice(text, 0, at));
}

/* The length of "SCHEME:", 0 where there is none; SIZE_MAX: a colon with nothing before it. */
static size_t scheme_length(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == ':') {
            return i == 0 ? SIZE_MAX : i + 1;
        }
        if (!is_letter(c) && (i == 0 || (!is_digit(c) && strchr("+-.", c) == NULL))) {
            return 0;
        }
    }
    return 0;
}

/* Behind the scheme, without query and fragment. */
static const char *rest_fault(struct bytes text, bool has_scheme) {
    const struct bytes slashes = BYTES("//");
    struct bytes path = text;

    if (!bytes_starts_with(text, BYTES("/"))) {
        struct bytes segment = bytes_slice(text, 0, bytes_find(text, BYTES("/"), 0));
        if (has_scheme) {
            return NULL;
        }
        if (bytes_find(segment, BYTES(":"), 0) != SIZE_MAX) {
            return "has a colon in its first part, and no scheme before it";
        }
    }
    if (bytes_starts_with(text, slashes) &&
        (has_scheme || !bytes_starts_with(text, BYTES("///")))) {
        struct bytes behind = bytes_slice(text, slashes.length, SIZE_MAX);
        size_t slash = bytes_find(behind, BYTES("/"), 0);
        const char *fault = authority_fault(bytes_slice(behind, 0, slash));
        if (fault != NULL) {
            return fault;
        }
        path = bytes_slice(behind, slash != SIZE_MAX ? slash : behind.length, SIZE_MAX);
    }
    return escapes_fault(path);
}

const char *go_url_fault(struct bytes text) {
    size_t hash = bytes_find(text, BYTES("#"), 0);
    struct bytes rest = bytes_slice(text, 0, hash);

    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f) {
            return "has a control character";
        }
    }
    if (hash != SIZE_MAX && escapes_fault(bytes_slice(text, hash + 1, SIZE_MAX)) != NULL) {
        return bad_escape;
    }
    size_t scheme = scheme_length(rest);
    if (scheme == SIZE_MAX) {
        return "has no scheme before the colon";
    }
    rest = bytes_slice(rest, scheme, SIZE_MAX);
    return rest_fault(bytes_slice(rest, 0, bytes_find(rest, BYTES("?"), 0)), scheme > 0);
}
