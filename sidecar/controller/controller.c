/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Turns one event into calls of the machines below, and decides what follows a pass.
 *
 *     trigger   starting -> idle <-> settling -> running -> idle
 *     request   none -> reading/waiting before -> sent (-> waiting/reading after) -> none
 *     plan      desired <-> bisect <-> fallback
 *
 * docs/architecture.md has the table of transitions; tests/simulation holds it against this code.
 */

#include "controller/controller.h"

#include "base/memory.h"
#include "controller/machine.h"

#include <errno.h>
#include <stdlib.h>

/* How long the first pass waits for Prometheus's version: usually Prometheus is not up yet, which
 * is known at once. */
#define START_TIMEOUT_MILLISECONDS INT64_C(1000)

/* As long as a single pass of an init container waits for writers. */
#define WRITERS_MILLISECONDS_MAX INT64_C(10000)

/* --- names ------------------------------------------------------------------------------------ */

const char *event_kind_name(enum event_kind kind) {
    static const char *const names[EVENT_KINDS] = {
        [EVENT_START] = "start",         [EVENT_STOP] = "stop",
        [EVENT_TIME] = "time",           [EVENT_FILES_CHANGED] = "files changed",
        [EVENT_SIGHUP] = "SIGHUP",       [EVENT_RELOAD_WANTED] = "reload wanted",
        [EVENT_SETTINGS] = "settings",   [EVENT_PASS] = "pass",
        [EVENT_PUBLISHED] = "published", [EVENT_PRUNED] = "pruned",
        [EVENT_VERSION] = "version",     [EVENT_RECORD] = "record",
        [EVENT_RELOADED] = "reloaded",
    };
    return names[kind];
}

const char *trigger_state_name(enum trigger_state state) {
    static const char *const names[TRIGGER_STATES] = {
        [TRIGGER_STARTING] = "starting", [TRIGGER_IDLE] = "idle",
        [TRIGGER_SETTLING] = "settling", [TRIGGER_RUNNING] = "running",
        [TRIGGER_STOPPED] = "stopped",
    };
    return names[state];
}

const char *request_state_name(enum request_state state) {
    static const char *const names[REQUEST_STATES] = {
        [REQUEST_NONE] = "none",
        [REQUEST_READING_BEFORE] = "reading before",
        [REQUEST_WAITING_BEFORE] = "waiting before",
        [REQUEST_WAITING_SECOND] = "waiting second",
        [REQUEST_SENT] = "sent",
        [REQUEST_WAITING_AFTER] = "waiting after",
        [REQUEST_READING_AFTER] = "reading after",
    };
    return names[state];
}

const char *plan_state_name(enum plan_state state) {
    static const char *const names[PLAN_STATES] = {
        [PLAN_DESIRED] = "desired",
        [PLAN_BISECT] = "bisect",
        [PLAN_FALLBACK] = "fallback",
    };
    return names[state];
}

const char *fallback_name(enum fallback fallback) {
    static const char *const names[] = {
        [FALLBACK_NONE] = "nothing",
        [FALLBACK_LKG] = "last good config",
        [FALLBACK_BASE] = "base alone",
    };
    return names[fallback];
}

/* --- rest ------------------------------------------------------------------------------------- */

/* Nothing to do now: until something happens, or until the retry of what failed. Takes up what came
 * meanwhile. */
static void rest(struct controller *controller, bool has_failed) {
    if (has_failed) {
        retry_later(controller, rollout_timeout(controller));
    } else {
        retry_forget(controller);
    }
    if (controller->pending.sighup) {
        trigger_now(controller);
    } else if (controller->pending.events) {
        trigger_settle(controller);
    }
    controller->pending.events = false;
}

static void stop(struct controller *controller) {
    controller->trigger = (struct trigger){.state = TRIGGER_STOPPED};
    controller->request.state = REQUEST_NONE;
    controller->request.due = NEVER;
    controller->retry_due = NEVER;
    controller->watch_due = NEVER;
}

static void proceed(struct controller *controller, enum next next) {
    switch (next) {
    case NEXT_NOTHING:
        break;
    case NEXT_REST:
        rest(controller, false);
        break;
    case NEXT_RETRY:
        rest(controller, true);
        break;
    case NEXT_REQUEST:
        request_start(controller);
        break;
    case NEXT_STOPPED:
        stop(controller);
        break;
    }
}

