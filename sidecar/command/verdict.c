/* SPDX-License-Identifier: Apache-2.0 */

/* One word and one line about a pass. */

#include "command/verdict.h"

enum exit_status verdict_of(const struct desired_state *state) {
    bool faulty = state->state_counts[STATE_REJECTED] > 0 ||
                  diagnostics_count(&state->diagnostics, SEVERITY_ERROR) > 0;

    return faulty ? STATUS_FAULT : STATUS_OK;
}

static void append_count(struct buffer *out, size_t count, const char *what) {
    buffer_printf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

void verdict_summary(const struct desired_state *state, struct buffer *out) {
    size_t errors = diagnostics_count(&state->diagnostics, SEVERITY_ERROR);
    size_t warnings = diagnostics_count(&state->diagnostics, SEVERITY_WARNING) - errors;
    const char *separator = ": ";

    append_count(out, state->outcome_count, "RemoteWrite");
    for (unsigned i = 0; i < REMOTE_WRITE_STATES; i++) {
        if (state->state_counts[i] > 0) {
            buffer_printf(out, "%s%zu %s", separator, state->state_counts[i],
                          remote_write_state_name((enum remote_write_state)i));
            separator = ", ";
        }
    }
    buffer_append_string(out, "; ");
    append_count(out, errors, "error");
    buffer_append_string(out, ", ");
    append_count(out, warnings, "warning");
}
