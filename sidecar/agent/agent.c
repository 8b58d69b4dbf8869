/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Feeds the controller with events and carries out its effects. One timer wakes it up when the
 * controller has something to do. There is no decision here: what happens next is the controller's.
 */

#include "agent/citation.h"
#include "agent/shell.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "compile/order.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

static const int signal_numbers[AGENT_SIGNALS] = {SIGHUP, SIGTERM, SIGINT};

static const char *const phase_names[] = {
    [AGENT_STARTING] = "starting",   [AGENT_IDLE] = "idle",
    [AGENT_SETTLING] = "settling",   [AGENT_PUBLISHING] = "publishing",
    [AGENT_RELOADING] = "reloading", [AGENT_CONFIRMING] = "confirming",
    [AGENT_ISOLATING] = "isolating", [AGENT_WAITING] = "waiting",
    [AGENT_STOPPED] = "stopped",
};

const char *agent_phase_name(enum agent_phase phase) {
    return phase_names[phase];
}

bool agent_watch_only(const struct agent *agent) {
    return agent->settings->output_path == NULL;
}

static enum agent_phase phase_of(const struct controller_status *status) {
    switch (status->trigger) {
    case TRIGGER_STARTING:
        return AGENT_STARTING;
    case TRIGGER_RUNNING:
        return AGENT_PUBLISHING;
    case TRIGGER_STOPPED:
        return AGENT_STOPPED;
    case TRIGGER_IDLE:
    case TRIGGER_SETTLING:
        break;
    }
    switch (status->request) {
    case REQUEST_WAITING_AFTER:
    case REQUEST_READING_AFTER:
        return AGENT_CONFIRMING;
    case REQUEST_READING_BEFORE:
    case REQUEST_WAITING_BEFORE:
    case REQUEST_WAITING_SECOND:
    case REQUEST_SENT:
        return status->plan == PLAN_BISECT ? AGENT_ISOLATING : AGENT_RELOADING;
    case REQUEST_NONE:
        break;
    }
    if (status->trigger == TRIGGER_SETTLING) {
        return AGENT_SETTLING;
    }
    return status->is_retry_pending ? AGENT_WAITING : AGENT_IDLE;
}

bool agent_is_settled(const struct agent *agent) {
    const struct controller_status status = controller_status(agent->controller);

    return status.trigger != TRIGGER_STOPPED && !agent_watch_only(agent) && status.suspects == 0 &&
           status.is_confirmed;
}

/* --- events ----------------------------------------------------------------------------------- */

static struct instant now(void) {
    return (struct instant){clock_monotonic_nanoseconds() / NANOSECONDS_PER_MILLISECOND,
                            clock_wall_milliseconds()};
}

static void carry_out(struct agent *agent, const struct effect *effect);
static void on_due(uv_timer_t *timer);

static void feed(struct agent *agent, const struct event *event) {
    controller_handle(agent->controller, event, NULL, now());
}

/* Between two effects nothing is at rest: only what is under way is logged then. */
static void log_phase(struct agent *agent, bool has_effects) {
    const struct controller_status status = controller_status(agent->controller);
    const enum agent_phase phase = phase_of(&status);
    const bool rests = phase == AGENT_IDLE || phase == AGENT_WAITING || phase == AGENT_SETTLING;

    if (phase != agent->phase && !(has_effects && rests)) {
        log_debug("phase", LOG_STRING("from", agent_phase_name(agent->phase)),
                  LOG_STRING("to", agent_phase_name(phase)));
        agent->phase = phase;
    }
}

static void start_timer(struct agent *agent) {
    const int64_t due = controller_due(agent->controller);

    if (due == INT64_MAX) {
        uv_timer_stop(&agent->timer);
        return;
    }
    const int64_t left = due - now().monotonic;
    uv_update_time(agent->loop);
    uv_timer_start(&agent->timer, on_due, left > 0 ? (uint64_t)left : 0, 0);
}

