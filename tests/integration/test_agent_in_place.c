/* SPDX-License-Identifier: Apache-2.0 */

/* The output is its own base: a person's file, which stays one. */

#include "base/memory.h"
#include "support/agent_fixture.h"
#include "support/assertions.h"
#include "support/log_lines.h"
#include "support/tempdir.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

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

/* The user name stands in the config, the password in a file. */
static void drop_with_user_name(struct agent_fixture *fixture, const char *name) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer file = {0};

    file_write(fixture->secrets, "s/name", "a-user");
    file_write(fixture->secrets, "s/password", "a-password");
    buffer_printf(&file, "%s.yaml", name);
    buffer_append_string(&text, remote_write(name, "http://user.example/push"));
    buffer_append_string(&text, "    basicAuth: {username: {name: s, key: name}, "
                                "password: {name: s, key: password}}\n");
    file_replace(fixture->volume, buffer_string(&file), buffer_string(&text));
}

static void that_everybody_may_read_a_secret_in_it_is_said_once(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture, 0644);
    agent_runs(fixture);
    drop_with_user_name(fixture, "a");
    assert_true(output_has(fixture, "a-user"));
    drop_with_user_name(fixture, "b");
    assert_true(output_has(fixture, "name: b"));

    assert_int_equal(log_lines_count("every user may read the output", "remedy="), 1);
}

static void that_everybody_may_read_it_is_no_fault_without_a_secret_in_it(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture, 0644);
    agent_runs(fixture);
    drop(fixture, "a", "http://a.example/push");
    assert_true(output_has(fixture, "http://a.example/push"));
    file_write(fixture->secrets, "s/token", "a-token");
    file_replace(fixture->volume, "b.yaml", remote_write_with_secret("b", "s"));
    assert_true(output_has(fixture, "credentials_file"));

    assert_int_equal(log_lines_count("every user may read the output", NULL), 0);
}

static void gzip_is_refused_and_stays_as_it_is(void **state) {
    struct agent_fixture *fixture = *state;
    given_in_place(fixture, 0640);
    fixture->settings.source.base_as_it_is = true;
    gzFile file = gzopen(fixture->output, "wb");
    assert_int_equal(gzputs(file, "global: {}\n"), 11);
    assert_int_equal(gzclose(file), Z_OK);
    CLEANUP(memory_freep) char *before = file_read(fixture->out, "prometheus.yml");
    drop(fixture, "a", "http://a.example/push");

    agent_starts(fixture);
    assert_true(log_has(fixture, "is gzip, and is the output as well", "gunzip"));
    assert_true(agent_becomes(fixture, AGENT_IDLE));
    CLEANUP(memory_freep) char *after = file_read(fixture->out, "prometheus.yml");
    assert_string_equal(after, before);
    assert_false(agent_now(fixture).ready);
    assert_non_null(strstr(agent_now(fixture).base_fault, "is gzip"));

    file_replace(fixture->out, "prometheus.yml", "# unpacked\nglobal: {}\n");
    assert_true(output_has(fixture, "http://a.example/push"));
}

static void an_output_that_is_a_mount_point_says_what_to_do(void **state) {
    struct agent_fixture *fixture = *state;
    file_write(fixture->out, "prometheus.yml", "# old\n");
    file_write(fixture->dir, "elsewhere", "# old\n");
    CLEANUP(memory_freep) char *elsewhere = path_join(fixture->dir, "elsewhere");
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(elsewhere, fixture->output, NULL, MS_BIND, NULL) != 0) {
        skip_because("mounting a file needs root");
    }

    agent_starts(fixture);
    const bool said = log_has(fixture, "cannot publish", "mount the folder that holds the file");
    assert_int_equal(umount2(fixture->output, MNT_DETACH), 0);

    assert_true(said);
    assert_true(output_has(fixture, "# the base"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, agent_fixture_setup, agent_fixture_teardown)
        TEST(what_is_published_and_brought_back_has_the_persons_mode_and_owner),
        TEST(another_mode_that_a_person_gives_it_stays),
        TEST(that_everybody_may_read_a_secret_in_it_is_said_once),
        TEST(that_everybody_may_read_it_is_no_fault_without_a_secret_in_it),
        TEST(gzip_is_refused_and_stays_as_it_is),
        TEST(an_output_that_is_a_mount_point_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
