/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What stands on disk is a config that Prometheus took, or one that it is being asked about. After
 * a refusal the last good one goes back, and a search (trial.c) finds out who is guilty. Where even
 * that one is refused, or where Prometheus does not come up with a config that it never confirmed,
 * a safe one is held until Prometheus takes it; then a search brings in what is wanted.
 */

#include "agent/citation.h"
#include "agent/machine.h"
#include "base/clock.h"
#include "base/log.h"
#include "compile/order.h"

#include <errno.h>
#include <string.h>

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

/* The last good config is given up for the base alone only after so many times the grace: taking it
 * away costs samples, and it was good once. */
#define GOOD_GRACES 5

enum {
    STATUS_STARTING = 503
};

static const struct form_set *good_set(const struct agent *agent) {
    return ledger_history(agent->ledger)->good;
}

static bool good_is_on_disk(const struct agent *agent) {
    const struct form_set *set = disk_set(agent->disk);

    return set != NULL && good_set(agent) != NULL && form_set_same(good_set(agent), set);
}

/* The same but for secret files that were rotated: what it came up with before. */
static bool good_entries_are_on_disk(const struct agent *agent) {
    const struct form_set *set = disk_set(agent->disk);
    const struct form_set *good = good_set(agent);

    if (set == NULL || good == NULL || set->count != good->count ||
        !bytes_equal(set->base, good->base)) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (form_compare(&set->forms[i], &good->forms[i]) != 0 ||
            !form_same_entry(&set->forms[i], &good->forms[i])) {
            return false;
        }
    }
    return true;
}

/* --- safe sets -------------------------------------------------------------------------------- */

static struct form_set *base_alone(const struct agent *agent, const struct form_set *wanted) {
    bool in_place = agent->settings->compile.in_place;
    const struct form_set *base = in_place || good_set(agent) == NULL ? wanted : good_set(agent);

    return form_set_new(base->base_path, base->base, 0);
}

/* The form with the secret files that it has now, where only these are others: a rotated password
 * is not taken back. */
static const struct form *freshest(const struct agent *agent, const struct form *form,
                                   const struct form_set *wanted) {
    const struct form_set *const sets[] = {wanted, ledger_history(agent->ledger)->forms};

    for (size_t i = 0; i < ARRAY_LENGTH(sets); i++) {
        const struct form *now = form_set_find(sets[i], form->namespace, form->name);
        if (now != NULL && form_same_entry(form, now)) {
            return now;
        }
    }
    return form;
}

/* The last good set; exactly as Prometheus took it, or with the secret files of now. */
static struct form_set *last_good(const struct agent *agent, const struct form_set *wanted,
                                  bool exactly) {
    const struct form_set *good = good_set(agent);
    const struct form_set *base = agent->settings->compile.in_place ? wanted : good;
    struct form_set *set = form_set_new(base->base_path, base->base, good->count);

    for (size_t i = 0; i < good->count; i++) {
        const struct form *form = &good->forms[i];
        const struct form *now = exactly ? form : freshest(agent, form, wanted);
        set->forms[i] = form_copy(set->arena, now);
        set->forms[i].file = arena_string(set->arena, bytes_of(form->file));
    }
    set->count = good->count;
    return set;
}

/* What a search falls back to: the last good set. Its secret files are those that were there when
 * Prometheus took it, as these are suspects, too; but the form before an edit has those of now. */
static struct form_set *good_to_search(const struct agent *agent, const struct form_set *wanted) {
    const struct form_set *good = good_set(agent);
    struct form_set *set = NULL;

    if (good == NULL) {
        return NULL;
    }
    set = form_set_new(good->base_path, good->base, good->count);
    for (size_t i = 0; i < good->count; i++) {
        const struct form *form = &good->forms[i];
        const struct form *now = form_set_find(wanted, form->namespace, form->name);
        bool edited = now != NULL && !form_same_entry(form, now);
        set->forms[i] = form_copy(set->arena, edited ? freshest(agent, form, wanted) : form);
    }
    set->count = good->count;
    return set;
}

