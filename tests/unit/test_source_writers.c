/* SPDX-License-Identifier: Apache-2.0 */

/* A file that is still being written is not taken: what it held before is in the snapshot. */

#include "base/lease.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/source_fixture.h"
#include "support/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    SOMEBODY = 65534
};

static struct source_fixture *given(enum volume_kind kind) {
    struct source_fixture *source = source_given(kind);

    source->settings.patience =
        (struct writer_patience){.closed = 1, .unknown = 40, .emptied = 80, .report = 40};
    return source;
}

/* Opens DIR/name for writing, which has to be closed. */
static int opened(const struct source_fixture *source, const char *name, int flags) {
    CLEANUP(memory_freep) char *path = path_join(source->dir, name);
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);

    assert_true(descriptor >= 0);
    return descriptor;
}

static void writes(int descriptor, const char *text) {
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
}

static bool comes_to_hold(struct source_fixture *source, const char *relative, const char *text) {
    return WAIT_UNTIL((source_reads(source), strcmp(content_of(source, relative), text) == 0),
                      DEADLINE_USUAL);
}

static const char *base_of(const struct source_fixture *source) {
    const struct source_file *file = source->snapshot->base.file;

    return file != NULL ? file->content.data : "(none)";
}

static bool waits(const struct source_fixture *source) {
    return source->snapshot->writers.look_again > 0;
}

/* --- a writer that is known of ---------------------------------------------------------------- */

static void a_file_that_is_open_for_writing_keeps_what_it_held(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);
    int writer = opened(source, "volume/a.yaml", O_TRUNC);

    for (int i = 0; i < 3; i++) {
        source_reads_every_byte(source);
        assert_string_equal(content_of(source, "a.yaml"), "a: 1\n");
        assert_true(waits(source));
        assert_true(source->snapshot->complete);
        assert_int_equal(source->snapshot->volumes[0].unread_count, 1);
        assert_true(volume_is_unread(&source->snapshot->volumes[0], "a.yaml"));
    }
    writes(writer, "a: 2\n");
    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), "a: 1\n");
    close(writer);

    assert_true(comes_to_hold(source, "a.yaml", "a: 2\n"));
    assert_false(waits(source));
    assert_int_equal(source->snapshot->volumes[0].unread_count, 0);
}

static void a_new_file_that_is_open_for_writing_is_not_there_yet(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    int writer = opened(source, "volume/b.yaml", O_CREAT);
    writes(writer, "half");

    source_reads(source);
    assert_string_equal(names_of(source), "a.yaml");
    assert_true(waits(source));
    close(writer);

    assert_true(comes_to_hold(source, "b.yaml", "half"));
}

static void a_file_that_is_mapped_for_writing_counts_as_open(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);
    CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");
    int writer = open(path, O_RDWR | O_CLOEXEC);
    char *text = mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, writer, 0);
    assert_true(text != MAP_FAILED);
    close(writer);
    text[3] = '2';

    source_reads_every_byte(source);
    assert_string_equal(content_of(source, "a.yaml"), "a: 1\n");
    munmap(text, 5);

    assert_true(WAIT_UNTIL(
        (source_reads_every_byte(source), strcmp(content_of(source, "a.yaml"), "a: 2\n") == 0),
        DEADLINE_USUAL));
}

static void a_base_that_is_open_for_writing_is_no_fault(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    source_with_base(source);
    file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
    source_reads(source);
    int writer = opened(source, "etc/prometheus.yml", O_TRUNC);

    source_reads(source);
    assert_string_equal(base_of(source), "global: {}\n");
    assert_int_equal(source->snapshot->base.error, 0);
    assert_true(source->snapshot->base.being_written);
    writes(writer, "global:\n");
    close(writer);

    assert_true(WAIT_UNTIL((source_reads(source), strcmp(base_of(source), "global:\n") == 0),
                           DEADLINE_USUAL));
    assert_false(source->snapshot->base.being_written);
}

static void a_base_that_was_never_read_before_is_waited_for(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    source_with_base(source);
    file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
    int writer = opened(source, "etc/prometheus.yml", 0);

    source_reads(source);
    assert_string_equal(base_of(source), "(none)");
    assert_int_equal(source->snapshot->base.error, -ETXTBSY);
    close(writer);

    assert_true(WAIT_UNTIL((source_reads(source), strcmp(base_of(source), "global: {}\n") == 0),
                           DEADLINE_USUAL));
}

static void a_watched_file_that_is_open_for_writing_is_not_another_one(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    const char *const watched[] = {source->volume};
    source->settings.volume_count = 0;
    source->settings.watched_paths = watched;
    source->settings.watched_path_count = 1;
    file_write(source->volume, "a.rules", "groups: []\n");
    source_reads(source);
    const uint64_t before = source->snapshot->watched;
    int writer = opened(source, "volume/a.rules", O_TRUNC);

    source_reads(source);
    assert_true(source->snapshot->watched == before);
    assert_true(waits(source));
    writes(writer, "groups:\n");
    close(writer);

    assert_true(
        WAIT_UNTIL((source_reads(source), source->snapshot->watched != before), DEADLINE_USUAL));
}

