/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an answer of Prometheus means for the config on disk. That is always a config that
 * Prometheus confirmed, or one that it is asked about. After a refusal the last known good config
 * goes back, and a bisection (trial.c) finds the culprits. Where even the last known good config is
 * refused, or where Prometheus does not come up with a config that it has not confirmed, a fallback
 * stays on disk until Prometheus confirms it; then a bisection adds what is desired.
 */

#include "base/memory.h"
#include "controller/machine.h"

#include <errno.h>

/* The last known good config gives way to the base alone only after this many startup timeouts:
 * removing it costs samples, and it worked before. */
#define LKG_TIMEOUTS 5

static const struct history *history(const struct controller *controller) {
    return ledger_history(controller->ledger);
}

static const struct form_set *lkg(const struct controller *controller) {
    return history(controller)->good;
}

/* What is desired, as far as it is known. */
static const struct form_set *desired(const struct controller *controller) {
    if (controller->plan.trial != NULL) {
        return trial_wanted(controller->plan.trial);
    }
    return controller->desired != NULL && controller->desired->served != NULL
               ? controller->desired->served
               : controller->on_disk;
}

static bool lkg_is_on_disk(const struct controller *controller) {
    return controller->on_disk != NULL && lkg(controller) != NULL &&
           form_set_same(lkg(controller), controller->on_disk);
}

/* --- the plan --------------------------------------------------------------------------------- */

static void drop_trial(struct plan *plan) {
    trial_free(plan->trial);
    plan->trial = NULL;
    plan->regressed = 0;
}

static void leave_fallback(struct plan *plan) {
    if (plan->state == PLAN_FALLBACK) {
        form_set_freep(&plan->fallback.refused);
        plan->state = plan->trial != NULL ? PLAN_BISECT : PLAN_DESIRED;
    }
}

static void enter_fallback(struct plan *plan, enum fallback kind, struct form_set *refused) {
    leave_fallback(plan);
    plan->state = PLAN_FALLBACK;
    plan->fallback.kind = kind;
    plan->fallback.refused = refused;
}

void rollout_forget(struct controller *controller) {
    leave_fallback(&controller->plan);
    drop_trial(&controller->plan);
    controller->plan.state = PLAN_DESIRED;
    form_set_freep(&controller->request.restored_for);
}

static void enter_bisection(struct controller *controller, struct trial *trial) {
    struct plan *plan = &controller->plan;

    leave_fallback(plan);
    drop_trial(plan);
    plan->state = PLAN_BISECT;
    plan->trial = trial;
    plan->started = controller->now.monotonic;
    if (trial_next(trial) != NULL) {
        effect_report(controller, REPORT_BISECTION_STARTED)->number =
            (int64_t)trial_suspects(trial);
    }
}

static struct form_set *fallback_set(const struct controller *controller) {
    const bool in_place = controller->settings.in_place;

    return controller->plan.fallback.kind == FALLBACK_LKG && lkg(controller) != NULL
               ? lkg_set(history(controller), desired(controller), in_place, false)
               : base_alone(lkg(controller), desired(controller), in_place);
}

static void publish_fallback(struct controller *controller, enum publish_next next) {
    effect_publish(controller, fallback_set(controller), false, next);
}

/* Both what is desired and the last known good config were refused. */
static void fall_back_refused(struct controller *controller) {
    struct form_set *refused = form_set_copy(desired(controller));

    controller->is_confirmed = false;
    enter_fallback(&controller->plan, lkg(controller) != NULL ? FALLBACK_LKG : FALLBACK_BASE,
                   refused);
    publish_fallback(controller, PUBLISH_LAST);
}

static void roll_back(struct controller *controller, enum publish_next next) {
    const bool in_place = controller->settings.in_place;
    struct form_set *set = lkg(controller) != NULL
                               ? lkg_set(history(controller), desired(controller), in_place, false)
                               : base_alone(NULL, desired(controller), in_place);

    effect_publish(controller, set, true, next);
}

/* --- publishing what a pass wants ------------------------------------------------------------- */

