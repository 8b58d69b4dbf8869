/* SPDX-License-Identifier: Apache-2.0 */

/* The order of the entries in the config that Prometheus is asked about, and what it costs. */

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
#include <sys/stat.h>

#include <cmocka.h>

static const char base_with_its_own[] = "global: {}\n"
                                        "remote_write:\n"
                                        "- name: own\n"
                                        "  url: \"http://own.example/push\"\n";

/* It has no keys: it is the identity of Prometheus's pod that counts. */
static void drop_ambient(struct agent_fixture *fixture, const char *name, const char *region) {
    CLEANUP(buffer_free) struct buffer text = {0};
    char file[64];
    char url[64];

    snprintf(file, sizeof(file), "%s.yaml", name);
    snprintf(url, sizeof(url), "http://%s.example/ambient", name);
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

/* Of each entry the first letter of its name, as they stand: the base's own is "o". */
static void assert_order(const char *config, const char *expected) {
    CLEANUP(buffer_free) struct buffer names = {0};

    for (const char *at = config; (at = strstr(at, "name: ")) != NULL; at++) {
        buffer_append_char(&names, at[strlen("name: ")]);
    }
    assert_string_equal(buffer_string(&names), expected);
}

/* A change, until Prometheus runs it. Nothing more follows. */
static void changed_by_one_reload(struct agent_fixture *fixture,
                                  struct strict_prometheus *prometheus, const char *expected) {
    const size_t questions = strict_questions(prometheus);

    assert_true(agent_is_asked(fixture, reloads_asked(fixture) + 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);
    assert_int_equal(strict_questions(prometheus), questions + 1);
    assert_order(strict_runs(prometheus), expected);
    assert_true(agent_now(fixture).confirmed);
}

/* --- one reload ------------------------------------------------------------------------------- */

static void a_change_goes_before_all_that_is_confirmed_and_is_one_reload(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    assert_order(strict_runs(prometheus), "abo");

    drop(fixture, "c", URL("c"));
    changed_by_one_reload(fixture, prometheus, "cabo");
    drop_ambient(fixture, "d", "x");
    changed_by_one_reload(fixture, prometheus, "dcabo");
    /* The ambient one can fail by itself: it stands before the newer c. */
    drop(fixture, "b", URL("other"));
    changed_by_one_reload(fixture, prometheus, "bdcao");
    drop(fixture, "e", URL("e"));
    changed_by_one_reload(fixture, prometheus, "edbcao");
    file_remove(fixture->volume, "c.yaml");
    changed_by_one_reload(fixture, prometheus, "debao");
}

static void a_rotated_secret_moves_nothing_until_something_else_changes(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    file_write(fixture->base, "prometheus.yml", base_with_its_own);
    folder_make(fixture->secrets, "s");
    file_write(fixture->secrets, "s/token", "first");
    drop(fixture, "a", URL("a"));
    file_replace(fixture->volume, "b.yaml", remote_write_with_secret("b", "s"));
    agent_runs(fixture);
    assert_order(strict_runs(prometheus), "abo");

    file_replace(fixture->secrets, "s/token", "second");
    assert_true(log_has(fixture, "secret files written", NULL));
    agent_is_left_alone(fixture);
    assert_int_equal(strict_questions(prometheus), 1);
    drop(fixture, "c", URL("c"));
    changed_by_one_reload(fixture, prometheus, "cbao");
}

/* --- nothing but the order -------------------------------------------------------------------- */

/* On disk the newest is first; by now the ambient one would go before it. */
static void given_one_before_an_ambient_one(struct agent_fixture *fixture,
                                            struct strict_prometheus *prometheus) {
    file_replace(fixture->base, "prometheus.yml", base_with_its_own);
    drop(fixture, "a", URL("a"));
    drop_ambient(fixture, "b", "x");
    agent_runs(fixture);
    drop(fixture, "c", URL("c"));
    changed_by_one_reload(fixture, prometheus, "cbao");
}

static void assert_untouched(struct agent_fixture *fixture, const struct stat *before) {
    struct stat now;

    assert_int_equal(stat(fixture->output, &now), 0);
    assert_int_equal(now.st_ino, before->st_ino);
    assert_int_equal(now.st_mtim.tv_nsec, before->st_mtim.tv_nsec);
}

static void another_order_alone_is_neither_written_nor_a_reload(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_before_an_ambient_one(fixture, prometheus);
    struct stat before;
    assert_int_equal(stat(fixture->output, &before), 0);

    /* A pass that compiles anew. */
    drop(fixture, "d", "no url");
    assert_true(log_has(fixture, "level=error", "team-a/d"));
    agent_is_left_alone(fixture);

    assert_untouched(fixture, &before);
    assert_int_equal(strict_questions(prometheus), 2);
}

static void a_restart_leaves_the_order_as_it_is_on_disk(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_before_an_ambient_one(fixture, prometheus);
    struct stat before;
    assert_int_equal(stat(fixture->output, &before), 0);

    agent_restarts(fixture);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_untouched(fixture, &before);
    assert_int_equal(strict_questions(prometheus), 3);
    drop(fixture, "d", URL("d"));
    changed_by_one_reload(fixture, prometheus, "dbcao");
}

/* --- refused ---------------------------------------------------------------------------------- */

static void refused_in_front_it_leaves_no_queue_half_taken_over(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_refuses(prometheus, "guilty");

    drop(fixture, "c", URL("c"));
    drop_ambient(fixture, "d", "guilty");
    assert_true(search_is_over(fixture));

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(state_of(fixture, "d"), STATE_QUARANTINED);
    assert_int_equal(state_of(fixture, "c"), STATE_ACTIVE);
    assert_order(strict_runs(prometheus), "cabo");
    assert_true(agent_now(fixture).confirmed);
    drop(fixture, "e", URL("e"));
    changed_by_one_reload(fixture, prometheus, "ecabo");
}

/* Whatever the field is: nothing of it is known to be judged late. */
static void of_a_refused_edit_the_same_holds(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_refuses(prometheus, "guilty");

    drop(fixture, "b", URL("guilty"));
    assert_true(search_is_over(fixture));

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);
    assert_order(strict_runs(prometheus), "abo");
    assert_true(has(strict_runs(prometheus), URL("b")));
}

static void a_search_among_many_breaks_no_queue(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_refuses(prometheus, "guilty");
    char name[16];
    char url[64];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof(name), "n-%02d", i);
        if (i % 3 == 0) {
            drop_ambient(fixture, name, i == 3 || i == 9 ? "guilty" : "x");
        } else {
            snprintf(url, sizeof(url), "http://%s.example/push", name);
            drop(fixture, name, url);
        }
    }

    assert_true(search_is_over(fixture));
    agent_is_left_alone(fixture);

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 2);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_ACTIVE], 12);
    assert_order(strict_runs(prometheus), "nnnnnnnnnnabo");
    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, strict_runs(prometheus));
    assert_true(agent_now(fixture).confirmed);
}

