/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus's record of its last reload tells, and what it does not. */

#include "controller/record.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static struct reload_record record(bool success, int64_t seconds) {
    return (struct reload_record){.known = true, .success = success, .time = seconds * SECOND};
}

static const struct reload_record unknown = {.known = false};

static enum record_verdict judged(struct reload_record before, struct reload_record now) {
    return record_judge(&before, &now, 100 * SECOND + SECOND / 2);
}

static void a_later_success_is_this_one(void **state) {
    assert_int_equal(judged(record(true, 90), record(true, 101)), RECORD_LOADED);
    assert_int_equal(judged(record(false, 90), record(true, 101)), RECORD_LOADED);
}

static void the_same_success_may_still_be_followed_by_another(void **state) {
    assert_int_equal(judged(record(true, 90), record(true, 90)), RECORD_OPEN);
}

static void a_record_that_turns_bad_is_a_refusal(void **state) {
    assert_int_equal(judged(record(true, 90), record(false, 90)), RECORD_REFUSED);
}

static void a_record_that_was_bad_before_tells_only_a_success(void **state) {
    assert_int_equal(judged(record(false, 90), record(false, 90)), RECORD_OPEN);
    assert_int_equal(judged(record(false, 90), record(true, 90)), RECORD_LOADED);
}

static void a_success_that_a_refusal_followed_is_a_refusal(void **state) {
    assert_int_equal(judged(record(false, 90), record(false, 101)), RECORD_REFUSED);
}

static void a_clock_that_was_set_back_is_another_time_too(void **state) {
    assert_int_equal(judged(record(true, 90), record(true, 80)), RECORD_LOADED);
}

static void without_a_record_before_only_a_later_success_tells(void **state) {
    assert_int_equal(judged(unknown, record(true, 101)), RECORD_LOADED);
    assert_int_equal(judged(unknown, record(true, 100)), RECORD_OPEN);
    assert_int_equal(judged(unknown, record(false, 90)), RECORD_OPEN);
    assert_int_equal(judged(unknown, record(false, 101)), RECORD_OPEN);
}

/* --- a reload of which nothing else will tell ------------------------------------------------- */

static int64_t wait(struct reload_record before, int64_t now) {
    return record_wait(&before, now);
}

static void a_success_in_the_second_of_the_last_one_would_not_show(void **state) {
    assert_int_equal(wait(record(true, 100), 100 * SECOND), SECOND);
    assert_int_equal(wait(record(true, 100), 100 * SECOND + SECOND / 4), SECOND - SECOND / 4);
    assert_int_equal(wait(record(true, 100), 101 * SECOND - 1), 1);
}

static void in_a_later_second_it_shows(void **state) {
    assert_int_equal(wait(record(true, 100), 101 * SECOND), 0);
    assert_int_equal(wait(record(true, 100), 5000 * SECOND), 0);
}

static void after_a_failure_a_success_shows_at_once(void **state) {
    assert_int_equal(wait(record(false, 100), 100 * SECOND), 0);
    assert_int_equal(wait(unknown, 100 * SECOND), 0);
}

static void a_clock_that_was_set_back_is_waited_for_where_it_is_soon_there(void **state) {
    assert_int_equal(wait(record(true, 100), 99 * SECOND + SECOND / 2), SECOND + SECOND / 2);
    assert_int_equal(wait(record(true, 100), 98 * SECOND), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_success_is_this_one),
        cmocka_unit_test(the_same_success_may_still_be_followed_by_another),
        cmocka_unit_test(a_record_that_turns_bad_is_a_refusal),
        cmocka_unit_test(a_record_that_was_bad_before_tells_only_a_success),
        cmocka_unit_test(a_success_that_a_refusal_followed_is_a_refusal),
        cmocka_unit_test(a_clock_that_was_set_back_is_another_time_too),
        cmocka_unit_test(without_a_record_before_only_a_later_success_tells),
        cmocka_unit_test(a_success_in_the_second_of_the_last_one_would_not_show),
        cmocka_unit_test(in_a_later_second_it_shows),
        cmocka_unit_test(after_a_failure_a_success_shows_at_once),
        cmocka_unit_test(a_clock_that_was_set_back_is_waited_for_where_it_is_soon_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
