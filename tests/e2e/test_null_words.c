/* SPDX-License-Identifier: Apache-2.0 */

/* Strings that Prometheus's YAML library takes for null, though they are quoted: "null" and "~". As
 * a relabel expression such a null is written over the default expression of the whole process: the
 * relabel rules of everybody who gives no expression stop working, also when the entry is gone. */

#include "support/pod.h"
#include "support/tempdir.h"

#include <math.h>
#include <string.h>

/* So many jobs, "job-1" and on. Their rules give no expression: a sample gets its labels only where
 * the default one is as Prometheus has it. */
static const char *base_of(struct pod *pod, unsigned jobs) {
    const char *text = arena_format(pod->arena,
                                    "global:\n"
                                    "  scrape_interval: 200ms\n"
                                    "  external_labels: {pod: e2e}\n"
                                    "rule_files: ['%s/base/rules.yml']\n"
                                    "scrape_configs:\n",
                                    pod->folder);

    for (unsigned job = 1; job <= jobs; job++) {
        text =
            arena_format(pod->arena,
                         "%s"
                         "  - job_name: job-%u\n"
                         "    static_configs:\n"
                         "      - targets: ['127.0.0.1:%u']\n"
                         "    relabel_configs:\n"
                         "      - {source_labels: [__scheme__], target_label: target}\n"
                         "    metric_relabel_configs:\n"
                         "      - {source_labels: [__name__], regex: process_start_time_seconds, "
                         "action: keep}\n"
                         "      - {source_labels: [job], target_label: sample}\n",
                         text, job, prometheus_server_port(pod->prometheus));
    }
    return text;
}

/* heartbeat comes last of what is evaluated together. */
static const char rules[] = "groups:\n"
                            "  - name: e2e\n"
                            "    interval: 200ms\n"
                            "    rules:\n"
                            "      - {record: of_null, expr: vector(1), labels: {pod: 'null'}}\n"
                            "      - {record: of_tilde, expr: vector(1), labels: {pod: '~'}}\n"
                            "      - {record: heartbeat, expr: vector(1)}\n";

static void given_rules_without_an_expression(struct pod *pod) {
    file_replace(arena_format(pod->arena, "%s/base", pod->folder), "rules.yml", rules);
    pod_base(pod, base_of(pod, 1));
    file_write(pod->folder, "config/prometheus.yml", base_of(pod, 1));
}

/* A RemoteWrite with such words as name, expressions, labels, values and a header. */
static void drop_null_words(struct pod *pod) {
    static const char rest[] = "    headers: {X-Null: \"null\", X-Tilde: \"~\"}\n"
                               "    writeRelabelConfigs:\n"
                               "      - {action: drop, sourceLabels: [pod], regex: \"null\"}\n"
                               "      - {action: drop, sourceLabels: [pod], regex: \"~\"}\n"
                               "      - sourceLabels: [\"null\"]\n"
                               "        separator: \"~\"\n"
                               "        regex: \"null\"\n"
                               "        targetLabel: \"null\"\n"
                               "        replacement: \"~\"\n";

    file_replace(pod->manifests, "null.yaml",
                 arena_format(pod->arena, "%s%s",
                              manifest_text(pod, (struct manifest){.name = "\"null\""}), rest));
}

/* Looks at one job more: Prometheus remembers what became of the samples of those that it has. */
static void then_the_default_expression_works_for_job(struct pod *pod, unsigned job) {
    const char *series = arena_format(
        pod->arena, "process_start_time_seconds{job=\"job-%u\",target=\"http\",sample=\"job-%u\"}",
        job, job);

    pod_base(pod, base_of(pod, job));
    EVENTUALLY(pod,
               !isnan(prometheus_server_query(
                   pod->prometheus,
                   arena_format(pod->arena, "process_start_time_seconds{job=\"job-%u\"}", job))));
    if (isnan(prometheus_server_query(pod->prometheus, series))) {
        pod_show_logs(pod);
        fail_msg("samples of job-%u have not the labels of its rules", job);
    }
}

static void null_as_an_expression_leaves_the_default_one_alone(void **state) {
    struct pod *pod = *state;
    given_rules_without_an_expression(pod);
    pod_runs(pod);
    then_the_default_expression_works_for_job(pod, 1);

    drop_null_words(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "null"));
    then_the_default_expression_works_for_job(pod, 2);

    pod_remove(pod, "null");
    EVENTUALLY(pod, prometheus_server_entries(pod->prometheus) == 0);
    then_the_default_expression_works_for_job(pod, 3);
    assert_string_equal(pod_output(pod), base_of(pod, 3));
}

static void null_as_an_expression_matches_the_word(void **state) {
    struct pod *pod = *state;
    given_rules_without_an_expression(pod);
    drop_null_words(pod);
    pod_runs(pod);

    EVENTUALLY(pod, !isnan(pod_newest_sample(pod)));
    const double newest = pod_newest_sample(pod);
    EVENTUALLY(pod, pod_newest_sample(pod) > newest);

    assert_true(isnan(prometheus_server_query(pod->receiver, "count({pod=~\"null|~\"})")));
    assert_true(!isnan(prometheus_server_query(pod->prometheus, "count({pod=\"null\"})")));
    assert_true(!isnan(prometheus_server_query(pod->prometheus, "count({pod=\"~\"})")));
}

/* The state file has the entry as text. */
static void null_as_an_expression_comes_back_from_the_state(void **state) {
    struct pod *pod = *state;
    given_rules_without_an_expression(pod);
    drop_null_words(pod);
    pod_runs(pod);
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "null"));
    pod_catch_up(pod);
    assert_int_equal(pod_stop_sidecar(pod), 0);
    file_write(pod->manifests, "null.yaml", "kind: [\n");

    pod_start_sidecar(pod, NULL);

    EVENTUALLY(pod, pod_logged(pod, "goes on being served in its last good form") > 0);
    pod_catch_up(pod);
    assert_true(prometheus_server_runs_with(pod->prometheus, "null", "headers.X-Null", "null"));
    then_the_default_expression_works_for_job(pod, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(null_as_an_expression_leaves_the_default_one_alone),
        POD_TEST(null_as_an_expression_matches_the_word),
        POD_TEST(null_as_an_expression_comes_back_from_the_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