/* Of the confirmed it stands first, however old it is. */
static void one_that_was_taken_and_fails_by_itself_breaks_no_queue(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_one_before_an_ambient_one(fixture, prometheus);

    strict_refuses(prometheus, "region: x");
    drop(fixture, "d", URL("d"));
    assert_true(search_is_over(fixture));

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);
    assert_int_equal(state_of(fixture, "d"), STATE_ACTIVE);
    assert_order(strict_runs(prometheus), "dcao");
}

/* Which of the entries it is, is found by the line that its words name. */
static void the_cited_line_is_that_of_the_entry_in_its_place(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_refuses(prometheus, "guilty");
    strict_cites(prometheus);
    for (char name[] = "c"; name[0] < 'n'; name[0]++) {
        drop(fixture, name, name[0] == 'k' ? URL("guilty") : URL("n"));
    }

    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "k"), STATE_QUARANTINED);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 1);
    /* All, what was good, all but k, and k alone: no half. */
    assert_true(strict_questions(prometheus) <= 1 + 5);
}

/* --- restarts --------------------------------------------------------------------------------- */

static void a_restart_while_it_is_asked_about_asks_once_more(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_others(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop_ambient(fixture, "d", "x");
    assert_true(agent_is_asked(fixture, 2));

    strict_is(prometheus, STRICT_ANSWERS);
    agent_restarts(fixture);

    changed_by_one_reload(fixture, prometheus, "dabo");
}

/* --- in place --------------------------------------------------------------------------------- */

static void in_place_the_base_stays_behind_what_comes_before_it(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_replace(fixture->out, "prometheus.yml", base_with_its_own);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty");

    drop_ambient(fixture, "c", "guilty");
    drop_ambient(fixture, "d", "x");
    assert_true(search_is_over(fixture));
    agent_is_left_alone(fixture);

    assert_false(strict_is_broken(prometheus));
    assert_int_equal(state_of(fixture, "c"), STATE_QUARANTINED);
    const char *runs = strict_runs(prometheus);
    assert_order(runs, "dao");
    assert_true(bytes_starts_with(bytes_of(runs), BYTES("global: {}\nremote_write:\n# BEGIN")));
    assert_true(bytes_ends_with(bytes_of(runs), BYTES("# END remotewrite-sidecar\n"
                                                      "- name: own\n"
                                                      "  url: \"http://own.example/push\"\n")));
    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, runs);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_change_goes_before_all_that_is_confirmed_and_is_one_reload),
        TEST(a_rotated_secret_moves_nothing_until_something_else_changes),
        TEST(another_order_alone_is_neither_written_nor_a_reload),
        TEST(a_restart_leaves_the_order_as_it_is_on_disk),
        TEST(refused_in_front_it_leaves_no_queue_half_taken_over),
        TEST(of_a_refused_edit_the_same_holds),
        TEST(a_search_among_many_breaks_no_queue),
        TEST(one_that_was_taken_and_fails_by_itself_breaks_no_queue),
        TEST(the_cited_line_is_that_of_the_entry_in_its_place),
        TEST(a_restart_while_it_is_asked_about_asks_once_more),
        TEST(in_place_the_base_stays_behind_what_comes_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
