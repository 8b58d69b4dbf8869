/* SPDX-License-Identifier: Apache-2.0 */

/* Reloads by SIGHUP: what the agent makes of a Prometheus that answers nothing but by its record.
 */

#include "support/agent_fixture.h"
#include "support/fake_proc.h"
#include "support/hangup_target.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/strict_prometheus.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define URL(name) "http://" name ".example/push"

/* A stand-in that is signalled, and its place in a /proc of its own. */
struct peer_process {
    struct agent_fixture *fixture;
    struct strict_prometheus *prometheus;
    struct hangup_target *target;
    char *proc;
};

static void given_a_process(struct peer_process *peer) {
    fake_process_add(peer->proc, (struct fake_process){.pid = hangup_target_id(peer->target)});
}

static int peer_process_setup(void **state) {
    struct peer_process *peer = memory_new(1, sizeof(*peer));
    void *fixture = NULL;

    if (agent_fixture_setup(&fixture) != 0) {
        return -1;
    }
    peer->fixture = fixture;
    peer->prometheus = strict_prometheus_new(peer->fixture);
    peer->proc = path_join(peer->fixture->dir, "proc");
    folder_make(peer->fixture->dir, "proc");
    const char *url = http_stub_url(peer->fixture->prometheus, "");
    peer->target = hangup_target_new((unsigned)strtoul(strrchr(url, ':') + 1, NULL, 10));
    given_a_process(peer);
    struct prometheus_settings *settings = &peer->fixture->settings.prometheus;
    settings->method = RELOAD_BY_SIGNAL;
    settings->process_name = "prometheus";
    settings->proc_path = peer->proc;
    settings->runtimeinfo_url = http_stub_url(peer->fixture->prometheus, RUNTIMEINFO_PATH);
    settings->reload_url = NULL;
    *state = peer;
    return 0;
}

static int peer_process_teardown(void **state) {
    struct peer_process *peer = *state;
    void *fixture = peer->fixture;

    hangup_target_free(peer->target);
    strict_prometheus_free(peer->prometheus);
    int result = agent_fixture_teardown(&fixture);
    free(peer->proc);
    free(peer);
    return result;
}

static void drop(struct agent_fixture *fixture, const char *name, const char *url) {
    char file[64];

    snprintf(file, sizeof(file), "%s.yaml", name);
    file_replace(fixture->volume, file, remote_write(name, url));
}

static bool has(const char *text, const char *part) {
    return text != NULL && strstr(text, part) != NULL;
}

static enum remote_write_state state_of(const struct agent_fixture *fixture, const char *name) {
    const struct desired_state *state = agent_now(fixture).state;

    for (size_t i = 0; i < state->outcome_count; i++) {
        if (strcmp(state->outcomes[i].name, name) == 0) {
            return state->outcomes[i].state;
        }
    }
    fail_msg("no outcome of %s", name);
    return STATE_REJECTED;
}

static bool search_is_over(struct agent_fixture *fixture) {
    return log_has(fixture, "the search is over", NULL) && agent_becomes(fixture, AGENT_IDLE);
}

/* A change, until Prometheus runs it. */
static void change(struct peer_process *peer, const char *name, const char *url) {
    const size_t questions = strict_questions(peer->prometheus);

    drop(peer->fixture, name, url);
    assert_true(output_has(peer->fixture, url));
    assert_true(agent_is_asked(peer->fixture, questions + 1));
    assert_true(agent_becomes(peer->fixture, AGENT_IDLE));
}

/* --- taken ---------------------------------------------------------------------------------- */

static void what_the_record_confirms_is_confirmed(void **state) {
    struct peer_process *peer = *state;
    drop(peer->fixture, "a", URL("a"));

    agent_runs(peer->fixture);

    assert_true(has(strict_runs(peer->prometheus), URL("a")));
    assert_int_equal(strict_questions(peer->prometheus), 1);
    const struct agent_status status = agent_now(peer->fixture);
    assert_true(status.ready);
    assert_true(status.reload_successful);
    assert_string_equal(status.reload_method, "signal");
    assert_int_equal(log_lines_count("level=info", "Prometheus has loaded the config"), 1);
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
}

