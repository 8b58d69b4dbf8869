/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_DEADLINE_H
#define TESTS_SUPPORT_DEADLINE_H

/* Waiting for what other processes do: a condition is looked at again and again, and a test that
 * waits in vain fails instead of hanging. */

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds; generous, for sanitizers on a busy machine. */
#define DEADLINE_USUAL 20000U

struct deadline {
    int64_t at; /* nanoseconds, monotonic */
};

struct deadline deadline_in(unsigned milliseconds);

/* Lets a few milliseconds go by. False when the deadline has passed. */
bool deadline_wait(const struct deadline *deadline);

/* True as soon as the condition, an expression that is evaluated anew each time, holds. */
#define WAIT_UNTIL(condition, milliseconds)                          \
    ({                                                               \
        struct deadline deadline_until_ = deadline_in(milliseconds); \
        bool met_ = (condition);                                     \
        while (!met_ && deadline_wait(&deadline_until_)) {           \
            met_ = (condition);                                      \
        }                                                            \
        met_;                                                        \
    })

#endif
