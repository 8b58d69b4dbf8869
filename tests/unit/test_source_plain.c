/* SPDX-License-Identifier: Apache-2.0 */

/* Plain folders: which files are read, in what order, and what is watched. */

#include "support/source_fixture.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void manifests_are_the_yaml_yml_and_json_files(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    file_write(source->volume, "b.yml", "2");
    file_write(source->volume, "c.json", "3");
    file_write(source->volume, "README.md", "4");
    file_write(source->volume, "yaml", "5");
    file_write(source->volume, ".yaml", "6");
    file_write(source->volume, ".hidden.yaml", "7");
    file_write(source->volume, "d.yaml~", "8");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml b.yml c.json");
    assert_string_equal(messages_of(source), "");
    assert_true(source->snapshot->complete);
    assert_true(source->snapshot->volumes[0].present);
}

static void a_file_has_its_bytes_and_the_path_that_a_user_would_open(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "team-a/rw.yaml", "kind: RemoteWrite\n");

    source_reads(source);

    const struct source_file *file = file_of(source, "team-a/rw.yaml");
    CLEANUP(memory_freep) char *path = path_join(source->volume, "team-a/rw.yaml");
    assert_non_null(file);
    assert_string_equal(file->path, path);
    assert_string_equal(content_of(source, "team-a/rw.yaml"), "kind: RemoteWrite\n");
    assert_int_not_equal(file->id, 0);
    assert_int_equal(file->content.data[file->content.length], '\0');
}

static void an_empty_file_is_a_file(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "");

    source_reads(source);

    assert_string_equal(names_of(source), "a.yaml");
    assert_int_equal(file_of(source, "a.yaml")->content.length, 0);
}

static void files_are_sorted_by_their_relative_path_across_folders(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    static const char *const names[] = {"b/x.yaml",    "a.yaml",    "a/x.yaml", "a-b.yaml",
                                        "a0/x.yaml",   "a/b/c.yml", "Z.yaml",   "a/b.yaml",
                                        "a.yaml.yaml", "a.b/q.json"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        file_write(source->volume, names[i], "x");
    }

    source_reads(source);

    const struct snapshot_volume *volume = &source->snapshot->volumes[0];
    assert_int_equal(volume->file_count, ARRAY_LENGTH(names));
    for (size_t i = 1; i < volume->file_count; i++) {
        assert_true(strcmp(volume->files[i - 1]->relative, volume->files[i]->relative) < 0);
    }
}

static void slashes_at_the_end_of_a_volumes_path_do_not_show(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *path = path_join(source->volume, "//");
    CLEANUP(memory_freep) char *expected = path_join(source->volume, "a.yaml");
    source->volumes[0].path = path;
    file_write(source->volume, "a.yaml", "1");

    source_reads(source);

    assert_string_equal(file_of(source, "a.yaml")->path, expected);
}

static void a_relative_volume_path_works(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    char before[4096];
    assert_non_null(getcwd(before, sizeof(before)));
    file_write(source->volume, "a.yaml", "1");
    source->volumes[0].path = "../volume";
    folder_make(source->dir, "elsewhere");
    CLEANUP(memory_freep) char *elsewhere = path_join(source->dir, "elsewhere");

    assert_int_equal(chdir(elsewhere), 0);
    source_reads(source);
    assert_int_equal(chdir(before), 0);

    assert_string_equal(file_of(source, "a.yaml")->path, "../volume/a.yaml");
    assert_true(is_watched(source, "volume"));
}

static void folders_are_walked_to_the_depth_and_a_deeper_one_is_warned_about(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.max_depth = 2;
    file_write(source->volume, "1/2/in.yaml", "x");
    file_write(source->volume, "1/2/3/out.yaml", "x");

    source_reads(source);

    assert_string_equal(names_of(source), "1/2/in.yaml");
    assert_string_equal(messages_of(source),
                        "DIR/volume/1/2/3: warning: is passed over: it lies more than 2 folders "
                        "deep; move its manifests further up\n");
    assert_true(source->snapshot->complete);
}