/* An event, and the effects of it and of their results. answer: the one that the event is about. */
static void handle(struct agent *agent, const struct event *event,
                   const struct http_answer *answer) {
    struct effect effect;

    feed(agent, event);
    if (agent->is_handling) {
        return; /* its effects are carried out below */
    }
    agent->is_handling = true;
    agent->answer = answer;
    log_phase(agent, true);
    while (controller_next_effect(agent->controller, &effect)) {
        carry_out(agent, &effect);
        effect_release(&effect);
        log_phase(agent, true);
    }
    log_phase(agent, false);
    agent->answer = NULL;
    agent->is_handling = false;
    if (agent->phase != AGENT_STOPPED) {
        start_timer(agent);
    }
}

static void handle_simple(struct agent *agent, enum event_kind kind) {
    handle(agent, &(struct event){.kind = kind}, NULL);
}

static void on_due(uv_timer_t *timer) {
    handle_simple(timer->data, EVENT_TIME);
}

static void on_file_event(void *context) {
    handle_simple(context, EVENT_FILES_CHANGED);
}

void agent_reload(struct agent *agent) {
    handle_simple(agent, EVENT_SIGHUP);
}

void agent_want_reload(struct agent *agent) {
    handle_simple(agent, EVENT_RELOAD_WANTED);
}

/* --- what Prometheus answers ------------------------------------------------------------------ */

static void on_version(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    struct event event = {.kind = EVENT_VERSION};
    char text[ANSWER_VERSION_SIZE] = "";
    const struct version before = controller_status(agent->controller).version;

    event.version.is_known = answer_version(answer, text, &event.version.version);

    const bool is_new =
        !version_is_set(before) || version_compare(before, event.version.version) != 0;
    messages_version(&agent->messages, answer, event.version.is_known ? text : NULL, is_new,
                     agent->settings->ask_version);
    if (event.version.is_known) {
        memcpy(agent->version_text, text, sizeof(text));
    }
    handle(agent, &event, answer);
}

static void on_record(const struct http_answer *answer, void *context) {
    struct event event = {.kind = EVENT_RECORD};

    event.record.answer = answer_record(answer, &event.record.record);
    handle(context, &event, answer);
}

/* Which entries on disk the words cite a line of; in the arena. */
static const bool *cited(const struct agent *agent, struct arena *arena,
                         const struct http_answer *answer) {
    const struct form_set *set = disk_set(agent->disk);
    struct diagnostics diagnostics = diagnostics_in(arena);

    if (set == NULL) {
        return NULL;
    }
    const struct composition composition = form_set_compose(
        arena, set, disk_order(agent->disk), &agent->settings->compile.limits, &diagnostics);
    return composition.mergeable ? citations_find(arena, arena_string(arena, answer->body),
                                                  composition.config, composition.spans, set->count)
                                 : NULL;
}

static void on_reloaded(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer words = {0};
    struct event event = {
        .kind = EVENT_RELOADED,
        .reloaded =
            {
                .verdict = answer_reload_verdict(answer),
                .is_starting = answer->status == STATUS_STARTING,
                .is_lost = answer_is_lost(answer),
                .is_signal = answer->signalled,
                .output_stands = true,
            },
    };

    if (event.reloaded.verdict == RELOAD_REFUSED) {
        answer_words(answer, &words);
        event.reloaded.words = buffer_string(&words);
        event.reloaded.cited = cited(agent, arena, answer);
    } else if (event.reloaded.verdict == RELOAD_CONFIRMED && agent->settings->compile.in_place) {
        event.reloaded.output_stands = disk_stands(agent->disk);
    }
    handle(agent, &event, answer);
}

/* --- settings --------------------------------------------------------------------------------- */

static struct controller_settings controller_settings_of(const struct agent_settings *settings) {
    return (struct controller_settings){
        .watch_only = settings->output_path == NULL,
        .in_place = settings->compile.in_place,
        .by_signal = settings->prometheus.method == RELOAD_BY_SIGNAL,
        .ask_version = settings->ask_version,
        .version = settings->compile.version,
        .is_loaded_at_start = settings->starts_without_reload,
        .watch_interval = settings->watch_milliseconds,
        .delay = settings->delay_milliseconds,
        .retry = settings->retry_milliseconds,
        .startup_timeout = settings->startup_grace_milliseconds,
        .confirm_timeout = settings->confirm_milliseconds,
        .request_timeout = settings->prometheus.timeout_milliseconds,
    };
}

