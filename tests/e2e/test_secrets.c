/* SPDX-License-Identifier: Apache-2.0 */

/* Passwords: late, wrong, and rotated under a Prometheus that runs on. */

#include "support/pod.h"
#include "support/tempdir.h"

#include <math.h>
#include <string.h>

static void a_receiver_refuses_a_wrong_password_until_the_right_one_comes(void **state) {
    struct pod *pod = *state;
    pod_secret(pod, "guess", "sesame");
    pod_drop(pod, (struct manifest){.name = "team-a", .secret = "guess"});
    pod_runs(pod);

    EVENTUALLY(pod, pod_failed_samples(pod, "team-a") > 0);
    EVENTUALLY(pod, prometheus_server_logged(pod->prometheus, "401 Unauthorized") > 0);
    assert_true(isnan(pod_newest_sample(pod)));

    pod_secret(pod, "guess", FIRST_PASSWORD);
    EVENTUALLY(pod, !isnan(pod_newest_sample(pod)));
}

static void a_secret_that_comes_late_turns_pending_into_active(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "early"});
    pod_drop(pod, (struct manifest){.name = "late", .secret = "not-yet"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "early"));
    EVENTUALLY(pod, pod_logged(pod, "not-yet") > 0);
    assert_int_equal(prometheus_server_entries(pod->prometheus), 1);

    pod_secret(pod, "not-yet", FIRST_PASSWORD);

    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "late"));
    assert_true(prometheus_server_runs(pod->prometheus, "early"));
}

static void a_rotated_password_reaches_the_receiver_without_a_reload(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    pod_catch_up(pod);
    EVENTUALLY(pod, !isnan(pod_newest_sample(pod)));
    const unsigned reloads = prometheus_server_reloads(pod->prometheus);
    const double loaded = prometheus_server_metric(
        pod->prometheus, "prometheus_config_last_reload_success_timestamp_seconds", NULL);
    const char *config = pod_output(pod);

    /* The receiver goes first, so that what it has from here on came with the new password. */
    pod_receiver_wants(pod, SECOND_PASSWORD);
    EVENTUALLY(pod, pod_failed_samples(pod, "team-a") > 0);
    const double before = pod_newest_sample(pod);
    pod_secret(pod, RECEIVER_SECRET, SECOND_PASSWORD);

    EVENTUALLY(pod, pod_newest_sample(pod) > before);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads);
    assert_true(prometheus_server_metric(pod->prometheus,
                                         "prometheus_config_last_reload_success_timestamp_seconds",
                                         NULL) == loaded);
    assert_string_equal(pod_output(pod), config);

    /* Nor was one still to come. */
    pod_catch_up(pod);
    assert_int_equal(prometheus_server_reloads(pod->prometheus), reloads + 1);
}

static void a_removed_manifest_takes_its_secret_files_with_it(void **state) {
    struct pod *pod = *state;
    static const char file[] = "config/remote-write-secrets/monitoring_team-a_basicAuth.password";
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_drop(pod, (struct manifest){.name = "team-b"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 2);
    assert_true(file_exists(pod->folder, file));

    pod_remove(pod, "team-a");

    EVENTUALLY(pod, !file_exists(pod->folder, file));
    assert_int_equal(prometheus_server_entries(pod->prometheus), 1);
    assert_true(file_exists(pod->folder,
                            "config/remote-write-secrets/monitoring_team-b_basicAuth.password"));
}

static void no_password_is_in_the_config_or_in_a_log(void **state) {
    struct pod *pod = *state;
    pod_drop(pod, (struct manifest){.name = "team-a"});
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "team-a"));

    /* However it may be quoted there. */
    assert_null(strstr(pod_output(pod), "first:"));
    assert_int_equal(pod_logged(pod, "first:"), 0);
    assert_int_equal(prometheus_server_logged(pod->prometheus, "first:"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(a_receiver_refuses_a_wrong_password_until_the_right_one_comes),
        POD_TEST(a_secret_that_comes_late_turns_pending_into_active),
        POD_TEST(a_rotated_password_reaches_the_receiver_without_a_reload),
        POD_TEST(a_removed_manifest_takes_its_secret_files_with_it),
        POD_TEST(no_password_is_in_the_config_or_in_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
