/* SPDX-License-Identifier: Apache-2.0 */

/* Versions of Prometheus, and base64 of Secrets. */

#include "base/compiler.h"
#include "spec/base64.h"
#include "spec/version.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void a_version_is_read_as_prometheus_and_packagers_write_it(void **state) {
    static const struct {
        const char *text;
        struct version version;
    } cases[] = {
        {"2.42", {2, 42, 0}},       {"v2.42.0", {2, 42, 0}},        {"3.0.0-rc.1", {3, 0, 0}},
        {"2.42.0+ds", {2, 42, 0}},  {"2.42.0~deb12u1", {2, 42, 0}}, {"3.14.15", {3, 14, 15}},
        {"3.5.3+ds1-6", {3, 5, 3}}, {"0.0.1", {0, 0, 1}},           {"v3.1-beta", {3, 1, 0}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct version version;
        assert_int_equal(version_parse(bytes_of(cases[i].text), &version), 0);
        assert_int_equal(version_compare(version, cases[i].version), 0);
    }
}

static void what_is_no_version_leaves_the_result_alone(void **state) {
    static const char *const texts[] = {
        "",      "2",      "v",     "2.",      ".42",           "latest",
        "2.x",   "2.42.x", "2.42.", "2.42.0.", "99999999999.1", "0.0.0",
        "-2.42", "vv2.42", " 2.42", "2.42 "};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct version version = {7, 7, 7};
        assert_true(version_parse(bytes_of(texts[i]), &version) < 0);
        assert_int_equal(version.major, 7);
    }
}

static void versions_are_ordered_by_number_and_not_by_text(void **state) {
    const struct version ordered[] = {{2, 9, 0}, {2, 10, 0}, {2, 10, 1}, {2, 55, 9},
                                      {3, 0, 0}, {3, 9, 0},  {3, 11, 0}};
    for (size_t i = 0; i + 1 < ARRAY_LENGTH(ordered); i++) {
        assert_true(version_compare(ordered[i], ordered[i + 1]) < 0);
        assert_true(version_compare(ordered[i + 1], ordered[i]) > 0);
        assert_int_equal(version_compare(ordered[i], ordered[i]), 0);
    }
}

static void only_a_zeroed_version_is_not_set(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};

    assert_false(version_is_set((struct version){0}));
    assert_true(version_is_set((struct version){0, 0, 1}));
    version_format((struct version){2, 42, 0}, &text);
    assert_string_equal(buffer_string(&text), "2.42.0");
}

static void base64_is_read_as_kubernetes_reads_it(void **state) {
    static const struct {
        const char *text;
        struct bytes bytes;
    } cases[] = {
        {"", {"", 0}},
        {"YQ==", {"a", 1}},
        {"YWI=", {"ab", 2}},
        {"YWJj", {"abc", 3}},
        {"YW\nJj\r\n", {"abc", 3}},
        {"AAD/", {"\0\0\xff", 3}},
        {"+/+/", {"\xfb\xff\xbf", 3}},
        {"YWJjZA==\n", {"abcd", 4}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        struct bytes bytes;
        assert_int_equal(base64_decode(arena, bytes_of(cases[i].text), &bytes), 0);
        assert_true(bytes_equal(bytes, cases[i].bytes));
    }
}

static void what_is_no_base64_is_refused(void **state) {
    static const char *const texts[] = {"Y",    "YQ",   "YQ=",      "YWI",        "YWJj=",
                                        "====", "=",    "YQ==YQ==", "Y Q==",      "YQ==\t",
                                        "Y-_=", "a=b=", "YQ===",    "plain text", "\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        struct bytes bytes;
        assert_true(base64_decode(arena, bytes_of(texts[i]), &bytes) < 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_read_as_prometheus_and_packagers_write_it),
        cmocka_unit_test(what_is_no_version_leaves_the_result_alone),
        cmocka_unit_test(versions_are_ordered_by_number_and_not_by_text),
        cmocka_unit_test(only_a_zeroed_version_is_not_set),
        cmocka_unit_test(base64_is_read_as_kubernetes_reads_it),
        cmocka_unit_test(what_is_no_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
