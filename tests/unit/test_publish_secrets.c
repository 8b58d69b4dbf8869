/* SPDX-License-Identifier: Apache-2.0 */

/* The secret files, many at a time. */

#include "publish/publish.h"
#include "support/assertions.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TEMPDIR CLEANUP(tempdir_removep) char *
#define PATH    CLEANUP(memory_freep) char *
#define STRING  CLEANUP(memory_freep) char *

static const mode_t secret_mode = 0640;

static int forget_system_calls(void **state) {
    system_calls_reset();
    return 0;
}

static size_t publishes(const char *dir, const struct secret_file *files, size_t count) {
    struct publish_error error;
    size_t written = SIZE_MAX;

    assert_int_equal(secrets_publish(dir, files, count, secret_mode, NULL, &error, &written), 0);
    return written;
}

static void assert_content(const char *dir, const char *name, const char *expected) {
    STRING content = file_read(dir, name);

    assert_non_null(content);
    assert_string_equal(content, expected);
}

static void secrets_are_written_into_a_folder_that_is_made(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "remote-write-secrets");
    PATH one = path_join(secrets, "team_a_password");
    struct stat status;
    const struct secret_file files[] = {
        {"team_a_password", BYTES("one")},
        {"team_b_token", BYTES("two\0with NUL")},
    };

    assert_int_equal(publishes(secrets, files, 2), 2);

    assert_content(secrets, "team_a_password", "one");
    assert_int_equal(stat(one, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(folder_count(secrets), 2);
}

static void no_secrets_make_no_folder(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "secrets");

    assert_int_equal(publishes(secrets, NULL, 0), 0);

    assert_int_equal(folder_count(dir), 0);
}

static void only_what_changed_is_written(void **state) {
    TEMPDIR dir = tempdir_new();
    struct secret_file files[] = {
        {"n_a_f", BYTES("one")},
        {"n_b_f", BYTES("two")},
        {"n_c_f", BYTES("three")},
    };
    assert_int_equal(publishes(dir, files, 3), 3);
    assert_int_equal(publishes(dir, files, 3), 0);

    files[1].content = BYTES("TWO");
    system_calls_watch();
    assert_int_equal(publishes(dir, files, 3), 1);

    assert_int_equal(system_calls_seen("renameat"), 1);
    assert_content(dir, "n_a_f", "one");
    assert_content(dir, "n_b_f", "TWO");
}

static void a_batch_is_synced_file_by_file_before_the_first_rename_and_its_folder_once(
    void **state) {
    TEMPDIR dir = tempdir_new();
    const struct secret_file files[] = {
        {"n_a_f", BYTES("one")},
        {"n_b_f", BYTES("two")},
        {"n_c_f", BYTES("three")},
    };

    system_calls_fail("renameat", 1, EIO);
    (void)!secrets_publish(dir, files, 3, secret_mode, NULL, NULL, NULL);
    assert_int_equal(system_calls_seen("fsync"), 4);

    system_calls_reset();
    system_calls_watch();
    assert_int_equal(publishes(dir, files, 3), 1);
    assert_int_equal(system_calls_seen("fsync"), 2);
}

static void a_folder_that_could_not_be_synced_is_synced_by_the_next_call(void **state) {
    TEMPDIR dir = tempdir_new();
    const struct secret_file files[] = {{"n_a_f", BYTES("one")}};
    struct publish_debt debt = {0};

    system_calls_fail("fsync", 2, EIO);
    assert_int_equal(secrets_publish(dir, files, 1, secret_mode, &debt, NULL, NULL), -EIO);
    assert_content(dir, "n_a_f", "one");
    system_calls_reset();
    assert_int_equal(secrets_publish(dir, files, 1, secret_mode, &debt, NULL, NULL), 0);
    assert_int_equal(system_calls_seen("fsync"), 1);
    system_calls_reset();
    assert_int_equal(secrets_publish(dir, files, 1, secret_mode, &debt, NULL, NULL), 0);

    assert_int_equal(system_calls_seen("fsync"), 0);
    system_calls_fail("fsync", 2, EIO);
    const struct secret_file other = {"n_b_f", BYTES("two")};
    assert_int_equal(secrets_publish(dir, &other, 1, secret_mode, &debt, NULL, NULL), -EIO);
    system_calls_reset();
    assert_int_equal(secrets_publish(dir, NULL, 0, secret_mode, &debt, NULL, NULL), 0);
    assert_int_equal(system_calls_seen("fsync"), 1);
}

