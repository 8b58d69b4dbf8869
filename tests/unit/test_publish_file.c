/* SPDX-License-Identifier: Apache-2.0 */

/* One file comes to the disk: whole or not at all, for every reader and at every fault. */

#include "publish/publish.h"
#include "publish/remedy.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#define TEMPDIR CLEANUP(tempdir_removep) char *
#define PATH    CLEANUP(memory_freep) char *
#define STRING  CLEANUP(memory_freep) char *

static const mode_t config_mode = 0640;

static int forget_system_calls(void **state) {
    system_calls_reset();
    return 0;
}

static mode_t mode_of(const char *path) {
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static ino_t inode_of(const char *path) {
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

static void assert_alone(const char *dir, const char *expected) {
    STRING content = file_read(dir, "prometheus.yml");

    assert_string_equal(content, expected);
    assert_int_equal(folder_count(dir), 1);
}

static void publishes(const char *path, const char *content) {
    struct publish_error error;
    bool written = false;

    assert_int_equal(file_publish(path, bytes_of(content), config_mode, NULL, &error, &written), 0);
    assert_true(written);
}

static void a_new_file_has_the_bytes_and_the_mode_whatever_the_umask(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    mode_t before = umask(0777);

    publishes(path, "global: {}\n");
    umask(before);

    STRING content = file_read(dir, "prometheus.yml");
    assert_string_equal(content, "global: {}\n");
    assert_int_equal(mode_of(path), 0640);
    assert_int_equal(folder_count(dir), 1);
}

static void the_same_bytes_and_mode_are_not_written_again(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    bool written = true;
    publishes(path, "global: {}\n");
    ino_t inode = inode_of(path);

    system_calls_watch();
    assert_int_equal(file_publish(path, BYTES("global: {}\n"), config_mode, NULL, NULL, &written),
                     0);

    assert_false(written);
    assert_int_equal(system_calls_seen("write"), 0);
    assert_int_equal(system_calls_seen("fsync"), 0);
    assert_int_equal(inode_of(path), inode);
}

static void other_bytes_of_the_same_length_are_written(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    publishes(path, "global: {}\n");

    publishes(path, "global: []\n");

    STRING content = file_read(dir, "prometheus.yml");
    assert_string_equal(content, "global: []\n");
}

static void a_difference_in_the_last_byte_of_a_long_file_is_seen(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    CLEANUP(buffer_free) struct buffer content = {0};
    bool written = false;
    buffer_append_repeated(&content, 'x', 100000);
    assert_int_equal(file_publish(path, buffer_bytes(&content), config_mode, NULL, NULL, NULL), 0);

    content.data[content.length - 1] = 'y';
    assert_int_equal(file_publish(path, buffer_bytes(&content), config_mode, NULL, NULL, &written),
                     0);

    assert_true(written);
}

static void a_wrong_mode_is_set_right_by_a_new_file(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    publishes(path, "global: {}\n");
    assert_int_equal(chmod(path, 0644), 0);

    publishes(path, "global: {}\n");

    assert_int_equal(mode_of(path), 0640);
}

static void an_empty_file_can_be_published(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "empty");

    publishes(path, "");

    STRING content = file_read(dir, "empty");
    assert_string_equal(content, "");
}

static void a_reader_that_has_the_old_file_open_keeps_it(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    char piece[16] = "";
    publishes(path, "old");
    int reader = open(path, O_RDONLY | O_CLOEXEC);

    publishes(path, "new");

    assert_int_equal(read(reader, piece, sizeof(piece) - 1), 3);
    assert_string_equal(piece, "old");
    close(reader);
}

static void a_file_name_as_long_as_can_be_is_published(void **state) {
    TEMPDIR dir = tempdir_new();
    char name[NAME_MAX + 1];
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    PATH path = path_join(dir, name);

    publishes(path, "x");

    assert_int_equal(folder_count(dir), 1);
}

static void a_path_without_a_folder_is_in_the_working_directory(void **state) {
    TEMPDIR dir = tempdir_new();
    char before[PATH_MAX];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(dir), 0);

    publishes("prometheus.yml", "x");
    assert_int_equal(chdir(before), 0);

    assert_true(file_exists(dir, "prometheus.yml"));
}

/* --- what may stand in the way */

static void check_untouched(const char *path, int expected, const char *step) {
    struct publish_error error = {.step = ""};
    struct stat before;
    struct stat after;
    bool written = false;

    assert_int_equal(lstat(path, &before), 0);
    assert_int_equal(file_publish(path, BYTES("x"), config_mode, NULL, &error, &written), expected);
    assert_int_equal(lstat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mode, after.st_mode);
    assert_false(written);
    assert_string_equal(error.step, step);
    assert_string_equal(error.path, path);
}

static void a_folder_a_pipe_and_a_device_are_left_alone(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH folder = path_join(dir, "folder");
    PATH pipe_path = path_join(dir, "pipe");
    folder_make(dir, "folder");
    assert_int_equal(mkfifo(pipe_path, 0644), 0);

    check_untouched(folder, -EISDIR, "replacing the folder");
    check_untouched(pipe_path, -EINVAL, "replacing what is not a regular file");
    check_untouched("/dev/null", -EINVAL, "replacing what is not a regular file");
    assert_int_equal(folder_count(dir), 2);
}

static void a_path_that_ends_in_a_slash_is_a_folder(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "");

    assert_int_equal(file_publish(path, BYTES("x"), config_mode, NULL, NULL, NULL), -EISDIR);
}

