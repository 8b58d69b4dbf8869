/* SPDX-License-Identifier: Apache-2.0 */

/* Volumes as kubelet lays them out: a snapshot never mixes two generations of one. */

#include "support/kubelet.h"
#include "support/source_fixture.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define KUBELET CLEANUP(kubelet_volume_freep) struct kubelet_volume *

static void the_files_of_a_generation_have_the_names_of_their_links(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "b.yaml", "2", "a.yaml", "1", "team/c.yaml", "3", "notes.txt", "4",
                         NULL);

    source_reads(source);

    CLEANUP(memory_freep) char *path = path_join(source->volume, "team/c.yaml");
    assert_string_equal(names_of(source), "a.yaml b.yaml team/c.yaml");
    assert_string_equal(content_of(source, "team/c.yaml"), "3");
    assert_string_equal(file_of(source, "team/c.yaml")->path, path);
    assert_string_equal(messages_of(source), "");
    assert_true(source->snapshot->complete);
}

static void the_folder_that_holds_the_link_is_watched_and_not_the_generation(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "a.yaml", "1", "team/c.yaml", "3", NULL);

    source_reads(source);

    assert_int_equal(source->snapshot->directory_count, 1);
    assert_true(is_watched(source, "volume"));
}

static void a_new_generation_adds_changes_and_removes_files(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "changed.yaml", "1", "removed.yaml", "1", NULL);
    source_reads(source);

    kubelet_volume_write(volume, "added.yaml", "2", "changed.yaml", "2", NULL);
    source_reads(source);

    assert_string_equal(names_of(source), "added.yaml changed.yaml");
    assert_string_equal(content_of(source, "changed.yaml"), "2");
    assert_string_equal(messages_of(source), "");
}

static void a_file_that_a_new_generation_only_repeats_stays_the_same_file(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "a.yaml", "1", "b.yaml", "1", NULL);
    source_reads(source);
    const struct source_file *kept = file_of(source, "a.yaml");
    uint64_t changed = file_of(source, "b.yaml")->id;

    kubelet_volume_write(volume, "a.yaml", "1", "b.yaml", "2", NULL);
    source_reads(source);

    assert_ptr_equal(file_of(source, "a.yaml"), kept);
    assert_int_not_equal(file_of(source, "b.yaml")->id, changed);
}

/* --- between the steps */

struct interleaving {
    struct source_fixture *source;
    unsigned steps;
};

/* Before the swap the old content, from the swap on the new one; whatever else stands around. */
static void look(enum kubelet_step step, void *context) {
    struct interleaving *interleaving = context;
    struct source_fixture *source = interleaving->source;
    bool new = step >= KUBELET_SWAPPED;

    source_reads(source);
    assert_string_equal(names_of(source), new ? "added.yaml both.yaml dir/x.yaml"
                                              : "both.yaml dir/x.yaml removed.yaml");
    assert_string_equal(content_of(source, "both.yaml"), new ? "2" : "1");
    assert_string_equal(content_of(source, "dir/x.yaml"), new ? "2" : "1");
    assert_string_equal(messages_of(source), "");
    assert_true(source->snapshot->complete);
    interleaving->steps++;
}

static void at_every_step_of_a_swap_a_snapshot_is_all_old_or_all_new(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    struct interleaving interleaving = {.source = source};
    kubelet_volume_write(volume, "both.yaml", "1", "dir/x.yaml", "1", "removed.yaml", "1", NULL);

    kubelet_volume_on_step(volume, look, &interleaving);
    kubelet_volume_write(volume, "both.yaml", "2", "dir/x.yaml", "2", "added.yaml", "2", NULL);

    assert_int_equal(interleaving.steps, 8);
}

static void look_at_first(enum kubelet_step step, void *context) {
    struct interleaving *interleaving = context;

    source_reads(interleaving->source);
    assert_string_equal(names_of(interleaving->source),
                        step >= KUBELET_SWAPPED ? "a.yaml b.yaml" : "");
    assert_string_equal(messages_of(interleaving->source), "");
    interleaving->steps++;
}

