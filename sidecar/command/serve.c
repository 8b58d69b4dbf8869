/* SPDX-License-Identifier: Apache-2.0 */

/* From the agent's status to the view that the web room shows. */

#include "command/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "command/health.h"
#include "command/observe.h"
#include "command/version.h"
#include "controller/state_file.h"
#include "web/process.h"
#include "web/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct serve {
    struct agent *agent;
    struct observer *observer;
    struct health *health;
    struct process_source *process;
    struct web_server *server;
    const struct web_config_file *config_file; /* NULL: there is none */
    const struct incident *settings;
};

static struct web_operation operation_of(const char *name, const struct agent_failure *failure) {
    return (struct web_operation){
        .name = name,
        .error = failure->words,
        .since = failure->since,
        .failures = failure->failures,
    };
}

/* What the agent does, and what is done around it. */
static void view_operations(const struct serve *serve, const struct agent_status *status,
                            struct arena *arena, struct web_view *view) {
    const struct {
        const char *name;
        const struct incident *incident;
    } others[] = {
        {"settings", serve->settings},
        {"web_config",
         serve->config_file != NULL ? web_config_file_incident(serve->config_file) : NULL},
        {"samples", health_incident(serve->health)},
    };
    struct web_operation *items =
        ARENA_NEW_ARRAY(arena, struct web_operation, AGENT_OPERATIONS + ARRAY_LENGTH(others));
    size_t count = 0;

    for (unsigned i = 0; i < AGENT_OPERATIONS; i++) {
        items[count++] =
            operation_of(agent_operation_name((enum agent_operation)i), &status->failures[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        const struct agent_failure failure = agent_failure_of(others[i].incident);
        items[count++] = operation_of(others[i].name, &failure);
    }
    items[count - 1].beside_samples = true;
    view->operations = items;
    view->operation_count = count;
}

/* What is held because the config, or the base, was refused or cannot be used. */
static void view_fallbacks(const struct agent_status *status, struct arena *arena,
                           struct web_view *view) {
    const bool merges = status->state != NULL && status->state->mergeable;
    const struct web_fallback items[] = {
        {"last_known_good", status->fallback == FALLBACK_LKG,
         "the last config that Prometheus took is on disk in place of the present one, until it "
         "takes it again or something else is wanted"},
        {"base_alone", status->fallback == FALLBACK_BASE,
         "the base config alone is on disk, without any RemoteWrite, until Prometheus takes it"},
        {"last_known_good_base", status->base_refused || (merges && status->base_fault != NULL),
         "the last good base config is in use in place of the present one"},
    };
    struct web_fallback *copy = ARENA_NEW_ARRAY(arena, struct web_fallback, ARRAY_LENGTH(items));

    memcpy(copy, items, sizeof(items));
    view->fallbacks = copy;
    view->fallback_count = ARRAY_LENGTH(items);
}

static void view_diagnosis(const struct diagnosis *diagnosis, struct web_view *view) {
    view->sources = diagnosis->sources;
    view->source_count = diagnosis->source_count;
    view->severities = diagnosis->severities;
    view->severity_count = diagnosis->severity_count;
    view->diagnostics = diagnosis->items;
    view->diagnostic_count = diagnosis->count;
    view->diagnostics_left_out = diagnosis->left_out;
}

/* Both lists are sorted alike; *next is where the last call left off. */
static int64_t earlier_since(const struct agent_status *status, const struct outcome *outcome,
                             size_t *next) {
    for (; *next < status->earlier_count; (*next)++) {
        const struct earlier_form *form = &status->earlier[*next];
        int order = strcmp(form->namespace, outcome->namespace);

        order = order != 0 ? order : strcmp(form->name, outcome->name);
        if (order == 0) {
            return form->since;
        }
        if (order > 0) {
            break;
        }
    }
    return 0;
}

static void view_remote_writes(const struct serve *serve, const struct agent_status *status,
                               struct arena *arena, struct web_view *view) {
    const struct desired_state *state = status->state;
    size_t earlier = 0;
    struct web_remote_write *items =
        ARENA_NEW_ARRAY(arena, struct web_remote_write, state->outcome_count);

    for (size_t i = 0; i < state->outcome_count; i++) {
        const struct outcome *outcome = &state->outcomes[i];
        items[i] = (struct web_remote_write){
            .namespace = outcome->namespace,
            .name = outcome->name,
            .state = remote_write_state_name(outcome->state),
            .reason = outcome->reason,
            .file = outcome->location.file,
            .line = outcome->location.line,
            .url = outcome->url,
            .changed = observer_changed(serve->observer, i),
            .earlier = outcome->earlier,
            .served = outcome->entry.length > 0,
        };
        if (outcome->earlier) {
            items[i].earlier_since = earlier_since(status, outcome, &earlier);
        }
    }
    health_view(serve->health, arena, items, state->outcome_count, view);
    view->remote_writes = items;
    view->remote_write_count = state->outcome_count;
}

static void view_entries(const struct form_set *served, struct arena *arena,
                         struct web_view *view) {
    struct web_entry *items = ARENA_NEW_ARRAY(arena, struct web_entry, served->count);

    for (size_t i = 0; i < served->count; i++) {
        items[i] = (struct web_entry){
            .namespace = served->forms[i].namespace,
            .name = served->forms[i].name,
            .file = served->forms[i].file,
            .text = served->forms[i].entry,
        };
    }
    view->entries = items;
    view->entry_count = served->count;
}

static void view_states(const struct desired_state *state, struct arena *arena,
                        struct web_view *view) {
    struct web_state_count *items =
        ARENA_NEW_ARRAY(arena, struct web_state_count, REMOTE_WRITE_STATES);

    for (unsigned i = 0; i < REMOTE_WRITE_STATES; i++) {
        items[i].state = remote_write_state_name((enum remote_write_state)i);
        items[i].count = state != NULL ? state->state_counts[i] : 0;
    }
    view->states = items;
    view->state_count = REMOTE_WRITE_STATES;
}

/* Folded to what tells two configs apart, and no secret. The order of the entries does not count:
 * it depends on when Prometheus confirmed each. */
static uint32_t digest_of(const struct form_set *served) {
    const unsigned half = 32;
    uint64_t hash = bytes_hash(served->base);

    for (size_t i = 0; i < served->count; i++) {
        hash = hash * 31 + bytes_hash(served->forms[i].entry);
    }

    return (uint32_t)(hash ^ hash >> half);
}

static void view_state(const struct serve *serve, const struct agent_status *status,
                       struct arena *arena, struct web_view *view) {
    const struct desired_state *state = status->state;

    view_remote_writes(serve, status, arena, view);
    view->expansion_errors = state->expansion_errors;
    if (state->mergeable && state->served != NULL && !status->only_watches) {
        view_entries(state->served, arena, view);
        view->config_known = true;
        view->digest = digest_of(state->served);
    }
}

static void view_observations(const struct serve *serve, struct arena *arena,
                              struct web_view *view) {
    struct observations *seen = ARENA_NEW(arena, struct observations);

    observer_read(serve->observer, seen);
    view->pass_duration = seen->pass_duration;
    view->propagation = seen->propagation;
    view->recent = seen->reloads;
    view->recent_count = seen->reload_count;
}

/* web_hooks.view */
static void view_fill(struct web_view *view, struct arena *arena, void *context) {
    const struct serve *serve = context;
    struct agent_status status;

    agent_status_read(serve->agent, &status);
    *view = (struct web_view){
        .version = sidecar_version,
        .commit = sidecar_commit,
        .prometheus_version = status.prometheus_version,
        .phase = agent_phase_name(status.phase),
        .method = status.reload_method,
        .not_ready = status.not_ready,
        .now = clock_wall_milliseconds(),
        .passes = status.passes,
        .passes_failed = status.publish_errors,
        .reloads = status.reloads,
        .reloads_failed = status.reloads_failed,
        .running_config = running_verdict_name(status.running),
        .running_difference = status.running_difference,
        /* An alert has to fire as long as the base is not in use, though the last good one was
         * loaded, and as long as what is wanted cannot be written. */
        .last_reload_successful = status.reload_successful && status.base_fault == NULL &&
                                  status.failures[OPERATION_PUBLISH].words == NULL,
        .last_reload_success = status.success_time,
        .watches = status.watches,
        .watch_events = status.watch_events,
        .watch_errors = status.watch_errors,
    };
    view_operations(serve, &status, arena, view);
    view_fallbacks(&status, arena, view);
    view_diagnosis(observer_diagnosis(serve->observer), view);
    view_states(status.state, arena, view);
    view_observations(serve, arena, view);
    if (status.state != NULL) {
        view_state(serve, &status, arena, view);
    }
    process_source_read(serve->process, &view->process);
    view->metrics_unsent = web_server_metrics_unsent(serve->server);
}

/* web_hooks.prepare: whoever looks at RemoteWrites wants to know whether their samples flow. */
static bool prepare(struct web_hold *hold, const char *path, void *context) {
    static const char *const paths[] = {"/", "/metrics", "/api/v1/status"};
    const struct serve *serve = context;

    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        if (strcmp(paths[i], path) == 0) {
            return health_prepare(serve->health, hold);
        }
    }
    return false;
}

/* web_hooks.reload */
static void on_reload(void *context) {
    const struct serve *serve = context;

    log_info("reload requested over HTTP");
    agent_reload(serve->agent);
}

static int listen_fault(const char *address, const char *words) {
    log_error("cannot listen", LOG_STRING("address", address), LOG_STRING("err", words),
              LOG_STRING("remedy", "let --listen-address name an address of this host, and a port "
                                   "that no other process listens on"));
    return -EIO;
}

static int server_start(struct serve *serve, uv_loop_t *loop, const char *address,
                        struct web_config_file *config_file) {
    const struct web_hooks hooks = {
        .view = view_fill, .prepare = prepare, .reload = on_reload, .context = serve};
    const struct web_limits limits = {0};
    struct address parsed;
    int socket = -1;

    const char *fault = address_parse(bytes_of(address), &parsed);
    if (fault == NULL) {
        fault = web_listen(&parsed, &socket);
    }
    if (fault != NULL) {
        return listen_fault(address, fault);
    }
    unsigned port = web_port(socket);
    serve->server = web_server_new(loop, socket, &limits, &hooks, config_file);
    if (serve->server == NULL) {
        return listen_fault(address, "the HTTP server cannot be started");
    }
    const struct web_config *config =
        config_file != NULL ? web_config_file_current(config_file)->config : NULL;
    log_info("listening", LOG_STRING("address", address), LOG_INT("port", port),
             LOG_BOOL("tls", config != NULL && config->tls),
             LOG_BOOL("basic_auth", config != NULL && config->user_count > 0));
    return 0;
}

int serve_start(uv_loop_t *loop, struct agent *agent, const char *address,
                struct web_config_file *config_file, const struct incident *settings,
                struct serve **ret) {
    *ret = NULL;
    if (address == NULL || address[0] == '\0') {
        return 0;
    }
    struct serve *serve = memory_new(1, sizeof(*serve));
    serve->agent = agent;
    serve->config_file = config_file;
    serve->settings = settings;
    serve->process = process_source_new();
    int error = server_start(serve, loop, address, config_file);
    if (error < 0) {
        serve_free(serve);
        return error;
    }
    serve->observer = observer_new(loop, agent);
    serve->health = health_new(loop, agent);
    *ret = serve;
    return 0;
}

void serve_stop(struct serve *serve) {
    if (serve != NULL) {
        web_server_close(serve->server);
        observer_close(serve->observer);
        health_close(serve->health);
    }
}

void serve_free(struct serve *serve) {
    if (serve != NULL) {
        process_source_free(serve->process);
        free(serve);
    }
}