/* In place: the bisection is about a base that was edited meanwhile. */
static void drop_outdated_trial(struct controller *controller, struct bytes base) {
    struct plan *plan = &controller->plan;

    if (plan->trial != NULL && !bytes_equal(trial_wanted(plan->trial)->base, base)) {
        drop_trial(plan);
        if (plan->state == PLAN_BISECT) {
            plan->state = PLAN_DESIRED;
        }
    }
}

/* Something else is desired than what was refused together with the fallback: it may work. */
static bool is_worth_trying(const struct controller *controller, const struct form_set *served) {
    const struct plan *plan = &controller->plan;

    return plan->state == PLAN_FALLBACK && plan->fallback.refused != NULL &&
           !form_set_same(plan->fallback.refused, served);
}

/* Secret files do not wait for Prometheus. During a bisection those of a suspect do: which secret
 * files it was asked about with has to be known. */
bool rollout_publish_secrets(struct controller *controller) {
    const bool is_bisecting = controller->plan.state == PLAN_BISECT;
    struct form_set *set = NULL;

    if (controller->on_disk != NULL) {
        set = with_new_secrets(controller->on_disk, controller->desired->served, lkg(controller),
                               is_bisecting);
    }
    if (set == NULL) {
        return false;
    }
    effect_publish(controller, set, false, PUBLISH_SECRETS);
    return true;
}

/* During a bisection other changes wait: Prometheus may be away, and a bisection that starts anew
 * with every change would never end. */
void rollout_publish(struct controller *controller) {
    const struct form_set *served = controller->desired->served;

    if (controller->settings.in_place) {
        drop_outdated_trial(controller, served->base);
    }
    if (is_worth_trying(controller, served)) {
        rollout_forget(controller);
    }
    switch (controller->plan.state) {
    case PLAN_DESIRED:
        effect_publish(controller, NULL, false, PUBLISH_OF_PASS);
        break;
    case PLAN_BISECT:
        effect_publish(controller, form_set_copy(controller->on_disk), false, PUBLISH_OF_PASS);
        break;
    case PLAN_FALLBACK:
        publish_fallback(controller, PUBLISH_OF_PASS);
        break;
    }
}

/* --- the bisection ---------------------------------------------------------------------------- */

static enum next bisect(struct controller *controller);

static enum next fail_bisection(struct controller *controller, int error) {
    roll_back(controller, PUBLISH_LAST);
    rollout_forget(controller);
    controller->pending.events |= error == -ESTALE;
    return error == -ESTALE ? NEXT_REST : NEXT_RETRY;
}

static void record_culprits(struct controller *controller, const struct trial_result *result) {
    for (size_t i = 0; i < result->guilty_count; i++) {
        ledger_refuse(controller->ledger, result->guilty[i].form, result->guilty[i].words);
    }
    if (result->base_guilty) {
        controller->is_base_refused = true;
        ledger_refuse_base(controller->ledger, trial_wanted(controller->plan.trial)->base,
                           result->base_words);
    }
    effect_add(controller, EFFECT_SAVE);
}

#define REGRESSED_MAX 2

/* Even the last known good config is refused: bisects over the entries of it that may have
 * regressed (lasting_set). False: there are none, or they were bisected already. */
static bool bisect_regressed(struct controller *controller, const char *words) {
    const struct trial_answer refusal = {.words = words};
    const struct form_set *wanted = desired(controller);
    unsigned regressed = controller->plan.trial != NULL ? controller->plan.regressed : 0;

    if (lkg(controller) == NULL) {
        return false;
    }
    CLEANUP(form_set_freep)
    struct form_set *start = bisection_start(history(controller), wanted);
    while (++regressed <= REGRESSED_MAX) {
        CLEANUP(form_set_freep)
        struct form_set *lasting = lasting_set(start, lkg(controller), regressed == REGRESSED_MAX);
        if (lasting != NULL) {
            enter_bisection(controller,
                            trial_new(lasting, wanted, controller->settings.in_place, &refusal));
            controller->plan.regressed = regressed;
            return true;
        }
    }
    return false;
}

