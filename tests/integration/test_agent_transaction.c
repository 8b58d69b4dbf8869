/* SPDX-License-Identifier: Apache-2.0 */

/* What the agent makes of a Prometheus that refuses, hangs, breaks off, or does not come up. */

#include "agent/state_store.h"
#include "support/agent_fixture.h"
#include "support/agent_steps.h"
#include "support/assertions.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/strict_prometheus.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUILDINFO_2_42 "{\"status\":\"success\",\"data\":{\"version\":\"2.42.0\"}}"
#define BUILDINFO_3_5  "{\"status\":\"success\",\"data\":{\"version\":\"3.5.0\"}}"
#define BUILDINFO_2_43 "{\"status\":\"success\",\"data\":{\"version\":\"2.43.0\"}}"

/* --- refused RemoteWrites --------------------------------------------------------------------- */

static void a_refused_remote_write_is_set_aside_and_the_others_are_served(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("a"));
    drop(fixture, "b", URL("guilty"));
    drop(fixture, "c", URL("c"));

    agent_starts(fixture);
    assert_true(search_is_over(fixture));

    assert_true(has(strict_runs(prometheus), URL("a")));
    assert_true(has(strict_runs(prometheus), URL("c")));
    assert_false(has(strict_runs(prometheus), URL("guilty")));
    assert_true(output_has(fixture, URL("c")));
    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);
    assert_true(has(outcome_of(fixture, "b")->reason, "refused: guilty"));
    assert_true(agent_now(fixture).confirmed);
    assert_true(agent_now(fixture).ready);
    assert_int_equal(log_lines_count("level=error msg=\"Prometheus refused it: refused: guilty",
                                     "remote_write=team-a/b"),
                     1);
    assert_int_equal(log_lines_count("searching for what Prometheus refuses", "suspects=3"), 1);
}

static void the_last_good_config_is_back_on_disk_before_anything_else(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    const char *good = strict_question(prometheus, 0);

    drop(fixture, "b", URL("guilty"));
    assert_true(search_is_over(fixture));

    assert_true(has(strict_question(prometheus, 1), URL("guilty")));
    assert_string_equal(strict_question(prometheus, 2), good);
    assert_int_equal(strict_questions(prometheus), 3);
    assert_true(agent_now(fixture).reload_successful);
}

static void a_guilty_edit_is_served_in_its_earlier_form_all_along(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    char name[16];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "n-%d", i);
        drop(fixture, name, i == 5 ? URL("guilty") : URL("new"));
    }
    drop(fixture, "a", URL("a-guilty"));

    assert_true(search_is_over(fixture));

    for (size_t i = 0; i < strict_questions(prometheus); i++) {
        const char *question = strict_question(prometheus, i);
        assert_true(has(question, URL("a")) != has(question, URL("a-guilty")));
    }
    assert_true(has(strict_runs(prometheus), URL("a")));
    assert_true(has(strict_runs(prometheus), "name: n-7"));
    assert_true(outcome_of(fixture, "a")->earlier);
    struct agent_status status = agent_now(fixture);
    assert_int_equal(status.earlier_count, 1);
    assert_string_equal(status.earlier[0].name, "a");
    assert_true(status.earlier[0].since > 0);
}

static void a_mended_manifest_is_active_after_one_pass(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("guilty"));
    agent_starts(fixture);
    assert_true(search_is_over(fixture));
    const size_t questions = strict_questions(prometheus);

    drop(fixture, "a", URL("a"));
    assert_true(agent_is_asked(fixture, questions + 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
    assert_int_equal(strict_questions(prometheus), questions + 1);
    assert_true(has(strict_runs(prometheus), URL("a")));
}

static void what_is_quarantined_is_not_asked_about_again(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("guilty"));
    agent_starts(fixture);
    assert_true(search_is_over(fixture));
    const size_t questions = strict_questions(prometheus);

    drop(fixture, "b", URL("b"));
    assert_true(agent_is_asked(fixture, questions + 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_false(has(strict_question(prometheus, questions), "guilty"));
}

static void sighup_asks_about_it_again(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("guilty"));
    agent_starts(fixture);
    assert_true(search_is_over(fixture));
    const size_t questions = strict_questions(prometheus);

    strict_forgives(prometheus);
    agent_reload(fixture->agent);
    assert_true(agent_is_asked(fixture, questions + 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
    assert_int_equal(strict_questions(prometheus), questions + 1);
}

static void another_version_of_prometheus_is_asked_about_it_again(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.ask_version = true;
    http_stub_script(fixture->prometheus, BUILDINFO_PATH,
                     &(struct stub_answer){.body = BUILDINFO_2_42}, 1);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("guilty"));
    agent_starts(fixture);
    assert_true(search_is_over(fixture));

    http_stub_refuse(fixture->prometheus);
    drop(fixture, "b", URL("b"));
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));
    http_stub_script(fixture->prometheus, BUILDINFO_PATH,
                     &(struct stub_answer){.body = BUILDINFO_2_43}, 1);
    strict_forgives(prometheus);
    http_stub_listen(fixture->prometheus);
    assert_true(log_has(fixture, "another Prometheus", "version=2.43.0"));
    assert_true(output_has(fixture, URL("guilty")));

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
}

