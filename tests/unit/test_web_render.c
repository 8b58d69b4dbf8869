/* SPDX-License-Identifier: Apache-2.0 */

/* What the web room says of a view: metrics, JSON, HTML, and which request gets which. */

#include "support/assertions.h"
#include "support/process.h"
#include "support/tempdir.h"
#include "support/web_fixture.h"

#include "base/memory.h"
#include "web/mask.h"
#include "web/metrics.h"
#include "web/page.h"
#include "web/respond.h"
#include "web/status.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *metrics_of(const struct web_view *view, struct buffer *out) {
    metrics_render(view, out);
    return buffer_string(out);
}

static const char *page_of(const struct web_view *view, struct buffer *out) {
    page_render(view, "abc123", out);
    return buffer_string(out);
}

static size_t occurrences(const char *text, const char *needle) {
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++) {
        count++;
    }
    return count;
}

/* --- metrics -------------------------------------------------------------------------------- */

/* promtool reads standard input, so a shell hands it the file. */
static void assert_promtool_is_silent(const struct web_view *view) {
    const char *promtool = promtool_or_skip();
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer command = {0};
    CLEANUP(tempdir_removep) char *folder = tempdir_new();

    file_write(folder, "metrics", metrics_of(view, &text));
    file_write(folder, "said", "");
    buffer_printf(&command, "'%s' check metrics < '%s/metrics' > '%s/said' 2>&1", promtool, folder,
                  folder);
    const char *const arguments[] = {"/bin/sh", "-c", buffer_string(&command), NULL};
    int status = process_run(arguments, NULL, "/dev/null", 20000);
    CLEANUP(memory_freep) char *said = file_read(folder, "said");
    assert_string_equal(said, "");
    assert_int_equal(status, 0);
}

static void metrics_are_valid_at_the_start(void **state) {
    struct web_view view;
    view_of_start(&view);

    assert_promtool_is_silent(&view);
}

static void metrics_are_valid_with_odd_names_and_every_state(void **state) {
    struct web_view view;
    view_example(&view);

    assert_promtool_is_silent(&view);
}

static void metrics_have_the_names_of_the_reloader_s(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_non_null(strstr(text, "\nreloader_reloads_total 9\n"));
    assert_non_null(strstr(text, "\nreloader_reloads_failed_total 2\n"));
    assert_non_null(strstr(text, "\nreloader_last_reload_successful 1\n"));
    assert_non_null(
        strstr(text, "\nreloader_last_reload_success_timestamp_seconds 1769860800.25\n"));
    assert_non_null(strstr(text, "\nreloader_config_apply_operations_total 12\n"));
    assert_non_null(strstr(text, "\nreloader_config_apply_operations_failed_total 1\n"));
    assert_non_null(strstr(text, "\nreloader_config_environment_variable_expansion_errors 3\n"));
    assert_non_null(strstr(text, "\nreloader_watches 4\n"));
    assert_non_null(strstr(text, "\nreloader_watch_events_total 5\n"));
    assert_non_null(strstr(text, "\nreloader_watch_errors_total 6\n"));
    assert_non_null(strstr(text, "\nreloader_info{method=\"http\"} 1\n"));
}

static void the_running_config_is_a_metric_where_it_is_known(void **state) {
    static const char name[] = "remotewrite_sidecar_prometheus_config_matches";
    CLEANUP(buffer_free) struct buffer matches = {0};
    CLEANUP(buffer_free) struct buffer differs = {0};
    CLEANUP(buffer_free) struct buffer unknown = {0};
    struct web_view view;
    view_example(&view);

    assert_non_null(
        strstr(metrics_of(&view, &matches), "\nremotewrite_sidecar_prometheus_config_matches 1\n"));
    view.running_config = "differs";
    assert_non_null(
        strstr(metrics_of(&view, &differs), "\nremotewrite_sidecar_prometheus_config_matches 0\n"));
    view.running_config = "unknown";
    assert_null(strstr(metrics_of(&view, &unknown), name));
}

/* Every metric that prometheus-config-reloader 0.93 serves, but for those of Go's runtime: names,
 * types and label names, as its own answer has them. */
