/* SPDX-License-Identifier: Apache-2.0 */

#include "support/web_fixture.h"

#include "base/compiler.h"

#define NOON INT64_C(1769860800250) /* 2026-01-31T12:00:00.250Z */

static const struct web_health flowing = {
    .verdict = "flowing",
    .known = true,
    .good = true,
    .sent = 123456,
    .dropped = 7,
    .pending = 12,
    .shards = 2,
    .newest_sent = NOON - 12000,
};

static const struct web_health failing = {
    .verdict = "failing",
    .known = true,
    .sent = 3,
    .failed = 4000,
    .retried = 50,
    .shards = 1,
};

static const struct web_remote_write remote_writes[] = {
    {.namespace = "", .name = "", .state = "rejected", .reason = "has no name", .file = NULL},
    {.namespace = "team-a",
     .name = "metrics",
     .state = "active",
     .file = "a.yaml",
     .line = 3,
     .url = "https://a.example/push",
     .changed = NOON,
     .served = true,
     .health = &flowing},
    {.namespace = "team-a",
     .name = "metrics",
     .state = "rejected",
     .reason = "the name is taken",
     .file = "b.yaml",
     .line = 1},
    {.namespace = "team-a",
     .name = "metrics",
     .state = "rejected",
     .reason = "the name is taken",
     .file = "c.yaml",
     .line = 1},
    {.namespace = "team-b",
     .name = ODD_TEXT,
     .state = "quarantined",
     .reason = ODD_TEXT,
     .file = ODD_TEXT ".yaml",
     .line = 7,
     .url = "https://xxxxx@b.example/push?" ODD_TEXT,
     .changed = NOON,
     .earlier = true,
     .earlier_since = NOON,
     .served = true,
     .health = &failing},
    {.namespace = "team-c", .name = "w\xff", .state = "pending", .reason = "Secret is not there"},
};

static const struct web_state_count states[] = {
    {"active", 1}, {"unselected", 0}, {"pending", 1}, {"rejected", 3}, {"quarantined", 1},
};

static const struct web_state_count no_states[] = {
    {"active", 0}, {"unselected", 0}, {"pending", 0}, {"rejected", 0}, {"quarantined", 0},
};

static const struct web_entry entries[] = {
    {
        .namespace = "team-a",
        .name = "metrics",
        .file = "a\nb.yaml",
        .text =
            BYTES("{\"url\": \"https://me:s3cr3t@a.example/push\", \"name\": \"metrics\", "
                  "\"headers\": {\"X-Token\": \"s3cr3t\"}, "
                  "\"basic_auth\": {\"username\": \"s3cr3t\", \"password_file\": \"secrets/a\"}, "
                  "\"sigv4\": {\"region\": \"eu\", \"access_key\": \"s3cr3t\", "
                  "\"secret_key\": \"s3cr3t\"}, "
                  "\"oauth2\": {\"client_id\": \"s3cr3t\", \"token_url\": \"https://x:s3cr3t@t/\", "
                  "\"endpoint_params\": {\"p\": \"s3cr3t\"}, "
                  "\"proxy_connect_header\": {\"Proxy-Authorization\": [\"s3cr3t\"]}}, "
                  "\"authorization\": {\"credentials\": \"s3cr3t\"}, "
                  "\"azuread\": {\"oauth\": {\"client_secret\": \"s3cr3t\"}}, "
                  "\"proxy_url\": \"http://u:s3cr3t@proxy/\", "
                  "\"write_relabel_configs\": [{\"action\": \"drop\", \"regex\": \"<b>\"}]}"),
    },
    {.namespace = "team-b", .name = "broken", .file = NULL, .text = BYTES("{\"s3cr3t\": [")},
};

static const struct web_operation operations[] = {
    {.name = "publish", .error = "cannot publish: " ODD_TEXT, .since = NOON, .failures = 3},
    {.name = "watch"},
    {.name = "samples", .error = "no word of samples", .failures = 1, .beside_samples = true},
};

static const struct web_source sources[] = {
    {.path = "/etc/" ODD_TEXT, .errors = 2, .warnings = 5},
    {.path = "/etc/prometheus.yml", .warnings = 1},
};