static void set_up_messages(struct agent *agent) {
    agent->messages.startup_timeout =
        agent->settings->startup_grace_milliseconds * NANOSECONDS_PER_MILLISECOND;
    agent->messages.by_signal = agent->settings->prometheus.method == RELOAD_BY_SIGNAL;
}

static void use_settings(struct agent *agent, const struct agent_settings *settings) {
    /* The new client first: curl's own initialisation then never ends in between. */
    struct prometheus_client *client = prometheus_client_new(agent->loop, &settings->prometheus);

    prometheus_client_close(agent->client);
    agent->client = client;
    agent->settings = settings;
    running_forget(agent);
    set_up_messages(agent);
    pass_configure(agent->pass, settings);
    disk_configure(agent->disk, settings);
    if (!agent_watch_only(agent)) {
        disk_clean(agent->disk);
        run_marker_take(agent->marker, settings->output_path);
    }
    ledger_set_dirty(controller_ledger(agent->controller), true);
    log_info("settings taken over");
}

static void read_settings(struct agent *agent) {
    const struct agent_settings *settings = NULL;
    struct event event = {.kind = EVENT_SETTINGS};
    struct controller_settings own;

    if (agent->settings->reread != NULL) {
        settings = agent->settings->reread(agent->settings->reread_context);
    }
    if (settings != NULL && settings != agent->settings) {
        use_settings(agent, settings);
        own = controller_settings_of(settings);
        event.settings = &own;
    }
    pass_repeat_warnings(agent->pass);
    disk_repeat_warnings(agent->disk);
    feed(agent, &event);
}

/* --- effects ---------------------------------------------------------------------------------- */

static void run_pass(struct agent *agent, const struct effect *effect) {
    if (!agent_watch_only(agent)) {
        state_store_retry(&agent->store, controller_ledger(agent->controller),
                          agent->settings->output_path, &agent->settings->compile.limits);
    }
    const struct pass_result result = pass_run(agent->pass, agent->watcher, effect->full_rescan);
    const struct event event = {
        .kind = EVENT_PASS,
        .pass =
            {
                .state = pass_state(agent->pass),
                .mergeable = result.mergeable,
                .changed = result.changed,
                .watched_changed = result.watched_changed,
                .complete = result.complete,
                .base_being_written = result.base_being_written,
                .files_being_written = pass_look_again(agent->pass) > 0,
            },
    };
    run_marker_note(agent->marker);
    feed(agent, &event);
}

static struct disk_result write_set(struct agent *agent, const struct effect *effect) {
    const struct form_set *lkg = ledger_history(controller_ledger(agent->controller))->good;
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const int64_t started = clock_monotonic_nanoseconds();

    if (effect->rolls_back) {
        return disk_roll_back(agent->disk, effect->set, form_set_order(arena, effect->set, lkg),
                              started);
    }
    /* In place the base is the output: an edit of it meanwhile is somebody's work. */
    if (agent->settings->compile.in_place && !pass_base_is(agent->pass, effect->set->base)) {
        return (struct disk_result){.error = -ESTALE};
    }
    return disk_publish(agent->disk, effect->set, form_set_order(arena, effect->set, lkg), started);
}

static void publish(struct agent *agent, const struct effect *effect) {
    const struct disk_result result =
        effect->set != NULL
            ? write_set(agent, effect)
            : disk_publish_state(agent->disk, pass_state(agent->pass), pass_started(agent->pass));
    const struct event event = {
        .kind = EVENT_PUBLISHED,
        .published =
            {
                .error = result.error,
                .changed = result.changed,
                .written = result.written,
                .on_disk = disk_set(agent->disk),
            },
    };

    if (result.look_again > 0 && agent->watcher != NULL) {
        watcher_look_again(agent->watcher, result.look_again);
    }
    controller_handle(agent->controller, &event, effect, now());
}

static void prune(struct agent *agent) {
    feed(agent, &(struct event){.kind = EVENT_PRUNED, .pruned = disk_prune(agent->disk)});
}

static void ask_version(struct agent *agent) {
    const int error = prometheus_buildinfo(agent->client, on_version, agent);

    if (error != 0 && error != -EALREADY) {
        feed(agent, &(struct event){.kind = EVENT_VERSION});
    }
}

