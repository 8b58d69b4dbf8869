/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers out of text. */

#include "base/number.h"

#include "base/compiler.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_number_is_decimal_with_an_optional_minus(void **state) {
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"42", 42},
        {"-42", -42},
        {"0042", 42},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t value = 77;
        assert_int_equal(number_parse(bytes_of(cases[i].text), &value), 0);
        assert_true(value == cases[i].value);
    }
}

static void what_is_no_number_is_refused(void **state) {
    static const char *const cases[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "0x10", "1e3", "--1", "a", "99999999999999999999x"};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t value = 77;
        assert_int_equal(number_parse(bytes_of(cases[i]), &value), -EINVAL);
        assert_int_equal(value, 77);
    }
}

static void a_number_beyond_int64_is_out_of_range(void **state) {
    static const char *const cases[] = {"9223372036854775808", "-9223372036854775809",
                                        "18446744073709551616", "99999999999999999999999"};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t value = 77;
        assert_int_equal(number_parse(bytes_of(cases[i]), &value), -ERANGE);
        assert_int_equal(value, 77);
    }
}

static void a_size_may_have_a_unit(void **state) {
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {
        {"0", 0},
        {"512", 512},
        {"512B", 512},
        {"10k", 10000},
        {"10K", 10000},
        {"10kB", 10000},
        {"64KiB", 65536},
        {"64Ki", 65536},
        {"4MB", 4000000},
        {"4MiB", 4194304},
        {"1Mi", 1048576},
        {"1M", 1000000},
        {"1GiB", 1073741824},
        {"1Gi", 1073741824},
        {"2G", 2000000000},
        {"2GB", 2000000000},
        {"18446744073709551615", UINT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t value = 77;
        assert_int_equal(size_parse(bytes_of(cases[i].text), &value), 0);
        assert_true(value == cases[i].value);
    }
}

static void what_is_no_size_is_refused(void **state) {
    static const char *const cases[] = {"",      "MiB",  "-1", "1.5MiB", "4 MiB",
                                        "4MiBs", "4mib", "1T", "0x10"};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t value = 77;
        assert_int_equal(size_parse(bytes_of(cases[i]), &value), -EINVAL);
        assert_int_equal(value, 77);
    }
}

static void a_size_beyond_uint64_is_out_of_range(void **state) {
    static const char *const cases[] = {"18446744073709551616", "17179869184GiB",
                                        "18446744073709551615k"};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t value = 77;
        assert_int_equal(size_parse(bytes_of(cases[i]), &value), -ERANGE);
        assert_int_equal(value, 77);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_decimal_with_an_optional_minus),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(a_number_beyond_int64_is_out_of_range),
        cmocka_unit_test(a_size_may_have_a_unit),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(a_size_beyond_uint64_is_out_of_range),
    };
    return cmocka_run_group_tests_name("base/number", tests, NULL, NULL);
}
