/* SPDX-License-Identifier: Apache-2.0 */

/* The real program, and faults that the kernel makes: a disk that is full, or read-only, too few
 * descriptors, events that are lost, volumes that go and come back. Each is said once, loses
 * nothing, and is over when the fault is. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/generations.h"
#include "support/lone_sidecar.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int lone_setup(void **state) {
    *state = lone_sidecar_new();
    return 0;
}

static int lone_teardown(void **state) {
    struct lone_sidecar *sidecar = *state;

    umount2(sidecar->out, MNT_DETACH);
    lone_sidecar_free(sidecar);
    return 0;
}

/* Whatever goes wrong, it is whole. */
static void assert_whole(const struct lone_sidecar *sidecar) {
    CLEANUP(buffer_free) struct buffer why = {0};

    if (!generations_are_whole(sidecar->generations, sidecar->out, false, &why)) {
        fail_msg("%s", buffer_string(&why));
    }
}

#define REFUSED   "cannot publish"
#define RECOVERED "publishing works again"

/* It tries again and again, says so once for each file that it fails at, and nothing is lost. */
static void assert_suffers(struct lone_sidecar *sidecar, const char *error) {
    const size_t tries = 4;

    if (!WAIT_UNTIL(lone_sidecar_logged(sidecar, REFUSED, error) >= tries, DEADLINE_USUAL)) {
        lone_sidecar_show(sidecar);
        fail_msg("it does not say %s", error);
    }
    size_t loud = lone_sidecar_logged(sidecar, "level=error", error);
    assert_between(loud, 1, tries - 1);
    assert_true(
        WAIT_UNTIL(lone_sidecar_logged(sidecar, REFUSED, error) >= 2 * tries, DEADLINE_USUAL));
    assert_int_equal(lone_sidecar_logged(sidecar, "level=error", error), loud);
    assert_true(process_runs(sidecar->process));
    assert_whole(sidecar);
}

static void assert_heals(struct lone_sidecar *sidecar) {
    assert_true(lone_sidecar_converges(sidecar));
    assert_true(WAIT_UNTIL(lone_sidecar_logged(sidecar, RECOVERED, NULL) == 1, DEADLINE_USUAL));
    assert_int_equal(lone_sidecar_end(sidecar, SIGTERM), 0);
    assert_int_equal(generations_temporaries(sidecar->out), 0);
}

/* --- a disk
 * ---------------------------------------------------------------------------------------- */

static bool mounts(const struct lone_sidecar *sidecar, const char *options) {
    return mount("tmpfs", sidecar->out, "tmpfs", 0, options) == 0;
}

