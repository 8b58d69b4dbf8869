/* SPDX-License-Identifier: Apache-2.0 */

/* How a running sidecar asks Prometheus whether samples flow, and what it makes of odd answers. A
 * stand-in takes every config. */

#include "base/compiler.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/http_request.h"
#include "support/http_stub.h"
#include "support/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define METRICS "/metrics"
#define STATUS  "/api/v1/status"

/* One queue that has sent 1000 samples. */
#define FLOWING_TEXT                                                                       \
    "prometheus_remote_storage_samples_total{remote_name=\"team\",url=\"u\"} 1000\n"       \
    "prometheus_remote_storage_bytes_total{remote_name=\"team\",url=\"u\"} 5000\n"         \
    "prometheus_remote_storage_queue_highest_sent_timestamp_seconds{remote_name=\"team\"," \
    "url=\"u\"} 1.7e+09\n"                                                                 \
    "prometheus_remote_storage_highest_timestamp_in_seconds 1.7e+09\n"

static const struct stub_answer flowing = {.status = 200, .body = FLOWING_TEXT};

struct world {
    struct program *program;
    struct http_stub *prometheus;
    pid_t process; /* 0: it does not run */
};

static int given_a_stand_in(void **state) {
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->program = program_new();
    world->prometheus = http_stub_new();
    program_file(world->program, "base/base.yml", "global: {scrape_interval: 15s}\n");
    program_file(world->program, "rw/team.yaml",
                 "apiVersion: monitoring.coreos.com/v1alpha1\n"
                 "kind: RemoteWrite\n"
                 "metadata: {name: team, namespace: a}\n"
                 "spec: {url: https://example.com/push}\n");
    program_file(world->program, "secret/token", "t0ken\n");
    program_file(world->program, "out/kept", "");
    http_stub_script(world->prometheus, "/-/reload", &(struct stub_answer){.status = 200}, 1);
    *state = world;
    return 0;
}

