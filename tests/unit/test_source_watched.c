/* SPDX-License-Identifier: Apache-2.0 */

/* What is only watched: when it is the same, when it is another, and what becomes of what cannot be
 * read. */

#include "support/kubelet.h"
#include "support/source_fixture.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    OLD = 60 /* seconds: the file's time is trusted */
};

static int forget_system_calls(void **state) {
    system_calls_reset();
    return 0;
}

/* A source that only watches DIR/rules. */
static struct source_fixture *watched_given(void) {
    struct source_fixture *fixture = source_given(VOLUME_REMOTE_WRITE);
    const char **paths = ARENA_NEW_ARRAY(fixture->arena, const char *, 1);

    paths[0] = arena_format(fixture->arena, "%s/rules", fixture->dir);
    fixture->settings.volume_count = 0;
    fixture->settings.watched_paths = paths;
    fixture->settings.watched_path_count = 1;
    return fixture;
}

static const char *rules(const struct source_fixture *fixture) {
    return fixture->settings.watched_paths[0];
}

static uint64_t digest(struct source_fixture *fixture) {
    source_reads(fixture);
    return fixture->snapshot->watched;
}

/* --- the same, and another -------------------------------------------------------------------- */

static void the_digest_changes_with_what_the_files_hold_and_are_called(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    uint64_t first = digest(source);

    file_write(rules(source), "a.yml", "two");
    uint64_t edited = digest(source);
    file_write(rules(source), "deep/er/b.yml", "one");
    uint64_t added = digest(source);
    file_remove(rules(source), "deep/er/b.yml");
    uint64_t removed = digest(source);
    assert_int_equal(rename(arena_format(source->arena, "%s/a.yml", rules(source)),
                            arena_format(source->arena, "%s/b.yml", rules(source))),
                     0);
    uint64_t renamed = digest(source);

    assert_int_not_equal(first, edited);
    assert_int_not_equal(edited, added);
    assert_int_equal(removed, edited);
    assert_int_not_equal(renamed, edited);
    assert_string_equal(messages_of(source), "");
}

static void hidden_files_count(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    uint64_t first = digest(source);

    file_write(rules(source), ".hidden", "x");

    assert_int_not_equal(digest(source), first);
}

static void a_file_that_is_touched_or_written_anew_is_the_same(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    uint64_t first = digest(source);

    file_age(rules(source), "a.yml", OLD);
    assert_int_equal(digest(source), first);
    file_replace(rules(source), "a.yml", "one");
    assert_int_equal(digest(source), first);
}

static void a_generation_of_kubelets_with_the_same_bytes_is_the_same(void **state) {
    SOURCE source = watched_given();
    folder_make(source->dir, "rules");
    CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(rules(source));
    kubelet_volume_write(volume, "a.yml", "one", "d/b.yml", "two", NULL);
    uint64_t first = digest(source);

    kubelet_volume_write(volume, "a.yml", "one", "d/b.yml", "three", NULL);
    uint64_t second = digest(source);
    kubelet_volume_write(volume, "a.yml", "one", "d/b.yml", "two", NULL);

    assert_int_not_equal(first, second);
    assert_int_equal(digest(source), first);
    assert_true(is_watched(source, "rules"));
    assert_string_equal(messages_of(source), "");
}

struct steps {
    struct source_fixture *source;
    uint64_t before;
    uint64_t last;
    unsigned changes;
};

static void read_in_between(enum kubelet_step step, void *context) {
    struct steps *steps = context;
    uint64_t now = digest(steps->source);

    (void)step;
    steps->changes += now != steps->last ? 1 : 0;
    steps->last = now;
}

static void a_generation_of_kubelets_is_one_change_whenever_one_looks(void **state) {
    SOURCE source = watched_given();
    folder_make(source->dir, "rules");
    CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(rules(source));
    kubelet_volume_write(volume, "a.yml", "one", "gone.yml", "x", NULL);
    struct steps steps = {.source = source, .before = digest(source)};
    steps.last = steps.before;

    kubelet_volume_on_step(volume, read_in_between, &steps);
    kubelet_volume_write(volume, "a.yml", "two", "new.yml", "y", NULL);

    assert_int_equal(steps.changes, 1);
    assert_int_not_equal(steps.last, steps.before);
}

