/* SPDX-License-Identifier: Apache-2.0 */

/* The base config and the labels file: links wherever they lead, gzip, and what happens when they
 * go. */

#include "source/gzip.h"
#include "support/kubelet.h"
#include "support/source_fixture.h"
#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static struct source_fixture *base_given(void) {
    struct source_fixture *source = source_given(VOLUME_REMOTE_WRITE);

    source->settings.volume_count = 0;
    source_with_base(source);
    return source;
}

static const char *base_of(const struct source_fixture *source) {
    const struct source_file *file = source->snapshot->base.file;

    return file != NULL ? arena_string(source->arena, file->content) : "(none)";
}

/* One gzip member. */
static void compress_into(struct buffer *out, struct bytes text) {
    z_stream stream = {0};

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    CLEANUP(memory_freep) char *input = memory_new(text.length + 1, 1);
    memcpy(input, text.data, text.length);
    stream.next_in = (Bytef *)input;
    stream.avail_in = (uInt)text.length;
    size_t bound = deflateBound(&stream, text.length);
    stream.next_out = (Bytef *)buffer_reserve(out, bound);
    stream.avail_out = (uInt)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->length += bound - stream.avail_out;
    deflateEnd(&stream);
}

static void the_base_and_the_labels_are_read(void **state) {
    SOURCE source = base_given();
    source_with_labels(source);
    file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
    file_write(source->dir, "podinfo/labels", "region=\"eu\"\n");

    source_reads(source);

    assert_string_equal(base_of(source), "global: {}\n");
    assert_string_equal(source->snapshot->base.file->path, source->base);
    assert_int_equal(source->snapshot->base.error, 0);
    assert_string_equal(source->snapshot->labels.file->content.data, "region=\"eu\"\n");
    assert_true(is_watched(source, "etc"));
    assert_true(is_watched(source, "podinfo"));
    assert_int_equal(source->snapshot->directory_count, 2);
    assert_string_equal(messages_of(source), "");
}

static void an_unchanged_base_is_the_same_struct(void **state) {
    SOURCE source = base_given();
    file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
    source_reads(source);
    const struct source_file *first = source->snapshot->base.file;

    file_replace(source->dir, "etc/prometheus.yml", "global: {}\n");
    source_reads(source);

    assert_ptr_equal(source->snapshot->base.file, first);
}

static void a_base_that_does_not_exist_is_an_error_and_its_nearest_folder_is_watched(void **state) {
    SOURCE source = base_given();

    source_reads(source);

    assert_int_equal(source->snapshot->base.error, -ENOENT);
    assert_null(source->snapshot->base.file);
    assert_string_equal(source->snapshot->base.path, source->base);
    assert_string_equal(messages_of(source),
                        "DIR/etc/prometheus.yml: error: does not exist; create it, or correct "
                        "--config-file\n");
    assert_true(is_watched(source, ""));
}

static void a_base_that_is_removed_keeps_its_bytes_with_an_error(void **state) {
    SOURCE source = base_given();
    file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
    source_reads(source);

    file_remove(source->dir, "etc/prometheus.yml");
    source_reads(source);

    assert_int_equal(source->snapshot->base.error, -ENOENT);
    assert_string_equal(base_of(source), "global: {}\n");
    assert_true(has_message(source, SEVERITY_ERROR, "(what it held before is kept)"));

    file_write(source->dir, "etc/prometheus.yml", "new: {}\n");
    source_reads(source);
    assert_int_equal(source->snapshot->base.error, 0);
    assert_string_equal(base_of(source), "new: {}\n");
}

static void a_base_in_a_kubelet_volume_is_followed_through_its_generations(void **state) {
    SOURCE source = base_given();
    CLEANUP(memory_freep) char *etc = path_join(source->dir, "etc");
    CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(etc);
    kubelet_volume_write(volume, "prometheus.yml", "one: 1\n", NULL);
    source_reads(source);
    assert_string_equal(base_of(source), "one: 1\n");
    assert_true(is_watched(source, "etc"));
    assert_int_equal(source->snapshot->directory_count, 2); /* and the generation itself */

    kubelet_volume_write(volume, "prometheus.yml", "two: 2\n", NULL);
    source_reads(source);

    assert_string_equal(base_of(source), "two: 2\n");
}

