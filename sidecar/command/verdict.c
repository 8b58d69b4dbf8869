/* SPDX-License-Identifier: Apache-2.0 */

/* A missing Secret is nobody's fault yet; everything else that is wrong makes render and check
 * fail. */

#include "command/verdict.h"

#include <stdlib.h>

/* An outcome's RemoteWrite against a diagnostic's subject, "namespace/name". */
static int subject_compare(const void *subject_, const void *outcome_) {
    struct bytes subject = bytes_of(subject_);
    const struct outcome *outcome = outcome_;
    size_t slash = bytes_find(subject, BYTES("/"), 0);
    struct bytes namespace = slash == SIZE_MAX ? BYTES("") : bytes_slice(subject, 0, slash);
    struct bytes name = slash == SIZE_MAX ? subject : bytes_slice(subject, slash + 1, SIZE_MAX);
    int order = bytes_compare(namespace, bytes_of(outcome->namespace));

    return order != 0 ? order : bytes_compare(name, bytes_of(outcome->name));
}

static bool is_about_pending(const struct desired_state *state,
                             const struct diagnostic *diagnostic) {
    const struct outcome *outcome = NULL;

    if (diagnostic->subject != NULL && state->outcome_count > 0) {
        outcome = bsearch(diagnostic->subject, state->outcomes, state->outcome_count,
                          sizeof(*state->outcomes), subject_compare);
    }
    return outcome != NULL && outcome->state == STATE_PENDING;
}

void verdict_forgive_pending(struct desired_state *state) {
    for (size_t i = 0; i < state->diagnostics.count; i++) {
        struct diagnostic *diagnostic = &state->diagnostics.items[i];
        if (diagnostic->severity == SEVERITY_ERROR && is_about_pending(state, diagnostic)) {
            diagnostic->severity = SEVERITY_WARNING;
        }
    }
}

enum exit_status verdict_of(const struct desired_state *state) {
    if (state->state_counts[STATE_REJECTED] > 0) {
        return STATUS_FAULT;
    }
    for (size_t i = 0; i < state->diagnostics.count; i++) {
        const struct diagnostic *diagnostic = &state->diagnostics.items[i];
        if (diagnostic->severity == SEVERITY_ERROR && !is_about_pending(state, diagnostic)) {
            return STATUS_FAULT;
        }
    }
    return STATUS_OK;
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
