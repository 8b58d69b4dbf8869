/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_AGENT_H
#define SIDECAR_AGENT_AGENT_H

/*
 * The only room with a clock and an event loop: decides when a pass runs (a file event and a quiet moment, the watch
 * interval, SIGHUP), publishes what it gives, asks Prometheus to load it and keeps asking until it did.
 */

#include "base/compiler.h"
#include "compile/compile.h"
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
    bool ask_version;             /* no --prometheus-version was given: ask Prometheus */
    const char *output_path;
    const char *secret_directory;
    mode_t config_mode;
    mode_t secret_mode;
    int64_t watch_milliseconds;   /* 0: agent_once */
    int64_t delay_milliseconds;
    int64_t retry_milliseconds;
};

struct agent;

/* settings have to outlive the agent. */
struct agent *agent_new(uv_loop_t *loop, const struct agent_settings *settings) MUST_USE;

/* Starts signals, timers, watches and the first pass; returns at once. 0, or negative errno with a line in the log. */
int agent_start(struct agent *agent);

/* As SIGHUP: read everything anew and reload even where nothing changed. */
void agent_reload(struct agent *agent);

/* Closes every handle so that uv_run returns; the memory goes with agent_free after that. */
void agent_stop(struct agent *agent);
void agent_free(struct agent *agent);

/* The init container: one pass, publish, no loop, no reload. 0; -EIO (said in the log) when nothing could be published. */
int agent_once(const struct agent_settings *settings);

/* What others (the web server, tests) may know: a plain struct, valid until the loop turns. */
struct agent_status {
    const struct desired_state *state; /* of the last pass; NULL before the first */
    bool published;                    /* the merged config is in place */
    bool confirmed;                    /* Prometheus runs it */
    uint64_t passes;
    uint64_t writes;
    uint64_t reloads;        /* requests that were answered or failed */
    uint64_t reloads_failed;
    uint64_t watch_events;
    uint64_t watch_errors;
    size_t watches;
};
void agent_status_read(const struct agent *agent, struct agent_status *ret);

#endif
