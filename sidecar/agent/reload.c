/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One request, and what became of it. Its record is looked at right before Prometheus is asked, so
 * that a reload whose answer does not come (Prometheus flushes the queues that it removes first,
 * which can take a minute and more) can be told from the record afterwards. Until then nothing else
 * is asked: a second request would only stand in line behind the first. A request waits for a while
 * for a record that cannot be had just now.
 *
 * A signal is a request whose answer never comes. It is sent only where the record is there and
 * will tell: not in the second of the last success (the record has whole seconds), and not after a
 * failure that the last good config can still make good. An answer to
 * runtimeinfo also says that Prometheus handles the signal by now; one that is not so far yet would
 * end by it.
 */

#include "agent/machine.h"
#include "base/clock.h"
#include "base/log.h"

#include <string.h>

/* How often the record is looked at: at first soon, then seldom. */
#define LOOK_MILLISECONDS_FIRST 100
#define LOOK_MILLISECONDS_MAX   3000

/* Longer than any flush: then Prometheus is asked again. */
#define CONFIRM_MILLISECONDS INT64_C(600000)

/* The same where a success may not show: asked, and done, in the second of the last one. Longer
 * than Prometheus gives the queues that it removes (--storage.remote.flush-deadline, a minute). */
#define CONFIRM_SAME_SECOND_MILLISECONDS INT64_C(120000)

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

enum {
    STATUS_LOADED = 200,
    STATUS_REFUSED = 500,
    STATUS_STARTING = 503
};

static void look_later(struct agent *agent);

static void conclude(struct agent *agent, const struct http_answer *answer) {
    struct agent_status *status = &agent->status;
    enum reload_verdict verdict = reload_judge(answer);

    uv_update_time(agent->loop);
    /* Another Prometheus may have come up: its fields are other ones, and its judgements. */
    agent->peer.version_outdated |= verdict == RELOAD_REFUSED && agent->trial == NULL;
    if (verdict == RELOAD_CONFIRMED || verdict == RELOAD_REFUSED) {
        incident_end(&agent->confirmation.unanswered, NULL);
        incident_end(&agent->confirmation.untold, NULL);
    }
    status->reloads++;
    status->reloads_failed += verdict != RELOAD_CONFIRMED ? 1 : 0;
    status->reload_successful = verdict == RELOAD_CONFIRMED;
    status->reload_time = clock_wall_milliseconds();
    if (verdict == RELOAD_CONFIRMED) {
        status->success_time = status->reload_time;
    }
    if (agent_only_watches(agent)) {
        only_watch_answered(agent, answer);
    } else if (verdict == RELOAD_CONFIRMED && agent->aside != NULL) {
        isolate_restored(agent, answer);
    } else if (verdict == RELOAD_CONFIRMED) {
        isolate_confirmed(agent, answer);
    } else if (verdict == RELOAD_REFUSED) {
        isolate_refused(agent, answer);
    } else {
        isolate_failed(agent, answer);
    }
    agent_ask_version(agent);
    if (verdict == RELOAD_CONFIRMED) {
        running_ask(agent, true);
    }
}

/* --- an answer that did not come -------------------------------------------------------------- */

/* It cannot be told. */
static void conclude_unknown(struct agent *agent) {
    const struct confirmation *confirmation = &agent->confirmation;
    const bool untold = confirmation->signalled && !confirmation->before.success;
    const struct http_answer answer = {
        .error = buffer_string(&agent->confirmation.error),
        .remedy = untold ? "its log says why, where it refused the config; its record, which "
                           "speaks of a failed reload from before, cannot"
                         : NULL,
        .signalled = confirmation->signalled,
        .maybe_received = true,
    };

    conclude(agent, &answer);
}

static void conclude_by_record(struct agent *agent, bool loaded) {
    /* Somebody else's reload is in it as well: what is on disk was good once. */
    if (!loaded && agent->aside != NULL) {
        conclude_unknown(agent);
        return;
    }
    const struct http_answer answer = {
        .status = loaded ? STATUS_LOADED : STATUS_REFUSED,
        .body =
            loaded ? BYTES("") : BYTES("its record says that it refused the config; see its log"),
        .nanoseconds = clock_monotonic_nanoseconds() - agent->confirmation.started,
    };

    conclude(agent, &answer);
}

