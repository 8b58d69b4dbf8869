/* SPDX-License-Identifier: Apache-2.0 */

/* A RemoteWrite that moves to another destination with another credential: the queue of the old one
 * goes on until Prometheus has loaded the new one, and reads its secret file at each request. No
 * credential may go where it does not belong, whatever becomes of the edit. */

#include "support/agent_fixture.h"
#include "support/agent_steps.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/strict_prometheus.h"
#include "support/tempdir.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FIRST_FILE  "team-a_a_authorization.credentials"
#define SECOND_FILE FIRST_FILE ".2"
#define THIRD_FILE  FIRST_FILE ".3"

/* The destinations, which take a token of the same name; each is a Secret. */
static const char *const destinations[] = {"old", "new", "third"};

/* RemoteWrite `a`, with the token of that destination. */
static void a_sends_to(struct agent_fixture *fixture, const char *destination) {
    CLEANUP(buffer_free) struct buffer url = {0};
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&url, "http://%s.example/push", destination);
    buffer_append_string(&text, remote_write("a", buffer_string(&url)));
    buffer_printf(&text, "    authorization: {credentials: {name: %s, key: token}}\n", destination);
    file_replace(fixture->volume, "a.yaml", buffer_string(&text));
}

static void given_one_that_sends_to_old(struct agent_fixture *fixture) {
    for (size_t i = 0; i < ARRAY_LENGTH(destinations); i++) {
        CLEANUP(buffer_free) struct buffer name = {0};
        buffer_printf(&name, "%s/token", destinations[i]);
        file_write(fixture->secrets, buffer_string(&name), destinations[i]);
    }
    a_sends_to(fixture, "old");
    agent_runs(fixture);
}

static bool file_is(const struct agent_fixture *fixture, const char *name, const char *content) {
    CLEANUP(memory_freep) char *there = file_read(fixture->secret_directory, name);

    return there != NULL && strcmp(there, content) == 0;
}

/* At each question what ran had its own token. */
static bool every_token_is_where_it_belongs(struct strict_prometheus *prometheus) {
    size_t seen = 0;

    for (size_t i = 0; i < strict_questions(prometheus); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(destinations); j++) {
            CLEANUP(buffer_free) struct buffer url = {0};
            buffer_printf(&url, "http://%s.example/push", destinations[j]);
            if (!has(strict_ran(prometheus, i), buffer_string(&url))) {
                continue;
            }
            seen++;
            const char *sent = strict_sent(prometheus, i);
            if (sent == NULL || strcmp(sent, destinations[j]) != 0) {
                print_message("question %zu: %s got %s\n", i, destinations[j],
                              sent != NULL ? sent : "nothing");
                return false;
            }
        }
    }
    return seen > 0;
}