static void every_metric_of_the_reloader_is_there(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(memory_freep) char *table = file_read("testdata/reloader", "metrics.txt");
    struct web_view view;
    size_t count = 0;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_non_null(table);
    for (char *rest = NULL, *line = strtok_r(table, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '#') {
            continue;
        }
        /* NAME TYPE [LABEL ...] */
        char *words = NULL;
        const char *name = strtok_r(line, " ", &words);
        const char *type = strtok_r(NULL, " ", &words);
        char expected[256];
        snprintf(expected, sizeof(expected), "# TYPE %s %s\n", name, type);
        const char *at = strstr(text, expected);
        if (at == NULL) {
            fail_msg("%s, a %s, is not there", name, type);
            continue; /* not reached; the analyzer does not know */
        }
        for (const char *label = strtok_r(NULL, " ", &words); label != NULL;
             label = strtok_r(NULL, " ", &words)) {
            snprintf(expected, sizeof(expected), "%s=\"", label);
            const char *found = strstr(at, expected);
            assert_non_null(found);
            assert_true(found < strstr(at, "} "));
        }
        count++;
    }
    assert_true(count > 20);
    assert_non_null(strstr(text, "\nprocess_network_receive_bytes_total 1496447395\n"));
    assert_non_null(strstr(text, "\npromhttp_metric_handler_errors_total{cause=\"encoding\"} 2\n"));
    assert_non_null(
        strstr(text, "\npromhttp_metric_handler_errors_total{cause=\"gathering\"} 3\n"));
}

static void network_octets_are_read_by_their_names(void **state) {
    static const char text[] = "TcpExt: SyncookiesSent InOctets\nTcpExt: 1 2\n"
                               "IpExt: InNoRoutes InOctets OutOctets InMcastOctets\n"
                               "IpExt: 7 18446744073709551615 12 0\nMPTcpExt: A\nMPTcpExt: 0\n";
    uint64_t received = 0;
    uint64_t sent = 0;

    assert_true(network_octets_parse(text, &received, &sent));
    assert_true(received == UINT64_MAX);
    assert_int_equal(sent, 12);
    assert_false(network_octets_parse("", &received, &sent));
    assert_false(network_octets_parse("IpExt: InOctets OutOctets", &received, &sent));
    assert_false(network_octets_parse("IpExt: InOctets OutOctets\n", &received, &sent));
    assert_false(network_octets_parse("IpExt: InOctets OutOctets\nIpExt: 1\n", &received, &sent));
    assert_false(network_octets_parse("IpExt: InOctets\nIpExt: 1\n", &received, &sent));
    assert_false(network_octets_parse("IpExt: InOctets OutOctets\nIpExt: a b\n", &received, &sent));
}

static void label_values_are_escaped(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_non_null(strstr(text, "name=\"<script>alert(1)</script> \\\"quoted\\\" 'single' & "
                                 "back\\\\slash\\nnext line\",state=\"quarantined\"} 1\n"));
    assert_non_null(strstr(text, "name=\"w\xEF\xBF\xBD\""));
}

static void two_manifests_of_one_name_and_state_are_one_series(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_int_equal(
        occurrences(text, "{namespace=\"team-a\",name=\"metrics\",state=\"rejected\"} 1\n"), 1);
    assert_int_equal(
        occurrences(text, "{namespace=\"team-a\",name=\"metrics\",state=\"active\"} 1\n"), 1);
}

static void metrics_tell_since_when_an_earlier_form_is_served(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_int_equal(
        occurrences(text, "\nremotewrite_sidecar_remote_write_earlier_form_timestamp_seconds{"), 1);
    assert_non_null(strstr(text, "earlier_form_timestamp_seconds{namespace=\"team-b\","));
}

static void histograms_are_cumulative(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_non_null(strstr(text, "pass_duration_seconds_bucket{le=\"0.0025\"} 0\n"));
    assert_non_null(strstr(text, "pass_duration_seconds_bucket{le=\"0.005\"} 1\n"));
    assert_non_null(strstr(text, "pass_duration_seconds_bucket{le=\"+Inf\"} 1\n"));
    assert_non_null(strstr(text, "pass_duration_seconds_sum 0.003000000\n"));
    assert_non_null(strstr(text, "propagation_seconds_bucket{le=\"90\"} 0\n"));
    assert_non_null(strstr(text, "propagation_seconds_bucket{le=\"+Inf\"} 1\n"));
    assert_non_null(strstr(text, "propagation_seconds_count 1\n"));
}