static void without_its_folder_nothing_is_written(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "none/prometheus.yml");
    PATH folder = path_join(dir, "none");
    struct publish_error error;

    assert_int_equal(file_publish(path, BYTES("x"), config_mode, NULL, &error, NULL), -ENOENT);

    assert_string_equal(error.step, "opening the folder");
    assert_string_equal(error.path, folder);
}

/* --- links */

static void of_a_link_the_target_is_replaced_and_the_link_stays(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH link = path_join(dir, "etc/prometheus.yml");
    PATH target = path_join(dir, "real/config.yml");
    struct stat status;
    file_write(dir, "real/config.yml", "old");
    link_make(dir, "middle", "real/config.yml");
    link_make(dir, "etc/prometheus.yml", "../middle");

    publishes(link, "new");

    STRING content = file_read(dir, "real/config.yml");
    assert_string_equal(content, "new");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(mode_of(target), 0640);
    PATH real = path_join(dir, "real");
    PATH etc = path_join(dir, "etc");
    assert_int_equal(folder_count(real), 1);
    assert_int_equal(folder_count(etc), 1);
}

static void a_link_that_leads_to_nothing_or_to_no_file_is_an_error(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH dangling = path_join(dir, "dangling");
    PATH loop = path_join(dir, "loop");
    PATH folder_link = path_join(dir, "folder-link");
    struct publish_error error;
    link_make(dir, "dangling", "none");
    link_make(dir, "loop", "loop");
    folder_make(dir, "folder");
    link_make(dir, "folder-link", "folder");

    assert_int_equal(file_publish(folder_link, BYTES("x"), config_mode, NULL, &error, NULL),
                     -EISDIR);
    check_untouched(dangling, -ENOENT, "following the link");
    check_untouched(loop, -ELOOP, "following the link");
    assert_int_equal(folder_count(dir), 4);
}

static void the_owner_of_the_old_file_is_kept_by_root(void **state) {
    skip_unless_root("giving a file to another user");
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct stat status;
    publishes(path, "old");
    assert_int_equal(chown(path, 1234, 5678), 0);

    publishes(path, "new");

    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 1234);
    assert_int_equal(status.st_gid, 5678);
    assert_int_equal(mode_of(path), 0640);
}

static void a_file_that_may_not_be_given_away_becomes_the_writers(void **state) {
    skip_unless_root("giving a file to another user");
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct stat status;
    assert_int_equal(chmod(dir, 0777), 0);
    publishes(path, "old");

    assert_int_equal(seteuid(65534), 0);
    int result = file_publish(path, BYTES("new"), config_mode, NULL, NULL, NULL);
    assert_int_equal(seteuid(0), 0);

    assert_int_equal(result, 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 65534);
}

/* --- readers */

#define REPLACEMENTS 500
#define LINE_COUNT   2000

struct poller {
    const char *dir;
    atomic_bool finished;
    unsigned reads;
    unsigned versions;
    bool torn;
};

/* Every line is the version, and the last one says so: a piece of it, or a mixture, is found out.
 */
static void render_version(struct buffer *out, unsigned version) {
    buffer_clear(out);
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        buffer_printf(out, "version %u\n", version);
    }
    buffer_printf(out, "end of version %u\n", version);
}

static bool is_whole(const char *content, unsigned *ret_version) {
    CLEANUP(buffer_free) struct buffer expected = {0};

    if (strncmp(content, "version ", 8) != 0) {
        return false;
    }
    *ret_version = (unsigned)strtoul(content + 8, NULL, 10);
    render_version(&expected, *ret_version);
    return strcmp(content, buffer_string(&expected)) == 0;
}

static void *poll_file(void *context) {
    struct poller *poller = context;
    unsigned last = 0;

    while (!atomic_load(&poller->finished) && !poller->torn) {
        STRING content = file_read(poller->dir, "prometheus.yml");
        unsigned version = 0;
        if (content == NULL || !is_whole(content, &version) || version < last) {
            poller->torn = true;
        }
        poller->reads++;
        poller->versions += version != last ? 1 : 0;
        last = version;
    }
    return NULL;
}

static void a_reader_in_a_tight_loop_sees_only_complete_files(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    CLEANUP(buffer_free) struct buffer content = {0};
    struct poller poller = {.dir = dir};
    pthread_t thread;
    render_version(&content, 1);
    publishes(path, buffer_string(&content));

    assert_int_equal(pthread_create(&thread, NULL, poll_file, &poller), 0);
    for (unsigned version = 2; version <= REPLACEMENTS + 1; version++) {
        render_version(&content, version);
        publishes(path, buffer_string(&content));
    }
    atomic_store(&poller.finished, true);
    assert_int_equal(pthread_join(thread, NULL), 0);

    assert_false(poller.torn);
    assert_true(poller.versions > 1);
    print_message("%u reads saw %u of %u versions, all whole\n", poller.reads, poller.versions,
                  REPLACEMENTS + 1);
}

/* --- faults */

static const int disk_errors[] = {ENOSPC, EIO,    EACCES, EROFS, EDQUOT,
                                  EMFILE, ENOMEM, EINTR,  EPERM, ESTALE};

/* After a fault: the old bytes, or the new ones when the last step alone failed; nothing beside
 * them. */