static void every_folder_that_holds_a_link_on_the_way_to_the_base_is_watched(void **state) {
    SOURCE source = base_given();
    CLEANUP(memory_freep) char *volume_path = path_join(source->dir, "volume");
    CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(volume_path);
    kubelet_volume_write(volume, "prometheus.yml", "one: 1\n", NULL);
    link_make(source->dir, "etc", "other/etc");
    link_make(source->dir, "other/etc/prometheus.yml", "../../volume/prometheus.yml");

    source_reads(source);

    assert_string_equal(base_of(source), "one: 1\n");
    assert_true(is_watched(source, ""));
    assert_true(is_watched(source, "other/etc"));
    assert_true(is_watched(source, "volume"));
}

static void a_base_that_is_a_folder_or_a_pipe_is_an_error(void **state) {
    SOURCE source = base_given();
    folder_make(source->dir, "etc/prometheus.yml");
    source_reads(source);
    assert_int_equal(source->snapshot->base.error, -EINVAL);
    assert_true(has_message(source, SEVERITY_ERROR, "is not a regular file"));

    tree_remove(source->base);
    assert_int_equal(mkfifo(source->base, 0644), 0);
    source_reads(source);
    assert_int_equal(source->snapshot->base.error, -EINVAL);
}

static void a_base_that_is_a_loop_of_links_is_an_error(void **state) {
    SOURCE source = base_given();
    link_make(source->dir, "etc/prometheus.yml", "prometheus.yml");

    source_reads(source);

    assert_int_equal(source->snapshot->base.error, -ELOOP);
    assert_true(has_message(source, SEVERITY_ERROR, "leads back to itself"));
    assert_true(is_watched(source, "etc"));
}

static void a_base_over_its_limit_is_an_error(void **state) {
    SOURCE source = base_given();
    source->settings.max_base_size = 4;
    file_write(source->dir, "etc/prometheus.yml", "12345");

    source_reads(source);

    assert_int_equal(source->snapshot->base.error, -EFBIG);
    assert_true(has_message(source, SEVERITY_ERROR, "is larger than 4 bytes; make it smaller"));
}

/* --- gzip */

static void a_gzipped_base_is_unpacked(void **state) {
    SOURCE source = base_given();
    CLEANUP(buffer_free) struct buffer packed = {0};
    compress_into(&packed, BYTES("global:\n  scrape_interval: 15s\n"));
    file_write_bytes(source->dir, "etc/prometheus.yml", buffer_bytes(&packed));

    source_reads(source);

    assert_string_equal(base_of(source), "global:\n  scrape_interval: 15s\n");
    assert_int_equal(source->snapshot->base.file->content.data[31], '\0');
}

static void a_base_that_is_packed_differently_is_the_same_when_its_text_is(void **state) {
    SOURCE source = base_given();
    CLEANUP(buffer_free) struct buffer packed = {0};
    compress_into(&packed, BYTES("global: {}\n"));
    file_write(source->dir, "etc/prometheus.yml", "global: {}\n");
    source_reads(source);
    const struct source_file *first = source->snapshot->base.file;

    file_write_bytes(source->dir, "etc/prometheus.yml", buffer_bytes(&packed));
    source_reads(source);

    assert_ptr_equal(source->snapshot->base.file, first);
}

static void gzip_members_are_joined(void **state) {
    CLEANUP(buffer_free) struct buffer packed = {0};
    compress_into(&packed, BYTES("one "));
    compress_into(&packed, BYTES(""));
    compress_into(&packed, BYTES("two"));

    assert_int_equal(gzip_decode(&packed, 100), 0);

    assert_string_equal(buffer_string(&packed), "one two");
}

static void text_that_is_no_gzip_is_left_alone(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_string(&text, "\x1f\x8b");

    assert_int_equal(gzip_decode(&text, 100), 0);

    assert_string_equal(buffer_string(&text), "\x1f\x8b");
}

static void exactly_the_limit_is_unpacked_and_a_byte_more_is_not(void **state) {
    const size_t sizes[] = {1, 100, 65535, 65536, 65537, 200000};

    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(buffer_free) struct buffer packed = {0};
        buffer_append_repeated(&text, 'x', sizes[i]);
        compress_into(&packed, buffer_bytes(&text));
        struct bytes before = buffer_bytes(&packed);

        assert_int_equal(gzip_decode(&packed, sizes[i] - 1), -EFBIG);
        assert_ptr_equal(packed.data, before.data);
        assert_int_equal(gzip_decode(&packed, sizes[i]), 0);
        assert_true(bytes_equal(buffer_bytes(&packed), buffer_bytes(&text)));
    }
}

