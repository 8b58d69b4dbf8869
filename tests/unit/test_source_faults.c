/* SPDX-License-Identifier: Apache-2.0 */

/* Reading while files change under the reader, and while the system refuses calls. */

#include "source/fault.h"
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

static int forget_system_calls(void **state) {
    system_calls_reset();
    return 0;
}

/* --- changes in between */

struct change {
    struct kubelet_volume *volume;
    const char *folder;
    const char *content;
    unsigned count;
};

static void swap_generation(void *context) {
    struct change *change = context;

    change->count++;
    kubelet_volume_write(change->volume, "a.yaml", "new", "d/b.yaml", "new", "d/e/c.yaml", "new",
                         "z.yaml", "new", NULL);
}

/* The swap comes just before the nth call, for every n there is: whatever was read until then is of
 * a generation that is gone when the reading goes on. */
static void check_swap_before_each(const char *call) {
    for (unsigned nth = 1;; nth++) {
        SOURCE source = source_given(VOLUME_REMOTE_WRITE);
        CLEANUP(kubelet_volume_freep)
        struct kubelet_volume *volume = kubelet_volume_new(source->volume);
        struct change change = {.volume = volume};
        kubelet_volume_write(volume, "a.yaml", "old", "d/b.yaml", "old", "d/e/c.yaml", "old",
                             "gone.yaml", "old", NULL);

        system_calls_before(call, nth, swap_generation, &change);
        source_reads(source);
        system_calls_reset();

        bool new = strcmp(content_of(source, "a.yaml"), "new") == 0;
        assert_true(source->snapshot->complete);
        assert_string_equal(messages_of(source), "");
        assert_string_equal(names_of(source), new ? "a.yaml d/b.yaml d/e/c.yaml z.yaml"
                                                  : "a.yaml d/b.yaml d/e/c.yaml gone.yaml");
        for (size_t i = 0; i < 4; i++) {
            assert_string_equal(source->snapshot->volumes[0].files[i]->content.data,
                                new ? "new" : "old");
        }
        if (change.count == 0) {
            assert_true(nth > 1);
            return;
        }
    }
}

static void a_swap_before_any_call_gives_the_old_or_the_new_generation(void **state) {
    static const char *const calls[] = {"openat", "fstatat", "fstat",    "readdir",
                                        "read",   "close",   "fdopendir"};

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        check_swap_before_each(calls[i]);
    }
}

static void swap_linked(void *context) {
    struct change *change = context;

    change->count++;
    kubelet_volume_write(change->volume, "one.yaml", "new", "two.yaml", "new", NULL);
}

/* Links of a plain folder into one of kubelet's: they never lead to nothing, nor to two
 * generations. */
static void a_swap_under_links_gives_the_old_or_the_new_generation(void **state) {
    static const char *const calls[] = {"openat", "fstatat", "fstat", "readlinkat", "read"};

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        for (unsigned nth = 1;; nth++) {
            SOURCE source = source_given(VOLUME_REMOTE_WRITE);
            CLEANUP(memory_freep) char *hidden = path_join(source->volume, ".hidden");
            CLEANUP(kubelet_volume_freep)
            struct kubelet_volume *volume = kubelet_volume_new(hidden);
            struct change change = {.volume = volume};
            kubelet_volume_write(volume, "one.yaml", "old", "two.yaml", "old", NULL);
            link_make(source->volume, "a.yaml", ".hidden/one.yaml");
            link_make(source->volume, "b.yaml", ".hidden/two.yaml");

            system_calls_before(calls[i], nth, swap_linked, &change);
            source_reads(source);
            system_calls_reset();

            assert_string_equal(names_of(source), "a.yaml b.yaml");
            assert_string_equal(content_of(source, "a.yaml"), content_of(source, "b.yaml"));
            assert_true(source->snapshot->complete);
            assert_string_equal(messages_of(source), "");
            if (change.count == 0) {
                break;
            }
        }
    }
}

static void swap_again(void *context) {
    struct change *change = context;
    char content[16];

    snprintf(content, sizeof(content), "%u", ++change->count);
    kubelet_volume_write(change->volume, "a.yaml", content, "b.yaml", content, NULL);
}

static void a_volume_that_never_stands_still_keeps_its_files_and_says_so(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(kubelet_volume_freep)
    struct kubelet_volume *volume = kubelet_volume_new(source->volume);
    struct change change = {.volume = volume};
    kubelet_volume_write(volume, "a.yaml", "0", "b.yaml", "0", NULL);
    source_reads(source);

    system_calls_before_each("fdopendir", swap_again, &change);
    source_reads(source);
    system_calls_reset();

    assert_string_equal(names_of(source), "a.yaml b.yaml");
    assert_string_equal(content_of(source, "a.yaml"), "0");
    assert_false(source->snapshot->complete);
    assert_true(has_message(source, SEVERITY_WARNING, "changed 8 times while it was read"));
    assert_int_equal(source->snapshot->diagnostics.count, 1);

    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), content_of(source, "b.yaml"));
    assert_true(source->snapshot->complete);
}