static bool fault_leaves_the_old_or_the_new(const char *call, unsigned nth, int number) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_error error = {.step = NULL};
    bool written = false;
    file_write(dir, "prometheus.yml", "the old bytes");

    system_calls_short_writes(4);
    system_calls_fail(call, nth, number);
    int result = file_publish(path, BYTES("the new bytes"), config_mode, NULL, &error, &written);
    bool reached = system_calls_seen(call) >= nth;
    system_calls_reset();

    STRING content = file_read(dir, "prometheus.yml");
    bool new = strcmp(content, "the new bytes") == 0;
    assert_true(new || strcmp(content, "the old bytes") == 0);
    assert_int_equal(folder_count(dir), 1);
    assert_int_equal(written, result == 0);
    if (result == 0) {
        assert_true(new);
    } else {
        assert_int_equal(result, -number);
        assert_non_null(error.step);
        assert_true(!new || strcmp(error.step, "syncing the folder") == 0);
    }
    assert_int_equal(file_publish(path, BYTES("the new bytes"), config_mode, NULL, NULL, NULL), 0);
    STRING healed = file_read(dir, "prometheus.yml");
    assert_string_equal(healed, "the new bytes");
    assert_int_equal(folder_count(dir), 1);
    return reached;
}

static void any_call_may_fail_and_the_file_is_the_old_or_the_new(void **state) {
    unsigned tried = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(disk_errors); i++) {
        for (unsigned nth = 1; fault_leaves_the_old_or_the_new(NULL, nth, disk_errors[i]); nth++) {
            tried++;
        }
    }
    print_message("%u faults\n", tried);
    assert_true(tried > 10 * ARRAY_LENGTH(disk_errors));
}

static void an_interrupted_call_is_made_again(void **state) {
    static const char *const calls[] = {"write", "fsync", "renameat", "close"};

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        TEMPDIR dir = tempdir_new();
        PATH path = path_join(dir, "prometheus.yml");

        system_calls_fail(calls[i], 1, EINTR);
        int result = file_publish(path, BYTES("x"), config_mode, NULL, NULL, NULL);
        system_calls_reset();

        assert_int_equal(result, 0);
        assert_int_equal(folder_count(dir), 1);
    }
}

static void the_bytes_are_synced_before_the_name_leads_to_them_and_the_folder_after(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "old");

    system_calls_fail("fsync", 1, EIO);
    assert_int_equal(file_publish(path, BYTES("new"), config_mode, NULL, NULL, NULL), -EIO);
    assert_int_equal(system_calls_seen("renameat"), 0);

    system_calls_fail("fsync", 2, EIO);
    assert_int_equal(file_publish(path, BYTES("new"), config_mode, NULL, NULL, NULL), -EIO);
    assert_int_equal(system_calls_seen("renameat"), 1);
}

static void a_folder_that_could_not_be_synced_is_synced_by_the_next_call(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_debt debt = {0};
    bool written = true;

    system_calls_fail("fsync", 2, EIO);
    assert_int_equal(file_publish(path, BYTES("x"), config_mode, &debt, NULL, NULL), -EIO);
    assert_true(debt.sync);
    system_calls_fail("fsync", 1, EIO);
    assert_int_equal(file_publish(path, BYTES("x"), config_mode, &debt, NULL, NULL), -EIO);
    system_calls_reset();
    assert_int_equal(file_publish(path, BYTES("x"), config_mode, &debt, NULL, &written), 0);
    assert_false(written);
    assert_int_equal(system_calls_seen("fsync"), 1);

    system_calls_reset();
    assert_int_equal(file_publish(path, BYTES("x"), config_mode, &debt, NULL, NULL), 0);
    assert_int_equal(system_calls_seen("fsync"), 0);
}

static void a_folder_that_cannot_be_synced_at_all_is_no_fault(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");

    system_calls_fail("fsync", 2, EINVAL);

    assert_int_equal(file_publish(path, BYTES("x"), config_mode, NULL, NULL, NULL), 0);
}

static void on_a_full_disk_the_old_file_stays_and_nothing_is_left_beside_it(void **state) {
    skip_unless_root("mounting a file system");
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    CLEANUP(buffer_free) struct buffer large = {0};
    struct publish_error error;
    if (mount("tmpfs", dir, "tmpfs", 0, "size=64k") < 0) {
        skip_because("no file system can be mounted: %s", strerror(errno));
    }
    buffer_append_repeated(&large, 'x', (size_t)256 * 1024);
    publishes(path, "old");

    int result = file_publish(path, buffer_bytes(&large), config_mode, NULL, &error, NULL);
    STRING content = file_read(dir, "prometheus.yml");
    size_t count = folder_count(dir);
    bool recovered = file_publish(path, BYTES("small"), config_mode, NULL, NULL, NULL) == 0;
    assert_int_equal(umount2(dir, MNT_DETACH), 0);

    assert_int_equal(result, -ENOSPC);
    assert_string_equal(error.step, "writing");
    assert_string_equal(error.path, path);
    assert_string_equal(content, "old");
    assert_int_equal(count, 1);
    assert_true(recovered);
}

static void a_read_only_folder_is_an_error(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_error error;
    file_write(dir, "prometheus.yml", "old");
    bool root = geteuid() == 0;
    assert_int_equal(chmod(dir, 0555), 0);

    assert_true(!root || seteuid(65534) == 0);
    int result = file_publish(path, BYTES("new"), config_mode, NULL, &error, NULL);
    assert_true(!root || seteuid(0) == 0);

    assert_int_equal(result, -EACCES);
    assert_string_equal(error.step, "creating a temporary file for");
}

