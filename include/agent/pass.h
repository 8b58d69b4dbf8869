/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_PASS_H
#define SIDECAR_AGENT_PASS_H

/* One turn of the pipeline without its end: read and compile. No loop and no clock decides here
 * when it runs; run and the init container share it. */

#include "agent/agent.h"
#include "agent/watcher.h"
#include "compile/compile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pass;

/* settings have to outlive the pass, or its next pass_configure; history the pass. */
struct pass *pass_new(const struct agent_settings *settings,
                      const struct history *history) MUST_USE;
void pass_free(struct pass *pass);
void pass_freep(struct pass **pass);

/* Goes on with other settings. */
void pass_configure(struct pass *pass, const struct agent_settings *settings);

/* The version of Prometheus that the next pass compiles for, instead of the settings'. */
void pass_set_version(struct pass *pass, struct version version);

/* The same with the version that was there last ("": none is known), where Prometheus is to be
 * asked for it: until it answers, its config stays as it was. */
void pass_expect_version(struct pass *pass, struct bytes version);

struct pass_result {
    bool mergeable; /* false: there is nothing that could be published */
    bool changed;   /* other forms or another base than the pass before wanted (or the first) */
    bool watched_changed; /* what is only watched is not what it was in the pass before */
    bool complete; /* false: something could not be read, or changed all the time: worth another try
                    */
    bool base_being_written; /* what stands in the base's place is not what was merged */
};

/* watcher NULL: nothing is watched. every_byte as in source_read. Says in the log what is new.
 * Where files are still being written, the watcher looks again by itself. */
struct pass_result pass_run(struct pass *pass, struct watcher *watcher, bool every_byte);

/* Somebody asks again: the next pass says once more for which files it still waits. */
void pass_repeat_warnings(struct pass *pass);

/* Of the last pass; NULL before the first. */
const struct desired_state *pass_state(const struct pass *pass);

/* Milliseconds until the files that are still being written are to be looked at again; 0: there are
 * none. */
int64_t pass_look_again(const struct pass *pass);

/* When it began (monotonic nanoseconds); 0 before the first. */
int64_t pass_started(const struct pass *pass);

/* Is this still the base that the settings name? It may have been edited since the last pass: what
 * stands there now is somebody's work. */
bool pass_base_is(struct pass *pass, struct bytes base);

#endif
