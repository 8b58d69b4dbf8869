/* SPDX-License-Identifier: Apache-2.0 */

/* The second name of a file that another one took the place of: the way back where nothing can be
 * written any more. */

#include "publish/publish.h"

#include "base/memory.h"
#include "support/assertions.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#define CONFIG "prometheus.yml"
#define SPARE  ".prometheus.yml.remotewrite-sidecar.last-good"

static const mode_t config_mode = 0640;

struct scene {
    char *dir;
    char *path;
};

static int setup(void **state) {
    struct scene *scene = memory_new(1, sizeof(*scene));

    system_calls_reset();
    scene->dir = tempdir_new();
    scene->path = path_join(scene->dir, CONFIG);
    *state = scene;
    return 0;
}

static int teardown(void **state) {
    struct scene *scene = *state;

    system_calls_reset();
    umount2(scene->dir, MNT_DETACH);
    tempdir_removep(&scene->dir);
    free(scene->path);
    free(scene);
    return 0;
}

static int publishes(const struct scene *scene, const char *content) {
    return file_publish(scene->path, bytes_of(content), config_mode, NULL, NULL, NULL);
}

static void assert_holds(const struct scene *scene, const char *content) {
    CLEANUP(memory_freep) char *present = file_read(scene->dir, CONFIG);

    assert_string_equal(present, content);
}

static ino_t inode_of(const char *path) {
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    return status.st_ino;
}

/* A good one that another one took the place of. Its inode. */
static ino_t given_spare(const struct scene *scene) {
    assert_int_equal(publishes(scene, "good"), 0);
    ino_t inode = inode_of(scene->path);
    assert_int_equal(spare_keep(scene->path, NULL), 0);
    assert_int_equal(publishes(scene, "other"), 0);
    assert_int_equal(folder_count(scene->dir), 2);
    return inode;
}

static void what_was_kept_is_put_back_without_a_byte_written(void **state) {
    const struct scene *scene = *state;
    ino_t good = given_spare(scene);

    system_calls_watch();
    assert_int_equal(publishes(scene, "good"), 0);
    assert_int_equal(system_calls_seen("write"), 0);
    assert_int_equal(system_calls_seen("fsync"), 1); /* of the folder */

    assert_holds(scene, "good");
    assert_int_equal(inode_of(scene->path), good);
    assert_int_equal(publishes(scene, "other"), 0);
    assert_int_equal(publishes(scene, "good"), 0); /* again and again */
    assert_int_equal(inode_of(scene->path), good);
    assert_int_equal(folder_count(scene->dir), 2);

    assert_int_equal(spare_remove(scene->path, NULL), 0);
    assert_holds(scene, "good");
    assert_int_equal(folder_count(scene->dir), 1);
}

static void it_is_put_back_over_what_is_expected_only(void **state) {
    const struct scene *scene = *state;
    const struct bytes good = BYTES("good");
    ino_t inode = given_spare(scene);

    assert_int_equal(file_publish_over(scene->path, BYTES("edited"), good, NULL, NULL, NULL),
                     -ECANCELED);
    assert_holds(scene, "other");
    assert_int_equal(file_publish_over(scene->path, BYTES("other"), good, NULL, NULL, NULL), 0);

    assert_holds(scene, "good");
    assert_int_equal(inode_of(scene->path), inode);
    assert_int_equal(folder_count(scene->dir), 2);
}

static void it_is_put_back_on_a_full_disk(void **state) {
    const struct scene *scene = *state;
    CLEANUP(buffer_free) struct buffer good = {0};
    const size_t much = (size_t)32 << 10;
    if (geteuid() != 0 || mount("tmpfs", scene->dir, "tmpfs", 0, "size=64k") < 0) {
        skip_because("mounting a file system needs root");
    }
    buffer_append_repeated(&good, 'g', much);
    assert_int_equal(publishes(scene, buffer_string(&good)), 0);
    assert_int_equal(spare_keep(scene->path, NULL), 0);
    assert_int_equal(publishes(scene, "other"), 0);
    good.data[0] = 'x';
    assert_int_equal(publishes(scene, buffer_string(&good)), -ENOSPC); /* it is full */
    assert_holds(scene, "other");

    good.data[0] = 'g';
    assert_int_equal(publishes(scene, buffer_string(&good)), 0);

    assert_holds(scene, buffer_string(&good));
    assert_int_equal(folder_count(scene->dir), 2);
}

