/* SPDX-License-Identifier: Apache-2.0 */

/* The sidecar itself: settings in, then the loop until SIGTERM; or one pass, for an init container. */

#include "agent/agent.h"
#include "base/log.h"
#include "command/command.h"
#include "command/report.h"
#include "command/setup.h"

static void configure_log(const struct settings *settings) {
    log_configure((enum log_level)settings->log_level, (enum log_format)settings->log_format);
}

static enum exit_status run_loop(const struct agent_settings *settings) {
    uv_loop_t loop;
    int error = uv_loop_init(&loop);

    if (error < 0) {
        log_error("cannot make an event loop", LOG_STRING("err", uv_strerror(error)));
        return STATUS_FAULT;
    }
    struct agent *agent = agent_new(&loop, settings);
    error = agent_start(agent);
    if (error < 0) {
        agent_stop(agent);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    agent_free(agent);
    uv_loop_close(&loop);
    return error < 0 ? STATUS_FAULT : STATUS_OK;
}

enum exit_status run_execute(const struct invocation *invocation) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(setup_freep) struct setup *setup = NULL;
    struct diagnostics diagnostics = diagnostics_in(arena);

    if (setup_new(invocation->flags, NEED_BASE | NEED_OUTPUT, &diagnostics, &setup) < 0) {
        return usage_fault(&diagnostics);
    }
    configure_log(setup->settings);
    if (setup->agent.watch_milliseconds == 0) {
        return agent_once(&setup->agent) < 0 ? STATUS_FAULT : STATUS_OK;
    }
    return run_loop(&setup->agent);
}
