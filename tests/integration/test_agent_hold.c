/* SPDX-License-Identifier: Apache-2.0 */

/* What is held while nothing else can be served, and how that ends; what of a RemoteWrite is kept
 * meanwhile; and when the sidecar is not ready. */

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

#define TOKEN_FILE "team-a_a_authorization.credentials"

static const char base_with_rules[] = "global: {}\nrule_files: [rules.yml]\n";

static char *token(const struct agent_fixture *fixture) {
    return file_read(fixture->secret_directory, TOKEN_FILE);
}

static bool token_is(const struct agent_fixture *fixture, const char *text) {
    CLEANUP(memory_freep) char *content = token(fixture);

    return content != NULL && strcmp(content, text) == 0;
}

/* RemoteWrite `a` has a token out of a Secret, and is served. */
static void given_a_token(struct agent_fixture *fixture, const char *text) {
    file_write(fixture->secrets, "s/token", text);
    file_replace(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
}

static bool token_becomes(struct agent_fixture *fixture, const char *text) {
    uint64_t writes = agent_now(fixture).writes;

    file_replace(fixture->secrets, "s/token", text);
    return LOOP_UNTIL(&fixture->loop, agent_now(fixture).writes > writes) &&
           token_is(fixture, text) && agent_becomes(fixture, AGENT_IDLE);
}

static bool all_is_held(struct agent_fixture *fixture) {
    return log_has(fixture, "the cause is no RemoteWrite", NULL) &&
           agent_becomes(fixture, AGENT_WAITING) && agent_now(fixture).fallback == FALLBACK_LKG;
}

/* --- even what was good is refused ------------------------------------------------------------ */

static void a_hold_ends_with_the_base_that_mends_it(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    file_replace(fixture->base, "prometheus.yml", base_with_rules);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    strict_refuses(prometheus, "rules.yml");
    drop(fixture, "b", URL("b"));
    assert_true(all_is_held(fixture));
    assert_false(agent_now(fixture).ready);

    file_replace(fixture->base, "prometheus.yml", "global: {}\n");

    assert_true(output_has(fixture, URL("b")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("a")));
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_false(has(strict_runs(prometheus), "rules.yml"));
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_NONE);
    assert_true(agent_now(fixture).ready);
}