static void report_end(struct controller *controller, const struct trial_result *result) {
    effect_report(controller, REPORT_BISECTION_ENDED)->bisection = (struct bisection_summary){
        .reloads = result->accepted + result->refused,
        .culprits = result->guilty_count,
        .served = controller->on_disk->count,
        .base_refused = result->base_guilty,
        .duration = controller->now.monotonic - controller->plan.started,
    };
}

static enum next end_bisection(struct controller *controller) {
    const struct trial_result result = trial_result(controller->plan.trial);

    if (result.hopeless && bisect_regressed(controller, result.words)) {
        return bisect(controller);
    }
    if (result.hopeless) {
        effect_report_words(controller, REPORT_CAUSE_OUTSIDE, result.words);
        fall_back_refused(controller);
        drop_trial(&controller->plan);
        return NEXT_RETRY;
    }
    record_culprits(controller, &result);
    report_end(controller, &result);
    if (controller->is_refused && !lkg_is_on_disk(controller)) {
        roll_back(controller, PUBLISH_LAST);
    }
    /* A refused base is not followed by one more reload of the last good one, so that Prometheus's
     * record goes on saying that the base was refused. */
    controller->is_confirmed =
        controller->is_refused ? controller->is_lkg_running : lkg_is_on_disk(controller);
    if (!controller->is_refused) {
        effect_report(controller, REPORT_SETTLED);
    }
    controller->pending.prune = true;
    /* With a refused config it has not read the watched files either. */
    controller->pending.reload |= controller->pending.watched;
    rollout_forget(controller);
    controller->pending.events = true;
    return NEXT_REST;
}

/* Publishes the next candidate. */
static enum next bisect(struct controller *controller) {
    const struct form_set *candidate = trial_next(controller->plan.trial);

    if (candidate == NULL) {
        return end_bisection(controller);
    }
    effect_publish(controller, form_set_copy(candidate), false, PUBLISH_CANDIDATE);
    return NEXT_NOTHING;
}

/* The fallback is confirmed: what is desired is added to it. */
static void bisect_desired(struct controller *controller) {
    const struct desired_state *state = controller->desired;

    if (state == NULL || state->served == NULL) {
        return;
    }
    CLEANUP(form_set_freep)
    struct form_set *start = bisection_start(history(controller), state->served);
    struct trial *trial = trial_new(start, state->served, controller->settings.in_place, NULL);
    if (trial_next(trial) == NULL) {
        trial_free(trial);
        controller->pending.events = true;
    } else {
        enter_bisection(controller, trial);
    }
}

/* --- Prometheus away -------------------------------------------------------------------------- */

/* Prometheus ran what is on disk. */
static bool came_up_before(const struct controller *controller) {
    const struct plan *plan = &controller->plan;

    return plan->state == PLAN_FALLBACK ? plan->fallback.kind == FALLBACK_LKG
                                        : same_entries(controller->on_disk, lkg(controller));
}

int64_t rollout_timeout(const struct controller *controller) {
    const struct outage *outage = &controller->peer.outage;
    const struct plan *plan = &controller->plan;
    int64_t timeout = controller->settings.startup_timeout;

    if (plan->state == PLAN_FALLBACK && plan->fallback.kind == FALLBACK_BASE) {
        return NEVER;
    }
    if (came_up_before(controller)) {
        timeout *= LKG_TIMEOUTS;
    }
    if (!outage->going || outage->starting) {
        return NEVER;
    }
    timeout -= outage_lasts(outage, controller->now.monotonic);
    return timeout > 0 ? timeout : 0;
}

static void fall_back_away(struct controller *controller) {
    static const struct trial_answer killed = {.words = "Prometheus did not come up with it"};
    struct plan *plan = &controller->plan;
    const bool was_good = came_up_before(controller);

    if (plan->state == PLAN_BISECT) {
        trial_answer(plan->trial, &killed);
    }
    enter_fallback(plan, !was_good && lkg(controller) != NULL ? FALLBACK_LKG : FALLBACK_BASE, NULL);
    struct effect *report = effect_report(controller, REPORT_FALLBACK);
    report->fallback = plan->fallback.kind;
    report->number = outage_lasts(&controller->peer.outage, controller->now.monotonic);
    publish_fallback(controller, PUBLISH_LAST);
    controller->is_confirmed = false;
    outage_restart(&controller->peer.outage, controller->now.monotonic);
    backoff_reset(&controller->backoff);
}

