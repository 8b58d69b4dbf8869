/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_MACHINE_H
#define SIDECAR_CONTROLLER_MACHINE_H

/*
 * What is behind struct controller, for the files of this module only. Each file calls only those
 * below it:
 *
 *     controller.c   events: calls the machines below in turn
 *     rollout.c      what an answer of Prometheus means: roll back, bisect, fall back
 *     request.c      one request to reload, until its outcome is known
 *     trigger.c      when the next pass runs; retries
 *     safe_sets.c    the sets to fall back to
 *     effects.c      the effects to be carried out
 */

#include "controller/backoff.h"
#include "controller/controller.h"
#include "controller/outage.h"
#include "controller/trial.h"

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

/* A due time that never comes. */
#define NEVER INT64_MAX

/* When passes run. Each due time is monotonic milliseconds. */
struct trigger {
    enum trigger_state state;
    union {
        struct {
            int64_t due;
        } starting;
        struct {
            int64_t due;
            int64_t latest; /* events without end delay the pass until then, no longer */
        } settling;
        struct {
            bool is_sighup;       /* a reload follows whatever changed */
            bool watched_changed; /* seen before the pass was run anew for it */
            struct pass_outcome pass;
        } running;
    };
};

/* One request to reload. */
struct request {
    enum request_state state;
    int64_t due;      /* of the waiting states; else NEVER */
    int64_t deadline; /* of the wait for the record */
    int64_t wait;     /* until the record is read next */
    bool for_watched; /* watched files had changed when it was sent */
    bool was_owed;    /* somebody had asked for it */
    struct reload_record before;
    int64_t asked;                 /* wall nanoseconds */
    bool is_signal;                /* after it was sent without an answer */
    bool is_lost;                  /* ... in contrast to an answer that is late */
    struct form_set *restored_for; /* the last known good config is asked about, so that the record
                                      can tell a second failure from the first: this one is next.
                                      NULL: what is on disk is what is asked about */
};

/* What the config on disk is, and why. */
struct plan {
    enum plan_state state;
    /* Of PLAN_BISECT; of PLAN_FALLBACK: what goes on after it, NULL: none. */
    struct trial *trial;
    unsigned regressed; /* the trial is about entries that were accepted before: the first, or the
                           second one (lasting_set); 0: it is not */
    int64_t started;    /* the trial: monotonic milliseconds */
    union {
        struct {
            enum fallback kind;
            /* What is desired was refused, and so was the fallback: try again once something else
             * is desired. NULL: fallen back because Prometheus was away. */
            struct form_set *refused;
        } fallback;
    };
};

/* What is known of Prometheus. */
struct peer_state {
    bool is_away;          /* nothing listened at the last request */
    bool version_outdated; /* it may have been replaced since it was asked last */
    bool version_changed;  /* the last known good config was confirmed by another version */
    bool is_recordless;    /* no record came although it was waited for: the next request does not
                              wait */
    struct version version;
    struct outage outage;
    /* Requests that Prometheus may still be working on although they were given up: the next
     * successes in the record are theirs. */
    unsigned unresolved;
};

/* What is still to be done, whatever the state. */
struct pending {
    bool events;      /* something changed while no pass could publish it */
    bool full_rescan; /* the next pass trusts no file time */
    bool sighup;
    bool reload;         /* a reload was asked for */
    bool watched;        /* watched files changed, and Prometheus confirmed nothing since */
    bool watched_beside; /* they changed while a request was running: its verdict on the base may
                            be about what they held before */
    bool prune;          /* a file that nothing names could not be removed */
};

struct effect_queue {
    struct effect *items;
    size_t first;
    size_t count;
    size_t capacity;
};

struct controller {
    struct controller_settings settings;
    uint64_t random;
    struct ledger *ledger;
    struct effect_queue effects;
    struct instant now;

    struct trigger trigger;
    struct request request;
    struct plan plan;
    struct peer_state peer;
    struct pending pending;

    struct backoff backoff;
    int64_t retry_due; /* NEVER: none pending */
    int64_t watch_due;
    int64_t writers_until; /* monotonic: until then nothing is published while files are being
                              written that were never read */

    const struct desired_state *desired; /* of the last pass; NULL before the first */
    const struct form_set *on_disk;      /* NULL: nothing was published */
    bool is_complete;                    /* the last pass could read everything */
    bool is_confirmed;                   /* Prometheus runs what is on disk */
    bool is_ever_confirmed;
    bool is_base_refused;    /* Prometheus refused the present base */
    bool is_refused;         /* the last verdict on a config was a refusal */
    bool is_lkg_running;     /* nothing else that Prometheus may have loaded was on disk since it
                                confirmed the last known good config */
    bool is_judged;          /* Prometheus confirmed or refused what is on disk */
    bool is_checked;         /* the invariants, since the last event */
    bool waits_for_writer;   /* a process is writing a file: its end is an event */
    bool is_publish_failing; /* the last publication had an error: what is needed is not known */
    struct controller_status counters; /* only its counters and times are used */
};

/* What to do after a machine has handled something. */
enum next {
    NEXT_NOTHING, /* an effect's result, or an answer, is awaited */
    NEXT_REST,    /* until something happens */
    NEXT_RETRY,   /* something failed: try again later */
    NEXT_REQUEST, /* ask Prometheus to load what is on disk */
    NEXT_STOPPED,
};

