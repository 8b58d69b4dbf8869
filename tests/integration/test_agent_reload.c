/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus answers, or does not, and what the agent makes of it. */

#include "support/agent_fixture.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include "base/clock.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define BUILDINFO_2_42 \
    "{\"status\":\"success\",\"data\":{\"version\":\"2.42.0+ds\",\"revision\":\"x\"}}"
#define BUILDINFO_3_5 "{\"status\":\"success\",\"data\":{\"version\":\"3.5.0\"}}"

/* --- refused and unanswered ----------------------------------------------------------------- */

static void a_refused_config_is_asked_again_and_the_reason_is_logged_once(void **state) {
    struct agent_fixture *fixture = *state;
    const struct stub_answer refusal = {
        .status = 500,
        .body = "failed to reload config: couldn't load configuration: line 7: field nope\n",
    };

    RELOAD_ANSWERS(fixture, refusal, refusal, refusal, {.status = 200});
    agent_runs(fixture);

    assert_int_equal(reloads_asked(fixture), 4);
    assert_int_equal(agent_now(fixture).reloads_failed, 3);
    assert_int_equal(log_lines_count("level=error msg=\"Prometheus refused the config\"",
                                     "status=500 answer=\"failed to reload config: couldn't load "
                                     "configuration: line 7: field nope\" failures=1"),
                     1);
    assert_int_equal(log_lines_count("level=error", NULL), 1);
    assert_int_equal(log_lines_count("Prometheus has loaded the config", "failures=3"), 1);
}

static void a_refusal_in_other_words_is_logged_again(void **state) {
    struct agent_fixture *fixture = *state;

    RELOAD_ANSWERS(fixture, {.status = 500, .body = "one"}, {.status = 500, .body = "two"},
                   {.status = 403, .body = "Lifecycle API is not enabled."}, {.status = 200});
    agent_runs(fixture);

    assert_int_equal(log_lines_count("Prometheus refused the config", "answer=one"), 1);
    assert_int_equal(log_lines_count("Prometheus refused the config", "answer=two"), 1);
    assert_int_equal(log_lines_count("Prometheus did not take the reload request",
                                     "answer=\"Lifecycle API is not enabled.\""),
                     1);
    assert_int_equal(log_lines_count("level=error", NULL), 3);
}

/* What each status means when Prometheus answers it, or what stands before it. */
static void a_request_that_is_not_taken_says_what_to_do_about_its_status(void **state) {
    static const struct {
        struct stub_answer answer;
        const char *remedy;
    } denials[] = {
        {{.status = 403, .body = "Lifecycle API is not enabled."},
         "remedy=\"start Prometheus with --web.enable-lifecycle"},
        {{.status = 403, .body = "Lifecycle APIs are not enabled"},
         "remedy=\"start Prometheus with --web.enable-lifecycle"},
        {{.status = 403, .body = "RBAC: access denied"},
         "remedy=\"let the proxy before Prometheus pass"},
        {{.status = 404, .body = "404 page not found\n"}, "--web.route-prefix"},
        {{.status = 401, .body = "Unauthorized\n"}, "--reload-password-file"},
        {{.status = 302, .body = "Found"}, "remedy=\"see that --reload-url leads to Prometheus"},
    };
    struct agent_fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_LENGTH(denials); i++) {
        log_lines_stop();
        log_lines_start();
        RELOAD_ANSWERS(fixture, denials[i].answer, {.status = 200});
        if (i == 0) {
            agent_runs(fixture);
        } else {
            agent_reload(fixture->agent);
            assert_true(log_has(fixture, "Prometheus has loaded the config", "failures=1"));
        }
        assert_int_equal(log_lines_count("Prometheus did not take the reload request", NULL), 1);
        assert_int_equal(log_lines_count("level=error", denials[i].remedy), 1);
        assert_int_equal(log_lines_count("enable-lifecycle", NULL), i < 2 ? 1 : 0);
    }
}

static void waits_grow_while_a_reload_fails(void **state) {
    struct agent_fixture *fixture = *state;

    RELOAD_ANSWERS(fixture, {.status = 500, .body = "no"});
    agent_starts(fixture);
    assert_true(agent_is_asked(fixture, 4));

    /* 40, 80, 160 ms, each within 20 %. */
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    assert_int_equal(log_lines_count("Prometheus refused the config", "retry_in=0.0") >= 1, true);
    assert_true(log_has(fixture, "Prometheus refused the config", "failures=4 retry_in=0."));
    assert_int_equal(log_lines_count("failures=4 retry_in=0.0", NULL), 0);
    assert_int_equal(log_lines_count("failures=4 retry_in=0.1", NULL), 0);
}