static void note_outage(struct controller *controller, const struct reload_outcome *outcome) {
    struct outage *outage = &controller->peer.outage;
    const int64_t now = controller->now.monotonic;

    if (outcome->verdict == RELOAD_UNREACHABLE) {
        /* With what it ran before it does not keep failing to start. */
        if (controller->plan.state != PLAN_FALLBACK && came_up_before(controller)) {
            outage_end(outage);
        } else {
            outage_refused(outage, now);
        }
    } else if (outcome->verdict == RELOAD_DENIED) {
        if (outcome->is_starting) {
            outage_starting(outage, now);
        } else {
            outage_end(outage);
        }
    }
}

/* --- what Prometheus said --------------------------------------------------------------------- */

static void report_reload(struct controller *controller, const struct conclusion *conclusion,
                          int64_t retry_in, bool is_bisecting) {
    struct effect *effect = effect_report(controller, REPORT_RELOAD);

    effect->verdict = conclusion->outcome.verdict;
    effect->source = conclusion->source;
    effect->retry_in = retry_in;
    effect->is_bisecting = is_bisecting;
    effect->number = conclusion->record_cannot_tell ? 1 : 0;
}

static int64_t retry(struct controller *controller) {
    return retry_later(controller, rollout_timeout(controller));
}

/* In place: the output was edited since it was published, and Prometheus may have loaded that. */
static enum next confirmed_something_else(struct controller *controller,
                                          const struct conclusion *conclusion) {
    controller->is_refused = false;
    controller->is_confirmed = false;
    controller->pending.events = true;
    controller->pending.full_rescan = true;
    outage_end(&controller->peer.outage);
    report_reload(controller, conclusion, CONTROLLER_NO_RETRY, true);
    return NEXT_REST;
}

static enum next confirmed(struct controller *controller, const struct conclusion *conclusion) {
    static const struct trial_answer accepted = {.accepted = true};
    struct plan *plan = &controller->plan;
    const bool is_everything = plan->state == PLAN_DESIRED;

    if (controller->settings.in_place && !conclusion->outcome.output_stands) {
        return confirmed_something_else(controller, conclusion);
    }
    controller->is_refused = false;
    controller->is_confirmed = true;
    controller->is_ever_confirmed = true;
    controller->is_lkg_running = true;
    controller->is_judged = true;
    controller->peer.version_changed &= !is_everything;
    controller->is_base_refused &= controller->desired->base_faulty;
    backoff_reset(&controller->backoff);
    outage_end(&controller->peer.outage);
    report_reload(controller, conclusion, CONTROLLER_NO_RETRY, plan->trial != NULL);
    ledger_confirm(controller->ledger, controller->on_disk, is_everything);
    effect_add(controller, EFFECT_SAVE);
    if (plan->state == PLAN_FALLBACK) {
        effect_report(controller, REPORT_FALLBACK_TAKEN);
        leave_fallback(plan);
        if (plan->state == PLAN_DESIRED) {
            bisect_desired(controller);
        }
    } else if (plan->state == PLAN_BISECT) {
        trial_answer(plan->trial, &accepted);
    }
    if (plan->state == PLAN_BISECT) {
        return bisect(controller);
    }
    effect_add(controller, EFFECT_PRUNE);
    return controller->is_complete ? NEXT_REST : NEXT_RETRY;
}

static enum next refused_desired(struct controller *controller, const struct conclusion *conclusion,
                                 const struct trial_answer *refusal) {
    CLEANUP(form_set_freep)
    struct form_set *start = bisection_start(history(controller), controller->on_disk);
    struct trial *trial =
        trial_new(start, controller->on_disk, controller->settings.in_place, refusal);

    if (trial_result(trial).hopeless) {
        trial_free(trial);
        if (bisect_regressed(controller, refusal->words)) {
            report_reload(controller, conclusion, CONTROLLER_NO_RETRY, false);
            return bisect(controller);
        }
        report_reload(controller, conclusion, retry(controller), false);
        fall_back_refused(controller);
        return NEXT_RETRY;
    }
    report_reload(controller, conclusion, CONTROLLER_NO_RETRY, false);
    enter_bisection(controller, trial);
    /* Before the first candidate: should that one not be written, what is on disk is good. */
    roll_back(controller, PUBLISH_ROLLBACK);
    return NEXT_NOTHING;
}

