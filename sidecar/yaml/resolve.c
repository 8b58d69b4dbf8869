/* SPDX-License-Identifier: Apache-2.0 */

/* The rules of gopkg.in/yaml.v2 for plain scalars, its oddities included: what Kubernetes and
 * Prometheus take for a number must be one here, or a manifest would mean one thing to them and
 * another to us. */

#include "yaml/resolve.h"

#include "base/compiler.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const struct {
    const char *word;
    enum scalar_kind kind;
    bool boolean;
} words[] = {
    {"", SCALAR_NULL, false},      {"~", SCALAR_NULL, false},     {"null", SCALAR_NULL, false},
    {"Null", SCALAR_NULL, false},  {"NULL", SCALAR_NULL, false},  {"y", SCALAR_BOOL, true},
    {"Y", SCALAR_BOOL, true},      {"yes", SCALAR_BOOL, true},    {"Yes", SCALAR_BOOL, true},
    {"YES", SCALAR_BOOL, true},    {"true", SCALAR_BOOL, true},   {"True", SCALAR_BOOL, true},
    {"TRUE", SCALAR_BOOL, true},   {"on", SCALAR_BOOL, true},     {"On", SCALAR_BOOL, true},
    {"ON", SCALAR_BOOL, true},     {"n", SCALAR_BOOL, false},     {"N", SCALAR_BOOL, false},
    {"no", SCALAR_BOOL, false},    {"No", SCALAR_BOOL, false},    {"NO", SCALAR_BOOL, false},
    {"false", SCALAR_BOOL, false}, {"False", SCALAR_BOOL, false}, {"FALSE", SCALAR_BOOL, false},
    {"off", SCALAR_BOOL, false},   {"Off", SCALAR_BOOL, false},   {"OFF", SCALAR_BOOL, false},
};

static const struct {
    const char *word;
    double number;
} special_numbers[] = {
    {".nan", (double)NAN},        {".NaN", (double)NAN},        {".NAN", (double)NAN},
    {".inf", (double)INFINITY},   {".Inf", (double)INFINITY},   {".INF", (double)INFINITY},
    {"+.inf", (double)INFINITY},  {"+.Inf", (double)INFINITY},  {"+.INF", (double)INFINITY},
    {"-.inf", -(double)INFINITY}, {"-.Inf", -(double)INFINITY}, {"-.INF", -(double)INFINITY},
};

static bool resolve_word(struct bytes text, struct resolution *ret) {
    /* No word is longer than "false". */
    if (text.length > 5) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (bytes_equal_string(text, words[i].word)) {
            *ret = (struct resolution){.kind = words[i].kind, .boolean = words[i].boolean};
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(special_numbers); i++) {
        if (bytes_equal_string(text, special_numbers[i].word)) {
            *ret = (struct resolution){.kind = SCALAR_FLOAT, .number = special_numbers[i].number};
            return true;
        }
    }
    return false;
}

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

static unsigned digit_value(char character) {
    if (is_digit(character)) {
        return (unsigned)(character - '0');
    }
    if (character >= 'a' && character <= 'f') {
        return (unsigned)(character - 'a') + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return (unsigned)(character - 'A') + 10;
    }
    return UINT32_MAX;
}

/* Takes a leading 0x, 0o, 0b or 0 off the digits, as Go does for base 0. */
static unsigned take_base(struct bytes *digits) {
    unsigned base = 10;
    size_t prefix = 0;

    if (digits->length > 0 && digits->data[0] == '0') {
        char letter = digits->length > 2 ? digits->data[1] : '\0';
        base = 8;
        prefix = 2;
        if (letter == 'x' || letter == 'X') {
            base = 16;
        } else if (letter == 'b' || letter == 'B') {
            base = 2;
        } else if (letter != 'o' && letter != 'O') {
            prefix = digits->length > 1 ? 1 : 0;
        }
    }
    *digits = bytes_slice(*digits, prefix, digits->length);
    return base;
}

/* Sign, then digits in the base (0: by their prefix). 0; -EINVAL; -ERANGE beyond 64 bits. */
static int parse_integer(struct bytes text, unsigned base, bool *ret_negative, uint64_t *ret_size) {
    bool negative = text.length > 0 && text.data[0] == '-';
    bool sign = negative || (text.length > 0 && text.data[0] == '+');
    struct bytes digits = bytes_slice(text, sign ? 1 : 0, text.length);
    uint64_t value = 0;
    bool overflow = false;

    if (base == 0) {
        base = take_base(&digits);
    }
    if (digits.length == 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < digits.length; i++) {
        unsigned digit = digit_value(digits.data[i]);
        if (digit >= base) {
            return -EINVAL;
        }
        overflow = overflow || __builtin_mul_overflow(value, base, &value) ||
                   __builtin_add_overflow(value, digit, &value);
    }
    if (overflow) {
        return -ERANGE;
    }
    *ret_negative = negative;
    *ret_size = value;
    return 0;
}

