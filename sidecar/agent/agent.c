/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The state machine. Whatever happens (a file event, a signal, a timer, an answer) ends in one of
 * four steps: settle, act_now, reload or rest; a pass runs in one place only (on_settled), and a
 * reload starts in one place only.
 *
 *     starting -> publishing            Prometheus told its version, or did not in time
 *     idle, waiting -> settling         an event, a signal, a timer
 *     settling -> publishing            quiet: one pass
 *     publishing -> reloading           there is something that Prometheus does not run yet
 *     publishing -> idle, waiting       there is not; or it could not be published
 *     reloading -> idle, waiting, settling   confirmed; failed; events came meanwhile
 */

#include "agent/agent.h"

#include "agent/backoff.h"
#include "agent/pass.h"
#include "agent/peer.h"
#include "agent/watcher.h"
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

enum {
    SIGNALS = 3
};
static const int signal_numbers[SIGNALS] = {SIGHUP, SIGTERM, SIGINT};

struct agent {
    uv_loop_t *loop;
    const struct agent_settings *settings;
    enum agent_phase phase;
    struct pass *pass;
    struct watcher *watcher;
    struct prometheus_client *client;
    struct peer peer;
    struct backoff backoff;
    uv_timer_t settle_timer;
    uv_timer_t retry_timer;
    uv_timer_t watch_timer;
    uv_signal_t signals[SIGNALS];
    uint64_t act_by; /* loop time at which the pass runs, quiet or not; while settling */
    bool every_byte; /* the next pass trusts no file time */
    bool hangup;     /* the next pass reads the settings, and is followed by a reload */
    bool again;      /* an event came while Prometheus was reloading */
    bool reload_due; /* Prometheus has not confirmed what is on disk */
    bool complete;   /* the last pass could read everything */
    struct agent_status status;
};

static const char *const phase_names[] = {
    [AGENT_STARTING] = "starting",   [AGENT_IDLE] = "idle",
    [AGENT_SETTLING] = "settling",   [AGENT_PUBLISHING] = "publishing",
    [AGENT_RELOADING] = "reloading", [AGENT_WAITING] = "waiting",
    [AGENT_STOPPED] = "stopped",
};

const char *agent_phase_name(enum agent_phase phase) {
    return phase_names[phase];
}

