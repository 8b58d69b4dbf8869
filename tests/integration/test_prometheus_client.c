/* SPDX-License-Identifier: Apache-2.0 */

/* The HTTP client on a loop, against a stand-in that answers and misbehaves. */

#include "base/clock.h"
#include "base/memory.h"
#include "prometheus/client.h"
#include "support/assertions.h"
#include "support/http_stub.h"
#include "support/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RELOAD_PATH    "/-/reload"
#define BUILDINFO_PATH "/api/v1/status/buildinfo"

struct fixture {
    uv_loop_t loop;
    struct http_stub *stub;
    struct prometheus_settings settings;
    struct prometheus_client *client;
    char secret_path[64];
    /* the last answer */
    size_t answers;
    struct http_answer answer;
    char error[1024];
    struct buffer body;
    /* of metrics: the beginning of what was handed on, and how much it was */
    struct buffer parts;
    size_t parts_length;
    const char *refusal;
    bool close_when_done;
    bool again_when_done;
};

static int given_a_stub(void **state) {
    struct fixture *fixture = memory_new(1, sizeof(*fixture));

    uv_loop_init(&fixture->loop);
    fixture->stub = http_stub_new();
    fixture->settings = (struct prometheus_settings){
        .reload_url = http_stub_url(fixture->stub, RELOAD_PATH),
        .timeout_milliseconds = 10000,
    };
    strcpy(fixture->secret_path, "/tmp/remotewrite-sidecar-client-XXXXXX");
    int fd = mkstemp(fixture->secret_path);
    assert_true(fd >= 0);
    close(fd);
    *state = fixture;
    return 0;
}

static int close_all(void **state) {
    struct fixture *fixture = *state;

    if (fixture->client != NULL) {
        prometheus_client_close(fixture->client);
    }
    bool clean = loop_finish(&fixture->loop);
    http_stub_free(fixture->stub);
    unlink(fixture->secret_path);
    buffer_free(&fixture->body);
    buffer_free(&fixture->parts);
    free(fixture);
    return clean ? 0 : -1;
}

static void given_a_client(struct fixture *fixture) {
    fixture->client = prometheus_client_new(&fixture->loop, &fixture->settings);
}

static void given_the_answer(struct fixture *fixture, struct stub_answer answer) {
    http_stub_script(fixture->stub, RELOAD_PATH, &answer, 1);
    http_stub_listen(fixture->stub);
    given_a_client(fixture);
}

