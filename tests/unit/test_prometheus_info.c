/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus's status answers say, and what is none. */

#include "prometheus/info.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static int version_of(const char *answer, char *ret, size_t size) {
    return buildinfo_version(bytes_of(answer), ret, size);
}

static void the_version_is_read_from_buildinfo(void **state) {
    char version[32] = "";

    assert_int_equal(version_of("{\"status\":\"success\",\"data\":{\"version\":\"2.42.0+ds\","
                                "\"revision\":\"2.42.0+ds-5+b5\",\"goVersion\":\"go1.19.8\"}}",
                                version, sizeof(version)),
                     0);
    assert_string_equal(version, "2.42.0+ds");
}

static void an_answer_that_is_no_success_has_no_version(void **state) {
    static const char *const answers[] = {
        "",
        "null",
        "[]",
        "\"success\"",
        "404 page not found",
        "{}",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"data\":null}",
        "{\"status\":\"success\",\"data\":[\"2.42.0\"]}",
        "{\"status\":\"success\",\"data\":{}}",
        "{\"status\":\"success\",\"data\":{\"version\":2.42}}",
        "{\"status\":\"success\",\"data\":{\"version\":\"\"}}",
        "{\"status\":\"error\",\"data\":{\"version\":\"2.42.0\"}}",
        "{\"status\":\"success\",\"data\":{\"version\":\"2.42.0\"}",
        "{\"status\":\"success\",\"data\":{\"version\":\"2.42.0\"}} trailing",
    };
    char version[32] = "untouched";

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        assert_int_equal(version_of(answers[i], version, sizeof(version)), -EINVAL);
        assert_string_equal(version, "untouched");
    }
}

static void a_version_with_odd_characters_is_none(void **state) {
    static const char *const versions[] = {"2.42.0 beta", "2.42\\n0", "2.42\\u001b[31m",
                                           "2.4\\u00e4", "2.42\\u0000.1"};
    char version[32] = "";

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        CLEANUP(buffer_free) struct buffer answer = {0};
        buffer_printf(&answer, "{\"status\":\"success\",\"data\":{\"version\":\"%s\"}}",
                      versions[i]);
        assert_int_equal(buildinfo_version(buffer_bytes(&answer), version, sizeof(version)),
                         -EINVAL);
    }
}

static void a_version_that_does_not_fit_is_none(void **state) {
    const char *answer = "{\"status\":\"success\",\"data\":{\"version\":\"12345678\"}}";
    char version[9] = "";

    assert_int_equal(version_of(answer, version, 8), -EINVAL);
    assert_int_equal(version_of(answer, version, 9), 0);
    assert_string_equal(version, "12345678");
}

static void nesting_without_end_is_no_answer(void **state) {
    CLEANUP(buffer_free) struct buffer answer = {0};
    char version[32] = "";

    buffer_append_string(&answer, "{\"status\":\"success\",\"data\":");
    buffer_append_repeated(&answer, '[', 60000);
    assert_int_equal(buildinfo_version(buffer_bytes(&answer), version, sizeof(version)), -EINVAL);
}

static int reload_of(const char *success, const char *time, bool *ret_success, int64_t *ret_time) {
    CLEANUP(buffer_free) struct buffer answer = {0};

    buffer_printf(&answer,
                  "{\"status\":\"success\",\"data\":{\"startTime\":\"2023-11-23T05:00:00Z\","
                  "\"reloadConfigSuccess\":%s,\"lastConfigTime\":%s,\"goroutineCount\":34}}",
                  success, time);
    return runtimeinfo_reload(buffer_bytes(&answer), ret_success, ret_time);
}

static void the_last_reload_is_read_from_runtimeinfo(void **state) {
    bool success = false;
    int64_t time = 0;

    assert_int_equal(reload_of("true", "\"2023-11-23T06:07:08Z\"", &success, &time), 0);
    assert_true(success);
    assert_int_equal(time, INT64_C(1700719628) * SECOND);

    assert_int_equal(reload_of("false", "\"1970-01-01T00:00:00Z\"", &success, &time), 0);
    assert_false(success);
    assert_int_equal(time, 0);
}

static void the_time_may_have_a_fraction_and_an_offset(void **state) {
    static const struct {
        const char *text;
        int64_t nanoseconds;
    } times[] = {
        {"\"2019-11-02T17:23:59.301361365+01:00\"", INT64_C(1572711839) * SECOND + 301361365},
        {"\"2019-11-02T15:23:59.3-01:00\"", INT64_C(1572711839) * SECOND + 300000000},
        {"\"2019-11-02T16:23:59.3013613659999Z\"", INT64_C(1572711839) * SECOND + 301361365},
        {"\"2000-02-29T00:00:00Z\"", INT64_C(951782400) * SECOND},
        {"\"2000-03-01T00:00:00Z\"", INT64_C(951868800) * SECOND},
        {"\"2100-03-01T00:00:00Z\"", INT64_C(4107542400) * SECOND},
        {"\"2261-12-31T23:59:59Z\"", INT64_C(9214646399) * SECOND},
    };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        bool success = false;
        int64_t time = 0;
        assert_int_equal(reload_of("true", times[i].text, &success, &time), 0);
        assert_int_equal(time, times[i].nanoseconds);
    }
}

static void what_is_no_time_is_no_answer(void **state) {
    static const char *const times[] = {
        "null",
        "1700719628",
        "\"\"",
        "\"2023-11-23\"",
        "\"2023-11-23 06:07:08Z\"",
        "\"2023-11-23T06:07:08\"",
        "\"2023-11-23T06:07:08.Z\"",
        "\"2023-11-23T06:07:08Z \"",
        "\"2023-13-23T06:07:08Z\"",
        "\"2023-00-23T06:07:08Z\"",
        "\"2023-11-32T06:07:08Z\"",
        "\"2023-11-23T24:07:08Z\"",
        "\"2023-11-23T06:60:08Z\"",
        "\"2023-11-23T06:07:61Z\"",
        "\"2023-11-23T06:07:08+24:00\"",
        "\"2023-11-23T06:07:08+0100\"",
        "\"0001-01-01T00:00:00Z\"",
        "\"9999-12-31T23:59:59Z\"",
        "\"-023-11-23T06:07:08Z\"",
    };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        bool success = true;
        int64_t time = 7;
        assert_int_equal(reload_of("false", times[i], &success, &time), -EINVAL);
        assert_true(success);
        assert_int_equal(time, 7);
    }
}

static void success_has_to_be_a_boolean(void **state) {
    bool success = false;
    int64_t time = 0;

    assert_int_equal(reload_of("\"true\"", "\"2023-11-23T06:07:08Z\"", &success, &time), -EINVAL);
    assert_int_equal(reload_of("null", "\"2023-11-23T06:07:08Z\"", &success, &time), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_is_read_from_buildinfo),
        cmocka_unit_test(an_answer_that_is_no_success_has_no_version),
        cmocka_unit_test(a_version_with_odd_characters_is_none),
        cmocka_unit_test(a_version_that_does_not_fit_is_none),
        cmocka_unit_test(nesting_without_end_is_no_answer),
        cmocka_unit_test(the_last_reload_is_read_from_runtimeinfo),
        cmocka_unit_test(the_time_may_have_a_fraction_and_an_offset),
        cmocka_unit_test(what_is_no_time_is_no_answer),
        cmocka_unit_test(success_has_to_be_a_boolean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
