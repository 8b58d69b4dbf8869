/* SPDX-License-Identifier: Apache-2.0 */

/* The output is its own base: a person's file, which stays one. */

#include "base/memory.h"
#include "support/agent_fixture.h"
#include "support/log_lines.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    PERSON = 1234,
    GROUP = 5678
};

static void given_in_place(struct agent_fixture *fixture, mode_t mode) {
    fixture->settings.source.base_path = fixture->output;
    fixture->settings.compile.in_place = true;
    file_write(fixture->out, "prometheus.yml", "# a person's\nglobal: {}\n");
    assert_true(geteuid() != 0 || chown(fixture->output, PERSON, GROUP) == 0);
    assert_int_equal(chmod(fixture->output, mode), 0);
}

static void assert_a_persons(const struct agent_fixture *fixture, mode_t mode) {
    struct stat status;

    assert_int_equal(stat(fixture->output, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
    assert_true(geteuid() != 0 || (status.st_uid == PERSON && status.st_gid == GROUP));
}

static void drop(struct agent_fixture *fixture, const char *name, const char *url) {
    char file[64];

    snprintf(file, sizeof(file), "%s.yaml", name);
    file_replace(fixture->volume, file, remote_write(name, url));
}

static void what_is_published_and_brought_back_has_the_persons_mode_and_owner(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture, 0604);
    agent_runs(fixture);
    drop(fixture, "a", "http://a.example/push");
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_a_persons(fixture, 0604);
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    RELOAD_ANSWERS(fixture, {.status = 500, .body = "refused"}, {.status = 500, .body = "refused"},
                   {.status = 200});
    drop(fixture, "b", "http://b.example/push");
    assert_true(output_has(fixture, "http://b.example/push"));
    assert_true(output_loses(fixture, "http://b.example/push"));
    assert_a_persons(fixture, 0604);
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    assert_a_persons(fixture, 0604);

    file_remove(fixture->volume, "a.yaml");
    file_remove(fixture->volume, "b.yaml");
    assert_true(output_loses(fixture, "http://a.example/push"));
    assert_a_persons(fixture, 0604);
    assert_int_equal(log_lines_count("cannot keep all that it had", NULL), 0);
}

static void another_mode_that_a_person_gives_it_stays(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture, 0644);
    agent_runs(fixture);
    drop(fixture, "a", "http://a.example/push");
    assert_true(output_has(fixture, "http://a.example/push"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));

    assert_int_equal(chmod(fixture->output, 0640), 0);
    drop(fixture, "b", "http://b.example/push");
    assert_true(output_has(fixture, "http://b.example/push"));
    assert_a_persons(fixture, 0640);
}

static void that_everybody_may_read_it_is_said_once(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture, 0644);
    agent_runs(fixture);
    assert_int_equal(log_lines_count("every user may read the output", NULL), 0);
    drop(fixture, "a", "http://a.example/push");
    assert_true(output_has(fixture, "http://a.example/push"));
    drop(fixture, "b", "http://b.example/push");
    assert_true(output_has(fixture, "http://b.example/push"));

    assert_int_equal(log_lines_count("every user may read the output", "remedy="), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, agent_fixture_setup, agent_fixture_teardown)
        TEST(what_is_published_and_brought_back_has_the_persons_mode_and_owner),
        TEST(another_mode_that_a_person_gives_it_stays),
        TEST(that_everybody_may_read_it_is_said_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
