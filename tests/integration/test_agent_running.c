/* SPDX-License-Identifier: Apache-2.0 */

/* What the agent makes of the config that Prometheus says it runs. */

#include "support/agent_fixture.h"
#include "support/agent_steps.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CONFIG_PATH "/api/v1/status/config"

#define CONFIG(yaml) \
    { .status = 200, .body = "{\"status\":\"success\",\"data\":{\"yaml\":\"" yaml "\"}}" }

static const struct stub_answer written = CONFIG("global:\\n  scrape_interval: 15s\\n");
static const struct stub_answer another = CONFIG("scrape_configs:\\n- job_name: another\\n");
static const struct stub_answer starts = {.status = 503, .body = "Service Unavailable"};

#define RUNS(fixture, ...)                                                             \
    http_stub_script(                                                                  \
        (fixture)->prometheus, CONFIG_PATH, (const struct stub_answer[]){__VA_ARGS__}, \
        sizeof((const struct stub_answer[]){__VA_ARGS__}) / sizeof(struct stub_answer))

static bool becomes(struct agent_fixture *fixture, enum running_verdict verdict) {
    return LOOP_UNTIL(&fixture->loop, agent_now(fixture).running == verdict);
}

static bool is_asked_for_config(struct agent_fixture *fixture, size_t count) {
    return LOOP_UNTIL(&fixture->loop, http_stub_count(fixture->prometheus, CONFIG_PATH) >= count);
}

static void a_difference_is_told_until_it_ends(void **state) {
    struct agent_fixture *fixture = *state;
    RUNS(fixture, another, another, written);
    agent_runs(fixture);

    assert_true(becomes(fixture, RUNNING_DIFFERS));
    assert_false(agent_now(fixture).ready);
    assert_true(has(agent_now(fixture).not_ready,
                    "Prometheus runs another config than the one that was written: it runs "));
    assert_memory_equal(agent_now(fixture).running_difference, "runs ", strlen("runs "));
    assert_true(has(agent_now(fixture).failures[OPERATION_RUNNING_CONFIG].words,
                    "Prometheus runs another config than the one that was written: it runs "));

    assert_true(becomes(fixture, RUNNING_MATCHES));
    assert_true(agent_now(fixture).ready);
    assert_null(agent_now(fixture).running_difference);
    assert_null(agent_now(fixture).failures[OPERATION_RUNNING_CONFIG].words);
}

/* It says nothing of the config that it will run: the difference stands, and is asked about again.
 */
static void a_503_while_a_difference_stands_changes_nothing(void **state) {
    struct agent_fixture *fixture = *state;
    RUNS(fixture, another, starts, starts, starts, starts);
    agent_runs(fixture);
    assert_true(becomes(fixture, RUNNING_DIFFERS));

    assert_true(is_asked_for_config(fixture, 5));
    assert_int_equal(agent_now(fixture).running, RUNNING_DIFFERS);
    assert_false(agent_now(fixture).ready);
    assert_int_equal(log_lines_count("does not tell any more which config it runs", NULL), 0);

    RUNS(fixture, written);
    assert_true(becomes(fixture, RUNNING_MATCHES));
    assert_true(agent_now(fixture).ready);
    assert_int_equal(log_lines_count("Prometheus runs another config", "level=error"), 1);
    assert_int_equal(log_lines_count("Prometheus runs the config that was written", NULL), 1);
}

static void a_404_while_a_difference_stands_makes_it_unknown(void **state) {
    struct agent_fixture *fixture = *state;
    RUNS(fixture, another, {.status = 404, .body = "404 page not found"});
    agent_runs(fixture);
    assert_true(becomes(fixture, RUNNING_DIFFERS));

    assert_true(becomes(fixture, RUNNING_UNKNOWN));
    assert_true(agent_now(fixture).ready);
    assert_int_equal(log_lines_count("does not tell any more which config it runs", NULL), 1);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_difference_is_told_until_it_ends),
        TEST(a_503_while_a_difference_stands_changes_nothing),
        TEST(a_404_while_a_difference_stands_makes_it_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
