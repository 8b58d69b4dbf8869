/* SPDX-License-Identifier: Apache-2.0 */

/* Time, and the order in which things happen. */

#include "simulation/world.h"

#include "simulation/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WALL_START   INT64_C(1767225600123) /* 2026-01-01, and a part of a second */
#define BUSY_MAX     400                    /* events at one instant: more never end */
#define LIVENESS_END 1000

void world_violate(struct world *world, const char *format, ...) {
    va_list arguments;

    if (world->is_violated) {
        return;
    }
    world->is_violated = true;
    va_start(arguments, format);
    (void)vsnprintf(world->violation, sizeof(world->violation), format, arguments);
    va_end(arguments);
}

/* --- time ------------------------------------------------------------------------------------- */

static void pass_time(struct world *world, int64_t until) {
    if (until > world->now.monotonic) {
        world->now.wall += until - world->now.monotonic;
        world->now.monotonic = until;
    }
}

static void check_busy(struct world *world) {
    struct witness *witness = &world->witness;

    if (witness->busy_at != world->now.monotonic) {
        witness->busy_at = world->now.monotonic;
        witness->busy = 0;
    }
    if (++witness->busy > BUSY_MAX) {
        world_violate(world, "controller_due does not move on: the same instant is due again "
                             "and again");
    }
}

void world_run_until(struct world *world, int64_t until) {
    while (!world->is_violated) {
        int64_t prometheus = prometheus_due(world);
        int64_t sidecar = sidecar_due(world);
        int64_t next = prometheus < sidecar ? prometheus : sidecar;

        if (next > until) {
            pass_time(world, until);
            return;
        }
        pass_time(world, next);
        check_busy(world);
        if (prometheus <= sidecar) {
            prometheus_act(world);
        } else {
            sidecar_act(world);
        }
    }
}

/* --- actions ---------------------------------------------------------------------------------- */

static void change_settings(struct world *world, int32_t which) {
    struct sidecar *sidecar = &world->sidecar;
    struct controller_settings *settings = &sidecar->new_settings;

    if (!sidecar->has_new_settings) {
        *settings = sidecar->settings;
    }
    sidecar->has_new_settings = true;
    switch (which) {
    case 0:
        settings->version.major =
            settings->ask_version ? 0 : settings->version.major % VERSIONS + 1;
        break;
    case 1:
        settings->delay = settings->delay == 50 ? 500 : 50;
        break;
    case 2:
        settings->confirm_timeout = settings->confirm_timeout == 0 ? 20000 : 0;
        break;
    default:
        settings->retry = settings->retry == 5000 ? 700 : 5000;
        break;
    }
    sidecar_tell(world, EVENT_SIGHUP);
}

static void kill_sidecar(struct world *world, const struct action *action) {
    world->sidecar.kill_after = action->a;
    world->sidecar.torn = action->b;
}

static void stop_sidecar(struct world *world, int64_t down) {
    if (world->sidecar.controller != NULL) {
        sidecar_stop(world);
        world->sidecar.start_at = world->now.monotonic + down;
    }
}

static void act_on_prometheus(struct world *world, const struct action *action) {
    struct prometheus *prometheus = &world->prometheus;

    switch ((enum action_kind)action->kind) {
    case ACTION_STOP:
        prometheus_stop(world, action->a, action->b);
        break;
    case ACTION_VERSION:
        prometheus->next_version = (unsigned)action->a;
        invariants_note_outside(world);
        break;
    case ACTION_RELOADS:
        prometheus->mode = (enum reload_mode)action->a;
        prometheus->slow = action->b;
        break;
    case ACTION_RECORD:
        prometheus->record_mode = (enum record_mode)action->a;
        break;
    case ACTION_BUILDINFO:
        prometheus->hides_version = action->a == 0;
        break;
    case ACTION_OTHER_RELOAD:
        prometheus_reload_by_other(world);
        break;
    case ACTION_CITES:
        prometheus->cites = (enum cites)action->a;
        break;
    default:
        break;
    }
}

static void act(struct world *world, const struct action *action) {
    trace_action(world, action);
    switch ((enum action_kind)action->kind) {
    case ACTION_SIGHUP:
        sidecar_tell(world, EVENT_SIGHUP);
        break;
    case ACTION_RELOAD_WANTED:
        sidecar_tell(world, EVENT_RELOAD_WANTED);
        break;
    case ACTION_SETTINGS:
        change_settings(world, action->a);
        break;
    case ACTION_SIGTERM:
        stop_sidecar(world, action->a);
        break;
    case ACTION_SIGKILL:
        kill_sidecar(world, action);
        break;
    case ACTION_DISK_FAULT:
        world->disk.faults[action->a] = (uint32_t)action->b;
        break;
    case ACTION_DISK_MEND:
        memset(world->disk.faults, 0, sizeof(world->disk.faults));
        break;
    case ACTION_CLOCK:
        world->now.wall += action->a;
        break;
    case ACTION_WAIT:
        break;
    case ACTION_STOP:
    case ACTION_VERSION:
    case ACTION_RELOADS:
    case ACTION_RECORD:
    case ACTION_BUILDINFO:
    case ACTION_OTHER_RELOAD:
    case ACTION_CITES:
        act_on_prometheus(world, action);
        break;
    default:
        user_act(world, action);
        break;
    }
}

/* --- the two phases --------------------------------------------------------------------------- */

static void begin(struct world *world, const struct scenario *scenario, struct trace *trace) {
    *world = (struct world){
        .scenario = scenario,
        .now = {.monotonic = SCENARIO_START, .wall = WALL_START},
        .trace = trace,
        .sidecar = {.settings = scenario->settings, .start_at = NEVER, .kill_after = NEVER},
    };
    invariants_forget(world);
    world->user.base = base_pack((struct base_text){BASE_GOOD, 0});
    if (scenario->has_config || scenario->settings.in_place || scenario->settings.watch_only) {
        world->disk.config = (struct config){.exists = true, .base = world->user.base};
    }
    prometheus_begin(world);
    sidecar_start(world);
}

static void play_actions(struct world *world) {
    for (; world->action < world->scenario->count && !world->is_violated; world->action++) {
        const struct action *action = &world->scenario->actions[world->action];
        world_run_until(world, world->now.monotonic + action->wait);
        if (!world->is_violated) {
            act(world, action);
        }
    }
}

static void play_liveness(struct world *world) {
    liveness_mend(world);
    const int64_t end = world->now.monotonic + liveness_bound(world);

    while (!world->is_violated && world->now.monotonic < end) {
        world_run_until(world, world->now.monotonic + LIVENESS_END);
        if (!world->is_violated && liveness_is_settled(world)) {
            break;
        }
    }
    if (!world->is_violated) {
        liveness_check(world);
    }
}

bool world_play(struct world *world, const struct scenario *scenario, struct trace *trace) {
    begin(world, scenario, trace);
    play_actions(world);
    if (!world->is_violated && scenario->ends_in_liveness) {
        play_liveness(world);
    }
    return !world->is_violated;
}

void world_end(struct world *world) {
    sidecar_forget(world);
}