static void hidden_folders_are_passed_over(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, ".git/a.yaml", "x");
    file_write(source->volume, "b/.cache/a.yaml", "x");

    source_reads(source);

    assert_string_equal(names_of(source), "");
    assert_string_equal(messages_of(source), "");
}

static void the_volume_and_each_folder_in_it_are_watched(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a/b/x.yaml", "x");
    folder_make(source->volume, "empty");

    source_reads(source);

    assert_true(is_watched(source, "volume"));
    assert_true(is_watched(source, "volume/a"));
    assert_true(is_watched(source, "volume/a/b"));
    assert_true(is_watched(source, "volume/empty"));
    assert_int_equal(source->snapshot->directory_count, 4);
    for (size_t i = 1; i < source->snapshot->directory_count; i++) {
        assert_true(strcmp(source->snapshot->directories[i - 1], source->snapshot->directories[i]) <
                    0);
    }
}

static void a_volume_that_does_not_exist_is_a_warning_and_its_nearest_ancestor_is_watched(
    void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *path = path_join(source->dir, "not/yet/there");
    source->volumes[0].path = path;
    folder_make(source->dir, "not");

    source_reads(source);

    assert_false(source->snapshot->volumes[0].present);
    assert_int_equal(source->snapshot->volumes[0].file_count, 0);
    assert_true(source->snapshot->complete);
    assert_true(is_watched(source, "not"));
    assert_int_equal(source->snapshot->directory_count, 1);
    assert_string_equal(messages_of(source),
                        "DIR/not/yet/there: warning: does not exist yet; mount the volume there, "
                        "or correct the setting; it is read as soon as it appears\n");
}

static void a_volume_may_come_go_and_come_back(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source_reads(source);
    assert_false(source->snapshot->volumes[0].present);

    file_write(source->volume, "a.yaml", "1");
    source_reads(source);
    assert_true(source->snapshot->volumes[0].present);
    assert_string_equal(names_of(source), "a.yaml");

    tree_remove(source->volume);
    source_reads(source);
    assert_false(source->snapshot->volumes[0].present);
    assert_string_equal(names_of(source), "");
    assert_true(is_watched(source, ""));

    file_write(source->volume, "b.yaml", "2");
    source_reads(source);
    assert_true(source->snapshot->volumes[0].present);
    assert_string_equal(names_of(source), "b.yaml");
}

static void a_volume_that_is_a_file_is_an_error(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->dir, "volume", "x");

    source_reads(source);

    assert_false(source->snapshot->volumes[0].present);
    assert_string_equal(messages_of(source),
                        "DIR/volume: error: is not a folder; correct the path\n");
    assert_true(is_watched(source, ""));
}

static void a_path_through_a_file_does_not_exist(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *path = path_join(source->dir, "file/volume");
    source->volumes[0].path = path;
    file_write(source->dir, "file", "x");

    source_reads(source);

    assert_false(source->snapshot->volumes[0].present);
    assert_true(has_message(source, SEVERITY_WARNING, "does not exist yet"));
    assert_true(is_watched(source, ""));
}

static void files_come_change_and_go(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    file_write(source->volume, "a.yaml", "1");
    source_reads(source);

    file_write(source->volume, "a.yaml", "2");
    file_write(source->volume, "b.yaml", "1");
    source_reads(source);
    assert_string_equal(content_of(source, "a.yaml"), "2");
    assert_string_equal(content_of(source, "b.yaml"), "1");

    file_remove(source->volume, "a.yaml");
    source_reads(source);
    assert_string_equal(names_of(source), "b.yaml");
}

static void several_volumes_are_read_in_the_order_of_the_settings(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    CLEANUP(memory_freep) char *second = path_join(source->dir, "a-second");
    source_add_volume(source, VOLUME_SECRET, second);
    file_write(source->volume, "a.yaml", "1");
    file_write(second, "name/key", "2");

    source_reads(source);

    assert_int_equal(source->snapshot->volume_count, 2);
    assert_ptr_equal(source->snapshot->volumes[0].config, &source->volumes[0]);
    assert_ptr_equal(source->snapshot->volumes[1].config, &source->volumes[1]);
    assert_string_equal(names_of_volume(source, 0), "a.yaml");
    assert_string_equal(names_of_volume(source, 1), "name/key");
}