static void tells_version(struct agent_fixture *fixture, const char *buildinfo) {
    http_stub_script(fixture->prometheus, BUILDINFO_PATH, &(struct stub_answer){.body = buildinfo},
                     1);
}

/* Its field was written for the Prometheus that was there before. */
static void one_refused_for_a_field_of_another_version_is_active_again_by_itself(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    CLEANUP(buffer_free) struct buffer text = {0};
    fixture->settings.ask_version = true;
    tells_version(fixture, BUILDINFO_3_5);
    agent_runs(fixture);

    tells_version(fixture, BUILDINFO_2_42);
    strict_refuses(prometheus, "sample_age_limit");
    buffer_append_string(&text, remote_write("a", URL("a")));
    buffer_append_string(&text, "    queueConfig: {sampleAgeLimit: 5m}\n");
    file_replace(fixture->volume, "a.yaml", buffer_string(&text));
    drop(fixture, "b", URL("b"));

    assert_true(search_is_over(fixture));
    assert_true(output_has(fixture, URL("a")));
    assert_true(output_loses(fixture, "sample_age_limit"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("a")));
    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
    assert_int_equal(state_of(fixture, "b"), STATE_ACTIVE);
}

static bool is_met(void *context) {
    return agent_now(context).prometheus_version[0] != '\0';
}

static void given_a_quarantine_under_a_given_version(struct agent_fixture *fixture,
                                                     struct strict_prometheus *prometheus) {
    tells_version(fixture, BUILDINFO_2_42);
    fixture->settings.compile.version = (struct version){2, 42, 0};
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("guilty"));
    agent_starts(fixture);
    assert_true(search_is_over(fixture));
    assert_true(loop_until(&fixture->loop, is_met, fixture, LOOP_DEADLINE));
    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
}

static void where_the_version_is_given_another_real_one_is_asked_about_it_again(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.watch_milliseconds = 200;
    given_a_quarantine_under_a_given_version(fixture, prometheus);

    strict_forgives(prometheus);
    tells_version(fixture, BUILDINFO_2_43);
    assert_true(log_has(fixture, "another Prometheus", NULL));

    assert_true(output_has(fixture, URL("guilty")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
}

static void another_version_that_is_given_is_asked_about_it_again(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_a_quarantine_under_a_given_version(fixture, prometheus);

    strict_forgives(prometheus);
    fixture->settings.compile.version = (struct version){2, 43, 0};
    http_stub_script(fixture->prometheus, BUILDINFO_PATH, &(struct stub_answer){.status = 404}, 1);
    agent_restarts(fixture);

    assert_true(output_has(fixture, URL("guilty")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
}

static void a_restart_beside_the_same_version_forgives_nothing(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_a_quarantine_under_a_given_version(fixture, prometheus);
    const size_t questions = strict_questions(prometheus);

    agent_restarts(fixture);
    assert_true(agent_is_asked(fixture, questions + 1));
    assert_true(loop_until(&fixture->loop, is_met, fixture, LOOP_DEADLINE));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    agent_is_left_alone(fixture);

    assert_int_equal(strict_questions(prometheus), questions + 1);
    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_int_equal(log_lines_count("another Prometheus", NULL), 0);
}

static void many_manifests(struct agent_fixture *fixture, size_t count, const size_t *guilty,
                           size_t guilty_count) {
    CLEANUP(buffer_free) struct buffer text = {0};

    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_free) struct buffer name = {0};
        bool is = false;
        for (size_t k = 0; k < guilty_count; k++) {
            is |= guilty[k] == i;
        }
        buffer_printf(&name, "rw-%04zu", i);
        buffer_append_string(&text, "---\n");
        buffer_append_string(&text,
                             remote_write(buffer_string(&name), is ? URL("guilty") : URL("x")));
    }
    file_replace(fixture->volume, "many.yaml", buffer_string(&text));
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

static void given_a_thousand(struct agent_fixture *fixture) {
    const size_t guilty[] = {3, 501, 998};

    many_manifests(fixture, 1000, guilty, ARRAY_LENGTH(guilty));
}

static void three_of_a_thousand_are_found_within_forty_reloads(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    given_a_thousand(fixture);

    agent_starts(fixture);
    assert_true(search_is_over(fixture));

    print_message("nothing cited: %zu reloads\n", strict_questions(prometheus));
    assert_between(strict_questions(prometheus), 1, 40);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_ACTIVE], 997);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 3);
    assert_int_equal(count_of(strict_runs(prometheus), "# RemoteWrite "), 997);
    assert_int_equal(http_stub_most_at_once(fixture->prometheus, RELOAD_PATH), 1);
}

