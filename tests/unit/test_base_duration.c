/* SPDX-License-Identifier: Apache-2.0 */

/* Durations as Prometheus reads and writes them. */

#include "base/duration.h"

#include "base/compiler.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t second = 1000;
static const int64_t minute = INT64_C(60) * 1000;
static const int64_t hour = INT64_C(60) * 60 * 1000;
static const int64_t day = INT64_C(24) * 60 * 60 * 1000;

static int parse(const char *text, int64_t *ret) {
    return duration_parse(bytes_of(text), ret);
}

static void a_duration_is_the_sum_of_its_units(void **state) {
    const struct {
        const char *text;
        int64_t milliseconds;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"500ms", 500},
        {"5s", 5 * second},
        {"1h30m", hour + 30 * minute},
        {"90m", 90 * minute},
        {"1y2w3d4h5m6s7ms",
         365 * day + 14 * day + 3 * day + 4 * hour + 5 * minute + 6 * second + 7},
        {"1y7ms", 365 * day + 7},
        {"0y0w0d0h0m0s0ms", 0},
        {"00012s", 12 * second},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t milliseconds = -1;
        assert_int_equal(parse(cases[i].text, &milliseconds), 0);
        assert_int_equal(milliseconds, cases[i].milliseconds);
    }
}

static void what_is_no_duration_is_refused(void **state) {
    static const char *const cases[] = {
        "",    "1",   "s",    "00",   "1.5s", "-1s",   "+1s",  " 1s",
        "1s ", "1S",  "1sec", "1m1h", "1s1s", "1ms1s", "1h30", "1h 30m",
        "h1",  "1hm", "0x1s", "1µs",  "1us",  "1ns",   "5 m",  "1s\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t milliseconds = 77;
        assert_int_equal(parse(cases[i], &milliseconds), -EINVAL);
        assert_int_equal(milliseconds, 77);
    }
}

static void the_sum_must_fit_in_the_nanoseconds_of_an_int64(void **state) {
    static const char *const too_long[] = {
        "9223372036855ms",
        "9223372037s",
        "293y",
        "292y365d",
        "99999999999999999999s",
        "18446744073709551616ms",
        "2562047h48m",
        "292y24w3d23h47m16s855ms",
    };
    int64_t milliseconds = 77;

    for (size_t i = 0; i < ARRAY_LENGTH(too_long); i++) {
        assert_int_equal(parse(too_long[i], &milliseconds), -ERANGE);
        assert_int_equal(milliseconds, 77);
    }
    assert_int_equal(parse("9223372036854ms", &milliseconds), 0);
    assert_int_equal(milliseconds, INT64_C(9223372036854));
    assert_int_equal(parse("292y24w3d23h47m16s854ms", &milliseconds), 0);
    assert_int_equal(milliseconds, INT64_C(9223372036854));
}

static void too_long_and_ill_formed_is_ill_formed(void **state) {
    int64_t milliseconds = 0;
    assert_int_equal(parse("99999999999999999999y1", &milliseconds), -EINVAL);
}

static void the_spelling_is_the_one_of_prometheus(void **state) {
    const struct {
        int64_t milliseconds;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ms"},
        {90 * second, "1m30s"},
        {hour + 1, "1h1ms"},
        {7 * day, "1w"},
        {90 * day, "90d"},
        {8 * day, "8d"},
        {365 * day, "1y"},
        {366 * day, "366d"},
        {-90 * second, "-1m30s"},
        {INT64_C(9223372036854), "106751d23h47m16s854ms"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        duration_format(cases[i].milliseconds, &out);
        assert_string_equal(buffer_string(&out), cases[i].text);
    }
}

static void the_smallest_number_can_be_written(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    duration_format(INT64_MIN, &out);
    assert_int_equal(out.data[0], '-');
}

static void what_go_writes_is_read_as_go_reads_it(void **state) {
    const struct {
        const char *text;
        int64_t milliseconds;
    } cases[] = {
        {"0s", 0},           {"3m0s", 3 * minute}, {"1h0m0s", hour},        {"1.5s", 1500},
        {".5s", 500},        {"5.s", 5 * second},  {"1m1h", hour + minute}, {"1s1s", 2 * second},
        {"0.1ms", 1}, /* what is not 0 stays so */
        {"100us", 1},        {"1500\u00b5s", 2},   {"1000000ns", 1},        {"1d", 24 * hour},
        {"1.5d", 36 * hour}, {"1h1w", 169 * hour},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t milliseconds = -1;
        assert_int_equal(go_duration_parse(bytes_of(cases[i].text), &milliseconds), 0);
        assert_int_equal(milliseconds, cases[i].milliseconds);
    }
}

static void what_go_refuses_is_refused(void **state) {
    static const char *const cases[] = {"",   "1",   "s",   ".s",   "-1s",   "+1s", "1y",
                                        "1S", " 1s", "1s ", "1h30", "1..5s", "1.5"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t milliseconds = 77;
        assert_int_equal(go_duration_parse(bytes_of(cases[i]), &milliseconds), -EINVAL);
        assert_int_equal(milliseconds, 77);
    }
    int64_t milliseconds = 77;
    assert_int_equal(go_duration_parse(BYTES("9999999999h"), &milliseconds), -ERANGE);
    assert_int_equal(milliseconds, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_is_the_sum_of_its_units),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(the_sum_must_fit_in_the_nanoseconds_of_an_int64),
        cmocka_unit_test(too_long_and_ill_formed_is_ill_formed),
        cmocka_unit_test(the_spelling_is_the_one_of_prometheus),
        cmocka_unit_test(the_smallest_number_can_be_written),
        cmocka_unit_test(what_go_writes_is_read_as_go_reads_it),
        cmocka_unit_test(what_go_refuses_is_refused),
    };
    return cmocka_run_group_tests_name("base/duration", tests, NULL, NULL);
}
