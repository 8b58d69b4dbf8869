/* SPDX-License-Identifier: Apache-2.0 */

/* A pass runs in one callback, and reloads begin and end in one: what changed between two looks is
 * what that turn of the loop did. */

#include "command/observe.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>

/* One RemoteWrite as it was. */
struct sight {
    const char *namespace;
    const char *name;
    const char *file;
    enum remote_write_state state;
    bool earlier;
    uint64_t hash; /* of reason and entry */
    int64_t changed;
};

struct observer {
    const struct agent *agent;
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    unsigned open_handles;
    struct agent_status last;
    int64_t woken;       /* monotonic, as all but changed and times of reloads */
    int64_t first_event; /* 0: none that is not dealt with */
    int64_t reload_started;
    uint64_t reloads_good_at_event;
    struct observations seen;
    struct arena *arena; /* of the sights */
    struct arena *diagnosis_arena;
    struct diagnosis diagnosis;
    struct sight *sights;
    size_t sight_count;
};

/* --- RemoteWrites --------------------------------------------------------------------------- */

static int compare(const struct sight *left, const struct sight *right) {
    int order = strcmp(left->namespace, right->namespace);

    order = order != 0 ? order : strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->file, right->file);
}

static const char *copied(struct arena *arena, const char *text) {
    return arena_string(arena, bytes_of(text));
}

static struct sight sight_of(struct arena *arena, const struct outcome *outcome, int64_t now) {
    uint64_t reason = bytes_hash(bytes_of(outcome->reason));

    return (struct sight){
        .namespace = copied(arena, outcome->namespace),
        .name = copied(arena, outcome->name),
        .file = copied(arena, outcome->location.file),
        .state = outcome->state,
        .earlier = outcome->earlier,
        .hash = bytes_hash(outcome->entry) ^ (reason << 1 | reason >> 63),
        .changed = now,
    };
}

static bool same(const struct sight *left, const struct sight *right) {
    return left->state == right->state && left->earlier == right->earlier &&
           left->hash == right->hash;
}

/* Both lists are sorted alike. Where a file holds several of one name, they are taken in turn. */
static void see_remote_writes(struct observer *observer, const struct desired_state *state) {
    struct arena *arena = arena_new();
    struct sight *sights = ARENA_NEW_ARRAY(arena, struct sight, state->outcome_count);
    int64_t now = clock_wall_milliseconds();
    size_t old = 0;

    for (size_t i = 0; i < state->outcome_count; i++) {
        sights[i] = sight_of(arena, &state->outcomes[i], now);
        while (old < observer->sight_count && compare(&observer->sights[old], &sights[i]) < 0) {
            old++;
        }
        if (old < observer->sight_count && compare(&observer->sights[old], &sights[i]) == 0) {
            if (same(&observer->sights[old], &sights[i])) {
                sights[i].changed = observer->sights[old].changed;
            }
            old++;
        }
    }
    arena_free(observer->arena);
    observer->arena = arena;
    observer->sights = sights;
    observer->sight_count = state->outcome_count;
}

int64_t observer_changed(const struct observer *observer, size_t index) {
    return index < observer->sight_count ? observer->sights[index].changed : 0;
}

/* --- diagnostics ---------------------------------------------------------------------------- */

static void see_diagnostics(struct observer *observer, const struct agent_status *status) {
    struct arena *arena = arena_new();

    observer->diagnosis = diagnosis_of(arena, status->source,
                                       status->state != NULL ? &status->state->diagnostics : NULL);
    arena_free(observer->diagnosis_arena);
    observer->diagnosis_arena = arena;
}

const struct diagnosis *observer_diagnosis(const struct observer *observer) {
    return &observer->diagnosis;
}

/* --- reloads -------------------------------------------------------------------------------- */

static bool asks(enum agent_phase phase) {
    return phase == AGENT_RELOADING || phase == AGENT_CONFIRMING || phase == AGENT_ISOLATING;
}

static void see_reloads(struct observer *observer, const struct agent_status *status, int64_t now) {
    struct observations *seen = &observer->seen;
    bool answered = status->reloads != observer->last.reloads;

    if (answered) {
        struct web_reload reload = {
            .time = clock_wall_milliseconds(),
            .successful = status->reloads_failed == observer->last.reloads_failed,
            .nanoseconds = now - observer->reload_started,
        };
        memmove(&seen->reloads[1], &seen->reloads[0],
                (OBSERVED_RELOADS - 1) * sizeof(seen->reloads[0]));
        seen->reloads[0] = reload;
        seen->reload_count += seen->reload_count < OBSERVED_RELOADS ? 1 : 0;
    }
    if (asks(status->phase) && (answered || !asks(observer->last.phase))) {
        observer->reload_started = now;
    }
}

/* From the first event until it has come to rest with a reload that Prometheus confirmed. An event
 * that changed nothing is none. */
static void see_propagation(struct observer *observer, const struct agent_status *status,
                            int64_t now) {
    uint64_t good = status->reloads - status->reloads_failed;

    if (observer->first_event == 0 && status->watch_events != observer->last.watch_events) {
        observer->first_event = now;
        observer->reloads_good_at_event = good;
    }
    if (observer->first_event != 0 && status->phase == AGENT_IDLE) {
        if (status->confirmed && good > observer->reloads_good_at_event) {
            histogram_observe(&observer->seen.propagation, now - observer->first_event);
        }
        observer->first_event = 0;
    }
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void look(struct observer *observer) {
    int64_t now = clock_monotonic_nanoseconds();
    struct agent_status status;

    agent_status_read(observer->agent, &status);
    if (status.passes != observer->last.passes && status.state != NULL) {
        histogram_observe(&observer->seen.pass_duration, now - observer->woken);
        see_remote_writes(observer, status.state);
        see_diagnostics(observer, &status);
    }
    see_reloads(observer, &status, now);
    see_propagation(observer, &status, now);
    observer->last = status;
    observer->woken = now;
}

static void on_before_wait(uv_prepare_t *handle) {
    look(handle->data);
}

static void on_after_wait(uv_check_t *handle) {
    look(handle->data);
}

struct observer *observer_new(uv_loop_t *loop, const struct agent *agent) {
    struct observer *observer = memory_new(1, sizeof(*observer));

    observer->agent = agent;
    observer->woken = clock_monotonic_nanoseconds();
    agent_status_read(agent, &observer->last);
    see_diagnostics(observer, &observer->last);
    uv_prepare_init(loop, &observer->before_wait);
    uv_check_init(loop, &observer->after_wait);
    observer->open_handles = 2;
    observer->before_wait.data = observer;
    observer->after_wait.data = observer;
    uv_prepare_start(&observer->before_wait, on_before_wait);
    uv_check_start(&observer->after_wait, on_after_wait);
    uv_unref((uv_handle_t *)&observer->before_wait);
    uv_unref((uv_handle_t *)&observer->after_wait);
    return observer;
}

static void on_closed(uv_handle_t *handle) {
    struct observer *observer = handle->data;

    observer->open_handles--;
    if (observer->open_handles == 0) {
        arena_free(observer->arena);
        arena_free(observer->diagnosis_arena);
        free(observer);
    }
}

void observer_close(struct observer *observer) {
    if (observer != NULL) {
        uv_close((uv_handle_t *)&observer->before_wait, on_closed);
        uv_close((uv_handle_t *)&observer->after_wait, on_closed);
    }
}

void observer_read(const struct observer *observer, struct observations *ret) {
    *ret = observer->seen;
}
