/* SPDX-License-Identifier: Apache-2.0 */

/* Directories and files that only call for a reload: beside an output, and without one. */

#include "support/agent_fixture.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOOD_RULES "groups: []\n"
#define BAD_RULES  "groups: {}\n"
#define GOOD_BASE  "global:\n  scrape_interval: 20s\n"
#define BAD_BASE   "global:\n  scrape_interval: never\n"

struct watched_fixture {
    struct agent_fixture *agent;
    char *rules; /* DIR/rules */
    const char *paths[2];
};

static int setup(void **state) {
    struct watched_fixture *fixture = memory_new(1, sizeof(*fixture));

    if (agent_fixture_setup(state) != 0) {
        return -1;
    }
    fixture->agent = *state;
    fixture->rules = path_join(fixture->agent->dir, "rules");
    fixture->paths[0] = fixture->rules;
    fixture->agent->settings.source.watched_paths = fixture->paths;
    fixture->agent->settings.source.watched_path_count = 1;
    file_write(fixture->rules, "rules.yml", GOOD_RULES);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct watched_fixture *fixture = *state;
    void *agent = fixture->agent;
    int result = agent_fixture_teardown(&agent);

    free(fixture->rules);
    free(fixture);
    return result;
}

/* No output, and no sources: as settings without --output-file are handed over. The base file is
 * watched too. */
static void only_watches(struct watched_fixture *fixture) {
    struct agent_settings *settings = &fixture->agent->settings;

    fixture->paths[1] = fixture->agent->base_file;
    settings->source.watched_path_count = 2;
    settings->source.base_path = NULL;
    settings->source.volume_count = 0;
    settings->output_path = NULL;
    settings->secret_directory = NULL;
}

/* Whatever it had still to do is done then. */
static void catches_up(struct watched_fixture *fixture) {
    agent_is_left_alone(fixture->agent);
    assert_true(agent_becomes(fixture->agent, AGENT_IDLE));
}

/* As Prometheus: the rule files are read with the config, and either can be the reason. */
static struct stub_answer as_prometheus(void *context) {
    struct watched_fixture *fixture = context;
    CLEANUP(memory_freep) char *rules = file_read(fixture->rules, "rules.yml");
    CLEANUP(memory_freep) char *config = file_read(fixture->agent->out, "prometheus.yml");

    if (rules == NULL || strcmp(rules, GOOD_RULES) != 0) {
        return (struct stub_answer){.status = 500, .body = "error loading rules\n"};
    }
    if (config == NULL || strstr(config, "never") != NULL) {
        return (struct stub_answer){.status = 500, .body = "not a valid duration\n"};
    }
    return (struct stub_answer){.status = 200};
}

static void prometheus_reads_rules(struct watched_fixture *fixture) {
    http_stub_judge(fixture->agent->prometheus, RELOAD_PATH, as_prometheus, fixture);
}

/* --- beside an output ------------------------------------------------------------------------- */

static void a_change_is_one_reload_and_no_write(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent_runs(agent);
    size_t before = reloads_asked(agent);

    file_write(fixture->rules, "deep/more.yml", GOOD_RULES);
    assert_true(agent_is_asked(agent, before + 1));
    catches_up(fixture);

    assert_int_equal(reloads_asked(agent), before + 1);
    assert_int_equal(agent_now(agent).writes, 1);
    assert_true(agent_now(agent).confirmed);
}

static void the_same_bytes_again_are_no_reload(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent_runs(agent);
    size_t before = reloads_asked(agent);
    uint64_t passes = agent_now(agent).passes;

    file_age(fixture->rules, "rules.yml", 60);
    file_replace(fixture->rules, "rules.yml", GOOD_RULES);
    assert_true(agent_has_passed(agent, passes + 1));
    catches_up(fixture);

    assert_int_equal(reloads_asked(agent), before);
}

static void a_change_together_with_the_base_is_one_reload(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent_runs(agent);
    size_t before = reloads_asked(agent);

    file_write(fixture->rules, "more.yml", GOOD_RULES);
    file_replace(agent->base, "prometheus.yml", GOOD_BASE);
    assert_true(output_has(agent, "20s"));
    catches_up(fixture);

    assert_int_equal(reloads_asked(agent), before + 1);
}

static void a_change_while_prometheus_is_asked_is_one_more_reload(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent_runs(agent);
    size_t before = reloads_asked(agent);
    RELOAD_ANSWERS(agent, {.mode = STUB_HANG}, {.status = 200});

    file_write(fixture->rules, "more.yml", GOOD_RULES);
    assert_true(agent_is_asked(agent, before + 1));
    file_write(fixture->rules, "more.yml", "groups: # other bytes\n");
    agent_is_left_alone(agent);
    http_stub_release(agent->prometheus);
    assert_true(agent_is_asked(agent, before + 2));
    catches_up(fixture);

    assert_int_equal(reloads_asked(agent), before + 2);
}

