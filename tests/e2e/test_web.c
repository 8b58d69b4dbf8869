/* SPDX-License-Identifier: Apache-2.0 */

/* What a running sidecar says of itself over HTTP, beside a real Prometheus. */

#include "base/memory.h"
#include "support/http_request.h"
#include "support/http_stub.h"
#include "support/pod.h"
#include "support/pod_web.h"
#include "support/refusal.h"
#include "support/tempdir.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static long status_of(struct pod *pod, const char *path) {
    CLEANUP(http_reply_free) struct http_reply reply = pod_web_get(pod, path);

    return reply.status;
}

static void it_is_ready_when_prometheus_runs_the_config(void **state) {
    struct pod *pod = *state;
    CLEANUP(http_stub_freep) struct http_stub *stub = http_stub_new();
    const struct stub_answer answers[] = {{.mode = STUB_HANG}, {.status = 200}};
    http_stub_script(stub, "/-/reload", answers, 2);
    http_stub_listen(stub);
    pod_start_sidecar(pod, POD_ANY_PORT,
                      arena_format(pod->arena, "--reload-url=%s", http_stub_url(stub, "/-/reload")),
                      NULL);
    EVENTUALLY(pod, http_stub_count(stub, "/-/reload") == 1);

    assert_int_equal(status_of(pod, "/readyz"), 503);
    assert_int_equal(status_of(pod, "/healthz"), 200);
    pod_web_assert_valid_metrics(pod);
    http_stub_release(stub);

    EVENTUALLY(pod, status_of(pod, "/readyz") == 200);
}

/* --- what promtool says of the metrics ------------------------------------------------------ */

static void metrics_are_valid_while_it_asks_for_the_version(void **state) {
    struct pod *pod = *state;
    CLEANUP(http_stub_freep) struct http_stub *stub = http_stub_new();
    const struct stub_answer silence = {.mode = STUB_HANG};
    http_stub_script(stub, "/api/v1/status/buildinfo", &silence, 1);
    http_stub_script(stub, "/-/reload", &silence, 1);
    http_stub_listen(stub);
    pod_start_sidecar(pod, POD_ANY_PORT,
                      arena_format(pod->arena, "--reload-url=%s", http_stub_url(stub, "/-/reload")),
                      NULL);

    EVENTUALLY(pod, status_of(pod, "/metrics") == 200);
    pod_web_assert_valid_metrics(pod);
}

static void metrics_are_valid_while_prometheus_is_away(void **state) {
    struct pod *pod = *state;
    pod_start_sidecar(pod, POD_ANY_PORT, NULL);
    EVENTUALLY(pod, pod_web_says(pod, "/api/v1/status", "\"phase\": \"waiting\""));

    assert_true(pod_web_says(pod, "/metrics", "\nreloader_last_reload_successful 0\n"));
    pod_web_assert_valid_metrics(pod);
}

static void metrics_are_valid_during_a_search(void **state) {
    struct pod *pod = *state;
    CLEANUP(http_stub_freep) struct http_stub *stub = http_stub_new();
    const struct stub_answer answers[] = {{.status = 500, .body = "no"}, {.mode = STUB_HANG}};
    http_stub_script(stub, "/-/reload", answers, ARRAY_LENGTH(answers));
    http_stub_listen(stub);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_start_sidecar(pod, POD_ANY_PORT,
                      arena_format(pod->arena, "--reload-url=%s", http_stub_url(stub, "/-/reload")),
                      NULL);

    EVENTUALLY(pod, pod_web_says(pod, "/api/v1/status", "\"phase\": \"isolating\""));
    pod_web_assert_valid_metrics(pod);
}

static void metrics_are_valid_with_one_that_prometheus_refused(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    pod_start_prometheus(pod);
    file_write(pod->manifests, "team-a.yaml",
               arena_format(pod->arena,
                            "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                            "kind: RemoteWrite\n"
                            "metadata: {name: team-a, namespace: monitoring}\n"
                            "spec:\n"
                            "  clusterSelector: {}\n"
                            "  remoteWrite:\n"
                            "    url: http://127.0.0.1:9/\n"
                            "%s",
                            refusal()->fields));
    pod_start_sidecar(pod, POD_ANY_PORT, refusal()->version_flag, NULL);

    EVENTUALLY(pod, pod_web_says(pod, "/metrics", ",state=\"quarantined\"} 1\n"));
    pod_web_assert_valid_metrics(pod);
}

