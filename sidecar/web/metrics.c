/* SPDX-License-Identifier: Apache-2.0 */

/* The reloader_ metrics have the names and the meaning that prometheus-config-reloader gives them,
 * so that alerts that people have go on working. */

#include "web/metrics.h"

#include "web/escape.h"

#include <inttypes.h>

#define MILLISECONDS_PER_SECOND 1000.0
#define NANOSECONDS_PER_SECOND  1e9

/* HELP and TYPE. */
static void begin(struct buffer *out, const char *name, const char *type, const char *help) {
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void integer(struct buffer *out, const char *name, const char *type, const char *help,
                    uint64_t value) {
    begin(out, name, type, help);
    buffer_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void number(struct buffer *out, const char *name, const char *type, const char *help,
                   double value) {
    begin(out, name, type, help);
    buffer_printf(out, "%s %.17g\n", name, value);
}

static void label(struct buffer *out, const char *name, const char *value) {
    buffer_printf(out, "%s=\"", name);
    escape_label(out, value);
    buffer_append_string(out, "\"");
}

static void histogram(struct buffer *out, const char *name, const char *help,
                      const struct histogram *histogram) {
    uint64_t count = 0;

    begin(out, name, "histogram", help);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += histogram->counts[i];
        buffer_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, histogram_bounds[i], count);
    }
    count += histogram->counts[HISTOGRAM_BUCKETS];
    buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    buffer_printf(out, "%s_sum %.9f\n", name, (double)histogram->sum / NANOSECONDS_PER_SECOND);
    buffer_printf(out, "%s_count %" PRIu64 "\n", name, count);
}

static void reloads(const struct web_view *view, struct buffer *out) {
    integer(out, "reloader_reloads_total", "counter", "Reload requests to Prometheus.",
            view->reloads);
    integer(out, "reloader_reloads_failed_total", "counter",
            "Reload requests to Prometheus that failed.", view->reloads_failed);
    integer(out, "reloader_last_reload_successful", "gauge",
            "Whether the last reload attempt was successful.",
            view->last_reload_successful ? 1 : 0);
    number(out, "reloader_last_reload_success_timestamp_seconds", "gauge",
           "Time of the last successful reload.",
           (double)view->last_reload_success / MILLISECONDS_PER_SECOND);
    integer(out, "reloader_config_apply_operations_total", "counter",
            "Passes that read everything and brought the config up to date.", view->passes);
    integer(out, "reloader_config_apply_operations_failed_total", "counter",
            "Passes that could not read or write a config.", view->passes_failed);
    integer(out, "reloader_config_environment_variable_expansion_errors", "gauge",
            "Environment variables that the base config names and that are not set.",
            view->expansion_errors);
    integer(out, "reloader_watches", "gauge", "Directories and files that are watched.",
            view->watches);
    integer(out, "reloader_watch_events_total", "counter", "Events of the file system.",
            view->watch_events);
    integer(out, "reloader_watch_errors_total", "counter", "Errors while watching.",
            view->watch_errors);
    begin(out, "reloader_info", "gauge", "How Prometheus is reloaded; always 1.");
    buffer_append_string(out, "reloader_info{");
    label(out, "method", view->method);
    buffer_append_string(out, "} 1\n");
}

/* No series where it is not known. */
static void running_config(const struct web_view *view, struct buffer *out) {
    if (strcmp(view->running_config, "unknown") != 0) {
        integer(out, "remotewrite_sidecar_prometheus_config_matches", "gauge",
                "Whether Prometheus, by its own word, runs the config that was written.",
                strcmp(view->running_config, "matches") == 0 ? 1 : 0);
    }
}

static bool same_object(const struct web_remote_write *left, const struct web_remote_write *right) {
    return strcmp(left->namespace, right->namespace) == 0 && strcmp(left->name, right->name) == 0;
}

/* Two manifests may claim one name: then they stand side by side, and a series may be there but
 * once. */
