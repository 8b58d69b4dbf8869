/* SPDX-License-Identifier: Apache-2.0 */

/* A repeating timer wakes the loop, so that conditions that another thread fulfils are seen too. */

#include "support/loop.h"

#include "base/clock.h"

#include <stdint.h>

static void on_tick(uv_timer_t *timer) {
    (void)timer;
}

static bool never(void *context) {
    (void)context;
    return false;
}

bool loop_until(uv_loop_t *loop, loop_condition condition, void *context, unsigned milliseconds) {
    int64_t deadline = clock_monotonic_nanoseconds() + (int64_t)milliseconds * 1000000;
    bool held = condition(context);
    uv_timer_t tick;

    uv_timer_init(loop, &tick);
    uv_timer_start(&tick, on_tick, 2, 2);
    while (!held && clock_monotonic_nanoseconds() < deadline) {
        uv_run(loop, UV_RUN_ONCE);
        held = condition(context);
    }
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    return held;
}

void loop_for(uv_loop_t *loop, unsigned milliseconds) {
    loop_until(loop, never, NULL, milliseconds);
}

static bool is_dead(void *context) {
    return uv_loop_alive(context) == 0;
}

bool loop_finish(uv_loop_t *loop) {
    int64_t deadline = clock_monotonic_nanoseconds() + (int64_t)LOOP_DEADLINE * 1000000;

    /* No tick here: it would keep the loop alive. */
    while (!is_dead(loop) && clock_monotonic_nanoseconds() < deadline) {
        uv_run(loop, UV_RUN_NOWAIT);
    }
    return uv_loop_close(loop) == 0;
}
