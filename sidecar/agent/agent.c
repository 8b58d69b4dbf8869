/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happens when. Whatever happens (a file event, a signal, a timer, an answer) ends in one of
 * four steps: settle, act_now, reload_start or agent_rest; a pass runs in one place only
 * (on_settled).
 *
 *     starting -> publishing            Prometheus told its version, or did not in time
 *     idle, waiting -> settling         an event, a signal, a timer
 *     settling -> publishing            quiet: one pass
 *     publishing -> reloading           there is something that Prometheus does not run yet
 *     publishing -> idle, waiting       there is not; or it could not be published
 *     reloading -> confirming           no answer: its record will tell (reload.c)
 *     reloading, confirming -> isolating     refused: one part after another is asked about
 *     reloading, confirming, isolating -> idle, waiting, settling
 *                                       confirmed; failed; events came meanwhile (isolate.c)
 */

#include "agent/machine.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* How long the first pass waits for Prometheus to tell its version: usually it is not up yet, which
 * is known at once. */
#define START_PATIENCE_MILLISECONDS 1000

/* Events without end put a pass off by this many delays, and by a second where delays are shorter.
 */
#define SETTLE_DELAYS_MAX       10
#define SETTLE_MILLISECONDS_MAX 1000

/* As long as a single pass waits (once.c). */
#define WRITERS_MILLISECONDS_MAX 10000

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

bool agent_only_watches(const struct agent *agent) {
    return agent->settings->output_path == NULL;
}

void agent_enter(struct agent *agent, enum agent_phase phase) {
    if (agent->phase != phase) {
        log_debug("phase", LOG_STRING("from", agent_phase_name(agent->phase)),
                  LOG_STRING("to", agent_phase_name(phase)));
        agent->phase = phase;
    }
}

/* --- settling ------------------------------------------------------------------------------- */

static void on_settled(uv_timer_t *timer);

static uint64_t smaller(uint64_t left, uint64_t right) {
    return left < right ? left : right;
}

/* Runs a pass after delay milliseconds of quiet, at the latest after latest milliseconds. */
static void act_after(struct agent *agent, uint64_t delay, uint64_t latest) {
    uint64_t now = uv_now(agent->loop);

    switch (agent->phase) {
    case AGENT_RELOADING:
    case AGENT_CONFIRMING:
    case AGENT_ISOLATING:
        agent->again = true;
        return;
    case AGENT_SETTLING:
        agent->act_by = smaller(agent->act_by, now + latest);
        break;
    case AGENT_IDLE:
    case AGENT_WAITING:
        agent->act_by = now + latest;
        agent_enter(agent, AGENT_SETTLING);
        break;
    case AGENT_STARTING: /* the first pass is still to come */
    case AGENT_PUBLISHING:
    case AGENT_STOPPED:
        return;
    }
    uint64_t left = agent->act_by > now ? agent->act_by - now : 0;
    uv_timer_start(&agent->settle_timer, on_settled, smaller(delay, left), 0);
}

static void act_now(struct agent *agent) {
    act_after(agent, 0, 0);
}

static void settle(struct agent *agent) {
    uint64_t delay = (uint64_t)agent->settings->delay_milliseconds;
    uint64_t latest = SETTLE_MILLISECONDS_MAX;

    if (delay > SETTLE_MILLISECONDS_MAX / SETTLE_DELAYS_MAX) {
        latest = delay > UINT64_MAX / 4 / SETTLE_DELAYS_MAX ? delay : delay * SETTLE_DELAYS_MAX;
    }
    act_after(agent, delay, latest);
}

static void on_file_event(void *context) {
    settle(context);
}

/* --- trying again --------------------------------------------------------------------------- */

static void on_retry(uv_timer_t *timer) {
    act_now(timer->data);
}

int64_t agent_try_later(struct agent *agent) {
    uint32_t random = 0;

    if (uv_is_active((uv_handle_t *)&agent->retry_timer) == 0) {
        int64_t patience = isolate_patience(agent);
        /* Without chance there is no jitter, and nothing else is lost. */
        ssize_t got = getrandom(&random, sizeof(random), GRND_NONBLOCK);
        (void)got;
        int64_t wait = backoff_next(&agent->backoff, random);
        /* One wait ends with the patience. Where that is over already, what comes of it had to be
         * put off: it is as much a fault that lasts as any other. */
        if (patience > 0 && wait > patience / NANOSECONDS_PER_MILLISECOND) {
            wait = patience / NANOSECONDS_PER_MILLISECOND + 1;
        }
        uv_timer_start(&agent->retry_timer, on_retry, (uint64_t)wait, 0);
    }
    return (int64_t)uv_timer_get_due_in(&agent->retry_timer);
}

