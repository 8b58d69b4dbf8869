/* SPDX-License-Identifier: Apache-2.0 */

/* How waits grow. */

#include "controller/backoff.h"
#include "support/assertions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* With this chance the wait is what it would be without jitter. */
static uint32_t middle(int64_t wait) {
    return (uint32_t)(wait / 5);
}

static void waits_double_up_to_a_minute(void **state) {
    static const int64_t expected[] = {5000, 10000, 20000, 40000, 60000, 60000, 60000};
    struct backoff backoff = backoff_from(5000);

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(backoff_next(&backoff, middle(expected[i])), expected[i]);
    }
}

static void jitter_stays_within_a_fifth(void **state) {
    for (uint32_t random = 0; random < 5000; random++) {
        struct backoff backoff = backoff_from(1000);
        int64_t wait = backoff_next(&backoff, random * 858993);
        assert_between(wait, 800, 1200);
    }
    struct backoff low = backoff_from(1000);
    struct backoff high = backoff_from(1000);
    assert_int_equal(backoff_next(&low, 0), 800);
    assert_int_equal(backoff_next(&high, 400), 1200);
}

static void a_reset_starts_again_with_the_first_wait(void **state) {
    struct backoff backoff = backoff_from(5000);

    backoff_next(&backoff, 0);
    backoff_next(&backoff, 0);
    backoff_reset(&backoff);

    assert_int_equal(backoff_next(&backoff, middle(5000)), 5000);
}

static void a_first_wait_longer_than_a_minute_stays(void **state) {
    struct backoff backoff = backoff_from(600000);

    assert_int_equal(backoff_next(&backoff, middle(600000)), 600000);
    assert_int_equal(backoff_next(&backoff, middle(600000)), 600000);
}

static void extremes_do_not_overflow(void **state) {
    struct backoff nothing = backoff_from(0);
    struct backoff endless = backoff_from(INT64_MAX / 2);

    assert_int_equal(backoff_next(&nothing, UINT32_MAX), 1);
    assert_true(backoff_next(&endless, UINT32_MAX) > 0);
    assert_true(backoff_next(&endless, UINT32_MAX) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_a_minute),
        cmocka_unit_test(jitter_stays_within_a_fifth),
        cmocka_unit_test(a_reset_starts_again_with_the_first_wait),
        cmocka_unit_test(a_first_wait_longer_than_a_minute_stays),
        cmocka_unit_test(extremes_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