static struct form_set *held_set(const struct agent *agent, const struct form_set *wanted) {
    return agent->hold == HOLD_GOOD ? last_good(agent, wanted, false) : base_alone(agent, wanted);
}

/* What was wanted last, as far as it is known. */
static const struct form_set *wanted_set(const struct agent *agent) {
    const struct desired_state *state = pass_state(agent->pass);

    if (agent->trial != NULL) {
        return trial_wanted(agent->trial);
    }
    return state != NULL && state->served != NULL ? state->served : disk_set(agent->disk);
}

/* --- the disk --------------------------------------------------------------------------------- */

/* What Prometheus has not confirmed stands first (compile/order.h). In place the base is the
 * output: an edit of it meanwhile is somebody's work. */
static struct disk_result publish_set(struct agent *agent, const struct form_set *set) {
    if (agent->settings->compile.in_place && !pass_base_is(agent->pass, set->base)) {
        return (struct disk_result){.error = -ESTALE};
    }
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    return disk_publish(agent->disk, set, form_set_order(arena, set, good_set(agent)),
                        clock_monotonic_nanoseconds());
}

static struct disk_result publish_held(struct agent *agent) {
    CLEANUP(form_set_freep) struct form_set *set = held_set(agent, wanted_set(agent));
    struct disk_result result = publish_set(agent, set);

    if (result.error == -ESTALE) {
        agent->again = true;
    }
    return result;
}

/* What a search asks about, as it stands or as it was before somebody wrote over it. */
static struct disk_result publish_question(struct agent *agent) {
    CLEANUP(form_set_freep) struct form_set *set = form_set_copy(disk_set(agent->disk));
    size_t *order = ARENA_NEW_ARRAY(set->arena, size_t, set->count);

    if (agent->settings->compile.in_place && !pass_base_is(agent->pass, set->base)) {
        return (struct disk_result){.error = -ESTALE};
    }
    for (size_t i = 0; i < set->count; i++) {
        order[i] = disk_order(agent->disk)[i];
    }
    return disk_publish(agent->disk, set, order, clock_monotonic_nanoseconds());
}

/* In place: of a base that is not there any more. */
static void forget_outdated_search(struct agent *agent, struct bytes base) {
    if (agent->trial != NULL && !bytes_equal(trial_wanted(agent->trial)->base, base)) {
        trial_free(agent->trial);
        agent->trial = NULL;
        agent->perished = false;
    }
}

static void roll_back(struct agent *agent) {
    const struct form_set *wanted = wanted_set(agent);
    CLEANUP(form_set_freep)
    struct form_set *set =
        good_set(agent) != NULL ? last_good(agent, wanted, false) : base_alone(agent, wanted);

    CLEANUP(arena_freep) struct arena *arena = arena_new();
    /* A failure is said; the next pass tries again. */
    (void)disk_roll_back(agent->disk, set, form_set_order(arena, set, good_set(agent)),
                         clock_monotonic_nanoseconds());
}

/* An edit of the base that came while Prometheus was asked is somebody's work. */
static void meet_present_base(struct agent *agent) {
    (void)pass_run(agent->pass, NULL, true);
    const struct desired_state *state = pass_state(agent->pass);

    if (state->served != NULL) {
        forget_outdated_search(agent, state->served->base);
    }
}

/* Nobody is there any more to hear that it is refused. */
void isolate_abandon(struct agent *agent) {
    const bool asked = agent->phase == AGENT_RELOADING || agent->phase == AGENT_CONFIRMING;
    const bool doubted =
        agent->trial != NULL || ((asked || agent->refused_last) && !agent->peer.unreachable);

    if (agent->hold != HOLD_NOTHING || !doubted || disk_set(agent->disk) == NULL ||
        good_set(agent) == NULL || good_is_on_disk(agent)) {
        return;
    }
    log_info("it ends before Prometheus took what is on disk: the last good config goes back");
    if (agent->settings->compile.in_place && !pass_base_is(agent->pass, wanted_set(agent)->base)) {
        meet_present_base(agent);
    }
    roll_back(agent);
}

