/* SPDX-License-Identifier: Apache-2.0 */

/* What has not changed is not read again, and keeps its struct and id from snapshot to snapshot. */

#include "support/source_fixture.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* A minute later nobody can change a file and have it keep the times that it has now. */
static void time_passes(void) {
    system_calls_shift_clock(60);
}

static int forget_system_calls(void **state) {
    system_calls_reset();
    return 0;
}

static void an_unchanged_file_is_the_same_struct(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "b.yaml", "1");
    source_reads(source);
    const struct source_file *first = file_of(source, "a.yaml");

    file_write(source->volume, "b.yaml", "2");
    source_reads(source);

    assert_ptr_equal(file_of(source, "a.yaml"), first);
}

static void a_changed_file_has_a_new_id(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);
    uint64_t first = file_of(source, "a.yaml")->id;

    file_write(source->volume, "a.yaml", "2");
    source_reads(source);
    uint64_t second = file_of(source, "a.yaml")->id;
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);
    uint64_t third = file_of(source, "a.yaml")->id;

    assert_true(first < second);
    assert_true(second < third);
}

static void files_of_equal_bytes_have_ids_of_their_own(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "b.yaml", "1");

    source_reads(source);

    assert_int_not_equal(file_of(source, "a.yaml")->id, file_of(source, "b.yaml")->id);
}

static void a_file_that_is_replaced_by_equal_bytes_stays_the_same(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);
    const struct source_file *first = file_of(source, "a.yaml");

    file_replace(source->volume, "a.yaml", "1");
    source_reads(source);

    assert_ptr_equal(file_of(source, "a.yaml"), first);
}

static void a_file_that_has_settled_is_not_even_opened(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    time_passes();
    source_reads(source);

    system_calls_watch();
    source_reads(source);

    assert_int_equal(system_calls_seen("read"), 0);
    assert_string_equal(content_of(source, "a.yaml"), "1");
}

static void with_every_byte_a_settled_file_is_read_again(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    time_passes();
    source_reads(source);
    const struct source_file *first = file_of(source, "a.yaml");

    system_calls_watch();
    source_reads_every_byte(source);

    assert_true(system_calls_seen("read") > 0);
    assert_ptr_equal(file_of(source, "a.yaml"), first);
}

/* Within one tick of the file system's clock: same inode, size and times, other bytes. */
static void a_file_changed_twice_at_once_is_seen_though_its_times_are_equal(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    system_calls_freeze_times(time(NULL));
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);

    file_write(source->volume, "a.yaml", "2");
    source_reads(source);

    assert_string_equal(content_of(source, "a.yaml"), "2");
}

/* What the times are trusted with, and what every_byte is for. */
static void a_file_with_old_times_that_changed_all_the_same_takes_every_byte_to_see(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    system_calls_freeze_times(time(NULL) - 60);
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);

    file_write(source->volume, "a.yaml", "2");
    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), "1");
    source_reads_every_byte(source);
    assert_string_equal(content_of(source, "a.yaml"), "2");
}

/* A clock that was set back: the file is from the future and never settles. */
static void a_file_from_the_future_is_compared_each_time(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    system_calls_freeze_times(time(NULL) + 3600);
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);

    system_calls_watch();
    source_reads(source);

    assert_true(system_calls_seen("read") > 0);
}

static void an_earlier_snapshot_stays_as_it_was(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "b.yaml", "1");
    source->source = source_new(&source->settings);
    CLEANUP(snapshot_releasep) struct snapshot *first = source_read(source->source, false);

    file_write(source->volume, "a.yaml", "2");
    file_remove(source->volume, "b.yaml");
    CLEANUP(snapshot_releasep) struct snapshot *second = source_read(source->source, false);

    assert_int_equal(first->volumes[0].file_count, 2);
    assert_string_equal(first->volumes[0].files[0]->content.data, "1");
    assert_int_equal(second->volumes[0].file_count, 1);
    assert_string_equal(second->volumes[0].files[0]->content.data, "2");
}

/* What the second reading finds is the same as what the first found, or is not. */
struct comparison {
    struct source_fixture *source;
    struct snapshot *first;
};

static struct comparison compare_from(struct source_fixture *source) {
    source_add_volume(source, VOLUME_SECRET,
                      arena_format(source->arena, "%s/secrets", source->dir));
    source_with_base(source);
    source_with_labels(source);
    file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
    file_write(source->dir, "podinfo/labels", "a=\"b\"\n");
    file_write(source->volume, "a.yaml", "1");
    file_write(source->dir, "secrets/login/user", "somebody");
    source->source = source_new(&source->settings);
    return (struct comparison){source, source_read(source->source, false)};
}

static bool is_same_now(const struct comparison *comparison, bool every_byte) {
    CLEANUP(snapshot_releasep)
    struct snapshot *second = source_read(comparison->source->source, every_byte);

    return snapshot_same(comparison->first, second);
}

