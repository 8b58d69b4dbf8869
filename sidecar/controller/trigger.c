/* SPDX-License-Identifier: Apache-2.0 */

/* When the next pass runs: a quiet moment after a change, at once, or when a retry is due. */

#include "controller/machine.h"

/* Events without end delay a pass by this many delays, and by a second where delays are shorter. */
#define SETTLE_DELAYS_MAX       10
#define SETTLE_MILLISECONDS_MAX INT64_C(1000)

static int64_t smaller(int64_t left, int64_t right) {
    return left < right ? left : right;
}

static void pass_after(struct controller *controller, int64_t delay, int64_t latest) {
    struct trigger *trigger = &controller->trigger;
    const int64_t now = controller->now.monotonic;

    switch (trigger->state) {
    case TRIGGER_IDLE:
        *trigger = (struct trigger){.state = TRIGGER_SETTLING, .settling.latest = now + latest};
        break;
    case TRIGGER_SETTLING:
        trigger->settling.latest = smaller(trigger->settling.latest, now + latest);
        break;
    case TRIGGER_RUNNING: /* what came meanwhile is taken up after the pass */
        controller->pending.events = true;
        return;
    case TRIGGER_STARTING: /* the first pass is still to come */
    case TRIGGER_STOPPED:
        return;
    }
    trigger->settling.due = smaller(now + delay, trigger->settling.latest);
}

void trigger_now(struct controller *controller) {
    pass_after(controller, 0, 0);
}

void trigger_settle(struct controller *controller) {
    const int64_t delay = controller->settings.delay;
    int64_t latest = SETTLE_MILLISECONDS_MAX;

    if (delay > SETTLE_MILLISECONDS_MAX / SETTLE_DELAYS_MAX) {
        latest = delay > NEVER / 4 / SETTLE_DELAYS_MAX ? delay : delay * SETTLE_DELAYS_MAX;
    }
    pass_after(controller, delay, latest);
}

/* --- retries ---------------------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea, Flood 2014): jitter needs no better generator, and a seed repeats it. */
static uint32_t draw(struct controller *controller) {
    controller->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = controller->random;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed ^ (mixed >> 31)) >> 32);
}

int64_t retry_later(struct controller *controller, int64_t timeout) {
    if (controller->retry_due == NEVER) {
        int64_t wait = backoff_next(&controller->backoff, draw(controller));
        /* One retry comes when Prometheus has been away for too long. Once that is over it is a
         * fault that lasts as any other. */
        if (timeout > 0 && wait > timeout) {
            wait = timeout + 1;
        }
        controller->retry_due = controller->now.monotonic + wait;
    }
    return controller->retry_due - controller->now.monotonic;
}

void retry_forget(struct controller *controller) {
    controller->retry_due = NEVER;
    backoff_reset(&controller->backoff);
}

void watch_restart(struct controller *controller) {
    const int64_t interval = controller->settings.watch_interval;

    controller->watch_due = interval > 0 ? controller->now.monotonic + interval : NEVER;
}