/* What is held is refused, too: something else that is wanted may be what mends it. */
static bool is_worth_asking(const struct agent *agent, const struct form_set *wanted) {
    return agent->hold != HOLD_NOTHING && agent->held_against != NULL &&
           !form_set_same(agent->held_against, wanted);
}

/* While something is searched, changes wait: Prometheus may be away, and with a search begun anew
 * at every change who keeps it from coming up would never be found. */
struct disk_result isolate_publish(struct agent *agent) {
    const struct desired_state *state = pass_state(agent->pass);

    if (agent->settings->compile.in_place) {
        forget_outdated_search(agent, state->served->base);
    }
    if (is_worth_asking(agent, state->served)) {
        isolate_forget(agent);
    }
    if (agent->hold != HOLD_NOTHING) {
        return publish_held(agent);
    }
    if (agent->trial != NULL) {
        return publish_question(agent);
    }
    struct disk_result result = disk_publish_state(agent->disk, state, pass_started(agent->pass));
    if (result.error == 0) {
        ledger_rotate(agent->ledger, disk_set(agent->disk));
    }
    return result;
}

/* --- holding on ------------------------------------------------------------------------------- */

static const char *const holding_names[] = {
    [HOLD_NOTHING] = "nothing",
    [HOLD_GOOD] = "last good config",
    [HOLD_BASE] = "base alone",
};

const char *agent_holding_name(enum agent_holding holding) {
    return holding_names[holding];
}

/* What is wanted now was refused: it is asked about again once it is something else. */
static void hold_against(struct agent *agent) {
    struct form_set *wanted = form_set_copy(wanted_set(agent));

    form_set_free(agent->held_against);
    agent->held_against = wanted;
}

static void hold(struct agent *agent) {
    hold_against(agent);
    agent->status.confirmed = false; /* not by what it said before it was held */
    agent->hold = good_set(agent) != NULL ? HOLD_GOOD : HOLD_BASE;
    (void)publish_held(agent); /* a failure is said; the next pass tries again */
}

void isolate_forget(struct agent *agent) {
    trial_free(agent->trial);
    agent->trial = NULL;
    agent->perished = false;
    agent->hold = HOLD_NOTHING;
    form_set_freep(&agent->held_against);
    form_set_freep(&agent->aside);
}

/* --- the search ------------------------------------------------------------------------------- */

static void step(struct agent *agent);

static void search(struct agent *agent, struct trial *trial) {
    trial_free(agent->trial);
    agent->trial = trial;
    agent->perished = false;
    agent->trial_started = clock_monotonic_nanoseconds();
    if (trial_next(trial) != NULL) {
        log_info("searching for what Prometheus refuses, if anything",
                 LOG_INT("suspects", trial_suspects(trial)));
    }
}

/* What is held is good: now for the rest. */
static void search_the_rest(struct agent *agent) {
    const struct desired_state *state = pass_state(agent->pass);

    if (state == NULL || state->served == NULL) {
        return;
    }
    CLEANUP(form_set_freep) struct form_set *good = good_to_search(agent, state->served);
    struct trial *trial = trial_new(good, state->served, agent->settings->compile.in_place, NULL);
    if (trial_next(trial) == NULL) {
        trial_free(trial);
        agent->again = true;
        return;
    }
    search(agent, trial);
}

static void search_fails(struct agent *agent, int error) {
    roll_back(agent);
    isolate_forget(agent);
    if (error == -ESTALE) {
        agent->again = true;
    }
    agent_rest(agent, error != -ESTALE);
}

static void say_outside(const char *words) {
    log_warn("Prometheus refuses even what it took before: the cause is no RemoteWrite; "
             "it is asked again until it takes it",
             LOG_STRING("answer", words));
}

static void sentence(struct agent *agent, const struct trial_result *result) {
    for (size_t i = 0; i < result->guilty_count; i++) {
        ledger_refuse(agent->ledger, result->guilty[i].form, result->guilty[i].words);
    }
    if (result->base_guilty) {
        agent->base_refused = true;
        ledger_refuse_base(agent->ledger, trial_wanted(agent->trial)->base, result->base_words);
    }
    ledger_save(agent->ledger, agent->settings->output_path);
}

