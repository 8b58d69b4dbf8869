/* SPDX-License-Identifier: Apache-2.0 */

/* "Did you mean". */

#include "base/nearest.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *nearest_of(const char *wanted, const char *const *names, size_t count) {
    struct nearest nearest = nearest_to(bytes_of(wanted));

    for (size_t i = 0; i < count; i++) {
        nearest_offer(&nearest, names[i]);
    }
    return nearest.best != NULL ? nearest.best : "(none)";
}

static void the_nearest_known_name_is_found(void **state) {
    static const char *const names[] = {"url",     "name",      "remoteTimeout",
                                        "headers", "basicAuth", "tlsConfig"};
    static const struct {
        const char *wanted;
        const char *expected;
    } cases[] = {
        {"uri", "url"},
        {"ulr", "url"},
        {"URL", "url"},
        {"remote_timeout", "remoteTimeout"},
        {"remoteTimout", "remoteTimeout"},
        {"basicAuht", "basicAuth"},
        {"tlsconfig", "tlsConfig"},
        {"header", "headers"},
        {"names", "name"},
        {"", "(none)"},
        {"x", "(none)"},
        {"completelyDifferent", "(none)"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(nearest_of(cases[i].wanted, names, ARRAY_LENGTH(names)),
                            cases[i].expected);
    }
}

static void two_neighbours_swapped_are_one_mistake(void **state) {
    struct nearest nearest = nearest_to(BYTES("acb"));

    nearest_offer(&nearest, "abc");
    assert_string_equal(nearest.best, "abc");
    assert_int_equal(nearest.distance, 1);
}

static void of_equals_the_first_offered_wins(void **state) {
    static const char *const names[] = {"abcx", "abcy"};
    assert_string_equal(nearest_of("abcd", names, ARRAY_LENGTH(names)), "abcx");
}

static void no_name_is_nearer_than_a_third_of_its_length_or_four(void **state) {
    static const char *const names[] = {"abcdefghijklmnopqrstuvwxyz"};

    assert_string_equal(nearest_of("abcdefghijklmnopqrstuv", names, 1), names[0]);
    assert_string_equal(nearest_of("abcdefghijklmnopqrstu", names, 1), "(none)");
    assert_string_equal(nearest_of("ab", (const char *const[]){"ac"}, 1), "(none)");
}

static void very_long_names_are_not_compared(void **state) {
    char longest[200];

    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_string_equal(nearest_of(longest, (const char *const[]){"a"}, 1), "(none)");
    assert_string_equal(nearest_of("a", (const char *const[]){longest}, 1), "(none)");
    longest[96] = '\0';
    assert_string_equal(nearest_of(longest, (const char *const[]){longest}, 1), longest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_known_name_is_found),
        cmocka_unit_test(two_neighbours_swapped_are_one_mistake),
        cmocka_unit_test(of_equals_the_first_offered_wins),
        cmocka_unit_test(no_name_is_nearer_than_a_third_of_its_length_or_four),
        cmocka_unit_test(very_long_names_are_not_compared),
    };
    return cmocka_run_group_tests_name("base/nearest", tests, NULL, NULL);
}