static void forget_retry(struct agent *agent) {
    uv_timer_stop(&agent->retry_timer);
    backoff_reset(&agent->backoff);
}

void agent_rest(struct agent *agent, bool failed) {
    if (failed) {
        agent_try_later(agent);
        agent_enter(agent, AGENT_WAITING);
    } else {
        forget_retry(agent);
        agent_enter(agent, AGENT_IDLE);
    }
    if (agent->hangup) {
        act_now(agent);
    } else if (agent->again) {
        settle(agent);
    }
    agent->again = false;
}

/* --- the version of Prometheus -------------------------------------------------------------- */

/* Another Prometheus may take what the last one refused. */
static bool meet(struct agent *agent, struct version version) {
    CLEANUP(buffer_free) struct buffer text = {0};

    version_format(version, &text);
    bool forgives = ledger_meet(agent->ledger, buffer_string(&text));
    if (forgives) {
        log_info("another Prometheus: what the last one refused is asked about again",
                 LOG_STRING("version", buffer_string(&text)));
    }
    return forgives;
}

/* The same of what is written for another version. */
static void meet_given(struct agent *agent) {
    CLEANUP(buffer_free) struct buffer text = {0};

    if (version_is_set(agent->settings->compile.version)) {
        version_format(agent->settings->compile.version, &text);
    }
    if (ledger_meet_given(agent->ledger, buffer_string(&text))) {
        log_info("another --prometheus-version: what was refused is asked about again",
                 LOG_STRING("version", buffer_string(&text)));
    }
}

/* Where a version is given, what is written does not depend on what Prometheus tells. */
static void on_version(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    const bool decides = agent->settings->ask_version;
    const bool changed = peer_version_answered(&agent->peer, answer, decides);
    agent->stranger |= changed;
    const bool forgiven = changed && meet(agent, agent->peer.version);

    if (changed && decides) {
        pass_set_version(agent->pass, agent->peer.version);
    }
    if (agent->phase == AGENT_STARTING) {
        uv_timer_start(&agent->settle_timer, on_settled, 0, 0);
    } else if (forgiven || (changed && decides)) {
        act_now(agent);
    }
}

/* False: it is known, of no use, or cannot be asked. */
static bool ask_version(struct agent *agent) {
    const struct agent_settings *settings = agent->settings;
    const bool used = !agent_only_watches(agent) &&
                      (settings->ask_version || version_is_set(settings->compile.version));

    if (!used || !agent->peer.version_outdated) {
        return false;
    }
    int error = prometheus_buildinfo(agent->client, on_version, agent);
    return error == 0 || error == -EALREADY;
}

void agent_ask_version(struct agent *agent) {
    if (!agent->peer.unreachable) {
        (void)ask_version(agent);
    }
}

/* --- a pass --------------------------------------------------------------------------------- */

static void on_watch_interval(uv_timer_t *timer) {
    struct agent *agent = timer->data;

    agent->every_byte = true;
    /* Why the base was refused may lie outside of it: in a file that it names. */
    ledger_forgive_base(agent->ledger);
    agent->peer.version_outdated = true;
    agent_ask_version(agent);
    running_ask(agent, false);
    act_now(agent);
}

static void start_watch_timer(struct agent *agent) {
    uint64_t interval = (uint64_t)agent->settings->watch_milliseconds;

    if (interval > 0) {
        uv_timer_start(&agent->watch_timer, on_watch_interval, interval, interval);
    } else {
        uv_timer_stop(&agent->watch_timer);
    }
}

/* At the start, and with other settings, there is nothing that a file that is being written held
 * before: published without it, an entry would leave and come back. For some seconds at most. */
static void begin_anew(struct agent *agent) {
    uv_update_time(agent->loop);
    agent->writers_until = uv_now(agent->loop) + WRITERS_MILLISECONDS_MAX;
}

