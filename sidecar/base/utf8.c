/* SPDX-License-Identifier: Apache-2.0 */

/* UTF-8 by the table of the Unicode standard (3-7): the range of the second byte is what keeps out
 * overlong forms, surrogates and values beyond U+10FFFF. */

#include "base/utf8.h"

#include "base/compiler.h"

struct lead {
    unsigned char first;
    unsigned char last;
    unsigned char length;
    unsigned char second_min;
    unsigned char second_max;
};

static const struct lead leads[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct lead *lead_find(unsigned char byte) {
    for (size_t i = 0; i < ARRAY_LENGTH(leads); i++) {
        if (byte >= leads[i].first && byte <= leads[i].last) {
            return &leads[i];
        }
    }
    return NULL;
}

size_t utf8_decode(struct bytes text, size_t offset, uint32_t *ret_character) {
    static const unsigned char payload[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *at = (const unsigned char *)text.data + offset;
    const struct lead *lead = lead_find(at[0]);

    if (lead == NULL || lead->length > text.length - offset) {
        return 0;
    }
    uint32_t character = at[0] & payload[lead->length];
    for (size_t i = 1; i < lead->length; i++) {
        unsigned char min = i == 1 ? lead->second_min : 0x80;
        unsigned char max = i == 1 ? lead->second_max : 0xbf;
        if (at[i] < min || at[i] > max) {
            return 0;
        }
        character = character << 6 | (at[i] & 0x3fU);
    }
    *ret_character = character;
    return lead->length;
}

struct range {
    uint32_t first;
    uint32_t last;
};

/* The ranges are in order. */
static bool is_in(uint32_t character, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count && character >= ranges[i].first; i++) {
        if (character <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

bool utf8_is_unprintable(uint32_t character) {
    static const struct range ranges[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e},
        {0x2066, 0x2069}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
    };
    return is_in(character, ranges, ARRAY_LENGTH(ranges)) || (character & 0xfffeU) == 0xfffeU;
}

/* General categories Cf, Zs, Zl and Zp, and Default_Ignorable_Code_Point, of Unicode 15. */
bool utf8_is_invisible(uint32_t character) {
    static const struct range ranges[] = {
        {0x00a0, 0x00a0},   {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x0600, 0x0605},
        {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
        {0x08e2, 0x08e2},   {0x115f, 0x1160},   {0x1680, 0x1680},   {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
        {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd},
        {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
    };
    return utf8_is_unprintable(character) || is_in(character, ranges, ARRAY_LENGTH(ranges));
}

bool utf8_is_space(uint32_t character) {
    static const struct range ranges[] = {
        {0x0009, 0x000d}, {0x0020, 0x0020}, {0x0085, 0x0085}, {0x00a0, 0x00a0}, {0x1680, 0x1680},
        {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
    };
    return is_in(character, ranges, ARRAY_LENGTH(ranges));
}