static void in_a_sticky_folder_another_users_file_is_an_error_with_a_remedy(void **state) {
    skip_unless_root("giving a file to another user");
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_error error = {.step = ""};
    publishes(path, "old");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(dir, 01777), 0);

    assert_int_equal(seteuid(65534), 0);
    int result = file_publish(path, BYTES("new"), config_mode, NULL, &error, NULL);
    int over = file_publish_over(path, BYTES("old"), BYTES("new"), NULL, NULL, NULL);
    assert_int_equal(seteuid(0), 0);

    assert_int_equal(result, -EPERM);
    assert_int_equal(over, -EPERM);
    assert_alone(dir, "old");
    assert_non_null(strstr(publish_remedy(result, &error), "sticky"));
}

static void every_error_of_publishing_has_a_remedy_of_its_own(void **state) {
    static const int errors[] = {EBUSY,  EXDEV,        EPERM,  EACCES, EROFS,  ENOSPC,
                                 EDQUOT, ENAMETOOLONG, EISDIR, EINVAL, ENOENT, ENOTDIR,
                                 ELOOP,  EMFILE,       ENFILE, EIO};
    const struct publish_error failure = {.step = ""};
    const char *usual = publish_remedy(-EILSEQ, &failure);

    for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
        assert_string_not_equal(publish_remedy(-errors[i], &failure), usual);
    }
    const struct publish_error own = {.wrong = "do this"};
    assert_string_equal(publish_remedy(-EBUSY, &own), "do this");
}

/* --- over what is expected only */

static int publishes_over(const char *path, const char *expected, const char *content) {
    return file_publish_over(path, bytes_of(expected), bytes_of(content), NULL, NULL, NULL);
}

static void what_is_expected_is_replaced_and_nothing_else(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "old");

    assert_int_equal(publishes_over(path, "older", "new"), -ECANCELED);
    assert_alone(dir, "old");
    assert_int_equal(publishes_over(path, "OLD", "new"), -ECANCELED);
    assert_alone(dir, "old");
    assert_int_equal(publishes_over(path, "old", "new"), 0);
    assert_alone(dir, "new");
    assert_int_equal(publishes_over(path, "old", "new"), 0); /* it is there already */
    file_remove(dir, "prometheus.yml");
    assert_int_equal(publishes_over(path, "new", "x"), -ECANCELED);
    assert_int_equal(folder_count(dir), 0);
}

static void what_is_expected_behind_a_link_is_replaced_there(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH link = path_join(dir, "link");
    PATH real = path_join(dir, "real");
    file_write(real, "prometheus.yml", "old");
    link_make(dir, "link", "real/prometheus.yml");

    assert_int_equal(publishes_over(link, "old", "new"), 0);

    assert_alone(real, "new");
}

/* A list that lets user 1234 read, and the owner and its group do what 0640 says. */
static const unsigned char access_list[] = {
    2,  0, 0, 0,                      /* version */
    1,  0, 6, 0, 255,  255, 255, 255, /* the owner: rw- */
    2,  0, 4, 0, 0xd2, 4,   0,   0,   /* user 1234: r-- */
    4,  0, 4, 0, 255,  255, 255, 255, /* the group: r-- */
    16, 0, 4, 0, 255,  255, 255, 255, /* the mask */
    32, 0, 0, 0, 255,  255, 255, 255, /* others: --- */
};

static bool has_attribute(const char *path, const char *name, const void *value, size_t length) {
    char present[256];
    ssize_t got = getxattr(path, name, present, sizeof(present));

    return got == (ssize_t)length && memcmp(present, value, length) == 0;
}

static void a_persons_file_keeps_its_mode_owner_and_attributes(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_debt debt = {0};
    struct stat status;
    const bool root = geteuid() == 0;
    file_write(dir, "prometheus.yml", "old");
    assert_true(!root || chown(path, 1234, 5678) == 0);
    assert_int_equal(chmod(path, 0604), 0);
    const bool tagged = setxattr(path, "user.note", "a person's", 10, 0) == 0;

    assert_int_equal(file_publish_over(path, BYTES("old"), BYTES("new"), &debt, NULL, NULL), 0);

    assert_alone(dir, "new");
    assert_int_equal(mode_of(path), 0604);
    assert_null(debt.unkept);
    assert_int_equal(stat(path, &status), 0);
    assert_true(!root || (status.st_uid == 1234 && status.st_gid == 5678));
    assert_true(!tagged || has_attribute(path, "user.note", "a person's", 10));
}

static const char selinux_label[] = "system_u:object_r:container_file_t:s0:c1,c2";

/* Of a kernel without SELinux: the attribute is one like any other, and root's to set. */
static void give_label(const char *path) {
    skip_unless_root("setting an SELinux label");
    if (setxattr(path, "security.selinux", selinux_label, sizeof(selinux_label), 0) != 0) {
        skip_because("no SELinux label can be set here: %s", strerror(errno));
    }
}

static bool has_label(const char *path) {
    return has_attribute(path, "security.selinux", selinux_label, sizeof(selinux_label));
}

static void a_persons_file_keeps_its_selinux_label(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_debt debt = {0};
    file_write(dir, "prometheus.yml", "old");
    give_label(path);

    assert_int_equal(file_publish_over(path, BYTES("old"), BYTES("new"), &debt, NULL, NULL), 0);

    assert_alone(dir, "new");
    assert_null(debt.unkept);
    assert_true(has_label(path));
}

/* As a person runs chcon on it meanwhile: the config that goes back is another inode. */
static void a_spare_takes_the_selinux_label_of_the_present_file(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_debt debt = {0};
    file_write(dir, "prometheus.yml", "good");
    assert_int_equal(spare_keep(path, NULL), 0);
    assert_int_equal(file_publish_over(path, BYTES("good"), BYTES("new"), &debt, NULL, NULL), 0);
    give_label(path);

    assert_int_equal(file_publish_over(path, BYTES("new"), BYTES("good"), &debt, NULL, NULL), 0);

    assert_null(debt.unkept);
    assert_true(has_label(path));
}