static void an_ambient_identity_is_signalled_once(void **state) {
    struct peer_process *peer = *state;
    CLEANUP(buffer_free) struct buffer text = {0};
    drop(peer->fixture, "a", URL("a"));
    agent_runs(peer->fixture);
    buffer_append_string(&text, remote_write("b", URL("b")));
    buffer_append_string(&text, "    sigv4: {region: x}\n");

    file_replace(peer->fixture->volume, "b.yaml", buffer_string(&text));
    assert_true(agent_is_asked(peer->fixture, 2));
    assert_true(agent_becomes(peer->fixture, AGENT_IDLE));
    agent_is_left_alone(peer->fixture);

    assert_int_equal(strict_questions(peer->prometheus), 2);
    const char *runs = strict_runs(peer->prometheus);
    assert_true(strstr(runs, "name: b") < strstr(runs, "name: a"));
    assert_true(agent_now(peer->fixture).confirmed);
}

static void it_is_waited_for_as_long_as_it_takes_and_signalled_once(void **state) {
    struct peer_process *peer = *state;
    agent_runs(peer->fixture);
    strict_is(peer->prometheus, STRICT_HANGS);
    drop(peer->fixture, "a", URL("a"));
    assert_true(agent_is_asked(peer->fixture, 2));
    assert_true(agent_becomes(peer->fixture, AGENT_CONFIRMING));
    agent_is_left_alone(peer->fixture);
    assert_int_equal(agent_now(peer->fixture).phase, AGENT_CONFIRMING);

    strict_finishes(peer->prometheus);

    assert_true(agent_becomes(peer->fixture, AGENT_IDLE));
    assert_true(agent_now(peer->fixture).confirmed);
    assert_int_equal(strict_questions(peer->prometheus), 2);
}

static void a_reload_is_asked_for_though_nothing_changed(void **state) {
    struct peer_process *peer = *state;
    agent_runs(peer->fixture);

    agent_reload(peer->fixture->agent);

    assert_true(agent_is_asked(peer->fixture, 2));
    assert_true(agent_becomes(peer->fixture, AGENT_IDLE));
}

/* --- whole seconds -------------------------------------------------------------------------- */

static void changes_in_quick_succession_are_each_confirmed(void **state) {
    struct peer_process *peer = *state;
    strict_tells_the_time(peer->prometheus);
    agent_runs(peer->fixture);

    change(peer, "a", URL("a1"));
    change(peer, "a", URL("a2"));
    change(peer, "a", URL("a3"));

    assert_true(has(strict_runs(peer->prometheus), URL("a3")));
    assert_int_equal(strict_questions(peer->prometheus), 4);
    assert_int_equal(log_lines_count("Prometheus has loaded the config", NULL), 4);
    assert_true(agent_now(peer->fixture).confirmed);
}

static void a_refusal_right_after_a_success_is_no_success(void **state) {
    struct peer_process *peer = *state;
    strict_tells_the_time(peer->prometheus);
    strict_refuses(peer->prometheus, "guilty");
    agent_runs(peer->fixture);

    drop(peer->fixture, "a", URL("guilty"));
    assert_true(search_is_over(peer->fixture));

    assert_int_equal(state_of(peer->fixture, "a"), STATE_QUARANTINED);
    assert_false(has(strict_runs(peer->prometheus), URL("guilty")));
}

/* --- refused -------------------------------------------------------------------------------- */

static void a_refused_remote_write_is_set_aside_and_the_others_are_served(void **state) {
    struct peer_process *peer = *state;
    strict_refuses(peer->prometheus, "guilty");
    drop(peer->fixture, "a", URL("a"));
    drop(peer->fixture, "b", URL("guilty"));
    drop(peer->fixture, "c", URL("c"));

    agent_starts(peer->fixture);
    assert_true(search_is_over(peer->fixture));

    assert_true(has(strict_runs(peer->prometheus), URL("a")));
    assert_true(has(strict_runs(peer->prometheus), URL("c")));
    assert_false(has(strict_runs(peer->prometheus), URL("guilty")));
    assert_int_equal(state_of(peer->fixture, "b"), STATE_QUARANTINED);
    assert_int_equal(log_lines_count("level=error msg=\"Prometheus refused it: its record says",
                                     "remote_write=team-a/b"),
                     1);
    assert_true(agent_now(peer->fixture).confirmed);
}

