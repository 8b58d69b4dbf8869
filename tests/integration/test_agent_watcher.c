/* SPDX-License-Identifier: Apache-2.0 */

/* Directories that come, go, and are replaced, and a kernel that refuses to watch. */

#include "agent/watcher.h"
#include "support/assertions.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/tempdir.h"

#include "base/compiler.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    uv_loop_t loop;
    char *dir;
    char *a;
    char *b;
    struct watcher *watcher;
    size_t events;
};

static void on_event(void *context) {
    ((struct fixture *)context)->events++;
}

static int given_two_directories(void **state) {
    struct fixture *fixture = memory_new(1, sizeof(*fixture));

    uv_loop_init(&fixture->loop);
    fixture->dir = tempdir_new();
    fixture->a = path_join(fixture->dir, "a");
    fixture->b = path_join(fixture->dir, "b");
    folder_make(fixture->dir, "a");
    folder_make(fixture->dir, "b");
    fixture->watcher = watcher_new(&fixture->loop, on_event, fixture);
    log_lines_start();
    *state = fixture;
    return 0;
}

static int close_all(void **state) {
    struct fixture *fixture = *state;

    watcher_close(fixture->watcher);
    bool clean = loop_finish(&fixture->loop);
    log_lines_stop();
    tempdir_remove(fixture->dir);
    free(fixture->a);
    free(fixture->b);
    free(fixture);
    return clean ? 0 : -1;
}

static size_t sync_both(struct fixture *fixture) {
    const char *const directories[] = {fixture->a, fixture->b};

    return watcher_sync(fixture->watcher, directories, 2);
}

static bool has_events(void *context) {
    return ((struct fixture *)context)->events > 0;
}

static void then_a_change_is_seen(struct fixture *fixture, const char *folder) {
    fixture->events = 0;
    file_write(folder, "file", "content");
    assert_true(loop_until(&fixture->loop, has_events, fixture, LOOP_DEADLINE));
    loop_for(&fixture->loop, 20);
    fixture->events = 0;
}

static void then_a_change_is_not_seen(struct fixture *fixture, const char *folder) {
    fixture->events = 0;
    file_write(folder, "file", "content");
    loop_for(&fixture->loop, 50);
    assert_int_equal(fixture->events, 0);
}

static void new_watches_are_counted_once(void **state) {
    struct fixture *fixture = *state;

    assert_int_equal(sync_both(fixture), 2);
    assert_int_equal(sync_both(fixture), 0);
    assert_int_equal(watcher_counters(fixture->watcher).watches, 2);
    then_a_change_is_seen(fixture, fixture->a);
    then_a_change_is_seen(fixture, fixture->b);
    assert_int_equal(sync_both(fixture), 0);
}

static void a_directory_that_is_given_up_is_not_seen_any_more(void **state) {
    struct fixture *fixture = *state;

    assert_int_equal(sync_both(fixture), 2);
    assert_int_equal(watcher_sync(fixture->watcher, (const char *const *)&fixture->b, 1), 0);

    assert_int_equal(watcher_counters(fixture->watcher).watches, 1);
    then_a_change_is_not_seen(fixture, fixture->a);
    then_a_change_is_seen(fixture, fixture->b);
}

/* The events of a folder come in their order: one for the folder that is made last, and none for
 * what came and went before. */
static void what_publishing_makes_for_itself_is_no_news(void **state) {
    static const char *const names[] = {
        ".prometheus.yml.remotewrite-sidecar.tmp-0123abcd",
        ".prometheus.yml.remotewrite-sidecar.last-good",
    };
    struct fixture *fixture = *state;
    sync_both(fixture);

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        file_write(fixture->a, names[i], "content");
        file_remove(fixture->a, names[i]);
    }
    folder_make(fixture->a, "news");

    assert_true(loop_until(&fixture->loop, has_events, fixture, LOOP_DEADLINE));
    assert_int_equal(fixture->events, 1);
}

static void nothing_to_watch_is_fine(void **state) {
    struct fixture *fixture = *state;

    assert_int_equal(watcher_sync(fixture->watcher, NULL, 0), 0);
    assert_int_equal(sync_both(fixture), 2);
    assert_int_equal(watcher_sync(fixture->watcher, NULL, 0), 0);
    assert_int_equal(watcher_counters(fixture->watcher).watches, 0);
}