static void a_snapshot_of_the_same_is_the_same(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    struct comparison comparison = compare_from(source);

    assert_true(is_same_now(&comparison, false));
    assert_true(is_same_now(&comparison, true));
    file_replace(source->volume, "a.yaml", "1");
    file_replace(source->dir, "etc/prometheus.yml", "global: {}\n");
    file_replace(source->dir, "podinfo/labels", "a=\"b\"\n");
    file_replace(source->dir, "secrets/login/user", "somebody");
    file_write(source->volume, "notes.txt", "no manifest");
    assert_true(is_same_now(&comparison, false));
    snapshot_release(comparison.first);
}

static void a_snapshot_of_anything_else_is_another_one(void **state) {
    static const struct {
        const char *file;
        const char *text; /* NULL: it is removed */
    } changes[] = {
        {"volume/a.yaml", "2"},
        {"volume/a.yaml", NULL},
        {"volume/b.yaml", "1"},
        {"secrets/login/user", "nobody"},
        {"secrets/login/user", NULL},
        {"secrets/login/password", "x"},
        {"etc/prometheus.yml", "global:\n"},
        {"etc/prometheus.yml", NULL},
        {"podinfo/labels", "a=\"c\"\n"},
        {"podinfo/labels", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        SOURCE source = source_given(VOLUME_REMOTE_WRITE);
        struct comparison comparison = compare_from(source);

        if (changes[i].text != NULL) {
            file_write(source->dir, changes[i].file, changes[i].text);
        } else {
            file_remove(source->dir, changes[i].file);
        }
        assert_false(is_same_now(&comparison, false));
        snapshot_release(comparison.first);
    }
}

/* The files are as they were: kept, as nobody knows what is in them now. */
static void a_snapshot_with_something_else_to_say_is_another_one(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_file_size = 16;
    struct comparison comparison = compare_from(source);

    file_write(source->volume, "a.yaml", "far more than sixteen bytes");

    assert_false(is_same_now(&comparison, false));
    snapshot_release(comparison.first);
}

static void a_snapshot_outlives_its_source(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    struct source *own = source_new(&source->settings);
    CLEANUP(snapshot_releasep) struct snapshot *snapshot = source_read(own, false);

    source_free(own);

    assert_string_equal(snapshot->volumes[0].files[0]->content.data, "1");
}

static void nothing_of_nothing_can_be_released(void **state) {
    struct snapshot *snapshot = NULL;
    struct source *source = NULL;

    snapshot_releasep(&snapshot);
    source_freep(&source);
}

/* Ten thousand files, one change: found by search, not by comparing each with each. */
static void ten_thousand_files_are_read_in_a_moment(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    char name[64];
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "team-%02u/rw-%04u.yaml", i % 100, i);
        file_write(source->volume, name, name);
    }
    source_reads(source);
    const struct source_file *unchanged = file_of(source, "team-99/rw-9999.yaml");

    file_write(source->volume, "team-50/rw-0050.yaml", "changed");
    struct timespec begun;
    struct timespec ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    source_reads(source);
    clock_gettime(CLOCK_MONOTONIC, &ended);

    assert_int_equal(source->snapshot->volumes[0].file_count, 10000);
    assert_string_equal(content_of(source, "team-50/rw-0050.yaml"), "changed");
    assert_ptr_equal(file_of(source, "team-99/rw-9999.yaml"), unchanged);
    assert_true(ended.tv_sec - begun.tv_sec < 20); /* generous: valgrind, busy machines */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_unchanged_file_is_the_same_struct, forget_system_calls),
        cmocka_unit_test_teardown(a_changed_file_has_a_new_id, forget_system_calls),
        cmocka_unit_test_teardown(files_of_equal_bytes_have_ids_of_their_own, forget_system_calls),
        cmocka_unit_test_teardown(a_file_that_is_replaced_by_equal_bytes_stays_the_same,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_file_that_has_settled_is_not_even_opened, forget_system_calls),
        cmocka_unit_test_teardown(with_every_byte_a_settled_file_is_read_again,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_file_changed_twice_at_once_is_seen_though_its_times_are_equal,
                                  forget_system_calls),
        cmocka_unit_test_teardown(
            a_file_with_old_times_that_changed_all_the_same_takes_every_byte_to_see,
            forget_system_calls),
        cmocka_unit_test_teardown(a_file_from_the_future_is_compared_each_time,
                                  forget_system_calls),
        cmocka_unit_test_teardown(an_earlier_snapshot_stays_as_it_was, forget_system_calls),
        cmocka_unit_test_teardown(a_snapshot_of_the_same_is_the_same, forget_system_calls),
        cmocka_unit_test_teardown(a_snapshot_of_anything_else_is_another_one, forget_system_calls),
        cmocka_unit_test_teardown(a_snapshot_with_something_else_to_say_is_another_one,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_snapshot_outlives_its_source, forget_system_calls),
        cmocka_unit_test_teardown(nothing_of_nothing_can_be_released, forget_system_calls),
        cmocka_unit_test_teardown(ten_thousand_files_are_read_in_a_moment, forget_system_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