static void use_settings(struct agent *agent, const struct agent_settings *settings) {
    /* The new client first: curl's own initialisation then never ends in between. */
    struct prometheus_client *client = prometheus_client_new(agent->loop, &settings->prometheus);

    prometheus_client_close(agent->client);
    agent->client = client;
    agent->settings = settings;
    running_forget(agent);
    agent->backoff = backoff_from(settings->retry_milliseconds);
    agent->peer.startup_grace = settings->startup_grace_milliseconds * NANOSECONDS_PER_MILLISECOND;
    pass_configure(agent->pass, settings);
    disk_configure(agent->disk, settings);
    begin_anew(agent);
    if (!agent_only_watches(agent)) {
        disk_clean(agent->disk);
        run_marker_take(agent->marker, settings->output_path);
    }
    ledger_moved(agent->ledger);
    start_watch_timer(agent);
    log_info("settings taken over");
}

/* Never while Prometheus is asked to reload: the old client's request would be cut off. */
static void hang_up(struct agent *agent) {
    const struct agent_settings *settings = agent->settings;

    if (settings->reread != NULL) {
        settings = settings->reread(settings->reread_context);
    }
    if (settings != NULL && settings != agent->settings) {
        use_settings(agent, settings);
    }
    pass_repeat_warnings(agent->pass);
    disk_repeat_warnings(agent->disk);
    isolate_forget(agent);
    ledger_forgive(agent->ledger);
    meet_given(agent);
    agent->peer.version_outdated = true;
    if (agent->settings->ask_version && version_is_set(agent->peer.version)) {
        pass_set_version(agent->pass, agent->peer.version);
    }
    ask_version(agent);
}

/* What a person does to the output, in place, is none. */
static bool is_publish_fault(int error) {
    return error != 0 && error != -ESTALE && error != -ETXTBSY;
}

/* Nothing that had to be read or written for Prometheus may have failed. A base that Prometheus
 * refused is a reload that failed, not a pass. */
static bool has_failed(const struct agent *agent, const struct pass_result *result,
                       const struct disk_result *published) {
    const struct desired_state *state = pass_state(agent->pass);

    if (agent_only_watches(agent)) {
        return !result->complete;
    }
    return is_publish_fault(published->error) ||
           (state->base_fault != NULL && !state->base_refused);
}

static void count_pass(struct agent *agent, const struct pass_result *result,
                       const struct disk_result *published) {
    struct agent_status *status = &agent->status;

    status->passes++;
    status->writes += published->written ? 1 : 0;
    status->publish_errors += has_failed(agent, result, published) ? 1 : 0;
    status->published = agent_only_watches(agent) || disk_set(agent->disk) != NULL;
}

/* Something on disk that it does not run; or the record of a refusal that is no longer true. */
static bool is_reload_due(const struct agent *agent) {
    const struct agent_status *status = &agent->status;

    return status->published && (!status->confirmed || agent->reload_owed ||
                                 (agent->refused_last && !pass_state(agent->pass)->base_faulty));
}

bool agent_prune(struct agent *agent) {
    agent->prune_owed = !disk_prune(agent->disk);
    return !agent->prune_owed;
}

/* What the pass calls for. */
static void decide(struct agent *agent, const struct pass_result *result,
                   const struct disk_result *published, bool hangup) {
    agent->complete = result->complete;
    agent->reload_owed |= hangup || result->watched_changed;
    agent->watched_owed |= result->watched_changed;
    if (published->changed) {
        agent->status.confirmed = false;
    }
    if (published->changed || result->watched_changed ||
        (result->changed && agent->hold != HOLD_NOTHING)) {
        forget_retry(agent);
    }
    if (agent->status.confirmed && pass_state(agent->pass)->base_fault == NULL) {
        agent->base_refused = false;
    }
    bool due = is_reload_due(agent);
    bool retry_pending = uv_is_active((uv_handle_t *)&agent->retry_timer) != 0;

    if (published->error == -ESTALE) { /* the same time and size may hide the edit */
        agent->again = true;
        agent->every_byte = true;
        agent_rest(agent, false);
    } else if (published->error == -ETXTBSY) { /* nor is it loaded: it may be half of a config */
        if (published->look_again > 0) {
            watcher_look_again(agent->watcher, published->look_again);
        }
        agent_rest(agent, false);
    } else if (published->error != 0) {
        agent_rest(agent, true);
    } else if ((hangup && agent->status.published) || (due && !retry_pending)) {
        reload_start(agent);
    } else {
        bool pruned = due || !agent->prune_owed || agent_prune(agent);
        agent_rest(agent, due || !result->complete || !pruned);
    }
}