/* Milliseconds. A refusal that the record cannot tell is not waited for so long. */
static int64_t bound(const struct agent *agent) {
    const struct confirmation *confirmation = &agent->confirmation;
    int64_t given = agent->settings->confirm_milliseconds;

    if (given > 0) {
        return given;
    }
    if (confirmation->signalled && !confirmation->before.success) {
        return agent->settings->prometheus.timeout_milliseconds;
    }
    return record_wait(&confirmation->before, confirmation->asked) > 0
               ? CONFIRM_SAME_SECOND_MILLISECONDS
               : CONFIRM_MILLISECONDS;
}

static void look_again(struct agent *agent) {
    struct confirmation *confirmation = &agent->confirmation;

    if (uv_now(agent->loop) >= confirmation->deadline) {
        const bool news = incident_report(&confirmation->untold, buffer_bytes(&confirmation->error),
                                          clock_monotonic_nanoseconds());
        log_write(news ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
                  "Prometheus's record does not tell; it is asked again",
                  (const struct log_field[]){
                      LOG_SECONDS("after", bound(agent) * NANOSECONDS_PER_MILLISECOND), {0}});
        conclude_unknown(agent);
    } else {
        look_later(agent);
    }
}

static void judge_record(struct agent *agent, const struct reload_record *record) {
    struct confirmation *confirmation = &agent->confirmation;

    switch (record_judge(&confirmation->before, record, confirmation->asked)) {
    case RECORD_LOADED:
        conclude_by_record(agent, true);
        break;
    case RECORD_REFUSED:
        conclude_by_record(agent, false);
        break;
    case RECORD_OPEN:
        if (!confirmation->before.known) {
            confirmation->before = *record; /* the next change is this reload's */
        }
        look_again(agent);
        break;
    }
}

static void on_record(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    const struct reload_record record = record_of(answer);

    uv_update_time(agent->loop);
    if (record.known) {
        judge_record(agent, &record);
    } else if (answer->status == STATUS_STARTING) {
        outage_starting(&agent->outage, clock_monotonic_nanoseconds());
        agent->confirmation.deadline = uv_now(agent->loop) + (uint64_t)bound(agent);
        look_again(agent);
    } else if (answer->unreachable) {
        conclude(agent, answer);
    } else if (agent->confirmation.before.known || record_may_follow(answer)) {
        look_again(agent);
    } else {
        conclude_unknown(agent);
    }
}

static void on_look(uv_timer_t *timer) {
    struct agent *agent = timer->data;

    if (prometheus_runtimeinfo(agent->client, on_record, agent) != 0) {
        conclude_unknown(agent);
    }
}

/* Milliseconds until the next look. */
static uint64_t next_wait(struct confirmation *confirmation) {
    uint64_t wait = confirmation->wait;

    confirmation->wait = wait * 2 < LOOK_MILLISECONDS_MAX ? wait * 2 : LOOK_MILLISECONDS_MAX;
    return wait;
}

static void look_later(struct agent *agent) {
    uv_timer_start(&agent->confirm_timer, on_look, next_wait(&agent->confirmation), 0);
}

/* Once, until Prometheus says what became of one. */
static void say_unanswered(struct agent *agent, const struct http_answer *answer) {
    const bool usual = answer->signalled || agent->trial != NULL;
    const bool news =
        !usual && incident_report(&agent->confirmation.unanswered, bytes_of(answer->error),
                                  clock_monotonic_nanoseconds());

    log_write(news ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
              "Prometheus has not answered; its record will tell whether it loaded the config",
              (const struct log_field[]){LOG_STRING("err", answer->error), {0}});
}

