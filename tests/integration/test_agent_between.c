/* SPDX-License-Identifier: Apache-2.0 */

/* What others do between two steps of the agent: a person who edits the config that is merged in
 * place, a Prometheus that dies in the middle of a search, or comes back another than it went. */

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
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PERSONS "# a person's\nglobal: {}\n"

static void given_in_place(struct agent_fixture *fixture) {
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_write(fixture->out, "prometheus.yml", PERSONS);
}

/* As an editor that saves what it opened a moment ago. */
static void edit(const struct agent_fixture *fixture) {
    CLEANUP(memory_freep) char *text = file_read(fixture->out, "prometheus.yml");
    CLEANUP(buffer_free) struct buffer edited = {0};

    buffer_append_string(&edited, "# an edit\n");
    buffer_append_string(&edited, text);
    file_replace(fixture->out, "prometheus.yml", buffer_string(&edited));
}

/* What hangs is judged, and the next one hangs. */
static void the_next_is_asked(struct agent_fixture *fixture, struct strict_prometheus *prometheus) {
    const size_t questions = strict_questions(prometheus);

    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));
    strict_finishes(prometheus);
    assert_true(agent_is_asked(fixture, questions + 1));
}

static bool becomes_free(struct agent_fixture *fixture) {
    return LOOP_UNTIL(&fixture->loop, agent_now(fixture).fallback == FALLBACK_NONE &&
                                          agent_now(fixture).phase == AGENT_IDLE &&
                                          agent_now(fixture).confirmed);
}

static bool runs(struct agent_fixture *fixture, struct strict_prometheus *prometheus,
                 const char *text) {
    return LOOP_UNTIL(&fixture->loop, has(strict_runs(prometheus), text));
}

/* --- Prometheus ------------------------------------------------------------------------------- */

static void a_hold_begun_while_the_last_good_is_asked_about_ends(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.startup_grace_milliseconds = 300;
    drop(fixture, "a", URL("a"));
    drop(fixture, "x", URL("x"));
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty");
    file_remove(fixture->volume, "x.yaml");
    drop(fixture, "b", URL("guilty"));
    assert_true(agent_becomes(fixture, AGENT_ISOLATING));

    http_stub_refuse(fixture->prometheus);
    assert_true(log_has(fixture, "Prometheus does not come up", NULL));
    http_stub_listen(fixture->prometheus);

    assert_true(log_has(fixture, "Prometheus has taken the config that was held", NULL));
    assert_true(becomes_free(fixture));
    assert_false(has(strict_runs(prometheus), URL("x"))); /* it was removed meanwhile */
    assert_true(has(strict_runs(prometheus), URL("a")));
}

/* It answers for its record, so that it is there: what it is asked about is doubted again. */
static void stopped_at_the_first_question_after_an_outage_the_good_one_is_left(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    const char *good = strict_question(prometheus, 0);
    http_stub_refuse(fixture->prometheus);
    agent_reload(fixture->agent);
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));
    strict_is(prometheus, STRICT_HANGS);
    http_stub_listen(fixture->prometheus);
    drop(fixture, "b", URL("guilty"));
    assert_true(
        LOOP_UNTIL(&fixture->loop,
                   has(strict_question(prometheus, strict_questions(prometheus) - 1), "guilty")));

    agent_stop(fixture->agent);

    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, good);
}

/* It came up with this config before, whatever the password was. */
static void a_password_that_was_rotated_makes_no_config_unconfirmed(void **state) {
    struct agent_fixture *fixture = *state;
    fixture->settings.startup_grace_milliseconds = 100;
    STRICT prometheus = strict_prometheus_new(fixture);
    file_write(fixture->secrets, "s/token", "old");
    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    agent_runs(fixture);
    assert_true(strict_questions(prometheus) > 0);
    const uint64_t writes = agent_now(fixture).writes;
    file_replace(fixture->secrets, "s/token", "new");
    assert_true(LOOP_UNTIL(&fixture->loop, agent_now(fixture).writes > writes));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    http_stub_refuse(fixture->prometheus);
    agent_restarts(fixture);
    loop_for(&fixture->loop, 10 * (unsigned)fixture->settings.startup_grace_milliseconds);

    assert_true(output_has(fixture, URL("a")));
    assert_int_equal(log_lines_count("Prometheus does not come up", NULL), 0);
}