/* Good without the forms that may go bad by themselves, as they stand on something outside: a file
 * of Prometheus's container, its cloud identity. NULL: there are none. */
static struct form_set *lasting(const struct form_set *good) {
    struct form_set *set = form_set_new(good->base_path, good->base, good->count);

    for (size_t i = 0; i < good->count; i++) {
        const struct form *form = &good->forms[i];
        if (!form->reads_outside) {
            set->forms[set->count++] = form_copy(set->arena, form);
        }
    }
    if (set->count == good->count) {
        form_set_freep(&set);
    }
    return set;
}

/* Even what was good is refused: is it one of those that can go bad by themselves? False: there is
 * none, or that was searched already. */
static bool search_perished(struct agent *agent, const char *words) {
    const struct trial_answer refusal = {.words = words};
    const struct form_set *wanted = wanted_set(agent);

    if (good_set(agent) == NULL || (agent->trial != NULL && agent->perished)) {
        return false;
    }
    CLEANUP(form_set_freep) struct form_set *all = good_to_search(agent, wanted);
    CLEANUP(form_set_freep) struct form_set *good = lasting(all);
    if (good == NULL) {
        return false;
    }
    search(agent, trial_new(good, wanted, agent->settings->compile.in_place, &refusal));
    agent->perished = true;
    return true;
}

static void end(struct agent *agent) {
    struct trial_result result = trial_result(agent->trial);

    if (result.hopeless && search_perished(agent, result.words)) {
        step(agent);
        return;
    }
    if (result.hopeless) {
        say_outside(result.words);
        hold(agent);
        trial_free(agent->trial);
        agent->trial = NULL;
        agent->perished = false;
        agent_rest(agent, true);
        return;
    }
    sentence(agent, &result);
    log_info("the search is over", LOG_INT("reloads", result.accepted + result.refused),
             LOG_INT("guilty", result.guilty_count), LOG_BOOL("base_refused", result.base_guilty),
             LOG_INT("served", disk_set(agent->disk)->count),
             LOG_SECONDS("duration", clock_monotonic_nanoseconds() - agent->trial_started));
    /* Of the base alone Prometheus is not asked again, so that its own record goes on telling: what
     * is on disk is what it runs all the same. */
    agent->status.confirmed = good_is_on_disk(agent);
    if (!agent->refused_last) {
        peer_settled(&agent->peer);
        agent_prune(agent);
    }
    /* With a refused base it has not read the watched files either: now with the last good one. */
    agent->reload_owed |= agent->watched_owed;
    isolate_forget(agent);
    agent->again = true; /* the pass to come prunes again where it has to */
    agent_rest(agent, false);
}

static void step(struct agent *agent) {
    const struct form_set *set = trial_next(agent->trial);

    if (set == NULL) {
        end(agent);
        return;
    }
    struct disk_result result = publish_set(agent, set);
    if (result.error != 0) {
        search_fails(agent, result.error);
        return;
    }
    agent->status.confirmed = false;
    reload_start(agent);
}

/* --- a record that can tell ------------------------------------------------------------------- */

bool isolate_restore(struct agent *agent) {
    if (agent->hold != HOLD_NOTHING || good_set(agent) == NULL || good_is_on_disk(agent)) {
        return false;
    }
    CLEANUP(form_set_freep) struct form_set *aside = form_set_copy(disk_set(agent->disk));
    CLEANUP(form_set_freep)
    struct form_set *good = last_good(agent, wanted_set(agent), true);
    struct disk_result result = publish_set(agent, good);

    agent->again |= result.error == -ESTALE;
    if (result.error != 0) {
        return false;
    }
    agent->aside = TAKE_PTR(aside);
    return true;
}

/* What was set aside is on disk again, or an error is said. */
static int put_back(struct agent *agent) {
    CLEANUP(form_set_freep) struct form_set *aside = TAKE_PTR(agent->aside);

    return publish_set(agent, aside).error;
}

void isolate_restored(struct agent *agent, const struct http_answer *answer) {
    int error = put_back(agent);

    agent->refused_last = false;
    outage_end(&agent->outage);
    peer_reload_answered(&agent->peer, answer, PEER_NO_RETRY, true);
    if (error != 0) {
        search_fails(agent, error);
        return;
    }
    reload_start(agent);
}

