/* SPDX-License-Identifier: Apache-2.0 */

/* Drops actions, in large pieces first, then shortens waits and simplifies settings, until nothing
 * can be taken away any more. */

#include "simulation/shrink.h"

#include "simulation/world.h"

#include <string.h>

#define ROUNDS_MAX 12

static struct world world;

/* Names and numbers in it may differ. */
bool violation_same(const char *left, const char *right) {
    const size_t compared = 24;

    return strncmp(left, right, compared) == 0;
}

static bool fails(const struct scenario *scenario, const char *violation) {
    bool holds = world_play(&world, scenario, NULL);
    bool fails_the_same = !holds && violation_same(world.violation, violation);

    world_end(&world);
    return fails_the_same;
}

/* The wait of what is dropped goes to the action behind it. */
static void drop(struct scenario *scenario, unsigned from, unsigned count) {
    uint32_t wait = 0;

    for (unsigned i = from; i < from + count; i++) {
        wait += scenario->actions[i].wait;
    }
    memmove(scenario->actions + from, scenario->actions + from + count,
            (scenario->count - from - count) * sizeof(scenario->actions[0]));
    scenario->count -= count;
    if (from < scenario->count) {
        scenario->actions[from].wait += wait;
    }
}

static bool drop_actions(struct scenario *scenario, const char *violation) {
    static struct scenario candidate;
    bool has_shrunk = false;

    for (unsigned size = scenario->count; size > 0; size /= 2) {
        for (unsigned from = 0; from + size <= scenario->count;) {
            candidate = *scenario;
            drop(&candidate, from, size);
            if (fails(&candidate, violation)) {
                *scenario = candidate;
                has_shrunk = true;
            } else {
                from += size;
            }
        }
    }
    return has_shrunk;
}

static bool shorten_wait(struct scenario *scenario, unsigned at, uint32_t wait,
                         const char *violation) {
    static struct scenario candidate;

    if (scenario->actions[at].wait <= wait) {
        return false;
    }
    candidate = *scenario;
    candidate.actions[at].wait = wait;
    if (!fails(&candidate, violation)) {
        return false;
    }
    *scenario = candidate;
    return true;
}

static bool shorten_waits(struct scenario *scenario, const char *violation) {
    static const uint32_t rounds[] = {0, 1000, 10000, 100000};
    bool has_shrunk = false;

    for (unsigned i = 0; i < scenario->count; i++) {
        for (size_t j = 0; j < sizeof(rounds) / sizeof(rounds[0]); j++) {
            if (shorten_wait(scenario, i, rounds[j], violation)) {
                has_shrunk = true;
                break;
            }
        }
    }
    return has_shrunk;
}

/* The plainest value of each setting. */
static void simplify(struct scenario *scenario, unsigned setting) {
    switch (setting) {
    case 0:
        scenario->settings.watch_interval = 0;
        scenario->has_file_events = true;
        break;
    case 1:
        scenario->settings.ask_version = false;
        scenario->settings.version = (struct version){0};
        break;
    case 2:
        scenario->settings.delay = 200;
        break;
    case 3:
        scenario->settings.retry = 5000;
        break;
    case 4:
        scenario->settings.startup_timeout = 60000;
        break;
    case 5:
        scenario->settings.confirm_timeout = 0;
        break;
    case 6:
        scenario->settings.request_timeout = 10000;
        break;
    case 7:
        scenario->restart_delay = 1000;
        scenario->replay = 0;
        break;
    case 8:
        scenario->has_config = true;
        break;
    case 9:
        scenario->ends_in_liveness = false;
        break;
    case 10:
        scenario->hangs_up = false;
        break;
    case 11:
        scenario->mends_base = true;
        break;
    case 12:
        scenario->prometheus_version = 2;
        break;
    case 13:
        scenario->settings.by_signal = false;
        break;
    default:
        scenario->settings.in_place = false;
        break;
    }
}

static void simplify_settings(struct scenario *scenario, const char *violation) {
    static struct scenario candidate;
    const unsigned settings = 15;

    for (unsigned i = 0; i < settings; i++) {
        candidate = *scenario;
        simplify(&candidate, i);
        if (fails(&candidate, violation)) {
            *scenario = candidate;
        }
    }
}

/* Entries that are good, and none that has a secret. */
static void simplify_actions(struct scenario *scenario, const char *violation) {
    static struct scenario candidate;

    for (unsigned i = 0; i < scenario->count; i++) {
        const enum action_kind kind = (enum action_kind)scenario->actions[i].kind;
        if (kind != ACTION_ADD && kind != ACTION_EDIT) {
            continue;
        }
        candidate = *scenario;
        candidate.actions[i].a = 0;
        if (fails(&candidate, violation)) {
            *scenario = candidate;
        }
        candidate = *scenario;
        candidate.actions[i].b = 0;
        if (fails(&candidate, violation)) {
            *scenario = candidate;
        }
    }
}

void scenario_shrink(struct scenario *scenario, const char *violation) {
    bool has_shrunk = true;

    for (unsigned round = 0; has_shrunk && round < ROUNDS_MAX; round++) {
        has_shrunk = drop_actions(scenario, violation);
        has_shrunk |= shorten_waits(scenario, violation);
        simplify_settings(scenario, violation);
        simplify_actions(scenario, violation);
    }
}
