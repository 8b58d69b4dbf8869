/* SPDX-License-Identifier: Apache-2.0 */

/* The sidecar itself: settings in, then the loop until SIGTERM; or one pass, for an init container.
 */

#include "agent/agent.h"
#include "base/log.h"
#include "command/command.h"
#include "command/confine.h"
#include "command/report.h"
#include "command/serve.h"
#include "command/setup.h"
#include "options/options.h"
#include "publish/publish.h"
#include "sandbox/sandbox.h"
#include "web/config_file.h"

#include <errno.h>
#include <string.h>

/* The settings of a running sidecar, over its SIGHUPs. */
struct runner {
    const struct flags *flags;
    struct setup *current; /* what the agent uses */
    struct setup *retired; /* what it used before; in its hands until the reread that retired it has
                              returned */
    struct web_config_file *web_config; /* NULL: none was given */
    struct confinement *confinement;    /* NULL: before the loop */
};

static void runner_free(struct runner *runner) {
    confinement_free(runner->confinement);
    web_config_file_free(runner->web_config);
    setup_free(runner->current);
    setup_free(runner->retired);
}

static void configure_log(const struct settings *settings) {
    log_configure((enum log_level)settings->log_level, (enum log_format)settings->log_format);
}

static void log_faults(const struct diagnostics *diagnostics) {
    CLEANUP(buffer_free) struct buffer text = {0};

    for (size_t i = 0; i < diagnostics->count; i++) {
        buffer_clear(&text);
        diagnostic_format(&diagnostics->items[i], &text);
        log_error("settings are wrong, the old ones stay", LOG_STRING("err", buffer_string(&text)));
    }
}

static void runner_take(struct runner *runner, struct setup *setup);

static bool same_text(const char *left, const char *right) {
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

/* What is written beside the output cannot begin or end in between. */
static int check_change(const struct setup *before, const struct setup *after,
                        struct diagnostics *diagnostics) {
    if ((before->agent.output_path == NULL) == (after->agent.output_path == NULL)) {
        return 0;
    }
    diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, "output.config_file",
                    "restart the sidecar", "cannot come or go while it runs");
    return -EINVAL;
}

/* What a running sidecar does not take. */
static void warn_of_restart(const struct settings *before, const struct settings *now) {
    if (!same_text(before->listen_address, now->listen_address)) {
        log_warn("another listen address needs a restart");
    }
    if (!same_text(before->web_config_file, now->web_config_file)) {
        log_warn("another web config file needs a restart");
    }
    if (before->reload_method != now->reload_method) {
        log_warn("another reload method needs a restart: the sandbox stays what it is");
    }
}

/* On SIGHUP. Flags stay what they are; it is sidecar.cfg that may have changed. */
static const struct agent_settings *reread(void *context) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct runner *runner = context;
    struct diagnostics diagnostics = diagnostics_in(arena);
    const char *file = runner->current->settings->sidecar_config;

    if (runner->web_config != NULL) {
        web_config_file_refresh(runner->web_config, true);
    }
    if (file == NULL) {
        return NULL;
    }
    CLEANUP(setup_freep) struct setup *after = NULL;
    if (setup_new(runner->flags, NEED_WORK, &diagnostics, &after) < 0 ||
        check_change(runner->current, after, &diagnostics) < 0) {
        log_faults(&diagnostics);
        return NULL;
    }
    const struct setup *before = runner->current;
    runner_take(runner, TAKE_PTR(after));
    /* before is retired by now, and not yet freed. */
    warn_of_restart(before->settings, runner->current->settings);
    confinement_warn(runner->confinement, runner->current);
    log_info("settings read anew", LOG_STRING("file", runner->current->settings->sidecar_config));
    return &runner->current->agent;
}

static void runner_take(struct runner *runner, struct setup *setup) {
    setup->agent.reread = reread;
    setup->agent.reread_context = runner;
    configure_log(setup->settings);
    setup_free(runner->retired);
    runner->retired = runner->current;
    runner->current = setup;
}

static void say_without_effect(const struct settings *settings) {
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].no_effect && settings->origins[i].kind != ORIGIN_DEFAULT) {
            log_info("a flag of prometheus-config-reloader that has no effect here",
                     LOG_STRING("flag", settings->origins[i].flag));
        }
    }
}

/* Once it runs, nothing is made outside of the folders that are there. Where this fails, so does
 * publishing, which says so. */
static void make_secret_folder(const struct setup *setup) {
    const struct agent_settings *agent = &setup->agent;
    struct publish_error failure = {.step = ""};

    /* The usual one stands beside the output, and is made once there is something for it. */
    if (agent->output_path == NULL || setup->settings->secret_output_dir == NULL) {
        return;
    }
    int error = directory_ensure(agent->secret_directory, agent->secret_mode, &failure);
    if (error < 0) {
        log_warn("cannot make the folder of the secret files", LOG_STRING("step", failure.step),
                 LOG_STRING("file", failure.path), LOG_STRING("err", strerror(-error)),
                 LOG_STRING("remedy", "correct --secret-output-dir, or make it and restart"));
    }
}

static enum exit_status run_loop(struct runner *runner) {
    const struct setup *setup = runner->current;
    uv_loop_t loop;
    int error = uv_loop_init(&loop);

    if (error < 0) {
        log_error("cannot make an event loop", LOG_STRING("err", uv_strerror(error)));
        return STATUS_FAULT;
    }
    struct agent *agent = agent_new(&loop, &setup->agent);
    struct serve *serve = NULL;
    error = serve_start(&loop, agent, setup->settings->listen_address, runner->web_config, &serve);
    /* From here on the process can do only what is written in confine(). */
    if (error == 0) {
        make_secret_folder(setup);
        error = confine(setup, runner->web_config, &runner->confinement);
    }
    if (error == 0) {
        error = agent_start(agent);
    }
    if (error < 0) {
        agent_stop(agent);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    serve_stop(serve);
    uv_run(&loop, UV_RUN_DEFAULT);
    serve_free(serve);
    agent_free(agent);
    uv_loop_close(&loop);
    return error < 0 ? STATUS_FAULT : STATUS_OK;
}

enum exit_status run_execute(const struct invocation *invocation) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(runner_free) struct runner runner = {.flags = invocation->flags};
    struct diagnostics diagnostics = diagnostics_in(arena);

    int error = process_harden();
    if (error < 0) {
        log_warn("core dumps cannot be turned off", LOG_STRING("err", strerror(-error)));
    }
    struct setup *setup = NULL;
    if (setup_new(runner.flags, NEED_WORK, &diagnostics, &setup) < 0) {
        return usage_fault(&diagnostics);
    }
    runner_take(&runner, setup);
    say_without_effect(setup->settings);
    if (runner.current->agent.watch_milliseconds == 0) {
        return agent_once(&runner.current->agent) < 0 ? STATUS_FAULT : STATUS_OK;
    }
    const char *web_config = runner.current->settings->web_config_file;
    if (web_config != NULL &&
        web_config_file_new(web_config, &diagnostics, &runner.web_config) < 0) {
        return usage_fault(&diagnostics);
    }
    return run_loop(&runner);
}