/* What follows a publication; the field `next` of its effect. */
enum publish_next {
    PUBLISH_OF_PASS, /* what the pass calls for */
    PUBLISH_SECRETS, /* ... while a request is running: nothing */
    PUBLISH_CANDIDATE,
    PUBLISH_ROLLBACK, /* then the candidate */
    PUBLISH_LAST,     /* nothing */
    PUBLISH_RESTORE,  /* the last known good config, for the record: then the request */
    PUBLISH_RESTORED, /* what that took the place of: then the request */
    PUBLISH_FINAL,    /* the end */
};

/* --- effects.c -------------------------------------------------------------------------------- */

struct effect *effect_add(struct controller *controller, enum effect_kind kind);
void effect_publish(struct controller *controller, struct form_set *set, bool rolls_back,
                    enum publish_next next);
struct effect *effect_report(struct controller *controller, enum report_kind report);
void effect_report_words(struct controller *controller, enum report_kind report, const char *words);
bool effect_take(struct controller *controller, struct effect *ret);
void effects_free(struct effect_queue *queue);

/* --- safe_sets.c ------------------------------------------------------------------------------ */

/* Each returns a new set. lkg may be NULL where the comment does not say otherwise. entries: the
 * last known good entry of each RemoteWrite. */

/* The base alone: the last known good one, or that of desired where there is none or it is in
 * place. */
struct form_set *base_alone(const struct form_set *lkg, const struct form_set *desired,
                            bool in_place) MUST_USE;

/* The last known good set (not NULL), with the base of desired in place. Exactly as it was
 * confirmed, or with the newest secret files of entries whose text is the same, so that a rotated
 * password is not reverted. */
struct form_set *lkg_set(const struct history *history, const struct form_set *desired,
                         bool in_place, bool exactly) MUST_USE;

/* What a bisection starts from; NULL without a last known good set. Secret files that changed since
 * it was confirmed are suspects too, so they are those of then; but an entry whose text changed
 * gets the newest ones. */
struct form_set *bisection_start(const struct history *history,
                                 const struct form_set *desired) MUST_USE;

/* start without the entries that may have regressed. First those that read something outside;
 * where that was not enough (also_rotated), those too whose secret files are not the confirmed
 * ones. NULL: there are none. */
struct form_set *lasting_set(const struct form_set *start, const struct form_set *lkg,
                             bool also_rotated) MUST_USE;

/* on_disk with the secret files of now for the entries that the trial (may be NULL) does not ask
 * about; NULL: there is nothing newer. */
struct form_set *with_new_secrets(const struct form_set *on_disk, const struct form_set *desired,
                                  const struct form_set *lkg, bool only_confirmed) MUST_USE;

/* The same base and the same entries, whatever their secret files. Either may be NULL. */
bool same_entries(const struct form_set *left, const struct form_set *right);

/* --- trigger.c -------------------------------------------------------------------------------- */

/* Runs a pass after a quiet moment, or at once. */
void trigger_settle(struct controller *controller);
void trigger_now(struct controller *controller);

/* Milliseconds until the next try; one that is pending stays. timeout: see rollout_timeout. */
int64_t retry_later(struct controller *controller, int64_t timeout);
void retry_forget(struct controller *controller);
void watch_restart(struct controller *controller);

/* --- request.c -------------------------------------------------------------------------------- */

/* What became of a request. */
struct conclusion {
    struct reload_outcome outcome;
    enum report_source source;
    bool record_cannot_tell; /* RELOAD_UNKNOWN: the record spoke of a failure before already */
};

bool request_is_running(const struct controller *controller);

/* Asks Prometheus to load what is on disk. restores: see struct request. */
void request_start(struct controller *controller);

/* Each returns whether the request is over, with what became of it. */
bool request_record(struct controller *controller, enum record_answer answer,
                    const struct reload_record *record, struct conclusion *ret);
bool request_answered(struct controller *controller, const struct reload_outcome *outcome,
                      struct conclusion *ret);
void request_time(struct controller *controller);

/* The last known good config is on disk for the record. */
void request_restored(struct controller *controller);

/* It could not be written: the request is given up. */
void request_abandon(struct controller *controller);

/* --- rollout.c -------------------------------------------------------------------------------- */

enum next rollout_conclude(struct controller *controller, const struct conclusion *conclusion);
enum next rollout_published(struct controller *controller, enum publish_next next, int error);
/* Publishes what the pass wants, or what the plan has on disk instead. */
void rollout_publish(struct controller *controller);
/* While a request is running: publishes changed secret files alone. False: there are none. */
bool rollout_publish_secrets(struct controller *controller);
/* The bisection and the fallback are over, whatever they came to. */
void rollout_forget(struct controller *controller);
/* Milliseconds until Prometheus has been away for too long; NEVER: it has not to be counted. */
int64_t rollout_timeout(const struct controller *controller);
/* SIGTERM. */
enum next rollout_stop(struct controller *controller);
/* An invariant of the controller does not hold: goes back to the last known good config. */
void rollout_recover(struct controller *controller);
/* In place the base was edited: the same with the base of the pass since. */
void rollout_stop_again(struct controller *controller);

#endif
