/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_RUN_MARKER_H
#define SIDECAR_AGENT_RUN_MARKER_H

/*
 * A file beside the state file that is there while a sidecar runs, and locked by it:
 * .remotewrite-sidecar/running. It is removed at a clean end. A process that finds one that nobody
 * has locked knows that the last run was killed or crashed, and says so: the log of a container
 * that was killed for memory does not.
 *
 * Costs nothing while idle. The highest memory use so far is written after a pass in which it grew.
 */

#include "base/compiler.h"

#define RUN_MARKER_FILE "running"

struct run_marker;

/* Reads what the machine tells of itself (boot id, the cgroup's memory limit): before the sandbox.
 */
struct run_marker *run_marker_new(void) MUST_USE;

/* Leaves a marker that is held as it is: the run did not end cleanly. NULL is fine. */
void run_marker_free(struct run_marker *marker);

/* The run begins, or goes on with another output: takes the marker beside it, and gives up the
 * earlier one. Logs a warning where the last run there had no clean shutdown. What cannot be had is
 * done without: that is logged once, and tried again by run_marker_note. */
void run_marker_take(struct run_marker *marker, const char *output_path);

/* After a pass. */
void run_marker_note(struct run_marker *marker);

/* The clean end of the run. */
void run_marker_remove(struct run_marker *marker);

#endif