static void a_duration_that_is_a_bound_belongs_to_its_bucket(void **state) {
    struct histogram histogram = {.sum = 0};

    histogram_observe(&histogram, 1000000);
    histogram_observe(&histogram, -5);

    assert_int_equal(histogram.counts[0], 2);
    assert_int_equal(histogram.sum, 1000000);
}

/* --- health --------------------------------------------------------------------------------- */

#define FLOW "\nremotewrite_sidecar_remote_write_"
#define OF_A "{namespace=\"team-a\",name=\"metrics\"} "

static void metrics_tell_whether_samples_flow(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_non_null(strstr(text, FLOW "flowing" OF_A "1\n"));
    assert_non_null(strstr(text, FLOW "samples_sent_total" OF_A "123456\n"));
    assert_non_null(strstr(text, FLOW "samples_failed_total" OF_A "0\n"));
    assert_non_null(strstr(text, FLOW "samples_dropped_total" OF_A "7\n"));
    assert_non_null(strstr(text, FLOW "samples_retried_total" OF_A "0\n"));
    assert_non_null(strstr(text, FLOW "samples_pending" OF_A "12\n"));
    assert_non_null(strstr(text, FLOW "highest_sent_timestamp_seconds" OF_A "1769860788.25\n"));
    /* team-b's is failing, and has sent nothing yet. */
    assert_int_equal(occurrences(text, "next line\"} 0\n"), 3);
    assert_non_null(strstr(text, "next line\"} 4000\n"));
    assert_int_equal(occurrences(text, FLOW "highest_sent_timestamp_seconds{"), 1);
    assert_int_equal(occurrences(text, FLOW "flowing{"), 2);
}

static void metrics_say_nothing_of_what_prometheus_does_not_tell(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_without_health(&view, "it is away");

    const char *text = metrics_of(&view, &out);

    assert_null(strstr(text, "remote_write_flowing"));
    assert_null(strstr(text, "samples_sent_total"));
    assert_promtool_is_silent(&view);
}

static void metrics_say_nothing_of_a_verdict_that_is_unknown(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    const struct web_health health = {.verdict = "unknown", .pending = 700};
    struct web_remote_write remote_write = {
        .namespace = "a", .name = "b", .state = "active", .served = true, .health = &health};
    struct web_view view;
    view_example(&view);
    view.remote_writes = &remote_write;
    view.remote_write_count = 1;

    const char *text = metrics_of(&view, &out);

    assert_null(strstr(text, FLOW "flowing{"));
    assert_non_null(strstr(text, FLOW "samples_pending{namespace=\"a\",name=\"b\"} 700\n"));
}

static void the_page_says_what_flows_and_what_does_not(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *html = page_of(&view, &out);

    assert_non_null(strstr(html, "<span class=\"badge ok\">flowing</span> <span class=\"dim\">"
                                 "123456 sent, 7 dropped, 12 pending; newest 12 s ago</span>"));
    assert_non_null(strstr(html, "<span class=\"badge bad\">failing</span> <span class=\"dim\">"
                                 "3 sent, 4000 refused, 50 retried, 0 pending</span>"));
    assert_non_null(strstr(html, "samples as Prometheus told 3 s ago"));
    /* Of six RemoteWrites two are served. */
    assert_int_equal(occurrences(html, "data-label=\"samples\""), 2);
}

static void the_page_says_why_nothing_is_told(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_without_health(&view, ODD_TEXT);

    const char *html = page_of(&view, &out);

    assert_non_null(strstr(html, "<span class=\"badge off\">unknown</span></td>"));
    assert_non_null(strstr(html, "Prometheus does not tell whether samples flow: &lt;script&gt;"));
    assert_null(strstr(html, "<script"));
}

