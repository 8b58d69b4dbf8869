/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_CONTROLLER_CONTROLLER_H
#define SIDECAR_CONTROLLER_CONTROLLER_H

/*
 * Decides what to publish, when to ask Prometheus to reload, what its answer means, and when to
 * roll back, bisect, fall back and retry. Pure: it reads no clock and no file, draws its jitter
 * from a seed, and writes no log. The caller feeds events and carries out effects:
 *
 *     controller_handle(controller, &event, now);
 *     while (controller_next_effect(controller, &effect)) {
 *         carry out the effect; where it has a result, feed it as an event right away
 *         effect_release(&effect);
 *     }
 *     wake up at controller_due(controller), if nothing happens before, with EVENT_TIME
 *
 * Effects come in order. A result of EFFECT_RUN_PASS, EFFECT_PUBLISH, EFFECT_PRUNE and
 * EFFECT_READ_SETTINGS is fed before the next effect is taken; those of requests to Prometheus
 * come when they come, one for each request.
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "compile/compile.h"
#include "controller/ledger.h"
#include "controller/record.h"
#include "spec/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds of two clocks. */
struct instant {
    int64_t monotonic;
    int64_t wall; /* since 1970; may jump */
};

struct controller_settings {
    bool watch_only;         /* there is no output: Prometheus is only asked to reload */
    bool in_place;           /* the output is the base */
    bool by_signal;          /* a reload is a signal, which has no answer */
    bool ask_version;        /* write for the version that Prometheus reports */
    struct version version;  /* --prometheus-version; not set: none is given */
    bool is_loaded_at_start; /* Prometheus runs what is there at the start */
    int64_t watch_interval;  /* milliseconds, as all that follow; 0: none */
    int64_t delay;
    int64_t retry;
    int64_t startup_timeout; /* how long Prometheus may be away on a config that it has not
                                confirmed */
    int64_t confirm_timeout; /* of a reload whose answer did not come in time; 0: the default */
    int64_t request_timeout;
};

/* Why the config on disk is not the desired one. */
enum fallback {
    FALLBACK_NONE, /* it is the desired one, or a candidate of the bisection */
    FALLBACK_LKG,  /* the last known good config, until Prometheus confirms it */
    FALLBACK_BASE, /* the base alone, until Prometheus confirms it */
};

const char *fallback_name(enum fallback fallback);

/* --- events ----------------------------------------------------------------------------------- */

/* What came of a request to reload. */
enum reload_verdict {
    RELOAD_CONFIRMED,   /* Prometheus loaded the config */
    RELOAD_REFUSED,     /* Prometheus refused the config */
    RELOAD_DENIED,      /* not asked: the endpoint answered something else (credentials, lifecycle
                           API, a wrong URL, starting) */
    RELOAD_UNKNOWN,     /* no answer, but Prometheus may have received the request */
    RELOAD_UNREACHABLE, /* not asked: nothing listens */
    RELOAD_IMPOSSIBLE,  /* not asked: a fault on this side (password file, TLS) */
};

/* An answer to a request for the reload record (runtimeinfo). */
enum record_answer {
    RECORD_ANSWER_KNOWN,
    RECORD_ANSWER_STARTING,    /* 503: Prometheus is starting */
    RECORD_ANSWER_UNREACHABLE, /* nothing listens */
    RECORD_ANSWER_FAILED,      /* a temporary fault: worth another request */
    RECORD_ANSWER_NONE,        /* there is no record here */
};

enum event_kind {
    EVENT_START,
    EVENT_STOP,          /* SIGTERM: nothing is handled after the effects of this one */
    EVENT_TIME,          /* the time controller_due has come */
    EVENT_FILES_CHANGED, /* something changed below a watched path */
    EVENT_SIGHUP,        /* read settings and files anew, clear the quarantine, reload */
    EVENT_RELOAD_WANTED, /* reload although nothing changed */
    EVENT_SETTINGS,      /* result of EFFECT_READ_SETTINGS */
    EVENT_PASS,          /* result of EFFECT_RUN_PASS */
    EVENT_PUBLISHED,     /* result of EFFECT_PUBLISH */
    EVENT_PRUNED,        /* result of EFFECT_PRUNE */
    EVENT_VERSION,       /* answer to EFFECT_ASK_VERSION */
    EVENT_RECORD,        /* answer to EFFECT_READ_RECORD */
    EVENT_RELOADED,      /* answer to EFFECT_RELOAD */
};
#define EVENT_KINDS 13
const char *event_kind_name(enum event_kind kind);