static void where_prometheus_cites_them_it_takes_a_few(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    strict_cites(prometheus);
    given_a_thousand(fixture);

    agent_starts(fixture);
    assert_true(search_is_over(fixture));

    print_message("cited: %zu reloads\n", strict_questions(prometheus));
    assert_between(strict_questions(prometheus), 1, 7);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 3);
}

static void events_during_a_search_are_one_further_pass(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty");
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("guilty"));
    assert_true(agent_becomes(fixture, AGENT_RELOADING));
    assert_true(agent_is_asked(fixture, 2));
    drop(fixture, "b", URL("b"));
    agent_is_left_alone(fixture);
    uint64_t passes = agent_now(fixture).passes;

    strict_is(prometheus, STRICT_ANSWERS);
    http_stub_refuse(fixture->prometheus); /* breaks the request off */
    strict_finishes(prometheus);
    http_stub_listen(fixture->prometheus);

    assert_true(output_has(fixture, URL("b")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_between(agent_now(fixture).passes, passes + 1, passes + 6);
    assert_true(has(strict_runs(prometheus), URL("b")));
}

/* --- a cause outside -------------------------------------------------------------------------- */

static void a_cause_outside_blames_nobody_and_heals(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    const char *good = strict_question(prometheus, 0);

    strict_refuses_all(prometheus, true);
    drop(fixture, "a", URL("a2"));
    drop(fixture, "b", URL("b"));
    assert_true(log_has(fixture, "the cause is no RemoteWrite", "a rule file is broken"));
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    CLEANUP(memory_freep) char *held = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(held, good);
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_LKG);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 0);

    strict_refuses_all(prometheus, false);
    assert_true(search_is_over(fixture));
    assert_true(has(strict_runs(prometheus), URL("a2")));
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_NONE);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static void a_bad_secret_that_came_without_a_reload_is_found_later(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    file_write(fixture->secrets, "s/token", "good bytes");
    file_write(fixture->secrets, "t/token", "old password");
    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    file_write(fixture->volume, "b.yaml", remote_write_with_secret("b", "t"));
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty bytes");
    uint64_t writes = agent_now(fixture).writes;
    file_replace(fixture->secrets, "s/token", "guilty bytes");
    file_replace(fixture->secrets, "t/token", "new password");
    assert_true(log_has(fixture, "secret files written", NULL));
    while (agent_now(fixture).writes < writes + 1) {
        loop_for(&fixture->loop, 1);
    }
    agent_is_left_alone(fixture);
    assert_int_equal(strict_questions(prometheus), 1);

    drop(fixture, "c", URL("c"));
    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_int_equal(state_of(fixture, "b"), STATE_ACTIVE);
    assert_true(has(strict_runs(prometheus), URL("c")));
    CLEANUP(memory_freep)
    char *first = file_read(fixture->secret_directory, "team-a_a_authorization.credentials");
    CLEANUP(memory_freep)
    char *second = file_read(fixture->secret_directory, "team-a_b_authorization.credentials");
    assert_string_equal(first, "good bytes");
    assert_string_equal(second, "new password");
}

/* --- the base --------------------------------------------------------------------------------- */