static void a_directory_that_was_made_anew_is_watched_anew(void **state) {
    struct fixture *fixture = *state;

    assert_int_equal(sync_both(fixture), 2);
    for (int round = 0; round < 3; round++) {
        fixture->events = 0;
        tree_remove(fixture->a);
        folder_make(fixture->dir, "a");
        assert_true(loop_until(&fixture->loop, has_events, fixture, LOOP_DEADLINE));
        loop_for(&fixture->loop, 20);

        assert_int_equal(sync_both(fixture), 1);
        then_a_change_is_seen(fixture, fixture->a);
        assert_int_equal(sync_both(fixture), 0);
    }
}

static void a_directory_that_was_exchanged_unheard_is_watched_anew(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(memory_freep) char *other = path_join(fixture->dir, "other");

    assert_int_equal(sync_both(fixture), 2);
    assert_int_equal(rename(fixture->a, other), 0);
    folder_make(fixture->dir, "a");
    /* The loop has not turned: no event yet. */
    assert_int_equal(sync_both(fixture), 1);

    loop_for(&fixture->loop, 20);
    (void)sync_both(fixture);
    then_a_change_is_seen(fixture, fixture->a);
    then_a_change_is_not_seen(fixture, other);
}

static void a_link_that_turns_elsewhere_is_watched_anew(void **state) {
    struct fixture *fixture = *state;
    CLEANUP(memory_freep) char *link = path_join(fixture->dir, "link");

    link_make(fixture->dir, "link", "a");
    assert_int_equal(watcher_sync(fixture->watcher, (const char *const *)&link, 1), 1);
    assert_int_equal(unlink(link), 0);
    link_make(fixture->dir, "link", "b");

    assert_int_equal(watcher_sync(fixture->watcher, (const char *const *)&link, 1), 1);
    then_a_change_is_seen(fixture, fixture->b);
    then_a_change_is_not_seen(fixture, fixture->a);
}

static void a_directory_that_vanished_asks_for_another_reading(void **state) {
    struct fixture *fixture = *state;

    tree_remove(fixture->a);
    assert_int_equal(sync_both(fixture), 2);
    assert_int_equal(watcher_counters(fixture->watcher).watches, 1);
    assert_int_equal(watcher_counters(fixture->watcher).errors, 0);
    assert_int_equal(log_lines_count("level=error", NULL), 0);
}

/* --- the kernel's limit --------------------------------------------------------------------- */

enum {
    CHILD_FINE = 0,
    CHILD_WRONG = 1,
    CHILD_CANNOT = 2
};

static bool limit_watches(const char *count) {
    int fd = open("/proc/sys/user/max_inotify_watches", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, count, 1) == 1;

    if (fd >= 0) {
        close(fd);
    }
    return done;
}

/* In a user namespace of its own, where one watch is allowed, then more. */
static int watch_under_a_limit(struct fixture *fixture) {
    bool good = true;

    if (unshare(CLONE_NEWUSER) != 0 || !limit_watches("1")) {
        return CHILD_CANNOT;
    }
    good = good && sync_both(fixture) == 1;
    good = good && sync_both(fixture) == 0;
    good = good && watcher_counters(fixture->watcher).watches == 1;
    good = good && watcher_counters(fixture->watcher).errors == 2;
    good = good && log_lines_count("level=error msg=\"cannot watch every directory",
                                   "remedy=\"raise fs.inotify.max_user_watches") == 1;
    good = good && limit_watches("9");
    good = good && sync_both(fixture) == 1;
    good = good && log_lines_count("every directory is watched again", NULL) == 1;
    return good ? CHILD_FINE : CHILD_WRONG;
}

static void the_limit_of_watches_is_said_once_and_the_rest_is_watched(void **state) {
    struct fixture *fixture = *state;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        _exit(watch_under_a_limit(fixture));
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_CANNOT) {
        skip_because("the kernel allows no user namespace with a limit of watches of its own");
    }
    assert_int_equal(WEXITSTATUS(status), CHILD_FINE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, given_two_directories, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(new_watches_are_counted_once),
        TEST(a_directory_that_is_given_up_is_not_seen_any_more),
        TEST(what_publishing_makes_for_itself_is_no_news),
        TEST(nothing_to_watch_is_fine),
        TEST(a_directory_that_was_made_anew_is_watched_anew),
        TEST(a_directory_that_was_exchanged_unheard_is_watched_anew),
        TEST(a_link_that_turns_elsewhere_is_watched_anew),
        TEST(a_directory_that_vanished_asks_for_another_reading),
        TEST(the_limit_of_watches_is_said_once_and_the_rest_is_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
