/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One request to reload, until its outcome is known. Prometheus's record of its last reload is read
 * right before the request, so that a request without an answer can be judged by the record
 * afterwards. Two kinds of silence differ:
 *
 * - An answer that does not come in time: the reload is slow (Prometheus flushes the queues that it
 *   removes first, which can take minutes). A second request would only wait behind the first, so
 *   the record is read until it tells, for minutes.
 * - A connection that ends without an answer. The reload takes the usual time, if it was received.
 *   The record is read for some seconds; then Prometheus is asked again.
 *
 * A signal is a request that is never answered. It is sent only where the record is there and will
 * tell: not in the second of the last success (the record has whole seconds), and not after a
 * failed reload, until the last known good config was loaded in between. An answer with a record
 * also shows that Prometheus handles the signal by now; without a handler it would end Prometheus.
 */

#include "controller/machine.h"

/* How often the record is read: soon at first. */
#define READ_MILLISECONDS_FIRST INT64_C(100)
#define READ_MILLISECONDS_MAX   INT64_C(3000)

/* Longer than any flush. */
#define CONFIRM_MILLISECONDS INT64_C(600000)

/* The same where a success may not show, in the second of the success before. Longer than the
 * flush deadline of Prometheus's queues (--storage.remote.flush-deadline, one minute). */
#define CONFIRM_SAME_SECOND_MILLISECONDS INT64_C(120000)

/* After a connection that ended without an answer. Twice the resolution of the record, and time for
 * a usual reload. */
#define CONFIRM_LOST_MILLISECONDS INT64_C(5000)

bool request_is_running(const struct controller *controller) {
    return controller->request.state != REQUEST_NONE;
}

static int64_t now(const struct controller *controller) {
    return controller->now.monotonic;
}

static void enter(struct controller *controller, enum request_state state, int64_t due) {
    controller->request.state = state;
    controller->request.due = due;
}

/* The request is over, whatever came of it. What it was to do is due again where that failed. */
static bool end(struct controller *controller, const struct conclusion *conclusion,
                struct conclusion *ret) {
    const struct request *request = &controller->request;
    const enum reload_verdict verdict = conclusion->outcome.verdict;

    if (conclusion->source == SOURCE_ANSWER || verdict == RELOAD_UNREACHABLE) {
        controller->peer.unresolved = 0; /* reloads take turns, and a restart ends them */
    }
    controller->pending.watched |= verdict != RELOAD_CONFIRMED && request->for_watched;
    controller->pending.reload |=
        verdict != RELOAD_CONFIRMED && verdict != RELOAD_REFUSED && request->was_owed;
    enter(controller, REQUEST_NONE, NEVER);
    *ret = *conclusion;
    return true;
}

static bool end_unsent(struct controller *controller, enum reload_verdict verdict, bool is_starting,
                       struct conclusion *ret) {
    return end(controller,
               &(struct conclusion){.outcome = {.verdict = verdict, .is_starting = is_starting},
                                    .source = SOURCE_RECORD},
               ret);
}

/* --- no answer -------------------------------------------------------------------------------- */

/* A failure would not show: the record speaks of one already. */
static bool cannot_tell(const struct request *request) {
    return request->is_signal && !request->before.success;
}

static bool end_unknown(struct controller *controller, struct conclusion *ret) {
    const struct request *request = &controller->request;

    /* Signals are merged while one is handled; a lost request may never have come. */
    if (!request->is_signal && !request->is_lost) {
        controller->peer.unresolved++;
    }

    return end(controller,
               &(struct conclusion){
                   .outcome = {.verdict = RELOAD_UNKNOWN, .is_signal = request->is_signal},
                   .source = SOURCE_UNKNOWN,
                   .record_cannot_tell = cannot_tell(request),
               },
               ret);
}

/* How long the record is read, in milliseconds. */
static int64_t confirm_timeout(const struct controller *controller) {
    const struct request *request = &controller->request;
    const int64_t given = controller->settings.confirm_timeout;
    int64_t timeout = CONFIRM_MILLISECONDS;

    if (given > 0) {
        timeout = given;
    } else if (cannot_tell(request)) {
        timeout = controller->settings.request_timeout;
    } else if (record_wait(&request->before, request->asked) > 0) {
        timeout = CONFIRM_SAME_SECOND_MILLISECONDS;
    }
    return request->is_lost && timeout > CONFIRM_LOST_MILLISECONDS ? CONFIRM_LOST_MILLISECONDS
                                                                   : timeout;
}

/* Doubles, up to a maximum. */
static int64_t next_wait(struct request *request) {
    const int64_t wait = request->wait;

    request->wait = wait * 2 < READ_MILLISECONDS_MAX ? wait * 2 : READ_MILLISECONDS_MAX;
    return wait;
}

