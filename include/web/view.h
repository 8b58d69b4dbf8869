/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_VIEW_H
#define SIDECAR_WEB_VIEW_H

/* What the server shows: plain data that it is handed anew for each request. Nothing here is a
 * secret but the entries, which mask.h takes the secrets out of. Times are wall milliseconds. */

#include "base/bytes.h"
#include "web/histogram.h"
#include "web/process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What Prometheus tells of the queue behind an entry of the config. */
struct web_health {
    const char *verdict; /* "flowing", ... */
    bool known;          /* it says whether all is well */
    bool good;
    uint64_t sent; /* samples, as those below */
    uint64_t failed;
    uint64_t dropped;
    uint64_t retried;
    uint64_t pending;
    uint64_t shards;
    int64_t newest_sent; /* time of the newest sample that was sent; 0: none yet */
};

struct web_remote_write {
    const char *namespace; /* "" where it has none, as name */
    const char *name;
    const char *state;  /* "active", ... */
    const char *reason; /* NULL: none */
    const char *file;   /* NULL: unknown */
    unsigned line;
    const char *url;       /* masked; NULL: none */
    int64_t changed;       /* since when state, reason and entry are as they are; 0: unknown */
    bool earlier;          /* served in its last good form */
    int64_t earlier_since; /* 0: unknown */
    bool served;           /* it has an entry in the merged config */
    const struct web_health *health; /* NULL: Prometheus does not tell */
};

/* One entry of the merged config, as one line of flow style, secrets included. */
struct web_entry {
    const char *namespace;
    const char *name;
    const char *file;
    struct bytes text;
};

struct web_state_count {
    const char *state;
    size_t count;
};

/* Something that is done again and again, and whether it fails now. */
struct web_operation {
    const char *name;  /* "publish", ... */
    const char *error; /* NULL: it works */
    int64_t since;
    uint64_t failures;   /* since then */
    bool beside_samples; /* the page says it above the RemoteWrites (health_fault) */
};

/* A config that stands on disk in place of the one that is wanted. */
struct web_fallback {
    const char *name; /* "base_alone", ... */
    bool active;
    const char *meaning; /* a sentence */
};

/* A directory or file of the settings. */
struct web_source {
    const char *path;
    size_t errors; /* diagnostics that are about no RemoteWrite, by severity */
    size_t warnings;
};

struct web_severity_count {
    const char *severity; /* "error", ... */
    size_t count;
};

struct web_diagnostic {
    const char *severity;
    const char *file;    /* NULL: none */
    unsigned line;       /* 0: the file as a whole */
    unsigned column;     /* 0: the line as a whole */
    const char *subject; /* "namespace/name"; NULL: none */
    const char *field;   /* NULL: none */
    const char *problem;
    const char *remedy; /* NULL: none */
};

struct web_reload {
    int64_t time; /* when it was answered */
    bool successful;
    int64_t nanoseconds;
};

struct web_view {
    const char *version;
    const char *commit;
    const char *prometheus_version; /* "": unknown */
    const char *phase;
    const char *method;    /* of reloading: "http", "signal" */
    const char *not_ready; /* why not; NULL: ready */
    int64_t now;

    const struct web_remote_write *remote_writes; /* sorted by namespace, then name */
    size_t remote_write_count;
    const struct web_state_count *states; /* every state there is */
    size_t state_count;
    const char *health_fault; /* why Prometheus does not tell; NULL: it does, or nobody asked yet */
    int64_t health_time;      /* when it told; 0: it did not, or too long ago */
    const struct web_entry *entries;
    size_t entry_count;

    const struct web_operation *operations; /* every one there is */
    size_t operation_count;
    const struct web_fallback *fallbacks; /* every kind there is */
    size_t fallback_count;
    const struct web_source *sources; /* every one that is configured, sorted by path */
    size_t source_count;
    const struct web_severity_count *severities; /* of all diagnostics */
    size_t severity_count;
    const struct web_diagnostic *diagnostics; /* errors and warnings, what is worst first */
    size_t diagnostic_count;
    size_t diagnostics_left_out; /* more than are shown */

    bool config_known; /* there is a merged config */
    uint32_t digest;   /* of it: equal where it is equal; too short to guess a secret by */

    uint64_t passes;
    uint64_t passes_failed; /* that could not publish */
    uint64_t reloads;
    uint64_t reloads_failed;
    const char *running_config;     /* whether Prometheus runs the merged config, by its own word:
                                       "matches", "differs", "unknown" */
    const char *running_difference; /* "runs ..."; NULL: there is none that is known */
    bool last_reload_successful;    /* false before the first */
    int64_t last_reload_success;    /* 0: none yet */
    size_t expansion_errors;
    size_t watches;
    uint64_t watch_events;
    uint64_t watch_errors;
    struct histogram pass_duration;
    struct histogram propagation;
    const struct web_reload *recent; /* the last reloads, newest first */
    size_t recent_count;
    struct process_figures process;
    uint64_t metrics_unsent; /* answers with metrics that could not be sent */
};

#endif