/* EACCES is a policy's word, EPERM that of a kernel without SELinux. */
static void of_a_persons_file_a_label_that_cannot_be_kept_is_told(void **state) {
    static const int errors[] = {EPERM, EACCES, ENOTSUP};

    for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
        TEMPDIR dir = tempdir_new();
        PATH path = path_join(dir, "prometheus.yml");
        struct publish_debt debt = {0};
        file_write(dir, "prometheus.yml", "old");
        give_label(path);

        system_calls_refuse_attributes(errors[i]);
        int result = file_publish_over(path, BYTES("old"), BYTES("new"), &debt, NULL, NULL);
        system_calls_reset();

        assert_int_equal(result, 0);
        assert_alone(dir, "new");
        assert_non_null(debt.unkept);
        assert_string_equal(debt.unkept, "SELinux label");
    }
}

/* What the person removed does not come back with the bytes. */
static void a_spare_loses_the_attributes_that_the_present_file_has_not(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "good");
    if (setxattr(path, "user.note", "old", 3, 0) != 0) {
        skip_because("the file system has no extended attributes");
    }
    assert_int_equal(spare_keep(path, NULL), 0);
    assert_int_equal(publishes_over(path, "good", "new"), 0);
    assert_true(has_attribute(path, "user.note", "old", 3));
    assert_int_equal(removexattr(path, "user.note"), 0);
    assert_int_equal(setxattr(path, "user.other", "new", 3, 0), 0);

    assert_int_equal(publishes_over(path, "new", "good"), 0);

    assert_int_equal(getxattr(path, "user.note", NULL, 0), -1);
    assert_true(has_attribute(path, "user.other", "new", 3));
}

static void a_persons_file_keeps_its_access_control_list(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "old");
    assert_int_equal(chmod(path, 0640), 0);
    if (setxattr(path, "system.posix_acl_access", access_list, sizeof(access_list), 0) != 0) {
        skip_because("the file system has no access control lists");
    }

    assert_int_equal(publishes_over(path, "old", "new"), 0);

    assert_alone(dir, "new");
    assert_true(has_attribute(path, "system.posix_acl_access", access_list, sizeof(access_list)));
    assert_int_equal(mode_of(path), 0640);
}

/* The folder gives every new file a list. */
static void a_persons_file_without_an_access_control_list_gets_none(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "old");
    if (setxattr(dir, "system.posix_acl_default", access_list, sizeof(access_list), 0) != 0) {
        skip_because("the file system has no access control lists");
    }

    assert_int_equal(publishes_over(path, "old", "new"), 0);

    assert_int_equal(getxattr(path, "system.posix_acl_access", NULL, 0), -1);
    assert_int_equal(errno, ENODATA);
}

static void of_a_persons_file_what_cannot_be_kept_is_told(void **state) {
    skip_unless_root("giving a file to another user");
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_debt debt = {0};
    assert_int_equal(chmod(dir, 0777), 0);
    file_write(dir, "prometheus.yml", "old");
    assert_int_equal(chmod(path, 0644), 0);

    assert_int_equal(seteuid(65534), 0);
    int result = file_publish_over(path, BYTES("old"), BYTES("new"), &debt, NULL, NULL);
    assert_int_equal(seteuid(0), 0);

    assert_int_equal(result, 0);
    assert_string_equal(debt.unkept, "owner");
    assert_int_equal(mode_of(path), 0644);
}

/* An editor that renames, and one that writes into the file. */
static void edit_by_rename(void *dir) {
    file_replace(dir, "prometheus.yml", "a person's");
}

/* The one that writes into the file: another thread, as who has to wait for a lease of this process
 * must not keep this one from giving it back. */
static atomic_bool editor_is_done = true;

/* Somebody waits in open() for a lease of this process. */
static bool lease_is_being_broken(void) {
    CLEANUP(buffer_free) struct buffer wanted = {0};
    char line[256];
    bool found = false;
    FILE *locks = fopen("/proc/locks", "re");

    assert_non_null(locks);
    buffer_printf(&wanted, " %d ", (int)getpid());
    while (fgets(line, sizeof(line), locks) != NULL) {
        found |= strstr(line, "BREAKING") != NULL && strstr(line, buffer_string(&wanted)) != NULL;
    }
    fclose(locks);
    return found;
}

static void *edit(void *dir) {
    file_write(dir, "prometheus.yml", "a person's");
    editor_is_done = true;
    return NULL;
}

/* Goes on as soon as it wrote, or has to wait. */
static void edit_in_place(void *dir) {
    pthread_t editor;

    editor_is_done = false;
    assert_int_equal(pthread_create(&editor, NULL, edit, dir), 0);
    assert_int_equal(pthread_detach(editor), 0);
    assert_true(WAIT_UNTIL(editor_is_done || lease_is_being_broken(), DEADLINE_USUAL));
}

