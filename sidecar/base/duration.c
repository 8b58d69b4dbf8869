/* SPDX-License-Identifier: Apache-2.0 */

/* Durations, read and written by the rules of Prometheus's model.Duration, one table for both ways.
 */

#include "base/duration.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

static const struct unit {
    const char *name;
    int64_t milliseconds;
    bool only_whole; /* written only where nothing remains: 90d reads better than 12w6d */
} units[] = {
    {"y", INT64_C(365) * 24 * 60 * 60 * 1000, true},
    {"w", INT64_C(7) * 24 * 60 * 60 * 1000, true},
    {"d", INT64_C(24) * 60 * 60 * 1000, false},
    {"h", INT64_C(60) * 60 * 1000, false},
    {"m", INT64_C(60) * 1000, false},
    {"s", 1000, false},
    {"ms", 1, false},
};

/* Go counts nanoseconds in an int64. */
static const int64_t longest = INT64_MAX / 1000000;

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* The digits at *offset, which moves behind them; a value that is too big stays at INT64_MAX.
 * -EINVAL: no digit. */
static int parse_digits(struct bytes text, size_t *offset, int64_t *ret) {
    size_t at = *offset;
    int64_t value = 0;

    for (; at < text.length && is_digit(text.data[at]); at++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.data[at] - '0', &value)) {
            value = INT64_MAX;
        }
    }
    if (at == *offset) {
        return -EINVAL;
    }
    *offset = at;
    *ret = value;
    return 0;
}

/* The unit at *offset, which moves behind it, looked for from first on: a unit may not stand behind
 * a smaller one. */
static const struct unit *parse_unit(struct bytes text, size_t *offset, const struct unit *first) {
    size_t end = *offset;

    while (end < text.length && !is_digit(text.data[end])) {
        end++;
    }
    struct bytes name = bytes_slice(text, *offset, end);
    for (const struct unit *unit = first; unit < units + ARRAY_LENGTH(units); unit++) {
        if (bytes_equal_string(name, unit->name)) {
            *offset = end;
            return unit;
        }
    }
    return NULL;
}

int duration_parse(struct bytes text, int64_t *ret_milliseconds) {
    const struct unit *next_unit = units;
    int64_t total = 0;
    bool too_long = false;

    if (bytes_equal_string(text, "0")) {
        *ret_milliseconds = 0;
        return 0;
    }
    if (text.length == 0) {
        return -EINVAL;
    }
    for (size_t offset = 0; offset < text.length;) {
        int64_t count = 0;
        if (parse_digits(text, &offset, &count) < 0) {
            return -EINVAL;
        }
        const struct unit *unit = parse_unit(text, &offset, next_unit);
        if (unit == NULL) {
            return -EINVAL;
        }
        next_unit = unit + 1;
        /* What is no duration at all is that first: the rest is read before the size is judged. */
        if (__builtin_mul_overflow(count, unit->milliseconds, &count) ||
            __builtin_add_overflow(total, count, &total) || total > longest) {
            too_long = true;
            total = 0;
        }
    }
    if (too_long) {
        return -ERANGE;
    }
    *ret_milliseconds = total;
    return 0;
}

/* --- Go's ------------------------------------------------------------------------------------ */

static const struct go_unit {
    const char *name;
    int64_t nanoseconds;
} go_units[] = {
    {"w", INT64_C(7) * 24 * 3600 * 1000000000},
    {"d", INT64_C(24) * 3600 * 1000000000},
    {"h", INT64_C(3600) * 1000000000},
    {"m", INT64_C(60) * 1000000000},
    {"s", 1000000000},
    {"ms", 1000000},
    {"us", 1000},
    {"\u00b5s", 1000},
    {"\u03bcs", 1000},
    {"ns", 1},
};

static int64_t go_unit_parse(struct bytes text, size_t *offset) {
    size_t end = *offset;

    while (end < text.length && !is_digit(text.data[end]) && text.data[end] != '.') {
        end++;
    }
    struct bytes name = bytes_slice(text, *offset, end);
    for (size_t i = 0; i < ARRAY_LENGTH(go_units); i++) {
        if (bytes_equal_string(name, go_units[i].name)) {
            *offset = end;
            return go_units[i].nanoseconds;
        }
    }
    return 0;
}

/* One number with its unit at *offset, in nanoseconds. 0; -EINVAL; -ERANGE. */
static int go_part_parse(struct bytes text, size_t *offset, int64_t *ret) {
    int64_t whole = 0;
    int64_t total = 0;
    struct bytes fraction = {0};
    bool digits = parse_digits(text, offset, &whole) == 0;

    if (*offset < text.length && text.data[*offset] == '.') {
        size_t start = ++*offset;
        while (*offset < text.length && is_digit(text.data[*offset])) {
            ++*offset;
        }
        fraction = bytes_slice(text, start, *offset);
        digits |= fraction.length > 0;
    }
    int64_t unit = go_unit_parse(text, offset);
    if (!digits || unit == 0) {
        return -EINVAL;
    }
    if (__builtin_mul_overflow(whole, unit, &total)) {
        return -ERANGE;
    }
    int64_t scale = unit;
    for (size_t i = 0; i < fraction.length && scale > 0; i++) {
        scale /= 10;
        if (__builtin_add_overflow(total, (fraction.data[i] - '0') * scale, &total)) {
            return -ERANGE;
        }
    }
    *ret = total;
    return 0;
}

int go_duration_parse(struct bytes text, int64_t *ret_milliseconds) {
    const int64_t millisecond = 1000000;
    int64_t total = 0;
    int error = text.length > 0 ? 0 : -EINVAL;

    for (size_t offset = 0; offset < text.length;) {
        int64_t part = 0;
        int result = go_part_parse(text, &offset, &part);
        if (result == -EINVAL) {
            return result;
        }
        if (result < 0 || __builtin_add_overflow(total, part, &total)) {
            error = -ERANGE;
            total = 0;
        }
    }
    if (error == 0) {
        *ret_milliseconds = total / millisecond + (total % millisecond > 0 ? 1 : 0);
    }
    return error;
}

void duration_format(int64_t milliseconds, struct buffer *out) {
    uint64_t rest = (uint64_t)milliseconds;

    if (milliseconds == 0) {
        buffer_append_string(out, "0s");
        return;
    }
    if (milliseconds < 0) {
        buffer_append_char(out, '-');
        rest = -rest;
    }
    for (const struct unit *unit = units; unit < units + ARRAY_LENGTH(units); unit++) {
        uint64_t size = (uint64_t)unit->milliseconds;
        uint64_t count = rest / size; /* NOLINT(clang-analyzer-core.DivideZero): none is 0 */
        uint64_t remainder = rest - count * size;
        if (count == 0 || (unit->only_whole && remainder > 0)) {
            continue;
        }
        buffer_printf(out, "%llu%s", (unsigned long long)count, unit->name);
        rest = remainder;
    }
}