static void no_volume_and_no_file_make_an_empty_snapshot(void **state) {
    SOURCE source = source_given(VOLUME_REMOTE_WRITE);
    source->settings.volume_count = 0;

    source_reads(source);

    assert_int_equal(source->snapshot->volume_count, 0);
    assert_int_equal(source->snapshot->directory_count, 0);
    assert_null(source->snapshot->base.path);
    assert_null(source->snapshot->base.file);
    assert_int_equal(source->snapshot->base.error, 0);
    assert_true(source->snapshot->complete);
}

/* --- secrets and config maps */

static void a_secret_is_a_folder_of_keys(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    file_write(source->volume, "grafana/username", "user");
    file_write(source->volume, "grafana/password", "pass\n");
    file_write(source->volume, "other/token.txt", "t");

    source_reads(source);

    assert_string_equal(names_of(source), "grafana/password grafana/username other/token.txt");
    assert_string_equal(content_of(source, "grafana/password"), "pass\n");
    assert_string_equal(messages_of(source), "");
    assert_true(is_watched(source, "volume"));
    assert_true(is_watched(source, "volume/grafana"));
}

static void a_key_may_begin_with_a_dot_but_not_with_two(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    file_write(source->volume, "pull/.dockerconfigjson", "{}");
    file_write(source->volume, "pull/..data_tmp", "x");
    file_write(source->volume, ".hidden/key", "x");

    source_reads(source);

    assert_string_equal(names_of(source), "pull/.dockerconfigjson");
}

static void a_file_beside_the_folders_of_secrets_is_noted_and_not_read(void **state) {
    SOURCE source = source_given(VOLUME_CONFIGMAP);
    file_write(source->volume, "ca.crt", "x");
    file_write(source->volume, "trust/ca.crt", "y");

    source_reads(source);

    assert_string_equal(names_of(source), "trust/ca.crt");
    assert_true(has_message(source, SEVERITY_INFO, "DIR/volume/ca.crt"));
    assert_int_equal(source->snapshot->diagnostics.count, 1);
}

static void a_folder_among_keys_is_noted_and_not_read(void **state) {
    SOURCE source = source_given(VOLUME_SECRET);
    file_write(source->volume, "name/key", "x");
    file_write(source->volume, "name/deeper/key", "x");

    source_reads(source);

    assert_string_equal(names_of(source), "name/key");
    assert_true(has_message(source, SEVERITY_INFO, "DIR/volume/name/deeper"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests_are_the_yaml_yml_and_json_files),
        cmocka_unit_test(a_file_has_its_bytes_and_the_path_that_a_user_would_open),
        cmocka_unit_test(an_empty_file_is_a_file),
        cmocka_unit_test(files_are_sorted_by_their_relative_path_across_folders),
        cmocka_unit_test(slashes_at_the_end_of_a_volumes_path_do_not_show),
        cmocka_unit_test(a_relative_volume_path_works),
        cmocka_unit_test(folders_are_walked_to_the_depth_and_a_deeper_one_is_warned_about),
        cmocka_unit_test(hidden_folders_are_passed_over),
        cmocka_unit_test(the_volume_and_each_folder_in_it_are_watched),
        cmocka_unit_test(
            a_volume_that_does_not_exist_is_a_warning_and_its_nearest_ancestor_is_watched),
        cmocka_unit_test(a_volume_may_come_go_and_come_back),
        cmocka_unit_test(a_volume_that_is_a_file_is_an_error),
        cmocka_unit_test(a_path_through_a_file_does_not_exist),
        cmocka_unit_test(files_come_change_and_go),
        cmocka_unit_test(several_volumes_are_read_in_the_order_of_the_settings),
        cmocka_unit_test(no_volume_and_no_file_make_an_empty_snapshot),
        cmocka_unit_test(a_secret_is_a_folder_of_keys),
        cmocka_unit_test(a_key_may_begin_with_a_dot_but_not_with_two),
        cmocka_unit_test(a_file_beside_the_folders_of_secrets_is_noted_and_not_read),
        cmocka_unit_test(a_folder_among_keys_is_noted_and_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
