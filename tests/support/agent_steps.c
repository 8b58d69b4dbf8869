/* SPDX-License-Identifier: Apache-2.0 */

#include "support/agent_steps.h"

#include "support/log_lines.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void drop(struct agent_fixture *fixture, const char *name, const char *url) {
    char file[64];

    snprintf(file, sizeof(file), "%s.yaml", name);
    file_replace(fixture->volume, file, remote_write(name, url));
}

void agent_restarts(struct agent_fixture *fixture) {
    agent_stop(fixture->agent);
    assert_int_equal(uv_run(&fixture->loop, UV_RUN_DEFAULT), 0);
    agent_free(fixture->agent);
    log_lines_stop();
    log_lines_start();
    agent_starts(fixture);
}

bool search_is_over(struct agent_fixture *fixture) {
    return log_has(fixture, "the search is over", NULL) && agent_becomes(fixture, AGENT_IDLE);
}

bool has(const char *text, const char *part) {
    return text != NULL && strstr(text, part) != NULL;
}

const struct outcome *outcome_of(const struct agent_fixture *fixture, const char *name) {
    const struct desired_state *state = agent_now(fixture).state;

    for (size_t i = 0; state != NULL && i < state->outcome_count; i++) {
        if (strcmp(state->outcomes[i].name, name) == 0) {
            return &state->outcomes[i];
        }
    }
    return NULL;
}

enum remote_write_state state_of(const struct agent_fixture *fixture, const char *name) {
    const struct outcome *outcome = outcome_of(fixture, name);

    assert_non_null(outcome);
    return outcome->state;
}
