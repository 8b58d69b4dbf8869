/* SPDX-License-Identifier: Apache-2.0 */

/* From a manifest in a volume to samples at a receiver that wants a password. */

#include "support/pod.h"
#include "support/tempdir.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What the log has of each pass. */
#define PASS "msg=pass "

static void a_dropped_manifest_becomes_an_entry_that_prometheus_runs(void **state) {
    struct pod *pod = *state;
    pod_runs(pod);
    assert_false(prometheus_server_runs(pod->prometheus, "team-a"));

    pod_drop(pod, (struct manifest){.name = "team-a", .capacity = 777});

    EVENTUALLY(pod, prometheus_server_runs_with(pod->prometheus, "team-a", "queue_config.capacity",
                                                "777"));
    assert_true(prometheus_server_runs_with(pod->prometheus, "team-a", "url",
                                            prometheus_server_url(pod->receiver, "/api/v1/write")));
}

static void samples_arrive_at_a_receiver_that_wants_a_password(void **state) {
    struct pod *pod = *state;
    pod_runs(pod);
    assert_true(isnan(pod_newest_sample(pod)));

    pod_drop(pod, (struct manifest){.name = "team-a"});

    EVENTUALLY(pod, !isnan(pod_newest_sample(pod)));
    assert_true(pod_failed_samples(pod, "team-a") == 0);
}

static void a_changed_manifest_changes_its_entry(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a", .capacity = 1000});
    pod_drop(pod, (struct manifest){.name = "team-b", .capacity = 1000});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);

    pod_drop(pod, (struct manifest){.name = "team-a", .capacity = 2000});

    EVENTUALLY(pod, prometheus_server_runs_with(pod->prometheus, "team-a", "queue_config.capacity",
                                                "2000"));
    assert_true(
        prometheus_server_runs_with(pod->prometheus, "team-b", "queue_config.capacity", "1000"));
}

static void a_removed_manifest_leaves_the_config(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_drop(pod, (struct manifest){.name = "team-b"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);

    pod_remove(pod, "team-a");

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 1);
    assert_true(prometheus_server_runs(pod->prometheus, "team-b"));
}

static void a_renamed_manifest_file_is_neither_written_nor_reloaded(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);
    const size_t passes = pod_logged(pod, PASS);
    struct stat before;
    struct stat after;
    assert_int_equal(stat(pod->output, &before), 0);

    assert_int_equal(rename(arena_format(pod->arena, "%s/team-a.yaml", pod->manifests),
                            arena_format(pod->arena, "%s/moved.yaml", pod->manifests)),
                     0);

    EVENTUALLY(pod, pod_logged(pod, PASS) > passes);
    assert_int_equal(stat(pod->output, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 1);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
}

static void a_manifest_that_was_renamed_and_breaks_then_stays_in_service(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    pod_catch_up(pod);
    const size_t passes = pod_logged(pod, PASS);
    assert_int_equal(rename(arena_format(pod->arena, "%s/team-a.yaml", pod->manifests),
                            arena_format(pod->arena, "%s/moved.yaml", pod->manifests)),
                     0);
    EVENTUALLY(pod, pod_logged(pod, PASS) > passes);

    file_write(pod->manifests, "moved.yaml", "kind: [\n");

    EVENTUALLY(pod, pod_logged(pod, "goes on being served in its last good form") > 0);
    pod_catch_up(pod);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
}

static void the_last_removed_manifest_leaves_the_base_as_it_was(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 1);

    pod_remove(pod, "team-a");

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 0);
    assert_string_equal(pod_output(pod), base);
}