static bool is_repeated(const struct web_view *view, size_t index) {
    const struct web_remote_write *remote_write = &view->remote_writes[index];

    for (size_t i = index; i > 0 && same_object(&view->remote_writes[i - 1], remote_write); i--) {
        if (strcmp(view->remote_writes[i - 1].state, remote_write->state) == 0) {
            return true;
        }
    }
    return false;
}

static void remote_writes(const struct web_view *view, struct buffer *out) {
    begin(out, "remotewrite_sidecar_remote_writes", "gauge", "RemoteWrites by state.");
    for (size_t i = 0; i < view->state_count; i++) {
        buffer_append_string(out, "remotewrite_sidecar_remote_writes{");
        label(out, "state", view->states[i].state);
        buffer_printf(out, "} %zu\n", view->states[i].count);
    }
    begin(out, "remotewrite_sidecar_remote_write_state", "gauge",
          "The state of each RemoteWrite; always 1.");
    for (size_t i = 0; i < view->remote_write_count; i++) {
        const struct web_remote_write *remote_write = &view->remote_writes[i];
        if (is_repeated(view, i)) {
            continue;
        }
        buffer_append_string(out, "remotewrite_sidecar_remote_write_state{");
        label(out, "namespace", remote_write->namespace);
        buffer_append_string(out, ",");
        label(out, "name", remote_write->name);
        buffer_append_string(out, ",");
        label(out, "state", remote_write->state);
        buffer_append_string(out, "} 1\n");
    }
}

static void fallbacks(const struct web_view *view, struct buffer *out) {
    begin(out, "remotewrite_sidecar_fallback", "gauge",
          "Whether a safe config is on disk in place of the one that is wanted.");
    for (size_t i = 0; i < view->fallback_count; i++) {
        buffer_append_string(out, "remotewrite_sidecar_fallback{");
        label(out, "fallback", view->fallbacks[i].name);
        buffer_printf(out, "} %d\n", view->fallbacks[i].active ? 1 : 0);
    }
}

static void faults(const struct web_view *view, struct buffer *out) {
    begin(out, "remotewrite_sidecar_operation_failing", "gauge",
          "Whether something that is done again and again fails at present.");
    for (size_t i = 0; i < view->operation_count; i++) {
        buffer_append_string(out, "remotewrite_sidecar_operation_failing{");
        label(out, "operation", view->operations[i].name);
        buffer_printf(out, "} %d\n", view->operations[i].error != NULL ? 1 : 0);
    }
    begin(out, "remotewrite_sidecar_source_errors", "gauge",
          "Errors in a configured directory or file that are about no RemoteWrite: what cannot be "
          "read or parsed.");
    for (size_t i = 0; i < view->source_count; i++) {
        buffer_append_string(out, "remotewrite_sidecar_source_errors{");
        label(out, "source", view->sources[i].path);
        buffer_printf(out, "} %zu\n", view->sources[i].errors);
    }
    begin(out, "remotewrite_sidecar_source_warnings", "gauge",
          "Warnings about a configured directory or file that are about no RemoteWrite, as that it "
          "is absent.");
    for (size_t i = 0; i < view->source_count; i++) {
        buffer_append_string(out, "remotewrite_sidecar_source_warnings{");
        label(out, "source", view->sources[i].path);
        buffer_printf(out, "} %zu\n", view->sources[i].warnings);
    }
    begin(out, "remotewrite_sidecar_diagnostics", "gauge", "Diagnostics by severity.");
    for (size_t i = 0; i < view->severity_count; i++) {
        buffer_append_string(out, "remotewrite_sidecar_diagnostics{");
        label(out, "severity", view->severities[i].severity);
        buffer_printf(out, "} %zu\n", view->severities[i].count);
    }
}