/* Not while a refused base is asked about again: in all likelihood it is refused again. */
static void save_ledger(struct agent *agent) {
    if (!agent_only_watches(agent) &&
        (!agent->base_refused || ledger_history(agent->ledger)->refused_base.data != NULL)) {
        ledger_save(agent->ledger, agent->settings->output_path);
    }
}

/* A base may have been refused for what the watched files held: then it is worth another look. */
static struct pass_result run_pass(struct agent *agent, bool every_byte) {
    struct pass_result result = pass_run(agent->pass, agent->watcher, every_byte);

    if (!result.watched_changed) {
        return result;
    }
    log_info("watched files changed: Prometheus is asked to reload");
    if (ledger_history(agent->ledger)->refused_base.data != NULL) {
        ledger_forgive_base(agent->ledger);
        result = pass_run(agent->pass, agent->watcher, false);
        result.watched_changed = true;
    }
    return result;
}

static bool waits_for_writers(struct agent *agent) {
    uv_update_time(agent->loop);
    if (pass_look_again(agent->pass) == 0 || uv_now(agent->loop) >= agent->writers_until ||
        agent_only_watches(agent)) {
        agent->writers_until = 0;
    }
    return agent->writers_until != 0;
}

static void on_settled(uv_timer_t *timer) {
    struct agent *agent = timer->data;
    bool every_byte = agent->every_byte;
    bool hangup = agent->hangup;
    struct disk_result published = {0};

    agent_enter(agent, AGENT_PUBLISHING);
    agent->every_byte = false;
    agent->hangup = false;
    if (hangup) {
        hang_up(agent);
    }
    if (!agent_only_watches(agent)) {
        ledger_recall(agent->ledger, agent->settings->output_path,
                      &agent->settings->compile.limits);
    }
    struct pass_result result = run_pass(agent, every_byte || hangup);
    const bool waits = waits_for_writers(agent);
    if (waits || (result.base_being_written && agent->settings->compile.in_place)) {
        published.error = -ETXTBSY; /* the watcher looks again */
    } else if (result.mergeable) {
        published = isolate_publish(agent);
    }
    if (!waits) {
        ledger_note(agent->ledger, pass_state(agent->pass), clock_wall_milliseconds());
        save_ledger(agent);
    }
    /* A pass may take a while, and timers count from the loop's idea of now. */
    uv_update_time(agent->loop);
    count_pass(agent, &result, &published);
    run_marker_note(agent->marker);
    decide(agent, &result, &published, hangup);
}

/* --- from outside --------------------------------------------------------------------------- */

void agent_reload(struct agent *agent) {
    agent->hangup = true;
    act_now(agent);
}

void agent_owe_reload(struct agent *agent) {
    agent->reload_owed = true;
    act_now(agent);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct agent *agent = handle->data;

    log_info("signal", LOG_STRING("signal", sigabbrev_np(number)));
    if (number == SIGHUP) {
        agent_reload(agent);
    } else {
        agent_stop(agent);
    }
}

struct agent *agent_new(uv_loop_t *loop, const struct agent_settings *settings) {
    struct agent *agent = memory_new(1, sizeof(*agent));
    struct ledger *ledger = ledger_new();

    *agent = (struct agent){
        .loop = loop,
        .settings = settings,
        .phase = AGENT_STARTING,
        .ledger = ledger,
        .pass = pass_new(settings, ledger_history(ledger)),
        .disk = disk_new(settings),
        .watcher = watcher_new(loop, on_file_event, agent),
        .marker = run_marker_new(),
        .client = prometheus_client_new(loop, &settings->prometheus),
        .peer = peer_unknown(settings->startup_grace_milliseconds * NANOSECONDS_PER_MILLISECOND),
        .backoff = backoff_from(settings->retry_milliseconds),
        .complete = true,
        .ever_confirmed = settings->starts_without_reload,
        .status.confirmed = settings->starts_without_reload,
    };
    uv_timer_t *const timers[] = {&agent->settle_timer, &agent->retry_timer, &agent->watch_timer,
                                  &agent->confirm_timer};
    for (size_t i = 0; i < ARRAY_LENGTH(timers); i++) {
        uv_timer_init(loop, timers[i]);
        timers[i]->data = agent;
    }
    running_set_up(agent);
    for (size_t i = 0; i < AGENT_SIGNALS; i++) {
        uv_signal_init(loop, &agent->signals[i]);
        agent->signals[i].data = agent;
    }
    return agent;
}