/* --- reloads -------------------------------------------------------------------------------- */

static void a_posted_reload_reloads_though_nothing_changed(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    CLEANUP(http_reply_free)
    struct http_reply reply = http_post(pod_web_url(pod, "/-/reload"), NULL);

    assert_int_equal(reply.status, 200);
    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) == reloads + 1);
    assert_int_equal(status_of(pod, "/-/reload"), 405);
}

static void metrics_tell_what_became_of_each_remote_write(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_drop(pod, (struct manifest){.name = "team-b", .secret = "to-come"});

    EVENTUALLY(pod, pod_web_says(pod, "/metrics",
                                 "remotewrite_sidecar_remote_write_state{namespace=\"monitoring\","
                                 "name=\"team-a\",state=\"active\"} 1\n"));
    EVENTUALLY(pod, pod_web_says(pod, "/metrics",
                                 "remotewrite_sidecar_remote_write_state{namespace=\"monitoring\","
                                 "name=\"team-b\",state=\"pending\"} 1\n"));
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", "\nreloader_last_reload_successful 1\n"));
    assert_true(pod_web_says(pod, "/metrics", "\nprocess_open_fds "));
    pod_web_assert_valid_metrics(pod);

    pod_secret(pod, "to-come", FIRST_PASSWORD);
    EVENTUALLY(pod, pod_web_says(pod, "/metrics",
                                 "remotewrite_sidecar_remote_write_state{namespace=\"monitoring\","
                                 "name=\"team-b\",state=\"active\"} 1\n"));
    EVENTUALLY(pod, !pod_web_says(pod, "/metrics", "propagation_seconds_count 0\n"));
}

static void a_refused_base_fails_the_last_reload_until_it_is_mended(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_catch_up(pod);
    const char *base = pod_output_without_block(pod);
    pod->refused_on_purpose = true;
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", "\nreloader_last_reload_successful 1\n"));

    /* YAML, but no configuration of Prometheus: the sidecar cannot know. */
    pod_base(pod, arena_format(pod->arena, "%s\nno_such_section: {}\n", base));
    EVENTUALLY(pod, status_of(pod, "/readyz") == 503);
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", "\nreloader_last_reload_successful 0\n"));
    pod_web_assert_valid_metrics(pod);

    pod_base(pod, base);
    EVENTUALLY(pod, pod_web_says(pod, "/metrics", "\nreloader_last_reload_successful 1\n"));
    EVENTUALLY(pod, status_of(pod, "/readyz") == 200);
}

/* --- the alert ------------------------------------------------------------------------------ */

/* As those who ran prometheus-config-reloader have it: the label comes from the target. A range of
 * seconds for a base that was good a moment ago, and the usual one. */
static const char alert_rules[] =
    "groups:\n"
    "  - name: config\n"
    "    rules:\n"
    "      - alert: NotLoadedForSeconds\n"
    "        expr: max_over_time(reloader_last_reload_successful{namespace=~\".+\"}[2s]) == 0\n"
    "      - alert: NotLoadedForMinutes\n"
    "        expr: max_over_time(reloader_last_reload_successful{namespace=~\".+\"}[5m]) == 0\n";

/* Another Prometheus, which scrapes the sidecar and evaluates these rules. */
static struct prometheus_server *watcher_with(struct pod *pod, const char *rules) {
    const char *folder = arena_format(pod->arena, "%s/watcher", pod->folder);
    const char *address = pod_web_url(pod, "") + strlen("http://");