static void given_a_secret(struct fixture *fixture, const char *text) {
    FILE *file = fopen(fixture->secret_path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void on_done(const struct http_answer *answer, void *context) {
    struct fixture *fixture = context;

    fixture->answers++;
    fixture->answer = *answer;
    snprintf(fixture->error, sizeof(fixture->error), "%s", answer->error ? answer->error : "");
    assert_int_equal(answer->body.data[answer->body.length], '\0');
    buffer_clear(&fixture->body);
    buffer_append(&fixture->body, answer->body);
    if (fixture->close_when_done) {
        prometheus_client_close(fixture->client);
        fixture->client = NULL;
    }
    if (fixture->again_when_done) {
        fixture->again_when_done = false;
        assert_int_equal(prometheus_reload(fixture->client, on_done, fixture), 0);
    }
}

static bool is_answered(void *context) {
    return ((struct fixture *)context)->answers > 0;
}

static bool is_answered_twice(void *context) {
    return ((struct fixture *)context)->answers > 1;
}

static void wait_for_answer(struct fixture *fixture) {
    assert_true(loop_until(&fixture->loop, is_answered, fixture, LOOP_DEADLINE));
}

static void when_reloaded(struct fixture *fixture) {
    fixture->answers = 0;
    assert_int_equal(prometheus_reload(fixture->client, on_done, fixture), 0);
    assert_int_equal(fixture->answers, 0);
    wait_for_answer(fixture);
}

static void then_the_error_is(struct fixture *fixture, const char *words) {
    assert_int_equal(fixture->answer.status, 0);
    assert_non_null(fixture->answer.error);
    char expected[1024];
    snprintf(expected, sizeof(expected), "POST %s: %s", fixture->settings.reload_url, words);
    assert_string_equal(fixture->error, expected);
}

static void then_the_answer_was_lost(struct fixture *fixture) {
    assert_int_equal(fixture->answer.status, 0);
    assert_true(fixture->answer.maybe_received);
    assert_true(fixture->answer.lost);
    assert_false(fixture->answer.unreachable);
}

static void then_the_answer_was_late(struct fixture *fixture) {
    assert_int_equal(fixture->answer.status, 0);
    assert_true(fixture->answer.maybe_received);
    assert_false(fixture->answer.lost);
    assert_false(fixture->answer.unreachable);
}

static void then_nothing_was_sent(struct fixture *fixture) {
    assert_int_equal(fixture->answer.status, 0);
    assert_false(fixture->answer.maybe_received);
    assert_false(fixture->answer.lost);
}

static void then_the_answer_came(struct fixture *fixture, int status) {
    assert_int_equal(fixture->answer.status, status);
    assert_null(fixture->answer.error);
    assert_false(fixture->answer.maybe_received);
    assert_false(fixture->answer.lost);
}

static bool request_has(struct fixture *fixture, size_t index, const char *text) {
    const char *request = http_stub_request(fixture->stub, index);

    assert_non_null(request);
    return strstr(request, text) != NULL;
}

/* --- answers
 * --------------------------------------------------------------------------------------- */

static void a_reload_is_a_post_with_an_empty_body(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.status = 200});
    when_reloaded(fixture);

    then_the_answer_came(fixture, 200);
    assert_true(fixture->answer.nanoseconds > 0);
    assert_int_equal(http_stub_count(fixture->stub, RELOAD_PATH), 1);
    assert_true(request_has(fixture, 0, "POST /-/reload HTTP/1.1\r\n"));
    assert_true(request_has(fixture, 0, "Content-Length: 0\r\n"));
    assert_true(request_has(fixture, 0, "User-Agent: remotewrite-sidecar\r\n"));
    assert_false(request_has(fixture, 0, "Authorization"));
}

static void a_refusal_comes_with_its_body(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture,
                     (struct stub_answer){.status = 500, .body = "failed to reload config: no\n"});
    when_reloaded(fixture);

    assert_int_equal(fixture->answer.status, 500);
    assert_null(fixture->answer.error);
    assert_string_equal(buffer_string(&fixture->body), "failed to reload config: no\n");
}

static void a_redirect_is_not_followed(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.status = 302});
    when_reloaded(fixture);

    assert_int_equal(fixture->answer.status, 302);
    assert_int_equal(http_stub_count(fixture->stub, NULL), 1);
}

static void the_proxy_of_the_environment_is_not_used(void **state) {
    struct fixture *fixture = *state;

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    given_the_answer(fixture, (struct stub_answer){.status = 200});
    when_reloaded(fixture);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");

    assert_int_equal(fixture->answer.status, 200);
}

static void buildinfo_is_asked_beside_the_reload_url(void **state) {
    struct fixture *fixture = *state;

    http_stub_script(fixture->stub, BUILDINFO_PATH,
                     &(struct stub_answer){.status = 200, .body = "{}"}, 1);
    given_the_answer(fixture, (struct stub_answer){.status = 200});
    assert_int_equal(prometheus_buildinfo(fixture->client, on_done, fixture), 0);
    wait_for_answer(fixture);

    assert_int_equal(fixture->answer.status, 200);
    assert_string_equal(buffer_string(&fixture->body), "{}");
    assert_true(request_has(fixture, 0, "GET /api/v1/status/buildinfo HTTP/1.1\r\n"));
}

static void where_there_is_no_such_url_the_asker_is_told(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.reload_url = http_stub_url(fixture->stub, "/hook");
    given_a_client(fixture);

    assert_int_equal(prometheus_runtimeinfo(fixture->client, on_done, fixture), -EINVAL);
    assert_int_equal(prometheus_buildinfo(fixture->client, on_done, fixture), -EINVAL);
}

/* --- faults
 * ---------------------------------------------------------------------------------------- */