/* --- the version of Prometheus ---------------------------------------------------------------- */

static char *version_text(struct version version) {
    CLEANUP(buffer_free) struct buffer text = {0};

    if (version_is_set(version)) {
        version_format(version, &text);
    }
    return memory_string(buffer_string(&text));
}

/* Another Prometheus may accept what the last one refused. */
static bool observe_version(struct controller *controller, struct version version) {
    CLEANUP(memory_freep) char *text = version_text(version);

    const struct bytes before = ledger_version(controller->ledger);
    controller->peer.version_changed |= before.length > 0 && !bytes_equal_string(before, text);
    if (!ledger_meet(controller->ledger, text)) {
        return false;
    }
    effect_report_words(controller, REPORT_VERSION_CLEARED, text);
    return true;
}

/* So may one that entries are rendered for with another version. */
static void observe_given_version(struct controller *controller) {
    CLEANUP(memory_freep) char *text = version_text(controller->settings.version);

    if (ledger_meet_given(controller->ledger, text)) {
        effect_report_words(controller, REPORT_GIVEN_CLEARED, text);
    }
}

static bool uses_version(const struct controller *controller) {
    const struct controller_settings *settings = &controller->settings;

    return !settings->watch_only && (settings->ask_version || version_is_set(settings->version));
}

static void ask_version(struct controller *controller) {
    if (uses_version(controller) && controller->peer.version_outdated) {
        effect_add(controller, EFFECT_ASK_VERSION);
    }
}

static void set_version(struct controller *controller) {
    if (controller->settings.ask_version && version_is_set(controller->peer.version)) {
        effect_add(controller, EFFECT_SET_VERSION)->version = controller->peer.version;
    }
}

static void run_first_pass(struct controller *controller) {
    controller->trigger.starting.due = controller->now.monotonic;
}

/* While a base that was refused is tried again the state file stays: most likely it is refused
 * again. */
static void save(struct controller *controller) {
    if (!controller->settings.watch_only &&
        (!controller->is_base_refused ||
         ledger_history(controller->ledger)->refused_base.data != NULL)) {
        effect_add(controller, EFFECT_SAVE);
    }
}

static void on_version(struct controller *controller, const struct event *event) {
    struct peer_state *peer = &controller->peer;
    const struct version version = event->version.version;
    const bool decides = controller->settings.ask_version;
    bool changed = false;
    bool cleared = false;

    if (event->version.is_known) {
        peer->version_outdated = false;
        changed = !version_is_set(peer->version) || version_compare(version, peer->version) != 0;
        peer->version = version;
        cleared = changed && observe_version(controller, version);
    }
    if (changed) {
        set_version(controller);
        save(controller);
    }

    if (controller->trigger.state == TRIGGER_STARTING) {
        run_first_pass(controller);
    } else if (cleared || (changed && decides)) {
        trigger_now(controller);
    }
}

/* --- a pass ----------------------------------------------------------------------------------- */

static void start_pass(struct controller *controller) {
    struct pending *pending = &controller->pending;
    /* While a request runs its client, and what it is about, have to stay. */
    const bool is_sighup = pending->sighup && !request_is_running(controller);

    controller->trigger =
        (struct trigger){.state = TRIGGER_RUNNING, .running.is_sighup = is_sighup};
    if (is_sighup) {
        pending->sighup = false;
        effect_add(controller, EFFECT_READ_SETTINGS);
        return;
    }
    effect_add(controller, EFFECT_RUN_PASS)->full_rescan = pending->full_rescan;
    pending->full_rescan = false;
}

/* At the start, and with other settings, nothing is known of a file that is being written:
 * published without it, an entry would leave and come back. */
static void expect_writers(struct controller *controller) {
    controller->writers_until = controller->now.monotonic + WRITERS_MILLISECONDS_MAX;
}