static void write_in_place(void *context) {
    struct change *change = context;

    change->count++;
    file_write(change->folder, "a.yaml", change->content);
}

/* A file that is rewritten in place just before the nth call is read as it was or as it is. */
static void check_rewrite_before(const char *call, const char *content) {
    for (unsigned nth = 1;; nth++) {
        SOURCE source = source_given(VOLUME_REMOTE_WRITE);
        struct change change = {.folder = source->volume, .content = content};
        file_write(source->volume, "a.yaml", "before");

        system_calls_before(call, nth, write_in_place, &change);
        source_reads(source);
        system_calls_reset();

        const char *seen = content_of(source, "a.yaml");
        assert_true(strcmp(seen, "before") == 0 || strcmp(seen, content) == 0);
        assert_true(source->snapshot->complete);
        if (change.count == 0) {
            return;
        }
    }
}

static void a_file_that_grows_shrinks_or_turns_while_it_is_read_is_read_again(void **state) {
    static const char *const contents[] = {"grown and much longer", "", "other!", "x"};

    for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
        check_rewrite_before("read", contents[i]);
        check_rewrite_before("fstat", contents[i]);
        check_rewrite_before("openat", contents[i]);
        check_rewrite_before("fstatat", contents[i]);
    }
}

static void grow(void *context) {
    struct change *change = context;
    CLEANUP(buffer_free) struct buffer content = {0};

    buffer_append_repeated(&content, 'x', ++change->count);
    file_write_bytes(change->folder, "a.yaml", buffer_bytes(&content));
}

static void a_file_that_grows_with_every_read_keeps_what_it_held(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    struct change change = {.folder = source->volume};
    file_write(source->volume, "a.yaml", "before");
    file_write(source->volume, "b.yaml", "good");
    source_reads(source);

    system_calls_before_each("read", grow, &change);
    source_reads(source);
    system_calls_reset();

    assert_string_equal(content_of(source, "a.yaml"), "before");
    assert_string_equal(content_of(source, "b.yaml"), "good");
    assert_false(source->snapshot->complete);
    assert_true(has_message(source, SEVERITY_ERROR, "changed each time it was read"));
}

static void remove_file(void *context) {
    struct change *change = context;

    if (change->count++ == 0) {
        file_remove(change->folder, "b.yaml");
    }
}

static void a_file_that_is_removed_while_its_folder_is_read_is_gone_or_there(void **state) {
    static const char *const calls[] = {"openat", "fstatat", "fstat", "read", "readdir"};

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        for (unsigned nth = 1;; nth++) {
            SOURCE source = source_given(VOLUME_REMOTE_WRITE);
            struct change change = {.folder = source->volume};
            file_write(source->volume, "a.yaml", "1");
            file_write(source->volume, "b.yaml", "1");
            file_write(source->volume, "c.yaml", "1");

            system_calls_before(calls[i], nth, remove_file, &change);
            source_reads(source);
            system_calls_reset();

            assert_string_equal(content_of(source, "a.yaml"), "1");
            assert_string_equal(content_of(source, "c.yaml"), "1");
            assert_string_equal(messages_of(source), "");
            assert_true(source->snapshot->complete);
            if (change.count == 0) {
                break;
            }
        }
    }
}

/* A link that is turned while it is followed must not lead out of the volume. */
static void turn_link(void *context) {
    struct change *change = context;

    if (change->count++ == 0) {
        tree_remove(change->folder);
        assert_int_equal(symlink("../outside", change->folder), 0);
    }
}

static void a_folder_that_becomes_a_link_out_of_the_volume_is_not_followed(void **state) {
    static const char *const calls[] = {"openat", "fstatat", "fstat", "readdir", "readlinkat"};

    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        for (unsigned nth = 1;; nth++) {
            SOURCE source = source_given(VOLUME_REMOTE_WRITE);
            CLEANUP(memory_freep) char *inside = path_join(source->volume, "d");
            struct change change = {.folder = inside};
            file_write(source->dir, "outside/a.yaml", "secret");
            file_write(source->volume, "d/a.yaml", "inside");
            link_make(source->volume, "link.yaml", "d/a.yaml");

            system_calls_before(calls[i], nth, turn_link, &change);
            source_reads(source);
            system_calls_reset();

            for (size_t j = 0; j < source->snapshot->volumes[0].file_count; j++) {
                assert_string_equal(source->snapshot->volumes[0].files[j]->content.data, "inside");
            }
            if (change.count == 0) {
                break;
            }
        }
    }
}

