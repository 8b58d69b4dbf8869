/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_SETUP_H
#define SIDECAR_COMMAND_SETUP_H

/* From settings to what the rooms are handed: volumes, policy, paths, and the part of the
 * environment that matters. */

#include "agent/agent.h"
#include "base/arena.h"
#include "base/diagnostic.h"
#include "options/flags.h"
#include "options/settings.h"

struct setup {
    struct arena *arena;
    struct settings *settings;
    struct agent_settings
        agent; /* output_path and secret_directory are NULL without --output-file */
};

/* Reads and judges all settings. need: a set of enum settings_need. 0 and *ret (setup_free; it does
 * not need the flags any more); -EINVAL with an error in diagnostics for each fault. */
int setup_new(const struct flags *flags, unsigned need, struct diagnostics *diagnostics,
              struct setup **ret);

void setup_free(struct setup *setup);
void setup_freep(struct setup **setup);

#endif