static void the_page_says_ages_as_people_do(void **state) {
    static const struct {
        int64_t milliseconds;
        const char *words;
    } ages[] = {
        {-5000, "newest 0 s ago"},
        {119999, "newest 119 s ago"},
        {120000, "newest 2 min ago"},
        {7200000, "newest 2 h ago"},
        {INT64_C(172800000), "newest 2 d ago"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(ages); i++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        struct web_view view;
        view_example(&view);
        const struct web_health health = {.verdict = "behind",
                                          .newest_sent = view.now - ages[i].milliseconds};
        const struct web_remote_write remote_write = {
            .namespace = "a", .name = "b", .state = "active", .served = true, .health = &health};
        view.remote_writes = &remote_write;
        view.remote_write_count = 1;

        assert_non_null(strstr(page_of(&view, &out), ages[i].words));
    }
}

/* --- secrets -------------------------------------------------------------------------------- */

static void no_secret_of_an_entry_is_shown(void **state) {
    CLEANUP(buffer_free) struct buffer section = {0};
    CLEANUP(buffer_free) struct buffer page = {0};
    CLEANUP(buffer_free) struct buffer json = {0};
    struct web_view view;
    view_example(&view);

    mask_section(&view, &section);
    status_render(&view, &json);

    assert_null(strstr(buffer_string(&section), SECRET_TEXT));
    assert_null(strstr(page_of(&view, &page), SECRET_TEXT));
    assert_null(strstr(buffer_string(&json), SECRET_TEXT));
}

static void what_is_no_secret_of_an_entry_is_shown(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    mask_section(&view, &out);

    assert_non_null(strstr(buffer_string(&out), "  # team-a/metrics (a b.yaml)\n"));
    assert_non_null(strstr(buffer_string(&out), "xxxxx@a.example/push"));
    assert_non_null(strstr(buffer_string(&out), "password_file: secrets/a"));
    assert_non_null(strstr(buffer_string(&out), "region: eu"));
    assert_non_null(strstr(buffer_string(&out), "username: \"<secret>\""));
    assert_non_null(strstr(buffer_string(&out), "  # (cannot be shown)\n"));
}

/* --- the page ------------------------------------------------------------------------------- */

static void odd_text_reaches_the_page_as_text(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *html = page_of(&view, &out);

    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "<b>"));
    assert_true(occurrences(html, "&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; "
                                  "&#39;single&#39; &amp; back\\slash\nnext line") >= 3);
}

static void the_page_says_what_fails_and_since_when(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *html = page_of(&view, &out);

    assert_non_null(strstr(html, "<span class=\"badge bad\">publish</span> cannot publish: &lt;"));
    assert_non_null(strstr(html, "2026-01-31 12:00:00 UTC</time>, 3 failures</span></p>"));
    assert_null(strstr(html, "badge bad\">watch"));
    assert_null(strstr(html, "no word of samples"));
}

static void the_page_says_what_is_wrong_where_and_what_to_do(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *html = page_of(&view, &out);

    assert_non_null(strstr(html, "<dt>errors in files</dt><dd>2</dd>"));
    assert_non_null(strstr(html, "<td data-label=\"file\">/etc/a.yaml:7:12</td>"));
    assert_non_null(strstr(html, "</code>: is not a known kind</td><td data-label=\"remedy\">did"));
    assert_non_null(strstr(html, "<td data-label=\"file\">none</td>"));
    assert_non_null(strstr(html, "and 103 more; <code>remotewrite-sidecar check</code>"));
}

/* Its reason stands beside it; what else is wrong with it, and with others, stays. */
static void the_page_says_the_reason_of_a_rejection_once(void **state) {
    static const struct web_remote_write rejected[] = {
        {.namespace = "team-a",
         .name = "a",
         .state = "rejected",
         .reason = "spec.url: is absent; give one",
         .file = "a.yaml"},
    };
    static const struct web_diagnostic said[] = {
        {.severity = "error",
         .file = "a.yaml",
         .subject = "team-a/a",
         .field = "spec.url",
         .problem = "is absent",
         .remedy = "give one"},
        {.severity = "error",
         .file = "a.yaml",
         .subject = "team-a/a",
         .field = "spec.name",
         .problem = "is unwanted",
         .remedy = "remove it"},
        {.severity = "error",
         .file = "b.yaml",
         .subject = "team-a/a",
         .field = "spec.url",
         .problem = "is absent",
         .remedy = "give one"},
    };
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_of_start(&view);
    view.remote_writes = rejected;
    view.remote_write_count = ARRAY_LENGTH(rejected);
    view.diagnostics = said;

    view.diagnostic_count = 1;
    const char *html = page_of(&view, &out);
    assert_int_equal(occurrences(html, "is absent"), 1);
    assert_null(strstr(html, "Errors and warnings"));

    view.diagnostic_count = ARRAY_LENGTH(said);
    buffer_clear(&out);
    html = page_of(&view, &out);
    assert_int_equal(occurrences(html, "is absent"), 2);
    assert_int_equal(occurrences(html, "is unwanted"), 1);
    assert_int_equal(occurrences(html, "<td data-label=\"file\">a.yaml</td>"), 1);
}