static void read_later(struct controller *controller) {
    enter(controller, REQUEST_WAITING_AFTER, now(controller) + next_wait(&controller->request));
}

static bool read_again(struct controller *controller, struct conclusion *ret) {
    if (now(controller) < controller->request.deadline) {
        read_later(controller);
        return false;
    }
    effect_report(controller, REPORT_RECORD_UNDECIDED)->number = confirm_timeout(controller);
    return end_unknown(controller, ret);
}

static bool end_by_record(struct controller *controller, bool is_loaded, struct conclusion *ret) {
    /* Somebody else's failed reload is in the record, too: the restored config was good before. */
    if (!is_loaded && controller->request.restored_for != NULL) {
        return end_unknown(controller, ret);
    }
    return end(controller,
               &(struct conclusion){
                   .outcome =
                       {
                           .verdict = is_loaded ? RELOAD_CONFIRMED : RELOAD_REFUSED,
                           .output_stands = true,
                           .words = "its record says that it refused the config; see its log",
                       },
                   .source = SOURCE_BY_RECORD,
               },
               ret);
}

/* Without the record of before only a success since the request tells. One in the future is of a
 * clock that was set back since. */
static bool is_in_future(const struct controller *controller, const struct reload_record *record) {
    return record->time > (controller->now.wall + 1000) * NANOSECONDS_PER_MILLISECOND;
}

static bool judge(struct controller *controller, const struct reload_record *record,
                  struct conclusion *ret) {
    struct request *request = &controller->request;

    enum record_verdict verdict = record_judge(&request->before, record, request->asked);

    if (!request->before.known && is_in_future(controller, record)) {
        verdict = RECORD_OPEN;
    }
    if (verdict != RECORD_OPEN && controller->peer.unresolved == 0) {
        return end_by_record(controller, verdict == RECORD_LOADED, ret);
    }
    if (verdict != RECORD_OPEN) {
        controller->peer.unresolved--;
        request->before = *record;
    } else if (!request->before.known) {
        request->before = *record; /* the next change in it is of this request */
    }
    return read_again(controller, ret);
}

static bool record_after(struct controller *controller, enum record_answer answer,
                         const struct reload_record *record, struct conclusion *ret) {
    switch (answer) {
    case RECORD_ANSWER_KNOWN:
        return judge(controller, record, ret);
    case RECORD_ANSWER_STARTING:
        outage_starting(&controller->peer.outage, now(controller));
        controller->peer.unresolved = 0;
        controller->request.deadline = now(controller) + confirm_timeout(controller);
        return read_again(controller, ret);
    case RECORD_ANSWER_UNREACHABLE:
        return end_unsent(controller, RELOAD_UNREACHABLE, false, ret);
    case RECORD_ANSWER_FAILED:
        return read_again(controller, ret);
    case RECORD_ANSWER_NONE:
        break;
    }
    return controller->request.before.known ? read_again(controller, ret)
                                            : end_unknown(controller, ret);
}

bool request_answered(struct controller *controller, const struct reload_outcome *outcome,
                      struct conclusion *ret) {
    struct request *request = &controller->request;

    if (request->state != REQUEST_SENT) {
        return false;
    }
    if (outcome->verdict != RELOAD_UNKNOWN) {
        return end(controller, &(struct conclusion){.outcome = *outcome, .source = SOURCE_ANSWER},
                   ret);
    }
    request->is_signal = outcome->is_signal;
    request->is_lost = outcome->is_lost;
    request->wait = READ_MILLISECONDS_FIRST;
    request->deadline = now(controller) + confirm_timeout(controller);
    effect_report(controller, REPORT_NO_ANSWER)->is_bisecting = controller->plan.trial != NULL;
    read_later(controller);
    return false;
}

/* --- before it is sent ------------------------------------------------------------------------ */

static void send(struct controller *controller) {
    struct request *request = &controller->request;
    struct pending *pending = &controller->pending;

    request->asked = controller->now.wall * NANOSECONDS_PER_MILLISECOND;
    request->for_watched = pending->watched;
    request->was_owed = pending->reload;
    pending->watched = false;
    pending->reload = false;
    enter(controller, REQUEST_SENT, NEVER);
    effect_add(controller, EFFECT_RELOAD);
}

/* A signal: not in the second of the last success. */
static void send_in_another_second(struct controller *controller) {
    const int64_t wait = record_wait(&controller->request.before,
                                     controller->now.wall * NANOSECONDS_PER_MILLISECOND);

    if (wait == 0) {
        send(controller);
    } else {
        enter(controller, REQUEST_WAITING_SECOND,
              now(controller) + wait / NANOSECONDS_PER_MILLISECOND + 1);
    }
}

void request_restored(struct controller *controller) {
    send_in_another_second(controller);
}

void request_abandon(struct controller *controller) {
    form_set_freep(&controller->request.restored_for);
    enter(controller, REQUEST_NONE, NEVER);
}