static void a_new_credential_waits_for_the_new_destination(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    given_one_that_sends_to_old(fixture);
    strict_is(prometheus, STRICT_HANGS);

    a_sends_to(fixture, "new");
    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));
    assert_true(has(strict_question(prometheus, 1), URL("new")));
    assert_true(has(strict_question(prometheus, 1), SECOND_FILE));
    assert_true(file_is(fixture, FIRST_FILE, "old"));
    assert_true(file_is(fixture, SECOND_FILE, "new"));
    strict_finishes(prometheus);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_int_equal(strict_questions(prometheus), 2);
    assert_true(file_is(fixture, SECOND_FILE, "new"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
}

static void a_rotation_after_that_is_no_reload(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_that_sends_to_old(fixture);
    a_sends_to(fixture, "new");
    assert_true(output_has(fixture, URL("new")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(strict_questions(prometheus), 2);

    file_replace(fixture->secrets, "new/token", "rotated");

    assert_true(log_has(fixture, "secret files written", "secret_files=1"));
    agent_is_left_alone(fixture);
    assert_true(file_is(fixture, SECOND_FILE, "rotated"));
    assert_int_equal(strict_questions(prometheus), 2);

    a_sends_to(fixture, "third");
    assert_true(output_has(fixture, URL("third")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_string_equal(strict_sent(prometheus, 2), "rotated");
    assert_true(file_is(fixture, FIRST_FILE, "third"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
}

static void a_refused_move_leaves_the_old_credential_alone(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_that_sends_to_old(fixture);
    strict_refuses(prometheus, URL("new"));

    a_sends_to(fixture, "new");
    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_true(outcome_of(fixture, "a")->earlier);
    assert_true(has(strict_runs(prometheus), URL("old")));
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_true(file_is(fixture, FIRST_FILE, "old"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);

    agent_restarts(fixture);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);
    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_int_equal(log_lines_count("searching for what Prometheus refuses", NULL), 0);
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_int_equal(folder_count(fixture->secret_directory), 1);

    a_sends_to(fixture, "third");
    assert_true(output_has(fixture, URL("third")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
    assert_true(every_token_is_where_it_belongs(prometheus));
}

static void a_move_beside_a_refused_one_is_made_with_its_own_credential(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    file_write(fixture->volume, "b.yaml", remote_write_with_secret("b", "old"));
    given_one_that_sends_to_old(fixture);
    strict_refuses(prometheus, URL("guilty"));

    a_sends_to(fixture, "new");
    drop(fixture, "b", URL("guilty"));
    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);
    assert_true(has(strict_runs(prometheus), URL("new")));
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_true(file_is(fixture, SECOND_FILE, "new"));
    assert_true(file_is(fixture, "team-a_b_authorization.credentials", "old"));
    assert_int_equal(folder_count(fixture->secret_directory), 2);
}

static void a_second_move_before_the_first_is_taken_leaves_the_old_credential_alone(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_that_sends_to_old(fixture);
    http_stub_refuse(fixture->prometheus);
    a_sends_to(fixture, "new");
    assert_true(output_has(fixture, URL("new")));

    a_sends_to(fixture, "third");
    assert_true(output_has(fixture, URL("third")));
    assert_true(file_is(fixture, FIRST_FILE, "old"));
    assert_true(file_is(fixture, THIRD_FILE, "third"));
    http_stub_listen(fixture->prometheus);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("third")));
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
}

static void a_restart_before_the_move_is_taken_leaves_the_old_credential_alone(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_that_sends_to_old(fixture);
    http_stub_refuse(fixture->prometheus);
    a_sends_to(fixture, "new");
    assert_true(output_has(fixture, URL("new")));

    agent_restarts(fixture);
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    assert_true(file_is(fixture, FIRST_FILE, "old"));
    assert_true(file_is(fixture, SECOND_FILE, "new"));
    http_stub_listen(fixture->prometheus);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("new")));
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_true(file_is(fixture, SECOND_FILE, "new"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
}

static void a_move_that_is_taken_back_ends_with_the_old_files(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_that_sends_to_old(fixture);
    http_stub_refuse(fixture->prometheus);
    a_sends_to(fixture, "new");
    assert_true(output_has(fixture, URL("new")));

    a_sends_to(fixture, "old");
    assert_true(output_has(fixture, URL("old")));
    http_stub_listen(fixture->prometheus);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("old")));
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_true(file_is(fixture, FIRST_FILE, "old"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
}

/* What ran is not known then: at most one reload more. */
static void a_lost_memory_ends_in_the_first_names(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_that_sends_to_old(fixture);
    a_sends_to(fixture, "new");
    assert_true(output_has(fixture, URL("new")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    file_remove(fixture->out, ".remotewrite-sidecar/state.json");
    agent_restarts(fixture);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(strict_questions(prometheus), 3);
    assert_true(every_token_is_where_it_belongs(prometheus));
    assert_true(file_is(fixture, FIRST_FILE, "new"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_new_credential_waits_for_the_new_destination),
        TEST(a_rotation_after_that_is_no_reload),
        TEST(a_refused_move_leaves_the_old_credential_alone),
        TEST(a_move_beside_a_refused_one_is_made_with_its_own_credential),
        TEST(a_second_move_before_the_first_is_taken_leaves_the_old_credential_alone),
        TEST(a_restart_before_the_move_is_taken_leaves_the_old_credential_alone),
        TEST(a_move_that_is_taken_back_ends_with_the_old_files),
        TEST(a_lost_memory_ends_in_the_first_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
