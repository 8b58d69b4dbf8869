/* SPDX-License-Identifier: Apache-2.0 */

/* Files that are being written, and the real loop: when it looks again, and what it leaves alone.
 */

#include "base/memory.h"
#include "support/agent_fixture.h"
#include "support/agent_steps.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void given(struct agent_fixture *fixture) {
    fixture->settings.source.patience = WRITER_PATIENCE;
    fixture->settings.source.patience.emptied = 500;
}

static void given_in_place(struct agent_fixture *fixture) {
    given(fixture);
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_write(fixture->out, "prometheus.yml", "# a person's\nglobal: {}\n");
    assert_int_equal(chmod(fixture->output, 0640), 0);
}

/* Has to be closed. */
static int opened(const char *folder, const char *name, int flags) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | flags);

    assert_true(descriptor >= 0);
    return descriptor;
}

static void writes(int descriptor, const char *text) {
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
}

static void a_manifest_that_is_being_written_stays_served(void **state) {
    struct agent_fixture *fixture = *state;
    given(fixture);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    int writer = opened(fixture->volume, "a.yaml", O_TRUNC);
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 3));
    assert_true(output_has(fixture, "http://a.example/push"));

    writes(writer, remote_write("a", "http://b.example/push"));
    close(writer);

    assert_true(output_has(fixture, "http://b.example/push"));
    assert_int_equal(log_lines_count("removed=1", NULL), 0);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
}

/* Nothing was read of it before: published without it, its entry would leave and come back. */
static void a_manifest_that_is_being_written_at_the_start_does_not_leave(void **state) {
    struct agent_fixture *fixture = *state;
    given(fixture);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    file_write(fixture->out, "prometheus.yml", "# of the process before\n");
    int writer = opened(fixture->volume, "a.yaml", 0);
    agent_starts(fixture);
    assert_true(agent_has_passed(fixture, 4));
    assert_true(output_has(fixture, "# of the process before\n"));
    assert_int_equal(reloads_asked(fixture), 0);
    assert_false(agent_now(fixture).ready);

    close(writer);

    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(agent_is_asked(fixture, 1));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(agent_now(fixture).writes, 1);
    assert_int_equal(agent_now(fixture).publish_errors, 0);
}

/* There is no event that tells of it. */
static void the_end_of_a_writer_is_noticed(void **state) {
    struct agent_fixture *fixture = *state;
    given(fixture);
    agent_runs(fixture);
    file_write(fixture->volume, "a.yaml", "");
    int writer = opened(fixture->volume, "a.yaml", 0);
    writes(writer, remote_write("a", "http://a.example/push"));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 4));
    assert_int_equal(reloads_asked(fixture), 1);

    close(writer);

    assert_true(output_has(fixture, "http://a.example/push"));
}

static void in_place_nothing_is_written_or_loaded_while_it_is_being_written(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture);
    agent_runs(fixture);
    int writer = opened(fixture->out, "prometheus.yml", O_TRUNC);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 3));
    agent_reload(fixture->agent);
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 2));
    CLEANUP(memory_freep) char *empty = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(empty, "");
    assert_int_equal(reloads_asked(fixture), 1);

    writes(writer, "# edited\nglobal: {}\n");
    close(writer);

    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(output_has(fixture, "# edited\n"));
    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_int_equal(agent_now(fixture).publish_errors, 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
}

/* It has written nothing yet: only publishing can see it. */
static void in_place_an_output_that_is_open_for_writing_is_not_replaced(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture);
    agent_runs(fixture);
    int writer = opened(fixture->out, "prometheus.yml", 0);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 3));
    assert_int_equal(lseek(writer, 0, SEEK_END) > 0, 1);

    writes(writer, "# at the end\n");
    close(writer);

    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(output_has(fixture, "# at the end\n"));
    assert_int_equal(agent_now(fixture).publish_errors, 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
}

