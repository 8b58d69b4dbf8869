/* SPDX-License-Identifier: Apache-2.0 */

/* What a plain scalar means: the answers are those of gopkg.in/yaml.v2. */

#include "yaml/resolve.h"

#include "base/compiler.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct resolution resolve(const char *text) {
    return resolve_plain(bytes_of(text));
}

static void the_words_of_yaml_1_1_are_booleans(void **state) {
    static const char *const yes[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                      "True", "TRUE", "on",  "On",  "ON"};
    static const char *const no[] = {"n",     "N",     "no",  "No",  "NO", "false",
                                     "False", "FALSE", "off", "Off", "OFF"};

    for (size_t i = 0; i < ARRAY_LENGTH(yes); i++) {
        assert_int_equal(resolve(yes[i]).kind, SCALAR_BOOL);
        assert_true(resolve(yes[i]).boolean);
        assert_int_equal(resolve(no[i]).kind, SCALAR_BOOL);
        assert_false(resolve(no[i]).boolean);
    }
}

static void null_has_five_spellings(void **state) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};

    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        assert_int_equal(resolve(words[i]).kind, SCALAR_NULL);
    }
}

static void integers_have_go_s_bases_and_underscores(void **state) {
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"00", 0},
        {"12", 12},
        {"+12", 12},
        {"-12", -12},
        {"012", 10},
        {"-012", -10},
        {"0o17", 15},
        {"0O17", 15},
        {"-0o17", -15},
        {"0x1F", 31},
        {"0X1f", 31},
        {"+0x1F", 31},
        {"0b11", 3},
        {"0B11", 3},
        {"-0b11", -3},
        {"0b-11", -3},
        {"0b+11", 3},
        {"1_000", 1000},
        {"1__0_", 10},
        {"+_1", 1},
        {"0_7", 7},
        {"0x_1_F", 31},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-0x8000000000000000", INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resolution resolution = resolve(cases[i].text);
        assert_int_equal(resolution.kind, SCALAR_INTEGER);
        assert_true(resolution.integer == cases[i].value);
        assert_true(resolution.number == (double)cases[i].value);
    }
}

static void floats_are_decimal(void **state) {
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"1.5", 1.5},      {"-1.5", -1.5},   {"+.5", 0.5},  {".5", 0.5},
        {".5e1", 5},       {"1.", 1},        {"1.e1", 10},  {"1e3", 1000},
        {"1E-3", 0.001},   {"1.5e+3", 1500}, {"08", 8},     {"-09.5", -9.5},
        {"1_0.5_0", 10.5}, {".5_5", 0.55},   {"1e-999", 0}, {"-.5_", -0.5},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resolution resolution = resolve(cases[i].text);
        assert_int_equal(resolution.kind, SCALAR_FLOAT);
        assert_true(resolution.number == cases[i].value);
    }
}

static void integers_beyond_int64_are_floats(void **state) {
    static const struct {
        const char *text;
        double value;
        bool large;
    } cases[] = {
        {"9223372036854775808", 9223372036854775808.0, true},
        {"18446744073709551615", 18446744073709551615.0, true},
        {"0xFFFFFFFFFFFFFFFF", 18446744073709551615.0, true},
        {"18446744073709551616", 18446744073709551616.0, false},
        {"-9223372036854775809", -9223372036854775809.0, false},
        {"+18446744073709551615", 18446744073709551615.0, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resolution resolution = resolve(cases[i].text);
        assert_int_equal(resolution.kind, SCALAR_FLOAT);
        assert_true(resolution.number == cases[i].value);
        assert_int_equal(resolution.large, cases[i].large);
    }
}

static void infinity_and_not_a_number_have_their_words(void **state) {
    assert_true(isnan(resolve(".nan").number));
    assert_true(isnan(resolve(".NaN").number));
    assert_true(resolve(".inf").number > 0 && isinf(resolve(".inf").number));
    assert_true(resolve("+.Inf").number > 0);
    assert_true(resolve("-.INF").number < 0);
    assert_int_equal(resolve("-.INF").kind, SCALAR_FLOAT);
}

static void everything_else_is_a_string(void **state) {
    static const char *const cases[] = {
        "a",
        "yEs",
        "nULL",
        ".Nan",
        "inf",
        "nan",
        "-",
        "+",
        ".",
        "..",
        "...",
        "0x",
        "0b",
        "0o8",
        "0b2",
        "0xg",
        "1,000",
        "1e",
        "1e+",
        "1.5.5",
        "--1",
        "-0b-1",
        "0b--1",
        "1d",
        "30s",
        "_1",
        "._5",
        ".5_",
        "e5",
        ".e5",
        "1e999",
        "-1e999",
        "<<",
        "=",
        "1:30",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "0xFFFFFFFFFFFFFFFFFF",
        "+0xFFFFFFFFFFFFFFFF",
        " 1",
        "1 ",
        "Falsehood",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(resolve(cases[i]).kind, SCALAR_STRING);
    }
}

static int resolve_with(const char *name, const char *text, struct resolution *ret) {
    char tag[64];
    snprintf(tag, sizeof(tag), "tag:yaml.org,2002:%s", name);
    return resolve_tagged(tag, bytes_of(text), ret);
}

static void a_tag_decides_where_the_text_fits(void **state) {
    static const struct {
        const char *tag;
        const char *text;
        enum scalar_kind kind;
    } cases[] = {
        {"str", "12", SCALAR_STRING},  {"int", "0x1F", SCALAR_INTEGER},
        {"bool", "yes", SCALAR_BOOL},  {"float", "1.5", SCALAR_FLOAT},
        {"float", "12", SCALAR_FLOAT}, {"null", "~", SCALAR_NULL},
        {"null", "", SCALAR_NULL},     {"timestamp", "x", SCALAR_STRING},
        {"set", "1", SCALAR_STRING},   {"int", "18446744073709551615", SCALAR_FLOAT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resolution resolution = {0};
        assert_int_equal(resolve_with(cases[i].tag, cases[i].text, &resolution), 0);
        assert_int_equal(resolution.kind, cases[i].kind);
    }
}

static void a_tag_that_does_not_fit_is_an_error(void **state) {
    static const char *const cases[][2] = {
        {"int", "abc"}, {"int", "1.5"}, {"int", ""},      {"bool", "1"},
        {"float", "x"}, {"null", "x"},  {"float", "yes"},
    };
    struct resolution resolution = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(resolve_with(cases[i][0], cases[i][1], &resolution), -EINVAL);
    }
    assert_int_equal(resolve_with("binary", "AAAA", &resolution), -ENOTSUP);
}

static void a_tag_that_is_not_yaml_s_own_makes_a_string(void **state) {
    struct resolution resolution = {.kind = SCALAR_NULL};

    assert_int_equal(resolve_tagged("!local", BYTES("12"), &resolution), 0);
    assert_int_equal(resolution.kind, SCALAR_STRING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_of_yaml_1_1_are_booleans),
        cmocka_unit_test(null_has_five_spellings),
        cmocka_unit_test(integers_have_go_s_bases_and_underscores),
        cmocka_unit_test(floats_are_decimal),
        cmocka_unit_test(integers_beyond_int64_are_floats),
        cmocka_unit_test(infinity_and_not_a_number_have_their_words),
        cmocka_unit_test(everything_else_is_a_string),
        cmocka_unit_test(a_tag_decides_where_the_text_fits),
        cmocka_unit_test(a_tag_that_does_not_fit_is_an_error),
        cmocka_unit_test(a_tag_that_is_not_yaml_s_own_makes_a_string),
    };
    return cmocka_run_group_tests_name("yaml/resolve", tests, NULL, NULL);
}
