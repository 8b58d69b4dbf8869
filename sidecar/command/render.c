/* SPDX-License-Identifier: Apache-2.0 */

/* One pass with the merged config on stdout instead of on disk: the same code as run, without
 * publishing. */

#include "base/log.h"
#include "command/command.h"
#include "command/report.h"
#include "command/setup.h"
#include "command/verdict.h"

static enum exit_status render(const struct setup *setup) {
    CLEANUP(source_freep) struct source *source = source_new(&setup->agent.source);
    CLEANUP(compiler_freep) struct compiler *compiler = compiler_new();
    CLEANUP(snapshot_releasep) struct snapshot *snapshot = source_read(source, true);
    CLEANUP(desired_state_freep)
    struct desired_state *state = compiler_pass(compiler, snapshot, &setup->agent.compile);

    diagnostics_print(stderr, &state->diagnostics);
    if (!state->mergeable) {
        return STATUS_FAULT;
    }
    enum exit_status written = output_write(state->config);
    return written != STATUS_OK ? written : verdict_of(state);
}

enum exit_status render_execute(const struct invocation *invocation) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(setup_freep) struct setup *setup = NULL;
    struct diagnostics diagnostics = diagnostics_in(arena);

    if (setup_new(invocation->flags, NEED_BASE, &diagnostics, &setup) < 0) {
        return usage_fault(&diagnostics);
    }
    log_configure((enum log_level)setup->settings->log_level,
                  (enum log_format)setup->settings->log_format);
    return render(setup);
}