static void a_refused_connection_was_not_received(void **state) {
    struct fixture *fixture = *state;

    given_a_client(fixture);
    when_reloaded(fixture);

    then_the_error_is(fixture, "Connection refused");
    then_nothing_was_sent(fixture);
    assert_true(fixture->answer.unreachable);
}

static void a_timeout_is_late_and_not_lost(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.timeout_milliseconds = 200;
    given_the_answer(fixture, (struct stub_answer){.mode = STUB_HANG});
    when_reloaded(fixture);

    then_the_error_is(fixture, "no answer within 200ms");
    then_the_answer_was_late(fixture);
    assert_true(fixture->answer.nanoseconds >= 200 * INT64_C(1000000));
}

static void the_answer_of_a_reset_connection_is_lost(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.mode = STUB_RESET});
    when_reloaded(fixture);

    assert_non_null(strstr(fixture->error, "reset by peer"));
    then_the_answer_was_lost(fixture);
}

static void the_answer_of_a_closed_connection_is_lost(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.mode = STUB_CLOSE});
    when_reloaded(fixture);

    then_the_error_is(fixture, "Empty reply from server");
    then_the_answer_was_lost(fixture);
}

static void garbage_is_no_answer(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.mode = STUB_GARBAGE});
    when_reloaded(fixture);

    assert_non_null(fixture->answer.error);
    then_the_answer_was_lost(fixture);
}

static void a_status_line_is_an_answer_though_the_body_breaks_off(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture,
                     (struct stub_answer){.mode = STUB_TRUNCATE, .status = 500, .body = "half"});
    when_reloaded(fixture);

    then_the_answer_came(fixture, 500);
    assert_string_equal(buffer_string(&fixture->body), "half");
}

static void a_status_line_is_an_answer_though_the_body_is_late(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.timeout_milliseconds = 200;
    given_the_answer(fixture,
                     (struct stub_answer){.mode = STUB_STALL, .status = 500, .body = "half"});
    when_reloaded(fixture);

    then_the_answer_came(fixture, 500);
    assert_string_equal(buffer_string(&fixture->body), "half");
}

/* A gateway that got no answer itself: what became of the reload is for the caller to judge. */
static void the_word_of_a_gateway_is_an_answer(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.status = 504});
    when_reloaded(fixture);

    then_the_answer_came(fixture, 504);
}

static void an_answer_without_end_is_cut_and_not_waited_for(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.mode = STUB_ENDLESS});
    when_reloaded(fixture);

    assert_int_equal(fixture->answer.status, 200);
    assert_int_equal(fixture->body.length, HTTP_ANSWER_MAX);
}

static void a_header_without_end_is_no_answer(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.mode = STUB_HEADERS});
    when_reloaded(fixture);

    then_the_error_is(fixture, "the header of the answer is too large");
    then_the_answer_was_lost(fixture);
}

static void a_server_that_restarts_between_two_requests_is_no_fault(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.status = 200});
    when_reloaded(fixture);
    http_stub_refuse(fixture->stub);
    http_stub_listen(fixture->stub);
    when_reloaded(fixture);

    assert_int_equal(fixture->answer.status, 200);
    assert_int_equal(http_stub_count(fixture->stub, RELOAD_PATH), 2);
}

static void another_protocol_is_refused(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.reload_url = "file:///etc/hostname";
    given_a_client(fixture);
    when_reloaded(fixture);

    assert_non_null(strstr(fixture->error, "rotocol"));
    then_nothing_was_sent(fixture);
}

/* --- authentication
 * -------------------------------------------------------------------------------- */

static void basic_auth_reads_its_password_at_every_request(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.username = "me";
    fixture->settings.password_file = fixture->secret_path;
    given_the_answer(fixture, (struct stub_answer){.status = 200});
    given_a_secret(fixture, "first\n");
    when_reloaded(fixture);
    given_a_secret(fixture, "second\n");
    when_reloaded(fixture);

    assert_true(request_has(fixture, 0, "Authorization: Basic bWU6Zmlyc3Q=\r\n"));
    assert_true(request_has(fixture, 1, "Authorization: Basic bWU6c2Vjb25k\r\n"));
}