static void a_refused_base_gives_way_to_the_last_good_one_and_heals(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "nonsense");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    const char *good = strict_question(prometheus, 0);
    CLEANUP(memory_freep) char *base = file_read(fixture->base, "prometheus.yml");

    file_replace(fixture->base, "prometheus.yml", "nonsense: {}\n");
    assert_true(search_is_over(fixture));
    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, good);
    struct agent_status status = agent_now(fixture);
    assert_true(status.base_refused);
    assert_string_equal(status.base_words, "refused: nonsense");
    assert_false(status.ready);
    assert_true(has(status.not_ready, "base"));
    /* Prometheus's own record goes on telling. */
    assert_int_equal(strict_questions(prometheus), 2);

    file_replace(fixture->base, "prometheus.yml", base);
    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_string_equal(strict_question(prometheus, 2), good);
    assert_true(agent_now(fixture).ready);
    agent_is_left_alone(fixture);
    assert_int_equal(strict_questions(prometheus), 3);
}

static void a_refused_base_is_asked_about_again_at_the_watch_interval(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.watch_milliseconds = 400;
    strict_refuses(prometheus, "nonsense");
    agent_runs(fixture);
    file_replace(fixture->base, "prometheus.yml", "nonsense: {}\n");
    assert_true(search_is_over(fixture));
    assert_true(agent_is_asked(fixture, 4));
    assert_true(has(strict_question(prometheus, 2), "nonsense"));
    assert_true(has(strict_question(prometheus, 3), "nonsense"));
    assert_false(agent_now(fixture).ready);

    strict_forgives(prometheus);
    assert_true(output_has(fixture, "nonsense"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    while (!agent_now(fixture).ready) {
        loop_for(&fixture->loop, 5);
    }
    assert_true(has(strict_runs(prometheus), "nonsense"));
    assert_int_equal(log_lines_count("level=error msg=\"Prometheus refused the config\"", NULL), 1);
}

/* --- in place --------------------------------------------------------------------------------- */

static void given_in_place(struct agent_fixture *fixture) {
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_write(fixture->out, "prometheus.yml", "# a person's\nglobal: {}\n");
}

static void in_place_the_guilty_is_found_and_the_base_stays(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_in_place(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("guilty"));
    drop(fixture, "b", URL("b"));

    agent_starts(fixture);
    assert_true(search_is_over(fixture));

    assert_true(has(strict_runs(prometheus), "# a person's\nglobal: {}\n"));
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
}

static void in_place_an_edit_of_the_base_is_never_taken_back(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_in_place(fixture);
    strict_refuses(prometheus, "nonsense");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);

    CLEANUP(memory_freep) char *text = file_read(fixture->out, "prometheus.yml");
    CLEANUP(buffer_free) struct buffer edited = {0};
    buffer_append_string(&edited, "nonsense: {}\n");
    buffer_append_string(&edited, text);
    file_replace(fixture->out, "prometheus.yml", buffer_string(&edited));
    assert_true(log_has(fixture, "Prometheus refused the config", NULL));
    drop(fixture, "b", URL("b"));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 2));
    assert_true(output_has(fixture, "nonsense: {}\n# a person's\n"));

    strict_forgives(prometheus);
    assert_true(output_has(fixture, URL("b")));
    assert_true(output_has(fixture, "nonsense: {}\n# a person's\n"));
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 0);
}

/* --- an answer that does not come ------------------------------------------------------------- */

static void a_reload_that_hangs_is_confirmed_by_the_record_and_asked_once(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("a"));

    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));
    agent_is_left_alone(fixture);
    assert_int_equal(agent_now(fixture).phase, AGENT_CONFIRMING);
    assert_true(agent_now(fixture).ready);
    strict_finishes(prometheus);

    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(strict_questions(prometheus), 2);
    assert_int_equal(agent_now(fixture).reloads_failed, 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
    assert_int_equal(log_lines_count("level=warn", "Prometheus has not answered"), 1);
}

static void a_refusal_that_only_the_record_tells_is_one(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    agent_runs(fixture);
    strict_refuses(prometheus, "guilty");
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("guilty"));
    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));

    strict_is(prometheus, STRICT_ANSWERS);
    strict_finishes(prometheus);
    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_true(has(outcome_of(fixture, "a")->reason, "see its log"));
}

static void a_connection_that_breaks_off_is_no_second_request(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    agent_runs(fixture);
    strict_is(prometheus, STRICT_RESETS);
    drop(fixture, "a", URL("a"));

    assert_true(log_has(fixture, "Prometheus has not answered", NULL));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(strict_questions(prometheus), 2);
}