/* Its record could not tell of a refusal, and tells of no success. What is safe is held until it
 * tells of one, as where that is refused: nobody is blamed for what may lie outside. */
static void hold_untold(struct agent *agent) {
    if (agent->hold == HOLD_NOTHING) {
        isolate_forget(agent);
        hold(agent);
    }
}

/* --- what Prometheus said --------------------------------------------------------------------- */

/* In place: somebody wrote over it, and what Prometheus took may be theirs. */
static void ask_anew(struct agent *agent, const struct http_answer *answer) {
    agent->refused_last = false;
    agent->status.confirmed = false;
    agent->again = true;
    agent->every_byte = true;
    outage_end(&agent->outage);
    peer_reload_answered(&agent->peer, answer, PEER_NO_RETRY, true);
    agent_rest(agent, false);
}

void isolate_confirmed(struct agent *agent, const struct http_answer *answer) {
    const struct trial_answer accepted = {.accepted = true};
    const bool everything = agent->hold == HOLD_NOTHING && agent->trial == NULL;

    if (agent->settings->compile.in_place && !disk_stands(agent->disk)) {
        ask_anew(agent, answer);
        return;
    }
    agent->refused_last = false;
    agent->status.confirmed = true;
    agent->ever_confirmed = true;
    agent->stranger &= !everything;
    agent->reload_owed = false;
    agent->watched_owed = false;
    agent->base_refused &= pass_state(agent->pass)->base_faulty;
    backoff_reset(&agent->backoff);
    outage_end(&agent->outage);
    peer_reload_answered(&agent->peer, answer, PEER_NO_RETRY, agent->trial != NULL);
    ledger_confirm(agent->ledger, disk_set(agent->disk), everything);
    ledger_save(agent->ledger, agent->settings->output_path);
    if (agent->hold != HOLD_NOTHING) {
        agent->hold = HOLD_NOTHING;
        form_set_freep(&agent->held_against);
        log_info("Prometheus has taken the config that was held");
        if (agent->trial == NULL) {
            search_the_rest(agent);
        }
    } else if (agent->trial != NULL) {
        trial_answer(agent->trial, &accepted);
    }
    if (agent->trial != NULL) {
        step(agent);
        return;
    }
    bool pruned = agent_prune(agent);
    agent_rest(agent, !agent->complete || !pruned);
}

/* Those of the set on disk that the words speak of; in the arena. */
static const bool *cited(const struct agent *agent, struct arena *arena,
                         const struct http_answer *answer) {
    const struct form_set *set = disk_set(agent->disk);
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct composition composition = form_set_compose(
        arena, set, disk_order(agent->disk), &agent->settings->compile.limits, &diagnostics);

    return composition.mergeable ? citations_find(arena, arena_string(arena, answer->body),
                                                  composition.config, composition.spans, set->count)
                                 : NULL;
}

static void refused_anew(struct agent *agent, const struct http_answer *answer,
                         const struct trial_answer *refusal) {
    CLEANUP(form_set_freep) struct form_set *good = good_to_search(agent, disk_set(agent->disk));
    struct trial *trial =
        trial_new(good, disk_set(agent->disk), agent->settings->compile.in_place, refusal);

    if (trial_result(trial).hopeless) {
        trial_free(trial);
        if (search_perished(agent, refusal->words)) {
            peer_reload_answered(&agent->peer, answer, PEER_NO_RETRY, false);
            step(agent);
            return;
        }
        peer_reload_answered(&agent->peer, answer, agent_try_later(agent), false);
        hold(agent);
        agent_rest(agent, true);
        return;
    }
    peer_reload_answered(&agent->peer, answer, PEER_NO_RETRY, false);
    search(agent, trial);
    roll_back(agent);
    step(agent);
}