static enum next refused_fallback(struct controller *controller,
                                  const struct conclusion *conclusion) {
    struct plan *plan = &controller->plan;

    if (plan->fallback.refused == NULL) {
        plan->fallback.refused = form_set_copy(desired(controller));
    }
    if (plan->fallback.kind == FALLBACK_LKG && controller->peer.version_changed) {
        effect_report(controller, REPORT_FALLBACK_BASE);
        plan->fallback.kind = FALLBACK_BASE;
        publish_fallback(controller, PUBLISH_LAST);
    }
    report_reload(controller, conclusion, retry(controller), false);
    return NEXT_RETRY;
}

static enum next refused(struct controller *controller, const struct conclusion *conclusion) {
    const struct trial_answer refusal = {
        .words = conclusion->outcome.words,
        .cited = conclusion->outcome.cited,
    };

    controller->is_refused = true;
    controller->is_confirmed = false;
    controller->is_judged = true;
    outage_end(&controller->peer.outage);
    switch (controller->plan.state) {
    case PLAN_DESIRED:
        return refused_desired(controller, conclusion, &refusal);
    case PLAN_BISECT:
        report_reload(controller, conclusion, CONTROLLER_NO_RETRY, true);
        trial_answer(controller->plan.trial, &refusal);
        return bisect(controller);
    case PLAN_FALLBACK:
        break;
    }
    return refused_fallback(controller, conclusion);
}

/* The last known good config was loaded, for the record: now what it stood in for. */
static enum next restored(struct controller *controller, const struct conclusion *conclusion) {
    controller->is_refused = false;
    outage_end(&controller->peer.outage);
    report_reload(controller, conclusion, CONTROLLER_NO_RETRY, true);
    effect_publish(controller, TAKE_PTR(controller->request.restored_for), false, PUBLISH_RESTORED);
    return NEXT_NOTHING;
}

/* Not asked, or the outcome is not known. */
static enum next failed(struct controller *controller, const struct conclusion *conclusion) {
    /* It may have been loaded all the same, by this request or at a start of Prometheus. */
    controller->is_lkg_running &= lkg_is_on_disk(controller);
    if (conclusion->record_cannot_tell) {
        /* It may be refused, and the record will never say it: the fallback stays until the record
         * tells of a success. Nobody is blamed for a cause that may lie outside. */
        if (controller->plan.state != PLAN_FALLBACK) {
            rollout_forget(controller);
            fall_back_refused(controller);
        }
    } else if (controller->request.restored_for != NULL) {
        effect_publish(controller, TAKE_PTR(controller->request.restored_for), false, PUBLISH_LAST);
    }
    note_outage(controller, &conclusion->outcome);
    if (conclusion->outcome.verdict == RELOAD_UNREACHABLE && rollout_timeout(controller) == 0) {
        fall_back_away(controller);
    }
    report_reload(controller, conclusion, retry(controller), false);
    return NEXT_RETRY;
}

/* Without an output there is nothing to restore and nothing to bisect. */
static enum next watch_only(struct controller *controller, const struct conclusion *conclusion) {
    const enum reload_verdict verdict = conclusion->outcome.verdict;

    controller->is_confirmed = verdict == RELOAD_CONFIRMED;
    if (verdict == RELOAD_CONFIRMED || verdict == RELOAD_REFUSED) {
        controller->is_refused = verdict == RELOAD_REFUSED;
    }
    if (verdict != RELOAD_CONFIRMED) {
        report_reload(controller, conclusion, retry(controller), false);
        return NEXT_RETRY;
    }
    controller->is_ever_confirmed = true;
    backoff_reset(&controller->backoff);
    report_reload(controller, conclusion, CONTROLLER_NO_RETRY, false);
    return controller->is_complete ? NEXT_REST : NEXT_RETRY;
}