static void swap_generation(void *context) {
    kubelet_volume_write(context, "a.yml", "new", "d/b.yml", "new", NULL);
}

/* The generation is swapped right before the nth call, for every n there is: what comes out is the
 * old one or the new one, and nothing in between. */
static void no_reading_mixes_two_generations(void **state) {
    static const char *const calls[] = {"openat", "fstatat", "read", "readdir"};
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        bool reached = true;
        for (unsigned nth = 1; reached; nth++) {
            SOURCE source = watched_given();
            folder_make(source->dir, "rules");
            CLEANUP(kubelet_volume_freep)
            struct kubelet_volume *volume = kubelet_volume_new(rules(source));
            kubelet_volume_write(volume, "a.yml", "old", "d/b.yml", "old", NULL);
            uint64_t old = digest(source);

            system_calls_before(calls[i], nth, swap_generation, volume);
            source_reads_every_byte(source);
            uint64_t seen = source->snapshot->watched;
            system_calls_reset();
            uint64_t settled = digest(source);

            reached = settled != old;
            assert_true(seen == old || seen == settled);
        }
    }
}

/* --- links ------------------------------------------------------------------------------------ */

static void the_watched_path_itself_may_be_a_link(void **state) {
    SOURCE source = watched_given();
    file_write(source->dir, "real/a.yml", "one");
    link_make(source->dir, "rules", "real");
    uint64_t first = digest(source);

    file_write(source->dir, "real/a.yml", "two");

    assert_int_not_equal(digest(source), first);
    assert_true(is_watched(source, "real"));
    assert_true(is_watched(source, ""));
}

static void a_link_to_a_file_is_followed_wherever_it_leads(void **state) {
    SOURCE source = watched_given();
    file_write(source->dir, "elsewhere/a.yml", "one");
    folder_make(source->dir, "rules");
    link_make(rules(source), "a.yml", "../elsewhere/a.yml");
    uint64_t first = digest(source);

    file_write(source->dir, "elsewhere/a.yml", "two");

    assert_int_not_equal(digest(source), first);
    assert_true(is_watched(source, "elsewhere"));
}

static void a_link_to_a_folder_is_not_followed(void **state) {
    SOURCE source = watched_given();
    file_write(source->dir, "elsewhere/a.yml", "one");
    folder_make(source->dir, "rules");
    link_make(rules(source), "more", "../elsewhere");
    uint64_t first = digest(source);

    file_write(source->dir, "elsewhere/a.yml", "two");

    assert_int_equal(digest(source), first);
    assert_true(has_message(source, SEVERITY_INFO, "DIR/rules/more: info: is not watched"));
}

static void a_link_that_leads_nowhere_or_back_is_passed_over(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    uint64_t first = digest(source);

    link_make(rules(source), "dangling", "nothing");
    link_make(rules(source), "loop", "loop");
    link_make(rules(source), "up", "..");

    assert_int_equal(digest(source), first);
    assert_true(has_message(source, SEVERITY_WARNING, "dangling: warning: is passed over"));
    assert_true(has_message(source, SEVERITY_ERROR, "loop"));
}

/* --- absent, unreadable, too much ------------------------------------------------------------- */

static void an_absent_directory_is_said_and_comes_in_later(void **state) {
    SOURCE source = watched_given();
    uint64_t first = digest(source);
    assert_true(has_message(source, SEVERITY_WARNING, "DIR/rules: warning: does not exist yet"));
    assert_true(is_watched(source, ""));

    file_write(rules(source), "a.yml", "one");

    assert_int_not_equal(digest(source), first);
    assert_true(is_watched(source, "rules"));
    assert_string_equal(messages_of(source), "");
}

static void an_empty_directory_is_as_an_absent_one(void **state) {
    SOURCE source = watched_given();
    uint64_t first = digest(source);

    folder_make(source->dir, "rules");

    assert_int_equal(digest(source), first);
}

