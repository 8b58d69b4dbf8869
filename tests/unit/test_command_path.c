/* SPDX-License-Identifier: Apache-2.0 */

/* Paths as text, and whether two of them are one file. */

#include "command/path.h"

#include "base/bytes.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

struct pair {
    const char *left;
    const char *right;
    const char *expected;
};

static void a_path_becomes_absolute_and_normal(void **state) {
    static const struct pair cases[] = {
        {"/here", "out.yml", "/here/out.yml"},
        {"/here", "./a//b/", "/here/a/b"},
        {"/here", "../x", "/x"},
        {"/here", "../../../x", "/x"},
        {"/here", "/out/./prometheus.yml", "/out/prometheus.yml"},
        {"/here", "/a/b/../c", "/a/c"},
        {"/here", "/", "/"},
        {"/here", ".", "/here"},
        {"/", "..", "/"},
        {"/here", "..data", "/here/..data"},
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(path_absolute(arena, cases[i].left, cases[i].right), cases[i].expected);
}

static void the_folder_of_a_path_is_what_holds_it(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    assert_string_equal(path_folder(arena, "/out/prometheus.yml"), "/out");
    assert_string_equal(path_folder(arena, "/x"), "/");
    assert_string_equal(path_folder(arena, "/"), "/");
}

static void the_way_between_folders_is_the_shortest_as_text(void **state) {
    static const struct pair cases[] = {
        {"/out", "/out/remote-write-secrets", "remote-write-secrets"},
        {"/out", "/out/a/b", "a/b"},
        {"/out", "/var/secrets", "../var/secrets"},
        {"/etc/prometheus/out", "/etc/secrets", "../../secrets"},
        {"/out", "/outer", "../outer"},
        {"/", "/secrets", "secrets"},
        {"/out", "/", ".."},
        {"/a/b", "/", "../.."},
        {"/out", "/out", "."},
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(path_relative(arena, cases[i].left, cases[i].right), cases[i].expected);
}

struct folder {
    struct arena *arena;
    char path[32];
};

static int folder_setup(void **state) {
    struct folder *folder = calloc(1, sizeof(*folder));
    folder->arena = arena_new();
    memcpy(folder->path, "/tmp/path-XXXXXX", sizeof("/tmp/path-XXXXXX"));
    assert_non_null(mkdtemp(folder->path));
    *state = folder;
    return 0;
}

static const char *in(const struct folder *folder, const char *name) {
    return arena_format(folder->arena, "%s/%s", folder->path, name);
}

static int folder_teardown(void **state) {
    struct folder *folder = *state;
    unlink(in(folder, "a"));
    unlink(in(folder, "b"));
    unlink(in(folder, "link"));
    rmdir(folder->path);
    arena_free(folder->arena);
    free(folder);
    return 0;
}

static void file_made(const char *path) {
    int descriptor = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(descriptor >= 0);
    close(descriptor);
}

static void one_path_is_one_file_though_it_is_absent(void **state) {
    const struct folder *folder = *state;
    assert_true(path_same_file(in(folder, "a"), in(folder, "a")));
    assert_false(path_same_file(in(folder, "a"), in(folder, "b")));
}

static void two_files_are_two(void **state) {
    const struct folder *folder = *state;
    file_made(in(folder, "a"));
    file_made(in(folder, "b"));
    assert_false(path_same_file(in(folder, "a"), in(folder, "b")));
}

static void a_link_to_a_file_is_that_file(void **state) {
    const struct folder *folder = *state;
    file_made(in(folder, "a"));
    assert_int_equal(symlink("a", in(folder, "b")), 0);
    assert_true(path_same_file(in(folder, "a"), in(folder, "b")));
}

static void a_hard_link_to_a_file_is_that_file(void **state) {
    const struct folder *folder = *state;
    file_made(in(folder, "a"));
    assert_int_equal(link(in(folder, "a"), in(folder, "b")), 0);
    assert_true(path_same_file(in(folder, "a"), in(folder, "b")));
}

static void an_absent_file_behind_a_linked_folder_is_the_same(void **state) {
    const struct folder *folder = *state;
    assert_int_equal(symlink(".", in(folder, "link")), 0);
    assert_true(path_same_file(in(folder, "a"), in(folder, "link/a")));
    assert_false(path_same_file(in(folder, "a"), in(folder, "link/b")));
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_becomes_absolute_and_normal),
        cmocka_unit_test(the_folder_of_a_path_is_what_holds_it),
        cmocka_unit_test(the_way_between_folders_is_the_shortest_as_text),
        in_folder(one_path_is_one_file_though_it_is_absent),
        in_folder(two_files_are_two),
        in_folder(a_link_to_a_file_is_that_file),
        in_folder(a_hard_link_to_a_file_is_that_file),
        in_folder(an_absent_file_behind_a_linked_folder_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