static void an_absent_directory_is_watched_once_it_is_there(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    tree_remove(fixture->rules);
    agent_runs(agent);
    assert_true(log_has(agent, "does not exist yet", "/rules "));
    size_t before = reloads_asked(agent);

    file_write(fixture->rules, "rules.yml", GOOD_RULES);

    assert_true(agent_is_asked(agent, before + 1));
}

static void a_change_waits_for_a_prometheus_that_is_away(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent_runs(agent);
    size_t before = reloads_asked(agent);
    http_stub_refuse(agent->prometheus);

    file_write(fixture->rules, "more.yml", GOOD_RULES);
    assert_true(agent_becomes(agent, AGENT_WAITING));
    http_stub_listen(agent->prometheus);

    assert_true(agent_is_asked(agent, before + 1));
    assert_true(agent_becomes(agent, AGENT_IDLE));
    catches_up(fixture);
    assert_int_equal(reloads_asked(agent), before + 1);
}

static void broken_rules_blame_nobody_and_heal_with_one_reload(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent->settings.retry_milliseconds = 600000;
    prometheus_reads_rules(fixture);
    file_replace(agent->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(agent);
    size_t before = reloads_asked(agent);

    file_replace(fixture->rules, "rules.yml", BAD_RULES);
    assert_true(agent_is_asked(agent, before + 1));
    assert_true(agent_becomes(agent, AGENT_WAITING));
    struct agent_status broken = agent_now(agent);
    assert_false(broken.reload_successful);
    assert_int_equal(broken.state->state_counts[STATE_ACTIVE], 1);
    assert_int_equal(broken.state->state_counts[STATE_QUARANTINED], 0);
    assert_int_equal(broken.writes, 1);

    file_replace(fixture->rules, "rules.yml", GOOD_RULES);
    assert_true(agent_is_asked(agent, before + 2));
    assert_true(agent_becomes(agent, AGENT_IDLE));
    catches_up(fixture);
    struct agent_status healed = agent_now(agent);
    assert_true(healed.reload_successful);
    assert_true(healed.confirmed);
    assert_int_equal(healed.fallback, FALLBACK_NONE);
    assert_int_equal(reloads_asked(agent), before + 2);
}

static void a_remote_write_that_comes_with_broken_rules_is_not_blamed(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent->settings.retry_milliseconds = 600000;
    prometheus_reads_rules(fixture);
    agent_runs(agent);

    file_replace(fixture->rules, "rules.yml", BAD_RULES);
    file_replace(agent->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(agent_becomes(agent, AGENT_WAITING));
    assert_int_equal(agent_now(agent).state->state_counts[STATE_QUARANTINED], 0);

    file_replace(fixture->rules, "rules.yml", GOOD_RULES);
    assert_true(output_has(agent, "name: a\n"));
    assert_true(agent_becomes(agent, AGENT_IDLE));
    assert_true(agent_now(agent).confirmed);
    assert_int_equal(agent_now(agent).state->state_counts[STATE_ACTIVE], 1);
}

static void a_base_that_comes_with_broken_rules_is_tried_again_when_they_are_mended(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    agent->settings.retry_milliseconds = 600000;
    prometheus_reads_rules(fixture);
    agent_runs(agent);

    file_replace(fixture->rules, "rules.yml", BAD_RULES);
    file_replace(agent->base, "prometheus.yml", GOOD_BASE);
    assert_true(agent_becomes(agent, AGENT_WAITING));
    assert_true(output_has(agent, "15s"));

    file_replace(fixture->rules, "rules.yml", GOOD_RULES);
    assert_true(output_has(agent, "20s"));
    assert_true(agent_becomes(agent, AGENT_IDLE));
    assert_true(agent_now(agent).confirmed);
    assert_false(agent_now(agent).base_refused);
}

static void rules_are_taken_while_the_base_is_refused(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    prometheus_reads_rules(fixture);
    agent_runs(agent);
    file_replace(agent->base, "prometheus.yml", BAD_BASE);
    assert_true(log_has(agent, "the search is over", "base_refused=true"));
    assert_true(agent_becomes(agent, AGENT_IDLE));
    int64_t before = agent_now(agent).success_time;
    agent_is_left_alone(agent);

    file_write(fixture->rules, "more.yml", GOOD_RULES);
    assert_true(log_has(agent, "watched files changed", NULL));
    catches_up(fixture);

    /* With the last good base, as the present one is refused once more. */
    assert_true(agent_now(agent).success_time > before);
    assert_true(agent_now(agent).base_refused);
    assert_true(output_has(agent, "15s"));
}

/* --- without an output ------------------------------------------------------------------------ */

static void without_an_output_nothing_is_written(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    only_watches(fixture);
    agent_runs(agent);
    assert_int_equal(reloads_asked(agent), 1);

    file_replace(agent->base, "prometheus.yml", "{ not even YAML\n");
    assert_true(agent_is_asked(agent, 2));
    catches_up(fixture);
    file_write(fixture->rules, "more.yml", GOOD_RULES);
    assert_true(agent_is_asked(agent, 3));
    catches_up(fixture);

    struct agent_status status = agent_now(agent);
    assert_int_equal(reloads_asked(agent), 3);
    assert_true(status.ready);
    assert_true(status.confirmed);
    assert_int_equal(status.writes, 0);
    assert_int_equal(folder_count(agent->out), 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
}

/* prometheus-config-reloader with watched directories alone. */
static void a_start_without_a_reload_asks_at_the_first_change(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    only_watches(fixture);
    agent->settings.starts_without_reload = true;
    RELOAD_ANSWERS(agent, {.status = 200});

    agent_starts(agent);
    assert_true(agent_becomes(agent, AGENT_IDLE));
    struct agent_status status = agent_now(agent);
    assert_int_equal(status.reloads, 0);
    assert_true(status.ready);
    assert_false(status.reload_successful);

    file_replace(fixture->rules, "rules.yml", "groups: # changed\n");
    assert_true(agent_is_asked(agent, 1));
    assert_true(agent_becomes(agent, AGENT_IDLE));
    assert_int_equal(agent_now(agent).reloads, 1);
}

static void without_an_output_a_refusal_is_asked_again(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    only_watches(fixture);
    RELOAD_ANSWERS(agent, {.status = 500, .body = "no\n"}, {.status = 500, .body = "no\n"},
                   {.status = 200});

    agent_starts(agent);

    assert_true(agent_is_asked(agent, 3));
    assert_true(agent_becomes(agent, AGENT_IDLE));
    struct agent_status status = agent_now(agent);
    assert_true(status.reload_successful);
    assert_int_equal(status.reloads_failed, 2);
    assert_int_equal(folder_count(agent->out), 0);
}

static void without_an_output_a_change_is_told_at_once_after_a_refusal(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    only_watches(fixture);
    agent->settings.retry_milliseconds = 600000;
    RELOAD_ANSWERS(agent, {.status = 500, .body = "no\n"}, {.status = 200});
    agent_starts(agent);
    assert_true(agent_becomes(agent, AGENT_WAITING));

    file_replace(fixture->rules, "rules.yml", "groups: # mended\n");

    assert_true(agent_is_asked(agent, 2));
    assert_true(agent_becomes(agent, AGENT_IDLE));
}

static void without_an_output_sighup_is_a_reload(void **state) {
    struct watched_fixture *fixture = *state;
    struct agent_fixture *agent = fixture->agent;
    only_watches(fixture);
    agent_runs(agent);

    agent_reload(agent->agent);

    assert_true(agent_is_asked(agent, 2));
    assert_true(agent_becomes(agent, AGENT_IDLE));
}

static void without_an_output_one_pass_does_nothing(void **state) {
    struct watched_fixture *fixture = *state;
    only_watches(fixture);

    assert_int_equal(agent_once(&fixture->agent->settings), 0);

    assert_int_equal(folder_count(fixture->agent->out), 0);
    assert_int_equal(reloads_asked(fixture->agent), 0);
}

#define WATCHED_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WATCHED_TEST(a_change_is_one_reload_and_no_write),
        WATCHED_TEST(the_same_bytes_again_are_no_reload),
        WATCHED_TEST(a_change_together_with_the_base_is_one_reload),
        WATCHED_TEST(a_change_while_prometheus_is_asked_is_one_more_reload),
        WATCHED_TEST(an_absent_directory_is_watched_once_it_is_there),
        WATCHED_TEST(a_change_waits_for_a_prometheus_that_is_away),
        WATCHED_TEST(broken_rules_blame_nobody_and_heal_with_one_reload),
        WATCHED_TEST(a_remote_write_that_comes_with_broken_rules_is_not_blamed),
        WATCHED_TEST(a_base_that_comes_with_broken_rules_is_tried_again_when_they_are_mended),
        WATCHED_TEST(rules_are_taken_while_the_base_is_refused),
        WATCHED_TEST(without_an_output_nothing_is_written),
        WATCHED_TEST(a_start_without_a_reload_asks_at_the_first_change),
        WATCHED_TEST(without_an_output_a_refusal_is_asked_again),
        WATCHED_TEST(without_an_output_a_change_is_told_at_once_after_a_refusal),
        WATCHED_TEST(without_an_output_sighup_is_a_reload),
        WATCHED_TEST(without_an_output_one_pass_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