static void a_file_that_cannot_be_read_is_as_it_was_before(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    uint64_t first = digest(source);

    system_calls_fail("read", 1, EIO);
    source_reads_every_byte(source);
    system_calls_reset();

    assert_int_equal(source->snapshot->watched, first);
    assert_false(source->snapshot->complete);
    assert_true(has_message(source, SEVERITY_ERROR, "DIR/rules/a.yml: error: cannot be read: "));
    assert_true(has_message(source, SEVERITY_ERROR, "(what it held before is kept)"));
}

static void a_folder_that_cannot_be_read_is_as_it_was_before(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "d/a.yml", "one");
    uint64_t first = digest(source);

    for (unsigned nth = 1; nth <= 3; nth++) {
        system_calls_fail("openat", nth, EMFILE);
        source_reads_every_byte(source);
        system_calls_reset();
        assert_int_equal(source->snapshot->watched, first);
        assert_false(source->snapshot->complete);
    }
}

static void what_is_no_regular_file_is_never_opened(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    uint64_t first = digest(source);

    assert_int_equal(mkfifo(arena_format(source->arena, "%s/pipe", rules(source)), 0600), 0);

    assert_int_equal(digest(source), first);
    assert_true(has_message(source, SEVERITY_WARNING, "it is a named pipe"));
}

/* The bound is for volumes, which may be tenants'; watched directories are the operator's. */
static void twelve_thousand_files_are_watched_to_the_last_one(void **state) {
    SOURCE source = watched_given();
    source->settings.max_files = 3;
    for (unsigned i = 0; i < 12000; i++) {
        file_write(rules(source), arena_format(source->arena, "%u/%u.yml", i % 10, i), "one");
    }

    source_reads(source);
    assert_string_equal(messages_of(source), "");
    const uint64_t before = source->snapshot->watched;
    file_replace(rules(source), "9/11999.yml", "another");
    source_reads(source);

    assert_true(source->snapshot->watched != before);
}

static void folders_without_end_are_said(void **state) {
    SOURCE source = watched_given();
    CLEANUP(buffer_free) struct buffer path = {0};
    for (unsigned i = 0; i < 40; i++) {
        buffer_append_string(&path, "d/");
    }
    buffer_append_string(&path, "a.yml");
    file_write(rules(source), buffer_string(&path), "one");

    source_reads(source);

    assert_true(has_message(source, SEVERITY_WARNING, "it lies too deep"));
}

static void a_huge_file_is_told_by_its_size_and_time(void **state) {
    const off_t huge = (off_t)1 << 40;
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    const char *path = arena_format(source->arena, "%s/a.yml", rules(source));
    assert_int_equal(truncate(path, huge), 0);
    uint64_t first = digest(source);

    assert_int_equal(truncate(path, huge + 1), 0);

    assert_int_not_equal(digest(source), first);
    assert_string_equal(messages_of(source), "");
}

/* --- faults ----------------------------------------------------------------------------------- */

/* A volume of kubelet's, plain folders, a link out of them, and a file by itself. */
static struct source_fixture *world_given(void) {
    struct source_fixture *source = watched_given();
    const char **paths = ARENA_NEW_ARRAY(source->arena, const char *, 2);
    folder_make(source->dir, "rules");
    file_write(source->dir, "elsewhere/a.yml", "a");
    file_write(source->dir, "config/prometheus.yml", "config");
    file_write(rules(source), "plain/deep/b.yml", "b");
    link_make(rules(source), "plain/link.yml", "../../elsewhere/a.yml");
    folder_make(rules(source), "volume");
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *volume =
        kubelet_volume_new(arena_format(source->arena, "%s/volume", rules(source)));
    kubelet_volume_write(volume, "c.yml", "c", "d/e.yml", "e", NULL);

    paths[0] = rules(source);
    paths[1] = arena_format(source->arena, "%s/config/prometheus.yml", source->dir);
    source->settings.watched_paths = paths;
    source->settings.watched_path_count = 2;
    return source;
}

