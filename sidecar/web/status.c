/* SPDX-License-Identifier: Apache-2.0 */

/* The view as JSON. What is not known is null. */

#include "web/status.h"

#include "base/memory.h"
#include "web/escape.h"
#include "web/mask.h"

#include <jansson.h>

#include <stdlib.h>
#include <time.h>

#define NANOSECONDS_PER_SECOND  1e9
#define MILLISECONDS_PER_SECOND 1000

void time_render(int64_t milliseconds, struct buffer *out) {
    time_t seconds = milliseconds / MILLISECONDS_PER_SECOND;
    char text[64];
    struct tm parts;

    if (milliseconds > 0 && gmtime_r(&seconds, &parts) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts) > 0) {
        buffer_printf(out, "%s.%03dZ", text, (int)(milliseconds % MILLISECONDS_PER_SECOND));
    }
}

static json_t *text_of(const char *text) {
    CLEANUP(buffer_free) struct buffer clean = {0};

    if (text == NULL) {
        return json_null();
    }
    escape_utf8(&clean, text);
    return json_stringn(buffer_string(&clean), clean.length);
}

/* "" is null too. */
static json_t *text_or_null(const char *text) {
    return text_of(text != NULL && text[0] != '\0' ? text : NULL);
}

static json_t *time_of(int64_t milliseconds) {
    CLEANUP(buffer_free) struct buffer text = {0};

    time_render(milliseconds, &text);
    return text_or_null(buffer_string(&text));
}

static json_t *count_of(uint64_t count) {
    return json_integer((json_int_t)count);
}

static void put(json_t *object, const char *key, json_t *value) {
    if (value == NULL || json_object_set_new(object, key, value) < 0) {
        memory_exhausted();
    }
}

static void append(json_t *array, json_t *value) {
    if (value == NULL || json_array_append_new(array, value) < 0) {
        memory_exhausted();
    }
}

static json_t *health_of(const struct web_health *health) {
    if (health == NULL) {
        return json_null();
    }
    json_t *object = json_object();
    put(object, "verdict", text_of(health->verdict));
    put(object, "samplesSent", count_of(health->sent));
    put(object, "samplesFailed", count_of(health->failed));
    put(object, "samplesDropped", count_of(health->dropped));
    put(object, "samplesRetried", count_of(health->retried));
    put(object, "samplesPending", count_of(health->pending));
    put(object, "newestSentAt", time_of(health->newest_sent));
    put(object, "shards", count_of(health->shards));
    return object;
}

static json_t *remote_write_of(const struct web_remote_write *remote_write) {
    json_t *object = json_object();

    put(object, "namespace", text_of(remote_write->namespace));
    put(object, "name", text_of(remote_write->name));
    put(object, "state", text_of(remote_write->state));
    put(object, "reason", text_of(remote_write->reason));
    put(object, "file", text_of(remote_write->file));
    put(object, "line", remote_write->line > 0 ? count_of(remote_write->line) : json_null());
    put(object, "url", text_of(remote_write->url));
    put(object, "changedAt", time_of(remote_write->changed));
    put(object, "servedInEarlierForm", json_boolean(remote_write->earlier));
    put(object, "earlierFormSince",
        time_of(remote_write->earlier ? remote_write->earlier_since : 0));
    put(object, "health", health_of(remote_write->health));
    return object;
}

static json_t *remote_writes_of(const struct web_view *view) {
    json_t *array = json_array();

    for (size_t i = 0; i < view->remote_write_count; i++) {
        append(array, remote_write_of(&view->remote_writes[i]));
    }
    return array;
}

static json_t *health_source_of(const struct web_view *view) {
    json_t *object = json_object();

    put(object, "toldAt", time_of(view->health_time));
    put(object, "error", text_of(view->health_fault));
    return object;
}

static json_t *states_of(const struct web_view *view) {
    json_t *object = json_object();

    for (size_t i = 0; i < view->state_count; i++) {
        put(object, view->states[i].state, count_of(view->states[i].count));
    }
    return object;
}

/* Those that fail. */
static json_t *failing_of(const struct web_view *view) {
    json_t *array = json_array();

    for (size_t i = 0; i < view->operation_count; i++) {
        const struct web_operation *operation = &view->operations[i];
        if (operation->error == NULL) {
            continue;
        }
        json_t *object = json_object();
        put(object, "operation", text_of(operation->name));
        put(object, "error", text_of(operation->error));
        put(object, "since", time_of(operation->since));
        put(object, "failures", count_of(operation->failures));
        append(array, object);
    }
    return array;
}

