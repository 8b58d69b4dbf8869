/* SPDX-License-Identifier: Apache-2.0 */

/* Where the kernel gives no read lease, a file that is written in place is told by how it looks:
 * NFS and SMB, some FUSE file systems, another user's file. */

#include "base/compiler.h"
#include "support/deadline.h"
#include "support/kubelet.h"
#include "support/source_fixture.h"
#include "support/system_call_wrappers.h"
#include "support/system_calls.h"
#include "support/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A refusal that tells nothing of a writer. */
struct refusal {
    int error;
    long file_system; /* 0: of the test's folder */
};

static const struct refusal refusals[] = {
    {EINVAL, 0},
    {EACCES, 0},
    {EOPNOTSUPP, 0},
    {ENOSYS, 0},
    {ENOLCK, 0},
    {EPERM, 0},
    {EAGAIN, NFS_SUPER_MAGIC},
    {EAGAIN, (long)SMB2_SUPER_MAGIC},
    {EAGAIN, (long)CIFS_SUPER_MAGIC},
    {EAGAIN, SMB_SUPER_MAGIC},
};

static void arrange(const struct refusal *refusal) {
    system_calls_refuse_leases(refusal->error);
    system_calls_pretend_file_system(refusal->file_system);
}

static int forget_system_calls(void **state) {
    (void)state;
    system_calls_reset();
    return 0;
}

static struct source_fixture *given(void) {
    struct source_fixture *source = source_given(VOLUME_REMOTE_WRITE);

    source->settings.patience =
        (struct writer_patience){.closed = 1, .unknown = 40, .emptied = 80, .report = 40};
    return source;
}

static bool waits(const struct source_fixture *source) {
    return source->snapshot->writers.look_again > 0;
}

static bool comes_to_hold(struct source_fixture *source, const char *name, const char *text) {
    return WAIT_UNTIL((source_reads(source), strcmp(content_of(source, name), text) == 0),
                      DEADLINE_USUAL);
}

static void still_holds(struct source_fixture *source, const char *name, const char *text) {
    source_reads(source);
    assert_string_equal(content_of(source, name), text);
    assert_true(waits(source));
}

/* Each look meets another file: none of them is taken, however slow this machine is. */
static void what_is_written_in_place_is_taken_once_it_looks_the_same(void **state) {
    (void)state;

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        SOURCE source = given();
        CLEANUP(memory_freep) char *path = path_join(source->volume, "a.yaml");
        file_write(source->dir, "volume/a.yaml", "a: 1\n");
        arrange(&refusals[i]);
        assert_true(comes_to_hold(source, "a.yaml", "a: 1\n"));

        int writer = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        still_holds(source, "a.yaml", "a: 1\n");
        for (size_t n = 0; n < 3; n++) {
            assert_int_equal(write(writer, "# half\n", 7), 7);
            still_holds(source, "a.yaml", "a: 1\n");
        }
        assert_int_equal(write(writer, "a: 2\n", 5), 5);
        still_holds(source, "a.yaml", "a: 1\n");
        close(writer);

        assert_true(comes_to_hold(source, "a.yaml", "# half\n# half\n# half\na: 2\n"));
        assert_false(waits(source));
    }
}

static void a_new_file_is_not_there_before_it_looks_the_same(void **state) {
    (void)state;

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        SOURCE source = given();
        arrange(&refusals[i]);
        source_reads(source);
        file_write(source->dir, "volume/a.yaml", "half");

        source_reads(source);
        assert_string_equal(names_of(source), "");
        assert_true(waits(source));
        assert_true(comes_to_hold(source, "a.yaml", "half"));
    }
}