/* Asked again, it would reload twice at once. */
static void a_record_that_is_seen_first_after_the_request_leads_to_no_second_one(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 250;
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    strict_record_fails(prometheus, 4);
    drop(fixture, "a", URL("a"));
    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));
    const size_t looks = http_stub_count(fixture->prometheus, RUNTIMEINFO_PATH);
    while (http_stub_count(fixture->prometheus, RUNTIMEINFO_PATH) < looks + 4) {
        assert_int_equal(strict_questions(prometheus), 2);
        loop_for(&fixture->loop, 1);
    }
    assert_int_equal(agent_now(fixture).phase, AGENT_CONFIRMING);

    strict_finishes(prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(strict_questions(prometheus), 2);
}

static void a_record_that_fails_for_a_moment_is_waited_for_before_it_is_asked(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    agent_runs(fixture);
    const size_t looks = http_stub_count(fixture->prometheus, RUNTIMEINFO_PATH);
    strict_is(prometheus, STRICT_RESETS);
    strict_record_fails(prometheus, 2);
    drop(fixture, "a", URL("a"));

    assert_true(agent_is_asked(fixture, 2));
    assert_true(http_stub_count(fixture->prometheus, RUNTIMEINFO_PATH) >= looks + 3);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(strict_questions(prometheus), 2);
}

static void a_record_that_fails_for_good_holds_one_request_up_and_no_more(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 400;
    strict_record_fails(prometheus, SIZE_MAX);
    agent_runs(fixture);
    const size_t looks = http_stub_count(fixture->prometheus, RUNTIMEINFO_PATH);
    assert_true(looks > 1);
    drop(fixture, "a", URL("a"));

    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(http_stub_count(fixture->prometheus, RUNTIMEINFO_PATH), looks + 1);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
}

static void a_record_that_fails_while_it_is_asked_leads_to_no_second_request(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("a"));
    assert_true(agent_is_asked(fixture, 2));
    strict_record_fails(prometheus, 2);
    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));
    agent_is_left_alone(fixture);
    assert_int_equal(agent_now(fixture).phase, AGENT_CONFIRMING);

    strict_finishes(prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(strict_questions(prometheus), 2);
}

/* The record has whole seconds: of two successes in one second the second one does not show. */
/* Its success may fall into the second of the last one, and then its record does not show it. */
static void a_connection_that_breaks_right_after_a_success_holds_nothing_up_for_ever(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.confirm_milliseconds = 300;
    strict_tells_the_time(prometheus);
    agent_runs(fixture);
    strict_is(prometheus, STRICT_RESETS);
    const char *const urls[] = {URL("a1"), URL("a2"), URL("a3"), URL("a4")};

    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        drop(fixture, "a", urls[i]);
        assert_true(output_has(fixture, urls[i]));
        assert_true(agent_is_asked(fixture, i + 2));
    }
    strict_is(prometheus, STRICT_ANSWERS);
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_true(agent_now(fixture).confirmed);
    assert_true(has(strict_runs(prometheus), URL("a4")));
}

static void a_record_that_never_tells_is_given_up_in_the_end(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    fixture->settings.confirm_milliseconds = 300;
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("a"));
    assert_true(log_has(fixture, "Prometheus's record does not tell", NULL));
    strict_is(prometheus, STRICT_ANSWERS);

    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
}

static void answers_that_never_come_are_said_once_and_again_after_one_that_came(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 50;
    fixture->settings.confirm_milliseconds = 50;
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("a"));
    assert_true(agent_is_asked(fixture, 5));
    assert_int_equal(log_lines_count("level=warn", "Prometheus has not answered"), 1);
    assert_int_equal(log_lines_count("level=warn", "Prometheus's record does not tell"), 1);
    strict_is(prometheus, STRICT_ANSWERS);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);

    const size_t questions = strict_questions(prometheus);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "b", URL("b"));
    assert_true(agent_is_asked(fixture, questions + 3));
    assert_int_equal(log_lines_count("level=warn", "Prometheus has not answered"), 2);
    assert_int_equal(log_lines_count("level=warn", "Prometheus's record does not tell"), 2);
}

static void without_a_record_it_is_asked_again(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    strict_keeps_a_record(prometheus, false);
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("a"));
    assert_true(log_has(fixture, "did not say whether it loaded the config", NULL));
    strict_is(prometheus, STRICT_ANSWERS);

    assert_true(agent_is_asked(fixture, 3));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
}