static const struct web_severity_count severities[] = {{"error", 2}, {"warning", 104}, {"info", 0}};

static const struct web_diagnostic diagnostics[] = {
    {.severity = "error", .file = "/etc/" ODD_TEXT, .problem = ODD_TEXT},
    {.severity = "error",
     .file = "/etc/a.yaml",
     .line = 7,
     .column = 12,
     .subject = ODD_TEXT,
     .field = "kind" ODD_TEXT,
     .problem = "is not a known kind",
     .remedy = "did you mean " ODD_TEXT},
    {.severity = "warning", .file = NULL, .problem = "no file is to blame"},
};

static const struct web_reload reloads[] = {
    {.time = NOON, .successful = true, .nanoseconds = 1500000000},
    {.time = NOON - 60000, .successful = false, .nanoseconds = 2000000},
};

void view_of_start(struct web_view *ret) {
    *ret = (struct web_view){
        .running_config = "unknown",
        .version = "1.2.3",
        .commit = "0123456789ab",
        .prometheus_version = "",
        .phase = "starting",
        .method = "http",
        .not_ready = "no config is in place yet",
        .now = NOON,
        .states = no_states,
        .state_count = ARRAY_LENGTH(no_states),
        .process = {.max_files = 1024, .max_virtual_bytes = UINT64_MAX},
    };
}

void view_without_health(struct web_view *ret, const char *fault) {
    static const struct web_remote_write served[] = {
        {.namespace = "team-a", .name = "metrics", .state = "active", .served = true},
    };

    view_example(ret);
    ret->remote_writes = served;
    ret->remote_write_count = ARRAY_LENGTH(served);
    ret->health_time = 0;
    ret->health_fault = fault;
}

void view_example(struct web_view *ret) {
    struct web_view view;

    view_of_start(&view);
    view.prometheus_version = "2.42.0";
    view.phase = "idle";
    view.not_ready = NULL;
    view.remote_writes = remote_writes;
    view.remote_write_count = ARRAY_LENGTH(remote_writes);
    view.states = states;
    view.health_time = NOON - 3000;
    view.entries = entries;
    view.entry_count = ARRAY_LENGTH(entries);
    view.config_known = true;
    view.digest = 0xc0ffee;
    view.operations = operations;
    view.operation_count = ARRAY_LENGTH(operations);
    view.sources = sources;
    view.source_count = ARRAY_LENGTH(sources);
    view.severities = severities;
    view.severity_count = ARRAY_LENGTH(severities);
    view.diagnostics = diagnostics;
    view.diagnostic_count = ARRAY_LENGTH(diagnostics);
    view.diagnostics_left_out = 103;
    view.passes = 12;
    view.passes_failed = 1;
    view.reloads = 9;
    view.reloads_failed = 2;
    view.running_config = "matches";
    view.last_reload_successful = true;
    view.last_reload_success = NOON;
    view.expansion_errors = 3;
    view.watches = 4;
    view.watch_events = 5;
    view.watch_errors = 6;
    view.recent = reloads;
    view.recent_count = ARRAY_LENGTH(reloads);
    view.process.known = true;
    view.process.start_seconds = 1769860800.25;
    view.process.open_files = 11;
    view.process.resident_bytes = 4096;
    view.process.virtual_bytes = 8192;
    view.process.cpu_seconds = 0.25;
    view.process.network_known = true;
    view.process.received_bytes = 1496447395;
    view.process.sent_bytes = 432078463;
    view.process.failures = 3;
    view.metrics_unsent = 2;
    histogram_observe(&view.pass_duration, 3000000);
    histogram_observe(&view.propagation, INT64_C(200000000000));
    *ret = view;
}

static void fill(struct web_view *ret, struct arena *arena UNUSED, void *context UNUSED) {
    view_example(ret);
}

static void count_reload(void *context) {
    unsigned *reloads_asked = context;

    (*reloads_asked)++;
}

struct web_hooks hooks_example(unsigned *reloads_asked) {
    return (struct web_hooks){.view = fill, .reload = count_reload, .context = reloads_asked};
}