static void metrics_tell_what_fails_and_which_source_has_errors(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *text = metrics_of(&view, &out);

    assert_non_null(
        strstr(text, "\nremotewrite_sidecar_operation_failing{operation=\"publish\"} 1\n"));
    assert_non_null(
        strstr(text, "\nremotewrite_sidecar_operation_failing{operation=\"watch\"} 0\n"));
    assert_non_null(
        strstr(text, "\nremotewrite_sidecar_source_errors{source=\"/etc/prometheus.yml\"} 0\n"));
    assert_non_null(
        strstr(text, "\nremotewrite_sidecar_source_warnings{source=\"/etc/prometheus.yml\"} 1\n"));
    assert_non_null(strstr(text, "\\nnext line\"} 2\n"));
    assert_non_null(strstr(text, "\nremotewrite_sidecar_diagnostics{severity=\"warning\"} 104\n"));
}

static void the_page_needs_nothing_from_elsewhere(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_example(&view);

    const char *html = page_of(&view, &out);

    assert_null(strstr(html, "<link"));
    assert_null(strstr(html, "<img"));
    assert_null(strstr(html, " style="));
    assert_null(strstr(html, "src="));
    assert_null(strstr(html, "url("));
    assert_non_null(strstr(html, "<style nonce=\"abc123\">"));
}

static void the_page_says_why_it_is_not_ready(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};
    struct web_view view;
    view_of_start(&view);

    const char *html = page_of(&view, &out);

    assert_non_null(strstr(html, "not ready"));
    assert_non_null(strstr(html, "no config is in place yet"));
    assert_non_null(strstr(html, "There is none."));
}

/* --- JSON ----------------------------------------------------------------------------------- */

static json_t *json_of(const struct web_view *view) {
    CLEANUP(buffer_free) struct buffer out = {0};

    status_render(view, &out);
    return json_loads(buffer_string(&out), JSON_REJECT_DUPLICATES, NULL);
}

static void the_json_has_each_remote_write_with_its_place(void **state) {
    struct web_view view;
    view_example(&view);

    json_t *root = json_of(&view);
    assert_non_null(root);

    json_t *items = json_object_get(root, "remoteWrites");
    assert_int_equal(json_array_size(items), view.remote_write_count);
    json_t *odd = json_array_get(items, 4);
    assert_string_equal(json_string_value(json_object_get(odd, "reason")), ODD_TEXT);
    assert_string_equal(json_string_value(json_object_get(odd, "file")), ODD_TEXT ".yaml");
    assert_int_equal(json_integer_value(json_object_get(odd, "line")), 7);
    assert_string_equal(json_string_value(json_object_get(odd, "changedAt")),
                        "2026-01-31T12:00:00.250Z");
    assert_true(json_is_true(json_object_get(odd, "servedInEarlierForm")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 5), "name")),
                        "w\xEF\xBF\xBD");
    json_decref(root);
}