static void count(struct controller *controller, enum reload_verdict verdict) {
    struct controller_status *counters = &controller->counters;

    counters->reloads++;
    counters->reloads_failed += verdict != RELOAD_CONFIRMED ? 1 : 0;
    counters->is_reload_successful = verdict == RELOAD_CONFIRMED;
    counters->reload_time = controller->now.wall;
    if (verdict == RELOAD_CONFIRMED) {
        counters->success_time = controller->now.wall;
    }
}

enum next rollout_conclude(struct controller *controller, const struct conclusion *conclusion) {
    const enum reload_verdict verdict = conclusion->outcome.verdict;

    count(controller, verdict);
    /* A fault on this side says nothing about Prometheus. */
    if (verdict != RELOAD_IMPOSSIBLE) {
        if (controller->peer.is_away && verdict != RELOAD_UNREACHABLE) {
            effect_report(controller, REPORT_PEER_UP);
        }
        controller->peer.is_away = verdict == RELOAD_UNREACHABLE;
    }
    /* Another Prometheus may have come up, with other fields and other verdicts. */
    controller->peer.version_outdated |=
        verdict == RELOAD_UNREACHABLE ||
        (verdict == RELOAD_REFUSED && controller->plan.trial == NULL);
    if (controller->settings.watch_only) {
        return watch_only(controller, conclusion);
    }
    switch (verdict) {
    case RELOAD_CONFIRMED:
        return controller->request.restored_for != NULL ? restored(controller, conclusion)
                                                        : confirmed(controller, conclusion);
    case RELOAD_REFUSED:
        return refused(controller, conclusion);
    case RELOAD_DENIED:
    case RELOAD_UNKNOWN:
    case RELOAD_UNREACHABLE:
    case RELOAD_IMPOSSIBLE:
        break;
    }
    return failed(controller, conclusion);
}

/* --- what was published ----------------------------------------------------------------------- */

enum next rollout_published(struct controller *controller, enum publish_next next, int error) {
    switch (next) {
    case PUBLISH_OF_PASS:
    case PUBLISH_SECRETS:
    case PUBLISH_RESTORE:
    case PUBLISH_FINAL:
        break;
    case PUBLISH_ROLLBACK:
        return bisect(controller);
    case PUBLISH_CANDIDATE:
    case PUBLISH_RESTORED:
        if (error != 0) {
            return fail_bisection(controller, error);
        }
        controller->is_confirmed = false;
        return NEXT_REQUEST;
    case PUBLISH_LAST:
        if (error == -ESTALE) {
            controller->pending.events = true;
            return NEXT_REST;
        }
        break;
    }
    return NEXT_NOTHING;
}

/* Shutdown: restore the last known good config where Prometheus refused the one on disk or is being
 * asked about it, because nobody will handle a refusal. While Prometheus is away the desired config
 * stays. */
enum next rollout_stop(struct controller *controller) {
    const bool is_doubted =
        controller->plan.trial != NULL ||
        ((request_is_running(controller) || controller->is_refused) && !controller->peer.is_away);

    if (controller->plan.state == PLAN_FALLBACK || !is_doubted || controller->on_disk == NULL ||
        lkg(controller) == NULL || lkg_is_on_disk(controller)) {
        return NEXT_STOPPED;
    }
    effect_report(controller, REPORT_STOPPED_UNCONFIRMED);
    roll_back(controller, PUBLISH_FINAL);
    return NEXT_NOTHING;
}

void rollout_stop_again(struct controller *controller) {
    if (controller->desired->served != NULL) {
        drop_outdated_trial(controller, controller->desired->served->base);
    }
    roll_back(controller, PUBLISH_FINAL);
}

void rollout_recover(struct controller *controller) {
    rollout_forget(controller);
    controller->is_confirmed = false;
    if (controller->on_disk != NULL && lkg(controller) != NULL && !lkg_is_on_disk(controller)) {
        roll_back(controller, PUBLISH_LAST);
    }
}
