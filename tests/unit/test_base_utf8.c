/* SPDX-License-Identifier: Apache-2.0 */

/* One character at a time. */

#include "base/utf8.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_character_has_a_value_and_a_length(void **state) {
    static const struct {
        const char *text;
        uint32_t character;
        size_t length;
    } cases[] = {
        {"a", 'a', 1},
        {"\xc3\xa9", 0xe9, 2},
        {"\xe2\x82\xac", 0x20ac, 3},
        {"\xee\x80\x80", 0xe000, 3},
        {"\xed\x9f\xbf", 0xd7ff, 3},
        {"\xf0\x90\x80\x80", 0x10000, 4},
        {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint32_t character = 0;
        assert_int_equal(utf8_decode(bytes_of(cases[i].text), 0, &character), cases[i].length);
        assert_int_equal(character, cases[i].character);
    }
}

static void nul_is_a_character(void **state) {
    uint32_t character = 1;
    assert_int_equal(utf8_decode(BYTES("\0"), 0, &character), 1);
    assert_int_equal(character, 0);
}

static void what_is_ill_formed_is_no_character(void **state) {
    static const char *const cases[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xc3",
        "\xc3(",        "\xe0\x9f\xbf",     "\xed\xa0\x80",     "\xe2\x82",
        "\xe2\x28\xa1", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xf0\x9f\x98",     "\xf0\x9f\x98(",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint32_t character = 7;
        assert_int_equal(utf8_decode(bytes_of(cases[i]), 0, &character), 0);
        assert_int_equal(character, 7);
    }
}

static void what_drives_a_terminal_is_unprintable(void **state) {
    static const uint32_t unprintable[] = {0,      '\n',   0x1b,   0x7f,    0x85,    0x9f,
                                           0x061c, 0x200e, 0x2028, 0x202e,  0x2066,  0xfeff,
                                           0xfdd0, 0xfffe, 0xffff, 0x1fffe, 0x10ffff};
    static const uint32_t printable[] = {' ', 'a', '~', 0xa0, 0xe9, 0x20ac, 0xfffd, 0x1f600};

    for (size_t i = 0; i < ARRAY_LENGTH(unprintable); i++) {
        assert_true(utf8_is_unprintable(unprintable[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(printable); i++) {
        assert_false(utf8_is_unprintable(printable[i]));
    }
}

static void what_cannot_be_seen_is_invisible(void **state) {
    static const uint32_t invisible[] = {'\t',   0x7f,   0x85,   0xa0,   0xad,   0x034f,  0x1680,
                                         0x2003, 0x200b, 0x200d, 0x202e, 0x202f, 0x2060,  0x3000,
                                         0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xfffb, 0xe0041, 0xe0100};
    static const uint32_t visible[] = {' ', 'a', '~', 0xa1, 0xe9, 0x20ac, 0x2010, 0xfffd, 0x1f600};

    for (size_t i = 0; i < ARRAY_LENGTH(invisible); i++) {
        assert_true(utf8_is_invisible(invisible[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(visible); i++) {
        assert_false(utf8_is_invisible(visible[i]));
    }
}

static void space_is_what_go_trims(void **state) {
    static const uint32_t space[] = {'\t', '\n', '\v', '\f', '\r', ' ', 0x85, 0xa0, 0x200a, 0x3000};
    static const uint32_t none[] = {0, 'a', 0x1f, 0x200b, 0x2060, 0xfeff};

    for (size_t i = 0; i < ARRAY_LENGTH(space); i++) {
        assert_true(utf8_is_space(space[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
        assert_false(utf8_is_space(none[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_has_a_value_and_a_length),
        cmocka_unit_test(nul_is_a_character),
        cmocka_unit_test(what_is_ill_formed_is_no_character),
        cmocka_unit_test(what_drives_a_terminal_is_unprintable),
        cmocka_unit_test(what_cannot_be_seen_is_invisible),
        cmocka_unit_test(space_is_what_go_trims),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