static bool was_refused(const struct peer_process *peer, size_t question) {
    return has(strict_question(peer->prometheus, question), "guilty");
}

static void after_a_refusal_the_last_good_config_comes_before_the_next_question(void **state) {
    struct peer_process *peer = *state;
    strict_refuses(peer->prometheus, "guilty");
    agent_runs(peer->fixture);
    for (int i = 0; i < 16; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n-%02d", i);
        drop(peer->fixture, name, i == 0 || i == 11 ? URL("guilty") : URL("x"));
    }

    assert_true(search_is_over(peer->fixture));

    size_t refused = 0;
    for (size_t i = 0; i < strict_questions(peer->prometheus); i++) {
        refused += was_refused(peer, i) ? 1 : 0;
        assert_false(was_refused(peer, i) && was_refused(peer, i + 1));
    }
    print_message("%zu reloads, %zu of them refused\n", strict_questions(peer->prometheus),
                  refused);
    assert_true(refused > 3);
    assert_int_equal(agent_now(peer->fixture).state->state_counts[STATE_QUARANTINED], 2);
    assert_int_equal(agent_now(peer->fixture).state->state_counts[STATE_ACTIVE], 14);
    assert_int_equal(http_stub_most_at_once(peer->fixture->prometheus, RELOAD_PATH), 1);
}

