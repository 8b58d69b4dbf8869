/* SPDX-License-Identifier: Apache-2.0 */

/* Volumes as kubelet lays them out, and the way that it brings changes: a new folder, and one link
 * that is swapped. */

#include "support/kubelet.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include <math.h>
#include <string.h>

static const char *below(struct pod *pod, const char *name) {
    return arena_format(pod->arena, "%s/%s", pod->folder, name);
}

static void a_volume_of_manifests_is_followed_from_swap_to_swap(void **state) {
    struct pod *pod = *state;
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *volume = kubelet_volume_new(pod->manifests);
    const char *a = manifest_text(pod, (struct manifest){.name = "team-a", .capacity = 1000});
    const char *changed = manifest_text(pod, (struct manifest){.name = "team-a", .capacity = 2000});
    const char *b = manifest_text(pod, (struct manifest){.name = "team-b"});
    kubelet_volume_write(volume, "team-a.yaml", a, NULL);
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    kubelet_volume_write(volume, "team-a.yaml", a, "team-b.yaml", b, NULL);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);

    kubelet_volume_write(volume, "team-a.yaml", changed, "team-b.yaml", b, NULL);
    EVENTUALLY(pod, prometheus_server_runs_with(pod->prometheus, "team-a", "queue_config.capacity",
                                                "2000"));

    kubelet_volume_write(volume, "team-b.yaml", b, NULL);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 1);
    assert_true(prometheus_server_runs(pod->prometheus, "team-b"));
}

static void one_swap_is_one_reload_whatever_it_brings(void **state) {
    struct pod *pod = *state;
    const char *path = below(pod, "more-remote-writes");
    CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(path);
    kubelet_volume_write(volume, "team-a.yaml",
                         manifest_text(pod, (struct manifest){.name = "team-a"}), NULL);
    pod_runs(pod, arena_format(pod->arena, "--remote-write-dir=%s", path),
             arena_format(pod->arena, "--remote-write-dir=%s", pod->manifests));
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    kubelet_volume_write(volume, "team-a.yaml",
                         manifest_text(pod, (struct manifest){.name = "team-a", .capacity = 1000}),
                         "team-b.yaml", manifest_text(pod, (struct manifest){.name = "team-b"}),
                         "team-c.yaml", manifest_text(pod, (struct manifest){.name = "team-c"}),
                         NULL);

    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 4);
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 2);
    assert_true(
        prometheus_server_runs_with(pod->prometheus, "team-a", "queue_config.capacity", "1000"));
}

static void a_secret_volume_that_comes_late_and_is_rotated_is_followed(void **state) {
    struct pod *pod = *state;
    static const char file[] = "config/remote-write-secrets/monitoring_team-a_basicAuth.password";
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *volume = kubelet_volume_new(below(pod, "secrets/mounted"));
    pod_drop(pod, (struct manifest){.name = "team-a", .secret = "mounted"});
    pod_runs(pod);
    EVENTUALLY(pod, pod_logged(pod, "mounted") > 0);
    assert_int_equal(prometheus_server_entries(pod->prometheus), 0);

    kubelet_volume_write(volume, "username", RECEIVER_USER, "password", FIRST_PASSWORD, NULL);
    EVENTUALLY(pod, !isnan(pod_newest_sample(pod)));
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    pod_receiver_wants(pod, SECOND_PASSWORD);
    EVENTUALLY(pod, pod_failed_samples(pod, "team-a") > 0);
    const double before = pod_newest_sample(pod);
    kubelet_volume_write(volume, "username", RECEIVER_USER, "password", SECOND_PASSWORD, NULL);
    EVENTUALLY(pod, pod_newest_sample(pod) > before);
    CLEANUP(memory_freep) char *password = file_read(pod->folder, file);
    assert_string_equal(password, SECOND_PASSWORD);
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 1);
}

static void a_base_in_a_configmap_volume_is_followed(void **state) {
    struct pod *pod = *state;
    const char *base = pod_output(pod);
    const char *edited = arena_format(pod->arena, "%s# edited\n", base);
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *volume = kubelet_volume_new(below(pod, "base-volume"));
    kubelet_volume_write(volume, "prometheus.yml", base, NULL);
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod,
             arena_format(pod->arena, "--config-file=%s/base-volume/prometheus.yml", pod->folder));
    pod_catch_up(pod);
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);

    kubelet_volume_write(volume, "prometheus.yml", edited, NULL);

    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) > reloads);
    assert_string_equal(pod_output_without_block(pod), edited);
    assert_true(prometheus_server_runs(pod->prometheus, "team-a"));
}

static void labels_of_the_downward_api_are_followed(void **state) {
    struct pod *pod = *state;
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *volume = kubelet_volume_new(below(pod, "podinfo"));
    kubelet_volume_write(volume, "labels", "app=\"prometheus\"\n", NULL);
    pod_drop(pod, (struct manifest){.name = "production",
                                    .selector = "{matchLabels: {stage: production}}"});
    pod_runs(pod, arena_format(pod->arena, "--cluster-labels-file=%s", pod->labels));
    pod_catch_up(pod);
    assert_false(prometheus_server_runs(pod->prometheus, "production"));

    kubelet_volume_write(volume, "labels", "app=\"prometheus\"\nstage=\"production\"\n", NULL);

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "production"));
}

static void volumes_that_appear_after_the_start_are_found(void **state) {
    struct pod *pod = *state;
    tree_remove(pod->manifests);
    tree_remove(pod->secrets);
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_reloads(pod->prometheus) > 0);

    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *manifests = kubelet_volume_new(pod->manifests);
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *secret = kubelet_volume_new(below(pod, "secrets/" RECEIVER_SECRET));
    kubelet_volume_write(manifests, "team-a.yaml",
                         manifest_text(pod, (struct manifest){.name = "team-a"}), NULL);
    kubelet_volume_write(secret, "username", RECEIVER_USER, "password", FIRST_PASSWORD, NULL);

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(a_volume_of_manifests_is_followed_from_swap_to_swap),
        POD_TEST(one_swap_is_one_reload_whatever_it_brings),
        POD_TEST(a_secret_volume_that_comes_late_and_is_rotated_is_followed),
        POD_TEST(a_base_in_a_configmap_volume_is_followed),
        POD_TEST(labels_of_the_downward_api_are_followed),
        POD_TEST(volumes_that_appear_after_the_start_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
