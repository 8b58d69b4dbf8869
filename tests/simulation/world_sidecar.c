/* SPDX-License-Identifier: Apache-2.0 */

/* The loop around the controller: carries out its effects and feeds it what comes of them. */

#include "simulation/world.h"

#include "simulation/trace.h"

#include <string.h>

#define LATENCY           1
#define EFFECTS_MAX       500 /* of one event: more never end */
#define RESTART_KILLED    50
#define VERSION_OF(major) ((struct version){(major), 0, 0})

static bool carry_out(struct world *world, const struct effect *effect);

void sidecar_feed(struct world *world, const struct event *event, const struct effect *by) {
    struct sidecar *sidecar = &world->sidecar;

    trace_before(world, event);
    controller_handle(sidecar->controller, event, by, world->now);
    trace_after(world, event);
    world->steps++;
}

/* What the controller asked for. False: the process was killed in the middle. */
static bool drain(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;
    struct effect effect;
    unsigned count = 0;
    bool goes_on = true;

    while (goes_on && controller_next_effect(sidecar->controller, &effect)) {
        if (count++ == EFFECTS_MAX) {
            world_violate(world, "effects without end");
            goes_on = false;
        } else {
            sidecar->is_killed = sidecar->kill_after != NEVER && sidecar->kill_after-- == 0;
            goes_on = carry_out(world, &effect) && !sidecar->is_killed;
        }
        effect_release(&effect);
    }
    return goes_on;
}

void sidecar_step(struct world *world, const struct event *event) {
    struct sidecar *sidecar = &world->sidecar;

    if (sidecar->controller == NULL || world->is_violated) {
        return;
    }
    sidecar_feed(world, event, NULL);
    bool lives = drain(world);
    if (world->is_violated) {
        return;
    }
    if (!lives) {
        trace_note(world, "killed");
        sidecar_forget(world);
        sidecar->start_at = world->now.monotonic + RESTART_KILLED;
        return;
    }
    invariants_check(world, event);
}

void sidecar_tell(struct world *world, enum event_kind kind) {
    const struct event event = {.kind = kind};

    sidecar_step(world, &event);
}

/* --- effects ---------------------------------------------------------------------------------- */

static void read_settings(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;
    const struct event event = {
        .kind = EVENT_SETTINGS,
        .settings = sidecar->has_new_settings ? &sidecar->new_settings : NULL,
    };

    if (sidecar->has_new_settings) {
        sidecar->settings = sidecar->new_settings;
        if (!sidecar->settings.ask_version) {
            sidecar->pass_version = sidecar->settings.version.major;
        }
    }
    sidecar->has_new_settings = false;
    sidecar_feed(world, &event, NULL);
}

static void run_pass(struct world *world) {
    const struct event event = {.kind = EVENT_PASS, .pass = pass_model(world)};

    sidecar_feed(world, &event, NULL);
}

static void publish(struct world *world, const struct effect *effect) {
    struct sidecar *sidecar = &world->sidecar;
    struct event event = {.kind = EVENT_PUBLISHED};

    if (effect->set == NULL && (sidecar->state == NULL || sidecar->state->served == NULL)) {
        world_violate(world, "EFFECT_PUBLISH of what the last pass wants, which is nothing");
        return;
    }
    event.published = disk_publish_model(world, effect);
    if (!sidecar->is_killed) {
        sidecar_feed(world, &event, effect);
    }
}

static void prune(struct world *world) {
    const struct event event = {.kind = EVENT_PRUNED, .pruned = disk_prune_model(world)};

    sidecar_feed(world, &event, NULL);
}

static void send(struct world *world, struct slot *slot, const char *what) {
    if (slot->is_in_flight) {
        world_violate(world, "invariant 2: a second %s is in flight", what);
        return;
    }
    *slot = (struct slot){
        .is_in_flight = true,
        .due = world->now.monotonic + LATENCY,
        .deadline = world->now.monotonic + world->sidecar.settings.request_timeout,
    };
}

static void report(struct world *world, const struct effect *effect) {
    if (effect->report == REPORT_INVARIANT) {
        world_violate(world, "the controller's own invariant: %s", effect->words);
    }
}

/* False: the process was killed before it, or within it. */
static bool carry_out(struct world *world, const struct effect *effect) {
    struct sidecar *sidecar = &world->sidecar;

    trace_effect(world, effect);
    if (sidecar->is_killed && effect->kind != EFFECT_PUBLISH) {
        return false;
    }
    switch (effect->kind) {
    case EFFECT_READ_SETTINGS:
        read_settings(world);
        break;
    case EFFECT_RUN_PASS:
        run_pass(world);
        break;
    case EFFECT_PUBLISH:
        publish(world, effect);
        break;
    case EFFECT_PRUNE:
        prune(world);
        break;
    case EFFECT_ASK_VERSION:
        if (!sidecar->version.is_in_flight) {
            send(world, &sidecar->version, "request for the version");
        }
        break;
    case EFFECT_SET_VERSION:
        sidecar->pass_version = effect->version.major;
        break;
    case EFFECT_READ_RECORD:
        send(world, &sidecar->record, "request for the record");
        break;
    case EFFECT_RELOAD:
        world->witness.reloads++;
        send(world, &sidecar->reload, "request to reload");
        break;
    case EFFECT_CHECK_RUNNING:
        break;
    case EFFECT_SAVE:
        disk_save_model(world);
        break;
    case EFFECT_REPORT:
        report(world, effect);
        break;
    }
    return !world->is_violated;
}