static void a_base_that_is_emptied_for_good_is_taken_in_the_end(void **state) {
    struct agent_fixture *fixture = *state;
    given(fixture);
    agent_runs(fixture);
    close(opened(fixture->base, "prometheus.yml", O_TRUNC));

    assert_true(output_loses(fixture, "# the base"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    const uint64_t passes = agent_now(fixture).passes;
    agent_is_left_alone(fixture);
    assert_int_equal(agent_now(fixture).passes, passes);
}

#define STILL_WRITTEN "is still being written and is not read until that ends"
#define STILL_OPEN    "a process has the output open for writing"

static bool is_warned_of(struct agent_fixture *fixture, const char *text, size_t times) {
    return LOOP_UNTIL(&fixture->loop, log_lines_count(text, "level=warn") >= times);
}

/* Whoever asks again is told what is still in the way; nobody else is told twice. */
static void a_writer_that_does_not_end_is_warned_of_again_on_sighup(void **state) {
    struct agent_fixture *fixture = *state;
    given(fixture);
    fixture->settings.source.patience.report = 1;
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    int writer = opened(fixture->volume, "a.yaml", O_TRUNC);
    assert_true(is_warned_of(fixture, STILL_WRITTEN, 1));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 2));
    assert_int_equal(log_lines_count(STILL_WRITTEN, "remedy="), 1);

    agent_reload(fixture->agent);

    assert_true(is_warned_of(fixture, STILL_WRITTEN, 2));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 2));
    assert_int_equal(log_lines_count(STILL_WRITTEN, "a.yaml"), 2);
    assert_int_equal(log_lines_count(STILL_WRITTEN, "remedy="), 2);
    close(writer);
    assert_true(log_has(fixture, "a file is not being written any more", "a.yaml"));
}

static void in_place_a_writer_that_does_not_end_is_warned_of_again_on_sighup(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture);
    fixture->settings.source.patience.report = 1;
    agent_runs(fixture);
    int writer = opened(fixture->out, "prometheus.yml", 0);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    assert_true(is_warned_of(fixture, STILL_OPEN, 1));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 2));
    assert_int_equal(log_lines_count(STILL_OPEN, "remedy="), 1);

    agent_reload(fixture->agent);

    assert_true(is_warned_of(fixture, STILL_OPEN, 2));
    assert_true(agent_has_passed(fixture, agent_now(fixture).passes + 2));
    assert_int_equal(log_lines_count(STILL_OPEN, "remedy="), 2);
    close(writer);
    assert_true(log_has(fixture, "no process has the output open for writing any more", NULL));
}

static void a_manifest_that_stays_open_over_a_restart_stays_served(void **state) {
    struct agent_fixture *fixture = *state;
    given(fixture);
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    int writer = opened(fixture->volume, "a.yaml", O_TRUNC);
    agent_restarts(fixture);

    assert_true(LOOP_UNTIL(&fixture->loop, agent_now(fixture).published));
    assert_true(agent_is_asked(fixture, 2));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_true(output_has(fixture, "http://a.example/push"));
    writes(writer, remote_write("a", "http://b.example/push"));
    close(writer);

    assert_true(output_has(fixture, "http://b.example/push"));
    assert_int_equal(log_lines_count("removed=1", NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, agent_fixture_setup, agent_fixture_teardown)
        TEST(a_manifest_that_is_being_written_stays_served),
        TEST(a_manifest_that_is_being_written_at_the_start_does_not_leave),
        TEST(the_end_of_a_writer_is_noticed),
        TEST(in_place_nothing_is_written_or_loaded_while_it_is_being_written),
        TEST(in_place_an_output_that_is_open_for_writing_is_not_replaced),
        TEST(a_base_that_is_emptied_for_good_is_taken_in_the_end),
        TEST(a_manifest_that_stays_open_over_a_restart_stays_served),
        TEST(a_writer_that_does_not_end_is_warned_of_again_on_sighup),
        TEST(in_place_a_writer_that_does_not_end_is_warned_of_again_on_sighup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
