/* SPDX-License-Identifier: Apache-2.0 */

/* The sidecar itself: settings in, then the loop until SIGTERM; or one pass, for an init container.
 */

#include "agent/agent.h"
#include "base/clock.h"
#include "base/incident.h"
#include "base/log.h"
#include "base/memory.h"
#include "command/command.h"
#include "command/confine.h"
#include "command/reloader.h"
#include "command/report.h"
#include "command/serve.h"
#include "command/setup.h"
#include "options/options.h"
#include "publish/publish.h"
#include "sandbox/sandbox.h"
#include "web/config_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What stays as it was at the start, whatever the settings file says later. */
struct fixed_settings {
    char *listen_address;
    char *web_config_file;
};

/* The settings of a running sidecar, over its SIGHUPs. */
struct runner {
    const struct flags *flags;
    struct setup *current; /* what the agent uses */
    struct setup *retired; /* what it used before; in its hands until the reread that retired it has
                              returned */
    struct web_config_file *web_config; /* NULL: none was given */
    struct confinement *confinement;    /* NULL: before the loop */
    struct fixed_settings fixed;
    struct incident incident; /* the settings file cannot be taken, or not all of it */
};

static void runner_free(struct runner *runner) {
    confinement_free(runner->confinement);
    web_config_file_free(runner->web_config);
    setup_free(runner->current);
    setup_free(runner->retired);
    free(runner->fixed.listen_address);
    free(runner->fixed.web_config_file);
}

static void configure_log(const struct settings *settings) {
    log_configure((enum log_level)settings->log_level, (enum log_format)settings->log_format);
}

/* The first of them stands for all on the status page. */
static void refuse_settings(struct runner *runner, const struct diagnostics *diagnostics) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_append_string(&text, "settings are wrong, the old ones stay: ");
    if (diagnostics->count > 0) {
        diagnostic_format(&diagnostics->items[0], &text);
    }
    (void)incident_report(&runner->incident, buffer_bytes(&text), clock_monotonic_nanoseconds());

    for (size_t i = 0; i < diagnostics->count; i++) {
        buffer_clear(&text);
        diagnostic_format(&diagnostics->items[i], &text);
        log_error("settings are wrong, the old ones stay", LOG_STRING("err", buffer_string(&text)));
    }
}

static void runner_take(struct runner *runner, struct setup *setup);

/* "" is as good as none. */
static bool same_text(const char *left, const char *right) {
    return strcmp(left != NULL ? left : "", right != NULL ? right : "") == 0;
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

static char *copy_of(const char *text) {
    return text != NULL ? memory_string(text) : NULL;
}

static struct fixed_settings fixed_settings_of(const struct settings *settings) {
    return (struct fixed_settings){
        .listen_address = copy_of(settings->listen_address),
        .web_config_file = copy_of(settings->web_config_file),
    };
}

/* One that a running sidecar does not take: in_use is what it goes on with, before what the
 * settings file said last. */
struct fixed_change {
    bool differs; /* from what is in use */
    bool news;    /* from what the settings file said before */
    const char *needed;
    const char *gone;
};

/* What needs a restart is said when it begins to, and no longer when the settings file goes back to
 * what is in use. */
static void warn_of_restart(struct runner *runner, const struct settings *before,
                            const struct settings *now) {
    const struct fixed_settings *in_use = &runner->fixed;
    const struct fixed_change changes[] = {
        {!same_text(in_use->listen_address, now->listen_address),
         !same_text(before->listen_address, now->listen_address),
         "another listen address needs a restart",
         "the listen address is the one in use again: no restart is needed for it"},
        {!same_text(in_use->web_config_file, now->web_config_file),
         !same_text(before->web_config_file, now->web_config_file),
         "another web config file needs a restart",
         "the web config file is the one in use again: no restart is needed for it"},
    };
    const char *needed = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        if (changes[i].differs && changes[i].news) {
            log_warn(changes[i].needed);
        } else if (changes[i].news) {
            log_info(changes[i].gone);
        }
        needed = needed == NULL && changes[i].differs ? changes[i].needed : needed;
    }
    if (needed != NULL) {
        (void)incident_report(&runner->incident, bytes_of(needed), clock_monotonic_nanoseconds());
    } else {
        incident_end(&runner->incident, NULL);
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
        check_change(runner->current, after, &diagnostics) < 0 ||
        confinement_check(runner->confinement, after, &diagnostics) < 0) {
        refuse_settings(runner, &diagnostics);
        return NULL;
    }
    after->agent.source.sandboxed = confinement_limits_files(runner->confinement);
    const struct setup *before = runner->current;
    runner_take(runner, TAKE_PTR(after));
    /* before is retired by now, and not yet freed. */
    warn_of_restart(runner, before->settings, runner->current->settings);
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

    runner->confinement = confinement_new(setup->settings);
    int error = uv_loop_init(&loop);

    if (error < 0) {
        log_error("cannot make an event loop", LOG_STRING("err", uv_strerror(error)));
        return STATUS_FAULT;
    }
    struct agent *agent = agent_new(&loop, &setup->agent);
    struct serve *serve = NULL;
    error = serve_start(&loop, agent, setup->settings->listen_address, runner->web_config,
                        &runner->incident, &serve);
    /* From here on the process can do only what is written in confine(). */
    if (error == 0) {
        make_secret_folder(setup);
        error = confine(runner->confinement, setup, runner->web_config);
        runner->current->agent.source.sandboxed = confinement_limits_files(runner->confinement);
    }
    if (error == 0) {
        error = agent_start(agent);
    }
    if (error < 0) {
        agent_stop(agent);
    } else if (reloader_is_idle(setup->settings)) {
        log_info("nothing to be watched");
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
    runner.fixed = fixed_settings_of(setup->settings);
    say_without_effect(setup->settings);
    bool once = setup->agent.watch_milliseconds == 0;
    const char *web_config = setup->settings->web_config_file;
    /* One that is not used is judged by the reloader all the same. */
    if (web_config != NULL && (!once || setup->settings->as_reloader) &&
        web_config_file_new(web_config, &diagnostics, &runner.web_config) < 0) {
        return usage_fault(&diagnostics);
    }
    if (reloader_start_check(setup) < 0) {
        return STATUS_FAULT;
    }
    if (once && !reloader_is_idle(setup->settings)) {
        return agent_once(&setup->agent) < 0 ? STATUS_FAULT : STATUS_OK;
    }
    return run_loop(&runner);
}
