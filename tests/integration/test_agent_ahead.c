/* SPDX-License-Identifier: Apache-2.0 */

/* What only Prometheus can judge: asked about ahead of all others, then put in its usual order. */

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

static const char base_with_its_own[] = "global: {}\n"
                                        "remote_write:\n"
                                        "- name: own\n"
                                        "  url: \"http://own.example/push\"\n";

/* It has no keys: it is the identity of Prometheus's pod that counts. */
static void drop_delicate(struct agent_fixture *fixture, const char *name, const char *region) {
    CLEANUP(buffer_free) struct buffer text = {0};
    char file[64];
    char url[64];

    snprintf(file, sizeof(file), "%s.yaml", name);
    snprintf(url, sizeof(url), "http://%s.example/delicate", name);
    buffer_append_string(&text, remote_write(name, url));
    buffer_printf(&text, "    sigv4: {region: %s}\n", region);
    file_replace(fixture->volume, file, buffer_string(&text));
}

static void given_others(struct agent_fixture *fixture) {
    file_replace(fixture->base, "prometheus.yml", base_with_its_own);
    drop(fixture, "a", URL("a"));
    drop(fixture, "b", URL("b"));
    agent_runs(fixture);
}

/* Does one stand before the other? Both have to be there. */
static bool in_order(const char *config, const char *first, const char *second) {
    const char *one = strstr(config, first);
    const char *other = strstr(config, second);

    assert_non_null(one);
    assert_non_null(other);
    return one < other;
}

static bool is_in_the_usual_order(const char *config, const char *name) {
    return in_order(config, "name: own", "# BEGIN") && in_order(config, "name: a", name);
}

/* The request that hangs: its connection breaks off, and the record tells what became of it. */
static void what_hangs_is_finished(struct agent_fixture *fixture,
                                   struct strict_prometheus *prometheus) {
    http_stub_refuse(fixture->prometheus);
    strict_finishes(prometheus);
    http_stub_listen(fixture->prometheus);
}

/* --- taken ------------------------------------------------------------------------------------ */

static void a_delicate_one_is_asked_about_ahead_and_then_put_in_order(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);

    drop_delicate(fixture, "delicate", "x");
    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(strict_questions(prometheus), 3);
    const char *first = strict_question(prometheus, 1);
    assert_true(in_order(first, "name: delicate", "name: a"));
    assert_true(in_order(first, "name: delicate", "name: own"));
    assert_true(is_in_the_usual_order(strict_runs(prometheus), "name: delicate"));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(log_lines_count("Prometheus has loaded the config", NULL), 2);
}

static void once_taken_it_costs_other_changes_no_reload_more(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    drop_delicate(fixture, "delicate", "x");
    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    drop(fixture, "c", URL("c"));
    assert_true(agent_is_asked(fixture, 4));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);

    assert_int_equal(strict_questions(prometheus), 4);
    assert_true(is_in_the_usual_order(strict_runs(prometheus), "name: delicate"));
    assert_true(has(strict_runs(prometheus), URL("c")));
}

static void an_edit_of_it_is_asked_about_ahead_again(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    drop_delicate(fixture, "delicate", "x");
    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    drop_delicate(fixture, "delicate", "other");
    assert_true(agent_is_asked(fixture, 5));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(strict_questions(prometheus), 5);
    assert_true(in_order(strict_question(prometheus, 3), "name: delicate", "name: own"));
    assert_true(is_in_the_usual_order(strict_runs(prometheus), "name: delicate"));
}

static void nothing_is_confirmed_or_ready_before_it_is_in_order(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("a"));
    drop_delicate(fixture, "delicate", "x");
    agent_starts(fixture);
    assert_true(agent_is_asked(fixture, 1));

    what_hangs_is_finished(fixture, prometheus);
    assert_true(agent_is_asked(fixture, 2));
    struct agent_status status = agent_now(fixture);
    assert_false(status.confirmed);
    assert_false(status.ready);

    what_hangs_is_finished(fixture, prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    status = agent_now(fixture);
    assert_true(status.confirmed);
    assert_true(status.ready);
    assert_int_equal(strict_questions(prometheus), 2);
    assert_true(in_order(strict_runs(prometheus), "name: a", "name: delicate"));
}

static void one_that_comes_before_prometheus_is_there_is_asked_about_ahead(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "a", URL("a"));
    drop_delicate(fixture, "delicate", "x");
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));

    http_stub_listen(fixture->prometheus);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(strict_questions(prometheus), 2);
    assert_true(in_order(strict_question(prometheus, 0), "name: delicate", "name: a"));
    assert_true(in_order(strict_runs(prometheus), "name: a", "name: delicate"));
}

/* --- refused ---------------------------------------------------------------------------------- */