/* To compare with, a file may be as unfinished as it is: that its writer ends is no change. */
static void watched_files_are_compared_with_what_they_held_at_first(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    const char *const watched[] = {source->volume};
    source->settings.volume_count = 0;
    source->settings.watched_paths = watched;
    source->settings.watched_path_count = 1;
    file_write(source->volume, "a.rules", "groups: []\n");
    int writer = opened(source, "volume/a.rules", 0);
    source_reads(source);
    const uint64_t before = source->snapshot->watched;
    assert_false(waits(source));

    close(writer);
    source_reads_every_byte(source);
    assert_true(source->snapshot->watched == before);

    file_write(source->volume, "a.rules", "groups: [{}]\n");
    assert_true(
        WAIT_UNTIL((source_reads(source), source->snapshot->watched != before), DEADLINE_USUAL));
}

/* --- what is said ----------------------------------------------------------------------------- */

static void a_writer_is_warned_of_after_a_while_and_its_end_is_told_once(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);
    int writer = opened(source, "volume/a.yaml", O_TRUNC);

    source_reads(source);
    assert_string_equal(messages_of(source), "");
    assert_true(WAIT_UNTIL((source_reads(source), *messages_of(source) != '\0'), DEADLINE_USUAL));
    assert_true(has_message(source, SEVERITY_WARNING, "is still being written"));
    assert_true(has_message(source, SEVERITY_WARNING, "(what it held before is kept)"));
    CLEANUP(memory_freep) char *first = memory_string(messages_of(source));
    source_reads(source);
    assert_string_equal(messages_of(source), first);
    assert_int_equal(source->snapshot->writers.finished_count, 0);
    close(writer);

    assert_true(WAIT_UNTIL((source_reads(source), !waits(source)), DEADLINE_USUAL));
    assert_int_equal(source->snapshot->writers.finished_count, 1);
    CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");
    assert_string_equal(source->snapshot->writers.finished[0], path);
    source_reads(source);
    assert_int_equal(source->snapshot->writers.finished_count, 0);
    assert_string_equal(messages_of(source), "");
}

static void a_file_that_is_removed_is_not_waited_for(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);
    int writer = opened(source, "volume/a.yaml", O_TRUNC);
    source_reads(source);
    assert_true(waits(source));

    file_remove(source->volume, "a.yaml");
    source_reads(source);
    assert_string_equal(names_of(source), "");
    assert_false(waits(source));
    close(writer);
}

static void looks_become_rarer_the_longer_a_file_stays_open(void **state) {
    (void)state;

    assert_int_equal(writers_next_look(0), 50);
    assert_int_equal(writers_next_look(1000), 250);
    assert_int_equal(writers_next_look(1000000000), 10000);
}

/* --- nobody has it open ------------------------------------------------------------------------
 */

static void a_file_that_was_emptied_is_not_taken_at_once(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);

    close(opened(source, "volume/a.yaml", O_TRUNC));
    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), "a: 1\n");
    assert_true(waits(source));
    assert_true(comes_to_hold(source, "a.yaml", ""));
}

static void a_file_that_came_by_rename_is_taken_at_once(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    source->settings.patience = WRITER_PATIENCE;
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);

    file_replace(source->volume, "a.yaml", "");
    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), "");
    file_replace(source->volume, "a.yaml", "a: 2\n");
    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), "a: 2\n");
    file_write(source->volume, "b.yaml", "b: 1\n");
    source_reads(source);
    assert_string_equal(content_of(source, "b.yaml"), "b: 1\n");
}

/* kubelet removes a generation once the next one stands, and the file system gives its inodes to
 * the one after that. */
static void a_generation_is_taken_as_a_whole_whatever_inodes_it_has(void **state) {
    (void)state;
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    source->settings.patience = (struct writer_patience){
        .closed = 60000, .unknown = 60000, .emptied = 60000, .report = 60000};
    folder_make(source->dir, "volume/..1");
    folder_make(source->dir, "volume/..2");
    file_write(source->dir, "volume/..1/a.yaml", "a: 1\n");
    file_write(source->dir, "volume/..1/b.yaml", "b: 1\n");
    link_make(source->dir, "volume/..data", "..1");
    link_make(source->dir, "volume/a.yaml", "..data/a.yaml");
    link_make(source->dir, "volume/b.yaml", "..data/b.yaml");
    source_reads(source);

    CLEANUP(memory_freep) char *old = path_join(source->volume, "..1/a.yaml");
    CLEANUP(memory_freep) char *reused = path_join(source->volume, "..2/a.yaml");
    CLEANUP(memory_freep) char *data = path_join(source->volume, "..data");
    assert_int_equal(rename(old, reused), 0);
    file_write(source->dir, "volume/..2/a.yaml", "a: 2\n");
    file_write(source->dir, "volume/..2/b.yaml", "b: 2\n");
    assert_int_equal(unlink(data), 0);
    link_make(source->dir, "volume/..data", "..2");
    source_reads(source);

    assert_string_equal(content_of(source, "a.yaml"), "a: 2\n");
    assert_string_equal(content_of(source, "b.yaml"), "b: 2\n");
}

