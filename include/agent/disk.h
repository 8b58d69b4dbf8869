/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_DISK_H
#define SIDECAR_AGENT_DISK_H

/* The output as it stands on disk: brought to one set of forms after another, and remembered. */

#include "agent/agent.h"
#include "base/incident.h"
#include "compile/form.h"

#include <stdbool.h>
#include <stddef.h>

struct disk;

/* settings have to outlive the disk, or its next disk_configure: those of before still have to be
 * there then. */
struct disk *disk_new(const struct agent_settings *settings) MUST_USE;
void disk_free(struct disk *disk);
void disk_freep(struct disk **disk);
void disk_configure(struct disk *disk, const struct agent_settings *settings);

/* Somebody asks again: that a process has the output open is said once more. */
void disk_repeat_warnings(struct disk *disk);

struct disk_result {
    int error; /* 0; negative errno, said in the log: what stood there stays. -ESTALE, not said: in
                  place, somebody has edited the base since it was read. -ETXTBSY: in place,
                  somebody has it open for writing (said once it lasts): look_again */
    int64_t look_again; /* of -ETXTBSY: milliseconds */
    bool changed;       /* the config is another one than before, or the first of this process */
    bool written;       /* the config, or a secret file, was written */
};

/* Secret files first, so that a config never names one that is not there. order: as in compose.
 * started: when what led to it began (monotonic nanoseconds), for the line that says how long it
 * took. */
struct disk_result disk_publish(struct disk *disk, const struct form_set *set, const size_t *order,
                                int64_t started);

/* The same of a set that is to take the place of one that Prometheus refused: the config is written
 * also where a secret file cannot be, as long as each that it names exists. Then it is on disk, and
 * an error is returned all the same. What Prometheus loaded last comes back in the order that it
 * had then, so that on a full disk its second name is enough. */
struct disk_result disk_roll_back(struct disk *disk, const struct form_set *set,
                                  const size_t *order, int64_t started);

/* The same as disk_publish of what a pass wants; it has to be mergeable. Where the output differs
 * from it in nothing but the order of the entries, the output stays as it is. */
struct disk_result disk_publish_state(struct disk *disk, const struct desired_state *state,
                                      int64_t started);

/* What was published last; NULL before the first. */
const struct form_set *disk_set(const struct disk *disk);

/* The order in which the forms of disk_set stand in the output, as in compose; NULL before the
 * first. */
const size_t *disk_order(const struct disk *disk);

/* The config of what was published last; empty before the first. */
struct bytes disk_config(const struct disk *disk);

/* The output is, to the last byte, what was published last; false also where it cannot be read. */
bool disk_stands(const struct disk *disk);

/* What cannot be published, and what cannot be removed; quiet where it can. */
const struct incident *disk_publishing(const struct disk *disk);
const struct incident *disk_pruning(const struct disk *disk);

/* Before the first: removes temporary files that an earlier process left beside the output. */
void disk_clean(const struct disk *disk);

/* Prometheus has loaded what was published last: secret files that it no longer names go, in the
 * folders of earlier settings too. False where one could not be removed, which is said in the log:
 * worth another try. */
bool disk_prune(struct disk *disk) MUST_USE;

#endif