static void at_every_step_of_the_first_write_a_snapshot_is_empty_or_full(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    struct interleaving interleaving = {.source = source};

    kubelet_volume_on_step(volume, look_at_first, &interleaving);
    kubelet_volume_write(volume, "a.yaml", "1", "b.yaml", "1", NULL);

    assert_int_equal(interleaving.steps, 5);
}

/* --- with another thread */

#define GENERATIONS      3000
#define GENERATION_FILES 6

struct swapper {
    struct kubelet_volume *volume;
    atomic_bool finished;
};

static const char *const generation_names[GENERATION_FILES] = {"a.yaml",   "b.yaml",   "c.yaml",
                                                               "d/e.yaml", "d/f.yaml", "g.yaml"};

/* Every file carries the number of its generation; odd ones lack a file. */
static void *swap_generations(void *context) {
    struct swapper *swapper = context;
    char number[16];
    struct kubelet_file files[GENERATION_FILES];

    for (unsigned generation = 1; generation <= GENERATIONS; generation++) {
        snprintf(number, sizeof(number), "%u", generation);
        for (size_t i = 0; i < GENERATION_FILES; i++) {
            files[i] = (struct kubelet_file){generation_names[i], number};
        }
        kubelet_volume_write_files(swapper->volume, files, GENERATION_FILES - generation % 2);
    }
    atomic_store(&swapper->finished, true);
    return NULL;
}

/* All files of the snapshot are of one generation, and it is all there. Returns its number. */
static unsigned long check_one_generation(const struct source_fixture *source) {
    const struct snapshot_volume *volume = &source->snapshot->volumes[0];
    assert_true(volume->file_count > 0);
    const char *content = volume->files[0]->content.data;
    unsigned long generation = strtoul(content, NULL, 10);

    for (size_t i = 0; i < volume->file_count; i++) {
        assert_string_equal(volume->files[i]->content.data, content);
    }
    assert_int_equal(volume->file_count, GENERATION_FILES - generation % 2);
    return generation;
}

static void a_snapshot_is_of_one_generation_while_thousands_are_swapped_in(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    struct swapper swapper = {.volume = volume};
    pthread_t thread;
    unsigned long last = 0;
    unsigned complete = 0;
    kubelet_volume_write(volume, "a.yaml", "0", "b.yaml", "0", "c.yaml", "0", "d/e.yaml", "0",
                         "d/f.yaml", "0", "g.yaml", "0", NULL);
    source_reads(source);
    assert_int_equal(check_one_generation(source), 0);

    assert_int_equal(pthread_create(&thread, NULL, swap_generations, &swapper), 0);
    while (!atomic_load(&swapper.finished)) {
        source_reads(source);
        unsigned long generation = check_one_generation(source);
        assert_true(generation >= last);
        assert_true(source->snapshot->volumes[0].present);
        complete += source->snapshot->complete ? 1 : 0;
        last = generation;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    source_reads(source);

    assert_int_equal(check_one_generation(source), GENERATIONS);
    assert_true(source->snapshot->complete);
    assert_true(complete > 0);
}

/* --- where kubelet's folders may stand */

static void secrets_may_be_mounted_one_by_one(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    CLEANUP(memory_freep) char *first = path_join(source->volume, "first");
    CLEANUP(memory_freep) char *second = path_join(source->volume, "second");
    KUBELET first_volume = kubelet_volume_new(first);
    KUBELET second_volume = kubelet_volume_new(second);
    kubelet_volume_write(first_volume, "user", "1", "password", "2", NULL);
    kubelet_volume_write(second_volume, "token", "3", NULL);

    source_reads(source);

    assert_string_equal(names_of(source), "first/password first/user second/token");
    assert_string_equal(messages_of(source), "");
    assert_int_equal(source->snapshot->directory_count, 3);
    assert_true(is_watched(source, "volume"));
    assert_true(is_watched(source, "volume/first"));
    assert_true(is_watched(source, "volume/second"));
}

static void secrets_may_be_one_projected_volume(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "first/user", "1", "first/password", "2", "second/.token", "3",
                         "stray", "4", NULL);

    source_reads(source);

    assert_string_equal(names_of(source), "first/password first/user second/.token");
    assert_int_equal(source->snapshot->directory_count, 1);
    assert_true(has_message(source, SEVERITY_INFO, "DIR/volume/stray"));
}