static const struct stub_answer old_version = {
    .body = "{\"status\":\"success\",\"data\":{\"version\":\"2.42.0\"}}"};
static const struct stub_answer new_version = {
    .body = "{\"status\":\"success\",\"data\":{\"version\":\"3.5.0\"}}"};

/* With `a`, which has a field that only newer ones know. */
static void given_version(struct agent_fixture *fixture, const struct stub_answer *version) {
    CLEANUP(buffer_free) struct buffer text = {0};

    http_stub_script(fixture->prometheus, BUILDINFO_PATH, version, 1);
    fixture->settings.ask_version = true;
    fixture->settings.compile.version = (struct version){0};
    buffer_append_string(&text, remote_write("a", URL("a")));
    buffer_append_string(&text, "    roundRobinDNS: true\n");
    file_write(fixture->volume, "a.yaml", buffer_string(&text));
}

static void an_init_container_writes_for_the_version_that_was_there(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_version(fixture, &old_version);
    agent_runs(fixture);
    assert_false(has(strict_question(prometheus, 0), "round_robin_dns"));
    file_remove(fixture->out, "prometheus.yml");

    assert_int_equal(agent_once(&fixture->settings), 0);

    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_true(has(output, URL("a")));
    assert_false(has(output, "round_robin_dns"));
}

/* What the newer one took is nothing that the older one could go back to. */
static void an_older_version_beside_a_quarantine_is_no_endless_hold(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_version(fixture, &new_version);
    fixture->settings.watch_milliseconds = 500;
    strict_refuses(prometheus, "guilty");
    drop(fixture, "b", URL("guilty"));
    agent_starts(fixture);
    assert_true(search_is_over(fixture));
    assert_true(has(strict_runs(prometheus), "round_robin_dns"));
    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);

    strict_refuses(prometheus, "round_robin_dns");
    http_stub_script(fixture->prometheus, BUILDINFO_PATH, &old_version, 1);

    assert_true(LOOP_UNTIL(&fixture->loop, has(strict_runs(prometheus), URL("a")) &&
                                               !has(strict_runs(prometheus), "round_robin_dns")));
    assert_true(becomes_free(fixture));
    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);
}

static void a_restart_while_prometheus_is_away_writes_for_the_version_that_was_there(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_version(fixture, &old_version);
    agent_runs(fixture);
    const char *good = strict_question(prometheus, 0);
    assert_false(has(good, "round_robin_dns"));

    http_stub_refuse(fixture->prometheus);
    agent_restarts(fixture);
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));

    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, good);
}

/* It hangs, and keeps no record: that is no outage, and nothing takes the place of what is wanted.
 */
static void a_prometheus_that_does_not_tell_is_there(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_keeps_a_record(prometheus, false);
    fixture->settings.startup_grace_milliseconds = 600;
    fixture->settings.prometheus.timeout_milliseconds = 250;
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "a", URL("a"));
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));

    strict_is(prometheus, STRICT_HANGS);
    http_stub_listen(fixture->prometheus);
    loop_for(&fixture->loop, 3 * (unsigned)fixture->settings.startup_grace_milliseconds);

    assert_true(output_has(fixture, URL("a")));
    assert_int_equal(log_lines_count("Prometheus does not come up", NULL), 0);
}

/* --- in place --------------------------------------------------------------------------------- */