/* Returns false when there is no nth call any more. */
static bool fault_changes_nothing(struct source_fixture *source, uint64_t whole, size_t watched,
                                  unsigned nth, int error) {
    system_calls_fail(NULL, nth, error);
    source_reads_every_byte(source);
    bool reached = system_calls_seen(NULL) >= nth;
    system_calls_reset();

    if (source->snapshot->watched != whole || source->snapshot->directory_count < watched) {
        print_message("call %u failing with %s:\n%s", nth, strerror(error), messages_of(source));
    }
    assert_true(source->snapshot->watched == whole);
    assert_true(source->snapshot->directory_count >= watched);
    assert_true(digest(source) == whole);
    assert_int_equal(source->snapshot->directory_count, watched);
    return reached;
}

static void no_failing_call_changes_anything(void **state) {
    static const int errors[] = {EIO, EACCES, EMFILE, ENOMEM, EINTR};
    SOURCE source = world_given();
    const uint64_t whole = digest(source);
    const size_t watched = source->snapshot->directory_count;

    for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
        unsigned nth = 1;
        while (fault_changes_nothing(source, whole, watched, nth, errors[i])) {
            nth++;
        }
        assert_true(nth > 20);
    }
}

/* --- how little is read ----------------------------------------------------------------------- */

static void what_has_not_changed_is_not_read_again_but_where_every_byte_is(void **state) {
    SOURCE source = watched_given();
    file_write(rules(source), "a.yml", "one");
    file_age(rules(source), "a.yml", OLD);
    /* Its change time is of now, which is not trusted at first. */
    system_calls_shift_clock(OLD);
    source_reads(source);

    system_calls_watch();
    source_reads(source);
    assert_int_equal(system_calls_seen("read"), 0);
    source_reads_every_byte(source);
    assert_true(system_calls_seen("read") > 0);
}

static void a_file_may_be_watched_too(void **state) {
    SOURCE source = watched_given();
    file_write(source->dir, "rules", "one");
    uint64_t first = digest(source);

    file_replace(source->dir, "rules", "two");

    assert_int_not_equal(digest(source), first);
    assert_true(is_watched(source, ""));
    assert_string_equal(messages_of(source), "");
}

#define WATCHED_TEST(test) cmocka_unit_test_teardown(test, forget_system_calls)

int main(void) {
    const struct CMUnitTest tests[] = {
        WATCHED_TEST(the_digest_changes_with_what_the_files_hold_and_are_called),
        WATCHED_TEST(hidden_files_count),
        WATCHED_TEST(a_file_that_is_touched_or_written_anew_is_the_same),
        WATCHED_TEST(a_generation_of_kubelets_with_the_same_bytes_is_the_same),
        WATCHED_TEST(a_generation_of_kubelets_is_one_change_whenever_one_looks),
        WATCHED_TEST(no_reading_mixes_two_generations),
        WATCHED_TEST(the_watched_path_itself_may_be_a_link),
        WATCHED_TEST(a_link_to_a_file_is_followed_wherever_it_leads),
        WATCHED_TEST(a_link_to_a_folder_is_not_followed),
        WATCHED_TEST(a_link_that_leads_nowhere_or_back_is_passed_over),
        WATCHED_TEST(an_absent_directory_is_said_and_comes_in_later),
        WATCHED_TEST(an_empty_directory_is_as_an_absent_one),
        WATCHED_TEST(a_file_that_cannot_be_read_is_as_it_was_before),
        WATCHED_TEST(a_folder_that_cannot_be_read_is_as_it_was_before),
        WATCHED_TEST(what_is_no_regular_file_is_never_opened),
        WATCHED_TEST(twelve_thousand_files_are_watched_to_the_last_one),
        WATCHED_TEST(folders_without_end_are_said),
        WATCHED_TEST(a_huge_file_is_told_by_its_size_and_time),
        WATCHED_TEST(no_failing_call_changes_anything),
        WATCHED_TEST(what_has_not_changed_is_not_read_again_but_where_every_byte_is),
        WATCHED_TEST(a_file_may_be_watched_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
