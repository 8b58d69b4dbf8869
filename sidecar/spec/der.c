/* SPDX-License-Identifier: Apache-2.0 */

#include "spec/x509.h"

#include <stdint.h>

/* No certificate comes near it. */
#define DEPTH_MAX 32

#define CONSTRUCTED   0x20
#define UNIVERSAL_MAX 0x1f

struct element {
    unsigned tag;
    size_t header; /* the bytes before the content */
    size_t length; /* of the content */
};

static unsigned byte_at(struct bytes bytes, size_t at) {
    return (unsigned char)bytes.data[at];
}

/* Tags of one byte, lengths in as few bytes as they need. */
static bool element_read(struct bytes from, struct element *ret) {
    size_t digits = 0;

    if (from.length < 2 || (byte_at(from, 0) & 0x1f) == 0x1f)
        return false;
    *ret = (struct element){byte_at(from, 0), 2, byte_at(from, 1)};
    if (ret->length >= 0x80) {
        digits = ret->length - 0x80;
        if (digits == 0 || digits > 4 || from.length < 2 + digits)
            return false;
        ret->length = 0;
        for (size_t i = 0; i < digits; i++)
            ret->length = ret->length << 8 | byte_at(from, 2 + i);
        if (ret->length < 0x80 || ret->length >> 8 * (digits - 1) == 0)
            return false;
        ret->header += digits;
    }
    return ret->length <= from.length - ret->header;
}

static bool integer_is_strict(struct bytes content) {
    if (content.length < 2)
        return content.length == 1;
    /* the first nine bits are not all the same */
    return !(byte_at(content, 0) == 0 && byte_at(content, 1) < 0x80) &&
           !(byte_at(content, 0) == 0xff && byte_at(content, 1) >= 0x80);
}

/* The bits that are left over are zero. */
static bool bit_string_is_strict(struct bytes content) {
    unsigned unused = content.length > 0 ? byte_at(content, 0) : 8;

    if (unused > 7 || (content.length == 1 && unused > 0))
        return false;
    return (byte_at(content, content.length - 1) & ((1U << unused) - 1)) == 0;
}

/* Each number in as few bytes as it needs, and none that Go's int32 cannot hold. */
static bool identifier_is_strict(struct bytes content) {
    uint64_t number = 0;

    if (content.length == 0 || byte_at(content, content.length - 1) >= 0x80)
        return false;
    for (size_t i = 0; i < content.length; i++) {
        if (number == 0 && byte_at(content, i) == 0x80)
            return false;
        number = number << 7 | (byte_at(content, i) & 0x7f);
        if (number > INT32_MAX)
            return false;
        if (byte_at(content, i) < 0x80)
            number = 0;
    }
    return true;
}

static bool primitive_is_strict(unsigned tag, struct bytes content) {
    switch (tag) {
    case V_ASN1_BOOLEAN:
        return content.length == 1 && (byte_at(content, 0) == 0 || byte_at(content, 0) == 0xff);
    case V_ASN1_INTEGER:
        return integer_is_strict(content);
    case V_ASN1_BIT_STRING:
        return bit_string_is_strict(content);
    case V_ASN1_NULL:
        return content.length == 0;
    case V_ASN1_OBJECT:
        return identifier_is_strict(content);
    case V_ASN1_SEQUENCE:
    case V_ASN1_SET:
        return false;
    default:
        return true;
    }
}

/* Of the universal tags only these two have elements in them; BER has strings in pieces. */
static bool may_be_constructed(unsigned tag) {
    return tag > (CONSTRUCTED | UNIVERSAL_MAX) || tag == (CONSTRUCTED | V_ASN1_SEQUENCE) ||
           tag == (CONSTRUCTED | V_ASN1_SET);
}

bool der_is_strict(struct bytes der) {
    size_t ends[DEPTH_MAX + 1] = {der.length};
    size_t depth = 0;
    size_t at = 0;
    struct element element;

    do {
        if (!element_read(bytes_slice(der, at, ends[depth]), &element))
            return false;
        at += element.header;
        if ((element.tag & CONSTRUCTED) != 0) {
            if (!may_be_constructed(element.tag) || depth == DEPTH_MAX)
                return false;
            ends[++depth] = at + element.length;
        } else {
            if (!primitive_is_strict(element.tag, bytes_slice(der, at, at + element.length)))
                return false;
            at += element.length;
        }
        while (depth > 0 && at == ends[depth])
            depth--;
    } while (depth > 0);
    return at == der.length;
}

struct bytes der_content(struct bytes der) {
    struct element element;

    if (!element_read(der, &element))
        return BYTES("");
    return bytes_slice(der, element.header, element.header + element.length);
}

bool der_begins_with_numbers(struct bytes der, size_t count) {
    struct bytes rest = der_content(der);
    struct element element;

    for (size_t i = 0; i < count; i++) {
        if (!element_read(rest, &element) || element.tag != V_ASN1_INTEGER || element.length == 0 ||
            byte_at(rest, element.header) >= 0x80)
            return false;
        rest = bytes_slice(rest, element.header + element.length, SIZE_MAX);
    }
    return true;
}