/* The same bytes with another mode, other bytes of the same length, a link, a folder. */
static void what_is_something_else_by_now_is_left_alone(void **state) {
    const struct scene *scene = *state;
    CLEANUP(memory_freep) char *spare = path_join(scene->dir, SPARE);
    ino_t good = given_spare(scene);

    assert_int_equal(chmod(spare, 0600), 0);
    assert_int_equal(publishes(scene, "good"), 0);
    assert_true(inode_of(scene->path) != good);
    assert_int_equal(chmod(spare, config_mode), 0);

    assert_int_equal(publishes(scene, "evil"), 0);
    file_write(scene->dir, SPARE, "evil");
    assert_int_equal(publishes(scene, "good"), 0);
    assert_holds(scene, "good");

    file_remove(scene->dir, SPARE);
    file_write(scene->dir, "elsewhere", "next");
    link_make(scene->dir, SPARE, "elsewhere");
    assert_int_equal(publishes(scene, "next"), 0);
    struct stat status;
    assert_int_equal(lstat(scene->path, &status), 0);
    assert_true(S_ISREG(status.st_mode));

    file_remove(scene->dir, SPARE);
    folder_make(scene->dir, SPARE);
    assert_int_equal(publishes(scene, "last"), 0);
    assert_int_equal(spare_keep(scene->path, NULL), -EEXIST);
    assert_int_equal(spare_remove(scene->path, NULL), 0); /* it is nobody's spare */
    assert_holds(scene, "last");
}

/* Swapped between the first look and the link. */
static void swap_spare(void *context) {
    const struct scene *scene = context;

    file_replace(scene->dir, SPARE, "evil");
}

static void what_is_swapped_at_the_last_moment_is_not_put_back(void **state) {
    struct scene *scene = *state;
    given_spare(scene);

    system_calls_before("linkat", 1, swap_spare, scene);
    assert_int_equal(publishes(scene, "good"), 0);

    assert_true(system_calls_seen("linkat") > 0);
    assert_holds(scene, "good");
    assert_int_equal(folder_count(scene->dir), 2);
}

/* To rename a file to another of its names does nothing. */
static void one_that_stands_there_already_leaves_no_third_name(void **state) {
    const struct scene *scene = *state;
    assert_int_equal(publishes(scene, "good"), 0);
    assert_int_equal(spare_keep(scene->path, NULL), 0);

    system_calls_fail("openat", 1, EMFILE); /* so that it cannot be seen that nothing is to do */
    assert_int_equal(publishes(scene, "good"), 0);

    assert_holds(scene, "good");
    assert_int_equal(folder_count(scene->dir), 2);
}

static void a_newer_one_takes_its_place(void **state) {
    const struct scene *scene = *state;
    given_spare(scene);
    ino_t other = inode_of(scene->path);

    assert_int_equal(spare_keep(scene->path, NULL), 0);
    assert_int_equal(publishes(scene, "third"), 0);
    assert_int_equal(publishes(scene, "good"), 0);
    assert_int_equal(publishes(scene, "other"), 0);

    assert_int_equal(inode_of(scene->path), other);
}

static void without_second_names_it_is_written_anew(void **state) {
    const struct scene *scene = *state;
    struct publish_error error = {.step = NULL};
    assert_int_equal(publishes(scene, "good"), 0);

    system_calls_fail_from("linkat", 1, EPERM);
    assert_int_equal(spare_keep(scene->path, &error), -EPERM);
    system_calls_reset();
    assert_string_equal(error.step, "keeping");
    assert_string_equal(error.path, scene->path);
    assert_int_equal(folder_count(scene->dir), 1);

    given_spare(scene);
    system_calls_fail_from("linkat", 1, EMLINK);
    assert_int_equal(publishes(scene, "good"), 0);
    system_calls_reset();
    assert_holds(scene, "good");
    assert_int_equal(folder_count(scene->dir), 2);
}