/* --- calls that fail */

static const int passing_errors[] = {EIO, EACCES, EMFILE, ENFILE, ENOMEM, EINTR, EPERM, ESTALE};

struct world {
    struct source_fixture *source;
    struct kubelet_volume *manifests;
    struct kubelet_volume *secret;
    char *secrets;
    char *plain;
};

static const char manifest_names[] = "a.yaml d/b.yaml d/c.yaml";
static const char secret_names[] = "mounted/key plain/key";
static const char plain_names[] = "link.yaml sub/x.yaml y.yaml";

/* A volume of each layout, the base, the labels. */
static void world_make(struct world *world, struct source_fixture *source) {
    world->source = source;
    world->secrets = path_join(source->dir, "secrets");
    world->plain = path_join(source->dir, "plain");
    world->manifests = kubelet_volume_new(source->volume);
    kubelet_volume_write(world->manifests, "a.yaml", "1", "d/b.yaml", "1", "d/c.yaml", "1", NULL);
    CLEANUP(memory_freep) char *mounted = path_join(world->secrets, "mounted");
    world->secret = kubelet_volume_new(mounted);
    kubelet_volume_write(world->secret, "key", "1", NULL);
    file_write(world->secrets, "plain/key", "1");
    file_write(world->plain, "sub/x.yaml", "1");
    file_write(world->plain, "y.yaml", "1");
    link_make(world->plain, "link.yaml", "sub/x.yaml");
    source_add_volume(source, VOLUME_SECRET, world->secrets);
    source_add_volume(source, VOLUME_REMOTE_WRITE, world->plain);
    source_with_base(source);
    source_with_labels(source);
    file_write(source->dir, "etc/real.yml", "1");
    link_make(source->dir, "etc/prometheus.yml", "real.yml");
    file_write(source->dir, "podinfo/labels", "1");
}

static void world_free(struct world *world) {
    kubelet_volume_free(world->manifests);
    kubelet_volume_free(world->secret);
    free(world->secrets);
    free(world->plain);
}

static bool world_is_whole(const struct world *world) {
    const struct source_fixture *source = world->source;
    const struct snapshot *snapshot = source->snapshot;

    for (size_t i = 0; i < snapshot->volume_count; i++) {
        for (size_t j = 0; j < snapshot->volumes[i].file_count; j++) {
            assert_string_equal(snapshot->volumes[i].files[j]->content.data, "1");
        }
    }
    return strcmp(names_of_volume(source, 0), manifest_names) == 0 &&
           strcmp(names_of_volume(source, 1), secret_names) == 0 &&
           strcmp(names_of_volume(source, 2), plain_names) == 0 && snapshot->base.file != NULL &&
           snapshot->labels.file != NULL;
}

/* Returns false when there is no nth call any more. */
static bool fault_drops_nothing(struct world *world, unsigned nth, int error) {
    struct source_fixture *source = world->source;

    system_calls_fail(NULL, nth, error);
    source_reads_every_byte(source);
    bool reached = system_calls_seen(NULL) >= nth;
    system_calls_reset();

    if (!world_is_whole(world)) {
        print_message("call %u failing with %s:\n%s", nth, strerror(error), messages_of(source));
        print_message("%s | %s | %s\n", names_of_volume(source, 0), names_of_volume(source, 1),
                      names_of_volume(source, 2));
    }
    assert_true(world_is_whole(world));
    bool said = diagnostics_count(&source->snapshot->diagnostics, SEVERITY_WARNING) > 0;
    assert_int_equal(source->snapshot->complete, !said);
    assert_true(is_watched(source, "volume"));
    assert_true(is_watched(source, "secrets/mounted"));
    assert_true(is_watched(source, "plain/sub"));
    assert_true(is_watched(source, "etc"));
    for (size_t i = 0; i < source->snapshot->volume_count; i++) {
        assert_true(source->snapshot->volumes[i].present);
    }
    source_reads(source);
    assert_true(world_is_whole(world));
    assert_true(source->snapshot->complete);
    assert_string_equal(messages_of(source), "");
    return reached;
}

static void no_failing_call_drops_a_file_that_was_there(void **state) {
    unsigned tried = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(passing_errors); i++) {
        SOURCE source = source_given(VOLUME_REMOTE_WRITE);
        struct world world;
        world_make(&world, source);
        source_reads(source);
        assert_true(world_is_whole(&world));
        assert_string_equal(messages_of(source), "");

        for (unsigned nth = 1; fault_drops_nothing(&world, nth, passing_errors[i]); nth++) {
            tried++;
        }
        world_free(&world);
    }
    assert_true(tried > 100 * ARRAY_LENGTH(passing_errors));
    print_message("%u faults, none of them dropped a file\n", tried);
}

