/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_REPORT_H
#define SIDECAR_AGENT_REPORT_H

/* What the log has to say about one desired state after another: only what is new. */

#include "base/bytes.h"
#include "compile/compile.h"

#include <stddef.h>
#include <stdint.h>

/* Lines of one kind (diagnostics, changes of state) that one pass may log; the rest is counted in
 * one line. */
#define REPORT_LINES_MAX 200

/* Names of RemoteWrites that one line holds; the rest is counted. */
#define REPORT_NAMES_MAX 10

/* What has been said. A zeroed struct has said nothing. */
struct report {
    uint64_t *said; /* fingerprints of the last state's diagnostics, sorted */
    size_t said_count;
};

void report_free(struct report *report);

/* Logs the diagnostics that the last call's state did not have. */
void report_diagnostics(struct report *report, const struct diagnostics *diagnostics);

/* Logs each RemoteWrite whose state (active, pending, ...) is another one than before. before NULL:
 * nothing. */
void report_transitions(const struct desired_state *before, const struct desired_state *after);

struct entry_change {
    size_t count;
    struct buffer names; /* "team-a/metrics, team-b/metrics and 7 more" */
};

/* How the entries of two sets differ. before NULL: all are added. Free with entry_changes_free. */
struct entry_changes {
    struct entry_change added;
    struct entry_change changed;
    struct entry_change removed;
};
struct entry_changes entry_changes(const struct form_set *before,
                                   const struct form_set *after) MUST_USE;
void entry_changes_free(struct entry_changes *changes);

#endif