static void read_record(struct agent *agent) {
    if (prometheus_runtimeinfo(agent->client, on_record, agent) != 0) {
        const struct http_answer none = {.error = "the URL of runtimeinfo is not known",
                                         .body = BYTES("")};
        on_record(&none, agent);
    }
}

static void reload(struct agent *agent) {
    agent->messages.sent = clock_monotonic_nanoseconds();
    const int error = prometheus_reload(agent->client, on_reloaded, agent);

    if (error != 0) {
        const struct http_answer none = {.error = strerror(-error), .body = BYTES("")};
        on_reloaded(&none, agent);
    }
}

static void carry_out(struct agent *agent, const struct effect *effect) {
    switch (effect->kind) {
    case EFFECT_READ_SETTINGS:
        read_settings(agent);
        break;
    case EFFECT_RUN_PASS:
        run_pass(agent, effect);
        break;
    case EFFECT_PUBLISH:
        publish(agent, effect);
        break;
    case EFFECT_PRUNE:
        prune(agent);
        break;
    case EFFECT_ASK_VERSION:
        ask_version(agent);
        break;
    case EFFECT_SET_VERSION:
        pass_set_version(agent->pass, effect->version);
        break;
    case EFFECT_READ_RECORD:
        read_record(agent);
        break;
    case EFFECT_RELOAD:
        reload(agent);
        break;
    case EFFECT_CHECK_RUNNING:
        running_ask(agent, effect->after_reload);
        break;
    case EFFECT_SAVE:
        if (!agent_watch_only(agent)) {
            state_store_save(&agent->store, controller_ledger(agent->controller),
                             agent->settings->output_path);
        }
        break;
    case EFFECT_REPORT:
        messages_report(&agent->messages, effect, agent->answer);
        break;
    }
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void on_signal(uv_signal_t *handle, int number) {
    struct agent *agent = handle->data;

    log_info("signal", LOG_STRING("signal", sigabbrev_np(number)));
    if (number == SIGHUP) {
        agent_reload(agent);
    } else {
        agent_stop(agent);
    }
}

static uint64_t draw_seed(void) {
    uint64_t seed = 0;
    /* No entropy: continue without jitter. */
    const ssize_t got = getrandom(&seed, sizeof(seed), GRND_NONBLOCK);

    (void)got;
    return seed;
}

struct agent *agent_new(uv_loop_t *loop, const struct agent_settings *settings) {
    const struct controller_settings own = controller_settings_of(settings);
    struct controller *controller = controller_new(&own, draw_seed());
    struct agent *agent = memory_new(1, sizeof(*agent));

    *agent = (struct agent){
        .loop = loop,
        .settings = settings,
        .phase = AGENT_STARTING,
        .controller = controller,
        .pass = pass_new(settings, ledger_history(controller_ledger(controller))),
        .disk = disk_new(settings),
        .watcher = watcher_new(loop, on_file_event, agent),
        .marker = run_marker_new(),
        .client = prometheus_client_new(loop, &settings->prometheus),
    };
    set_up_messages(agent);
    uv_timer_init(loop, &agent->timer);
    agent->timer.data = agent;
    running_set_up(agent);
    for (size_t i = 0; i < AGENT_SIGNALS; i++) {
        uv_signal_init(loop, &agent->signals[i]);
        agent->signals[i].data = agent;
    }
    return agent;
}

int agent_start(struct agent *agent) {
    struct ledger *ledger = controller_ledger(agent->controller);

    for (size_t i = 0; i < AGENT_SIGNALS; i++) {
        int error = uv_signal_start(&agent->signals[i], on_signal, signal_numbers[i]);
        if (error < 0) {
            log_error("cannot handle signals", LOG_STRING("err", uv_strerror(error)));
            return error;
        }
    }
    /* A peer that goes away while it is written to is an error to handle, not the end. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        int error = -errno;
        log_error("cannot ignore SIGPIPE", LOG_STRING("err", strerror(-error)));
        return error;
    }
    if (!agent_watch_only(agent)) {
        disk_clean(agent->disk);
        run_marker_take(agent->marker, agent->settings->output_path);
        state_store_load(&agent->store, ledger, agent->settings->output_path,
                         &agent->settings->compile.limits);
        pass_expect_version(agent->pass, ledger_version(ledger));
    }
    handle_simple(agent, EVENT_START);
    return 0;
}

void agent_stop(struct agent *agent) {
    if (agent->phase == AGENT_STOPPED) {
        return;
    }
    handle_simple(agent, EVENT_STOP);
    run_marker_remove(agent->marker);
    agent_status_read(agent, &agent->status);
    watcher_close(agent->watcher);
    agent->watcher = NULL;
    prometheus_client_close(agent->client);
    running_close(agent);
    uv_close((uv_handle_t *)&agent->timer, NULL);
    for (size_t i = 0; i < AGENT_SIGNALS; i++) {
        uv_close((uv_handle_t *)&agent->signals[i], NULL);
    }
}

void agent_free(struct agent *agent) {
    if (agent == NULL) {
        return;
    }
    controller_free(agent->controller);
    pass_free(agent->pass);
    disk_free(agent->disk);
    run_marker_free(agent->marker);
    messages_free(&agent->messages);
    running_free(agent);
    free(agent);
}

/* Why it is not ready; NULL: it is. */
static const char *not_ready(const struct agent *agent, const struct agent_status *status,
                             const struct controller_status *own) {
    const struct agent_failure *publish = &status->failures[OPERATION_PUBLISH];

    if (publish->words != NULL) {
        return publish->words;
    }
    if (!status->published) {
        return status->base_fault != NULL ? status->base_fault : "no config is in place yet";
    }
    if (status->base_refused) {
        return "Prometheus refused the base config; the last good one is in use";
    }
    if (status->base_fault != NULL) {
        return status->base_fault;
    }
    if (own->is_fallback_refused) {
        return "Prometheus refuses the config, and even the one that it took before";
    }
    if (agent->running.verdict == RUNNING_DIFFERS) {
        return agent->running.sentence;
    }
    if (!own->is_ever_confirmed && !own->is_peer_away) {
        return "Prometheus has not taken the config yet";
    }
    return NULL;
}

void agent_status_read(const struct agent *agent, struct agent_status *ret) {
    const struct controller_status own = controller_status(agent->controller);
    const struct ledger *ledger = controller_ledger(agent->controller);
    const struct history *history = ledger_history(ledger);
    struct agent_status status = {
        .phase = phase_of(&own),
        .state = pass_state(agent->pass),
        .prometheus_version = agent->version_text,
        .reload_method = reload_method_name(agent->settings->prometheus.method),
        .only_watches = agent_watch_only(agent),
        .published = own.is_published,
        .confirmed = own.is_confirmed,
        .running = agent->running.verdict,
        .running_difference = agent->running.difference,
        .fallback = own.fallback,
        .suspects = own.suspects,
        .base_words = history->base_words,
        .reload_successful = own.is_reload_successful,
        .reload_time = own.reload_time,
        .success_time = own.success_time,
        .prometheus = &agent->settings->prometheus,
        .source = &agent->settings->source,
        .passes = own.passes,
        .writes = own.writes,
        .publish_errors = own.publish_errors,
        .reloads = own.reloads,
        .reloads_failed = own.reloads_failed,
        .watches = agent->status.watches,
        .watch_events = agent->status.watch_events,
        .watch_errors = agent->status.watch_errors,
    };

    status.base_refused =
        own.is_base_refused || (status.state != NULL && status.state->base_refused);
    status.base_fault = status.state != NULL ? status.state->base_fault : NULL;
    if (status.base_fault == NULL && own.is_base_refused) {
        status.base_fault = history->base_words;
    }
    status.earlier = ledger_earlier(ledger, &status.earlier_count);
    operations_read(agent, status.failures);
    status.not_ready = not_ready(agent, &status, &own);
    status.ready = status.not_ready == NULL;
    if (agent->watcher != NULL) {
        struct watcher_counters counters = watcher_counters(agent->watcher);
        status.watches = counters.watches;
        status.watch_events = counters.events;
        status.watch_errors = counters.errors;
    }
    *ret = status;
}