static void without_patience_nobody_is_waited_for(void **state) {
    (void)state;
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);
    int writer = opened(source, "volume/a.yaml", O_TRUNC);

    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), "");
    close(writer);
}

/* --- it cannot be told whether somebody has it open --------------------------------------------
 */

/* Another user's file, and no CAP_LEASE: as most containers are. */
static void cannot_tell(struct source_fixture *source, const char *name) {
    CLEANUP(memory_freep) char *path = path_join(source->dir, name);

    assert_int_equal(chown(path, SOMEBODY, SOMEBODY), 0);
}

/* In a child, as there is no way back: the capabilities go with the user. 0: all of it held. */
static int as_nobody_it_is_quiet_first(struct source_fixture *source) {
    CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");

    if (setgid(SOMEBODY - 1) < 0 || setuid(SOMEBODY - 1) < 0) {
        return 1;
    }
    if (!comes_to_hold(source, "a.yaml", "a: 1\n")) {
        return 2;
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (lease_probe(descriptor) != -EACCES) {
        return 3;
    }
    close(descriptor);
    int writer = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    source_reads(source);
    if (strcmp(content_of(source, "a.yaml"), "a: 1\n") != 0 || !waits(source)) {
        return 4;
    }
    if (write(writer, "a: 2\n", 5) != 5) {
        return 5;
    }
    source_reads(source);
    if (strcmp(content_of(source, "a.yaml"), "a: 1\n") != 0 || !waits(source)) {
        return 6;
    }
    return comes_to_hold(source, "a.yaml", "a: 2\n") ? 0 : 7;
}

static void another_users_file_has_to_look_the_same_for_a_while(void **state) {
    skip_unless_root("giving a file to another user");
    SOURCE source = given(VOLUME_REMOTE_WRITE);
    source->settings.patience.unknown = 300;
    source->settings.patience.emptied = 600;
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    cannot_tell(source, "volume/a.yaml");
    CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(chmod(source->dir, 0755), 0);
    assert_int_equal(chmod(source->volume, 0755), 0);

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(as_nobody_it_is_quiet_first(source));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- the lease itself --------------------------------------------------------------------------
 */

static void who_opens_a_file_that_is_leased_waits_and_ends_nobody(void **state) {
    (void)state;
    CLEANUP(tempdir_removep) char *dir = tempdir_new();
    file_write(dir, "a", "a\n");
    CLEANUP(memory_freep) char *path = path_join(dir, "a");
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(signal(SIGIO, SIG_DFL) != SIG_ERR);
    assert_int_equal(lease_take(descriptor), 0);
    assert_false(lease_is_wanted(descriptor));

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(open(path, O_WRONLY | O_CLOEXEC) >= 0 ? 0 : 1);
    }
    assert_true(WAIT_UNTIL(lease_is_wanted(descriptor), DEADLINE_USUAL));
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    lease_return(descriptor);

    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(lease_probe(descriptor), 0);
    close(descriptor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_open_for_writing_keeps_what_it_held),
        cmocka_unit_test(a_new_file_that_is_open_for_writing_is_not_there_yet),
        cmocka_unit_test(a_file_that_is_mapped_for_writing_counts_as_open),
        cmocka_unit_test(a_base_that_is_open_for_writing_is_no_fault),
        cmocka_unit_test(a_base_that_was_never_read_before_is_waited_for),
        cmocka_unit_test(a_watched_file_that_is_open_for_writing_is_not_another_one),
        cmocka_unit_test(watched_files_are_compared_with_what_they_held_at_first),
        cmocka_unit_test(a_writer_is_warned_of_after_a_while_and_its_end_is_told_once),
        cmocka_unit_test(a_file_that_is_removed_is_not_waited_for),
        cmocka_unit_test(looks_become_rarer_the_longer_a_file_stays_open),
        cmocka_unit_test(a_file_that_was_emptied_is_not_taken_at_once),
        cmocka_unit_test(a_file_that_came_by_rename_is_taken_at_once),
        cmocka_unit_test(a_generation_is_taken_as_a_whole_whatever_inodes_it_has),
        cmocka_unit_test(without_patience_nobody_is_waited_for),
        cmocka_unit_test(another_users_file_has_to_look_the_same_for_a_while),
        cmocka_unit_test(who_opens_a_file_that_is_leased_waits_and_ends_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