static bool resolve_integer(struct bytes text, unsigned base, struct resolution *ret) {
    const uint64_t largest = INT64_MAX;
    bool negative = false;
    uint64_t size = 0;

    if (parse_integer(text, base, &negative, &size) < 0) {
        return false;
    }
    if (size <= largest + (negative ? 1 : 0)) {
        int64_t value = negative && size > 0 ? -(int64_t)(size - 1) - 1 : (int64_t)size;
        *ret =
            (struct resolution){.kind = SCALAR_INTEGER, .integer = value, .number = (double)value};
        return true;
    }
    /* Go reads numbers up to uint64 where they have no sign at all. */
    if (!is_digit(text.data[0])) {
        return false;
    }
    *ret = (struct resolution){.kind = SCALAR_FLOAT, .number = (double)size, .large = true};
    return true;
}

static size_t skip_digits(struct bytes text, size_t offset) {
    while (offset < text.length && is_digit(text.data[offset])) {
        offset++;
    }
    return offset;
}

static size_t skip_sign(struct bytes text, size_t offset) {
    bool sign = offset < text.length && (text.data[offset] == '-' || text.data[offset] == '+');
    return offset + (sign ? 1 : 0);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_like_float(struct bytes text) {
    size_t whole = skip_sign(text, 0);
    size_t at = skip_digits(text, whole);
    size_t digits = at - whole;

    if (at < text.length && text.data[at] == '.') {
        size_t fraction = skip_digits(text, at + 1);
        digits += fraction - (at + 1);
        at = fraction;
    }
    if (digits == 0) {
        return false;
    }
    if (at < text.length && (text.data[at] == 'e' || text.data[at] == 'E')) {
        size_t exponent = skip_sign(text, at + 1);
        at = skip_digits(text, exponent);
        return at > exponent && at == text.length;
    }
    return at == text.length;
}

static bool resolve_float(struct bytes text, struct resolution *ret) {
    if (!looks_like_float(text)) {
        return false;
    }
    CLEANUP(buffer_free) struct buffer copy = {0};
    buffer_append(&copy, text);
    double number = strtod(buffer_string(&copy), NULL);
    /* Go reports what is too large, and the text stays a string; what is too small is 0. */
    if (isinf(number)) {
        return false;
    }
    *ret = (struct resolution){.kind = SCALAR_FLOAT, .number = number};
    return true;
}

/* text has no underscores left. */
static bool resolve_number(struct bytes text, struct resolution *ret) {
    if (resolve_integer(text, 0, ret) || resolve_float(text, ret)) {
        return true;
    }
    /* yaml.v2 has a second look at binary numbers, which lets a sign follow the prefix. */
    return bytes_starts_with(text, BYTES("0b")) &&
           resolve_integer(bytes_slice(text, 2, text.length), 2, ret);
}

/* Appends the text without its underscores. */
static void append_without_underscores(struct buffer *out, struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '_') {
            buffer_append_char(out, text.data[i]);
        }
    }
}

/* Go's own rule for floats; yaml.v2 itself does not ask. */
static bool separates_digits(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        bool between = i > 0 && i + 1 < text.length && is_digit(text.data[i - 1]) &&
                       is_digit(text.data[i + 1]);
        if (text.data[i] == '_' && !between) {
            return false;
        }
    }
    return true;
}

struct resolution resolve_plain(struct bytes text) {
    struct resolution resolution = {.kind = SCALAR_STRING};

    if (resolve_word(text, &resolution)) {
        return resolution;
    }
    CLEANUP(buffer_free) struct buffer digits = {0};
    char first = text.data[0];
    if (is_digit(first) || first == '+' || first == '-') {
        append_without_underscores(&digits, text);
        resolve_number(buffer_bytes(&digits), &resolution);
    } else if (first == '.' && separates_digits(text)) {
        append_without_underscores(&digits, text);
        resolve_float(buffer_bytes(&digits), &resolution);
    }
    return resolution;
}

static const char own_prefix[] = "tag:yaml.org,2002:";

static const struct {
    const char *name;
    enum scalar_kind kind;
} own_tags[] = {
    {"null", SCALAR_NULL},
    {"bool", SCALAR_BOOL},
    {"int", SCALAR_INTEGER},
    {"float", SCALAR_FLOAT},
};

int resolve_tagged(const char *tag, struct bytes text, struct resolution *ret) {
    struct bytes name = bytes_of(tag);

    if (!bytes_starts_with(name, bytes_of(own_prefix))) {
        *ret = (struct resolution){.kind = SCALAR_STRING};
        return 0;
    }
    name = bytes_slice(name, sizeof(own_prefix) - 1, name.length);
    if (bytes_equal_string(name, "binary")) {
        return -ENOTSUP;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(own_tags); i++) {
        if (!bytes_equal_string(name, own_tags[i].name)) {
            continue;
        }
        struct resolution resolution = resolve_plain(text);
        enum scalar_kind wanted = own_tags[i].kind;
        if (wanted == SCALAR_FLOAT && resolution.kind == SCALAR_INTEGER) {
            resolution.kind = SCALAR_FLOAT;
        }
        /* An integer beyond int64 is a float to us, and an integer to its author. */
        bool fits = resolution.kind == wanted || (wanted == SCALAR_INTEGER && resolution.large);
        if (!fits) {
            return -EINVAL;
        }
        *ret = resolution;
        return 0;
    }
    *ret = (struct resolution){.kind = SCALAR_STRING};
    return 0;
}