static void the_json_has_the_health_of_what_is_served(void **state) {
    struct web_view view;
    view_example(&view);

    json_t *root = json_of(&view);
    assert_non_null(root);

    json_t *items = json_object_get(root, "remoteWrites");
    json_t *health = json_object_get(json_array_get(items, 1), "health");
    assert_string_equal(json_string_value(json_object_get(health, "verdict")), "flowing");
    assert_int_equal(json_integer_value(json_object_get(health, "samplesSent")), 123456);
    assert_int_equal(json_integer_value(json_object_get(health, "samplesFailed")), 0);
    assert_int_equal(json_integer_value(json_object_get(health, "samplesDropped")), 7);
    assert_int_equal(json_integer_value(json_object_get(health, "samplesRetried")), 0);
    assert_int_equal(json_integer_value(json_object_get(health, "samplesPending")), 12);
    assert_int_equal(json_integer_value(json_object_get(health, "shards")), 2);
    assert_string_equal(json_string_value(json_object_get(health, "newestSentAt")),
                        "2026-01-31T11:59:48.250Z");
    assert_true(json_is_null(json_object_get(json_array_get(items, 2), "health")));
    health = json_object_get(json_array_get(items, 4), "health");
    assert_true(json_is_null(json_object_get(health, "newestSentAt")));
    health = json_object_get(root, "health");
    assert_string_equal(json_string_value(json_object_get(health, "toldAt")),
                        "2026-01-31T11:59:57.250Z");
    assert_true(json_is_null(json_object_get(health, "error")));
    json_decref(root);
}

static void the_json_has_what_fails_and_what_is_wrong_where(void **state) {
    struct web_view view;
    view_example(&view);

    json_t *root = json_of(&view);
    assert_non_null(root);

    json_t *failing = json_object_get(root, "failing");
    assert_int_equal(json_array_size(failing), 2);
    json_t *publish = json_array_get(failing, 0);
    assert_string_equal(json_string_value(json_object_get(publish, "operation")), "publish");
    assert_string_equal(json_string_value(json_object_get(publish, "error")),
                        "cannot publish: " ODD_TEXT);
    assert_string_equal(json_string_value(json_object_get(publish, "since")),
                        "2026-01-31T12:00:00.250Z");
    assert_int_equal(json_integer_value(json_object_get(publish, "failures")), 3);
    json_t *source = json_array_get(json_object_get(root, "sources"), 0);
    assert_string_equal(json_string_value(json_object_get(source, "source")), "/etc/" ODD_TEXT);
    assert_int_equal(json_integer_value(json_object_get(source, "errors")), 2);
    assert_int_equal(json_integer_value(json_object_get(source, "warnings")), 5);
    json_t *diagnostics = json_object_get(root, "diagnostics");
    assert_int_equal(json_integer_value(json_object_get(diagnostics, "leftOut")), 103);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(diagnostics, "counts"), "warning")),
        104);
    json_t *item = json_array_get(json_object_get(diagnostics, "items"), 1);
    assert_int_equal(json_integer_value(json_object_get(item, "line")), 7);
    assert_int_equal(json_integer_value(json_object_get(item, "column")), 12);
    assert_string_equal(json_string_value(json_object_get(item, "remedy")),
                        "did you mean " ODD_TEXT);
    item = json_array_get(json_object_get(diagnostics, "items"), 2);
    assert_true(json_is_null(json_object_get(item, "file")));
    assert_true(json_is_null(json_object_get(item, "remedy")));
    json_decref(root);
}

static void the_json_says_why_no_health_is_told(void **state) {
    struct web_view view;
    view_without_health(&view, ODD_TEXT);

    json_t *root = json_of(&view);
    assert_non_null(root);

    const json_t *health = json_object_get(root, "health");
    assert_true(json_is_null(json_object_get(health, "toldAt")));
    assert_string_equal(json_string_value(json_object_get(health, "error")), ODD_TEXT);
    json_decref(root);
}

static void what_the_json_does_not_know_is_null(void **state) {
    struct web_view view;
    view_of_start(&view);

    json_t *root = json_of(&view);
    assert_non_null(root);

    assert_true(json_is_null(json_object_get(root, "prometheusVersion")));
    assert_true(json_is_false(json_object_get(root, "ready")));
    assert_true(json_is_null(json_object_get(json_object_get(root, "config"), "digest")));
    assert_true(json_is_null(json_object_get(json_object_get(root, "reloads"), "lastSuccessAt")));
    json_decref(root);
}

/* --- requests ------------------------------------------------------------------------------- */

static unsigned status_of(const char *method, const char *path, unsigned *reloads) {
    const struct web_hooks hooks = hooks_example(reloads);
    struct web_answer answer;

    web_respond(&hooks, method, path, &answer);
    buffer_free(&answer.body);
    return answer.status;
}

