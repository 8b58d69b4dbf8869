/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_PASS_H
#define SIDECAR_AGENT_PASS_H

/* One turn of the pipeline: read, compile, publish. No loop and no clock decides here when it runs;
 * run and the init container share it. */

#include "agent/agent.h"
#include "agent/watcher.h"
#include "compile/compile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pass;

/* settings have to outlive the pass, or its next pass_configure. */
struct pass *pass_new(const struct agent_settings *settings) MUST_USE;
void pass_free(struct pass *pass);
void pass_freep(struct pass **pass);

/* Goes on with other settings; what was published stays known. */
void pass_configure(struct pass *pass, const struct agent_settings *settings);

/* The version of Prometheus that the next pass compiles for, instead of the settings'. */
void pass_set_version(struct pass *pass, struct version version);

struct pass_result {
    bool mergeable; /* false: nothing was published */
    bool complete; /* false: something could not be read, or changed all the time: worth another try
                    */
    bool config_changed; /* published, and other than what was published before (or the first) */
    bool written;        /* the config, or a secret file, was written */
    int error;           /* of publishing: 0 or negative errno; said in the log */
};

/* watcher NULL: nothing is watched. every_byte as in source_read. */
struct pass_result pass_run(struct pass *pass, struct watcher *watcher, bool every_byte);

/* Before the first pass: removes temporary files that an earlier process left beside the output. */
void pass_clean(struct pass *pass);

/* Prometheus has loaded what was published last: secret files that it no longer names go. */
void pass_prune(struct pass *pass);

/* Of the last pass; NULL before the first. */
const struct desired_state *pass_state(const struct pass *pass);

/* Of the last pass that published; NULL where none did. */
const struct desired_state *pass_published(const struct pass *pass);

#endif
