/* SPDX-License-Identifier: Apache-2.0 */

/* Reloads by SIGHUP, of a real Prometheus that takes none over HTTP. Its program has a name that no
 * other on this machine has: whoever is called prometheus there is left alone. */

#include "support/http_request.h"
#include "support/pod.h"
#include "support/refusal.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SEARCH_OVER "msg=\"the search is over\""
#define LOADED      "msg=\"Prometheus has loaded the config\""
/* In Prometheus's own log, at its start too. */
#define RELOADED "Completed loading of configuration file"

static int hangup_setup(void **state) {
    if (pod_setup(state) != 0) {
        return -1;
    }
    struct pod *pod = *state;
    prometheus_server_is_called(pod->prometheus,
                                arena_format(pod->arena, "prom-%d", (int)getpid()));
    prometheus_server_has_no_lifecycle(pod->prometheus);
    return 0;
}

#define HANGUP_TEST(test) cmocka_unit_test_setup_teardown(test, hangup_setup, pod_teardown)

static void start_sidecar(struct pod *pod, const char *flag) {
    pod_start_sidecar(
        pod, "--reload-method=signal",
        arena_format(pod->arena, "--process-executable-name=prom-%d", (int)getpid()),
        arena_format(pod->arena, "--runtimeinfo-url=%s",
                     prometheus_server_url(pod->prometheus, "/api/v1/status/runtimeinfo")),
        "--reload-url=http://127.0.0.1:1/-/reload", flag != NULL ? flag : "--retry-interval=100ms",
        NULL);
}

/* Another Prometheus whose program has the same name. */
static struct prometheus_server *start_namesake(struct pod *pod, const char *name) {
    const char *folder = arena_format(pod->arena, "%s/%s", pod->folder, name);

    file_write(folder, "prometheus.yml", "global: {}\n");
    struct prometheus_server *server = prometheus_server_new(&(struct prometheus_server_settings){
        .folder = folder,
        .config = arena_format(pod->arena, "%s/prometheus.yml", folder),
    });
    prometheus_server_is_called(server, arena_format(pod->arena, "prom-%d", (int)getpid()));
    assert_true(prometheus_server_start(server));
    return server;
}

static void hangup_pod_runs(struct pod *pod) {
    pod_start_prometheus(pod);
    start_sidecar(pod, NULL);
}

static size_t reloads(const struct pod *pod) {
    return prometheus_server_logged(pod->prometheus, RELOADED);
}

static void drop_refused(struct pod *pod, const char *name) {
    file_replace(pod->manifests, arena_format(pod->arena, "%s.yaml", name),
                 arena_format(pod->arena,
                              "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                              "kind: RemoteWrite\n"
                              "metadata: {name: %s, namespace: monitoring}\n"
                              "spec:\n"
                              "  clusterSelector: {}\n"
                              "  remoteWrite:\n"
                              "    url: http://127.0.0.1:9/\n"
                              "%s",
                              name, refusal()->fields));
}

static void a_dropped_manifest_is_active_and_a_removed_one_is_gone(void **state) {
    struct pod *pod = *state;
    hangup_pod_runs(pod);

    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_remove(pod, "team-a");
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 0);

    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), 0);
    assert_int_equal(pod_logged(pod, "level=warn msg=\"Prometheus"), 0);
    assert_int_equal(pod_logged(pod, "level=error"), 0);
}

static void of_several_of_one_name_the_one_behind_runtimeinfo_is_signalled(void **state) {
    struct pod *pod = *state;
    struct prometheus_server *older = start_namesake(pod, "older");
    pod_start_prometheus(pod);
    struct prometheus_server *younger = start_namesake(pod, "younger");

    start_sidecar(pod, NULL);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_catch_up(pod);

    assert_int_equal(prometheus_server_logged(older, RELOADED), 1);
    assert_int_equal(prometheus_server_logged(younger, RELOADED), 1);
    assert_int_equal(pod_logged(pod, "level=warn"), 0);
    prometheus_server_free(older);
    prometheus_server_free(younger);
}

static void it_takes_no_reload_over_http_here(void **state) {
    struct pod *pod = *state;
    pod_start_prometheus(pod);

    pod_start_sidecar(pod, NULL);

    EVENTUALLY(pod, pod_logged(pod, "Prometheus did not take the reload request") == 1);
}