int agent_start(struct agent *agent) {
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
    if (!agent_only_watches(agent)) {
        disk_clean(agent->disk);
        run_marker_take(agent->marker, agent->settings->output_path);
        ledger_load(agent->ledger, agent->settings->output_path, &agent->settings->compile.limits);
        pass_expect_version(agent->pass, ledger_version(agent->ledger));
    }
    begin_anew(agent);
    meet_given(agent);
    start_watch_timer(agent);
    uv_update_time(agent->loop);
    bool asking = ask_version(agent) && agent->settings->ask_version;
    uv_timer_start(&agent->settle_timer, on_settled, asking ? START_PATIENCE_MILLISECONDS : 0, 0);
    return 0;
}

void agent_stop(struct agent *agent) {
    if (agent->phase == AGENT_STOPPED) {
        return;
    }
    isolate_abandon(agent);
    run_marker_remove(agent->marker);
    agent_enter(agent, AGENT_STOPPED);
    agent_status_read(agent, &agent->status);
    watcher_close(agent->watcher);
    agent->watcher = NULL;
    prometheus_client_close(agent->client);
    running_close(agent);
    uv_close((uv_handle_t *)&agent->settle_timer, NULL);
    uv_close((uv_handle_t *)&agent->retry_timer, NULL);
    uv_close((uv_handle_t *)&agent->watch_timer, NULL);
    uv_close((uv_handle_t *)&agent->confirm_timer, NULL);
    for (size_t i = 0; i < AGENT_SIGNALS; i++) {
        uv_close((uv_handle_t *)&agent->signals[i], NULL);
    }
}

void agent_free(struct agent *agent) {
    if (agent == NULL) {
        return;
    }
    isolate_forget(agent);
    pass_free(agent->pass);
    disk_free(agent->disk);
    ledger_free(agent->ledger);
    run_marker_free(agent->marker);
    buffer_free(&agent->confirmation.error);
    running_free(agent);
    free(agent);
}

/* Why it is not ready; NULL: it is. */
static const char *not_ready(const struct agent *agent, const struct agent_status *status) {
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
    if (agent->held_against != NULL) {
        return "Prometheus refuses the config, and even the one that it took before";
    }
    if (agent->running.verdict == RUNNING_DIFFERS) {
        return agent->running.sentence;
    }
    if (!agent->ever_confirmed && !agent->peer.unreachable) {
        return "Prometheus has not taken the config yet";
    }
    return NULL;
}

void agent_status_read(const struct agent *agent, struct agent_status *ret) {
    const struct history *history = ledger_history(agent->ledger);
    struct agent_status status = agent->status;

    status.phase = agent->phase;
    status.only_watches = agent_only_watches(agent);
    status.prometheus = &agent->settings->prometheus;
    status.state = pass_state(agent->pass);
    status.prometheus_version = agent->peer.version_text;
    status.reload_method = reload_method_name(agent->settings->prometheus.method);
    status.holding = agent->hold;
    status.suspects = agent->trial != NULL ? trial_suspects(agent->trial) : 0;
    status.base_refused =
        agent->base_refused || (status.state != NULL && status.state->base_refused);
    status.base_words = history->base_words;
    status.base_fault = status.state != NULL ? status.state->base_fault : NULL;
    if (status.base_fault == NULL && agent->base_refused) {
        status.base_fault = history->base_words;
    }
    status.earlier = ledger_earlier(agent->ledger, &status.earlier_count);
    status.source = &agent->settings->source;
    operations_read(agent, status.failures);
    status.running = agent->running.verdict;
    status.running_difference = agent->running.difference;
    status.not_ready = not_ready(agent, &status);
    status.ready = status.not_ready == NULL;
    if (agent->watcher != NULL) {
        struct watcher_counters counters = watcher_counters(agent->watcher);
        status.watches = counters.watches;
        status.watch_events = counters.events;
        status.watch_errors = counters.errors;
    }
    *ret = status;
}