static void a_new_config_is_asked_at_once_while_waiting(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.retry_milliseconds = 60000;
    RELOAD_ANSWERS(fixture, {.status = 500, .body = "no"}, {.status = 200});
    agent_starts(fixture);
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
}

static void an_event_that_changes_nothing_does_not_ask_while_waiting(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.retry_milliseconds = 60000;
    RELOAD_ANSWERS(fixture, {.status = 500, .body = "no"}, {.status = 200});
    agent_starts(fixture);
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    uint64_t passes = agent_now(fixture).passes;
    file_write(fixture->volume, "notes.txt", "nothing");

    assert_true(agent_has_passed(fixture, passes + 1));
    agent_is_left_alone(fixture);
    assert_int_equal(agent_now(fixture).phase, AGENT_WAITING);
    assert_int_equal(reloads_asked(fixture), 1);
}

static void going_back_to_the_config_before_a_refused_one_reloads_it(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.retry_milliseconds = 60000;
    RELOAD_ANSWERS(fixture, {.status = 200}, {.status = 500, .body = "no"}, {.status = 200});
    agent_runs(fixture);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(log_has(fixture, "Prometheus refused the config", NULL));
    file_remove(fixture->volume, "a.yaml");

    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
}

static void a_hanging_reload_times_out_and_is_never_doubled(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.prometheus.timeout_milliseconds = 150;
    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG}, {.mode = STUB_HANG}, {.status = 200});
    agent_runs(fixture);

    assert_int_equal(reloads_asked(fixture), 3);
    assert_int_equal(log_lines_count("Prometheus did not say whether it loaded the config",
                                     "no answer within 150ms"),
                     2);
    assert_int_equal(log_lines_count("level=error", NULL), 1);
}

static bool secret_is(const struct agent_fixture *fixture, const char *name, const char *content) {
    CLEANUP(memory_freep) char *text = file_read(fixture->secret_directory, name);

    return text != NULL && strcmp(text, content) == 0;
}

static void a_rotated_secret_does_not_wait_for_a_slow_reload(void **state) {
    struct agent_fixture *fixture = *state;
    char name[256];

    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG}, {.status = 200});
    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    file_write(fixture->secrets, "s/token", "first");
    agent_starts(fixture);
    assert_true(agent_is_asked(fixture, 1));
    snprintf(name, sizeof(name), "%s", agent_now(fixture).state->secrets[0].name);

    file_replace(fixture->secrets, "s/token", "second");
    assert_true(LOOP_UNTIL(&fixture->loop, secret_is(fixture, name, "second")));
    assert_int_equal(agent_now(fixture).phase, AGENT_RELOADING);
    assert_int_equal(reloads_asked(fixture), 1);

    http_stub_release(fixture->prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(secret_is(fixture, name, "second"));
}

/* Not a slow reload: without a record, Prometheus is asked again after seconds, not ten minutes. */
static void a_lost_answer_is_asked_about_again_soon(void **state) {
    struct agent_fixture *fixture = *state;

    RELOAD_ANSWERS(fixture, {.mode = STUB_CLOSE}, {.mode = STUB_GARBAGE}, {.mode = STUB_HEADERS},
                   {.mode = STUB_RESET}, {.status = 200});
    agent_starts(fixture);

    assert_true(agent_is_asked(fixture, 5));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
}

static void events_during_a_reload_are_no_second_request_and_published_after_it(void **state) {
    struct agent_fixture *fixture = *state;

    RELOAD_ANSWERS(fixture, {.mode = STUB_HANG}, {.status = 200});
    agent_starts(fixture);
    assert_true(agent_becomes(fixture, AGENT_RELOADING));
    assert_true(agent_is_asked(fixture, 1));
    const uint64_t writes = agent_now(fixture).writes;
    for (int i = 0; i < 5; i++) {
        char file[32];
        snprintf(file, sizeof(file), "rw-%d.yaml", i);
        char name[16];
        snprintf(name, sizeof(name), "rw-%d", i);
        file_write(fixture->volume, file, remote_write(name, "http://a.example/push"));
        agent_is_left_alone(fixture);
    }
    assert_int_equal(agent_now(fixture).phase, AGENT_RELOADING);
    assert_int_equal(reloads_asked(fixture), 1);
    assert_int_equal(agent_now(fixture).writes, writes);
    http_stub_release(fixture->prometheus);

    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);
    assert_int_equal(reloads_asked(fixture), 2);
    assert_int_equal(http_stub_most_at_once(fixture->prometheus, RELOAD_PATH), 1);
    assert_true(output_has(fixture, "team-a/rw-4"));
}