static void a_hold_ends_with_the_removal_of_what_went_bad(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    drop(fixture, "a", URL("a"));
    drop(fixture, "b", URL("b"));
    agent_runs(fixture);
    strict_refuses(prometheus, URL("a"));
    drop(fixture, "c", URL("c"));
    assert_true(all_is_held(fixture));

    file_remove(fixture->volume, "a.yaml");

    assert_true(output_has(fixture, URL("c")));
    assert_true(output_loses(fixture, URL("a")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_true(has(strict_runs(prometheus), URL("c")));
}

static void a_change_that_mends_nothing_leaves_what_is_held(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    const char *good = strict_question(prometheus, 0);
    strict_refuses_all(prometheus, true);
    drop(fixture, "b", URL("b"));
    assert_true(all_is_held(fixture));
    size_t warnings = log_lines_count("the cause is no RemoteWrite", NULL);

    drop(fixture, "c", URL("c"));
    assert_true(LOOP_UNTIL(&fixture->loop,
                           log_lines_count("the cause is no RemoteWrite", NULL) > warnings));
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    CLEANUP(memory_freep) char *held = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(held, good);
    strict_refuses_all(prometheus, false);
    assert_true(output_has(fixture, URL("c")));
    assert_true(output_has(fixture, URL("b")));
}

static void what_went_bad_by_itself_is_found_where_it_stands_on_something_outside(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    CLEANUP(buffer_free) struct buffer text = {0};
    fixture->settings.compile.policy.allow_ambient_credentials = true;
    buffer_append_string(&text, remote_write("a", URL("a")));
    buffer_append_string(&text, "    sigv4: {region: eu-west-1}\n");
    file_write(fixture->volume, "a.yaml", buffer_string(&text));
    drop(fixture, "b", URL("b"));
    agent_runs(fixture);
    assert_true(has(strict_runs(prometheus), URL("a")));

    strict_refuses(prometheus, "eu-west-1"); /* the identity of its pod is gone */
    drop(fixture, "c", URL("c"));
    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_false(outcome_of(fixture, "a")->earlier);
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_true(has(strict_runs(prometheus), URL("c")));
    assert_false(has(strict_runs(prometheus), URL("a")));
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_NONE);
    agent_is_left_alone(fixture);
    assert_int_equal(agent_now(fixture).phase, AGENT_IDLE);
}

/* --- changes while something is searched ------------------------------------------------------ */

static void a_search_outlives_changes_while_prometheus_is_away(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    drop(fixture, "b", URL("b"));
    drop(fixture, "c", URL("guilty"));
    assert_true(log_has(fixture, "searching for what Prometheus refuses", NULL));
    http_stub_refuse(fixture->prometheus);

    assert_true(agent_becomes(fixture, AGENT_WAITING));
    for (int i = 0; i < 3; i++) {
        uint64_t passes = agent_now(fixture).passes;
        drop(fixture, "d", i % 2 == 0 ? URL("d") : URL("e"));
        assert_true(agent_has_passed(fixture, passes + 1));
    }
    assert_true(agent_now(fixture).suspects > 0);
    http_stub_listen(fixture->prometheus);
    assert_true(search_is_over(fixture));
    assert_true(output_has(fixture, URL("d")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(log_lines_count("searching for what Prometheus refuses", NULL), 1);
    assert_int_equal(state_of(fixture, "c"), STATE_QUARANTINED);
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_true(has(strict_runs(prometheus), URL("d")));
}

/* --- passwords -------------------------------------------------------------------------------- */

static void a_rotated_password_is_not_taken_back_by_a_wrong_edit(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_a_token(fixture, "old");
    agent_runs(fixture);
    assert_true(token_becomes(fixture, "new"));
    assert_int_equal(strict_questions(prometheus), 1);

    CLEANUP(buffer_free) struct buffer wrong = {0};
    buffer_append_string(&wrong, remote_write_with_secret("a", "s"));
    buffer_append_string(&wrong, "    noSuchField: 1\n");
    file_replace(fixture->volume, "a.yaml", buffer_string(&wrong));
    assert_true(log_has(fixture, "RemoteWrite has another state", "state=rejected"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(outcome_of(fixture, "a")->earlier);
    assert_true(token_is(fixture, "new"));

    agent_restarts(fixture);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(outcome_of(fixture, "a")->earlier);
    assert_true(token_is(fixture, "new"));
}

static void a_rotated_password_is_not_taken_back_by_what_is_held(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    given_a_token(fixture, "old");
    agent_runs(fixture);
    assert_true(token_becomes(fixture, "new"));

    strict_refuses_all(prometheus, true);
    drop(fixture, "b", URL("b"));
    assert_true(all_is_held(fixture));
    assert_true(token_is(fixture, "new"));
    strict_refuses_all(prometheus, false);
    assert_true(output_has(fixture, URL("b")));
    assert_true(token_is(fixture, "new"));
}

static void a_rotated_password_is_not_taken_back_with_a_refused_edit(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "remote_timeout");
    given_a_token(fixture, "old");
    agent_runs(fixture);
    assert_true(token_becomes(fixture, "new"));

    CLEANUP(buffer_free) struct buffer refused = {0};
    buffer_append_string(&refused, remote_write_with_secret("a", "s"));
    buffer_append_string(&refused, "    remoteTimeout: 1s\n");
    file_replace(fixture->volume, "a.yaml", buffer_string(&refused));
    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_true(outcome_of(fixture, "a")->earlier);
    assert_true(token_is(fixture, "new"));
}

/* Neither for a moment: a queue reads the file at each request. */
static void a_rotated_password_is_not_taken_back_while_an_edit_is_searched(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "guilty");
    given_a_token(fixture, "old");
    agent_runs(fixture);
    assert_true(token_becomes(fixture, "new"));

    CLEANUP(buffer_free) struct buffer edited = {0};
    buffer_append_string(&edited, remote_write_with_secret("a", "s"));
    buffer_append_string(&edited, "    remoteTimeout: 1s\n");
    file_replace(fixture->volume, "a.yaml", buffer_string(&edited));
    drop(fixture, "b", URL("guilty"));
    drop(fixture, "c", URL("c"));
    assert_true(search_is_over(fixture));

    assert_int_equal(state_of(fixture, "b"), STATE_QUARANTINED);
    assert_true(has(strict_runs(prometheus), "remote_timeout"));
    assert_true(strict_questions(prometheus) > 2);
    for (size_t i = 1; i < strict_questions(prometheus); i++) {
        assert_string_equal(strict_sent(prometheus, i), "new");
    }
}

/* --- the last good forms ---------------------------------------------------------------------- */

static void a_base_that_is_held_takes_nobodys_last_good_form(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.startup_grace_milliseconds = 100;
    given_a_token(fixture, "old");
    drop(fixture, "b", URL("b"));
    agent_runs(fixture);
    file_remove(fixture->secrets, "s/token");
    assert_true(log_has(fixture, "RemoteWrite has another state", "state=pending"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "c", URL("c"));
    assert_true(log_has(fixture, "a safe one takes its place", "safe=\"base alone\""));
    assert_true(output_loses(fixture, "BEGIN"));
    http_stub_listen(fixture->prometheus);

    /* It takes the base; and what comes next is never asked about by this process. */
    assert_true(LOOP_UNTIL(&fixture->loop, strict_questions(prometheus) >= 2));
    assert_false(has(strict_question(prometheus, 1), "BEGIN"));
    assert_true(log_has(fixture, "has taken the config that was held", NULL));
    agent_restarts(fixture);

    assert_true(output_has(fixture, URL("c")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(state_of(fixture, "a"), STATE_PENDING);
    assert_true(outcome_of(fixture, "a")->earlier);
    assert_true(has(strict_runs(prometheus), "name: a\n"));
    assert_true(token_is(fixture, "old"));
}

/* --- the base --------------------------------------------------------------------------------- */

static void a_base_that_is_put_back_after_other_changes_is_refused_no_more(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    strict_refuses(prometheus, "nonsense");
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    CLEANUP(memory_freep) char *base = file_read(fixture->base, "prometheus.yml");
    file_replace(fixture->base, "prometheus.yml", "nonsense: {}\n");
    assert_true(search_is_over(fixture));
    drop(fixture, "b", URL("b"));
    assert_true(output_has(fixture, URL("b")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(has(strict_runs(prometheus), URL("b")));
    assert_false(agent_now(fixture).ready);

    file_replace(fixture->base, "prometheus.yml", base);

    assert_true(LOOP_UNTIL(&fixture->loop, agent_now(fixture).ready));
    assert_false(agent_now(fixture).base_refused);
    assert_null(agent_now(fixture).base_fault);
    assert_true(agent_now(fixture).reload_successful);
}

static void a_base_that_cannot_be_used_is_a_reason_not_to_be_ready(void **state) {
    static const struct {
        const char *text; /* NULL: it is removed */
        const char *words;
    } bases[] = {
        {"global: [\n", "cannot be used"},
        {"- a list\n", "cannot be used"},
        {NULL, "No such file"},
    };
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    CLEANUP(memory_freep) char *base = file_read(fixture->base, "prometheus.yml");

    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        if (bases[i].text != NULL) {
            file_replace(fixture->base, "prometheus.yml", bases[i].text);
        } else {
            file_remove(fixture->base, "prometheus.yml");
        }
        assert_true(LOOP_UNTIL(&fixture->loop, !agent_now(fixture).ready));
        assert_true(has(agent_now(fixture).not_ready, bases[i].words));
        assert_non_null(agent_now(fixture).base_fault);
        assert_false(agent_now(fixture).base_refused);

        file_replace(fixture->base, "prometheus.yml", base);
        assert_true(LOOP_UNTIL(&fixture->loop, agent_now(fixture).ready));
        assert_null(agent_now(fixture).base_fault);
    }
    assert_true(has(strict_runs(prometheus), URL("a")));
}

static void without_a_config_the_fault_of_the_base_is_why_it_is_not_ready(void **state) {
    struct agent_fixture *fixture = *state;
    file_remove(fixture->base, "prometheus.yml");
    agent_starts(fixture);

    assert_true(LOOP_UNTIL(&fixture->loop, agent_now(fixture).passes > 0));
    assert_false(agent_now(fixture).published);
    assert_true(has(agent_now(fixture).not_ready, fixture->base_file));
    assert_true(has(agent_now(fixture).not_ready, "No such file"));

    file_write(fixture->base, "prometheus.yml", "global: [\n");
    assert_true(LOOP_UNTIL(&fixture->loop, has(agent_now(fixture).not_ready, "cannot be used")));
    assert_true(has(agent_now(fixture).not_ready, fixture->base_file));

    file_replace(fixture->base, "prometheus.yml", "global: {}\n");
    assert_true(LOOP_UNTIL(&fixture->loop, agent_now(fixture).ready));
}

static void in_place_a_refused_base_is_a_reason_not_to_be_ready(void **state) {
    struct agent_fixture *fixture = *state;
    STRICT prometheus = strict_prometheus_new(fixture);
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_write(fixture->out, "prometheus.yml", "global: {}\n");
    strict_refuses(prometheus, "nonsense");
    agent_runs(fixture);

    file_replace(fixture->out, "prometheus.yml", "global: {}\nnonsense: {}\n");
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    assert_false(agent_now(fixture).ready);
    assert_true(has(agent_now(fixture).not_ready, "Prometheus refuses"));

    file_replace(fixture->out, "prometheus.yml", "global: {}\n");
    assert_true(LOOP_UNTIL(&fixture->loop, agent_now(fixture).ready));
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_hold_ends_with_the_base_that_mends_it),
        TEST(a_hold_ends_with_the_removal_of_what_went_bad),
        TEST(a_change_that_mends_nothing_leaves_what_is_held),
        TEST(what_went_bad_by_itself_is_found_where_it_stands_on_something_outside),
        TEST(a_search_outlives_changes_while_prometheus_is_away),
        TEST(a_rotated_password_is_not_taken_back_by_a_wrong_edit),
        TEST(a_rotated_password_is_not_taken_back_by_what_is_held),
        TEST(a_rotated_password_is_not_taken_back_with_a_refused_edit),
        TEST(a_rotated_password_is_not_taken_back_while_an_edit_is_searched),
        TEST(a_base_that_is_held_takes_nobodys_last_good_form),
        TEST(a_base_that_is_put_back_after_other_changes_is_refused_no_more),
        TEST(a_base_that_cannot_be_used_is_a_reason_not_to_be_ready),
        TEST(without_a_config_the_fault_of_the_base_is_why_it_is_not_ready),
        TEST(in_place_a_refused_base_is_a_reason_not_to_be_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