static void kubelet_volumes_may_stand_in_a_plain_folder_of_manifests(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *team = path_join(source->volume, "team-a");
    KUBELET volume = kubelet_volume_new(team);
    kubelet_volume_write(volume, "rw.yaml", "1", NULL);
    file_write(source->volume, "plain.yaml", "2");

    source_reads(source);

    assert_string_equal(names_of(source), "plain.yaml team-a/rw.yaml");
    assert_true(is_watched(source, "volume/team-a"));
}

static void plain_files_beside_the_generation_are_read_too(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "b.yaml", "1", NULL);
    file_write(source->volume, "a.yaml", "2");
    file_write(source->volume, "c/d.yaml", "3");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml b.yaml c/d.yaml");
    assert_true(is_watched(source, "volume/c"));
}

static void a_plain_folder_may_become_kubelets(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "plain");
    source_reads(source);
    file_remove(source->volume, "a.yaml");

    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "a.yaml", "kubelet", NULL);
    source_reads(source);

    assert_string_equal(content_of(source, "a.yaml"), "kubelet");
}

static void the_root_may_be_a_link_to_a_kubelet_volume(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *real = path_join(source->dir, "real");
    KUBELET volume = kubelet_volume_new(real);
    kubelet_volume_write(volume, "a.yaml", "1", NULL);
    link_make(source->dir, "volume", "real");
    CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");

    source_reads(source);

    assert_string_equal(file_of(source, "a.yaml")->path, path);
    assert_true(is_watched(source, ""));     /* holds the link */
    assert_true(is_watched(source, "real")); /* holds ..data */
    assert_int_equal(source->snapshot->directory_count, 2);
}

#define MOUNTS 12

struct mounts {
    struct kubelet_volume *volumes[MOUNTS];
    unsigned lists; /* of names that were about to be read */
};

/* The root has one list of names, a mount two in each try: each is swapped between its own two,
 * once. */
static void swap_next(void *context) {
    struct mounts *mounts = context;
    unsigned after_root = mounts->lists++ - 1;

    if (after_root % 4 == 1 && after_root / 4 < MOUNTS) {
        kubelet_volume_write(mounts->volumes[after_root / 4], "key", "new", NULL);
    }
}

static void a_dozen_mounts_that_are_swapped_in_one_reading_are_read_without_a_word(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    struct mounts mounts = {.lists = 0};
    char name[16];
    for (unsigned i = 0; i < MOUNTS; i++) {
        snprintf(name, sizeof(name), "m%02u", i);
        CLEANUP(memory_freep) char *path = path_join(source->volume, name);
        mounts.volumes[i] = kubelet_volume_new(path);
        kubelet_volume_write(mounts.volumes[i], "key", "old", NULL);
    }

    system_calls_before_each("fdopendir", swap_next, &mounts);
    source_reads(source);
    unsigned lists = system_calls_seen("fdopendir");
    system_calls_reset();

    assert_int_equal(lists, 1 + MOUNTS * 4);
    assert_string_equal(messages_of(source), "");
    assert_true(source->snapshot->complete);
    assert_int_equal(source->snapshot->volumes[0].file_count, MOUNTS);
    for (unsigned i = 0; i < MOUNTS; i++) {
        assert_string_equal(source->snapshot->volumes[0].files[i]->content.data, "new");
        kubelet_volume_free(mounts.volumes[i]);
    }
}

/* --- broken ones */