static void a_refused_manifest_is_quarantined_and_the_others_are_served(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    pod_start_prometheus(pod);
    start_sidecar(pod, refusal()->version_flag);
    pod_catch_up(pod);

    pod_drop(pod, (struct manifest){.name = "team-a"});
    drop_refused(pod, "team-b");
    pod_drop(pod, (struct manifest){.name = "team-c"});

    EVENTUALLY(pod, pod_logged(pod, "name=team-b state=quarantined") == 1);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 3);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_true(prometheus_server_runs(pod->prometheus, "team-c"));
    assert_int_equal(pod_logged(pod, "name=team-a state=quarantined"), 0);

    pod_drop(pod, (struct manifest){.name = "team-b"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-b"));
}

static void a_refused_base_gives_way_to_the_last_good_one_and_heals(void **state) {
    struct pod *pod = *state;
    hangup_pod_runs(pod);
    pod_catch_up(pod);
    const char *base = pod_output_without_block(pod);
    pod->refused_on_purpose = true;

    pod_base(pod, arena_format(pod->arena, "%s\nno_such_section: {}\n", base));
    EVENTUALLY(pod, pod_logged(pod, "base_refused=true") == 1);
    assert_null(strstr(pod_output(pod), "no_such_section"));
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    pod_base(pod, arena_format(pod->arena, "%s# mended\n", base));
    EVENTUALLY(pod, strstr(pod_output(pod), "# mended") != NULL);
    pod_catch_up(pod);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
    assert_true(prometheus_server_metric(pod->prometheus,
                                         "prometheus_config_last_reload_successful", NULL) > 0);
}

/* The n-th change, until Prometheus runs it and the sidecar knows. */
static void change(struct pod *pod, unsigned n) {
    const size_t before = reloads(pod);
    const size_t confirmed = pod_logged(pod, LOADED);
    const char *capacity = arena_format(pod->arena, "%u", 1000 + n);

    pod_drop(pod, (struct manifest){.name = "team-a", .capacity = 1000 + n});
    EVENTUALLY(pod, prometheus_server_runs_with(pod->prometheus, "team-a", "queue_config.capacity",
                                                capacity));
    EVENTUALLY(pod, pod_logged(pod, LOADED) == confirmed + 1);
    assert_int_equal(reloads(pod), before + 1);
}

/* Each within a second of the last, which the record cannot tell apart. */
static void changes_in_quick_succession_are_each_loaded_and_confirmed(void **state) {
    enum {
        CHANGES = 6
    };
    struct pod *pod = *state;
    hangup_pod_runs(pod);
    pod_catch_up(pod);

    for (unsigned i = 1; i <= CHANGES; i++) {
        change(pod, i);
    }

    assert_int_equal(pod_logged(pod, "record does not tell"), 0);
    assert_int_equal(pod_logged(pod, "level=error"), 0);
}

static void drop_guilty(struct pod *pod, const char *name) {
    const char *said = arena_format(pod->arena, "name=%s state=quarantined", name);

    drop_refused(pod, name);
    EVENTUALLY(pod, pod_logged(pod, said) == 1);
    assert_false(prometheus_server_runs(pod->prometheus, name));
}

static void a_refusal_in_the_second_of_a_success_is_never_taken_for_one(void **state) {
    struct pod *pod = *state;
    pod->refused_on_purpose = true;
    pod_start_prometheus(pod);
    start_sidecar(pod, refusal()->version_flag);

    pod_catch_up(pod);
    drop_guilty(pod, "guilty-1");
    pod_catch_up(pod);
    drop_guilty(pod, "guilty-2");
    pod_catch_up(pod);

    assert_int_equal(prometheus_server_entries(pod->prometheus), 3);
}

static void a_prometheus_that_comes_back_is_signalled_again(void **state) {
    struct pod *pod = *state;
    hangup_pod_runs(pod);
    pod_catch_up(pod);
    prometheus_server_stop(pod->prometheus);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, pod_logged(pod, "Prometheus cannot be reached") > 0);

    pod_start_prometheus(pod);

    EVENTUALLY(pod, pod_logged(pod, "Prometheus is there") == 1);
    pod_drop(pod, (struct manifest){.name = "team-b"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-b"));
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
}

static void sighup_is_passed_on_though_nothing_changed(void **state) {
    struct pod *pod = *state;
    hangup_pod_runs(pod);
    pod_catch_up(pod);
    const size_t before = reloads(pod);

    process_signal(pod->sidecar, SIGHUP);

    EVENTUALLY(pod, reloads(pod) == before + 1);
    pod_catch_up(pod);
    assert_int_equal(reloads(pod), before + 2);
}

static void a_process_that_is_not_seen_is_said_and_the_config_is_in_place(void **state) {
    struct pod *pod = *state;
    pod_start_prometheus(pod);
    pod_drop(pod, (struct manifest){.name = "team-a"});

    start_sidecar(pod, "--process-executable-name=nobody-at-all");

    EVENTUALLY(pod, pod_logged(pod, "no process of the program nobody-at-all is seen") > 0);
    assert_non_null(strstr(pod_output(pod), "name: team-a"));
    assert_true(pod_logged(pod, "shareProcessNamespace: true") > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HANGUP_TEST(a_dropped_manifest_is_active_and_a_removed_one_is_gone),
        HANGUP_TEST(of_several_of_one_name_the_one_behind_runtimeinfo_is_signalled),
        HANGUP_TEST(it_takes_no_reload_over_http_here),
        HANGUP_TEST(a_refused_manifest_is_quarantined_and_the_others_are_served),
        HANGUP_TEST(a_refused_base_gives_way_to_the_last_good_one_and_heals),
        HANGUP_TEST(changes_in_quick_succession_are_each_loaded_and_confirmed),
        HANGUP_TEST(a_refusal_in_the_second_of_a_success_is_never_taken_for_one),
        HANGUP_TEST(a_prometheus_that_comes_back_is_signalled_again),
        HANGUP_TEST(sighup_is_passed_on_though_nothing_changed),
        HANGUP_TEST(a_process_that_is_not_seen_is_said_and_the_config_is_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