static void an_edit_is_not_lost_however_late_it_comes(void **state) {
    static void (*const edits[])(void *) = {edit_by_rename, edit_in_place};
    static const char *const calls[] = {"openat", "write", "fsync", "fstat", "read", "renameat2"};

    for (size_t i = 0; i < ARRAY_LENGTH(edits) * ARRAY_LENGTH(calls); i++) {
        TEMPDIR dir = tempdir_new();
        PATH path = path_join(dir, "prometheus.yml");
        file_write(dir, "prometheus.yml", "old");

        system_calls_before(calls[i / 2], 1, edits[i % 2], dir);
        int result = publishes_over(path, "old", "new");
        assert_true(system_calls_seen(calls[i / 2]) > 0);
        system_calls_reset();

        assert_int_equal(result, -ECANCELED);
        assert_true(WAIT_UNTIL(editor_is_done, DEADLINE_USUAL));
        assert_alone(dir, "a person's");
    }
}

/* Somebody has it open already, and has not written yet. */
static void what_a_process_has_open_for_writing_is_not_replaced(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct publish_error error = {.step = ""};
    file_write(dir, "prometheus.yml", "old");
    int writer = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(writer >= 0);

    assert_int_equal(file_publish_over(path, BYTES("old"), BYTES("new"), NULL, &error, NULL),
                     -ETXTBSY);
    assert_string_equal(error.step, "replacing what a process has open for writing");
    assert_alone(dir, "old");
    assert_int_equal(write(writer, "edited", 6), 6);
    assert_int_equal(close(writer), 0);
    assert_alone(dir, "edited");

    assert_int_equal(publishes_over(path, "edited", "new"), 0);
    assert_alone(dir, "new");
}

struct late_edits {
    const char *dir;
    unsigned exchanges;
};

/* One right before the exchange, a newer one right before it is taken back. */
static void edit_twice(void *context) {
    struct late_edits *edits = context;

    edits->exchanges++;
    if (edits->exchanges <= 2) {
        file_replace(edits->dir, "prometheus.yml", edits->exchanges == 1 ? "first" : "second");
    }
}

static void of_two_late_edits_the_newer_one_stays(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    struct late_edits edits = {.dir = dir};
    file_write(dir, "prometheus.yml", "old");

    system_calls_before_each("renameat2", edit_twice, &edits);
    int result = publishes_over(path, "old", "new");
    system_calls_reset();

    assert_int_equal(result, -ECANCELED);
    assert_alone(dir, "second");
    assert_int_equal(edits.exchanges, 3);
}

static void where_names_cannot_be_exchanged_the_file_is_renamed(void **state) {
    static const int errors[] = {EINVAL, ENOSYS, ENOTSUP, EPERM};

    for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
        TEMPDIR dir = tempdir_new();
        PATH path = path_join(dir, "prometheus.yml");
        file_write(dir, "prometheus.yml", "old");

        system_calls_fail_from("renameat2", 1, errors[i]);
        int other = publishes_over(path, "other", "new");
        int result = publishes_over(path, "old", "new");
        system_calls_reset();

        assert_int_equal(other, -ECANCELED);
        assert_int_equal(result, 0);
        assert_alone(dir, "new");
    }
}

/* On NFS and many FUSE file systems: the edit that comes right before the exchange that fails. */
static void where_names_cannot_be_exchanged_a_late_edit_stays(void **state) {
    static void (*const edits[])(void *) = {edit_by_rename, edit_in_place};

    for (size_t i = 0; i < ARRAY_LENGTH(edits); i++) {
        TEMPDIR dir = tempdir_new();
        PATH path = path_join(dir, "prometheus.yml");
        file_write(dir, "prometheus.yml", "old");

        system_calls_refuse_exchanges(EINVAL);
        system_calls_before("renameat2", 1, edits[i], dir);
        int result = publishes_over(path, "old", "new");
        system_calls_reset();

        assert_int_equal(result, -ECANCELED);
        assert_true(WAIT_UNTIL(editor_is_done, DEADLINE_USUAL));
        assert_alone(dir, "a person's");
    }
}

/* A refusal tells of a writer where it is EAGAIN, and the file system grants leases by itself. */
static void without_a_lease_an_edit_that_is_seen_is_not_lost(void **state) {
    static const struct {
        int error;
        long file_system;
    } refusals[] = {
        {EINVAL, 0},     {EACCES, 0},
        {EOPNOTSUPP, 0}, {EAGAIN, NFS_SUPER_MAGIC},
        {ENOLCK, 0},     {EAGAIN, (long)SMB2_SUPER_MAGIC},
    };
    static const char *const calls[] = {"openat", "write", "fsync", "fstat", "read", "renameat2"};

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        TEMPDIR dir = tempdir_new();
        PATH path = path_join(dir, "prometheus.yml");
        file_write(dir, "prometheus.yml", "old");
        system_calls_refuse_leases(refusals[i].error);
        system_calls_pretend_file_system(refusals[i].file_system);

        for (size_t call = 0; call < ARRAY_LENGTH(calls); call++) {
            system_calls_before(calls[call], 1, edit_by_rename, dir);
            assert_int_equal(publishes_over(path, "old", "new"), -ECANCELED);
            assert_alone(dir, "a person's");
            file_replace(dir, "prometheus.yml", "old");
        }
        assert_int_equal(publishes_over(path, "old", "new"), 0);
        system_calls_reset();
        assert_alone(dir, "new");
    }
}

static void where_a_lease_tells_of_a_writer_nothing_is_replaced(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "old");

    system_calls_refuse_leases(EAGAIN);
    system_calls_pretend_file_system(EXT4_SUPER_MAGIC);
    int result = publishes_over(path, "old", "new");
    system_calls_reset();

    assert_int_equal(result, -ETXTBSY);
    assert_alone(dir, "old");
}

