/* SPDX-License-Identifier: Apache-2.0 */

/* Whether the samples of each RemoteWrite flow, as a real Prometheus tells and as the sidecar shows
 * it: on the page, in the JSON, and to a Prometheus that scrapes it. */

#include "base/memory.h"
#include "support/assertions.h"
#include "support/pod_web.h"
#include "support/tempdir.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Nothing listens there. */
#define CLOSED "http://127.0.0.1:1/api/v1/write"

#define SCRAPE_SECONDS 3

/* --- what the sidecar shows ----------------------------------------------------------------- */

static bool is_metric(struct pod *pod, const char *metric, const char *name, const char *value) {
    return pod_web_says(
        pod, "/metrics",
        arena_format(pod->arena,
                     "\nremotewrite_sidecar_remote_write_%s{namespace=\"monitoring\","
                     "name=\"%s\"} %s\n",
                     metric, name, value));
}

/* The health of a RemoteWrite in the JSON: *ret_root is the caller's. NULL: there is none. */
static const json_t *health_of(struct pod *pod, const char *name, json_t **ret_root) {
    CLEANUP(http_reply_free) struct http_reply reply = pod_web_get(pod, "/api/v1/status");
    size_t index = 0;
    const json_t *item = NULL;

    *ret_root = json_loadb(buffer_string(&reply.body), reply.body.length, 0, NULL);
    json_array_foreach(json_object_get(*ret_root, "remoteWrites"), index, item) {
        if (strcmp(json_string_value(json_object_get(item, "name")), name) == 0) {
            const json_t *health = json_object_get(item, "health");
            return json_is_null(health) ? NULL : health;
        }
    }
    return NULL;
}

static bool is_verdict(struct pod *pod, const char *name, const char *verdict) {
    json_t *root = NULL;
    const char *said = json_string_value(json_object_get(health_of(pod, name, &root), "verdict"));
    bool same = said != NULL && strcmp(said, verdict) == 0;

    json_decref(root);
    return same;
}

/* NAN: it is not told. */
static double json_figure(struct pod *pod, const char *name, const char *key) {
    json_t *root = NULL;
    const json_t *value = json_object_get(health_of(pod, name, &root), key);
    double number = json_is_number(value) ? json_number_value(value) : NAN;

    json_decref(root);
    return number;
}

/* The page's row of a RemoteWrite has this text. */
static bool row_says(struct pod *pod, const char *name, const char *text) {
    CLEANUP(http_reply_free) struct http_reply reply = pod_web_get(pod, "/");
    char *row =
        strstr(buffer_string(&reply.body), arena_format(pod->arena, ">monitoring/%s<", name));
    char *end = row != NULL ? strstr(row, "</tr>") : NULL;

    if (end == NULL) {
        return false;
    }
    *end = '\0';
    return strstr(row, text) != NULL;
}

/* --- what the user does --------------------------------------------------------------------- */

static void drop_to_closed_port(struct pod *pod, const char *name) {
    file_replace(pod->manifests, arena_format(pod->arena, "%s.yaml", name),
                 arena_format(pod->arena,
                              "apiVersion: monitoring.coreos.com/v1alpha1\n"
                              "kind: RemoteWrite\n"
                              "metadata: {name: %s, namespace: monitoring}\n"
                              "spec:\n"
                              "  url: " CLOSED "\n"
                              "  queueConfig: {batchSendDeadline: 100ms, maxBackoff: 200ms}\n",
                              name));
}

/* The Prometheus beside the sidecar scrapes it, too. */
static void scrape_the_sidecar(struct pod *pod) {
    const char *url = pod_web_url(pod, "");
    assert_non_null(url);

    pod_base(pod,
             arena_format(pod->arena,
                          "%s\n"
                          "    - job_name: sidecar\n"
                          "      scrape_interval: %us\n"
                          "      static_configs: [{targets: ['%s']}]\n",
                          pod_output_without_block(pod), SCRAPE_SECONDS, url + strlen("http://")));
}

static double scraped(struct pod *pod, const char *metric, const char *name) {
    return prometheus_server_query(
        pod->prometheus,
        arena_format(pod->arena, "remotewrite_sidecar_remote_write_%s{name=\"%s\"}", metric, name));
}

static double last_scrape(struct pod *pod) {
    return prometheus_server_query(pod->prometheus, "timestamp(up{job=\"sidecar\"})");
}

/* Prometheus has tried to send for both: from here on it can be told. */
static bool both_have_begun(struct pod *pod) {
    return prometheus_server_metric(pod->prometheus,
                                    "prometheus_remote_storage_samples_retried_total",
                                    "remote_name=\"down\"") > 0 &&
           prometheus_server_metric(pod->prometheus, "prometheus_remote_storage_bytes_total",
                                    "remote_name=\"up\"") > 0;
}

static void given_one_that_flows_and_one_that_does_not(struct pod *pod) {
    pod_runs(pod, POD_ANY_PORT);
    pod_drop(pod, (struct manifest){.name = "up"});
    drop_to_closed_port(pod, "down");
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, "up") &&
                        prometheus_server_runs(pod->prometheus, "down"));
}

/* --- tests ---------------------------------------------------------------------------------- */

