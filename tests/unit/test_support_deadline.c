/* SPDX-License-Identifier: Apache-2.0 */

/* Deadlines of tests count the time of an idle machine. */

#include "base/compiler.h"
#include "support/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

/* Seconds by the clock until a deadline of so many has passed, looked at ten times a second. */
static unsigned seconds_until_it_passes(unsigned seconds, unsigned slowness) {
    struct deadline deadline = {.left = seconds * SECOND, .looked_at = 0};
    int64_t now = 0;

    do {
        now += SECOND / 10;
    } while (deadline_advance(&deadline, now, slowness));
    return (unsigned)(now / SECOND);
}

static void an_idle_machine_is_not_slow(void **state) {
    assert_int_equal(deadline_slowness("0.00 0.00 0.00 1/80 11206\n", 2), 1);
    assert_int_equal(deadline_slowness("9.00 9.00 9.00 2/80 11206\n", 2), 1);
    assert_int_equal(seconds_until_it_passes(20, 1), 20);
}

static void thirty_tasks_on_one_processor_stretch_a_deadline_thirty_times(void **state) {
    unsigned slowness = deadline_slowness("30.12 20.18 9.12 30/180 11206\n", 1);

    assert_int_equal(slowness, 30);
    assert_int_equal(seconds_until_it_passes(20, slowness), 600);
}

static void tasks_are_counted_for_each_processor(void **state) {
    assert_int_equal(deadline_slowness("0.00 0.00 0.00 30/180 1", 2), 15);
    assert_int_equal(deadline_slowness("0.00 0.00 0.00 5/180 1", 4), 2);
}

static void a_test_that_is_stuck_ends_however_great_the_load(void **state) {
    unsigned slowness = deadline_slowness("0.00 0.00 0.00 4294967295/4294967295 1", 1);

    assert_int_equal(slowness, DEADLINE_MOST_SLOWNESS);
    assert_int_equal(seconds_until_it_passes(20, slowness), 20 * DEADLINE_MOST_SLOWNESS);
}

static void a_load_that_ends_stretches_only_what_went_by_meanwhile(void **state) {
    struct deadline deadline = {.left = 20 * SECOND, .looked_at = 0};

    assert_true(deadline_advance(&deadline, 100 * SECOND, 10));
    assert_true(deadline_advance(&deadline, 109 * SECOND, 1));
    assert_false(deadline_advance(&deadline, 110 * SECOND, 1));
}

static void a_kernel_that_does_not_tell_its_load_leaves_the_clock(void **state) {
    assert_int_equal(deadline_slowness("", 1), 1);
    assert_int_equal(deadline_slowness("0.00 0.00 0.00", 1), 1);
    assert_int_equal(deadline_slowness("0.00 0.00 0.00 x/180 1", 1), 1);
    assert_int_equal(deadline_slowness("0.00 0.00 0.00 30/180 1", 0), 1);
}

static void a_condition_that_never_holds_is_given_up(void **state) {
    assert_false(WAIT_UNTIL(false, 10));
}

static void a_condition_that_holds_is_not_waited_for(void **state) {
    assert_true(WAIT_UNTIL(true, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_machine_is_not_slow),
        cmocka_unit_test(thirty_tasks_on_one_processor_stretch_a_deadline_thirty_times),
        cmocka_unit_test(tasks_are_counted_for_each_processor),
        cmocka_unit_test(a_test_that_is_stuck_ends_however_great_the_load),
        cmocka_unit_test(a_load_that_ends_stretches_only_what_went_by_meanwhile),
        cmocka_unit_test(a_kernel_that_does_not_tell_its_load_leaves_the_clock),
        cmocka_unit_test(a_condition_that_never_holds_is_given_up),
        cmocka_unit_test(a_condition_that_holds_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
