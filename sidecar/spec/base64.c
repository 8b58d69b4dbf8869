/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, strict as Kubernetes reads it. */

#include "spec/base64.h"

#include <errno.h>
#include <stdint.h>

#define BASE64_INVALID 64U

static unsigned digit_value(char digit) {
    if (digit >= 'A' && digit <= 'Z')
        return (unsigned)(digit - 'A');
    if (digit >= 'a' && digit <= 'z')
        return (unsigned)(digit - 'a') + 26U;
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0') + 52U;
    if (digit == '+')
        return 62U;
    if (digit == '/')
        return 63U;
    return BASE64_INVALID;
}

int base64_decode(struct arena *arena, struct bytes text, struct bytes *ret) {
    char *out = arena_alloc(arena, text.length / 4 * 3 + 3);
    size_t length = 0;
    size_t digits = 0;
    size_t padding = 0;
    uint32_t group = 0;

    for (size_t i = 0; i < text.length; i++) {
        char character = text.data[i];
        unsigned value;

        if (character == '\r' || character == '\n')
            continue;
        if (character == '=') {
            padding++;
            continue;
        }
        value = digit_value(character);
        if (value == BASE64_INVALID || padding > 0)
            return -EINVAL;
        group = group << 6 | value;
        if (++digits % 4 == 0) {
            out[length++] = (char)(group >> 16 & 0xFF);
            out[length++] = (char)(group >> 8 & 0xFF);
            out[length++] = (char)(group & 0xFF);
        }
    }

    switch (digits % 4) {
    case 0:
        if (padding != 0)
            return -EINVAL;
        break;
    case 2:
        if (padding != 2)
            return -EINVAL;
        out[length++] = (char)(group >> 4 & 0xFF);
        break;
    case 3:
        if (padding != 1)
            return -EINVAL;
        out[length++] = (char)(group >> 10 & 0xFF);
        out[length++] = (char)(group >> 2 & 0xFF);
        break;
    default:
        return -EINVAL;
    }

    *ret = (struct bytes){.data = out, .length = length};
    return 0;
}

void base64_encode(struct bytes bytes, struct buffer *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t count = bytes.length - i < 3 ? bytes.length - i : 3;
        uint32_t group = 0;

        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (j < count ? (unsigned char)bytes.data[i + j] : 0U);
        buffer_append_char(out, digits[group >> 18 & 0x3F]);
        buffer_append_char(out, digits[group >> 12 & 0x3F]);
        buffer_append_char(out, count > 1 ? digits[group >> 6 & 0x3F] : '=');
        buffer_append_char(out, count > 2 ? digits[group & 0x3F] : '=');
    }
}