/* Those that are in use. */
static json_t *fallbacks_of(const struct web_view *view) {
    json_t *array = json_array();

    for (size_t i = 0; i < view->fallback_count; i++) {
        if (view->fallbacks[i].active) {
            append(array, text_of(view->fallbacks[i].name));
        }
    }
    return array;
}

static json_t *sources_of(const struct web_view *view) {
    json_t *array = json_array();

    for (size_t i = 0; i < view->source_count; i++) {
        json_t *object = json_object();
        put(object, "source", text_of(view->sources[i].path));
        put(object, "errors", count_of(view->sources[i].errors));
        put(object, "warnings", count_of(view->sources[i].warnings));
        append(array, object);
    }
    return array;
}

static json_t *position_of(unsigned number) {
    return number > 0 ? count_of(number) : json_null();
}

static json_t *diagnostic_of(const struct web_diagnostic *diagnostic) {
    json_t *object = json_object();

    put(object, "severity", text_of(diagnostic->severity));
    put(object, "file", text_of(diagnostic->file));
    put(object, "line", position_of(diagnostic->line));
    put(object, "column", position_of(diagnostic->column));
    put(object, "subject", text_of(diagnostic->subject));
    put(object, "field", text_of(diagnostic->field));
    put(object, "problem", text_of(diagnostic->problem));
    put(object, "remedy", text_of(diagnostic->remedy));
    return object;
}

static json_t *diagnostics_of(const struct web_view *view) {
    json_t *object = json_object();
    json_t *counts = json_object();
    json_t *items = json_array();

    for (size_t i = 0; i < view->severity_count; i++) {
        put(counts, view->severities[i].severity, count_of(view->severities[i].count));
    }
    for (size_t i = 0; i < view->diagnostic_count; i++) {
        append(items, diagnostic_of(&view->diagnostics[i]));
    }
    put(object, "counts", counts);
    put(object, "items", items);
    put(object, "leftOut", count_of(view->diagnostics_left_out));
    return object;
}

static json_t *reloads_of(const struct web_view *view) {
    json_t *object = json_object();
    json_t *recent = json_array();

    for (size_t i = 0; i < view->recent_count; i++) {
        const struct web_reload *reload = &view->recent[i];
        json_t *item = json_object();
        put(item, "time", time_of(reload->time));
        put(item, "successful", json_boolean(reload->successful));
        put(item, "durationSeconds",
            json_real((double)reload->nanoseconds / NANOSECONDS_PER_SECOND));
        append(recent, item);
    }
    put(object, "total", count_of(view->reloads));
    put(object, "failed", count_of(view->reloads_failed));
    put(object, "lastSuccessful", json_boolean(view->last_reload_successful));
    put(object, "lastSuccessAt", time_of(view->last_reload_success));
    put(object, "recent", recent);
    return object;
}

static json_t *running_config_of(const struct web_view *view) {
    json_t *object = json_object();

    put(object, "verdict", text_of(view->running_config));
    put(object, "difference", text_of(view->running_difference));
    return object;
}

static json_t *config_of(const struct web_view *view) {
    CLEANUP(buffer_free) struct buffer section = {0};
    CLEANUP(buffer_free) struct buffer digest = {0};
    json_t *object = json_object();

    if (view->config_known) {
        buffer_printf(&digest, "%08x", view->digest);
    }
    mask_section(view, &section);
    put(object, "digest", text_or_null(buffer_string(&digest)));
    put(object, "section", text_of(buffer_string(&section)));
    return object;
}

void status_render(const struct web_view *view, struct buffer *out) {
    json_t *root = json_object();

    put(root, "version", text_of(view->version));
    put(root, "commit", text_of(view->commit));
    put(root, "prometheusVersion", text_or_null(view->prometheus_version));
    put(root, "time", time_of(view->now));
    put(root, "phase", text_of(view->phase));
    put(root, "ready", json_boolean(view->not_ready == NULL));
    put(root, "notReady", text_of(view->not_ready));
    put(root, "reloadMethod", text_of(view->method));
    put(root, "passes", count_of(view->passes));
    put(root, "passesFailed", count_of(view->passes_failed));
    put(root, "reloads", reloads_of(view));
    put(root, "failing", failing_of(view));
    put(root, "fallbacks", fallbacks_of(view));
    put(root, "sources", sources_of(view));
    put(root, "diagnostics", diagnostics_of(view));
    put(root, "runningConfig", running_config_of(view));
    put(root, "states", states_of(view));
    put(root, "remoteWrites", remote_writes_of(view));
    put(root, "health", health_source_of(view));
    put(root, "config", config_of(view));
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL) {
        memory_exhausted();
    }
    buffer_append_string(out, text);
    buffer_append_string(out, "\n");
    free(text);
}