static void user_and_password_of_the_url_are_sent(void **state) {
    struct fixture *fixture = *state;
    char url[256];

    snprintf(url, sizeof(url), "http://me:hunter%%402@%s",
             http_stub_url(fixture->stub, "/-/reload") + strlen("http://"));
    fixture->settings.reload_url = url;
    given_the_answer(fixture, (struct stub_answer){.status = 200});
    when_reloaded(fixture);

    /* me:hunter@2 */
    assert_true(request_has(fixture, 0, "Authorization: Basic bWU6aHVudGVyQDI=\r\n"));
}

static void a_bearer_token_is_sent(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.bearer_token_file = fixture->secret_path;
    given_the_answer(fixture, (struct stub_answer){.status = 200});
    given_a_secret(fixture, "token\n");
    when_reloaded(fixture);

    assert_true(request_has(fixture, 0, "Authorization: Bearer token\r\n"));
}

static void a_password_file_that_cannot_be_read_is_reported_later(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.username = "me";
    fixture->settings.password_file = "/nowhere/password";
    given_the_answer(fixture, (struct stub_answer){.status = 200});
    when_reloaded(fixture);

    then_the_error_is(fixture, "reading /nowhere/password: No such file or directory");
    then_nothing_was_sent(fixture);
    assert_false(fixture->answer.unreachable);
    assert_int_equal(http_stub_count(fixture->stub, NULL), 0);
}

static void user_information_in_the_url_is_masked_in_errors(void **state) {
    struct fixture *fixture = *state;
    char url[256];

    snprintf(url, sizeof(url), "http://me:hunter2@%s",
             http_stub_url(fixture->stub, RELOAD_PATH) + strlen("http://"));
    fixture->settings.reload_url = url;
    given_a_client(fixture);
    when_reloaded(fixture);
    assert_null(strstr(fixture->error, "hunter2"));
    assert_non_null(strstr(fixture->error, "xxxxx@127.0.0.1"));

    http_stub_script(fixture->stub, RELOAD_PATH, &(struct stub_answer){.status = 200}, 1);
    http_stub_listen(fixture->stub);
    when_reloaded(fixture);
    assert_true(request_has(fixture, 0, "Authorization: Basic bWU6aHVudGVyMg==\r\n"));
}

/* --- one at a time, and nothing between
 * ------------------------------------------------------------ */

static void a_second_reload_waits_for_the_first(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.mode = STUB_HANG});
    assert_int_equal(prometheus_reload(fixture->client, on_done, fixture), 0);
    assert_int_equal(prometheus_reload(fixture->client, on_done, fixture), -EALREADY);
    http_stub_release(fixture->stub);
    wait_for_answer(fixture);

    assert_int_equal(fixture->answer.status, 200);
    when_reloaded(fixture);
    assert_int_equal(http_stub_count(fixture->stub, RELOAD_PATH), 2);
}

static void a_reload_and_a_question_run_side_by_side(void **state) {
    struct fixture *fixture = *state;

    http_stub_script(fixture->stub, BUILDINFO_PATH, &(struct stub_answer){.status = 404}, 1);
    given_the_answer(fixture, (struct stub_answer){.mode = STUB_HANG});
    assert_int_equal(prometheus_reload(fixture->client, on_done, fixture), 0);
    assert_int_equal(prometheus_buildinfo(fixture->client, on_done, fixture), 0);
    wait_for_answer(fixture);
    assert_int_equal(fixture->answer.status, 404);

    http_stub_release(fixture->stub);
    fixture->answers = 0;
    wait_for_answer(fixture);
    assert_int_equal(fixture->answer.status, 200);
}

static void a_new_request_may_be_made_when_one_is_done(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.status = 200});
    fixture->again_when_done = true;
    assert_int_equal(prometheus_reload(fixture->client, on_done, fixture), 0);
    assert_true(loop_until(&fixture->loop, is_answered_twice, fixture, LOOP_DEADLINE));

    assert_int_equal(http_stub_count(fixture->stub, RELOAD_PATH), 2);
    assert_int_equal(http_stub_most_at_once(fixture->stub, RELOAD_PATH), 1);
}