static void it_lies_beside_what_a_link_leads_to(void **state) {
    const struct scene *scene = *state;
    CLEANUP(memory_freep) char *real = path_join(scene->dir, "real");
    file_write(real, CONFIG, "old");
    link_make(scene->dir, CONFIG, "real/" CONFIG);

    given_spare(&(struct scene){real, scene->path});
    assert_int_equal(publishes(scene, "good"), 0);
    assert_true(file_exists(real, SPARE));
    assert_int_equal(spare_remove(scene->path, NULL), 0);

    assert_int_equal(folder_count(real), 1);
}

static void of_nothing_nothing_is_kept_and_nothing_removed(void **state) {
    const struct scene *scene = *state;
    CLEANUP(memory_freep) char *absent = path_join(scene->dir, "absent/" CONFIG);

    assert_int_equal(spare_keep(scene->path, NULL), -ENOENT);
    assert_int_equal(spare_keep(absent, NULL), -ENOENT);
    assert_int_equal(spare_remove(scene->path, NULL), 0);
    assert_int_equal(spare_remove(absent, NULL), 0);
    assert_int_equal(folder_count(scene->dir), 0);
}

static void a_name_may_be_as_long_as_names_are(void **state) {
    const struct scene *scene = *state;
    char name[NAME_MAX + 1];
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    CLEANUP(memory_freep) char *path = path_join(scene->dir, name);

    given_spare(&(struct scene){scene->dir, path});
    assert_int_equal(spare_remove(path, NULL), 0);

    assert_int_equal(folder_count(scene->dir), 1);
}

/* Whatever fails, it is the one or the other, and healed by the next. */
static bool a_fault_leaves_the_one_or_the_other(const struct scene *scene, unsigned nth,
                                                int number) {
    assert_int_equal(publishes(scene, "other"), 0);
    system_calls_fail(NULL, nth, number);
    int result = publishes(scene, "good");
    bool reached = system_calls_seen(NULL) >= nth;
    system_calls_reset();

    CLEANUP(memory_freep) char *present = file_read(scene->dir, CONFIG);
    assert_string_equal(present, result == 0 || strcmp(present, "good") == 0 ? "good" : "other");
    assert_int_equal(publishes(scene, "good"), 0);
    assert_int_equal(temporaries_remove(scene->path, NULL), 0);
    assert_int_equal(folder_count(scene->dir), 2);
    return reached;
}

static void any_call_may_fail_while_it_is_put_back(void **state) {
    static const int errors[] = {ENOSPC, EIO, EACCES, EROFS, EDQUOT, EMFILE, ENOMEM, EINTR};
    const struct scene *scene = *state;
    given_spare(scene);

    for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
        unsigned nth = 1;
        while (a_fault_leaves_the_one_or_the_other(scene, nth, errors[i])) {
            nth++;
        }
        assert_true(nth > 10);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_kept_is_put_back_without_a_byte_written),
        TEST(it_is_put_back_over_what_is_expected_only),
        TEST(it_is_put_back_on_a_full_disk),
        TEST(what_is_something_else_by_now_is_left_alone),
        TEST(what_is_swapped_at_the_last_moment_is_not_put_back),
        TEST(one_that_stands_there_already_leaves_no_third_name),
        TEST(a_newer_one_takes_its_place),
        TEST(without_second_names_it_is_written_anew),
        TEST(it_lies_beside_what_a_link_leads_to),
        TEST(of_nothing_nothing_is_kept_and_nothing_removed),
        TEST(a_name_may_be_as_long_as_names_are),
        TEST(any_call_may_fail_while_it_is_put_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