static void a_new_folder_whose_parent_could_not_be_synced_is_made_anew(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "secrets");
    const struct secret_file files[] = {{"n_a_f", BYTES("one")}};

    system_calls_fail("fsync", 1, EIO);
    assert_int_equal(secrets_publish(secrets, files, 1, secret_mode, NULL, NULL, NULL), -EIO);
    assert_int_equal(folder_count(dir), 0);
    system_calls_reset();
    assert_int_equal(secrets_publish(secrets, files, 1, secret_mode, NULL, NULL, NULL), 0);

    assert_int_equal(system_calls_seen("fsync"), 3); /* above it, the file, the folder */
}

/* Given as many secrets as need one sync of everything, written all at once. */
static size_t publishes_many(const char *dir, const char *content) {
    enum {
        COUNT = 100
    };
    struct secret_file files[COUNT];
    char names[COUNT][32];

    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "team_rw-%02zu_password", i);
        files[i] = (struct secret_file){names[i], bytes_of(content)};
    }
    return publishes(dir, files, COUNT);
}

static void many_files_are_synced_at_once(void **state) {
    TEMPDIR dir = tempdir_new();

    system_calls_watch();
    assert_int_equal(publishes_many(dir, "x"), 100);

    assert_int_equal(system_calls_seen("syncfs"), 1);
    assert_int_equal(system_calls_seen("fsync"), 1);
    assert_int_equal(folder_count(dir), 100);
    assert_content(dir, "team_rw-99_password", "x");
}

static void where_all_at_once_cannot_be_synced_each_file_is(void **state) {
    TEMPDIR dir = tempdir_new();

    system_calls_fail("syncfs", 1, ENOSYS);
    assert_int_equal(publishes_many(dir, "x"), 100);

    assert_int_equal(system_calls_seen("fsync"), 101);
}

static void a_file_that_cannot_be_synced_is_not_renamed_and_the_others_are(void **state) {
    TEMPDIR dir = tempdir_new();
    const struct secret_file files[] = {
        {"n_a_f", BYTES("one")},
        {"n_b_f", BYTES("two")},
        {"n_c_f", BYTES("three")},
    };
    struct publish_error error;
    size_t written = 0;

    system_calls_fail("fsync", 2, EIO);
    assert_int_equal(secrets_publish(dir, files, 3, secret_mode, NULL, &error, &written), -EIO);
    system_calls_reset();

    PATH failed = path_join(dir, "n_b_f");
    assert_int_equal(written, 2);
    assert_string_equal(error.step, "syncing");
    assert_string_equal(error.path, failed);
    assert_int_equal(folder_count(dir), 2);
    assert_content(dir, "n_c_f", "three");
}

static void a_name_that_is_not_one_plain_component_is_refused_and_the_others_are_written(
    void **state) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "secrets");
    char long_name[NAME_MAX + 2];
    memset(long_name, 'n', NAME_MAX + 1);
    long_name[NAME_MAX + 1] = '\0';
    const char *const bad[] = {"",    ".",           "..",      "../escape",
                               "a/b", "/etc/passwd", ".hidden", long_name};

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        const struct secret_file files[] = {{bad[i], BYTES("x")}, {"n_good_f", BYTES("y")}};
        struct publish_error error;
        size_t written = 0;
        assert_int_equal(secrets_publish(secrets, files, 2, secret_mode, NULL, &error, &written),
                         -EINVAL);
        assert_int_equal(written, 1);
        assert_string_equal(error.step, "naming a secret file in");
        assert_string_equal(error.path, secrets);
        assert_int_equal(folder_count(secrets), 1);
        assert_int_equal(folder_count(dir), 1);
        file_remove(secrets, "n_good_f");
    }
}