struct pass_outcome {
    const struct desired_state *state; /* valid until the next pass */
    bool mergeable;                    /* false: there is nothing to publish */
    bool changed;         /* state->served differs from that of the pass before, or is the first */
    bool watched_changed; /* a file that is only watched changed */
    bool complete;        /* false: something could not be read, worth another pass */
    bool base_being_written;  /* state is not made of what stands in the base's place now */
    bool files_being_written; /* some file was skipped because a process is writing it */
};

struct publish_outcome {
    int error;    /* 0 or negative errno. -ESTALE: in place, the base was edited meanwhile.
                     -ETXTBSY: in place, a process has the output open for writing */
    bool changed; /* the config on disk is another one than before, or the first */
    bool written; /* the config or a secret file was written */
    const struct form_set *on_disk; /* what is published now, NULL: nothing yet; valid until the
                                       next EVENT_PUBLISHED */
};

struct reload_outcome {
    enum reload_verdict verdict;
    bool is_starting;   /* RELOAD_DENIED: Prometheus answered that it is starting */
    bool is_lost;       /* RELOAD_UNKNOWN: the connection ended without an answer, in contrast to
                           an answer that did not come in time */
    bool is_signal;     /* RELOAD_UNKNOWN: it was a signal */
    bool output_stands; /* RELOAD_CONFIRMED: the output is still what was published */
    const char *words;  /* RELOAD_REFUSED: what Prometheus said */
    const bool *cited;  /* RELOAD_REFUSED: for each entry on disk, whether the words cite a line of
                           it; NULL: none */
};

struct event {
    enum event_kind kind;
    union {
        const struct controller_settings *settings; /* EVENT_SETTINGS; NULL: as before */
        struct pass_outcome pass;
        struct publish_outcome published;
        bool pruned; /* false: something could not be removed */
        struct {
            bool is_known;

            struct version version;
        } version;
        struct {
            enum record_answer answer;
            struct reload_record record;
        } record;
        struct reload_outcome reloaded;
    };
};

/* --- effects ---------------------------------------------------------------------------------- */

enum effect_kind {
    EFFECT_READ_SETTINGS, /* -> EVENT_SETTINGS */
    EFFECT_RUN_PASS,      /* -> EVENT_PASS */
    EFFECT_PUBLISH,       /* -> EVENT_PUBLISHED */
    EFFECT_PRUNE,         /* remove secret files that the config on disk does not name
                             -> EVENT_PRUNED */
    EFFECT_ASK_VERSION,   /* -> EVENT_VERSION; nothing where a request for it is running */
    EFFECT_SET_VERSION,   /* passes render for this version from now on */
    EFFECT_READ_RECORD,   /* -> EVENT_RECORD */
    EFFECT_RELOAD,        /* -> EVENT_RELOADED */
    EFFECT_CHECK_RUNNING, /* compare the config that Prometheus runs with the one on disk */
    EFFECT_SAVE,          /* write the state file where it differs */
    EFFECT_REPORT,        /* log */
};

/* What to log. words and number as in the comments. */
enum report_kind {
    REPORT_RELOAD,            /* the answer to the last request: verdict, retry_in, is_bisecting */
    REPORT_NO_ANSWER,         /* the record will tell; is_bisecting */
    REPORT_RECORD_UNDECIDED,  /* the record did not tell within number milliseconds */
    REPORT_WATCHED_CHANGED,   /* watched files changed */
    REPORT_VERSION_CLEARED,   /* another version: the quarantine is cleared; words: it */
    REPORT_GIVEN_CLEARED,     /* another --prometheus-version: the same */
    REPORT_BISECTION_STARTED, /* number: suspects */
    REPORT_BISECTION_ENDED,   /* bisection */
    REPORT_CAUSE_OUTSIDE,     /* even the last known good config is refused; words: Prometheus's */
    REPORT_FALLBACK,          /* Prometheus does not come up: fallback; number: milliseconds */
    REPORT_FALLBACK_TAKEN,    /* Prometheus confirmed the fallback */
    REPORT_FALLBACK_BASE,     /* the last known good config was another version's */
    REPORT_STOPPED_UNCONFIRMED, /* the last known good config is restored at the end */
    REPORT_LKG_FIRST, /* the record has to tell: the last known good config is loaded first */
    REPORT_SETTLED,   /* Prometheus runs what is on disk, after a bisection */
    REPORT_PEER_UP,   /* Prometheus answers again */
    REPORT_INVARIANT, /* words: which invariant of the controller does not hold */
};

/* Where REPORT_RELOAD has its words from. */
enum report_source {
    SOURCE_ANSWER,    /* EVENT_RELOADED */
    SOURCE_RECORD,    /* the last EVENT_RECORD: no request was sent */
    SOURCE_BY_RECORD, /* the last EVENT_RECORD: it decided */
    SOURCE_UNKNOWN,   /* none came; number: 1 where the record could not tell */
};