static void a_generation_that_is_missing_keeps_the_files_of_before(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    KUBELET volume = kubelet_volume_new(source->volume);
    kubelet_volume_write(volume, "a.yaml", "1", "b/c.yaml", "2", NULL);
    source_reads(source);
    const struct source_file *before = file_of(source, "b/c.yaml");

    file_remove(source->volume, "..data");
    link_make(source->volume, "..data", "..gone");
    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml b/c.yaml");
    assert_ptr_equal(file_of(source, "b/c.yaml"), before);
    assert_false(source->snapshot->complete);
    assert_true(has_message(source, SEVERITY_WARNING, "(what it held before is kept)"));
    assert_true(is_watched(source, "volume"));

    file_remove(source->volume, "..data");
    kubelet_volume_write(volume, "a.yaml", "3", NULL);
    source_reads(source);
    assert_string_equal(names_of(source), "a.yaml");
    assert_true(source->snapshot->complete);
}

static void a_broken_folder_leaves_the_others_of_its_volume_alone(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    CLEANUP(memory_freep) char *first = path_join(source->volume, "b-first");
    KUBELET volume = kubelet_volume_new(first);
    kubelet_volume_write(volume, "key", "1", NULL);
    file_write(source->volume, "a/key", "1");
    file_write(source->volume, "c/key", "1");
    source_reads(source);

    file_remove(first, "..data");
    link_make(first, "..data", "..gone");
    file_write(source->volume, "a/key", "22");
    file_write(source->volume, "c/more", "2");
    source_reads(source);

    assert_string_equal(names_of(source), "a/key b-first/key c/key c/more");
    assert_string_equal(content_of(source, "a/key"), "22");
    assert_string_equal(content_of(source, "b-first/key"), "1");
    assert_false(source->snapshot->complete);
}

static void a_generation_outside_the_volume_is_not_read(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "outside/a.yaml", "secret");
    folder_make(source->dir, "volume");
    link_make(source->volume, "..data", "../outside");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_true(has_message(source, SEVERITY_ERROR, "DIR/volume/..data"));
    assert_true(has_message(source, SEVERITY_ERROR, "leaves its volume"));
}

static void a_generation_that_leads_to_itself_is_an_error(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    folder_make(source->dir, "volume");
    link_make(source->volume, "..data", "..data");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_true(has_message(source, SEVERITY_ERROR, "leads back to itself"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_of_a_generation_have_the_names_of_their_links),
        cmocka_unit_test(the_folder_that_holds_the_link_is_watched_and_not_the_generation),
        cmocka_unit_test(a_new_generation_adds_changes_and_removes_files),
        cmocka_unit_test(a_file_that_a_new_generation_only_repeats_stays_the_same_file),
        cmocka_unit_test(at_every_step_of_a_swap_a_snapshot_is_all_old_or_all_new),
        cmocka_unit_test(at_every_step_of_the_first_write_a_snapshot_is_empty_or_full),
        cmocka_unit_test(a_snapshot_is_of_one_generation_while_thousands_are_swapped_in),
        cmocka_unit_test(secrets_may_be_mounted_one_by_one),
        cmocka_unit_test(secrets_may_be_one_projected_volume),
        cmocka_unit_test(kubelet_volumes_may_stand_in_a_plain_folder_of_manifests),
        cmocka_unit_test(plain_files_beside_the_generation_are_read_too),
        cmocka_unit_test(a_plain_folder_may_become_kubelets),
        cmocka_unit_test(the_root_may_be_a_link_to_a_kubelet_volume),
        cmocka_unit_test(a_dozen_mounts_that_are_swapped_in_one_reading_are_read_without_a_word),
        cmocka_unit_test(a_generation_that_is_missing_keeps_the_files_of_before),
        cmocka_unit_test(a_broken_folder_leaves_the_others_of_its_volume_alone),
        cmocka_unit_test(a_generation_outside_the_volume_is_not_read),
        cmocka_unit_test(a_generation_that_leads_to_itself_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