static void the_client_may_be_closed_when_a_request_is_done(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.status = 200});
    fixture->close_when_done = true;
    when_reloaded(fixture);

    assert_int_equal(fixture->answer.status, 200);
}

static void closing_ends_a_running_request_without_a_call(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.mode = STUB_HANG});
    assert_int_equal(prometheus_reload(fixture->client, on_done, fixture), 0);
    loop_for(&fixture->loop, 20);
    prometheus_client_close(fixture->client);
    fixture->client = NULL;
    loop_for(&fixture->loop, 20);

    assert_int_equal(fixture->answers, 0);
}

static void an_idle_client_keeps_nothing_alive(void **state) {
    struct fixture *fixture = *state;

    given_the_answer(fixture, (struct stub_answer){.status = 200});
    assert_int_equal(uv_loop_alive(&fixture->loop), 0);
    when_reloaded(fixture);

    assert_int_equal(uv_loop_alive(&fixture->loop), 0);
    assert_int_equal(uv_backend_timeout(&fixture->loop), 0);
}

/* --- metrics
 * --------------------------------------------------------------------------------------- */

#define METRICS_PATH "/metrics"
#define MIB          ((size_t)1024 * 1024)

static const char *on_part(struct bytes part, void *context) {
    struct fixture *fixture = context;

    fixture->parts_length += part.length;
    if (fixture->parts.length < HTTP_ANSWER_MAX) {
        buffer_append(&fixture->parts, part);
    }
    return fixture->refusal;
}

static void when_asked_for_metrics(struct fixture *fixture, struct stub_answer answer) {
    http_stub_script(fixture->stub, METRICS_PATH, &answer, 1);
    given_the_answer(fixture, (struct stub_answer){.status = 200});
    assert_int_equal(prometheus_metrics(fixture->client, on_part, on_done, fixture), 0);
    wait_for_answer(fixture);
}

static void then_the_metrics_fail_as(struct fixture *fixture, const char *words) {
    assert_int_equal(fixture->answer.status, 0);
    assert_non_null(strstr(fixture->error, "GET http://127.0.0.1:"));
    assert_non_null(strstr(fixture->error, words));
}

static void metrics_are_handed_on_and_not_kept(void **state) {
    struct fixture *fixture = *state;

    when_asked_for_metrics(fixture, (struct stub_answer){.status = 200, .body = "up 1\n"});

    assert_int_equal(fixture->answer.status, 200);
    assert_string_equal(buffer_string(&fixture->parts), "up 1\n");
    assert_int_equal(fixture->body.length, 0);
    assert_true(request_has(fixture, 0, "GET /metrics HTTP/1.1\r\n"));
    assert_true(request_has(fixture, 0, "Accept: text/plain;version=0.0.4\r\n"));
}

static void what_is_no_200_is_not_handed_on(void **state) {
    struct fixture *fixture = *state;

    when_asked_for_metrics(fixture, (struct stub_answer){.status = 404, .body = "not here\n"});

    assert_int_equal(fixture->answer.status, 404);
    assert_int_equal(fixture->parts_length, 0);
    assert_string_equal(buffer_string(&fixture->body), "not here\n");
}

static void metrics_that_break_off_are_no_answer(void **state) {
    struct fixture *fixture = *state;

    when_asked_for_metrics(
        fixture, (struct stub_answer){.mode = STUB_TRUNCATE, .status = 200, .body = "up 1\n"});

    then_the_metrics_fail_as(fixture, "/metrics: ");
    then_the_answer_was_lost(fixture);
    assert_string_equal(buffer_string(&fixture->parts), "up 1\n");
}

static void metrics_that_stall_are_late_and_not_lost(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.timeout_milliseconds = 200;
    when_asked_for_metrics(
        fixture, (struct stub_answer){.mode = STUB_STALL, .status = 200, .body = "up 1\n"});

    then_the_metrics_fail_as(fixture, "/metrics: no answer within 200ms");
    then_the_answer_was_late(fixture);
    assert_string_equal(buffer_string(&fixture->parts), "up 1\n");
}