/* `a` is good, `b` is guilty, `c` is not: in the middle of the search for it. */
static void given_it_dies_of_the_guilty_half(struct agent_fixture *fixture,
                                             struct strict_prometheus *prometheus) {
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty");
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "b", URL("guilty"));
    drop(fixture, "c", URL("c"));
    assert_true(agent_is_asked(fixture, 2)); /* all of it */
    the_next_is_asked(fixture, prometheus);  /* what was good */
    the_next_is_asked(fixture, prometheus);  /* the first half */
    assert_true(has(strict_question(prometheus, 3), "guilty"));
    http_stub_refuse(fixture->prometheus); /* it dies of it */
}

static void an_edit_while_a_question_waits_is_no_answer_to_it(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_in_place(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    given_it_dies_of_the_guilty_half(fixture, prometheus);
    assert_true(agent_becomes(fixture, AGENT_WAITING));

    file_replace(fixture->out, "prometheus.yml", PERSONS);
    strict_is(prometheus, STRICT_ANSWERS);
    http_stub_listen(fixture->prometheus);

    assert_true(runs(fixture, prometheus, URL("c")));
    assert_true(becomes_free(fixture));
    assert_true(has(strict_runs(prometheus), URL("a")));
    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);
}

static void what_was_written_over_before_it_was_read_is_not_confirmed(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_in_place(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty");
    strict_record_fails(prometheus, 2); /* it has a lot to do just now */
    drop(fixture, "b", URL("guilty"));
    assert_true(output_has(fixture, "guilty"));

    file_replace(fixture->out, "prometheus.yml", PERSONS);

    assert_true(log_has(fixture, "state=quarantined", "name=b"));
    assert_true(becomes_free(fixture));
    assert_true(output_loses(fixture, "guilty"));
}

static void an_edit_while_a_search_holds_is_no_busy_loop(void **state) {
    struct agent_fixture *fixture = *state;
    const uint64_t few = 40;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_in_place(fixture);
    fixture->settings.startup_grace_milliseconds = 300;
    fixture->settings.prometheus.timeout_milliseconds = 100;
    given_it_dies_of_the_guilty_half(fixture, prometheus);
    assert_true(log_has(fixture, "Prometheus does not come up", NULL));
    agent_is_left_alone(fixture);

    edit(fixture);
    agent_is_left_alone(fixture);
    const uint64_t passes = agent_now(fixture).passes;
    strict_is(prometheus, STRICT_ANSWERS);
    http_stub_listen(fixture->prometheus);

    assert_true(becomes_free(fixture));
    assert_true(output_has(fixture, "# an edit"));
    assert_true(agent_now(fixture).passes < passes + few);
}

static void stopped_after_an_edit_what_is_doubted_goes_back(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_in_place(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "b", URL("guilty"));
    assert_true(agent_is_asked(fixture, 2));

    edit(fixture);
    agent_stop(fixture->agent);

    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_true(has(output, "# an edit"));
    assert_true(has(output, URL("a")));
    assert_false(has(output, "guilty"));
}

#define TEST(test) \
    cmocka_unit_test_setup_teardown(test, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    static const struct CMUnitTest tests[] = {
        TEST(a_hold_begun_while_the_last_good_is_asked_about_ends),
        TEST(stopped_at_the_first_question_after_an_outage_the_good_one_is_left),
        TEST(a_password_that_was_rotated_makes_no_config_unconfirmed),
        TEST(a_restart_while_prometheus_is_away_writes_for_the_version_that_was_there),
        TEST(an_init_container_writes_for_the_version_that_was_there),
        TEST(an_older_version_beside_a_quarantine_is_no_endless_hold),
        TEST(a_prometheus_that_does_not_tell_is_there),
        TEST(an_edit_while_a_question_waits_is_no_answer_to_it),
        TEST(what_was_written_over_before_it_was_read_is_not_confirmed),
        TEST(an_edit_while_a_search_holds_is_no_busy_loop),
        TEST(stopped_after_an_edit_what_is_doubted_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