static void one_that_starts_anew_while_it_is_asked_is_waited_for(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    fixture->settings.confirm_milliseconds = 400;
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "a", URL("a"));
    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));
    strict_is(prometheus, STRICT_STARTS);
    loop_for(&fixture->loop, 1000);
    assert_int_equal(agent_now(fixture).phase, AGENT_CONFIRMING);

    strict_is(prometheus, STRICT_ANSWERS);
    strict_finishes(prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(strict_questions(prometheus), 2);
}

/* --- Prometheus away -------------------------------------------------------------------------- */

static void one_that_does_not_come_up_gets_the_base_alone_and_then_the_rest(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.startup_grace_milliseconds = 300;
    strict_refuses(prometheus, "guilty");
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "a", URL("guilty"));
    drop(fixture, "b", URL("b"));

    agent_starts(fixture);
    assert_true(output_has(fixture, URL("guilty")));
    assert_true(output_loses(fixture, "BEGIN"));
    assert_true(output_has(fixture, "# the base"));
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_BASE);
    assert_true(agent_now(fixture).ready);
    http_stub_listen(fixture->prometheus);

    assert_true(search_is_over(fixture));
    assert_false(has(strict_question(prometheus, 0), "BEGIN"));
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_NONE);
}

static void a_base_that_is_mended_while_it_is_held_is_held_instead(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.startup_grace_milliseconds = 200;
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "a", URL("a"));
    agent_starts(fixture);
    assert_true(log_has(fixture, "a safe one takes its place", NULL));
    assert_true(output_loses(fixture, "BEGIN"));

    file_replace(fixture->base, "prometheus.yml", "# mended\nglobal: {}\n");
    assert_true(output_has(fixture, "# mended"));
    http_stub_listen(fixture->prometheus);

    assert_true(output_has(fixture, URL("a")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("a")));
}

static void the_last_good_config_is_what_an_outage_falls_back_to(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.startup_grace_milliseconds = 200;
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    const char *good = strict_question(prometheus, 0);
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "b", URL("b"));
    assert_true(output_has(fixture, URL("b")));

    assert_true(output_loses(fixture, URL("b")));
    CLEANUP(memory_freep) char *held = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(held, good);
    http_stub_listen(fixture->prometheus);

    assert_true(output_has(fixture, URL("b")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_string_equal(strict_question(prometheus, 1), good);
    assert_int_equal(strict_questions(prometheus), 3);
}

static void a_config_that_was_confirmed_is_never_taken_back(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.startup_grace_milliseconds = 50;
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    http_stub_refuse(fixture->prometheus);
    agent_reload(fixture->agent);
    assert_true(log_has(fixture, "Prometheus cannot be reached", "failures=4"));

    assert_true(output_has(fixture, URL("a")));
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_NONE);
    http_stub_listen(fixture->prometheus);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(strict_questions(prometheus), 2);
}

static void a_publish_error_beyond_the_grace_is_retried_with_growing_waits(void **state) {
    struct agent_fixture *fixture = *state;
    fixture->settings.startup_grace_milliseconds = 400;
    fixture->settings.retry_milliseconds = 100;
    http_stub_refuse(fixture->prometheus);
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));
    file_remove(fixture->out, "prometheus.yml");
    folder_make(fixture->out, "prometheus.yml");
    drop(fixture, "a", URL("a"));
    assert_true(log_has(fixture, "cannot publish", NULL));
    loop_for(&fixture->loop, 500);
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_NONE);

    const uint64_t passes = agent_now(fixture).passes;
    loop_for(&fixture->loop, 1000);
    assert_between(agent_now(fixture).passes, passes, passes + 10);
    assert_int_equal(log_lines_count("level=error", "cannot publish"), 1);

    tree_remove(fixture->out);
    folder_make(fixture->dir, "out");
    assert_true(log_has(fixture, "a safe one takes its place", NULL));
    http_stub_listen(fixture->prometheus);
    assert_true(output_has(fixture, URL("a")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
}

/* --- stopped in the middle -------------------------------------------------------------------- */

/* Stops it; what is on disk then. To be freed. */
static char *left_behind(struct agent_fixture *fixture) {
    agent_stop(fixture->agent);
    return file_read(fixture->out, "prometheus.yml");
}

static void stopped_while_it_is_asked_the_last_good_config_is_left(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "b", URL("b"));
    assert_true(agent_is_asked(fixture, 2));
    assert_int_equal(agent_now(fixture).phase, AGENT_RELOADING);

    CLEANUP(memory_freep) char *left = left_behind(fixture);

    assert_string_equal(left, strict_question(prometheus, 0));
}

