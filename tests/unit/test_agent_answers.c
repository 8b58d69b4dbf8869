/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus's answers mean for the controller. */

#include "agent/answers.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static struct reload_record record;

static enum record_answer judged(struct http_answer answer) {
    return answer_record(&answer, &record);
}

static void a_record_is_read_out_of_a_good_answer_only(void **state) {
    (void)state;
    const struct bytes body =
        BYTES("{\"status\":\"success\",\"data\":{\"reloadConfigSuccess\":true,"
              "\"lastConfigTime\":\"1970-01-01T00:01:30Z\"}}");

    assert_int_equal(judged((struct http_answer){.status = 200, .body = body}),
                     RECORD_ANSWER_KNOWN);
    assert_true(record.known);
    assert_true(record.success);
    assert_int_equal(record.time, 90 * SECOND);
    assert_int_equal(judged((struct http_answer){.status = 404, .body = body}), RECORD_ANSWER_NONE);
    assert_false(record.known);
    assert_int_equal(judged((struct http_answer){.status = 200, .body = BYTES("<html>")}),
                     RECORD_ANSWER_NONE);
}

static void a_temporary_fault_is_worth_another_request(void **state) {
    (void)state;

    assert_int_equal(judged((struct http_answer){.status = 500}), RECORD_ANSWER_FAILED);
    assert_int_equal(judged((struct http_answer){.status = 502}), RECORD_ANSWER_FAILED);
    assert_int_equal(judged((struct http_answer){.status = 429}), RECORD_ANSWER_FAILED);
    assert_int_equal(judged((struct http_answer){.maybe_received = true}), RECORD_ANSWER_FAILED);
    assert_int_equal(judged((struct http_answer){.status = 503}), RECORD_ANSWER_STARTING);
    assert_int_equal(judged((struct http_answer){.unreachable = true}), RECORD_ANSWER_UNREACHABLE);
    assert_int_equal(judged((struct http_answer){.error = "no URL"}), RECORD_ANSWER_NONE);
}

/* The reload may have happened all the same: the record tells. */
static void a_gateway_without_an_answer_is_a_lost_one(void **state) {
    (void)state;
    const struct http_answer bad_gateway = {.status = 502};
    const struct http_answer timeout = {.status = 504};
    const struct http_answer starting = {.status = 503};

    assert_int_equal(answer_reload_verdict(&bad_gateway), RELOAD_UNKNOWN);
    assert_true(answer_is_lost(&bad_gateway));
    assert_int_equal(answer_reload_verdict(&timeout), RELOAD_UNKNOWN);
    assert_true(answer_is_lost(&timeout));
    assert_int_equal(answer_reload_verdict(&starting), RELOAD_DENIED);
    assert_false(answer_is_lost(&starting));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_out_of_a_good_answer_only),
        cmocka_unit_test(a_temporary_fault_is_worth_another_request),
        cmocka_unit_test(a_gateway_without_an_answer_is_a_lost_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