static void a_link_in_a_secrets_place_is_replaced_and_never_followed(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "secrets");
    PATH link = path_join(secrets, "n_a_f");
    const struct secret_file file = {"n_a_f", BYTES("secret")};
    struct stat status;
    file_write(dir, "outside", "outside");
    link_make(secrets, "n_a_f", "../outside");

    assert_int_equal(publishes(secrets, &file, 1), 1);

    assert_content(dir, "outside", "outside");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_content(secrets, "n_a_f", "secret");
}

static void what_is_no_file_in_a_secrets_place_stays_and_the_others_are_written(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH pipe_path = path_join(dir, "n_b_f");
    const struct secret_file files[] = {
        {"n_a_f", BYTES("x")}, {"n_b_f", BYTES("x")}, {"n_c_f", BYTES("x")}};
    struct publish_error error;
    size_t written = 0;
    PATH folder = path_join(dir, "n_a_f");
    folder_make(dir, "n_a_f");
    assert_int_equal(mkfifo(pipe_path, 0644), 0);

    assert_int_equal(secrets_publish(dir, files, 3, secret_mode, NULL, &error, &written), -EISDIR);

    assert_int_equal(written, 1);
    assert_string_equal(error.path, folder); /* the first failure's */
    assert_int_equal(folder_count(dir), 3);
}

static void a_secret_directory_that_is_a_file_is_an_error(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "secrets");
    const struct secret_file file = {"n_a_f", BYTES("x")};
    size_t written = SIZE_MAX;
    file_write(dir, "secrets", "x");

    assert_int_equal(secrets_publish(secrets, &file, 1, secret_mode, NULL, NULL, &written),
                     -ENOTDIR);
    assert_int_equal(written, 0);
}

static void on_a_full_disk_what_fits_is_written_and_the_rest_stays_as_it_was(void **state) {
    skip_unless_root("mounting a file system");
    TEMPDIR dir = tempdir_new();
    CLEANUP(buffer_free) struct buffer large = {0};
    size_t written = 0;
    if (mount("tmpfs", dir, "tmpfs", 0, "size=64k") < 0) {
        skip_because("no file system can be mounted: %s", strerror(errno));
    }
    buffer_append_repeated(&large, 'x', (size_t)256 * 1024);
    const struct secret_file before[] = {{"n_a_f", BYTES("a")}, {"n_b_f", BYTES("b")}};
    const struct secret_file after[] = {{"n_a_f", buffer_bytes(&large)}, {"n_b_f", BYTES("B")}};
    publishes(dir, before, 2);

    int result = secrets_publish(dir, after, 2, secret_mode, NULL, NULL, &written);
    STRING first = file_read(dir, "n_a_f");
    STRING second = file_read(dir, "n_b_f");
    size_t count = folder_count(dir);
    assert_int_equal(umount2(dir, MNT_DETACH), 0);

    assert_int_equal(result, -ENOSPC);
    assert_int_equal(written, 1);
    assert_string_equal(first, "a");
    assert_string_equal(second, "B");
    assert_int_equal(count, 2);
}

/* --- faults */

static bool is_one_of(const char *content, const char *old, const char *new) {
    return content == NULL
               ? old == NULL
               : (old != NULL && strcmp(content, old) == 0) || strcmp(content, new) == 0;
}

