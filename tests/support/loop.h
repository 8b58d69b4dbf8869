/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LOOP_H
#define TESTS_SUPPORT_LOOP_H

/* Turns a loop until something holds, with a deadline instead of a sleep. */

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Milliseconds after which a test that waits is a test that failed; generous, for valgrind on a
 * busy machine. */
#define LOOP_DEADLINE 20000U

typedef bool (*loop_condition)(void *context);

/* Turns the loop until condition holds (looked at after every turn, at least every two
 * milliseconds). False when the deadline passed first. */
bool loop_until(uv_loop_t *loop, loop_condition condition, void *context, unsigned milliseconds);

/* The same with an expression that is evaluated anew each time, and LOOP_DEADLINE. */
#define LOOP_UNTIL(loop, condition)                                                    \
    ({                                                                                 \
        int64_t until_ =                                                               \
            clock_monotonic_nanoseconds() + INT64_C(1000000) * (int64_t)LOOP_DEADLINE; \
        bool met_ = (condition);                                                       \
        while (!met_ && clock_monotonic_nanoseconds() < until_) {                      \
            loop_for((loop), 2);                                                       \
            met_ = (condition);                                                        \
        }                                                                              \
        met_;                                                                          \
    })

/* Turns the loop for so long: for what must not happen. */
void loop_for(uv_loop_t *loop, unsigned milliseconds);

/* Turns the loop until nothing is left on it, then closes it. False when something stays. */
bool loop_finish(uv_loop_t *loop);

#endif