/* Those that are served in their last good form, as the present one cannot be. */
static void earlier_forms(const struct web_view *view, struct buffer *out) {
    static const char name[] = "remotewrite_sidecar_remote_write_earlier_form_timestamp_seconds";
    const double milliseconds = 1e3;

    begin(out, name, "gauge",
          "Since when a RemoteWrite is served in its last good form, as its present one cannot be; "
          "its state says why.");
    for (size_t i = 0; i < view->remote_write_count; i++) {
        const struct web_remote_write *remote_write = &view->remote_writes[i];
        if (!remote_write->earlier || is_repeated(view, i)) {
            continue;
        }
        buffer_printf(out, "%s{", name);
        label(out, "namespace", remote_write->namespace);
        buffer_append_string(out, ",");
        label(out, "name", remote_write->name);
        buffer_append_string(out, ",");
        label(out, "state", remote_write->state);
        buffer_printf(out, "} %.3f\n", (double)remote_write->earlier_since / milliseconds);
    }
}

/* Of one RemoteWrite each; it is there where there is something to tell. */
struct health_metric {
    const char *name;
    const char *type;
    const char *help;
    bool (*value)(const struct web_health *health, double *ret);
};

static bool flowing(const struct web_health *health, double *ret) {
    *ret = health->good ? 1 : 0;
    return health->known;
}

static bool sent(const struct web_health *health, double *ret) {
    *ret = (double)health->sent;
    return true;
}

static bool failed(const struct web_health *health, double *ret) {
    *ret = (double)health->failed;
    return true;
}

static bool dropped(const struct web_health *health, double *ret) {
    *ret = (double)health->dropped;
    return true;
}

static bool retried(const struct web_health *health, double *ret) {
    *ret = (double)health->retried;
    return true;
}

static bool pending(const struct web_health *health, double *ret) {
    *ret = (double)health->pending;
    return true;
}

static bool newest_sent(const struct web_health *health, double *ret) {
    *ret = (double)health->newest_sent / MILLISECONDS_PER_SECOND;
    return health->newest_sent > 0;
}

#define HEALTH "remotewrite_sidecar_remote_write_"

static const struct health_metric health_metrics[] = {
    {HEALTH "flowing", "gauge",
     "Whether the samples of a RemoteWrite reach its remote end, or there are none to send.",
     flowing},
    {HEALTH "samples_sent_total", "counter", "Samples that the remote end took.", sent},
    {HEALTH "samples_failed_total", "counter",
     "Samples that the remote end refused for good: they are lost.", failed},
    {HEALTH "samples_dropped_total", "counter",
     "Samples that were never sent, mostly as its relabeling has it.", dropped},
    {HEALTH "samples_retried_total", "counter",
     "Samples, once for each try, that the remote end did not take and that are tried again.",
     retried},
    {HEALTH "samples_pending", "gauge", "Samples that wait to be sent.", pending},
    {HEALTH "highest_sent_timestamp_seconds", "gauge",
     "Time of the newest sample that was sent, or refused for good.", newest_sent},
};

static void health_series(const struct health_metric *metric,
                          const struct web_remote_write *remote_write, struct buffer *out) {
    double value = 0;

    if (remote_write->health == NULL || !metric->value(remote_write->health, &value)) {
        return;
    }
    buffer_printf(out, "%s{", metric->name);
    label(out, "namespace", remote_write->namespace);
    buffer_append_string(out, ",");
    label(out, "name", remote_write->name);
    buffer_printf(out, "} %.17g\n", value);
}

/* Of those with the same name one at most has an entry in the config, and so a health. */
static void health(const struct web_view *view, struct buffer *out) {
    if (view->health_time == 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(health_metrics); i++) {
        const struct health_metric *metric = &health_metrics[i];
        begin(out, metric->name, metric->type, metric->help);
        for (size_t j = 0; j < view->remote_write_count; j++) {
            health_series(metric, &view->remote_writes[j], out);
        }
    }
}

static void process_limit(struct buffer *out, const char *name, const char *help, uint64_t value) {
    begin(out, name, "gauge", help);
    if (value == UINT64_MAX) {
        buffer_printf(out, "%s +Inf\n", name);
    } else {
        buffer_printf(out, "%s %" PRIu64 "\n", name, value);
    }
}