static void metrics_without_end_are_cut(void **state) {
    struct fixture *fixture = *state;
    static char lines[64 * 1024]; /* so much at a time that 64 MiB are a matter of moments */

    for (size_t i = 0; i < sizeof(lines) - 1; i++) {
        lines[i] = "up 1\n"[i % strlen("up 1\n")];
    }
    lines[sizeof(lines) - 1] = '\0';
    when_asked_for_metrics(fixture, (struct stub_answer){.mode = STUB_ENDLESS, .body = lines});

    then_the_metrics_fail_as(fixture, "/metrics: the answer is larger than 64 MiB");
    assert_between(fixture->parts_length, HTTP_STREAM_MAX - MIB, HTTP_STREAM_MAX);
}

static void metrics_that_are_not_wanted_are_not_waited_for(void **state) {
    struct fixture *fixture = *state;

    fixture->refusal = "this is poetry";
    when_asked_for_metrics(fixture, (struct stub_answer){.mode = STUB_ENDLESS, .body = "O rose\n"});

    then_the_metrics_fail_as(fixture, "/metrics: this is poetry");
    assert_between(fixture->parts_length, 1, MIB);
}

static void what_is_asked_in_the_background_keeps_nothing_alive(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.background = true;
    http_stub_script(fixture->stub, METRICS_PATH, &(struct stub_answer){.mode = STUB_HANG}, 1);
    http_stub_listen(fixture->stub);
    given_a_client(fixture);
    assert_int_equal(prometheus_metrics(fixture->client, on_part, on_done, fixture), 0);
    loop_for(&fixture->loop, 20);

    assert_int_equal(uv_loop_alive(&fixture->loop), 0);
    assert_int_equal(fixture->answers, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, given_a_stub, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_reload_is_a_post_with_an_empty_body),
        TEST(a_refusal_comes_with_its_body),
        TEST(a_redirect_is_not_followed),
        TEST(the_proxy_of_the_environment_is_not_used),
        TEST(buildinfo_is_asked_beside_the_reload_url),
        TEST(where_there_is_no_such_url_the_asker_is_told),
        TEST(a_refused_connection_was_not_received),
        TEST(a_timeout_is_late_and_not_lost),
        TEST(the_answer_of_a_reset_connection_is_lost),
        TEST(the_answer_of_a_closed_connection_is_lost),
        TEST(garbage_is_no_answer),
        TEST(a_status_line_is_an_answer_though_the_body_breaks_off),
        TEST(a_status_line_is_an_answer_though_the_body_is_late),
        TEST(the_word_of_a_gateway_is_an_answer),
        TEST(an_answer_without_end_is_cut_and_not_waited_for),
        TEST(a_header_without_end_is_no_answer),
        TEST(a_server_that_restarts_between_two_requests_is_no_fault),
        TEST(another_protocol_is_refused),
        TEST(basic_auth_reads_its_password_at_every_request),
        TEST(user_and_password_of_the_url_are_sent),
        TEST(a_bearer_token_is_sent),
        TEST(a_password_file_that_cannot_be_read_is_reported_later),
        TEST(user_information_in_the_url_is_masked_in_errors),
        TEST(a_second_reload_waits_for_the_first),
        TEST(a_reload_and_a_question_run_side_by_side),
        TEST(a_new_request_may_be_made_when_one_is_done),
        TEST(the_client_may_be_closed_when_a_request_is_done),
        TEST(closing_ends_a_running_request_without_a_call),
        TEST(an_idle_client_keeps_nothing_alive),
        TEST(metrics_are_handed_on_and_not_kept),
        TEST(what_is_no_200_is_not_handed_on),
        TEST(metrics_that_break_off_are_no_answer),
        TEST(metrics_that_stall_are_late_and_not_lost),
        TEST(metrics_without_end_are_cut),
        TEST(metrics_that_are_not_wanted_are_not_waited_for),
        TEST(what_is_asked_in_the_background_keeps_nothing_alive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