static void a_refused_base_does_not_hide_the_refusal_of_a_remote_write(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    strict_refuses(peer->prometheus, "guilty");
    agent_runs(fixture);
    file_replace(fixture->base, "prometheus.yml", "global: {guilty: base}\n");
    assert_true(search_is_over(fixture));
    assert_true(agent_now(fixture).base_refused);

    drop(fixture, "a", URL("guilty"));
    drop(fixture, "b", URL("b"));

    assert_true(output_has(fixture, URL("b")));
    assert_true(log_has(fixture, "Prometheus refused it", "remote_write=team-a/a"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(state_of(fixture, "a"), STATE_QUARANTINED);
    assert_int_equal(state_of(fixture, "b"), STATE_ACTIVE);
    assert_true(has(strict_runs(peer->prometheus), URL("b")));
    assert_true(agent_now(fixture).base_refused);
}

static void where_even_the_last_good_config_is_refused_it_is_held_until_it_is_taken(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    fixture->settings.confirm_milliseconds = 500;
    drop(fixture, "a", URL("a"));
    agent_runs(fixture);
    const char *good = strict_question(peer->prometheus, 0);

    strict_refuses_all(peer->prometheus, true);
    drop(fixture, "b", URL("b"));
    assert_true(log_has(fixture, "Prometheus did not say whether it loaded the config",
                        "its log says why"));
    CLEANUP(memory_freep) char *held = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(held, good);
    assert_int_equal(agent_now(fixture).state->state_counts[STATE_QUARANTINED], 0);

    strict_refuses_all(peer->prometheus, false);
    assert_true(search_is_over(fixture));
    assert_true(has(strict_runs(peer->prometheus), URL("b")));
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_NONE);
}

static void without_a_good_one_the_base_alone_is_held_and_nobody_is_blamed(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    fixture->settings.confirm_milliseconds = 500;
    strict_refuses_all(peer->prometheus, true);
    drop(fixture, "a", URL("a"));
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus did not say whether it loaded the config", NULL));
    assert_true(output_loses(fixture, URL("a")));
    assert_int_equal(agent_now(fixture).fallback, FALLBACK_BASE);

    strict_refuses_all(peer->prometheus, false);
    assert_true(output_has(fixture, URL("a")));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(state_of(fixture, "a"), STATE_ACTIVE);
    assert_true(has(strict_runs(peer->prometheus), URL("a")));
}

/* --- not signalled -------------------------------------------------------------------------- */

static void a_process_that_comes_later_is_signalled_once_it_is_there(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    fake_process_remove(peer->proc, hangup_target_id(peer->target));
    drop(fixture, "a", URL("a"));
    agent_starts(fixture);
    assert_true(log_has(fixture, "no process of the program prometheus is seen",
                        "shareProcessNamespace: true"));
    assert_true(output_has(fixture, URL("a")));
    assert_false(agent_now(fixture).ready);

    given_a_process(peer);

    assert_true(agent_is_asked(fixture, 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_true(agent_now(fixture).ready);
    assert_int_equal(log_lines_count("level=error", NULL), 1);
}

static void without_a_record_nothing_is_signalled_but_the_config_is_in_place(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    strict_keeps_a_record(peer->prometheus, false);
    drop(fixture, "a", URL("a"));
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus cannot be asked to reload", "--runtimeinfo-url"));
    assert_true(agent_becomes(fixture, AGENT_WAITING));
    assert_true(output_has(fixture, URL("a")));
    assert_int_equal(strict_questions(peer->prometheus), 0);

    strict_keeps_a_record(peer->prometheus, true);

    assert_true(agent_is_asked(fixture, 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(agent_now(fixture).confirmed);
    assert_int_equal(log_lines_count("level=error", NULL), 1);
}

static void an_answer_that_is_no_record_confirms_nothing(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    http_stub_script(fixture->prometheus, RUNTIMEINFO_PATH,
                     &(struct stub_answer){.status = 200, .body = "<html>welcome</html>"}, 1);
    agent_starts(fixture);

    assert_true(log_has(fixture, "Prometheus cannot be asked to reload",
                        "status 200: no record of the last reload"));
    assert_false(agent_now(fixture).confirmed);
    assert_int_equal(strict_questions(peer->prometheus), 0);
}

static void one_that_is_starting_is_not_signalled_before_it_is_up(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    strict_is(peer->prometheus, STRICT_STARTS);
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus answers 503, as while it starts", "it is starting"));
    assert_int_equal(strict_questions(peer->prometheus), 0);

    strict_is(peer->prometheus, STRICT_ANSWERS);

    assert_true(agent_is_asked(fixture, 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
}

static void one_that_is_away_is_signalled_once_it_is_up(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    http_stub_refuse(fixture->prometheus);
    agent_starts(fixture);
    assert_true(log_has(fixture, "Prometheus cannot be reached", "failures=2"));
    assert_true(agent_now(fixture).ready);

    http_stub_listen(fixture->prometheus);

    assert_true(agent_is_asked(fixture, 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(log_lines_count("level=info", "Prometheus cannot be reached"), 1);
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
}

static void one_that_does_not_come_up_on_a_new_config_gets_a_safe_one(void **state) {
    struct peer_process *peer = *state;
    struct agent_fixture *fixture = peer->fixture;
    fixture->settings.startup_grace_milliseconds = 300;
    http_stub_refuse(fixture->prometheus);
    drop(fixture, "a", URL("a"));
    agent_starts(fixture);
    assert_true(output_has(fixture, URL("a")));

    assert_true(log_has(fixture, "a safe one takes its place", "safe=\"base alone\""));
    assert_true(output_loses(fixture, URL("a")));
    http_stub_listen(fixture->prometheus);

    assert_true(output_has(fixture, URL("a")));
    assert_true(search_is_over(fixture));
    assert_true(has(strict_runs(peer->prometheus), URL("a")));
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, peer_process_setup, peer_process_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_the_record_confirms_is_confirmed),
        TEST(it_is_waited_for_as_long_as_it_takes_and_signalled_once),
        TEST(an_ambient_identity_is_signalled_once),
        TEST(a_reload_is_asked_for_though_nothing_changed),
        TEST(changes_in_quick_succession_are_each_confirmed),
        TEST(a_refusal_right_after_a_success_is_no_success),
        TEST(a_refused_remote_write_is_set_aside_and_the_others_are_served),
        TEST(after_a_refusal_the_last_good_config_comes_before_the_next_question),
        TEST(a_refused_base_does_not_hide_the_refusal_of_a_remote_write),
        TEST(where_even_the_last_good_config_is_refused_it_is_held_until_it_is_taken),
        TEST(without_a_good_one_the_base_alone_is_held_and_nobody_is_blamed),
        TEST(a_process_that_comes_later_is_signalled_once_it_is_there),
        TEST(without_a_record_nothing_is_signalled_but_the_config_is_in_place),
        TEST(an_answer_that_is_no_record_confirms_nothing),
        TEST(one_that_is_starting_is_not_signalled_before_it_is_up),
        TEST(one_that_is_away_is_signalled_once_it_is_up),
        TEST(one_that_does_not_come_up_on_a_new_config_gets_a_safe_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