static void on_settings(struct controller *controller, const struct controller_settings *settings) {
    if (settings != NULL) {
        controller->settings = *settings;
        controller->backoff = backoff_from(settings->retry);
        expect_writers(controller);
        watch_restart(controller);
    }
    rollout_forget(controller);
    ledger_forgive(controller->ledger);
    observe_given_version(controller);
    controller->peer.version_outdated = true;
    set_version(controller);
    ask_version(controller);
    effect_add(controller, EFFECT_RUN_PASS)->full_rescan = true;
    controller->pending.full_rescan = false;
}

static bool waits_for_writers(struct controller *controller, const struct pass_outcome *pass) {
    if (!pass->files_being_written || controller->now.monotonic >= controller->writers_until ||
        controller->settings.watch_only) {
        controller->writers_until = 0;
    }
    return controller->writers_until != 0;
}

/* What somebody does to the output, in place, is no fault. */
static bool is_fault(int error) {
    return error != 0 && error != -ESTALE && error != -ETXTBSY;
}

/* Nothing that had to be read or written for Prometheus may have failed. A base that Prometheus
 * refused is a reload that failed. */
static bool has_failed(const struct controller *controller, const struct pass_outcome *pass,
                       const struct publish_outcome *published) {
    if (controller->settings.watch_only) {
        return !pass->complete;
    }
    return is_fault(published->error) ||
           (pass->state->base_fault != NULL && !pass->state->base_refused);
}

static bool is_published(const struct controller *controller) {
    return controller->settings.watch_only || controller->on_disk != NULL;
}

/* There is something on disk that Prometheus does not run; or its record of a refusal is no longer
 * true. */
static bool is_reload_due(const struct controller *controller) {
    return is_published(controller) &&
           (!controller->is_confirmed || controller->pending.reload ||
            (controller->is_refused && !controller->desired->base_faulty));
}

static void decide(struct controller *controller, const struct publish_outcome *published) {
    const bool is_sighup = controller->trigger.running.is_sighup;
    const bool watched_changed = controller->trigger.running.watched_changed;
    const struct pass_outcome *pass = &controller->trigger.running.pass;
    struct pending *pending = &controller->pending;

    controller->is_complete = pass->complete;
    pending->reload |= is_sighup || watched_changed;
    pending->watched |= watched_changed;
    if (published->changed) {
        controller->is_confirmed = false;
    }
    if (published->changed || watched_changed ||
        (pass->changed && controller->plan.state == PLAN_FALLBACK)) {
        retry_forget(controller);
    }
    if (pass->state->base_fault == NULL ? controller->is_confirmed : !pass->state->base_refused) {
        controller->is_base_refused = false;
    }
    const bool due = is_reload_due(controller);
    const bool is_complete = pass->complete;

    controller->trigger = (struct trigger){.state = TRIGGER_IDLE};
    controller->waits_for_writer = published->error == -ETXTBSY;
    if (published->error == -ESTALE) { /* the same time and size may hide the edit */
        pending->events = true;
        pending->full_rescan = true;
        rest(controller, false);
    } else if (published->error == -ETXTBSY) { /* nor is it loaded: it may be half a config */
        rest(controller, false);
    } else if (published->error != 0) {
        rest(controller, true);
    } else if ((is_sighup && is_published(controller)) || (due && controller->retry_due == NEVER)) {
        request_start(controller);
    } else {
        if (!due && pending->prune && !controller->is_publish_failing) {
            effect_add(controller, EFFECT_PRUNE);
        }
        rest(controller, due || !is_complete);
    }
}

/* A pass while a request is running: the rest waits until that is over. */
static void end_pass_beside_request(struct controller *controller, int error) {
    const struct pass_outcome *pass = &controller->trigger.running.pass;
    const bool watched_changed = controller->trigger.running.watched_changed;

    controller->is_complete &= pass->complete;
    controller->pending.reload |= watched_changed;
    controller->pending.watched |= watched_changed;
    controller->pending.watched_beside |= watched_changed;
    controller->pending.events |= pass->changed || watched_changed || is_fault(error);
    controller->pending.full_rescan |= error == -ESTALE;
    controller->trigger = (struct trigger){.state = TRIGGER_IDLE};
}