/* Half a gigabyte of zeros in half a megabyte. */
static void a_gzip_bomb_stops_at_the_limit(void **state) {
    SOURCE source = base_given();
    CLEANUP(buffer_free) struct buffer zeros = {0};
    CLEANUP(buffer_free) struct buffer bomb = {0};
    source->settings.max_base_size = (size_t)1 << 20;
    buffer_append_repeated(&zeros, '\0', (size_t)1 << 20);
    for (unsigned i = 0; i < 500; i++) {
        compress_into(&bomb, buffer_bytes(&zeros));
    }
    file_write_bytes(source->dir, "etc/prometheus.yml", buffer_bytes(&bomb));

    source_reads(source);

    assert_int_equal(source->snapshot->base.error, -EFBIG);
    assert_null(source->snapshot->base.file);
}

static void a_gzip_file_that_is_cut_off_anywhere_is_an_error(void **state) {
    CLEANUP(buffer_free) struct buffer packed = {0};
    compress_into(&packed, BYTES("global:\n  scrape_interval: 15s\n"));

    for (size_t length = 3; length < packed.length; length++) {
        CLEANUP(buffer_free) struct buffer cut = {0};
        buffer_append(&cut, bytes_slice(buffer_bytes(&packed), 0, length));
        assert_int_equal(gzip_decode(&cut, 1000), -EBADMSG);
        assert_int_equal(cut.length, length);
    }
}

static void a_damaged_gzip_file_is_an_error_or_unpacks_to_the_same(void **state) {
    CLEANUP(buffer_free) struct buffer packed = {0};
    const struct bytes text = BYTES("global:\n  scrape_interval: 15s\n");
    compress_into(&packed, text);

    for (size_t at = 3; at < packed.length; at++) {
        CLEANUP(buffer_free) struct buffer damaged = {0};
        buffer_append(&damaged, buffer_bytes(&packed));
        damaged.data[at] = (char)(damaged.data[at] ^ 0x10);
        int error = gzip_decode(&damaged, 1000);
        assert_true(error == -EBADMSG || (error == 0 && bytes_equal(buffer_bytes(&damaged), text)));
    }
}

static void bytes_behind_the_last_gzip_member_are_an_error(void **state) {
    SOURCE source = base_given();
    CLEANUP(buffer_free) struct buffer packed = {0};
    compress_into(&packed, BYTES("global: {}\n"));
    buffer_append_string(&packed, "garbage");
    file_write_bytes(source->dir, "etc/prometheus.yml", buffer_bytes(&packed));

    source_reads(source);

    assert_int_equal(source->snapshot->base.error, -EBADMSG);
    assert_true(has_message(source, SEVERITY_ERROR, "is damaged or cut off"));
}

static void labels_are_not_unpacked(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(buffer_free) struct buffer packed = {0};
    source_with_labels(source);
    compress_into(&packed, BYTES("region=\"eu\"\n"));
    file_write_bytes(source->dir, "podinfo/labels", buffer_bytes(&packed));

    source_reads(source);

    assert_true(bytes_equal(source->snapshot->labels.file->content, buffer_bytes(&packed)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_and_the_labels_are_read),
        cmocka_unit_test(an_unchanged_base_is_the_same_struct),
        cmocka_unit_test(a_base_that_does_not_exist_is_an_error_and_its_nearest_folder_is_watched),
        cmocka_unit_test(a_base_that_is_removed_keeps_its_bytes_with_an_error),
        cmocka_unit_test(a_base_in_a_kubelet_volume_is_followed_through_its_generations),
        cmocka_unit_test(every_folder_that_holds_a_link_on_the_way_to_the_base_is_watched),
        cmocka_unit_test(a_base_that_is_a_folder_or_a_pipe_is_an_error),
        cmocka_unit_test(a_base_that_is_a_loop_of_links_is_an_error),
        cmocka_unit_test(a_base_over_its_limit_is_an_error),
        cmocka_unit_test(a_gzipped_base_is_unpacked),
        cmocka_unit_test(a_base_that_is_packed_differently_is_the_same_when_its_text_is),
        cmocka_unit_test(gzip_members_are_joined),
        cmocka_unit_test(text_that_is_no_gzip_is_left_alone),
        cmocka_unit_test(exactly_the_limit_is_unpacked_and_a_byte_more_is_not),
        cmocka_unit_test(a_gzip_bomb_stops_at_the_limit),
        cmocka_unit_test(a_gzip_file_that_is_cut_off_anywhere_is_an_error),
        cmocka_unit_test(a_damaged_gzip_file_is_an_error_or_unpacks_to_the_same),
        cmocka_unit_test(bytes_behind_the_last_gzip_member_are_an_error),
        cmocka_unit_test(labels_are_not_unpacked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