static bool fault_leaves_each_file_whole(unsigned nth, int number) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "secrets");
    const struct secret_file before[] = {{"n_a_f", BYTES("old a")}, {"n_b_f", BYTES("b")}};
    const struct secret_file after[] = {
        {"n_a_f", BYTES("new a")}, {"n_b_f", BYTES("b")}, {"n_c_f", BYTES("new c")}};
    publishes(secrets, before, 2);

    system_calls_fail(NULL, nth, number);
    int result = secrets_publish(secrets, after, 3, secret_mode, NULL, NULL, NULL);
    bool reached = system_calls_seen(NULL) >= nth;
    system_calls_reset();

    STRING first = file_read(secrets, "n_a_f");
    STRING second = file_read(secrets, "n_b_f");
    STRING third = file_read(secrets, "n_c_f");
    assert_true(is_one_of(first, "old a", "new a"));
    assert_string_equal(second, "b");
    assert_true(is_one_of(third, NULL, "new c"));
    assert_int_equal(folder_count(secrets), third != NULL ? 3 : 2);
    assert_true(result == 0 || result == -number);
    publishes(secrets, after, 3);
    assert_content(secrets, "n_a_f", "new a");
    assert_content(secrets, "n_c_f", "new c");
    assert_int_equal(folder_count(secrets), 3);
    return reached;
}

static void any_call_may_fail_and_every_secret_file_is_whole(void **state) {
    static const int errors[] = {ENOSPC, EIO,    EACCES, EROFS, EDQUOT,
                                 EMFILE, ENOMEM, EINTR,  EPERM, ESTALE};

    for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
        unsigned nth = 1;
        while (fault_leaves_each_file_whole(nth, errors[i])) {
            nth++;
        }
        assert_true(nth > 20);
    }
}

/* --- removing */

static void secret_files_that_nobody_names_are_removed_and_others_are_not(void **state) {
    TEMPDIR dir = tempdir_new();
    const struct secret_file kept[] = {{"team-b_rw_tls_config.key_file", {NULL, 0}},
                                       {"team-a_rw_password", {NULL, 0}}};
    size_t removed = 0;
    file_write(dir, "team-a_rw_password", "x");
    file_write(dir, "team-b_rw_tls_config.key_file", "x");
    file_write(dir, "team-b_rw_password", "x");
    file_write(dir, "team-a_rw_password.2", "x");
    file_write(dir, "_no-namespace_token", "x");
    file_write(dir, ".team-a_rw_password.remotewrite-sidecar.tmp-01234567", "x");
    file_write(dir, "README", "x");
    file_write(dir, "one_underscore", "x");
    file_write(dir, "trailing__", "x");
    file_write(dir, "Team_rw_password", "x");
    folder_make(dir, "team-a_rw_folder");
    link_make(dir, "team-a_rw_link", "README");

    assert_int_equal(secrets_prune(dir, kept, 2, NULL, &removed), 0);

    assert_int_equal(removed, 3);
    assert_true(file_exists(dir, "team-a_rw_password"));
    assert_true(file_exists(dir, "team-b_rw_tls_config.key_file"));
    assert_true(file_exists(dir, "README"));
    assert_true(file_exists(dir, "one_underscore"));
    assert_true(file_exists(dir, "trailing__"));
    assert_true(file_exists(dir, "Team_rw_password"));
    assert_true(file_exists(dir, "team-a_rw_folder"));
    assert_true(file_exists(dir, "team-a_rw_link"));
    assert_int_equal(folder_count(dir), 8);
}

static void without_any_secret_all_secret_files_go(void **state) {
    TEMPDIR dir = tempdir_new();
    size_t removed = 0;
    file_write(dir, "n_a_f", "x");
    file_write(dir, "n_b_f", "x");

    assert_int_equal(secrets_prune(dir, NULL, 0, NULL, &removed), 0);

    assert_int_equal(removed, 2);
    assert_int_equal(folder_count(dir), 0);
}