    file_write(folder, "rules.yml", rules);
    file_write(folder, "prometheus.yml",
               arena_format(pod->arena,
                            "global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n"
                            "rule_files: [rules.yml]\n"
                            "scrape_configs:\n"
                            "  - job_name: sidecar\n"
                            "    static_configs:\n"
                            "      - {targets: ['%s'], labels: {namespace: monitoring}}\n",
                            address));
    struct prometheus_server *watcher = prometheus_server_new(&(struct prometheus_server_settings){
        .folder = folder,
        .config = arena_format(pod->arena, "%s/prometheus.yml", folder),
    });
    assert_true(prometheus_server_start(watcher));
    return watcher;
}

/* The alert examples of docs/http.md as they stand there, but that they do not wait. */
static const char *documented_rules(struct pod *pod) {
    CLEANUP(memory_freep) char *page = file_read("docs", "http.md");
    CLEANUP(buffer_free) struct buffer rules = {0};
    const char *at = page != NULL ? strstr(page, "\n- alert: ") : NULL;
    const char *end = at != NULL ? strstr(at, "\n```") : NULL;
    assert_non_null(end);
    if (at == NULL || end == NULL) {
        return NULL;
    }

    buffer_append_string(&rules, "groups:\n  - name: documented\n    rules:\n");
    for (at++; at < end; at = strchr(at, '\n') + 1) {
        const size_t length = strcspn(at, "\n");
        const bool waits = strncmp(at, "  for: ", strlen("  for: ")) == 0;
        buffer_printf(&rules, "      %.*s\n", waits ? (int)strlen("  for: 0s") : (int)length,
                      waits ? "  for: 0s" : at);
    }
    return arena_format(pod->arena, "%s", buffer_string(&rules));
}

static bool scrapes(struct prometheus_server *watcher, double value) {
    return prometheus_server_query(
               watcher, "reloader_last_reload_successful{namespace=\"monitoring\"}") == value;
}

static struct prometheus_server *watcher_of(struct pod *pod) {
    return watcher_with(pod, alert_rules);
}

static const char *refused_base(struct pod *pod, const char *base) {
    pod->refused_on_purpose = true;
    return arena_format(pod->arena, "%s\nno_such_section: {}\n", base);
}

static void the_alert_fires_on_a_refused_base_and_resolves_with_the_earlier_one(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, status_of(pod, "/readyz") == 200);
    struct prometheus_server *watcher = watcher_of(pod);
    EVENTUALLY(pod, scrapes(watcher, 1));
    assert_false(prometheus_server_fires(watcher, "NotLoadedForSeconds"));
    const char *base = pod_output_without_block(pod);

    pod_base(pod, refused_base(pod, base));
    EVENTUALLY(pod, prometheus_server_fires(watcher, "NotLoadedForSeconds"));
    /* It was loaded a moment ago. */
    assert_false(prometheus_server_fires(watcher, "NotLoadedForMinutes"));

    pod_base(pod, base);
    EVENTUALLY(pod, !prometheus_server_fires(watcher, "NotLoadedForSeconds"));
    assert_true(scrapes(watcher, 1));
    prometheus_server_free(watcher);
}

static void the_alert_over_minutes_fires_where_the_base_was_never_good(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    pod_base(pod, refused_base(pod, base));
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, pod_web_url(pod, "") != NULL);
    struct prometheus_server *watcher = watcher_of(pod);

    EVENTUALLY(pod, prometheus_server_fires(watcher, "NotLoadedForMinutes"));
    pod_base(pod, base);

    EVENTUALLY(pod, scrapes(watcher, 1));
    EVENTUALLY(pod, !prometheus_server_fires(watcher, "NotLoadedForMinutes"));
    prometheus_server_free(watcher);
}

static void the_documented_alert_fires_on_a_file_that_is_wrong(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, status_of(pod, "/readyz") == 200);
    struct prometheus_server *watcher = watcher_with(pod, documented_rules(pod));
    EVENTUALLY(pod, scrapes(watcher, 1));
    assert_false(prometheus_server_fires(watcher, "RemoteWriteSourceErrors"));

    file_replace(pod->manifests, "broken.yaml", "kind: [\n");
    EVENTUALLY(pod, prometheus_server_fires(watcher, "RemoteWriteSourceErrors"));
    assert_false(prometheus_server_fires(watcher, "RemoteWriteSidecarFailing"));
    assert_int_equal(status_of(pod, "/readyz"), 200);
    pod_web_assert_valid_metrics(pod);

    file_remove(pod->manifests, "broken.yaml");
    EVENTUALLY(pod, !prometheus_server_fires(watcher, "RemoteWriteSourceErrors"));
    prometheus_server_free(watcher);
}