static void each_endpoint_answers(void **state) {
    unsigned reloads = 0;

    assert_int_equal(status_of("GET", "/", &reloads), 200);
    assert_int_equal(status_of("GET", "/metrics", &reloads), 200);
    assert_int_equal(status_of("HEAD", "/metrics", &reloads), 200);
    assert_int_equal(status_of("GET", "/healthz", &reloads), 200);
    assert_int_equal(status_of("GET", "/readyz", &reloads), 200);
    assert_int_equal(status_of("GET", "/api/v1/status", &reloads), 200);
    assert_int_equal(reloads, 0);
    assert_int_equal(status_of("POST", "/-/reload", &reloads), 200);
    assert_int_equal(reloads, 1);
}

static void a_health_check_may_come_by_any_method(void **state) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"};
    unsigned reloads = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
        assert_int_equal(status_of(methods[i], "/healthz", &reloads), 200);
    }
    assert_int_equal(reloads, 0);
}

static void other_paths_and_methods_are_refused(void **state) {
    unsigned reloads = 0;

    assert_int_equal(status_of("GET", "/nothing", &reloads), 404);
    assert_int_equal(status_of("GET", "/metrics/", &reloads), 404);
    assert_int_equal(status_of("GET", "//metrics", &reloads), 404);
    assert_int_equal(status_of("POST", "/nothing", &reloads), 404);
    assert_int_equal(status_of("GET", "/-/reload", &reloads), 405);
    assert_int_equal(status_of("HEAD", "/-/reload", &reloads), 405);
    assert_int_equal(status_of("post", "/-/reload", &reloads), 405);
    assert_int_equal(status_of("POST", "/metrics", &reloads), 405);
    assert_int_equal(status_of("DELETE", "/", &reloads), 405);
    assert_int_equal(reloads, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_valid_at_the_start),
        cmocka_unit_test(metrics_are_valid_with_odd_names_and_every_state),
        cmocka_unit_test(metrics_have_the_names_of_the_reloader_s),
        cmocka_unit_test(the_running_config_is_a_metric_where_it_is_known),
        cmocka_unit_test(every_metric_of_the_reloader_is_there),
        cmocka_unit_test(network_octets_are_read_by_their_names),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(two_manifests_of_one_name_and_state_are_one_series),
        cmocka_unit_test(metrics_tell_since_when_an_earlier_form_is_served),
        cmocka_unit_test(histograms_are_cumulative),
        cmocka_unit_test(a_duration_that_is_a_bound_belongs_to_its_bucket),
        cmocka_unit_test(metrics_tell_whether_samples_flow),
        cmocka_unit_test(metrics_say_nothing_of_what_prometheus_does_not_tell),
        cmocka_unit_test(metrics_say_nothing_of_a_verdict_that_is_unknown),
        cmocka_unit_test(the_page_says_what_flows_and_what_does_not),
        cmocka_unit_test(the_page_says_why_nothing_is_told),
        cmocka_unit_test(the_page_says_ages_as_people_do),
        cmocka_unit_test(no_secret_of_an_entry_is_shown),
        cmocka_unit_test(what_is_no_secret_of_an_entry_is_shown),
        cmocka_unit_test(odd_text_reaches_the_page_as_text),
        cmocka_unit_test(the_page_says_what_fails_and_since_when),
        cmocka_unit_test(the_page_says_what_is_wrong_where_and_what_to_do),
        cmocka_unit_test(metrics_tell_what_fails_and_which_source_has_errors),
        cmocka_unit_test(the_json_has_what_fails_and_what_is_wrong_where),
        cmocka_unit_test(the_page_needs_nothing_from_elsewhere),
        cmocka_unit_test(the_page_says_why_it_is_not_ready),
        cmocka_unit_test(the_page_says_the_reason_of_a_rejection_once),
        cmocka_unit_test(the_json_has_each_remote_write_with_its_place),
        cmocka_unit_test(the_json_has_the_health_of_what_is_served),
        cmocka_unit_test(the_json_says_why_no_health_is_told),
        cmocka_unit_test(what_the_json_does_not_know_is_null),
        cmocka_unit_test(each_endpoint_answers),
        cmocka_unit_test(a_health_check_may_come_by_any_method),
        cmocka_unit_test(other_paths_and_methods_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