static void an_absent_folder_has_nothing_to_remove(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH secrets = path_join(dir, "secrets");
    size_t removed = SIZE_MAX;

    assert_int_equal(secrets_prune(secrets, NULL, 0, NULL, &removed), 0);
    assert_int_equal(removed, 0);
}

static void what_cannot_be_removed_is_said_and_the_rest_is_removed(void **state) {
    TEMPDIR dir = tempdir_new();
    struct publish_error error;
    size_t removed = 0;
    file_write(dir, "n_a_f", "x");
    file_write(dir, "n_b_f", "x");

    system_calls_fail("unlinkat", 1, EIO);
    assert_int_equal(secrets_prune(dir, NULL, 0, &error, &removed), -EIO);
    system_calls_reset();

    assert_string_equal(error.step, "removing");
    assert_int_equal(removed, 1);
    assert_int_equal(folder_count(dir), 1);
}

static void ten_thousand_secrets_are_compared_in_a_moment(void **state) {
    enum {
        COUNT = 10000
    };
    TEMPDIR dir = tempdir_new();
    struct secret_file *files = memory_new(COUNT, sizeof(*files));
    char(*names)[32] = memory_new(COUNT, sizeof(*names));
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "team_rw-%04zu_password", i);
        files[i] = (struct secret_file){names[i], bytes_of(names[i])};
        file_write(dir, names[i], names[i]);
        PATH path = path_join(dir, names[i]);
        assert_int_equal(chmod(path, secret_mode), 0);
    }
    files[COUNT / 2].content = BYTES("changed");

    system_calls_watch();
    assert_int_equal(publishes(dir, files, COUNT), 1);
    assert_int_equal(secrets_prune(dir, files, COUNT, NULL, NULL), 0);

    assert_int_equal(system_calls_seen("write"), 1);
    assert_int_equal(system_calls_seen("fsync"), 2);
    assert_int_equal(system_calls_seen("unlinkat"), 0);
    free(files);
    free(names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_written_into_a_folder_that_is_made),
        cmocka_unit_test(no_secrets_make_no_folder),
        cmocka_unit_test_teardown(only_what_changed_is_written, forget_system_calls),
        cmocka_unit_test_teardown(
            a_batch_is_synced_file_by_file_before_the_first_rename_and_its_folder_once,
            forget_system_calls),
        cmocka_unit_test_teardown(a_folder_that_could_not_be_synced_is_synced_by_the_next_call,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_new_folder_whose_parent_could_not_be_synced_is_made_anew,
                                  forget_system_calls),
        cmocka_unit_test_teardown(many_files_are_synced_at_once, forget_system_calls),
        cmocka_unit_test_teardown(where_all_at_once_cannot_be_synced_each_file_is,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_file_that_cannot_be_synced_is_not_renamed_and_the_others_are,
                                  forget_system_calls),
        cmocka_unit_test(
            a_name_that_is_not_one_plain_component_is_refused_and_the_others_are_written),
        cmocka_unit_test(a_link_in_a_secrets_place_is_replaced_and_never_followed),
        cmocka_unit_test(what_is_no_file_in_a_secrets_place_stays_and_the_others_are_written),
        cmocka_unit_test(a_secret_directory_that_is_a_file_is_an_error),
        cmocka_unit_test(on_a_full_disk_what_fits_is_written_and_the_rest_stays_as_it_was),
        cmocka_unit_test_teardown(any_call_may_fail_and_every_secret_file_is_whole,
                                  forget_system_calls),
        cmocka_unit_test(secret_files_that_nobody_names_are_removed_and_others_are_not),
        cmocka_unit_test(without_any_secret_all_secret_files_go),
        cmocka_unit_test(an_absent_folder_has_nothing_to_remove),
        cmocka_unit_test_teardown(what_cannot_be_removed_is_said_and_the_rest_is_removed,
                                  forget_system_calls),
        cmocka_unit_test_teardown(ten_thousand_secrets_are_compared_in_a_moment,
                                  forget_system_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