static bool fault_over_leaves_the_old_or_the_new(unsigned nth, int number) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "the old bytes");

    system_calls_fail(NULL, nth, number);
    int result = publishes_over(path, "the old bytes", "the new bytes");
    bool reached = system_calls_seen(NULL) >= nth;
    system_calls_reset();

    STRING content = file_read(dir, "prometheus.yml");
    bool new = strcmp(content, "the new bytes") == 0;
    assert_true(new || strcmp(content, "the old bytes") == 0);
    assert_true(new || result != 0);
    return reached;
}

static void any_call_may_fail_over_what_is_expected(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(disk_errors); i++) {
        unsigned nth = 1;
        while (fault_over_leaves_the_old_or_the_new(nth, disk_errors[i])) {
            nth++;
        }
        assert_true(nth > 10);
    }
}

/* --- left-overs */

static void temporary_files_of_a_killed_process_are_removed_and_nothing_else(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "prometheus.yml", "x");
    file_write(dir, ".prometheus.yml.remotewrite-sidecar.tmp-0123abcd", "x");
    file_write(dir, ".prometheus.yml.remotewrite-sidecar.tmp-ffffffff", "x");
    file_write(dir, ".other.yml.remotewrite-sidecar.tmp-01234567", "x");
    file_write(dir, ".prometheus.yml.swp", "x");
    folder_make(dir, ".prometheus.yml.remotewrite-sidecar.tmp-folder");

    assert_int_equal(temporaries_remove(path, NULL), 0);

    assert_true(file_exists(dir, "prometheus.yml"));
    assert_true(file_exists(dir, ".other.yml.remotewrite-sidecar.tmp-01234567"));
    assert_true(file_exists(dir, ".prometheus.yml.swp"));
    assert_int_equal(folder_count(dir), 4);
}

#define KILLED 77

static void end_at_once(void *context) {
    _exit(KILLED);
}

/* What is removed is what is made: the names agree, however long they are. */
static void what_a_kill_leaves_behind_is_what_is_removed(void **state) {
    char name[NAME_MAX + 1];

    for (size_t length = 1; length <= NAME_MAX; length += 127) {
        TEMPDIR dir = tempdir_new();
        memset(name, 'n', length);
        name[length] = '\0';
        PATH path = path_join(dir, name);
        file_write(dir, name, "old");
        pid_t child = fork();
        if (child == 0) {
            system_calls_before("renameat", 1, end_at_once, NULL);
            (void)!file_publish(path, BYTES("new"), config_mode, NULL, NULL, NULL);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == KILLED);
        assert_int_equal(folder_count(dir), 2);

        assert_int_equal(temporaries_remove(path, NULL), 0);
        assert_int_equal(folder_count(dir), 1);
    }
}

static void left_overs_of_an_absent_folder_or_link_are_none(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH absent = path_join(dir, "none/prometheus.yml");
    PATH dangling = path_join(dir, "dangling");
    link_make(dir, "dangling", "none/x");

    assert_int_equal(temporaries_remove(absent, NULL), 0);
    assert_int_equal(temporaries_remove(dangling, NULL), 0);
}

static void left_overs_lie_beside_the_target_of_a_link(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "prometheus.yml");
    file_write(dir, "real/config.yml", "x");
    file_write(dir, "real/.config.yml.remotewrite-sidecar.tmp-01234567", "x");
    link_make(dir, "prometheus.yml", "real/config.yml");

    assert_int_equal(temporaries_remove(path, NULL), 0);

    PATH real = path_join(dir, "real");
    assert_int_equal(folder_count(real), 1);
}

/* --- folders */

static void a_directory_is_made_with_its_parents(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "a//b/c/");
    PATH made = path_join(dir, "a/b/c");

    assert_int_equal(directory_ensure(path, 0640, NULL), 0);
    assert_int_equal(directory_ensure(path, 0640, NULL), 0);

    assert_int_equal(mode_of(made), 0750);
}

static void who_may_read_its_files_may_look_them_up_whatever_the_umask(void **state) {
    static const struct {
        mode_t files;
        unsigned directory;
    } cases[] = {{0640, 0750}, {0600, 0700}, {0660, 0770}, {0440, 0750}, {0644, 0755}};
    static const mode_t masks[] = {0, 077};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(masks); j++) {
            TEMPDIR dir = tempdir_new();
            PATH above = path_join(dir, "a");
            PATH made = path_join(dir, "a/b");
            mode_t before = umask(masks[j]);

            int result = directory_ensure(made, cases[i].files, NULL);
            umask(before);

            assert_int_equal(result, 0);
            assert_int_equal(mode_of(above), cases[i].directory);
            assert_int_equal(mode_of(made), cases[i].directory);
        }
    }
}

static void a_directory_that_is_there_keeps_its_mode(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH there = path_join(dir, "there");
    folder_make(dir, "there");
    assert_int_equal(chmod(there, 0711), 0);

    assert_int_equal(directory_ensure(there, 0640, NULL), 0);

    assert_int_equal(mode_of(there), 0711);
}

/* As kubelet sets volumes up where there is an fsGroup. */
static void a_group_that_is_taken_over_goes_on_being_so(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH made = path_join(dir, "made");
    assert_int_equal(chmod(dir, 02770), 0);
    mode_t before = umask(077);

    int result = directory_ensure(made, 0640, NULL);
    umask(before);

    assert_int_equal(result, 0);
    assert_int_equal(mode_of(made), 02750);
}