static void a_broken_manifest_beside_a_good_one_leaves_the_good_one_active(void **state) {
    struct pod *pod = *state;
    file_write(pod->manifests, "a-no-yaml.yaml", "kind: RemoteWrite\nmetadata: [\n");
    file_write(pod->manifests, "b-wrong-field.yaml",
               "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
               "kind: RemoteWrite\n"
               "metadata: {name: team-b, namespace: monitoring}\n"
               "spec:\n"
               "  clusterSelector: {}\n"
               "  remoteWrite: {url: 'http://127.0.0.1:1/', queueConfig: {capazity: 1}}\n");
    pod_drop(pod, (struct manifest){.name = "team-a"});

    pod_runs(pod);

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
    assert_int_equal(prometheus_server_entries(pod->prometheus), 1);
    assert_int_not_equal(pod_logged(pod, "a-no-yaml.yaml"), 0);
    assert_int_not_equal(pod_logged(pod, "capazity"), 0);
}

static void a_selector_that_does_not_match_leaves_the_manifest_out(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "elsewhere",
                                    .selector = "{matchLabels: {cluster: gorilla}}"});
    pod_drop(pod, (struct manifest){.name = "here",
                                    .selector = "{matchExpressions: [{key: cluster, operator: In, "
                                                "values: [gazelle, gnu]}]}"});
    pod_drop(pod, (struct manifest){.name = "nowhere", .selector = "null"});

    pod_runs(pod, "--cluster-label=cluster=gazelle");

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "here"));
    assert_int_equal(prometheus_server_entries(pod->prometheus), 1);
}

static void a_changed_labels_file_lets_a_manifest_in(void **state) {
    struct pod *pod = *state;
    pod_cluster_labels(pod, "cluster=\"gazelle\"\nstage=\"testing\"\n");
    pod_drop(pod, (struct manifest){.name = "all"});
    pod_drop(pod, (struct manifest){.name = "production",
                                    .selector = "{matchLabels: {stage: production}}"});
    pod_runs(pod, arena_format(pod->arena, "--cluster-labels-file=%s", pod->labels));
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "all"));
    assert_false(prometheus_server_runs(pod->prometheus, "production"));

    pod_cluster_labels(pod, "cluster=\"gazelle\"\nstage=\"production\"\n");

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "production"));
    assert_true(prometheus_server_runs(pod->prometheus, "all"));
}

/* What stands in testdata/guide/remote-write.yaml for the URL of those who receive. */
static const char guide_url[] = "https://metrics.example.org/api/prom/push";

static void the_manifest_of_the_guide_works_as_it_stands(void **state) {
    struct pod *pod = *state;
    char *guide = file_read("testdata/guide", "remote-write.yaml");
    const char *url = strstr(guide, guide_url);
    assert_non_null(url);
    const char *manifest = arena_format(pod->arena, "%.*s%s%s", (int)(url - guide), guide,
                                        prometheus_server_url(pod->receiver, "/api/v1/write"),
                                        url + strlen(guide_url));
    free(guide);
    pod_runs(pod);

    file_replace(pod->manifests, "grafana-cloud.yaml", manifest);

    EVENTUALLY(pod, prometheus_server_runs_with(pod->prometheus, "grafana-cloud",
                                                "queue_config.min_shards", "10"));
    EVENTUALLY(pod, !isnan(pod_newest_sample(pod)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(a_dropped_manifest_becomes_an_entry_that_prometheus_runs),
        POD_TEST(samples_arrive_at_a_receiver_that_wants_a_password),
        POD_TEST(a_changed_manifest_changes_its_entry),
        POD_TEST(a_removed_manifest_leaves_the_config),
        POD_TEST(a_renamed_manifest_file_is_neither_written_nor_reloaded),
        POD_TEST(a_manifest_that_was_renamed_and_breaks_then_stays_in_service),
        POD_TEST(the_last_removed_manifest_leaves_the_base_as_it_was),
        POD_TEST(a_broken_manifest_beside_a_good_one_leaves_the_good_one_active),
        POD_TEST(a_selector_that_does_not_match_leaves_the_manifest_out),
        POD_TEST(a_changed_labels_file_lets_a_manifest_in),
        POD_TEST(the_manifest_of_the_guide_works_as_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