static void end_pass(struct controller *controller, const struct publish_outcome *published,
                     bool waits) {
    const struct pass_outcome *pass = &controller->trigger.running.pass;

    if (!waits) {
        ledger_note(controller->ledger, pass->state, controller->now.wall);
        save(controller);
    }
    controller->counters.passes++;
    controller->counters.writes += published->written ? 1 : 0;
    controller->counters.publish_errors += has_failed(controller, pass, published) ? 1 : 0;
    if (request_is_running(controller)) {
        end_pass_beside_request(controller, published->error);
    } else {
        decide(controller, published);
    }
}

static void on_pass(struct controller *controller, const struct pass_outcome *pass) {
    struct trigger *trigger = &controller->trigger;

    controller->desired = pass->state;
    if (trigger->state == TRIGGER_STOPPED) {
        rollout_stop_again(controller);
        return;
    }
    if (pass->watched_changed) {
        trigger->running.watched_changed = true;
        effect_report(controller, REPORT_WATCHED_CHANGED);
    }
    /* The base may have been refused for what the watched files held. */
    if ((pass->watched_changed || controller->pending.watched_beside) &&
        !request_is_running(controller)) {
        controller->pending.watched_beside = false;
        if (ledger_history(controller->ledger)->refused_base.data != NULL) {
            ledger_forgive_base(controller->ledger);
            effect_add(controller, EFFECT_RUN_PASS);
            return;
        }
    }
    trigger->running.pass = *pass;
    const bool waits = waits_for_writers(controller, pass);
    if (waits || (pass->base_being_written && controller->settings.in_place)) {
        end_pass(controller, &(struct publish_outcome){.error = -ETXTBSY}, waits);
    } else if (pass->mergeable && !request_is_running(controller)) {
        rollout_publish(controller);
    } else if (!pass->mergeable || !rollout_publish_secrets(controller)) {
        end_pass(controller, &(struct publish_outcome){0}, false);
    }
}

/* Prometheus may have loaded what was on disk before without our asking: at a start, or because
 * somebody else asked it. */
static void note_other_config(struct controller *controller) {
    const struct form_set *lkg = ledger_history(controller->ledger)->good;

    controller->is_lkg_running &= controller->is_judged;
    controller->is_judged =
        lkg != NULL && controller->on_disk != NULL && form_set_same(lkg, controller->on_disk);
}

static void on_published(struct controller *controller, const struct publish_outcome *published,
                         const struct effect *effect) {
    const enum publish_next next = (enum publish_next)effect->next;

    controller->on_disk = published->on_disk;
    ledger_set_published(controller->ledger, controller->on_disk);
    if (published->changed) {
        note_other_config(controller);
    }
    controller->is_publish_failing = published->error != 0;
    if (published->error != 0) {
        controller->is_confirmed &= !published->changed;
        controller->pending.prune = true; /* of secret files without a config that names them */
    }
    switch (next) {
    case PUBLISH_OF_PASS:
        if (published->error == 0 && controller->plan.state == PLAN_DESIRED) {
            ledger_rotate(controller->ledger, controller->on_disk);
        }
        end_pass(controller, published, false);
        break;
    case PUBLISH_SECRETS:
        if (published->error == 0) {
            ledger_rotate(controller->ledger, controller->on_disk);
        }
        end_pass(controller, published, false);
        break;
    case PUBLISH_RESTORE:
        if (published->error == 0) {
            request_restored(controller);
        } else {
            request_abandon(controller);
            controller->pending.events |= published->error == -ESTALE;
            proceed(controller, published->error == -ESTALE ? NEXT_REST : NEXT_RETRY);
        }
        break;
    case PUBLISH_FINAL:
        if (published->error == -ESTALE && controller->trigger.state != TRIGGER_STOPPED) {
            /* In place: the base was edited; once more with that one. */
            stop(controller);
            effect_add(controller, EFFECT_RUN_PASS)->full_rescan = true;
        } else {
            stop(controller);
        }
        break;
    case PUBLISH_CANDIDATE:
    case PUBLISH_ROLLBACK:
    case PUBLISH_LAST:
    case PUBLISH_RESTORED:
        proceed(controller, rollout_published(controller, next, published->error));
        break;
    }
}

/* --- time ------------------------------------------------------------------------------------- */