/* Nothing is there yet to be kept: what cannot be read is missing, is said, and comes later. */
static void after_a_failing_call_the_first_snapshot_is_healed_by_the_second(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    struct world world;
    world_make(&world, source);

    for (unsigned nth = 1;; nth++) {
        source_freep(&source->source);
        system_calls_fail(NULL, nth, EMFILE);
        source_reads(source);
        bool reached = system_calls_seen(NULL) >= nth;
        system_calls_reset();

        if (!world_is_whole(&world)) {
            assert_false(source->snapshot->complete);
            assert_true(diagnostics_count(&source->snapshot->diagnostics, SEVERITY_ERROR) > 0);
        }
        source_reads(source);
        assert_true(world_is_whole(&world));
        assert_true(source->snapshot->complete);
        assert_string_equal(messages_of(source), "");
        if (!reached) {
            break;
        }
    }
    world_free(&world);
}

static void without_a_single_file_descriptor_everything_is_kept(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    struct world world;
    world_make(&world, source);
    source_reads(source);

    system_calls_fail_from("openat", 1, EMFILE);
    source_reads_every_byte(source);
    system_calls_reset();

    assert_true(world_is_whole(&world));
    assert_false(source->snapshot->complete);
    assert_int_equal(source->snapshot->base.error, -EMFILE);
    assert_true(has_message(source, SEVERITY_ERROR, "raise the sidecar's limit of open files"));
    world_free(&world);
}

/* The real thing, not a played one. */
static void a_file_that_may_not_be_read_keeps_what_it_held(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");
    const uid_t nobody = 65534;
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "b.yaml", "1");
    source_reads(source);

    file_write(source->volume, "a.yaml", "2");
    file_write(source->volume, "b.yaml", "2");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(source->dir, 0755), 0);
    bool root = geteuid() == 0;
    assert_true(!root || seteuid(nobody) == 0);
    source_reads(source);
    assert_true(!root || seteuid(0) == 0);

    assert_string_equal(content_of(source, "a.yaml"), "1");
    assert_string_equal(content_of(source, "b.yaml"), "2");
    assert_false(source->snapshot->complete);
    assert_string_equal(messages_of(source),
                        "DIR/volume/a.yaml: error: cannot be read: Permission denied (what it held "
                        "before is kept); let the sidecar's user read it (fsGroup, defaultMode)\n");
}

/* render and check have no sandbox, and do not speak of it. */
static void the_sandbox_is_a_cause_only_where_it_is_in_force(void **state) {
    struct fault fault = {.path = "a.yaml", .error = -EACCES};
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);

    fault_report(&diagnostics, &fault);
    fault.sandboxed = true;
    fault_report(&diagnostics, &fault);
    fault.error = -ENOENT;
    fault_report(&diagnostics, &fault);

    assert_int_equal(diagnostics.count, 3);
    assert_null(strstr(diagnostics.items[0].remedy, "sandbox"));
    assert_non_null(strstr(diagnostics.items[1].remedy, "restart the sidecar: its sandbox covers"));
    assert_null(strstr(diagnostics.items[2].remedy, "sandbox"));
}

static void a_file_that_is_touched_but_cannot_be_read_does_not_turn_old_bytes_new(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);
    file_write(source->volume, "a.yaml", "2");
    system_calls_fail("read", 1, EIO);
    source_reads(source);
    system_calls_reset();
    assert_string_equal(content_of(source, "a.yaml"), "1");

    system_calls_shift_clock(60);
    source_reads(source);

    assert_string_equal(content_of(source, "a.yaml"), "2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sandbox_is_a_cause_only_where_it_is_in_force),
        cmocka_unit_test_teardown(a_swap_before_any_call_gives_the_old_or_the_new_generation,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_swap_under_links_gives_the_old_or_the_new_generation,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_volume_that_never_stands_still_keeps_its_files_and_says_so,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_file_that_grows_shrinks_or_turns_while_it_is_read_is_read_again,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_file_that_grows_with_every_read_keeps_what_it_held,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_file_that_is_removed_while_its_folder_is_read_is_gone_or_there,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_folder_that_becomes_a_link_out_of_the_volume_is_not_followed,
                                  forget_system_calls),
        cmocka_unit_test_teardown(no_failing_call_drops_a_file_that_was_there, forget_system_calls),
        cmocka_unit_test_teardown(after_a_failing_call_the_first_snapshot_is_healed_by_the_second,
                                  forget_system_calls),
        cmocka_unit_test_teardown(without_a_single_file_descriptor_everything_is_kept,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_file_that_may_not_be_read_keeps_what_it_held,
                                  forget_system_calls),
        cmocka_unit_test_teardown(
            a_file_that_is_touched_but_cannot_be_read_does_not_turn_old_bytes_new,
            forget_system_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