/* As kubelet, git and editors do it. */
static void what_came_by_rename_is_taken_at_once(void **state) {
    (void)state;

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        SOURCE source = given();
        source->settings.patience.unknown = INT64_C(1) << 40;
        arrange(&refusals[i]);
        file_write(source->dir, "volume/a.yaml", "a: 1\n");
        file_age(source->dir, "volume/a.yaml", 60);
        source_reads(source);
        assert_string_equal(content_of(source, "a.yaml"), "a: 1\n");

        file_write(source->dir, "new", "a: 2\n");
        file_age(source->dir, "new", 60);
        CLEANUP(memory_freep) char *from = path_join(source->dir, "new");
        CLEANUP(memory_freep) char *to = path_join(source->volume, "a.yaml");
        assert_int_equal(rename(from, to), 0);
        source_reads(source);
        assert_string_equal(content_of(source, "a.yaml"), "a: 2\n");
        assert_false(waits(source));
    }
}

static void a_generation_of_kubelet_s_is_taken_at_once(void **state) {
    (void)state;

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        SOURCE source = given();
        source->settings.patience.unknown = INT64_C(1) << 40;
        CLEANUP(kubelet_volume_freep)
        struct kubelet_volume *volume = kubelet_volume_new(source->volume);
        arrange(&refusals[i]);
        kubelet_volume_write(volume, "a.yaml", "a: 1\n", NULL);
        source_reads(source);
        assert_string_equal(content_of(source, "a.yaml"), "a: 1\n");
        kubelet_volume_write(volume, "a.yaml", "a: 2\n", NULL);
        source_reads(source);
        assert_string_equal(content_of(source, "a.yaml"), "a: 2\n");
        assert_false(waits(source));
    }
}

static void what_was_emptied_in_place_waits_for_longer(void **state) {
    (void)state;

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        SOURCE source = given();
        source->settings.patience.emptied = INT64_C(1) << 40;
        file_write(source->dir, "volume/a.yaml", "a: 1\n");
        arrange(&refusals[i]);
        assert_true(comes_to_hold(source, "a.yaml", "a: 1\n"));

        file_write(source->dir, "volume/a.yaml", "");
        for (size_t n = 0; n < 3; n++) {
            still_holds(source, "a.yaml", "a: 1\n");
        }
        file_write(source->dir, "volume/a.yaml", "a: 2\n");
        assert_true(comes_to_hold(source, "a.yaml", "a: 2\n"));
    }
}

/* A base with no bytes counted before it is what --watch-interval=0 waits for. */
static void a_base_is_read_without_a_lease(void **state) {
    (void)state;

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        SOURCE source = given();
        source_with_base(source);
        arrange(&refusals[i]);
        file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
        source_reads(source);
        assert_int_equal(source->snapshot->base.error, -ETXTBSY);
        assert_true(
            WAIT_UNTIL((source_reads(source), source->snapshot->base.error == 0), DEADLINE_USUAL));
        assert_string_equal(source->snapshot->base.file->content.data, "global: {}\n");
    }
}

/* On a local file system EAGAIN is a writer, and nothing else. */
static void a_writer_is_waited_for_and_warned_of(void **state) {
    (void)state;
    SOURCE source = given();
    file_write(source->dir, "volume/a.yaml", "a: 1\n");
    source_reads(source);
    file_write(source->dir, "volume/a.yaml", "a: 2\n");
    arrange(&(struct refusal){EAGAIN, EXT4_SUPER_MAGIC});

    assert_true(WAIT_UNTIL(
        (still_holds(source, "a.yaml", "a: 1\n"), source->snapshot->diagnostics.count > 0),
        DEADLINE_USUAL));
    system_calls_reset();
    assert_true(comes_to_hold(source, "a.yaml", "a: 2\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_written_in_place_is_taken_once_it_looks_the_same,
                                  forget_system_calls),
        cmocka_unit_test_teardown(a_new_file_is_not_there_before_it_looks_the_same,
                                  forget_system_calls),
        cmocka_unit_test_teardown(what_came_by_rename_is_taken_at_once, forget_system_calls),
        cmocka_unit_test_teardown(a_generation_of_kubelet_s_is_taken_at_once, forget_system_calls),
        cmocka_unit_test_teardown(what_was_emptied_in_place_waits_for_longer, forget_system_calls),
        cmocka_unit_test_teardown(a_base_is_read_without_a_lease, forget_system_calls),
        cmocka_unit_test_teardown(a_writer_is_waited_for_and_warned_of, forget_system_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
