/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_DEADLINE_H
#define TESTS_SUPPORT_DEADLINE_H

/* Waiting for what other processes do: a condition is looked at again and again, and a test that
 * waits in vain fails instead of hanging.
 *
 * A deadline counts the time that an idle machine would have taken: while N tasks compete for each
 * processor, it advances at 1/N of the clock. N is measured anew while the test waits and has an
 * upper limit, so that a test that is stuck ends on any machine. */

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of an idle machine; generous, for sanitizers. */
#define DEADLINE_USUAL 20000U

/* No machine is taken to be slower than this. */
#define DEADLINE_MOST_SLOWNESS 40U

struct deadline {
    int64_t left;      /* nanoseconds of an idle machine */
    int64_t looked_at; /* monotonic clock, nanoseconds */
};

struct deadline deadline_in(unsigned milliseconds);

/* Lets a few milliseconds go by. False when the deadline has passed. */
bool deadline_wait(struct deadline *deadline);

/* --- what deadline_wait is made of; for its unit test -------------------------------------------
 */

/* Runnable tasks for each processor, 1 to DEADLINE_MOST_SLOWNESS, by a line of /proc/loadavg.
 * 1 where it does not say. */
unsigned deadline_slowness(const char *loadavg, unsigned processors);

/* Advances the deadline to now (monotonic clock, nanoseconds). False when it has passed. */
bool deadline_advance(struct deadline *deadline, int64_t now, unsigned slowness);

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
