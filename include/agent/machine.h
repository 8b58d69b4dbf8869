/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_MACHINE_H
#define SIDECAR_AGENT_MACHINE_H

/*
 * What is behind struct agent, for the files of the state machine only:
 *
 *     agent.c     what happens when: events, timers, signals, passes; beginning and end
 *     reload.c    one request to reload, until it is known what became of it
 *     isolate.c   what follows from a refusal and from an outage: rollback, search, holding on
 *     only_watch.c   the same where there is no output, so that none of this can be
 *     operation.c    what fails now, for those who look
 */

#include "agent/agent.h"
#include "agent/backoff.h"
#include "agent/disk.h"
#include "agent/ledger.h"
#include "agent/outage.h"
#include "agent/pass.h"
#include "agent/peer.h"
#include "agent/record.h"
#include "agent/run_marker.h"
#include "agent/running.h"
#include "agent/trial.h"
#include "agent/watcher.h"

enum {
    AGENT_SIGNALS = 3
};

/* A reload whose answer did not come. */
struct confirmation {
    struct reload_record before; /* right before Prometheus was asked */
    int64_t asked;               /* wall nanoseconds */
    int64_t started;             /* monotonic nanoseconds */
    bool signalled;              /* there never is an answer */
    bool recordless;             /* the record did not come though it was waited for: the next
                                    request does not wait for it */
    struct buffer error;         /* why there was no answer */
    uint64_t wait;               /* milliseconds until the record is looked at next */
    struct incident unanswered;  /* until Prometheus says what became of a reload */
    struct incident untold;      /* the same, of its record */
    uint64_t deadline;           /* loop time; before it was asked: of the wait for the record */
};

struct agent {
    uv_loop_t *loop;
    const struct agent_settings *settings;
    enum agent_phase phase;
    struct pass *pass;
    struct disk *disk;
    struct ledger *ledger;
    struct watcher *watcher;
    struct run_marker *marker;
    struct prometheus_client *client;
    struct peer peer;
    struct backoff backoff;
    struct outage outage;
    struct confirmation confirmation;
    struct running running;
    struct trial *trial;     /* NULL: nothing is searched */
    int64_t trial_started;   /* monotonic nanoseconds */
    enum agent_holding hold; /* what is on disk is not what is wanted */
    bool perished;           /* what is searched is a form that was good and went bad by itself */
    /* Was refused, and so was what is held: what is wanted is asked about once it is something
     * else. NULL: what is held is so because Prometheus was away. */
    struct form_set *held_against;
    struct form_set *aside; /* gives way to the last good set for a moment (isolate_restore); NULL:
                               nothing does */
    uv_timer_t settle_timer;
    uv_timer_t retry_timer;
    uv_timer_t watch_timer;
    uv_timer_t confirm_timer;
    uv_signal_t signals[AGENT_SIGNALS];
    uint64_t act_by;        /* loop time at which the pass runs, quiet or not; while settling */
    bool every_byte;        /* the next pass trusts no file time */
    bool hangup;            /* the next pass reads the settings, and is followed by a reload */
    uint64_t writers_until; /* loop milliseconds: until then nothing is published while files are
                               being written of which nothing was read before; 0: does not matter */
    bool again;             /* an event came while Prometheus was asked */
    bool complete;          /* the last pass could read everything */
    bool ever_confirmed;    /* Prometheus took a config of this process */
    bool base_refused;      /* Prometheus refused the present base, as far as is known */
    bool reload_owed;       /* somebody asked for a reload that Prometheus has not answered yet */
    bool watched_owed;      /* watched files changed, and Prometheus took no config since */
    bool prune_owed;        /* a secret file that nobody names could not be removed */
    bool stranger;          /* the last good set was taken by another version of Prometheus */
    bool refused_last;      /* the last thing that Prometheus said of a config is no */
    struct agent_status status;
};

/* --- agent.c ---------------------------------------------------------------------------------- */

void agent_enter(struct agent *agent, enum agent_phase phase);

/* There is no output: nothing is written, remembered or searched. */
bool agent_only_watches(const struct agent *agent);

/* Milliseconds until the next try; one that is on its way already stays. */
int64_t agent_try_later(struct agent *agent);

/* Nothing to do now: until something happens, or until the next try of what failed. Takes up what
 * came meanwhile. */
void agent_rest(struct agent *agent, bool failed);

/* Removes the secret files that what Prometheus runs does not name. False: to be tried again. */
bool agent_prune(struct agent *agent);

/* Asks Prometheus to reload though nothing changed. */
void agent_owe_reload(struct agent *agent);

/* Asks Prometheus for its version where it is not known (any more). */
void agent_ask_version(struct agent *agent);

/* --- reload.c --------------------------------------------------------------------------------- */

/* Asks Prometheus to load what is on disk. Ends in isolate_confirmed, isolate_refused,
 * isolate_failed or isolate_restored, in none of them right away. */
void reload_start(struct agent *agent);

/* --- only_watch.c ----------------------------------------------------------------------------- */

/* What Prometheus answered, in place of the three of isolate.c. */
void only_watch_answered(struct agent *agent, const struct http_answer *answer);

/* --- operation.c ------------------------------------------------------------------------------ */

/* What fails at present; ret has AGENT_OPERATIONS. */
void operations_read(const struct agent *agent, struct agent_failure *ret);

/* --- isolate.c -------------------------------------------------------------------------------- */

void isolate_confirmed(struct agent *agent, const struct http_answer *answer);
void isolate_refused(struct agent *agent, const struct http_answer *answer);
/* It was not asked, or it cannot be told. */
void isolate_failed(struct agent *agent, const struct http_answer *answer);

/*
 * A record that says already that the last reload failed cannot tell that another one did. So where
 * nothing but the record tells, the last good set, exactly as it was taken, is loaded in between.
 *
 * isolate_restore puts it on disk; false: there is none, or it is there. isolate_restored:
 * Prometheus took it; what it took the place of is back on disk and asked about.
 */
bool isolate_restore(struct agent *agent);
void isolate_restored(struct agent *agent, const struct http_answer *answer);

/* The search and the holding on are over, whatever they came to. */
void isolate_forget(struct agent *agent);

/* The end, maybe in the middle: what Prometheus is asked about, or refused, is not left on disk
 * where there is a last good config. While Prometheus is away, what is wanted stays. */
void isolate_abandon(struct agent *agent);

/* Brings the disk to what a pass calls for. */
struct disk_result isolate_publish(struct agent *agent);

/* Nanoseconds until Prometheus's time to come up is over; INT64_MAX: it is not counted. */
int64_t isolate_patience(const struct agent *agent);

#endif
