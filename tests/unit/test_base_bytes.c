/* SPDX-License-Identifier: Apache-2.0 */

/* Views and buffers. */

#include "base/bytes.h"

#include <limits.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct bytes nothing = {NULL, 0};

static void views_are_equal_by_content(void **state) {
    assert_true(bytes_equal(BYTES("abc"), bytes_of("abc")));
    assert_true(bytes_equal(nothing, BYTES("")));
    assert_true(bytes_equal(BYTES("a\0b"), BYTES("a\0b")));
    assert_false(bytes_equal(BYTES("a\0b"), BYTES("a\0c")));
    assert_false(bytes_equal(BYTES("ab"), BYTES("abc")));
    assert_true(bytes_equal_string(BYTES("abc"), "abc"));
    assert_true(bytes_equal_string(BYTES(""), NULL));
    assert_false(bytes_equal_string(BYTES("a\0b"), "a"));
}

static void views_are_ordered_by_byte_then_by_length(void **state) {
    assert_true(bytes_compare(BYTES("a"), BYTES("b")) < 0);
    assert_true(bytes_compare(BYTES("b"), BYTES("ab")) > 0);
    assert_true(bytes_compare(BYTES("ab"), BYTES("abc")) < 0);
    assert_true(bytes_compare(BYTES("abc"), BYTES("ab")) > 0);
    assert_true(bytes_compare(nothing, BYTES("a")) < 0);
    assert_int_equal(bytes_compare(nothing, BYTES("")), 0);
    assert_true(bytes_compare(BYTES("\x7f"), BYTES("\x80")) < 0);
}

static void beginnings_and_ends_are_found(void **state) {
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("ab")));
    assert_true(bytes_starts_with(BYTES("abc"), nothing));
    assert_false(bytes_starts_with(BYTES("a"), BYTES("ab")));
    assert_false(bytes_starts_with(BYTES("abc"), BYTES("b")));
    assert_true(bytes_ends_with(BYTES("abc"), BYTES("bc")));
    assert_true(bytes_ends_with(nothing, nothing));
    assert_false(bytes_ends_with(BYTES("c"), BYTES("bc")));
    assert_false(bytes_ends_with(BYTES("abc"), BYTES("b")));
}

static void a_slice_stays_within_its_view(void **state) {
    struct bytes text = BYTES("abcdef");

    assert_true(bytes_equal_string(bytes_slice(text, 2, 4), "cd"));
    assert_true(bytes_equal_string(bytes_slice(text, 4, SIZE_MAX), "ef"));
    assert_int_equal(bytes_slice(text, 4, 2).length, 0);
    assert_int_equal(bytes_slice(text, 9, 12).length, 0);
    assert_null(bytes_slice(nothing, 1, 2).data);
}

static void trimming_takes_blanks_at_both_ends(void **state) {
    assert_true(bytes_equal_string(bytes_trim(BYTES(" \t\r\n a b \n")), "a b"));
    assert_int_equal(bytes_trim(BYTES(" \n")).length, 0);
    assert_int_equal(bytes_trim(nothing).length, 0);
}

static void a_needle_is_found_from_an_offset_on(void **state) {
    struct bytes text = BYTES("abcabc");

    assert_int_equal(bytes_find(text, BYTES("bc"), 0), 1);
    assert_int_equal(bytes_find(text, BYTES("bc"), 2), 4);
    assert_int_equal(bytes_find(text, BYTES("bc"), 5), SIZE_MAX);
    assert_int_equal(bytes_find(text, BYTES("abcabcd"), 0), SIZE_MAX);
    assert_int_equal(bytes_find(text, BYTES("a"), 7), SIZE_MAX);
    assert_int_equal(bytes_find(text, nothing, 6), 6);
    assert_int_equal(bytes_find(nothing, BYTES("a"), 0), SIZE_MAX);
}

static void the_hash_is_fnv_1a(void **state) {
    assert_true(bytes_hash(nothing) == UINT64_C(0xcbf29ce484222325));
    assert_true(bytes_hash(BYTES("a")) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(bytes_hash(BYTES("foobar")) == UINT64_C(0x85944171f73967e8));
}

static void text_is_well_formed_utf_8_without_nul(void **state) {
    static const struct bytes good[] = {
        {"", 0}, {"a\n\x7f", 3}, {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9}};
    static const struct bytes bad[] = {
        {"a\0b", 3},     {"\x80", 1},         {"\xc3", 1},
        {"\xc0\xaf", 2}, {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4},
        {"\xe2\x82", 2}, {"\xff", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_true(bytes_is_text(good[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_false(bytes_is_text(bad[i]));
    }
}

static void a_view_can_be_printed(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct bytes huge = {"x", (size_t)INT_MAX + 1};

    buffer_printf(&out, "<%.*s><%.*s>", BYTES_ARG(BYTES("ab")), BYTES_ARG(nothing));
    assert_string_equal(buffer_string(&out), "<ab><>");
    assert_int_equal(bytes_print_length(huge), INT_MAX);
}

static void a_buffer_gathers_what_is_appended(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};

    buffer_append(&out, BYTES("ab"));
    buffer_append(&out, nothing);
    buffer_append_string(&out, "cd");
    buffer_append_string(&out, NULL);
    buffer_append_char(&out, 'e');
    buffer_append_repeated(&out, '-', 3);
    buffer_append_repeated(&out, '-', 0);
    buffer_printf(&out, "%d", 42);
    buffer_printf(&out, "%s", "");
    assert_string_equal(buffer_string(&out), "abcde---42");
    assert_int_equal(buffer_bytes(&out).length, 10);
}

static void a_buffer_grows_to_any_size(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};

    for (size_t i = 0; i < 100000; i++) {
        buffer_append_char(&out, (char)('a' + i % 26));
    }
    memcpy(buffer_reserve(&out, 500000), "!", 1);
    assert_true(out.capacity >= 600000);
    for (size_t i = 0; i < 100000; i++) {
        assert_int_equal(out.data[i], 'a' + (int)(i % 26));
    }
}

static void a_cleared_buffer_is_empty_and_erased(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};

    buffer_append_string(&out, "hunter2");
    const char *data = out.data;
    buffer_clear(&out);
    assert_int_equal(out.length, 0);
    assert_ptr_equal(out.data, data);
    assert_int_equal(data[0], '\0');
    assert_int_equal(data[6], '\0');
    assert_string_equal(buffer_string(&out), "");
}

static void a_freed_buffer_can_be_used_again(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};

    buffer_append_string(&out, "a");
    buffer_free(&out);
    assert_null(out.data);
    assert_null(buffer_bytes(&out).data);
    buffer_append_string(&out, "b");
    assert_string_equal(buffer_string(&out), "b");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_equal_by_content),
        cmocka_unit_test(views_are_ordered_by_byte_then_by_length),
        cmocka_unit_test(beginnings_and_ends_are_found),
        cmocka_unit_test(a_slice_stays_within_its_view),
        cmocka_unit_test(trimming_takes_blanks_at_both_ends),
        cmocka_unit_test(a_needle_is_found_from_an_offset_on),
        cmocka_unit_test(the_hash_is_fnv_1a),
        cmocka_unit_test(text_is_well_formed_utf_8_without_nul),
        cmocka_unit_test(a_view_can_be_printed),
        cmocka_unit_test(a_buffer_gathers_what_is_appended),
        cmocka_unit_test(a_buffer_grows_to_any_size),
        cmocka_unit_test(a_cleared_buffer_is_empty_and_erased),
        cmocka_unit_test(a_freed_buffer_can_be_used_again),
    };
    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