static void refused_ahead_it_leaves_no_queue_half_taken_over(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_refuses(prometheus, "guilty");

    drop(fixture, "c", URL("c"));
    drop_delicate(fixture, "delicate", "guilty");
    assert_true(search_is_over(fixture));

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(state_of(fixture, "delicate"), STATE_QUARANTINED);
    assert_int_equal(state_of(fixture, "c"), STATE_ACTIVE);
    assert_true(has(strict_runs(prometheus), URL("c")));
    assert_true(is_in_the_usual_order(strict_runs(prometheus), "name: c"));
    assert_true(agent_now(fixture).confirmed);
}

static void a_search_among_many_ends_in_the_usual_order(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_refuses(prometheus, "guilty");
    char name[16];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof(name), "n-%02d", i);
        if (i % 3 == 0) {
            drop_delicate(fixture, name, i == 3 || i == 9 ? "guilty" : "x");
        } else {
            drop(fixture, name, URL("n"));
        }
    }

    assert_true(search_is_over(fixture));
    agent_is_left_alone(fixture);

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 2);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_ACTIVE], 12);
    const char *runs = strict_runs(prometheus);
    assert_true(is_in_the_usual_order(runs, "name: n-00"));
    assert_true(in_order(runs, "name: n-00", "name: n-01"));
    assert_true(in_order(runs, "name: n-05", "name: n-06"));
    assert_true(in_order(runs, "name: n-06", "name: n-07"));
    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, runs);
    assert_true(agent_now(fixture).confirmed);
}

/* Then the cause lies outside: the same entries were taken a moment ago. */
static void a_refusal_of_the_usual_order_blames_nobody(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop_delicate(fixture, "delicate", "x");
    assert_true(agent_is_asked(fixture, 2));
    what_hangs_is_finished(fixture, prometheus);
    assert_true(agent_is_asked(fixture, 3));

    strict_refuses_all(prometheus, true);
    strict_is(prometheus, STRICT_ANSWERS);
    what_hangs_is_finished(fixture, prometheus);
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    assert_int_equal(state_of(fixture, "delicate"), STATE_ACTIVE);
    strict_refuses_all(prometheus, false);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(is_in_the_usual_order(strict_runs(prometheus), "name: delicate"));
    assert_true(agent_now(fixture).confirmed);
}

/* --- restarts --------------------------------------------------------------------------------- */

static void a_restart_while_it_is_ahead_ends_in_the_usual_order(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop_delicate(fixture, "delicate", "x");
    assert_true(agent_is_asked(fixture, 2));

    strict_is(prometheus, STRICT_ANSWERS);
    agent_restarts(fixture);

    assert_true(agent_is_asked(fixture, 4));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(strict_questions(prometheus), 4);
    assert_true(in_order(strict_question(prometheus, 2), "name: delicate", "name: own"));
    assert_true(is_in_the_usual_order(strict_runs(prometheus), "name: delicate"));
}

static void a_restart_once_it_was_taken_goes_on_with_the_usual_order(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop_delicate(fixture, "delicate", "x");
    assert_true(agent_is_asked(fixture, 2));
    what_hangs_is_finished(fixture, prometheus);
    assert_true(agent_is_asked(fixture, 3));

    strict_is(prometheus, STRICT_ANSWERS);
    agent_restarts(fixture);

    assert_true(agent_is_asked(fixture, 4));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(strict_questions(prometheus), 4);
    assert_true(is_in_the_usual_order(strict_question(prometheus, 3), "name: delicate"));
}

/* --- in place --------------------------------------------------------------------------------- */

static void in_place_the_base_stays_whatever_goes_ahead_of_it(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_replace(fixture->out, "prometheus.yml", base_with_its_own);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty");

    drop_delicate(fixture, "c", "guilty");
    drop_delicate(fixture, "d", "x");
    assert_true(search_is_over(fixture));
    agent_is_left_alone(fixture);

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(state_of(fixture, "c"), STATE_QUARANTINED);
    const char *runs = strict_runs(prometheus);
    assert_true(bytes_starts_with(bytes_of(runs), bytes_of(base_with_its_own)));
    assert_true(is_in_the_usual_order(runs, "name: d"));
    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, runs);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_delicate_one_is_asked_about_ahead_and_then_put_in_order),
        TEST(once_taken_it_costs_other_changes_no_reload_more),
        TEST(an_edit_of_it_is_asked_about_ahead_again),
        TEST(nothing_is_confirmed_or_ready_before_it_is_in_order),
        TEST(one_that_comes_before_prometheus_is_there_is_asked_about_ahead),
        TEST(refused_ahead_it_leaves_no_queue_half_taken_over),
        TEST(a_search_among_many_ends_in_the_usual_order),
        TEST(a_refusal_of_the_usual_order_blames_nobody),
        TEST(a_restart_while_it_is_ahead_ends_in_the_usual_order),
        TEST(a_restart_once_it_was_taken_goes_on_with_the_usual_order),
        TEST(in_place_the_base_stays_whatever_goes_ahead_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
