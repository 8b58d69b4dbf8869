/* SPDX-License-Identifier: Apache-2.0 */

/* When Prometheus is asked to reload, and when it is not; and how the sidecar ends. */

#include "support/http_stub.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <signal.h>
#include <string.h>

static void sighup_reloads_though_nothing_changed(void **state) {
    struct pod *pod = *state;
    pod_runs(pod);
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);
    const char *config = pod_output(pod);

    process_signal(pod->sidecar, SIGHUP);

    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) == reloads + 1);
    assert_string_equal(pod_output(pod), config);
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 2);
}

static void a_prometheus_that_starts_after_the_sidecar_is_served_once_it_is_up(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_start_sidecar(pod, NULL);
    EVENTUALLY(pod, strstr(pod_output(pod), "name: team-a") != NULL);

    /* It comes up with this on disk, and with a change that nobody could tell it of. */
    pod_drop(pod, (struct manifest){.name = "team-b"});
    EVENTUALLY(pod, strstr(pod_output(pod), "name: team-b") != NULL);
    pod_start_prometheus(pod);

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);
    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) > 0);
    pod_drop(pod, (struct manifest){.name = "team-c"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-c"));
}

static void a_prometheus_that_comes_back_is_served_again(void **state) {
    struct pod *pod = *state;
    pod_runs(pod);
    pod_catch_up(pod);
    prometheus_server_stop(pod->prometheus);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, strstr(pod_output(pod), "name: team-a") != NULL);

    pod_start_prometheus(pod);

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_drop(pod, (struct manifest){.name = "team-b"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-b"));
}

static void ten_changes_within_the_delay_are_one_reload(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, "--delay-interval=500ms");
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    for (unsigned i = 1; i <= 10; i++) {
        pod_drop(pod, (struct manifest){.name = "team-a", .capacity = 1000 + i});
    }

    EVENTUALLY(pod, prometheus_server_runs_with(pod->prometheus, "team-a", "queue_config.capacity",
                                                "1010"));
    /* Nor was a second one still to come. */
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 2);
}

static void a_change_that_means_nothing_writes_and_reloads_nothing(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);
    const size_t written = pod_logged(pod, "config written");

    const char *manifest = manifest_text(pod, (struct manifest){.name = "team-a"});
    file_replace(pod->manifests, "team-a.yaml",
                 arena_format(pod->arena, "%s# a comment\n", manifest));
    pod_secret(pod, "of-nobody", FIRST_PASSWORD);
    file_write(pod->manifests, "README.txt", "no manifest\n");

    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 1);
    assert_int_equal(pod_logged(pod, "config written"), written + 1);
}

static void a_refused_config_leaves_the_sidecar_and_prometheus_running(void **state) {
    struct pod *pod = *state;
    pod_runs(pod);
    pod_catch_up(pod);
    const char *base = pod_output_without_block(pod);
    pod->refused_on_purpose = true;

    /* YAML, but no configuration of Prometheus: the sidecar cannot know. */
    pod_base(pod, arena_format(pod->arena, "%s\nno_such_section: {}\n", base));
    EVENTUALLY(pod, pod_logged(pod, "no_such_section") > 0);
    assert_true(prometheus_server_runs(pod->prometheus, "catch-up-1"));

    pod_base(pod, base);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
}

static void sigterm_ends_it_with_0_at_once_while_a_reload_is_under_way(void **state) {
    struct pod *pod = *state;
    CLEANUP(http_stub_freep) struct http_stub *stub = http_stub_new();
    http_stub_script(stub, "/-/reload", &(struct stub_answer){.mode = STUB_HANG}, 1);
    http_stub_listen(stub);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_start_sidecar(
        pod, arena_format(pod->arena, "--reload-url=%s", http_stub_url(stub, "/-/reload")), NULL);
    EVENTUALLY(pod, http_stub_count(stub, "/-/reload") == 1);

    process_signal(pod->sidecar, SIGTERM);

    assert_int_equal(process_wait(pod->sidecar, 2000), 0);
    process_free(pod->sidecar);
    pod->sidecar = NULL;
}

static void sigint_ends_it_with_0_as_well(void **state) {
    struct pod *pod = *state;
    pod_runs(pod);
    pod_catch_up(pod);

    process_signal(pod->sidecar, SIGINT);

    assert_int_equal(process_wait(pod->sidecar, 2000), 0);
    process_free(pod->sidecar);
    pod->sidecar = NULL;
}

static void a_restarted_sidecar_goes_on_where_the_last_one_was(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    const char *config = pod_output(pod);
    process_signal(pod->sidecar, SIGKILL);
    process_free(pod->sidecar);
    pod_drop(pod, (struct manifest){.name = "team-b"});
    assert_string_equal(pod_output(pod), config);

    pod_start_sidecar(pod, NULL);

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);
    assert_true(prometheus_server_runs(pod->prometheus, "team-b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(sighup_reloads_though_nothing_changed),
        POD_TEST(a_prometheus_that_starts_after_the_sidecar_is_served_once_it_is_up),
        POD_TEST(a_prometheus_that_comes_back_is_served_again),
        POD_TEST(ten_changes_within_the_delay_are_one_reload),
        POD_TEST(a_change_that_means_nothing_writes_and_reloads_nothing),
        POD_TEST(a_refused_config_leaves_the_sidecar_and_prometheus_running),
        POD_TEST(sigterm_ends_it_with_0_at_once_while_a_reload_is_under_way),
        POD_TEST(sigint_ends_it_with_0_as_well),
        POD_TEST(a_restarted_sidecar_goes_on_where_the_last_one_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
