/* SPDX-License-Identifier: Apache-2.0 */

/* How long Prometheus has been away: when the count begins, stands still, and begins anew. */

#include "controller/outage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void an_outage_lasts_from_its_first_refused_connection(void **state) {
    struct outage outage = {0};

    assert_int_equal(outage_lasts(&outage, 500), 0);
    outage_refused(&outage, 100);
    outage_refused(&outage, 300);
    assert_int_equal(outage_lasts(&outage, 500), 400);
}

static void one_that_is_starting_has_all_the_time_it_needs(void **state) {
    struct outage outage = {0};

    outage_refused(&outage, 100);
    outage_starting(&outage, 200);
    assert_int_equal(outage_lasts(&outage, 100000), 0);
    outage_starting(&outage, 100000);
    assert_int_equal(outage_lasts(&outage, 200000), 0);
}

static void one_that_dies_while_it_starts_is_counted_from_its_start(void **state) {
    struct outage outage = {0};

    outage_refused(&outage, 100);
    outage_starting(&outage, 200);
    outage_refused(&outage, 300);
    assert_int_equal(outage_lasts(&outage, 500), 300);
    /* Coming up again and again does not put the end of the patience off. */
    outage_starting(&outage, 600);
    outage_refused(&outage, 700);
    assert_int_equal(outage_lasts(&outage, 900), 700);
}

static void another_config_begins_the_count_anew(void **state) {
    struct outage outage = {0};

    outage_restart(&outage, 50);
    assert_int_equal(outage_lasts(&outage, 500), 0);
    outage_refused(&outage, 100);
    outage_restart(&outage, 400);
    assert_int_equal(outage_lasts(&outage, 500), 100);
    outage_end(&outage);
    assert_int_equal(outage_lasts(&outage, 500), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_lasts_from_its_first_refused_connection),
        cmocka_unit_test(one_that_is_starting_has_all_the_time_it_needs),
        cmocka_unit_test(one_that_dies_while_it_starts_is_counted_from_its_start),
        cmocka_unit_test(another_config_begins_the_count_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