struct bisection_summary {
    size_t reloads;
    size_t culprits;
    size_t served;
    bool base_refused;
    int64_t duration; /* milliseconds */
};

struct effect {
    enum effect_kind kind;
    /* EFFECT_RUN_PASS */
    bool full_rescan; /* trust no file time */
    /* EFFECT_PUBLISH. The set is the effect's, until effect_release. */
    struct form_set *set; /* NULL: what the last pass wants */
    bool rolls_back; /* replaces a refused config: write it even where a secret file that exists
                        cannot be written anew */
    unsigned next;   /* the controller's: to be left as it is */
    /* EFFECT_SET_VERSION */
    struct version version;
    /* EFFECT_CHECK_RUNNING */
    bool after_reload; /* a reload was confirmed just now */
    /* EFFECT_REPORT */
    enum report_kind report;
    enum reload_verdict verdict;
    enum report_source source;
    int64_t retry_in; /* milliseconds; CONTROLLER_NO_RETRY: there is none */
    bool is_bisecting;
    enum fallback fallback;
    int64_t number;
    struct bisection_summary bisection;
    char *words; /* the effect's; NULL: none */
};
#define CONTROLLER_NO_RETRY (-1)

void effect_release(struct effect *effect);

/* --- the controller --------------------------------------------------------------------------- */

struct controller;

/* seed: of the jitter of retries. The ledger is the controller's, and empty. */
struct controller *controller_new(const struct controller_settings *settings,
                                  uint64_t seed) MUST_USE;
void controller_free(struct controller *controller);

/* published_by: for EVENT_PUBLISHED the effect that it is the result of; else NULL. */
void controller_handle(struct controller *controller, const struct event *event,
                       const struct effect *published_by, struct instant now);

/* Takes the next effect out; false: there is none. */
bool controller_next_effect(struct controller *controller, struct effect *ret);

/* The monotonic time at which EVENT_TIME is due; INT64_MAX: never. */
int64_t controller_due(const struct controller *controller);

/* The last known good config, refusals and versions: to load them before EVENT_START, to save them,
 * and for passes. */
struct ledger *controller_ledger(struct controller *controller);

/* --- state, for those who look ---------------------------------------------------------------- */

/* When passes run. */
enum trigger_state {
    TRIGGER_STARTING, /* waits for Prometheus to report its version, a second at most */
    TRIGGER_IDLE,
    TRIGGER_SETTLING, /* something changed; waits for a quiet moment */
    TRIGGER_RUNNING,  /* in a pass, or publishing what it gave */
    TRIGGER_STOPPED,
};
#define TRIGGER_STATES 5
const char *trigger_state_name(enum trigger_state state);

/* The request to reload. */
enum request_state {
    REQUEST_NONE,
    REQUEST_READING_BEFORE, /* asked for the record that a lost answer is compared with */
    REQUEST_WAITING_BEFORE, /* will ask for that record again */
    REQUEST_WAITING_SECOND, /* waits for the second after the last success */
    REQUEST_SENT,
    REQUEST_WAITING_AFTER, /* no answer: will ask for the record */
    REQUEST_READING_AFTER, /* no answer: asked for the record */
};
#define REQUEST_STATES 7
const char *request_state_name(enum request_state state);

/* What the config on disk is. */
enum plan_state {
    PLAN_DESIRED,  /* what the last pass wants */
    PLAN_BISECT,   /* a candidate of the bisection */
    PLAN_FALLBACK, /* a safe config */
};
#define PLAN_STATES 3
const char *plan_state_name(enum plan_state state);

struct controller_status {
    enum trigger_state trigger;
    enum request_state request;
    enum plan_state plan;
    enum fallback fallback;
    bool is_retry_pending;
    bool is_published;        /* a merged config is in place, or there is none to be */
    bool is_confirmed;        /* Prometheus runs what is on disk */
    bool is_ever_confirmed;   /* it confirmed a config of this process */
    bool is_fallback_refused; /* what is desired and the fallback were refused */
    bool is_base_refused;
    bool is_peer_away; /* nothing listened at the last request */
    bool is_reload_successful;
    int64_t reload_time;    /* wall milliseconds of the last one; 0: none */
    int64_t success_time;   /* ... of the last confirmed one */
    size_t suspects;        /* of the bisection */
    struct version version; /* of Prometheus; not set: unknown */
    uint64_t passes;
    uint64_t writes;
    uint64_t publish_errors;
    uint64_t reloads;
    uint64_t reloads_failed;
};
struct controller_status controller_status(const struct controller *controller);

#endif
