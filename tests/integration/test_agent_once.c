/* SPDX-License-Identifier: Apache-2.0 */

/* The init container: one pass before Prometheus is up. */

#include "support/agent_fixture.h"
#include "support/log_lines.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void once_publishes_and_asks_nobody(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write_with_secret("a", "s"));
    file_write(fixture->secrets, "s/token", "value");

    assert_int_equal(agent_once(&fixture->settings), 0);
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_int_equal(folder_count(fixture->secret_directory), 1);
    assert_int_equal(http_stub_count(fixture->prometheus, NULL), 0);
}

static void once_succeeds_though_a_remote_write_is_rejected(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->volume, "a.yaml", remote_write("a", "nonsense"));
    file_write(fixture->volume, "b.yaml", remote_write("b", "http://b.example/push"));

    assert_int_equal(agent_once(&fixture->settings), 0);
    assert_true(output_has(fixture, "http://b.example/push"));
    assert_int_equal(log_lines_count("level=error", "remote_write=team-a/a"), 1);
}

static void once_fails_without_a_base_though_an_output_exists(void **state) {
    struct agent_fixture *fixture = *state;

    file_write(fixture->out, "prometheus.yml", "global: {}\n");
    file_remove(fixture->base, "prometheus.yml");

    assert_int_equal(agent_once(&fixture->settings), -EIO);
    CLEANUP(memory_freep) char *output = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(output, "global: {}\n");
    assert_int_equal(log_lines_count("level=error", "the base config cannot be merged"), 1);
}

static void once_fails_where_the_output_cannot_be_written(void **state) {
    struct agent_fixture *fixture = *state;

    tree_remove(fixture->out);

    assert_int_equal(agent_once(&fixture->settings), -EIO);
    assert_int_equal(log_lines_count("level=error", "cannot publish"), 1);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, agent_fixture_setup, agent_fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(once_publishes_and_asks_nobody),
        TEST(once_succeeds_though_a_remote_write_is_rejected),
        TEST(once_fails_without_a_base_though_an_output_exists),
        TEST(once_fails_where_the_output_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