static void publishing_fails_and_the_alert_fires(struct pod *pod,
                                                 struct prometheus_server *watcher) {
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, status_of(pod, "/readyz") == 503);
    EVENTUALLY(pod, prometheus_server_fires(watcher, "RemoteWriteSidecarFailing"));
    EVENTUALLY(pod, scrapes(watcher, 0));
    pod_web_assert_valid_metrics(pod);
}

/* A file where the folder of secret files should be. */
static void the_documented_alert_fires_on_a_config_that_cannot_be_written(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, status_of(pod, "/readyz") == 200);
    struct prometheus_server *watcher = watcher_with(pod, documented_rules(pod));
    EVENTUALLY(pod, scrapes(watcher, 1));

    file_write(pod->folder, "config/remote-write-secrets", "in the way\n");
    publishing_fails_and_the_alert_fires(pod, watcher);

    file_remove(pod->folder, "config/remote-write-secrets");
    EVENTUALLY(pod, status_of(pod, "/readyz") == 200);
    EVENTUALLY(pod, !prometheus_server_fires(watcher, "RemoteWriteSidecarFailing"));
    EVENTUALLY(pod, scrapes(watcher, 1));
    prometheus_server_free(watcher);
}

static void no_secret_is_on_the_page_or_in_the_json(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod, POD_ANY_PORT);
    EVENTUALLY(pod, pod_web_says(pod, "/", "monitoring/team-a"));
    EVENTUALLY(pod, pod_web_says(pod, "/api/v1/status", "\"state\": \"active\""));
    static const char *const paths[] = {"/", "/api/v1/status", "/metrics"};

    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        assert_false(pod_web_says(pod, paths[i], RECEIVER_USER));
        assert_false(pod_web_says(pod, paths[i], "first: "));
    }
    assert_true(pod_web_says(pod, "/api/v1/status", "username: \\\"<secret>\\\""));
}

static void an_address_that_is_taken_ends_it_with_1(void **state) {
    struct pod *pod = *state;
    CLEANUP(http_stub_freep) struct http_stub *stub = http_stub_new();
    http_stub_listen(stub);
    const char *url = http_stub_url(stub, "");
    const char *address = strstr(url, "://");
    assert_non_null(address);

    assert_int_equal(
        pod_execute(pod, "run",
                    arena_format(pod->arena, "--listen-address=%s", address + strlen("://")), NULL),
        1);
    assert_true(pod_logged(pod, "cannot listen") > 0);
    assert_true(pod_logged(pod, "remedy=\"let --listen-address name an address of this host, and a "
                                "port that no other process listens on\"") > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(it_is_ready_when_prometheus_runs_the_config),
        POD_TEST(metrics_are_valid_while_it_asks_for_the_version),
        POD_TEST(metrics_are_valid_while_prometheus_is_away),
        POD_TEST(metrics_are_valid_during_a_search),
        POD_TEST(metrics_are_valid_with_one_that_prometheus_refused),
        POD_TEST(a_posted_reload_reloads_though_nothing_changed),
        POD_TEST(metrics_tell_what_became_of_each_remote_write),
        POD_TEST(a_refused_base_fails_the_last_reload_until_it_is_mended),
        POD_TEST(the_alert_fires_on_a_refused_base_and_resolves_with_the_earlier_one),
        POD_TEST(the_alert_over_minutes_fires_where_the_base_was_never_good),
        POD_TEST(the_documented_alert_fires_on_a_file_that_is_wrong),
        POD_TEST(the_documented_alert_fires_on_a_config_that_cannot_be_written),
        POD_TEST(no_secret_is_on_the_page_or_in_the_json),
        POD_TEST(an_address_that_is_taken_ends_it_with_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