/* Until there is no room left. */
static void fill_with_bytes(const struct lone_sidecar *sidecar) {
    CLEANUP(memory_freep) char *path = path_join(sidecar->out, "filler");
    static const char piece[4096] = "filler";
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(descriptor >= 0);
    while (write(descriptor, piece, sizeof(piece)) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
    close(descriptor);
}

static void fill_with_files(const struct lone_sidecar *sidecar) {
    CLEANUP(memory_freep) char *folder = path_join(sidecar->out, "filler");
    int made = 0;

    folder_make(sidecar->out, "filler");
    for (int descriptor = 0; descriptor >= 0; made++) {
        char name[32];
        snprintf(name, sizeof(name), "%d", made);
        CLEANUP(memory_freep) char *path = path_join(folder, name);
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    assert_int_equal(errno, ENOSPC);
}

static void fills_up(struct lone_sidecar *sidecar, const char *options,
                     void (*fill)(const struct lone_sidecar *sidecar)) {
    CLEANUP(memory_freep) char *filler = path_join(sidecar->out, "filler");

    if (!mounts(sidecar, options))
        skip_because("mounting a file system needs root");
    assert_true(lone_sidecar_runs(sidecar));
    fill(sidecar);
    generations_change_all(sidecar->generations);
    assert_suffers(sidecar, "No space left on device");

    tree_remove(filler);
    assert_heals(sidecar);
}

static void a_full_disk_loses_nothing_and_heals_when_there_is_room(void **state) {
    fills_up(*state, "size=1m", fill_with_bytes);
}

static void a_disk_without_inodes_loses_nothing_and_heals_when_there_are_some(void **state) {
    fills_up(*state, "size=4m,nr_inodes=64", fill_with_files);
}

static void a_disk_that_is_full_at_start_is_waited_for(void **state) {
    struct lone_sidecar *sidecar = *state;
    CLEANUP(memory_freep) char *filler = path_join(sidecar->out, "filler");

    if (!mounts(sidecar, "size=1m"))
        skip_because("mounting a file system needs root");
    fill_with_bytes(sidecar);
    lone_sidecar_start(sidecar);
    assert_true(WAIT_UNTIL(lone_sidecar_logged(sidecar, REFUSED, NULL) >= 3, DEADLINE_USUAL));
    assert_false(file_exists(sidecar->out, "prometheus.yml"));
    assert_int_equal(lone_sidecar_logged(sidecar, "level=error", REFUSED), 1);

    tree_remove(filler);
    assert_true(WAIT_UNTIL(file_exists(sidecar->out, "prometheus.yml"), DEADLINE_USUAL));
    CLEANUP(memory_freep) char *config = file_read(sidecar->out, "prometheus.yml");
    assert_true(generations_learn(sidecar->generations, config));
    assert_heals(sidecar);
}

static void remount(const struct lone_sidecar *sidecar, unsigned long flags) {
    assert_int_equal(mount(NULL, sidecar->out, NULL, MS_REMOUNT | flags, NULL), 0);
}

static void a_disk_that_turns_read_only_loses_nothing_and_heals(void **state) {
    struct lone_sidecar *sidecar = *state;

    if (!mounts(sidecar, "size=4m"))
        skip_because("mounting a file system needs root");
    assert_true(lone_sidecar_runs(sidecar));
    remount(sidecar, MS_RDONLY);
    generations_change_all(sidecar->generations);
    assert_suffers(sidecar, "Read-only file system");

    remount(sidecar, 0);
    assert_heals(sidecar);
}

/* --- descriptors
 * ----------------------------------------------------------------------------------- */

static void allow_descriptors(const struct lone_sidecar *sidecar, size_t count) {
    struct rlimit limit;
    pid_t id = process_id(sidecar->process);

    assert_int_equal(prlimit(id, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = count;
    assert_int_equal(prlimit(id, RLIMIT_NOFILE, &limit, NULL), 0);
}

static void without_free_descriptors_nothing_is_lost(void **state) {
    struct lone_sidecar *sidecar = *state;
    const size_t plenty = 256;
    const size_t those_of_stdio = 3; /* each further one would have a higher number */

    skip_unless_root("limiting the descriptors of another process");
    assert_true(lone_sidecar_runs(sidecar));
    allow_descriptors(sidecar, those_of_stdio);
    generations_change_all(sidecar->generations);
    assert_true(WAIT_UNTIL(lone_sidecar_logged(sidecar, "level=error", "oo many open files") > 0,
                           DEADLINE_USUAL));
    /* All that there is to say of them is said within a pass. */
    size_t passes = lone_sidecar_logged(sidecar, "msg=pass ", NULL);
    if (!WAIT_UNTIL(lone_sidecar_logged(sidecar, "msg=pass ", NULL) > passes + 1, DEADLINE_USUAL)) {
        lone_sidecar_show(sidecar);
        fail_msg("no pass comes");
    }
    passes = lone_sidecar_logged(sidecar, "msg=pass ", NULL);
    size_t loud = lone_sidecar_logged(sidecar, "level=error", NULL);
    assert_true(
        WAIT_UNTIL(lone_sidecar_logged(sidecar, "msg=pass ", NULL) > passes + 3, DEADLINE_USUAL));
    assert_int_equal(lone_sidecar_logged(sidecar, "level=error", NULL), loud);
    assert_whole(sidecar);

    allow_descriptors(sidecar, plenty);
    assert_true(lone_sidecar_converges(sidecar));
    assert_int_equal(lone_sidecar_end(sidecar, SIGTERM), 0);
}

/* --- sources
 * --------------------------------------------------------------------------------------- */

static void a_volume_that_vanishes_is_served_as_it_was_and_seen_when_it_returns(void **state) {
    struct lone_sidecar *sidecar = *state;
    CLEANUP(memory_freep) char *plain = path_join(sidecar->folder, "plain");
    CLEANUP(memory_freep) char *away = path_join(sidecar->folder, "away");

    assert_true(lone_sidecar_runs(sidecar));
    for (int round = 0; round < 3; round++) {
        size_t said = lone_sidecar_logged(sidecar, "does not exist yet", plain);
        assert_int_equal(rename(plain, away), 0);
        assert_true(WAIT_UNTIL(lone_sidecar_logged(sidecar, "does not exist yet", plain) > said,
                               DEADLINE_USUAL));
        generations_settle(sidecar->generations);
        assert_true(lone_sidecar_converges(sidecar));
        assert_int_equal(lone_sidecar_logged(sidecar, "does not exist yet", plain), said + 1);

        assert_int_equal(rename(away, plain), 0);
        generations_change_all(sidecar->generations);
        assert_true(lone_sidecar_converges(sidecar));
        generations_change_all(sidecar->generations);
        assert_true(lone_sidecar_converges(sidecar));
    }
    assert_int_equal(lone_sidecar_end(sidecar, SIGTERM), 0);
}

/* As many events as the kernel keeps for a reader, and more. */
static void overflow(const char *folder) {
    CLEANUP(memory_freep) char *text = file_read("/proc/sys/fs/inotify", "max_queued_events");
    CLEANUP(memory_freep) char *path = path_join(folder, ".hidden");
    long events = text != NULL ? strtol(text, NULL, 10) : 16384;

    for (long i = 0; i <= events; i++) {
        int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(descriptor >= 0);
        close(descriptor);
        unlink(path);
    }
}

static void when_events_are_lost_no_change_is(void **state) {
    struct lone_sidecar *sidecar = *state;
    CLEANUP(memory_freep) char *plain = path_join(sidecar->folder, "plain");

    assert_true(lone_sidecar_runs(sidecar));
    process_signal(sidecar->process, SIGSTOP);
    overflow(plain);
    generations_change_all(sidecar->generations);
    process_signal(sidecar->process, SIGCONT);
    assert_true(lone_sidecar_converges(sidecar));
    generations_change_all(sidecar->generations);
    assert_true(lone_sidecar_converges(sidecar));
    assert_int_equal(lone_sidecar_end(sidecar, SIGTERM), 0);
}

#define LONE_TEST(test) cmocka_unit_test_setup_teardown(test, lone_setup, lone_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        LONE_TEST(a_full_disk_loses_nothing_and_heals_when_there_is_room),
        LONE_TEST(a_disk_without_inodes_loses_nothing_and_heals_when_there_are_some),
        LONE_TEST(a_disk_that_is_full_at_start_is_waited_for),
        LONE_TEST(a_disk_that_turns_read_only_loses_nothing_and_heals),
        LONE_TEST(without_free_descriptors_nothing_is_lost),
        LONE_TEST(a_volume_that_vanishes_is_served_as_it_was_and_seen_when_it_returns),
        LONE_TEST(when_events_are_lost_no_change_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