static void enter(struct agent *agent, enum agent_phase phase) {
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
        agent->again = true;
        return;
    case AGENT_SETTLING:
        agent->act_by = smaller(agent->act_by, now + latest);
        break;
    case AGENT_IDLE:
    case AGENT_WAITING:
        agent->act_by = now + latest;
        enter(agent, AGENT_SETTLING);
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

/* Milliseconds until the next try; one that is on its way already stays. */
static int64_t try_later(struct agent *agent) {
    uint32_t random = 0;

    if (uv_is_active((uv_handle_t *)&agent->retry_timer) == 0) {
        /* Without chance there is no jitter, and nothing else is lost. */
        ssize_t got = getrandom(&random, sizeof(random), GRND_NONBLOCK);
        (void)got;
        int64_t wait = backoff_next(&agent->backoff, random);
        uv_timer_start(&agent->retry_timer, on_retry, (uint64_t)wait, 0);
    }
    return (int64_t)uv_timer_get_due_in(&agent->retry_timer);
}

static void forget_retry(struct agent *agent) {
    uv_timer_stop(&agent->retry_timer);
    backoff_reset(&agent->backoff);
}

/* Nothing to do now: until something happens, or until the next try of what failed. */
static void rest(struct agent *agent, bool failed) {
    if (failed) {
        try_later(agent);
        enter(agent, AGENT_WAITING);
    } else {
        forget_retry(agent);
        enter(agent, AGENT_IDLE);
    }
}

/* --- the version of Prometheus -------------------------------------------------------------- */

static void on_version(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    bool changed = peer_version_answered(&agent->peer, answer);

    if (changed) {
        pass_set_version(agent->pass, agent->peer.version);
    }
    if (agent->phase == AGENT_STARTING) {
        uv_timer_start(&agent->settle_timer, on_settled, 0, 0);
    } else if (changed) {
        act_now(agent);
    }
}

/* False: it is known, given, or cannot be asked. */
static bool ask_version(struct agent *agent) {
    if (!agent->settings->ask_version || !agent->peer.version_outdated) {
        return false;
    }
    int error = prometheus_buildinfo(agent->client, on_version, agent);
    return error == 0 || error == -EALREADY;
}

/* --- reloading ------------------------------------------------------------------------------ */

static void on_reloaded(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    bool confirmed = reload_judge(answer) == RELOAD_CONFIRMED;
    bool failed = !confirmed || !agent->complete;
    int64_t retry = 0;

    uv_update_time(agent->loop);
    agent->status.reloads++;
    if (confirmed) {
        backoff_reset(&agent->backoff);
        agent->reload_due = false;
        agent->status.confirmed = true;
    } else {
        agent->status.reloads_failed++;
    }
    if (failed) {
        retry = try_later(agent);
    }
    peer_reload_answered(&agent->peer, answer, retry);
    if (confirmed) {
        pass_prune(agent->pass);
    }
    if (!agent->peer.unreachable) {
        ask_version(agent);
    }
    rest(agent, failed);
    if (agent->hangup) {
        act_now(agent);
    } else if (agent->again) {
        settle(agent);
    }
    agent->again = false;
}

static void reload(struct agent *agent) {
    uv_timer_stop(&agent->retry_timer);
    int error = prometheus_reload(agent->client, on_reloaded, agent);
    if (error != 0) {
        log_error("cannot ask Prometheus to reload", LOG_STRING("err", strerror(-error)));
        rest(agent, true);
        return;
    }
    enter(agent, AGENT_RELOADING);
}

/* --- a pass --------------------------------------------------------------------------------- */

static void on_watch_interval(uv_timer_t *timer) {
    struct agent *agent = timer->data;

    agent->every_byte = true;
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

static void use_settings(struct agent *agent, const struct agent_settings *settings) {
    /* The new client first: curl's own initialisation then never ends in between. */
    struct prometheus_client *client = prometheus_client_new(agent->loop, &settings->prometheus);

    prometheus_client_close(agent->client);
    agent->client = client;
    agent->settings = settings;
    agent->backoff = backoff_from(settings->retry_milliseconds);
    pass_configure(agent->pass, settings);
    pass_clean(agent->pass);
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
    agent->peer.version_outdated = true;
    if (agent->settings->ask_version && version_is_set(agent->peer.version)) {
        pass_set_version(agent->pass, agent->peer.version);
    }
    ask_version(agent);
}

static void count_pass(struct agent *agent, const struct pass_result *result) {
    struct agent_status *status = &agent->status;

    status->passes++;
    status->writes += result->written ? 1 : 0;
    status->publish_errors += result->error != 0 ? 1 : 0;
    status->published = pass_published(agent->pass) != NULL;
}

/* What the pass calls for. */
static void decide(struct agent *agent, const struct pass_result *result, bool hangup) {
    agent->complete = result->complete;
    agent->reload_due |= hangup;
    if (result->config_changed) {
        agent->reload_due = true;
        agent->status.confirmed = false;
        forget_retry(agent);
    }
    bool due = agent->reload_due && agent->status.published;
    bool retry_pending = uv_is_active((uv_handle_t *)&agent->retry_timer) != 0;

    if (result->error != 0) {
        rest(agent, true);
    } else if (hangup || (due && !retry_pending)) {
        reload(agent);
    } else {
        rest(agent, due || !result->complete);
    }
}

static void on_settled(uv_timer_t *timer) {
    struct agent *agent = timer->data;
    bool every_byte = agent->every_byte;
    bool hangup = agent->hangup;

    enter(agent, AGENT_PUBLISHING);
    agent->every_byte = false;
    agent->hangup = false;
    if (hangup) {
        hang_up(agent);
    }
    struct pass_result result = pass_run(agent->pass, agent->watcher, every_byte || hangup);
    /* A pass may take a while, and timers count from the loop's idea of now. */
    uv_update_time(agent->loop);
    count_pass(agent, &result);
    decide(agent, &result, hangup);
}

/* --- from outside --------------------------------------------------------------------------- */

void agent_reload(struct agent *agent) {
    agent->hangup = true;
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

    *agent = (struct agent){
        .loop = loop,
        .settings = settings,
        .phase = AGENT_STARTING,
        .pass = pass_new(settings),
        .watcher = watcher_new(loop, on_file_event, agent),
        .client = prometheus_client_new(loop, &settings->prometheus),
        .peer = peer_unknown(),
        .backoff = backoff_from(settings->retry_milliseconds),
        .reload_due = true,
        .complete = true,
    };
    uv_timer_init(loop, &agent->settle_timer);
    uv_timer_init(loop, &agent->retry_timer);
    uv_timer_init(loop, &agent->watch_timer);
    agent->settle_timer.data = agent;
    agent->retry_timer.data = agent;
    agent->watch_timer.data = agent;
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(loop, &agent->signals[i]);
        agent->signals[i].data = agent;
    }
    return agent;
}

int agent_start(struct agent *agent) {
    for (size_t i = 0; i < SIGNALS; i++) {
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
    pass_clean(agent->pass);
    start_watch_timer(agent);
    uv_update_time(agent->loop);
    bool asking = ask_version(agent);
    uv_timer_start(&agent->settle_timer, on_settled, asking ? START_PATIENCE_MILLISECONDS : 0, 0);
    return 0;
}

void agent_stop(struct agent *agent) {
    if (agent->phase == AGENT_STOPPED) {
        return;
    }
    enter(agent, AGENT_STOPPED);
    agent_status_read(agent, &agent->status);
    watcher_close(agent->watcher);
    agent->watcher = NULL;
    prometheus_client_close(agent->client);
    uv_close((uv_handle_t *)&agent->settle_timer, NULL);
    uv_close((uv_handle_t *)&agent->retry_timer, NULL);
    uv_close((uv_handle_t *)&agent->watch_timer, NULL);
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&agent->signals[i], NULL);
    }
}

void agent_free(struct agent *agent) {
    if (agent == NULL) {
        return;
    }
    pass_free(agent->pass);
    free(agent);
}

void agent_status_read(const struct agent *agent, struct agent_status *ret) {
    struct agent_status status = agent->status;

    status.phase = agent->phase;
    status.state = pass_state(agent->pass);
    status.prometheus_version = agent->peer.version_text;
    if (agent->watcher != NULL) {
        struct watcher_counters counters = watcher_counters(agent->watcher);
        status.watches = counters.watches;
        status.watch_events = counters.events;
        status.watch_errors = counters.errors;
    }
    *ret = status;
}
