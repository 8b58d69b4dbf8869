/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_AGENT_H
#define SIDECAR_AGENT_AGENT_H

/*
 * The event loop around the controller: turns signals, timers, file events and Prometheus's answers
 * into events, and carries out the effects: passes, publications, requests.
 */

#include "base/compiler.h"
#include "compile/compile.h"
#include "controller/controller.h"
#include "prometheus/client.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct agent_settings {
    struct source_settings source;
    struct compile_settings compile;
    struct prometheus_settings prometheus;
    bool ask_version;             /* no --prometheus-version was given: write for the version that
                                     Prometheus tells. It is asked all the same where one is given
                                     (compile.version), as another one may take what was refused */
    const char *output_path;      /* NULL: nothing is written, Prometheus is only asked to reload */
    const char *secret_directory; /* NULL without an output */
    mode_t config_mode;
    mode_t secret_mode;
    int64_t watch_milliseconds; /* 0: no full re-read; the program then takes agent_once instead */
    int64_t delay_milliseconds;
    int64_t retry_milliseconds;
    int64_t startup_grace_milliseconds; /* how long Prometheus may be away on a config that it never
                                           confirmed */
    bool starts_without_reload;   /* what is there at the start is what Prometheus has loaded */
    int64_t confirm_milliseconds; /* how long a reload may run whose answer did not come; 0: the
                                     usual ten minutes */

    /*
     * SIGHUP: reads the settings anew and gives those to go on with, or NULL to go on with these
     * (nothing changed, or the new ones are wrong). NULL: settings are never read again. Called
     * right before the pass that uses them. What it gave stays in use until a later call gave
     * something else; then it is not touched any more.
     */
    const struct agent_settings *(*reread)(void *context);
    void *reread_context;
};

struct agent;

/* settings have to outlive the agent, or the reread that replaced them. */
struct agent *agent_new(uv_loop_t *loop, const struct agent_settings *settings) MUST_USE;

/* Starts signals, timers, watches and the first pass; returns at once. SIGPIPE is ignored from here
 * on. 0, or negative errno with a line in the log; agent_stop is due then too. */
int agent_start(struct agent *agent) MUST_USE;

/* As SIGHUP: read settings and everything else anew, and reload even where nothing changed. */
void agent_reload(struct agent *agent);

/* Closes every handle so that uv_run returns; the memory goes with agent_free after that. May be
 * called twice. */
void agent_stop(struct agent *agent);
void agent_free(struct agent *agent);

/* The init container: one pass, publish, no loop, no reload. 0; -EIO (said in the log) when nothing
 * could be published.
 */
int agent_once(const struct agent_settings *settings) MUST_USE;

enum agent_phase {
    AGENT_STARTING,   /* asking for the version, before the first pass */
    AGENT_IDLE,       /* what is on disk is what the volumes say, and Prometheus runs it */
    AGENT_SETTLING,   /* an event came; waiting until it is quiet */
    AGENT_PUBLISHING, /* in a pass */
    AGENT_RELOADING,  /* Prometheus was asked and has not answered yet */
    AGENT_CONFIRMING, /* it did not answer: its own record of the last reload will tell */
    AGENT_ISOLATING,  /* it refused the config, and is asked about one part after another */
    AGENT_WAITING,    /* something failed; waiting to try again */
    AGENT_STOPPED,
};
const char *agent_phase_name(enum agent_phase phase);

/* Whether Prometheus runs, by its own word, the config that was written. */
enum running_verdict {
    RUNNING_UNKNOWN, /* it was not asked yet, does not tell, or there is nothing to compare */
    RUNNING_MATCHES,
    RUNNING_DIFFERS,
};
const char *running_verdict_name(enum running_verdict verdict);

struct earlier_form; /* controller/state_file.h */

/* What the agent does again and again and that may fail for a while. */
enum agent_operation {
    OPERATION_PUBLISH,        /* writing the config and the secret files */
    OPERATION_CLEAN_UP,       /* removing secret files that are no longer named */
    OPERATION_STATE_FILE,     /* writing and reading the state file */
    OPERATION_WATCH,          /* setting inotify watches */
    OPERATION_RELOAD,         /* making Prometheus load what is on disk */
    OPERATION_VERSION,        /* asking Prometheus for its version */
    OPERATION_RUNNING_CONFIG, /* Prometheus running what is on disk */
};
#define AGENT_OPERATIONS 7
const char *agent_operation_name(enum agent_operation operation);

/* One of them, as it is now. */
struct agent_failure {
    const char *words; /* what is wrong; NULL: it works, or was not tried yet */
    int64_t since;     /* wall milliseconds */
    uint64_t failures; /* since then */
};

struct incident; /* base/incident.h */

/* As of now, with its words; valid as long as the incident is. NULL, or quiet: it works. */
struct agent_failure agent_failure_of(const struct incident *incident);

/* What others (the web server, tests) may know: a plain struct, valid until the loop turns. */
struct agent_status {
    enum agent_phase phase;
    const struct desired_state *state; /* of the last pass; NULL before the first */
    const char *prometheus_version;    /* as Prometheus said it; "" where it is not known */
    const char *reload_method;         /* "http", "signal" */
    bool only_watches;                 /* nothing is written: there is no output */
    bool published; /* a merged config of this process is in place, or there is none to be */
    bool confirmed; /* Prometheus runs it */
    enum running_verdict running;
    const char *running_difference; /* "runs ...", where it differs; else NULL */
    bool ready; /* a config is in place, and Prometheus, where it answers, runs it; and the base is
                   not refused */
    const char *not_ready; /* why not; NULL: ready */
    enum fallback fallback;
    size_t suspects;        /* how many RemoteWrites (and the base) are being searched; 0: none */
    bool base_refused;      /* the last good base is in use: Prometheus refused the present one */
    const char *base_words; /* ... in these words; NULL */
    const char *base_fault; /* why the present base is not in use; NULL: it is */
    bool reload_successful; /* the last one that is known of */
    int64_t reload_time;    /* wall milliseconds of the last one; 0: none yet */
    int64_t success_time;   /* ... of the last successful one */
    const struct earlier_form *earlier; /* RemoteWrites served in an earlier form, since when */
    size_t earlier_count;
    struct agent_failure failures[AGENT_OPERATIONS];
    const struct prometheus_settings *prometheus; /* how it is asked */
    const struct source_settings *source;         /* what is read */
    uint64_t passes;
    uint64_t writes; /* passes that wrote the config or a secret file */
    uint64_t
        publish_errors; /* passes that could not, or could not read the base or a watched file */
    uint64_t reloads;   /* requests that were answered or failed */
    uint64_t reloads_failed;
    uint64_t watch_events;
    uint64_t watch_errors;
    size_t watches;
};
void agent_status_read(const struct agent *agent, struct agent_status *ret);

#endif