static void stopped_while_its_record_is_looked_at_the_last_good_config_is_left(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.prometheus.timeout_milliseconds = 100;
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "b", URL("b"));
    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));

    CLEANUP(memory_freep) char *left = left_behind(fixture);

    assert_string_equal(left, strict_question(prometheus, 0));
}

/* What hangs is judged, and the next one hangs. */
static void the_next_is_asked(struct agent_fixture *fixture, struct strict_prometheus *prometheus) {
    const size_t questions = strict_questions(prometheus);

    assert_true(agent_becomes(fixture, AGENT_CONFIRMING));
    strict_finishes(prometheus);
    assert_true(agent_is_asked(fixture, questions + 1));
}

static void stopped_in_a_search_the_last_good_config_is_left_and_the_search_made_anew(
    void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    const size_t guilty[] = {5};
    fixture->settings.prometheus.timeout_milliseconds = 100;
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    many_manifests(fixture, 16, guilty, ARRAY_LENGTH(guilty));
    assert_true(agent_is_asked(fixture, 2));
    the_next_is_asked(fixture, prometheus); /* the last good one */
    the_next_is_asked(fixture, prometheus); /* a half */
    assert_true(has(strict_question(prometheus, 3), URL("x")));
    strict_is(prometheus, STRICT_ANSWERS);

    CLEANUP(memory_freep) char *left = left_behind(fixture);
    assert_string_equal(left, strict_question(prometheus, 0));

    agent_restarts(fixture);
    assert_true(search_is_over(fixture));
    assert_int_equal(count_of(strict_runs(prometheus), "# RemoteWrite "), 16);
}

static void stopped_while_prometheus_is_away_what_is_wanted_is_left(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    agent_runs(fixture);
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "b", URL("b"));
    assert_true(log_has(fixture, "Prometheus cannot be reached", NULL));

    CLEANUP(memory_freep) char *left = left_behind(fixture);

    assert_true(has(left, URL("b")));
    assert_int_equal(strict_questions(prometheus), 1);
}

static void stopped_in_place_an_edit_of_the_base_is_left(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_in_place(fixture);
    agent_runs(fixture);
    strict_is(prometheus, STRICT_HANGS);
    drop(fixture, "b", URL("b"));
    assert_true(agent_is_asked(fixture, 2));
    file_replace(fixture->out, "prometheus.yml", "# somebody's work\n");

    CLEANUP(memory_freep) char *left = left_behind(fixture);

    assert_string_equal(left, "# somebody's work\n");
}

static void stopped_with_nothing_to_confirm_nothing_is_written(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);

    CLEANUP(memory_freep) char *left = left_behind(fixture);

    assert_string_equal(left, strict_runs(prometheus));
    assert_int_equal(log_lines_count("the last good config goes back", NULL), 0);
}

/* --- a restart -------------------------------------------------------------------------------- */