static void process(const struct process_figures *figures, struct buffer *out) {
    number(out, "process_cpu_seconds_total", "counter", "User and system CPU time spent.",
           figures->cpu_seconds);
    process_limit(out, "process_max_fds", "Most file descriptors that may be open.",
                  figures->max_files);
    process_limit(out, "process_virtual_memory_max_bytes", "Most virtual memory there may be.",
                  figures->max_virtual_bytes);
    if (!figures->known) {
        return;
    }
    integer(out, "process_open_fds", "gauge", "Open file descriptors.", figures->open_files);
    integer(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
            figures->resident_bytes);
    integer(out, "process_virtual_memory_bytes", "gauge", "Virtual memory.",
            figures->virtual_bytes);
    number(out, "process_start_time_seconds", "gauge", "Start of the process, since the epoch.",
           figures->start_seconds);
}

static void network(const struct process_figures *figures, struct buffer *out) {
    if (figures->network_known) {
        integer(out, "process_network_receive_bytes_total", "counter",
                "Bytes received, by all processes of the network namespace.",
                figures->received_bytes);
        integer(out, "process_network_transmit_bytes_total", "counter",
                "Bytes sent, by all processes of the network namespace.", figures->sent_bytes);
    }
}

/* As Go names the processor. */
static const char *architecture(void) {
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#else
    return "";
#endif
}

/* What programs of Prometheus's own libraries have, for the alerts and dashboards of
 * prometheus-config-reloader. */
static void reloader_build(const struct web_view *view, struct buffer *out) {
    const struct {
        const char *name;
        const char *value;
    } labels[] = {
        {"branch", ""},
        {"goarch", architecture()},
        {"goos", "linux"},
        {"goversion", ""},
        {"tags", "unknown"},
        {"revision", view->commit},
        {"version", view->version},
    };

    begin(out, "prometheus_config_reloader_build_info", "gauge",
          "The sidecar in place of prometheus-config-reloader: its own version; always 1.");
    buffer_append_string(out, "prometheus_config_reloader_build_info{");
    for (size_t i = 0; i < ARRAY_LENGTH(labels); i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        label(out, labels[i].name, labels[i].value);
    }
    buffer_append_string(out, "} 1\n");
}

static void handler_errors(const struct web_view *view, struct buffer *out) {
    begin(out, "promhttp_metric_handler_errors_total", "counter",
          "Faults while metrics were answered: figures of the process that could not be read, "
          "answers that could not be sent.");
    buffer_printf(out, "promhttp_metric_handler_errors_total{cause=\"encoding\"} %" PRIu64 "\n",
                  view->metrics_unsent);
    buffer_printf(out, "promhttp_metric_handler_errors_total{cause=\"gathering\"} %" PRIu64 "\n",
                  view->process.failures);
}

void metrics_render(const struct web_view *view, struct buffer *out) {
    begin(out, "remotewrite_sidecar_build_info", "gauge",
          "Version and commit of the sidecar; always 1.");
    buffer_append_string(out, "remotewrite_sidecar_build_info{");
    label(out, "version", view->version);
    buffer_append_string(out, ",");
    label(out, "commit", view->commit);
    buffer_append_string(out, "} 1\n");
    reloader_build(view, out);
    reloads(view, out);
    running_config(view, out);
    fallbacks(view, out);
    remote_writes(view, out);
    earlier_forms(view, out);
    faults(view, out);
    health(view, out);
    histogram(out, "remotewrite_sidecar_pass_duration_seconds",
              "Time that a pass took: reading, compiling, publishing.", &view->pass_duration);
    histogram(out, "remotewrite_sidecar_propagation_seconds",
              "Time from the first event to the reload that Prometheus confirmed.",
              &view->propagation);
    process(&view->process, out);
    network(&view->process, out);
    handler_errors(view, out);
}
