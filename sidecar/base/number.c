/* SPDX-License-Identifier: Apache-2.0 */

/* Digits by hand: the library's functions take blanks, signs and trailing bytes that no setting
 * should have. */

#include "base/number.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* Every byte of text must be a digit. */
static int parse_unsigned(struct bytes text, uint64_t *ret) {
    uint64_t value = 0;
    bool overflow = false;

    if (text.length == 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (!is_digit(text.data[i])) {
            return -EINVAL;
        }
        overflow = overflow || __builtin_mul_overflow(value, 10, &value) ||
                   __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value);
    }
    if (overflow) {
        return -ERANGE;
    }
    *ret = value;
    return 0;
}

int number_parse(struct bytes text, int64_t *ret) {
    const uint64_t largest = INT64_MAX;
    bool negative = text.length > 0 && text.data[0] == '-';
    uint64_t value = 0;

    int r = parse_unsigned(bytes_slice(text, negative ? 1 : 0, text.length), &value);
    if (r < 0) {
        return r;
    }
    if (value > largest + (negative ? 1 : 0)) {
        return -ERANGE;
    }
    /* INT64_MIN has no positive twin: the step over zero is made one short. */
    *ret = negative && value > 0 ? -(int64_t)(value - 1) - 1 : (int64_t)value;
    return 0;
}

static const struct {
    const char *name;
    uint64_t factor;
} size_units[] = {
    {"", 1},
    {"B", 1},
    {"k", 1000},
    {"K", 1000},
    {"kB", 1000},
    {"KB", 1000},
    {"Ki", UINT64_C(1) << 10},
    {"KiB", UINT64_C(1) << 10},
    {"M", 1000000},
    {"MB", 1000000},
    {"Mi", UINT64_C(1) << 20},
    {"MiB", UINT64_C(1) << 20},
    {"G", 1000000000},
    {"GB", 1000000000},
    {"Gi", UINT64_C(1) << 30},
    {"GiB", UINT64_C(1) << 30},
};

int size_parse(struct bytes text, uint64_t *ret) {
    size_t digits = 0;

    while (digits < text.length && is_digit(text.data[digits])) {
        digits++;
    }
    struct bytes unit = bytes_slice(text, digits, text.length);
    for (size_t i = 0; i < ARRAY_LENGTH(size_units); i++) {
        if (!bytes_equal_string(unit, size_units[i].name)) {
            continue;
        }
        uint64_t value = 0;
        int r = parse_unsigned(bytes_slice(text, 0, digits), &value);
        if (r == 0 && __builtin_mul_overflow(value, size_units[i].factor, &value)) {
            r = -ERANGE;
        }
        if (r == 0) {
            *ret = value;
        }
        return r;
    }
    return -EINVAL;
}
