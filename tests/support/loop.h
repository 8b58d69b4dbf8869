/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LOOP_H
#define TESTS_SUPPORT_LOOP_H

/* Turns a loop until something holds, with a deadline instead of a sleep. */

#include <stdbool.h>
#include <uv.h>

/* Milliseconds after which a test that waits is a test that failed; generous, for valgrind on a
 * busy machine. */
#define LOOP_DEADLINE 20000U

typedef bool (*loop_condition)(void *context);

/* Turns the loop until condition holds (looked at after every turn, at least every two
 * milliseconds). False when the deadline passed first. */
bool loop_until(uv_loop_t *loop, loop_condition condition, void *context, unsigned milliseconds);

/* Turns the loop for so long: for what must not happen. */
void loop_for(uv_loop_t *loop, unsigned milliseconds);

/* Turns the loop until nothing is left on it, then closes it. False when something stays. */
bool loop_finish(uv_loop_t *loop);

#endif
