/* SPDX-License-Identifier: Apache-2.0 */

/* Where a character stands. */

#include "yaml/position.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(struct position at, size_t index, size_t offset, unsigned line,
                   unsigned column) {
    assert_int_equal(at.index, index);
    assert_int_equal(at.offset, offset);
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

static void characters_are_counted_not_bytes(void **state) {
    CLEANUP(position_index_free) struct position_index index = {0};

    position_index_build(&index, BYTES("\xc3\xa9\xe2\x82\xac!"));
    expect(position_of_character(&index, 0), 0, 0, 1, 1);
    expect(position_of_character(&index, 1), 1, 2, 1, 2);
    expect(position_of_character(&index, 2), 2, 5, 1, 3);
    expect(position_of_character(&index, 3), 3, 6, 1, 4);
}

static void lf_and_cr_lf_and_cr_end_a_line(void **state) {
    CLEANUP(position_index_free) struct position_index index = {0};

    position_index_build(&index, BYTES("a\nb\r\nc\rd\r"));
    expect(position_of_offset(&index, 2), 2, 2, 2, 1);
    expect(position_of_offset(&index, 4), 4, 4, 2, 3);
    expect(position_of_offset(&index, 5), 5, 5, 3, 1);
    expect(position_of_offset(&index, 7), 7, 7, 4, 1);
    expect(position_of_offset(&index, 9), 9, 9, 5, 1);
}

static void a_byte_order_mark_is_no_character(void **state) {
    CLEANUP(position_index_free) struct position_index index = {0};

    position_index_build(&index, BYTES("\xef\xbb\xbf"
                                       "ab"));
    expect(position_of_character(&index, 0), 0, 3, 1, 1);
    expect(position_of_character(&index, 1), 1, 4, 1, 2);
    expect(position_of_offset(&index, 0), 0, 3, 1, 1);
    assert_int_equal(position_after_mark(BYTES("\xef\xbb")), 0);
}

static void an_offset_within_a_character_is_that_character(void **state) {
    CLEANUP(position_index_free) struct position_index index = {0};

    position_index_build(&index, BYTES("a\xe2\x82\xac"
                                       "b"));
    expect(position_of_offset(&index, 2), 1, 1, 1, 2);
    expect(position_of_offset(&index, 3), 1, 1, 1, 2);
    expect(position_of_offset(&index, 4), 2, 4, 1, 3);
}

static void beyond_the_end_is_the_end(void **state) {
    CLEANUP(position_index_free) struct position_index index = {0};
    CLEANUP(position_index_free) struct position_index empty = {0};

    position_index_build(&index, BYTES("ab"));
    expect(position_of_offset(&index, 2), 2, 2, 1, 3);
    expect(position_of_offset(&index, SIZE_MAX), 2, 2, 1, 3);
    expect(position_of_character(&index, SIZE_MAX), 2, 2, 1, 3);
    position_index_build(&empty, BYTES(""));
    expect(position_of_offset(&empty, 5), 0, 0, 1, 1);
    expect(position_of_character(&empty, 5), 0, 0, 1, 1);
}

static void long_texts_are_as_exact_as_short_ones(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(position_index_free) struct position_index index = {0};
    unsigned line = 1;
    unsigned column = 1;

    for (size_t i = 0; i < 2000; i++) {
        buffer_append_string(&text, i % 130 == 77 ? "\n" : "\xc3\xa9");
    }
    position_index_build(&index, buffer_bytes(&text));
    for (size_t i = 0, offset = 0; i < 2000; i++) {
        bool line_break = i % 130 == 77;
        expect(position_of_character(&index, i), i, offset, line, column);
        expect(position_of_offset(&index, offset), i, offset, line, column);
        offset += line_break ? 1 : 2;
        line += line_break;
        column = line_break ? 1 : column + 1;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(lf_and_cr_lf_and_cr_end_a_line),
        cmocka_unit_test(a_byte_order_mark_is_no_character),
        cmocka_unit_test(an_offset_within_a_character_is_that_character),
        cmocka_unit_test(beyond_the_end_is_the_end),
        cmocka_unit_test(long_texts_are_as_exact_as_short_ones),
    };
    return cmocka_run_group_tests_name("yaml/position", tests, NULL, NULL);
}