static void metrics_tell_which_one_flows_within_two_scrapes(void **state) {
    struct pod *pod = *state;
    given_one_that_flows_and_one_that_does_not(pod);
    scrape_the_sidecar(pod);
    EVENTUALLY(pod, both_have_begun(pod) && last_scrape(pod) > 0);
    const double begun = last_scrape(pod);

    EVENTUALLY(pod, last_scrape(pod) > begun + 1.5 * SCRAPE_SECONDS);

    assert_true(scraped(pod, "flowing", "up") == 1);
    assert_true(scraped(pod, "flowing", "down") == 0);
    assert_true(scraped(pod, "samples_sent_total", "up") > 0);
    assert_true(scraped(pod, "samples_sent_total", "down") == 0);
    assert_true(scraped(pod, "samples_failed_total", "down") == 0);
    assert_true(scraped(pod, "samples_retried_total", "down") > 0);
    assert_true(scraped(pod, "samples_pending", "down") > 0);
    assert_true(scraped(pod, "highest_sent_timestamp_seconds", "up") > 0);
    assert_true(isnan(scraped(pod, "highest_sent_timestamp_seconds", "down")));
    pod_web_assert_valid_metrics(pod);
}

static void page_and_json_tell_which_one_flows(void **state) {
    struct pod *pod = *state;
    given_one_that_flows_and_one_that_does_not(pod);

    EVENTUALLY(pod, is_verdict(pod, "up", "flowing"));
    EVENTUALLY(pod, is_verdict(pod, "down", "retrying"));

    assert_true(json_figure(pod, "up", "samplesSent") > 0);
    assert_true(json_figure(pod, "up", "shards") > 0);
    assert_true(json_figure(pod, "down", "samplesSent") == 0);
    assert_true(json_figure(pod, "down", "samplesPending") > 0);
    assert_true(row_says(pod, "up", "<span class=\"badge ok\">flowing</span>"));
    assert_true(row_says(pod, "up", " s ago"));
    assert_true(row_says(pod, "down", "<span class=\"badge bad\">retrying</span>"));
    assert_true(row_says(pod, "down", ">0 sent, "));
}

static void one_that_is_not_served_has_no_health(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_drop(pod, (struct manifest){.name = "up"});
    pod_drop(pod, (struct manifest){.name = "waits", .secret = "to-come"});

    EVENTUALLY(pod, is_verdict(pod, "up", "flowing"));

    json_t *root = NULL;
    assert_null(health_of(pod, "waits", &root));
    json_decref(root);
    assert_false(
        pod_web_says(pod, "/metrics", "_flowing{namespace=\"monitoring\",name=\"waits\"}"));
}

static void a_receiver_that_goes_down_and_comes_back_is_seen_to(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_drop(pod, (struct manifest){.name = "up"});
    EVENTUALLY(pod, is_metric(pod, "flowing", "up", "1"));

    prometheus_server_stop(pod->receiver);
    EVENTUALLY(pod, is_metric(pod, "flowing", "up", "0"));
    EVENTUALLY(pod, is_verdict(pod, "up", "retrying"));

    assert_true(prometheus_server_start(pod->receiver));
    EVENTUALLY(pod, is_verdict(pod, "up", "flowing"));
    EVENTUALLY(pod, is_metric(pod, "flowing", "up", "1"));
}

static void a_receiver_that_refuses_the_samples_is_failing(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_drop(pod, (struct manifest){.name = "up"});
    EVENTUALLY(pod, is_verdict(pod, "up", "flowing"));

    pod_receiver_wants(pod, SECOND_PASSWORD);
    EVENTUALLY(pod, is_verdict(pod, "up", "failing"));
    EVENTUALLY(pod, is_metric(pod, "flowing", "up", "0"));
    assert_true(row_says(pod, "up", " refused, "));

    pod_receiver_wants(pod, FIRST_PASSWORD);
    EVENTUALLY(pod, is_verdict(pod, "up", "flowing"));
}

static void without_prometheus_nothing_is_told_and_the_page_says_so(void **state) {
    struct pod *pod = *state;
    pod_runs(pod, POD_ANY_PORT);
    pod_drop(pod, (struct manifest){.name = "up"});
    EVENTUALLY(pod, is_metric(pod, "flowing", "up", "1"));

    prometheus_server_stop(pod->prometheus);
    EVENTUALLY(pod, row_says(pod, "up", "<span class=\"badge off\">unknown</span>"));

    assert_true(
        pod_web_says(pod, "/", "Prometheus does not tell whether samples flow: GET http://"));
    assert_false(pod_web_says(pod, "/metrics", "remotewrite_sidecar_remote_write_flowing"));
    assert_false(
        pod_web_says(pod, "/metrics", "remotewrite_sidecar_remote_write_samples_sent_total"));
    assert_true(pod_web_says(pod, "/metrics", "remotewrite_sidecar_remote_write_state"));
    pod_web_assert_valid_metrics(pod);
    /* Said once, however often it is asked; a request that the stop cut off is another fault. */
    assert_between(pod_logged(pod, " msg=\"Prometheus does not tell whether samples"), 1, 2);

    pod_start_prometheus(pod);
    EVENTUALLY(pod, is_verdict(pod, "up", "flowing"));
    assert_int_equal(pod_logged(pod, "Prometheus tells again whether samples flow"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        POD_TEST(metrics_tell_which_one_flows_within_two_scrapes),
        POD_TEST(page_and_json_tell_which_one_flows),
        POD_TEST(one_that_is_not_served_has_no_health),
        POD_TEST(a_receiver_that_goes_down_and_comes_back_is_seen_to),
        POD_TEST(a_receiver_that_refuses_the_samples_is_failing),
        POD_TEST(without_prometheus_nothing_is_told_and_the_page_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