/* --- away ----------------------------------------------------------------------------------- */

static void a_prometheus_that_starts_later_is_served_once_it_is_up(void **state) {
    struct agent_fixture *fixture = *state;

    http_stub_refuse(fixture->prometheus);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus cannot be reached", "failures=3"));
    assert_true(output_has(fixture, "http://a.example/push"));
    http_stub_listen(fixture->prometheus);

    assert_true(agent_is_asked(fixture, 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(log_lines_count("level=info", "Prometheus cannot be reached"), 1);
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
    assert_int_equal(log_lines_count("level=info", "Prometheus is there"), 1);
    assert_int_equal(log_lines_count("level=info", "Prometheus has loaded the config"), 1);
}

static void a_connection_that_breaks_is_asked_again(void **state) {
    struct agent_fixture *fixture = *state;

    RELOAD_ANSWERS(fixture, {.mode = STUB_RESET}, {.mode = STUB_CLOSE}, {.mode = STUB_GARBAGE},
                   {.status = 200});
    agent_runs(fixture);

    assert_int_equal(reloads_asked(fixture), 4);
    assert_true(agent_now(fixture).confirmed);
}

static void a_password_file_that_comes_late_is_read_at_the_next_try(void **state) {
    struct agent_fixture *fixture = *state;
    CLEANUP(memory_freep) char *path = path_join(fixture->dir, "password");

    fixture->settings.prometheus.username = "me";
    fixture->settings.prometheus.password_file = path;
    agent_starts(fixture);
    assert_true(log_has(fixture, "level=error msg=\"Prometheus cannot be asked to reload\"",
                        "No such file or directory"));
    file_write(fixture->dir, "password", "hunter2\n");

    assert_true(agent_is_asked(fixture, 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(log_lines_count("hunter2", NULL), 0);
}

/* --- faults of the disk --------------------------------------------------------------------- */

static void an_output_that_cannot_be_written_is_said_once_and_tried_again(void **state) {
    struct agent_fixture *fixture = *state;

    tree_remove(fixture->out);
    agent_starts(fixture);
    assert_true(agent_has_passed(fixture, 3));
    assert_int_equal(log_lines_count("level=error", "cannot publish"), 1);
    assert_int_equal(reloads_asked(fixture), 0);
    folder_make(fixture->dir, "out");

    assert_true(output_has(fixture, "# the base\n"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(log_lines_count("level=info", "publishing works again"), 1);
    assert_int_equal(reloads_asked(fixture), 1);
}

static void a_secret_that_cannot_be_written_keeps_the_config_as_it_was(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->secrets, "s/token", "value");
    agent_runs(fixture);
    file_write(fixture->out, "remote-write-secrets", "a file in the way");
    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    assert_true(log_has(fixture, "cannot publish", NULL));
    assert_int_equal(reloads_asked(fixture), 1);
    file_remove(fixture->out, "remote-write-secrets");

    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(agent_is_asked(fixture, 2));
}

/* --- the version ---------------------------------------------------------------------------- */

static const char with_a_field_of_2_50[] = "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                                           "kind: RemoteWrite\n"
                                           "metadata: {name: a, namespace: team-a}\n"
                                           "spec:\n"
                                           "  clusterSelector: {}\n"
                                           "  remoteWrite:\n"
                                           "    url: http://a.example/push\n"
                                           "    queueConfig: {sampleAgeLimit: 5m}\n";

static void given_buildinfo(struct agent_fixture *fixture, const char *body) {
    http_stub_script(fixture->prometheus, BUILDINFO_PATH,
                     &(struct stub_answer){.status = 200, .body = body}, 1);
    fixture->settings.ask_version = true;
}

static void the_version_is_asked_before_the_first_pass(void **state) {
    struct agent_fixture *fixture = *state;

    given_buildinfo(fixture, BUILDINFO_2_42);
    file_write(fixture->volume, "a.yaml", with_a_field_of_2_50);
    agent_runs(fixture);

    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(output_loses(fixture, "sample_age_limit"));
    assert_int_equal(agent_now(fixture).passes, 1);
    assert_string_equal(agent_now(fixture).prometheus_version, "2.42.0+ds");
    assert_int_equal(log_lines_count("Prometheus tells its version", "version=2.42.0+ds"), 1);
    assert_int_equal(http_stub_count(fixture->prometheus, BUILDINFO_PATH), 1);
}

static bool tells_version(void *context) {
    return agent_now(context).prometheus_version[0] != '\0';
}

static void a_version_that_is_given_decides_and_the_real_one_is_told(void **state) {
    struct agent_fixture *fixture = *state;

    given_buildinfo(fixture, BUILDINFO_3_5);
    fixture->settings.ask_version = false;
    fixture->settings.compile.version = (struct version){2, 42, 0};
    file_write(fixture->volume, "a.yaml", with_a_field_of_2_50);
    agent_runs(fixture);

    assert_true(loop_until(&fixture->loop, tells_version, fixture, LOOP_DEADLINE));
    assert_string_equal(agent_now(fixture).prometheus_version, "3.5.0");
    agent_is_left_alone(fixture);
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(output_loses(fixture, "sample_age_limit"));
    assert_int_equal(agent_now(fixture).passes, 1);
}

static void where_the_version_is_given_the_first_pass_does_not_wait_for_the_real_one(void **state) {
    struct agent_fixture *fixture = *state;

    http_stub_script(fixture->prometheus, BUILDINFO_PATH, &(struct stub_answer){.mode = STUB_HANG},
                     1);
    fixture->settings.compile.version = (struct version){2, 42, 0};
    agent_starts(fixture);
    const int64_t started = clock_monotonic_nanoseconds();
    assert_true(agent_has_passed(fixture, 1));

    assert_true(clock_monotonic_nanoseconds() - started < INT64_C(900000000));
}

static void where_the_version_is_given_nobody_is_warned_that_the_real_one_is_not_told(
    void **state) {
    struct agent_fixture *fixture = *state;

    given_buildinfo(fixture, "404 page not found");
    fixture->settings.ask_version = false;
    fixture->settings.compile.version = (struct version){2, 42, 0};
    agent_runs(fixture);
    assert_true(log_has(fixture, "Prometheus does not tell its version", NULL));

    assert_int_equal(log_lines_count("level=warn", NULL), 0);
}

static void another_version_is_noticed_at_the_watch_interval(void **state) {
    struct agent_fixture *fixture = *state;

    given_buildinfo(fixture, BUILDINFO_3_5);
    fixture->settings.watch_milliseconds = 200;
    file_write(fixture->volume, "a.yaml", with_a_field_of_2_50);
    agent_runs(fixture);
    assert_true(output_has(fixture, "sample_age_limit"));

    given_buildinfo(fixture, BUILDINFO_2_42);

    assert_true(output_loses(fixture, "sample_age_limit"));
    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_string_equal(agent_now(fixture).prometheus_version, "2.42.0+ds");
}

static void a_prometheus_that_does_not_tell_its_version_in_time_does_not_hold_the_first_pass(
    void **state) {
    struct agent_fixture *fixture = *state;

    http_stub_script(fixture->prometheus, BUILDINFO_PATH, &(struct stub_answer){.mode = STUB_HANG},
                     1);
    fixture->settings.ask_version = true;
    fixture->settings.prometheus.timeout_milliseconds = 5000;
    agent_runs(fixture);

    assert_int_equal(agent_now(fixture).passes, 1);
    assert_string_equal(agent_now(fixture).prometheus_version, "");
}

static void one_that_is_starting_is_no_warning(void **state) {
    struct agent_fixture *fixture = *state;
    const struct stub_answer starting = {.status = 503, .body = "Service Unavailable"};

    http_stub_script(fixture->prometheus, BUILDINFO_PATH, &starting, 1);
    RELOAD_ANSWERS(fixture, {.status = 503, .body = "Service Unavailable"});
    fixture->settings.ask_version = true;
    agent_starts(fixture);
    assert_true(agent_is_asked(fixture, 3));
    given_buildinfo(fixture, BUILDINFO_2_42);
    RELOAD_ANSWERS(fixture, {.status = 200});
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(log_has(fixture, "Prometheus tells its version", "2.42"));

    assert_int_equal(log_lines_count("level=info", "does not tell its version yet"), 1);
    assert_int_equal(log_lines_count("level=info", "answers 503, as while it starts"), 1);
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
}

/* In either way. */
static void one_that_does_not_come_up_is_a_warning_once_it_lasts(void **state) {
    struct agent_fixture *fixture = *state;

    fixture->settings.startup_grace_milliseconds = 100;
    fixture->settings.ask_version = true;
    http_stub_script(fixture->prometheus, BUILDINFO_PATH, &(struct stub_answer){.status = 503}, 1);
    RELOAD_ANSWERS(fixture, {.status = 503, .body = "Service Unavailable"});
    agent_starts(fixture);

    assert_true(log_has(fixture, "level=warn", "answers 503, as while it starts"));
    assert_true(log_has(fixture, "level=warn", "Prometheus does not tell its version"));
    agent_is_left_alone(fixture);
    assert_int_equal(log_lines_count("level=warn", "answers 503, as while it starts"), 1);
    assert_int_equal(log_lines_count("level=warn", "Prometheus does not tell its version"), 1);
    RELOAD_ANSWERS(fixture, {.status = 200});
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    http_stub_refuse(fixture->prometheus);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(log_has(fixture, "level=info", "Prometheus cannot be reached"));
    assert_true(log_has(fixture, "level=warn", "Prometheus cannot be reached"));
    agent_is_left_alone(fixture);
    assert_int_equal(log_lines_count("level=warn", "Prometheus cannot be reached"), 1);
}

static void a_version_that_cannot_be_told_is_said_once(void **state) {
    struct agent_fixture *fixture = *state;

    given_buildinfo(fixture, "404 page not found");
    agent_runs(fixture);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);

    assert_int_equal(log_lines_count("level=warn", "Prometheus does not tell its version"), 1);
    assert_true(http_stub_count(fixture->prometheus, BUILDINFO_PATH) >= 3);
}

static void a_prometheus_that_comes_back_with_another_version_gets_another_config(void **state) {
    struct agent_fixture *fixture = *state;

    given_buildinfo(fixture, BUILDINFO_3_5);
    file_write(fixture->volume, "a.yaml", with_a_field_of_2_50);
    agent_runs(fixture);
    assert_true(output_has(fixture, "sample_age_limit"));
    http_stub_refuse(fixture->prometheus);
    file_write(fixture->volume, "b.yaml", remote_write("b", "http://b.example/push"));
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));
    given_buildinfo(fixture, BUILDINFO_2_42);
    http_stub_listen(fixture->prometheus);

    assert_true(output_loses(fixture, "sample_age_limit"));
    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_string_equal(agent_now(fixture).prometheus_version, "2.42.0+ds");
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_refused_config_is_asked_again_and_the_reason_is_logged_once),
        TEST(a_refusal_in_other_words_is_logged_again),
        TEST(a_request_that_is_not_taken_says_what_to_do_about_its_status),
        TEST(waits_grow_while_a_reload_fails),
        TEST(a_new_config_is_asked_at_once_while_waiting),
        TEST(an_event_that_changes_nothing_does_not_ask_while_waiting),
        TEST(going_back_to_the_config_before_a_refused_one_reloads_it),
        TEST(a_hanging_reload_times_out_and_is_never_doubled),
        TEST(a_rotated_secret_does_not_wait_for_a_slow_reload),
        TEST(a_lost_answer_is_asked_about_again_soon),
        TEST(events_during_a_reload_are_no_second_request_and_published_after_it),
        TEST(a_prometheus_that_starts_later_is_served_once_it_is_up),
        TEST(a_connection_that_breaks_is_asked_again),
        TEST(a_password_file_that_comes_late_is_read_at_the_next_try),
        TEST(an_output_that_cannot_be_written_is_said_once_and_tried_again),
        TEST(a_secret_that_cannot_be_written_keeps_the_config_as_it_was),
        TEST(the_version_is_asked_before_the_first_pass),
        TEST(a_version_that_is_given_decides_and_the_real_one_is_told),
        TEST(where_the_version_is_given_the_first_pass_does_not_wait_for_the_real_one),
        TEST(where_the_version_is_given_nobody_is_warned_that_the_real_one_is_not_told),
        TEST(another_version_is_noticed_at_the_watch_interval),
        TEST(a_prometheus_that_does_not_tell_its_version_in_time_does_not_hold_the_first_pass),
        TEST(one_that_is_starting_is_no_warning),
        TEST(one_that_does_not_come_up_is_a_warning_once_it_lasts),
        TEST(a_version_that_cannot_be_told_is_said_once),
        TEST(a_prometheus_that_comes_back_with_another_version_gets_another_config),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
