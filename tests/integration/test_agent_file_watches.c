/* SPDX-License-Identifier: Apache-2.0 */

/* Files that are written under another name than the one in their folder, so that no event of the
 * folder tells: hard links, and files that were mounted by themselves, as subPath does. */

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
#include <unistd.h>

#include <cmocka.h>

/* DIR/elsewhere/name, which is DIR/folder/name too. */
static void given_hard_link(const struct agent_fixture *fixture, const char *folder,
                            const char *name) {
    CLEANUP(memory_freep) char *elsewhere = path_join(fixture->dir, "elsewhere");
    CLEANUP(memory_freep) char *one = path_join(elsewhere, name);
    CLEANUP(memory_freep) char *other = path_join(folder, name);

    folder_make(fixture->dir, "elsewhere");
    assert_int_equal(link(other, one), 0);
}

static void writes_elsewhere(const struct agent_fixture *fixture, const char *name,
                             const char *text) {
    CLEANUP(memory_freep) char *elsewhere = path_join(fixture->dir, "elsewhere");

    file_write(elsewhere, name, text);
}

static void a_base_that_is_a_hard_link_is_watched(void **state) {
    struct agent_fixture *fixture = *state;
    given_hard_link(fixture, fixture->base, "prometheus.yml");
    agent_runs(fixture);

    for (int i = 0; i < 2; i++) {
        char text[64];
        snprintf(text, sizeof(text), "# edit %d\nglobal: {}\n", i);
        writes_elsewhere(fixture, "prometheus.yml", text);
        assert_true(output_has(fixture, text));
    }
    file_replace(fixture->base, "prometheus.yml", "# by rename\nglobal: {}\n");
    assert_true(output_has(fixture, "# by rename\n"));
    file_write(fixture->base, "prometheus.yml", "# in place\nglobal: {}\n");
    assert_true(output_has(fixture, "# in place\n"));
    assert_int_equal(log_lines_count("level=error", NULL), 0);
}

static void a_manifest_that_is_a_hard_link_is_watched(void **state) {
    struct agent_fixture *fixture = *state;
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    given_hard_link(fixture, fixture->volume, "a.yaml");
    agent_runs(fixture);

    writes_elsewhere(fixture, "a.yaml", remote_write("a", "http://b.example/push"));

    assert_true(output_has(fixture, "http://b.example/push"));
}

static void a_watched_file_that_is_a_hard_link_is_watched(void **state) {
    struct agent_fixture *fixture = *state;
    CLEANUP(memory_freep) char *rules = path_join(fixture->dir, "rules");
    const char *const watched[] = {rules};
    fixture->settings.source.watched_paths = watched;
    fixture->settings.source.watched_path_count = 1;
    file_write(rules, "a.rules", "groups: []\n");
    given_hard_link(fixture, rules, "a.rules");
    agent_runs(fixture);

    writes_elsewhere(fixture, "a.rules", "groups: []\n# edited\n");

    assert_true(agent_is_asked(fixture, 2));
}

/* A file that has one name is not watched twice. */
static void files_of_one_name_take_no_watch(void **state) {
    struct agent_fixture *fixture = *state;
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    agent_runs(fixture);
    const size_t watches = agent_now(fixture).watches;
    file_write(fixture->volume, "b.yaml", remote_write("b", "http://b.example/push"));
    assert_true(output_has(fixture, "http://b.example/push"));
    assert_int_equal(agent_now(fixture).watches, watches);

    given_hard_link(fixture, fixture->volume, "b.yaml");
    file_replace(fixture->volume, "a.yaml", remote_write("a", "http://c.example/push"));
    assert_true(output_has(fixture, "http://c.example/push"));
    assert_int_equal(agent_now(fixture).watches, watches + 1);
}

/* DIR/elsewhere/name is mounted over DIR/folder/name, in a mount namespace of this thread. */
static bool mount_file(const struct agent_fixture *fixture, const char *folder, const char *name) {
    CLEANUP(memory_freep) char *elsewhere = path_join(fixture->dir, "elsewhere");
    CLEANUP(memory_freep) char *one = path_join(elsewhere, name);
    CLEANUP(memory_freep) char *other = path_join(folder, name);
    CLEANUP(memory_freep) char *text = file_read(folder, name);

    file_write(elsewhere, name, text);
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(one, other, NULL, MS_BIND, NULL) == 0;
}

static void unmount_file(const char *folder, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(folder, name);

    assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static void a_base_that_is_mounted_by_itself_is_watched(void **state) {
    struct agent_fixture *fixture = *state;
    if (!mount_file(fixture, fixture->base, "prometheus.yml")) {
        skip_because("mounting a file needs root");
    }
    agent_runs(fixture);

    writes_elsewhere(fixture, "prometheus.yml", "# edited\nglobal: {}\n");
    const bool seen = output_has(fixture, "# edited\n");
    unmount_file(fixture->base, "prometheus.yml");

    assert_true(seen);
}

static void a_manifest_that_is_mounted_by_itself_is_watched(void **state) {
    struct agent_fixture *fixture = *state;
    file_write(fixture->volume, "a.yaml", remote_write("a", "http://a.example/push"));
    if (!mount_file(fixture, fixture->volume, "a.yaml")) {
        skip_because("mounting a file needs root");
    }
    agent_runs(fixture);

    writes_elsewhere(fixture, "a.yaml", remote_write("a", "http://b.example/push"));
    const bool seen = output_has(fixture, "http://b.example/push");
    unmount_file(fixture->volume, "a.yaml");

    assert_true(seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, agent_fixture_setup, agent_fixture_teardown)
        TEST(a_base_that_is_a_hard_link_is_watched),
        TEST(a_manifest_that_is_a_hard_link_is_watched),
        TEST(a_watched_file_that_is_a_hard_link_is_watched),
        TEST(files_of_one_name_take_no_watch),
        TEST(a_base_that_is_mounted_by_itself_is_watched),
        TEST(a_manifest_that_is_mounted_by_itself_is_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