/* Puts the last known good config on disk for one request. False: there is none, or it is there. */
static bool restore(struct controller *controller) {
    const struct history *history = ledger_history(controller->ledger);
    const struct form_set *desired =
        controller->plan.trial != NULL        ? trial_wanted(controller->plan.trial)
        : controller->desired->served != NULL ? controller->desired->served
                                              : controller->on_disk;

    if (controller->plan.state == PLAN_FALLBACK || history->good == NULL ||
        controller->on_disk == NULL || form_set_same(history->good, controller->on_disk)) {
        return false;
    }
    form_set_free(controller->request.restored_for);
    controller->request.restored_for = form_set_copy(controller->on_disk);
    effect_report(controller, REPORT_LKG_FIRST);
    effect_publish(controller, lkg_set(history, desired, controller->settings.in_place, true),
                   false, PUBLISH_RESTORE);
    return true;
}

static bool prepare_signal(struct controller *controller, enum record_answer answer,
                           struct conclusion *ret) {
    const struct reload_record *before = &controller->request.before;

    if (!before->known) {
        /* It is not sent: nothing would tell what became of it. */
        const bool is_starting = answer == RECORD_ANSWER_STARTING;
        const enum reload_verdict verdict = is_starting ? RELOAD_DENIED
                                            : answer == RECORD_ANSWER_UNREACHABLE
                                                ? RELOAD_UNREACHABLE
                                                : RELOAD_IMPOSSIBLE;
        return end_unsent(controller, verdict, is_starting, ret);
    }
    if (before->success || !restore(controller)) {
        send_in_another_second(controller);
    }
    return false;
}

/* Without the record nothing tells of a request without an answer. False: it is not worth waiting
 * for it (any longer). */
static bool wait_for_record(struct controller *controller, enum record_answer answer) {
    struct request *request = &controller->request;

    if (controller->peer.is_recordless || answer != RECORD_ANSWER_FAILED) {
        return false;
    }
    if (now(controller) >= request->deadline) {
        controller->peer.is_recordless = true;
        return false;
    }
    const int64_t due = now(controller) + next_wait(request);
    enter(controller, REQUEST_WAITING_BEFORE, due < request->deadline ? due : request->deadline);
    return true;
}

static bool record_before(struct controller *controller, enum record_answer answer,
                          const struct reload_record *record, struct conclusion *ret) {
    struct request *request = &controller->request;

    if (controller->peer.is_away &&
        (answer == RECORD_ANSWER_KNOWN || answer == RECORD_ANSWER_STARTING)) {
        controller->peer.is_away = false;
        effect_report(controller, REPORT_PEER_UP);
    }
    request->before = answer == RECORD_ANSWER_KNOWN ? *record : (struct reload_record){0};
    controller->peer.is_recordless &= !request->before.known;
    if (controller->settings.by_signal) {
        return prepare_signal(controller, answer, ret);
    }
    if (request->before.known || !wait_for_record(controller, answer)) {
        send(controller);
    }
    return false;
}

bool request_record(struct controller *controller, enum record_answer answer,
                    const struct reload_record *record, struct conclusion *ret) {
    switch (controller->request.state) {
    case REQUEST_READING_BEFORE:
        return record_before(controller, answer, record, ret);
    case REQUEST_READING_AFTER:
        return record_after(controller, answer, record, ret);
    case REQUEST_NONE:
    case REQUEST_WAITING_BEFORE:
    case REQUEST_WAITING_SECOND:
    case REQUEST_SENT:
    case REQUEST_WAITING_AFTER:
        break;
    }
    return false;
}

static void read_before(struct controller *controller) {
    enter(controller, REQUEST_READING_BEFORE, NEVER);
    effect_add(controller, EFFECT_READ_RECORD);
}

void request_start(struct controller *controller) {
    struct request *request = &controller->request;

    controller->retry_due = NEVER;
    request->before = (struct reload_record){0};
    request->wait = READ_MILLISECONDS_FIRST;
    request->deadline = now(controller) + controller->settings.request_timeout;
    request->is_signal = false;
    request->is_lost = false;
    request->for_watched = false;
    request->was_owed = false;
    read_before(controller);
}

void request_time(struct controller *controller) {
    if (controller->request.due > now(controller)) {
        return;
    }
    switch (controller->request.state) {
    case REQUEST_WAITING_BEFORE:
        read_before(controller);
        break;
    case REQUEST_WAITING_SECOND:
        send_in_another_second(controller);
        break;
    case REQUEST_WAITING_AFTER:
        enter(controller, REQUEST_READING_AFTER, NEVER);
        effect_add(controller, EFFECT_READ_RECORD);
        break;
    case REQUEST_NONE:
    case REQUEST_READING_BEFORE:
    case REQUEST_SENT:
    case REQUEST_READING_AFTER:
        break;
    }
}