void isolate_refused(struct agent *agent, const struct http_answer *answer) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer words = {0};
    struct trial_answer refusal = {0};

    agent->refused_last = true;
    agent->reload_owed = false;
    agent->status.confirmed = false;
    outage_end(&agent->outage);
    if (agent->hold != HOLD_NOTHING) {
        if (agent->held_against == NULL) {
            hold_against(agent);
        }
        if (agent->hold == HOLD_GOOD && agent->stranger) {
            log_warn(
                "the last good config was another Prometheus's: the base alone takes its place");
            agent->hold = HOLD_BASE;
            (void)publish_held(agent); /* a failure is said; the next pass tries again */
        }
        peer_reload_answered(&agent->peer, answer, agent_try_later(agent), false);
        agent_rest(agent, true);
        return;
    }
    peer_words(answer, &words);
    refusal.words = buffer_string(&words);
    refusal.cited = cited(agent, arena, answer);
    if (agent->trial == NULL) {
        refused_anew(agent, answer, &refusal);
        return;
    }
    peer_reload_answered(&agent->peer, answer, PEER_NO_RETRY, true);
    trial_answer(agent->trial, &refusal);
    step(agent);
}

/* --- Prometheus away -------------------------------------------------------------------------- */

static int64_t grace(const struct agent *agent) {
    int64_t nanoseconds = agent->settings->startup_grace_milliseconds * NANOSECONDS_PER_MILLISECOND;

    switch (agent->hold) {
    case HOLD_NOTHING:
        return nanoseconds;
    case HOLD_GOOD:
        return nanoseconds * GOOD_GRACES;
    case HOLD_BASE:
        break;
    }
    return INT64_MAX;
}

int64_t isolate_patience(const struct agent *agent) {
    const struct outage *outage = &agent->outage;

    if (!outage->going || outage->starting || agent->hold == HOLD_BASE) {
        return INT64_MAX;
    }
    int64_t left = grace(agent) - outage_lasts(outage, clock_monotonic_nanoseconds());
    return left > 0 ? left : 0;
}

static void fall_back(struct agent *agent) {
    const struct trial_answer killed = {.words = "Prometheus did not come up with it"};

    if (agent->trial != NULL && agent->hold == HOLD_NOTHING) {
        trial_answer(agent->trial, &killed);
    }
    agent->hold = agent->hold == HOLD_NOTHING && good_set(agent) != NULL ? HOLD_GOOD : HOLD_BASE;
    form_set_freep(&agent->held_against);
    log_warn("Prometheus does not come up, and has never confirmed this config: a safe one takes "
             "its place until it does",
             LOG_STRING("safe", agent_holding_name(agent->hold)),
             LOG_SECONDS("after", outage_lasts(&agent->outage, clock_monotonic_nanoseconds())));
    (void)publish_held(agent); /* a failure is said; the next pass tries again */
    agent->status.confirmed = false;
    outage_restart(&agent->outage, clock_monotonic_nanoseconds());
    backoff_reset(&agent->backoff);
}

static void note_outage(struct agent *agent, const struct http_answer *answer) {
    enum reload_verdict verdict = reload_judge(answer);
    int64_t now = clock_monotonic_nanoseconds();

    if (verdict == RELOAD_UNREACHABLE) {
        if (agent->hold == HOLD_NOTHING && good_entries_are_on_disk(agent)) {
            outage_end(&agent->outage);
        } else {
            outage_refused(&agent->outage, now);
        }
    } else if (verdict == RELOAD_DENIED) {
        if (answer->status == STATUS_STARTING) {
            outage_starting(&agent->outage, now);
        } else {
            outage_end(&agent->outage);
        }
    }
}

void isolate_failed(struct agent *agent, const struct http_answer *answer) {
    if (reload_judge(answer) == RELOAD_UNKNOWN && answer->signalled &&
        !agent->confirmation.before.success) {
        hold_untold(agent);
    } else if (agent->aside != NULL) {
        agent->again |= put_back(agent) == -ESTALE; /* it was not asked */
    }
    note_outage(agent, answer);
    if (reload_judge(answer) == RELOAD_UNREACHABLE && isolate_patience(agent) == 0) {
        fall_back(agent);
    }
    peer_reload_answered(&agent->peer, answer, agent_try_later(agent), false);
    agent_rest(agent, true);
}
