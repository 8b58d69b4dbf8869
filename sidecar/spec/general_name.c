/* SPDX-License-Identifier: Apache-2.0 */

/* The names in certificates that Go parses: addresses, domains, mailboxes, URIs. */

#include "spec/x509.h"

#include <arpa/inet.h>

#include <ctype.h>
#include <stdint.h>
#include <string.h>

struct bytes asn1_bytes(const ASN1_STRING *string) {
    return (struct bytes){(const char *)ASN1_STRING_get0_data(string),
                          (size_t)ASN1_STRING_length(string)};
}

static bool all_between(struct bytes text, unsigned char least, unsigned char most) {
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] < least || (unsigned char)text.data[i] > most)
            return false;
    }
    return true;
}

static bool all_alphanumeric_or(struct bytes text, const char *others) {
    for (size_t i = 0; i < text.length; i++) {
        if (!isalnum((unsigned char)text.data[i]) &&
            (text.data[i] == '\0' || strchr(others, text.data[i]) == NULL))
            return false;
    }
    return true;
}

/* Parts between dots, none of them empty. */
static bool is_dotted(struct bytes text) {
    return text.length > 0 && text.data[0] != '.' && text.data[text.length - 1] != '.' &&
           bytes_find(text, BYTES(".."), 0) == SIZE_MAX;
}

static bool is_address(int family, struct bytes text) {
    unsigned char address[sizeof(struct in6_addr)];
    char copy[INET6_ADDRSTRLEN];

    if (text.length == 0 || text.length >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return inet_pton(family, copy, address) == 1;
}

/* --- URIs ------------------------------------------------------------------------------------- */

static size_t find_any(struct bytes text, const char *wanted) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '\0' && strchr(wanted, text.data[i]) != NULL)
            return i;
    }
    return text.length;
}

static bool percents_are_sound(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '%' &&
            (text.length - i < 3 || !isxdigit((unsigned char)text.data[i + 1]) ||
             !isxdigit((unsigned char)text.data[i + 2])))
            return false;
    }
    return true;
}

/* A host and perhaps a port. */
static bool host_is_sound(struct bytes host) {
    size_t bracket = bytes_find(host, BYTES("]"), 0);
    size_t colon;

    if (bracket != SIZE_MAX) {
        if (host.data[0] != '[' || !is_address(AF_INET6, bytes_slice(host, 1, bracket)))
            return false;
        host = bytes_slice(host, bracket + 1, SIZE_MAX);
        return host.length == 0 || (host.data[0] == ':' && find_any(host, "0123456789") == 1 &&
                                    all_between(bytes_slice(host, 1, SIZE_MAX), '0', '9'));
    }
    colon = find_any(host, ":");
    return is_dotted(bytes_slice(host, 0, colon)) &&
           all_alphanumeric_or(bytes_slice(host, 0, colon), "-._") &&
           all_between(bytes_slice(host, colon + 1, SIZE_MAX), '0', '9');
}

static bool authority_is_sound(struct bytes authority) {
    size_t at = find_any(authority, "@");

    if (authority.length == 0)
        return true;
    if (at == authority.length)
        return host_is_sound(authority);
    return all_alphanumeric_or(bytes_slice(authority, 0, at), "-._:~!$&'()*+,;=%") &&
           host_is_sound(bytes_slice(authority, at + 1, SIZE_MAX));
}

/* Narrower than Go's url.Parse: RFC 5280 wants a scheme. */
static bool uri_is_sound(struct bytes uri) {
    size_t colon = find_any(uri, ":");
    struct bytes rest = bytes_slice(uri, colon + 1, SIZE_MAX);

    if (!all_between(uri, 0x21, 0x7e) || !percents_are_sound(uri))
        return false;
    if (colon == 0 || colon == uri.length || !isalpha((unsigned char)uri.data[0]) ||
        !all_alphanumeric_or(bytes_slice(uri, 0, colon), "+-."))
        return false;
    if (!bytes_starts_with(rest, BYTES("//")))
        return true;
    rest = bytes_slice(rest, 2, SIZE_MAX);
    return authority_is_sound(bytes_slice(rest, 0, find_any(rest, "/?#")));
}

bool general_name_suits_go(const GENERAL_NAME *name) {
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

    switch (type) {
    case GEN_EMAIL:
    case GEN_DNS:
        return all_between(asn1_bytes(value), 0, 0x7f);
    case GEN_URI:
        return uri_is_sound(asn1_bytes(value));
    case GEN_IPADD:
        return ASN1_STRING_length(value) == 4 || ASN1_STRING_length(value) == 16;
    default:
        return true; /* Go passes them over */
    }
}

/* --- constraints ------------------------------------------------------------------------------ */

static bool domain_is_sound(struct bytes domain) {
    if (domain.length == 0)
        return true;
    if (domain.data[0] == '.')
        domain = bytes_slice(domain, 1, SIZE_MAX);
    return is_dotted(domain) && all_between(domain, 0x21, 0x7e);
}

static bool mailbox_is_sound(struct bytes mailbox) {
    size_t at = find_any(mailbox, "@");
    struct bytes domain = bytes_slice(mailbox, at + 1, SIZE_MAX);

    if (at == mailbox.length)
        return domain_is_sound(mailbox);
    return is_dotted(bytes_slice(mailbox, 0, at)) &&
           all_alphanumeric_or(bytes_slice(mailbox, 0, at), ".!#$%&'*+/=?^_`{|}~-") &&
           is_dotted(domain) && all_alphanumeric_or(domain, "-._");
}

/* Ones, then zeros. */
static bool mask_is_sound(struct bytes mask) {
    bool ended = false;

    for (size_t i = 0; i < mask.length * 8; i++) {
        bool one = ((unsigned char)mask.data[i / 8] >> (7 - i % 8) & 1) != 0;
        if (one && ended)
            return false;
        ended = !one;
    }
    return true;
}

bool constraint_suits_go(const GENERAL_NAME *name) {
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    struct bytes text;

    if (type != GEN_EMAIL && type != GEN_DNS && type != GEN_URI && type != GEN_IPADD)
        return true;
    text = asn1_bytes(value);
    switch (type) {
    case GEN_EMAIL:
        return mailbox_is_sound(text);
    case GEN_DNS:
        return domain_is_sound(text);
    case GEN_URI:
        return domain_is_sound(text) && !is_address(AF_INET, text) && !is_address(AF_INET6, text);
    default:
        return (text.length == 8 || text.length == 32) &&
               mask_is_sound(bytes_slice(text, text.length / 2, SIZE_MAX));
    }
}