static void a_directory_cannot_be_made_of_a_file(void **state) {
    TEMPDIR dir = tempdir_new();
    PATH path = path_join(dir, "file/below");
    PATH file = path_join(dir, "file");
    struct publish_error error;
    file_write(dir, "file", "x");

    assert_int_equal(directory_ensure(path, 0640, &error), -ENOTDIR);

    assert_string_equal(error.step, "making the folder");
    assert_string_equal(error.path, file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_has_the_bytes_and_the_mode_whatever_the_umask),
        cmocka_unit_test_teardown(the_same_bytes_and_mode_are_not_written_again,
                                  forget_system_calls),
        cmocka_unit_test(other_bytes_of_the_same_length_are_written),
        cmocka_unit_test(a_difference_in_the_last_byte_of_a_long_file_is_seen),
        cmocka_unit_test(a_wrong_mode_is_set_right_by_a_new_file),
        cmocka_unit_test(an_empty_file_can_be_published),
        cmocka_unit_test(a_reader_that_has_the_old_file_open_keeps_it),
        cmocka_unit_test(a_file_name_as_long_as_can_be_is_published),
        cmocka_unit_test(a_path_without_a_folder_is_in_the_working_directory),
        cmocka_unit_test(a_folder_a_pipe_and_a_device_are_left_alone),
        cmocka_unit_test(a_path_that_ends_in_a_slash_is_a_folder),
        cmocka_unit_test(without_its_folder_nothing_is_written),
        cmocka_unit_test(of_a_link_the_target_is_replaced_and_the_link_stays),
        cmocka_unit_test(a_link_that_leads_to_nothing_or_to_no_file_is_an_error),
        cmocka_unit_test(the_owner_of_the_old_file_is_kept_by_root),
        cmocka_unit_test(a_file_that_may_not_be_given_away_becomes_the_writers),
        cmocka_unit_test(a_reader_in_a_tight_loop_sees_only_complete_files),
        cmocka_unit_test_teardown(any_call_may_fail_and_the_file_is_the_old_or_the_new,
                                  forget_system_calls),
        cmocka_unit_test_teardown(an_interrupted_call_is_made_again, forget_system_calls),
        cmocka_unit_test_teardown(
            the_bytes_are_synced_before_the_name_leads_to_them_and_the_folder_after,
            forget_system_calls),
        cmocka_unit_test_teardown(a_folder_that_could_not_be_synced_is_synced_by_the_next_call,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_folder_that_cannot_be_synced_at_all_is_no_fault,
                                  forget_system_calls),
        cmocka_unit_test(on_a_full_disk_the_old_file_stays_and_nothing_is_left_beside_it),
        cmocka_unit_test(a_read_only_folder_is_an_error),
        cmocka_unit_test(in_a_sticky_folder_another_users_file_is_an_error_with_a_remedy),
        cmocka_unit_test(every_error_of_publishing_has_a_remedy_of_its_own),
        cmocka_unit_test(temporary_files_of_a_killed_process_are_removed_and_nothing_else),
        cmocka_unit_test_teardown(what_a_kill_leaves_behind_is_what_is_removed,
                                  forget_system_calls),
        cmocka_unit_test(left_overs_of_an_absent_folder_or_link_are_none),
        cmocka_unit_test(left_overs_lie_beside_the_target_of_a_link),
        cmocka_unit_test(a_directory_is_made_with_its_parents),
        cmocka_unit_test(who_may_read_its_files_may_look_them_up_whatever_the_umask),
        cmocka_unit_test(a_directory_that_is_there_keeps_its_mode),
        cmocka_unit_test(a_group_that_is_taken_over_goes_on_being_so),
        cmocka_unit_test(a_directory_cannot_be_made_of_a_file),
        cmocka_unit_test_teardown(what_is_expected_is_replaced_and_nothing_else,
                                  forget_system_calls),
        cmocka_unit_test_teardown(what_is_expected_behind_a_link_is_replaced_there,
                                  forget_system_calls),
        cmocka_unit_test_teardown(an_edit_is_not_lost_however_late_it_comes, forget_system_calls),
        cmocka_unit_test(what_a_process_has_open_for_writing_is_not_replaced),
        cmocka_unit_test(a_persons_file_keeps_its_mode_owner_and_attributes),
        cmocka_unit_test(a_persons_file_keeps_its_access_control_list),
        cmocka_unit_test(a_persons_file_without_an_access_control_list_gets_none),
        cmocka_unit_test(of_a_persons_file_what_cannot_be_kept_is_told),
        cmocka_unit_test_teardown(of_two_late_edits_the_newer_one_stays, forget_system_calls),
        cmocka_unit_test_teardown(a_persons_file_keeps_its_selinux_label, forget_system_calls),
        cmocka_unit_test_teardown(a_spare_takes_the_selinux_label_of_the_present_file,
                                  forget_system_calls),
        cmocka_unit_test_teardown(of_a_persons_file_a_label_that_cannot_be_kept_is_told,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_spare_loses_the_attributes_that_the_present_file_has_not,
                                  forget_system_calls),
        cmocka_unit_test_teardown(where_names_cannot_be_exchanged_a_late_edit_stays,
                                  forget_system_calls),
        cmocka_unit_test_teardown(without_a_lease_an_edit_that_is_seen_is_not_lost,
                                  forget_system_calls),
        cmocka_unit_test_teardown(where_a_lease_tells_of_a_writer_nothing_is_replaced,
                                  forget_system_calls),
        cmocka_unit_test_teardown(where_names_cannot_be_exchanged_the_file_is_renamed,
                                  forget_system_calls),
        cmocka_unit_test_teardown(any_call_may_fail_over_what_is_expected, forget_system_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
