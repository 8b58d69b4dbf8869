/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ASSERTIONS_H
#define TESTS_SUPPORT_ASSERTIONS_H

/* What cmocka lacks, or has under other names in other versions. Include <cmocka.h> as well: these
 * are macros that fail as its own do. `make check-tests` keeps tests from what is replaced here. */

#include <stdbool.h>
#include <stdint.h>

/* Fails unless least <= value <= most; all are integers, and a negative one is a large one.
 * cmocka's own assert_in_range is deprecated from 2.0 on, and what replaces it is not there before.
 */
#define assert_between(value, least, most)                                          \
    do {                                                                            \
        if (!is_between((uintmax_t)(value), (uintmax_t)(least), (uintmax_t)(most))) \
            fail();                                                                 \
    } while (0)

/* Prints the three numbers where it returns false. */
bool is_between(uintmax_t value, uintmax_t least, uintmax_t most);

/* Ends the test as skipped, and prints "skipped: REASON": what is missing, and how to have it where
 * that is not plain. It jumps out of the test, so that nothing is freed on the way. */
void skip_because(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Skips the test unless it runs as root; what: what needs root, "mounting a file system". */
void skip_unless_root(const char *what);

/* Skips the test where $PROMTOOL names no program; returns it. */
const char *promtool_or_skip(void);

#endif
