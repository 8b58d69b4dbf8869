/* SPDX-License-Identifier: Apache-2.0 */

/* What the agent cannot do at present, gathered from those who do it, for metrics, page and JSON.
 */

#include "agent/shell.h"
#include "base/clock.h"

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

static const char *const names[AGENT_OPERATIONS] = {
    [OPERATION_PUBLISH] = "publish",
    [OPERATION_CLEAN_UP] = "clean_up",
    [OPERATION_STATE_FILE] = "state_file",
    [OPERATION_WATCH] = "watch",
    [OPERATION_RELOAD] = "reload",
    [OPERATION_VERSION] = "version",
    [OPERATION_RUNNING_CONFIG] = "running_config",
};

const char *agent_operation_name(enum agent_operation operation) {
    return names[operation];
}

struct agent_failure agent_failure_of(const struct incident *incident) {
    if (incident == NULL || incident->count == 0) {
        return (struct agent_failure){0};
    }
    const int64_t age = clock_monotonic_nanoseconds() - incident->since;
    return (struct agent_failure){
        .words = incident->words,
        .since = clock_wall_milliseconds() - age / NANOSECONDS_PER_MILLISECOND,
        .failures = incident->count,
    };
}

void operations_read(const struct agent *agent, struct agent_failure *ret) {
    const struct incident *const incidents[AGENT_OPERATIONS] = {
        [OPERATION_PUBLISH] = disk_publishing(agent->disk),
        [OPERATION_CLEAN_UP] = disk_pruning(agent->disk),
        [OPERATION_STATE_FILE] = state_store_fault(&agent->store),
        [OPERATION_WATCH] = agent->watcher != NULL ? watcher_incident(agent->watcher) : NULL,
        [OPERATION_RELOAD] = &agent->messages.reload,
        /* where it is given, nothing that is written waits for it */
        [OPERATION_VERSION] = agent->settings->ask_version ? &agent->messages.version : NULL,
        [OPERATION_RUNNING_CONFIG] = &agent->running.incident,
    };

    for (size_t i = 0; i < AGENT_OPERATIONS; i++) {
        ret[i] = agent_failure_of(incidents[i]);
    }
}