static void a_restart_remembers_the_quarantine_and_the_good_forms(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    drop(fixture, "a", URL("guilty"));
    assert_true(search_is_over(fixture));
    const size_t questions = strict_questions(prometheus);
    CLEANUP(memory_freep) char *before = file_read(fixture->out, "prometheus.yml");

    agent_restarts(fixture);
    assert_true(agent_is_asked(fixture, questions + 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(strict_questions(prometheus), questions + 1);
    CLEANUP(memory_freep) char *after = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(after, before);
    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_true(outcome_of(fixture, "a")->earlier);
}

static void a_restart_anywhere_in_a_search_ends_in_the_same_state(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    const size_t guilty[] = {7, 19};
    strict_refuses(prometheus, "guilty");
    agent_runs(fixture);
    many_manifests(fixture, 24, guilty, ARRAY_LENGTH(guilty));

    for (size_t i = 1; i < 12; i++) {
        const size_t enough = strict_questions(prometheus) + i;
        while (strict_questions(prometheus) < enough && agent_now(fixture).phase != AGENT_IDLE) {
            loop_for(&fixture->loop, 1);
        }
        agent_restarts(fixture);
    }
    while (agent_now(fixture).state == NULL ||
           agent_now(fixture).state->state_counts[STATE_QUARANTINED] != 2) {
        loop_for(&fixture->loop, 5);
    }
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(count_of(strict_runs(prometheus), "# RemoteWrite "), 22);
    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, strict_runs(prometheus));
}

static void the_init_container_knows_what_was_learned_and_learns_nothing(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("guilty"));
    drop(fixture, "b", URL("b"));
    agent_starts(fixture);
    assert_true(search_is_over(fixture));
    agent_stop(fixture->agent);
    CLEANUP(memory_freep)
    char *memory = file_read(fixture->out, STATE_FOLDER "/" STATE_FILE);
    file_remove(fixture->out, "prometheus.yml");
    drop(fixture, "c", URL("c"));

    assert_int_equal(agent_once(&fixture->settings), 0);

    assert_true(output_has(fixture, URL("b")));
    assert_true(output_has(fixture, URL("c")));
    assert_true(output_loses(fixture, "guilty"));
    CLEANUP(memory_freep)
    char *after = file_read(fixture->out, STATE_FOLDER "/" STATE_FILE);
    assert_string_equal(after, memory);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_refused_remote_write_is_set_aside_and_the_others_are_served),
        TEST(the_last_good_config_is_back_on_disk_before_anything_else),
        TEST(a_guilty_edit_is_served_in_its_earlier_form_all_along),
        TEST(a_mended_manifest_is_active_after_one_pass),
        TEST(what_is_quarantined_is_not_asked_about_again),
        TEST(sighup_asks_about_it_again),
        TEST(another_version_of_prometheus_is_asked_about_it_again),
        TEST(one_refused_for_a_field_of_another_version_is_active_again_by_itself),
        TEST(where_the_version_is_given_another_real_one_is_asked_about_it_again),
        TEST(another_version_that_is_given_is_asked_about_it_again),
        TEST(a_restart_beside_the_same_version_forgives_nothing),
        TEST(three_of_a_thousand_are_found_within_forty_reloads),
        TEST(where_prometheus_cites_them_it_takes_a_few),
        TEST(events_during_a_search_are_one_further_pass),
        TEST(a_cause_outside_blames_nobody_and_heals),
        TEST(a_bad_secret_that_came_without_a_reload_is_found_later),
        TEST(a_refused_base_gives_way_to_the_last_good_one_and_heals),
        TEST(a_refused_base_is_asked_about_again_at_the_watch_interval),
        TEST(in_place_the_guilty_is_found_and_the_base_stays),
        TEST(in_place_an_edit_of_the_base_is_never_taken_back),
        TEST(a_reload_that_hangs_is_confirmed_by_the_record_and_asked_once),
        TEST(a_refusal_that_only_the_record_tells_is_one),
        TEST(a_connection_that_breaks_off_is_no_second_request),
        TEST(a_record_that_is_seen_first_after_the_request_leads_to_no_second_one),
        TEST(a_record_that_fails_for_a_moment_is_waited_for_before_it_is_asked),
        TEST(a_record_that_fails_for_good_holds_one_request_up_and_no_more),
        TEST(a_record_that_fails_while_it_is_asked_leads_to_no_second_request),
        TEST(a_connection_that_breaks_right_after_a_success_holds_nothing_up_for_ever),
        TEST(a_record_that_never_tells_is_given_up_in_the_end),
        TEST(answers_that_never_come_are_said_once_and_again_after_one_that_came),
        TEST(without_a_record_it_is_asked_again),
        TEST(one_that_starts_anew_while_it_is_asked_is_waited_for),
        TEST(one_that_does_not_come_up_gets_the_base_alone_and_then_the_rest),
        TEST(a_base_that_is_mended_while_it_is_held_is_held_instead),
        TEST(the_last_good_config_is_what_an_outage_falls_back_to),
        TEST(a_config_that_was_confirmed_is_never_taken_back),
        TEST(a_publish_error_beyond_the_grace_is_retried_with_growing_waits),
        TEST(stopped_while_it_is_asked_the_last_good_config_is_left),
        TEST(stopped_while_its_record_is_looked_at_the_last_good_config_is_left),
        TEST(stopped_in_a_search_the_last_good_config_is_left_and_the_search_made_anew),
        TEST(stopped_while_prometheus_is_away_what_is_wanted_is_left),
        TEST(stopped_in_place_an_edit_of_the_base_is_left),
        TEST(stopped_with_nothing_to_confirm_nothing_is_written),
        TEST(a_restart_remembers_the_quarantine_and_the_good_forms),
        TEST(a_restart_anywhere_in_a_search_ends_in_the_same_state),
        TEST(the_init_container_knows_what_was_learned_and_learns_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
