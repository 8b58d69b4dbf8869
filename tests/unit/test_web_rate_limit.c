/* SPDX-License-Identifier: Apache-2.0 */

/* The token bucket of the web configuration, on a made-up clock. */

#include "web/rate_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned passed(struct rate_limit *state, const struct web_rate_limit *limit, unsigned count,
                       int64_t now) {
    unsigned passes = 0;

    for (unsigned i = 0; i < count; i++) {
        passes += rate_limit_pass(state, limit, now);
    }
    return passes;
}

static void without_an_interval_there_is_no_limit(void **state) {
    const struct web_rate_limit limit = {0};
    struct rate_limit bucket = {0};

    assert_int_equal(passed(&bucket, &limit, 1000, 5), 1000);
}

static void a_burst_passes_and_what_is_beyond_it_does_not(void **state) {
    const struct web_rate_limit limit = {.interval = 100, .burst = 3};
    struct rate_limit bucket = {0};

    assert_int_equal(passed(&bucket, &limit, 10, 5000), 3);
}

static void after_each_interval_one_more_passes(void **state) {
    const struct web_rate_limit limit = {.interval = 100, .burst = 3};
    struct rate_limit bucket = {0};

    passed(&bucket, &limit, 10, 5000);
    assert_int_equal(passed(&bucket, &limit, 10, 5099), 0);
    assert_int_equal(passed(&bucket, &limit, 10, 5100), 1);
    assert_int_equal(passed(&bucket, &limit, 10, 5300), 2);
}

static void rest_fills_no_more_than_the_bucket(void **state) {
    const struct web_rate_limit limit = {.interval = 100, .burst = 3};
    struct rate_limit bucket = {0};

    passed(&bucket, &limit, 10, 5000);
    assert_int_equal(passed(&bucket, &limit, 10, 1000000), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_interval_there_is_no_limit),
        cmocka_unit_test(a_burst_passes_and_what_is_beyond_it_does_not),
        cmocka_unit_test(after_each_interval_one_more_passes),
        cmocka_unit_test(rest_fills_no_more_than_the_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