/* --- answers ---------------------------------------------------------------------------------- */

void sidecar_answer_reload(struct world *world, struct reload_outcome outcome) {
    struct sidecar *sidecar = &world->sidecar;
    struct event event = {.kind = EVENT_RELOADED, .reloaded = outcome};

    if (sidecar->controller == NULL || !sidecar->reload.is_in_flight) {
        return;
    }
    sidecar->reload.is_in_flight = false;
    event.reloaded.output_stands = !disk_is_of_person(world);
    invariants_note_answer(world, &outcome, &world->prometheus.job_config);
    sidecar_step(world, &event);
}

static void act_reload(struct world *world) {
    struct slot *slot = &world->sidecar.reload;

    if (!slot->has_arrived) {
        slot->has_arrived = true;
        slot->due = slot->deadline;
        prometheus_receive(world);
        return;
    }
    prometheus_forget_requester(world);
    sidecar_answer_reload(world, (struct reload_outcome){.verdict = RELOAD_UNKNOWN});
}

static enum record_answer record_answer_of(const struct prometheus *prometheus) {
    if (prometheus->state == PROMETHEUS_DOWN) {
        return RECORD_ANSWER_UNREACHABLE;
    }
    if (prometheus->record_mode == RECORD_MODE_FAILS ||
        prometheus->record_mode == RECORD_MODE_HANGS) {
        return RECORD_ANSWER_FAILED;
    }
    if (prometheus->record_mode == RECORD_MODE_NONE) {
        return RECORD_ANSWER_NONE;
    }
    return prometheus->state == PROMETHEUS_STARTING ? RECORD_ANSWER_STARTING : RECORD_ANSWER_KNOWN;
}

static void act_record(struct world *world) {
    const struct prometheus *prometheus = &world->prometheus;
    struct event event = {.kind = EVENT_RECORD};
    struct slot *slot = &world->sidecar.record;

    if (prometheus->record_mode == RECORD_MODE_HANGS && prometheus->state != PROMETHEUS_DOWN &&
        slot->deadline > world->now.monotonic) {
        slot->due = slot->deadline;
        return;
    }
    world->sidecar.record.is_in_flight = false;
    event.record.answer = record_answer_of(prometheus);
    if (event.record.answer == RECORD_ANSWER_KNOWN) {
        event.record.record = prometheus->record;
    }
    sidecar_step(world, &event);
}

static void act_version(struct world *world) {
    const struct prometheus *prometheus = &world->prometheus;
    struct event event = {.kind = EVENT_VERSION};

    world->sidecar.version.is_in_flight = false;
    event.version.is_known = prometheus->state == PROMETHEUS_UP && !prometheus->hides_version;
    if (event.version.is_known) {
        event.version.version = VERSION_OF(prometheus->version);
    }
    sidecar_step(world, &event);
}

/* --- time ------------------------------------------------------------------------------------- */

static int64_t slot_due(const struct slot *slot) {
    return slot->is_in_flight ? slot->due : NEVER;
}

static int64_t earlier(int64_t left, int64_t right) {
    return left < right ? left : right;
}

int64_t sidecar_due(const struct world *world) {
    const struct sidecar *sidecar = &world->sidecar;

    if (sidecar->controller == NULL) {
        return sidecar->start_at;
    }
    int64_t due = earlier(slot_due(&sidecar->reload), slot_due(&sidecar->record));
    due = earlier(due, slot_due(&sidecar->version));
    return earlier(due, controller_due(sidecar->controller));
}

void sidecar_act(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;
    const int64_t now = world->now.monotonic;

    if (sidecar->controller == NULL) {
        sidecar_start(world);
    } else if (slot_due(&sidecar->reload) <= now) {
        act_reload(world);
    } else if (slot_due(&sidecar->record) <= now) {
        act_record(world);
    } else if (slot_due(&sidecar->version) <= now) {
        act_version(world);
    } else {
        sidecar_tell(world, EVENT_TIME);
    }
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void expect_version(struct sidecar *sidecar) {
    const char *version = sidecar->saved.versions;

    sidecar->pass_version = sidecar->settings.version.major;
    if (sidecar->settings.ask_version) {
        sidecar->pass_version =
            version[0] >= '1' && version[0] <= '9' ? (unsigned)(version[0] - '0') : 0;
    }
}

void sidecar_start(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;

    sidecar->controller = controller_new(&sidecar->settings, world->scenario->seed + world->steps);
    memory_load(controller_ledger(sidecar->controller), &sidecar->saved);
    expect_version(sidecar);
    trace_note(world, "started");
    invariants_note_start(world);
    sidecar_tell(world, EVENT_START);
}

void sidecar_forget(struct world *world) {
    struct sidecar *sidecar = &world->sidecar;

    controller_free(sidecar->controller);
    form_set_freep(&sidecar->on_disk);
    form_set_freep(&sidecar->on_disk_before);
    desired_state_free(sidecar->state);
    prometheus_forget_requester(world);
    *sidecar = (struct sidecar){
        .settings = sidecar->has_new_settings ? sidecar->new_settings : sidecar->settings,
        .saved = sidecar->saved,
        .start_at = NEVER,
        .kill_after = NEVER,
    };
    invariants_forget(world);
}

void sidecar_stop(struct world *world) {
    if (world->sidecar.controller == NULL) {
        return;
    }
    sidecar_tell(world, EVENT_STOP);
    if (world->is_violated) {
        return;
    }
    if (world->sidecar.controller != NULL) {
        sidecar_forget(world);
    }
}