static void confirm(struct agent *agent, const struct http_answer *answer) {
    struct confirmation *confirmation = &agent->confirmation;

    uv_update_time(agent->loop);
    confirmation->signalled = answer->signalled;
    buffer_clear(&confirmation->error);
    buffer_append_string(&confirmation->error, answer->error);
    confirmation->wait = LOOK_MILLISECONDS_FIRST;
    confirmation->deadline = uv_now(agent->loop) + (uint64_t)bound(agent);
    say_unanswered(agent, answer);
    agent_enter(agent, AGENT_CONFIRMING);
    look_later(agent);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void on_answer(const struct http_answer *answer, void *context) {
    struct agent *agent = context;

    if (reload_judge(answer) == RELOAD_UNKNOWN) {
        confirm(agent, answer);
    } else {
        conclude(agent, answer);
    }
}

static void ask(struct agent *agent) {
    struct confirmation *confirmation = &agent->confirmation;

    confirmation->asked = clock_wall_milliseconds() * NANOSECONDS_PER_MILLISECOND;
    confirmation->started = clock_monotonic_nanoseconds();
    int error = prometheus_reload(agent->client, on_answer, agent);
    if (error != 0) {
        log_error("cannot ask Prometheus to reload", LOG_STRING("err", strerror(-error)));
        agent_rest(agent, true);
    }
}

/* --- before it is asked ----------------------------------------------------------------------- */

static void on_second_over(uv_timer_t *timer);

/* Not in the second of the last success. */
static void ask_in_another_second(struct agent *agent) {
    int64_t now = clock_wall_milliseconds() * NANOSECONDS_PER_MILLISECOND;
    int64_t wait = record_wait(&agent->confirmation.before, now);

    if (wait == 0) {
        ask(agent);
        return;
    }
    uv_update_time(agent->loop);
    uv_timer_start(&agent->confirm_timer, on_second_over,
                   (uint64_t)(wait / NANOSECONDS_PER_MILLISECOND) + 1, 0);
}

static void on_second_over(uv_timer_t *timer) {
    ask_in_another_second(timer->data);
}

/* --- a signal --------------------------------------------------------------------------------- */

/* It is not sent: nothing would tell what became of it. */
static void conclude_without_record(struct agent *agent, const struct http_answer *answer) {
    CLEANUP(buffer_free) struct buffer error = {0};
    struct http_answer none = {.error = answer->error};

    if (answer->status == STATUS_STARTING) {
        none = *answer;
        none.remedy = "it is starting, and is asked until it is up";
    } else if (answer->status != 0) {
        buffer_printf(&error, "runtimeinfo, status %d: no record of the last reload",
                      answer->status);
        none.error = buffer_string(&error);
    }
    if (none.remedy == NULL) {
        none.remedy = "see that --runtimeinfo-url leads to Prometheus, and the credentials: its "
                      "record is what confirms a signal";
    }
    none.unreachable = answer->unreachable;
    conclude(agent, &none);
}

static void prepare_signal(struct agent *agent, const struct http_answer *answer) {
    const struct reload_record *before = &agent->confirmation.before;

    if (!before->known) {
        conclude_without_record(agent, answer);
        return;
    }
    if (!before->success && isolate_restore(agent)) {
        log_debug("the last good config is loaded first: the record says that a reload failed");
    }
    ask_in_another_second(agent);
}

/* --- its record before ------------------------------------------------------------------------ */

static void look_before(struct agent *agent);

static void on_look_before(uv_timer_t *timer) {
    look_before(timer->data);
}

/* Without it nothing tells of a reload whose answer does not come. False: it is not to be waited
 * for (any longer). */
static bool wait_for_record(struct agent *agent, const struct http_answer *answer) {
    struct confirmation *confirmation = &agent->confirmation;

    uv_update_time(agent->loop);
    uint64_t now = uv_now(agent->loop);
    if (confirmation->recordless || !record_may_follow(answer)) {
        return false;
    }
    if (now >= confirmation->deadline) {
        confirmation->recordless = true;
        return false;
    }
    uint64_t wait = next_wait(confirmation);
    uint64_t left = confirmation->deadline - now;
    uv_timer_start(&agent->confirm_timer, on_look_before, wait < left ? wait : left, 0);
    return true;
}

static void on_record_before(const struct http_answer *answer, void *context) {
    struct agent *agent = context;
    struct confirmation *confirmation = &agent->confirmation;

    if (answer->status != 0) {
        peer_is_there(&agent->peer);
    }
    confirmation->before = record_of(answer);
    confirmation->recordless &= !confirmation->before.known;
    if (agent->settings->prometheus.method == RELOAD_BY_SIGNAL) {
        prepare_signal(agent, answer);
    } else if (confirmation->before.known || !wait_for_record(agent, answer)) {
        ask(agent);
    }
}

static void look_before(struct agent *agent) {
    if (prometheus_runtimeinfo(agent->client, on_record_before, agent) != 0) {
        const struct http_answer none = {.error = "the URL of runtimeinfo is not known",
                                         .body = BYTES("")};
        on_record_before(&none, agent);
    }
}

void reload_start(struct agent *agent) {
    struct confirmation *confirmation = &agent->confirmation;

    uv_timer_stop(&agent->retry_timer);
    agent_enter(agent, agent->trial != NULL ? AGENT_ISOLATING : AGENT_RELOADING);
    uv_update_time(agent->loop);
    confirmation->before = (struct reload_record){0};
    confirmation->wait = LOOK_MILLISECONDS_FIRST;
    confirmation->deadline =
        uv_now(agent->loop) + (uint64_t)agent->settings->prometheus.timeout_milliseconds;
    look_before(agent);
}