/* Its exit status; -1 where it waits for an answer, which may take 10 s. */
static int end(struct world *world) {
    const unsigned at_once = 5000;
    int status = 0;

    kill(world->process, SIGTERM);
    bool ended = WAIT_UNTIL(waitpid(world->process, &status, WNOHANG) > 0, at_once);
    if (!ended) {
        kill(world->process, SIGKILL);
        program_wait(world->process);
    }
    world->process = 0;
    return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int end_all(void **state) {
    struct world *world = *state;
    int status = world->process != 0 ? end(world) : 0;

    http_stub_free(world->prometheus);
    program_free(world->program);
    free(world);
    return status;
}

static void when_it_runs_with(struct world *world, struct stub_answer metrics, const char *flag,
                              const char *reload_path) {
    char reload[256];

    http_stub_script(world->prometheus, METRICS, &metrics, 1);
    http_stub_listen(world->prometheus);
    snprintf(reload, sizeof(reload), "--reload-url=%s",
             http_stub_url(world->prometheus, reload_path));
    world->process = program_start(world->program, "run", "--config-file=base/base.yml",
                                   "--output-file=out/prometheus.yml", "--remote-write-dir=rw",
                                   "--listen-address=127.0.0.1:0", "--prometheus-version=2.42",
                                   "--log-level=debug", reload, flag, NULL);
}

static void when_it_runs(struct world *world, struct stub_answer metrics) {
    when_it_runs_with(world, metrics, "--sandbox=auto", "/-/reload");
}

static struct http_reply get(const struct world *world, const char *path) {
    const char *log = program_read(world->program, "stderr");
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;
    char url[128];

    at = at != NULL ? strstr(at, " port=") : NULL;
    if (at == NULL) {
        return (struct http_reply){0};
    }
    snprintf(url, sizeof(url), "http://127.0.0.1:%lu%s", strtoul(at + strlen(" port="), NULL, 10),
             path);
    return http_get(url, NULL);
}

static bool says(const struct world *world, const char *path, const char *text) {
    CLEANUP(http_reply_free) struct http_reply reply = get(world, path);

    return reply.status != 0 && strstr(buffer_string(&reply.body), text) != NULL;
}

static bool logged(const struct world *world, const char *text) {
    const char *log = program_read(world->program, "stderr");

    return log != NULL && strstr(log, text) != NULL;
}

static size_t count_logged(const struct world *world, const char *text) {
    size_t count = 0;

    for (const char *at = program_read(world->program, "stderr");
         at != NULL && (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

#define EVENTUALLY(world, condition)                            \
    do {                                                        \
        if (!WAIT_UNTIL(condition, DEADLINE_USUAL)) {           \
            fail_msg("waited in vain for %s\n%s", #condition,   \
                     program_read((world)->program, "stderr")); \
        }                                                       \
    } while (0)

/* --- tests ---------------------------------------------------------------------------------- */

static void the_first_look_is_fresh(void **state) {
    struct world *world = *state;
    when_it_runs(world, flowing);
    EVENTUALLY(world, logged(world, "Prometheus has loaded the config"));

    CLEANUP(http_reply_free) struct http_reply reply = get(world, STATUS);

    assert_non_null(strstr(buffer_string(&reply.body), "\"verdict\": \"flowing\""));
    assert_non_null(strstr(buffer_string(&reply.body), "\"samplesSent\": 1000"));
    assert_int_equal(http_stub_count(world->prometheus, METRICS), 1);
}

static void prometheus_is_asked_only_when_somebody_looks(void **state) {
    struct world *world = *state;
    when_it_runs(world, flowing);
    EVENTUALLY(world, says(world, "/readyz", "ready\n"));
    assert_true(says(world, "/healthz", "up"));

    assert_int_equal(http_stub_count(world->prometheus, METRICS), 0);
}

static void many_who_look_are_one_question(void **state) {
    struct world *world = *state;
    when_it_runs(world, flowing);
    EVENTUALLY(world, says(world, STATUS, "\"verdict\": \"flowing\""));
    const size_t count = http_stub_count(world->prometheus, METRICS);

    /* All within the second that it rests; where this machine is slow, a few more. */
    for (int i = 0; i < 50; i++) {
        assert_true(says(world, METRICS, "remote_write_flowing{"));
    }

    assert_between(http_stub_count(world->prometheus, METRICS), count, count + 25);
    assert_int_equal(http_stub_most_at_once(world->prometheus, METRICS), 1);
}

static void the_route_prefix_is_kept(void **state) {
    struct world *world = *state;
    http_stub_script(world->prometheus, "/prom/-/reload", &(struct stub_answer){.status = 200}, 1);
    http_stub_script(world->prometheus, "/prom/metrics", &flowing, 1);
    when_it_runs_with(world, (struct stub_answer){.status = 404}, "--sandbox=auto",
                      "/prom/-/reload");

    EVENTUALLY(world, says(world, STATUS, "\"verdict\": \"flowing\""));
    assert_int_equal(http_stub_count(world->prometheus, METRICS), 0);
}

static void the_credentials_go_along(void **state) {
    struct world *world = *state;
    when_it_runs_with(world, flowing, "--reload-bearer-token-file=secret/token", "/-/reload");
    EVENTUALLY(world, says(world, STATUS, "\"verdict\": \"flowing\""));
    const char *request = NULL;

    for (size_t i = 0; (request = http_stub_request(world->prometheus, i)) != NULL; i++) {
        if (strncmp(request, "GET /metrics ", strlen("GET /metrics ")) == 0) {
            assert_non_null(strstr(request, "\r\nAuthorization: Bearer t0ken\r\n"));
            return;
        }
    }
    fail_msg("/metrics was not asked for");
}

static void an_answer_that_takes_long_is_not_waited_for(void **state) {
    struct world *world = *state;
    when_it_runs(world, (struct stub_answer){.mode = STUB_HANG});
    EVENTUALLY(world, logged(world, "Prometheus has loaded the config"));

    assert_true(says(world, "/", "<span class=\"badge off\">unknown</span>"));
    assert_true(says(world, METRICS, "remotewrite_sidecar_remote_write_state"));
    assert_int_equal(http_stub_count(world->prometheus, METRICS), 1);
    /* SIGTERM does not wait either: end_all sees to its exit status. */
}

static void an_answer_that_does_not_come_in_time_is_said(void **state) {
    struct world *world = *state;
    when_it_runs_with(world, (struct stub_answer){.mode = STUB_HANG}, "--reload-timeout=200ms",
                      "/-/reload");

    EVENTUALLY(world, says(world, STATUS, "/metrics: no answer within 200ms\""));
}

/* Until it was asked at least twice. */
static void assert_said_once(struct world *world, struct stub_answer answer, const char *words) {
    when_it_runs(world, answer);
    EVENTUALLY(world, says(world, STATUS, words));
    EVENTUALLY(world, says(world, STATUS, words) &&
                          count_logged(world, "does not tell whether samples flow") >= 2);

    assert_false(says(world, METRICS, "remote_write_flowing"));
    assert_true(says(world, "/", "Prometheus does not tell whether samples flow: "));
    assert_int_equal(
        count_logged(world, "level=warn msg=\"Prometheus does not tell whether samples flow\""), 1);
}

static void a_404_is_said_once(void **state) {
    assert_said_once(*state, (struct stub_answer){.status = 404, .body = FLOWING_TEXT},
                     "it answers GET of its /metrics with status 404");
}

static void a_401_is_said_once(void **state) {
    assert_said_once(*state, (struct stub_answer){.status = 401},
                     "it answers GET of its /metrics with status 401");
}

static void a_page_in_place_of_metrics_is_said_once(void **state) {
    assert_said_once(*state, (struct stub_answer){.status = 200, .body = "<html>\n</html>\n"},
                     "/metrics: the answer is not of metrics");
}

static void packed_metrics_that_nobody_asked_for_are_said_once(void **state) {
    assert_said_once(*state, (struct stub_answer){.status = 200, .body = "\x1f\x8b\x08 packed\n"},
                     "/metrics: the answer is not of metrics");
}

static void an_answer_of_nothing_is_said_once(void **state) {
    assert_said_once(*state, (struct stub_answer){.status = 200},
                     "what it answers to GET of its /metrics are no metrics");
}

static void an_answer_that_breaks_off_is_said_once(void **state) {
    assert_said_once(
        *state, (struct stub_answer){.mode = STUB_TRUNCATE, .status = 200, .body = FLOWING_TEXT},
        "/metrics: ");
}

static void an_answer_that_is_no_http_is_said_once(void **state) {
    assert_said_once(*state, (struct stub_answer){.mode = STUB_GARBAGE}, "/metrics: ");
}

static void metrics_without_end_are_said(void **state) {
    struct world *world = *state;
    when_it_runs(world, (struct stub_answer){.mode = STUB_ENDLESS, .body = "other_total 1\n"});

    EVENTUALLY(world, says(world, STATUS, "/metrics: the answer is larger than 64 MiB"));
}

static void a_runtimeinfo_url_of_another_form_is_said(void **state) {
    struct world *world = *state;
    when_it_runs_with(world, flowing, "--runtimeinfo-url=http://127.0.0.1:1/info", "/-/reload");

    EVENTUALLY(world, says(world, STATUS, "its /metrics cannot be told from --runtimeinfo-url"));
    assert_int_equal(http_stub_count(world->prometheus, METRICS), 0);
}

static void what_was_said_ends_with_good_metrics(void **state) {
    struct world *world = *state;
    when_it_runs(world, (struct stub_answer){.status = 503});
    EVENTUALLY(world, says(world, STATUS, "with status 503"));

    http_stub_script(world->prometheus, METRICS, &flowing, 1);

    EVENTUALLY(world, says(world, STATUS, "\"verdict\": \"flowing\""));
    assert_true(says(world, STATUS, "\"error\": null"));
    assert_int_equal(count_logged(world, "Prometheus tells again whether samples flow"), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, given_a_stand_in, end_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_first_look_is_fresh),
        TEST(prometheus_is_asked_only_when_somebody_looks),
        TEST(many_who_look_are_one_question),
        TEST(the_route_prefix_is_kept),
        TEST(the_credentials_go_along),
        TEST(an_answer_that_takes_long_is_not_waited_for),
        TEST(an_answer_that_does_not_come_in_time_is_said),
        TEST(a_404_is_said_once),
        TEST(a_401_is_said_once),
        TEST(a_page_in_place_of_metrics_is_said_once),
        TEST(packed_metrics_that_nobody_asked_for_are_said_once),
        TEST(an_answer_of_nothing_is_said_once),
        TEST(an_answer_that_breaks_off_is_said_once),
        TEST(an_answer_that_is_no_http_is_said_once),
        TEST(metrics_without_end_are_said),
        TEST(a_runtimeinfo_url_of_another_form_is_said),
        TEST(what_was_said_ends_with_good_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