static void on_watch_interval(struct controller *controller) {
    watch_restart(controller);
    controller->pending.full_rescan = true;
    /* Why the base was refused may lie outside of it: in a file that it names. */
    ledger_forgive_base(controller->ledger);
    controller->peer.version_outdated = true;
    if (!controller->peer.is_away) {
        ask_version(controller);
    }
    effect_add(controller, EFFECT_CHECK_RUNNING);
    trigger_now(controller);
}

static bool is_due(const struct controller *controller, int64_t due) {
    return due <= controller->now.monotonic;
}

static void on_time(struct controller *controller) {
    struct trigger *trigger = &controller->trigger;

    request_time(controller);
    if (is_due(controller, controller->watch_due)) {
        on_watch_interval(controller);
    }
    if (is_due(controller, controller->retry_due)) {
        controller->retry_due = NEVER;
        trigger_now(controller);
    }
    if ((trigger->state == TRIGGER_STARTING && is_due(controller, trigger->starting.due)) ||
        (trigger->state == TRIGGER_SETTLING && is_due(controller, trigger->settling.due))) {
        start_pass(controller);
    }
}

static int64_t earlier(int64_t left, int64_t right) {
    return left < right ? left : right;
}

int64_t controller_due(const struct controller *controller) {
    const struct trigger *trigger = &controller->trigger;
    int64_t due = earlier(controller->retry_due, controller->watch_due);

    due = earlier(due, controller->request.due);
    if (trigger->state == TRIGGER_STARTING) {
        due = earlier(due, trigger->starting.due);
    } else if (trigger->state == TRIGGER_SETTLING) {
        due = earlier(due, trigger->settling.due);
    }
    return due;
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_start(struct controller *controller) {
    expect_writers(controller);
    watch_restart(controller);
    observe_given_version(controller);
    controller->trigger.starting.due = controller->now.monotonic;
    if (uses_version(controller) && controller->settings.ask_version) {
        controller->trigger.starting.due += START_TIMEOUT_MILLISECONDS;
    }
    ask_version(controller);
}

/* Before the request is over its settings have to stay. */
static void on_sighup(struct controller *controller) {
    controller->pending.sighup = true;
    if (!request_is_running(controller)) {
        trigger_now(controller);
    }
}

static void conclude(struct controller *controller, const struct conclusion *conclusion) {
    proceed(controller, rollout_conclude(controller, conclusion));
    if (!controller->peer.is_away) {
        ask_version(controller);
    }
    if (conclusion->outcome.verdict == RELOAD_CONFIRMED) {
        effect_add(controller, EFFECT_CHECK_RUNNING)->after_reload = true;
    }
}

static void on_pruned(struct controller *controller, bool pruned) {
    controller->pending.prune = !pruned;
    if (!pruned && !request_is_running(controller)) {
        retry_later(controller, rollout_timeout(controller));
    }
}

static void dispatch(struct controller *controller, const struct event *event,
                     const struct effect *effect) {
    struct conclusion conclusion = {0};

    switch (event->kind) {
    case EVENT_START:
        on_start(controller);
        break;
    case EVENT_STOP:
        proceed(controller, rollout_stop(controller));
        break;
    case EVENT_TIME:
        on_time(controller);
        break;
    case EVENT_FILES_CHANGED:
        trigger_settle(controller);
        break;
    case EVENT_SIGHUP:
        on_sighup(controller);
        break;
    case EVENT_RELOAD_WANTED:
        controller->pending.reload = true;
        trigger_now(controller);
        break;
    case EVENT_SETTINGS:
        on_settings(controller, event->settings);
        break;
    case EVENT_PASS:
        on_pass(controller, &event->pass);
        break;
    case EVENT_PUBLISHED:
        on_published(controller, &event->published, effect);
        break;
    case EVENT_PRUNED:
        on_pruned(controller, event->pruned);
        break;
    case EVENT_VERSION:
        on_version(controller, event);
        break;
    case EVENT_RECORD:
        if (request_record(controller, event->record.answer, &event->record.record, &conclusion)) {
            conclude(controller, &conclusion);
        }
        break;
    case EVENT_RELOADED:
        if (request_answered(controller, &event->reloaded, &conclusion)) {
            conclude(controller, &conclusion);
        }
        break;
    }
}

/* --- invariants ------------------------------------------------------------------------------- */

static bool is_at_rest(const struct controller *controller) {
    return controller->trigger.state == TRIGGER_IDLE && !request_is_running(controller) &&
           controller->retry_due == NEVER;
}

/* What can never be once all effects are carried out; NULL: all is well. */
static const char *broken_invariant(const struct controller *controller) {
    const struct plan *plan = &controller->plan;

    if (controller->trigger.state == TRIGGER_STOPPED) {
        return NULL;
    }
    if (controller->trigger.state == TRIGGER_RUNNING) {
        return "a pass ends with its effects";
    }
    if ((plan->state == PLAN_BISECT) != (plan->trial != NULL) && plan->state != PLAN_FALLBACK) {
        return "only a bisection has suspects";
    }
    if (is_at_rest(controller) && controller->on_disk != NULL && !controller->is_confirmed &&
        !controller->waits_for_writer) {
        return "an unconfirmed config on disk is asked about";
    }
    return NULL;
}

/* The program goes on: with the last known good config, and with another try soon. */
static void check_invariants(struct controller *controller) {
    const char *broken = broken_invariant(controller);

    controller->is_checked = true;
    if (broken == NULL) {
        return;
    }
    effect_report_words(controller, REPORT_INVARIANT, broken);
    if (controller->trigger.state == TRIGGER_RUNNING) {
        controller->trigger = (struct trigger){.state = TRIGGER_IDLE};
    }
    rollout_recover(controller);
    controller->pending.full_rescan = true;
    retry_later(controller, rollout_timeout(controller));
}

bool controller_next_effect(struct controller *controller, struct effect *ret) {
    if (effect_take(controller, ret)) {
        return true;
    }
    if (!controller->is_checked) {
        check_invariants(controller);
    }
    return effect_take(controller, ret);
}

void controller_handle(struct controller *controller, const struct event *event,
                       const struct effect *published_by, struct instant now) {
    controller->is_checked = false;
    controller->now = now;
    if (controller->trigger.state == TRIGGER_STOPPED && event->kind != EVENT_PASS &&
        event->kind != EVENT_PUBLISHED) {
        return;
    }
    dispatch(controller, event, published_by);
}

/* --- beginning and end ------------------------------------------------------------------------ */

struct controller *controller_new(const struct controller_settings *settings, uint64_t seed) {
    struct controller *controller = memory_new(1, sizeof(*controller));

    *controller = (struct controller){
        .settings = *settings,
        .random = seed,
        .ledger = ledger_new(),
        .trigger = {.state = TRIGGER_STARTING, .starting.due = NEVER},
        .request = {.due = NEVER},
        .peer = {.version_outdated = true},
        .backoff = backoff_from(settings->retry),
        .retry_due = NEVER,
        .watch_due = NEVER,
        .is_complete = true,
        .is_confirmed = settings->is_loaded_at_start,
        .is_ever_confirmed = settings->is_loaded_at_start,
    };
    return controller;
}

void controller_free(struct controller *controller) {
    if (controller == NULL) {
        return;
    }
    rollout_forget(controller);
    effects_free(&controller->effects);
    ledger_free(controller->ledger);
    free(controller);
}

struct ledger *controller_ledger(struct controller *controller) {
    return controller->ledger;
}

struct controller_status controller_status(const struct controller *controller) {
    const struct plan *plan = &controller->plan;
    struct controller_status status = controller->counters;

    status.trigger = controller->trigger.state;
    status.request = controller->request.state;
    status.plan = plan->state;
    if (plan->state == PLAN_FALLBACK) {
        status.fallback = plan->fallback.kind;
        status.is_fallback_refused = plan->fallback.refused != NULL;
    }
    status.is_retry_pending = controller->retry_due != NEVER;
    status.is_published = is_published(controller);
    status.is_confirmed = controller->is_confirmed;
    status.is_ever_confirmed = controller->is_ever_confirmed;
    status.is_base_refused = controller->is_base_refused;
    status.is_peer_away = controller->peer.is_away;
    status.suspects = plan->trial != NULL ? trial_suspects(plan->trial) : 0;
    status.version = controller->peer.version;
    return status;
}
