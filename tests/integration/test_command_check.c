/* SPDX-License-Identifier: Apache-2.0 */

/* check: what it reads, how it says what is wrong, and its exit status. */

#include "support/program.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define HEAD(name)                                    \
    "apiVersion: monitoring.giantswarm.io/v1alpha1\n" \
    "kind: RemoteWrite\n"                             \
    "metadata: {name: " name ", namespace: team-a}\n" \
    "spec:\n"                                         \
    "  clusterSelector: {}\n"                         \
    "  remoteWrite:\n"

static const char good[] = HEAD("good") "    url: https://example.com/push\n";
static const char other[] = HEAD("other") "    url: https://example.com/push\n";
static const char wrong[] = HEAD("wrong") "    url: https://example.com/push\n"
                                          "    queueConfig:\n"
                                          "      maxShard: 5\n";
static const char waiting[] = HEAD("waiting") "    url: https://example.com/push\n"
                                              "    basicAuth:\n"
                                              "      username: {name: s, key: user}\n"
                                              "      password: {name: s, key: password}\n";

static const char wrong_line[] =
    "wrong.yaml:9:7: error: [team-a/wrong] spec.remoteWrite.queueConfig.maxShard: is not a known "
    "field; did you mean maxShards?\n";

static void a_good_manifest_passes_without_a_word_on_stdout(void **state) {
    PROGRAM program = program_new();

    program_file(program, "good.yaml", good);
    assert_int_equal(program_run(program, "check", "good.yaml", NULL), 0);
    assert_string_equal(program_output(program), "");
    assert_string_equal(program_errors(program), "1 RemoteWrite: 1 active; 0 errors, 0 warnings\n");
}

static void a_mistake_is_told_with_path_line_column_and_field(void **state) {
    PROGRAM program = program_new();

    program_file(program, "wrong.yaml", wrong);
    assert_int_equal(program_run(program, "check", "wrong.yaml", NULL), 1);
    assert_string_equal(program_output(program), wrong_line);
    assert_string_equal(program_errors(program),
                        "1 RemoteWrite: 1 rejected; 1 error, 0 warnings\n");
}

static void the_path_is_told_as_it_was_written(void **state) {
    PROGRAM program = program_new();

    program_file(program, "wrong.yaml", wrong);
    assert_int_equal(program_run(program, "check", "@/wrong.yaml", NULL), 1);
    assert_string_equal(program_output(program),
                        arena_format(program->arena, "%s/%s", program->folder, wrong_line));
}

static void several_files_and_folders_are_judged_together_in_order(void **state) {
    PROGRAM program = program_new();

    program_file(program, "z.yaml", wrong);
    program_file(program, "rw/deep/a.yaml", wrong);
    program_file(program, "rw/b.yaml", good);
    program_file(program, "rw/notes.txt", "no manifest");
    assert_int_equal(program_run(program, "check", "z.yaml", "rw", NULL), 1);
    const char *first = strstr(program_output(program), "rw/deep/a.yaml:9:7: error: ");
    const char *second = strstr(program_output(program), "z.yaml:9:7: error: ");
    assert_ptr_equal(first, program_output(program));
    assert_non_null(second);
    assert_string_equal(program_errors(program),
                        "3 RemoteWrites: 1 active, 2 rejected; 2 errors, 0 warnings\n");
}

static void a_named_file_is_read_whatever_its_name(void **state) {
    PROGRAM program = program_new();

    program_file(program, ".hidden.txt", wrong);
    assert_int_equal(program_run(program, "check", ".hidden.txt", NULL), 1);
    assert_non_null(strstr(program_output(program), ".hidden.txt:9:7: error: "));
}

static void a_dash_is_standard_input(void **state) {
    PROGRAM program = program_new();

    program->input = wrong;
    assert_int_equal(program_run(program, "check", "-", NULL), 1);
    assert_int_equal(strncmp(program_output(program), "<stdin>:9:7: error: ", 20), 0);
}

static void a_name_behind_two_dashes_may_begin_with_one(void **state) {
    PROGRAM program = program_new();

    program_file(program, "--odd.yaml", good);
    assert_int_equal(program_run(program, "check", "--", "--odd.yaml", NULL), 0);
}

static void a_name_that_is_absent_is_an_error(void **state) {
    PROGRAM program = program_new();

    program_file(program, "good.yaml", good);
    assert_int_equal(program_run(program, "check", "good.yaml", "gone.yaml", NULL), 1);
    assert_string_equal(program_output(program),
                        "gone.yaml: error: does not exist; correct the path\n");
}

static void a_file_over_the_limit_is_an_error(void **state) {
    PROGRAM program = program_new();

    program_file(program, "good.yaml", good);
    program->input = good;
    assert_int_equal(program_run(program, "check", "--max-file-size=10", "good.yaml", "-", NULL),
                     1);
    assert_non_null(strstr(program_output(program), "good.yaml: error: "));
    assert_non_null(strstr(program_output(program), "<stdin>: error: "));
    assert_non_null(strstr(program_output(program), "--max-file-size"));
}

static void bounds_of_a_text_are_options_and_an_error_names_the_one_to_raise(void **state) {
    static const char *const cases[][2] = {
        {"--max-scalar-size=10", "; shorten it, or raise --max-scalar-size\n"},
        {"--max-values=5", "; split the document, or use fewer aliases, or raise --max-values\n"},
        {"--max-depth=1", "; nest less deeply, or raise --max-depth\n"},
        {"--max-documents=1", "; split the file, or raise --max-documents\n"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        PROGRAM program = program_new();
        program_file(program, "good.yaml", good);
        program_file(program, "two.yaml", "a: 1\n---\nb: 1\n");
        assert_int_equal(program_run(program, "check", cases[i][0], "good.yaml", "two.yaml", NULL),
                         1);
        if (strstr(program_output(program), cases[i][1]) == NULL) {
            fail_msg("%s: says %s", cases[i][0], program_output(program));
        }
    }
}

static void a_text_is_two_mebibytes_long_at_most(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};
    PROGRAM program = program_new();

    buffer_append_string(&text, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
                                "stringData: {key: ");
    buffer_append_repeated(&text, 'x', 2 << 20); /* a Secret's whole mebibyte in base64 fits */
    program_file(program, "fits.yaml", arena_format(program->arena, "%s}\n", buffer_string(&text)));
    program_file(program, "over.yaml",
                 arena_format(program->arena, "%sx}\n", buffer_string(&text)));

    assert_int_equal(program_run(program, "check", "fits.yaml", NULL), 0);
    assert_int_equal(program_run(program, "check", "over.yaml", NULL), 1);
    assert_string_equal(program_output(program),
                        "over.yaml:4:19: error: a value of 2097153 bytes is longer than the limit "
                        "of 2097152; shorten it, or raise --max-scalar-size\n");
    assert_int_equal(program_run(program, "check", "--max-scalar-size=3MiB", "over.yaml", NULL), 0);
}

static void a_secret_that_is_missing_is_a_warning(void **state) {
    PROGRAM program = program_new();

    program_file(program, "waiting.yaml", waiting);
    assert_int_equal(program_run(program, "check", "waiting.yaml", NULL), 0);
    assert_int_equal(strncmp(program_output(program), "waiting.yaml:9:", 15), 0);
    assert_non_null(strstr(program_output(program), ": warning: [team-a/waiting] "));
    assert_null(strstr(program_output(program), ": error: "));
}

static void a_secret_of_a_configured_folder_is_found(void **state) {
    PROGRAM program = program_new();

    program_file(program, "waiting.yaml", waiting);
    program_file(program, "secrets/s/user", "me");
    program_file(program, "secrets/s/password", "hunter2");
    assert_int_equal(program_run(program, "check", "--secret-dir=secrets", "waiting.yaml", NULL),
                     0);
    assert_string_equal(program_output(program), "");
    assert_string_equal(program_errors(program), "1 RemoteWrite: 1 active; 0 errors, 0 warnings\n");
}

static void names_take_the_place_of_the_configured_folders(void **state) {
    PROGRAM program = program_new();

    program_file(program, "wrong.yaml", wrong);
    program_file(program, "rw/good.yaml", good);
    assert_int_equal(program_run(program, "check", "--remote-write-dir=.", "rw", NULL), 0);
    assert_string_equal(program_errors(program), "1 RemoteWrite: 1 active; 0 errors, 0 warnings\n");
}

static void without_names_the_configured_folders_are_judged(void **state) {
    PROGRAM program = program_new();

    program_file(program, "sidecar.cfg", "sources: { remote_write_dirs = [\"team-a=rw\"]; };\n");
    program_file(program, "rw/wrong.yaml", wrong);
    assert_int_equal(program_run(program, "check", "--sidecar-config=sidecar.cfg", NULL), 1);
    assert_string_equal(program_output(program), arena_format(program->arena, "rw/%s", wrong_line));
}

static void one_name_for_two_is_an_error_for_the_later(void **state) {
    PROGRAM program = program_new();

    program_file(program, "a.yaml", good);
    program_file(program, "b.yaml", good);
    program_file(program, "c.yaml", other);
    assert_int_equal(program_run(program, "check", "a.yaml", "b.yaml", "c.yaml", NULL), 1);
    assert_int_equal(strncmp(program_output(program), "b.yaml:1:1: error: [team-a/good] ", 33), 0);
    assert_string_equal(program_errors(program),
                        "3 RemoteWrites: 2 active, 1 rejected; 1 error, 0 warnings\n");
}

static void a_file_that_is_given_twice_is_judged_once(void **state) {
    static const char *const given[][3] = {
        {"a/rw/good.yaml", "a/rw", NULL},
        {"a/rw", "a/rw/good.yaml", NULL},
        {"a/rw", "a/rw/", NULL},
        {"a/rw/good.yaml", "./a/rw/good.yaml", NULL},
        {"a/rw", "file.yaml", NULL},
        {"a/rw/good.yaml", "a", "folder"},
        {"a", "a/rw", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(given); i++) {
        PROGRAM program = program_new();
        program_file(program, "a/rw/good.yaml", good);
        assert_int_equal(symlink("a/rw/good.yaml", program_path(program, "file.yaml")), 0);
        assert_int_equal(symlink("a/rw", program_path(program, "folder")), 0);
        assert_int_equal(program_run(program, "check", given[i][0], given[i][1], given[i][2], NULL),
                         0);
        assert_string_equal(program_errors(program),
                            "1 RemoteWrite: 1 active; 0 errors, 0 warnings\n");
    }
}

/* As run would: there, one of the two is in the way of the other. */
static void two_names_of_one_file_in_one_folder_are_two(void **state) {
    PROGRAM program = program_new();

    program_file(program, "rw/good.yaml", good);
    assert_int_equal(symlink("good.yaml", program_path(program, "rw/link.yaml")), 0);
    assert_int_equal(program_run(program, "check", "rw", NULL), 1);
    assert_non_null(strstr(program_output(program), "rw/link.yaml:1:1: error: [team-a/good] "));
}

static void names_of_the_base_count_where_a_base_is_given(void **state) {
    PROGRAM program = program_new();

    program_file(program, "base.yml", "remote_write:\n- url: http://x/\n  name: good\n");
    program_file(program, "good.yaml", good);
    assert_int_equal(program_run(program, "check", "--config-file=base.yml", "good.yaml", NULL), 1);
    assert_non_null(strstr(program_output(program), "base.yml"));
}

static void a_base_that_cannot_be_merged_is_an_error(void **state) {
    PROGRAM program = program_new();

    program_file(program, "base.yml", "remote_write: [\n");
    program_file(program, "good.yaml", good);
    assert_int_equal(program_run(program, "check", "--config-file=base.yml", "good.yaml", NULL), 1);
    assert_int_equal(strncmp(program_output(program), "base.yml:", 9), 0);
}

static void a_broken_document_does_not_hide_the_next(void **state) {
    PROGRAM program = program_new();

    program->input = "a: [\n---\n" HEAD("wrong") "    url: 5\n";
    assert_int_equal(program_run(program, "check", "-", NULL), 1);
    assert_non_null(strstr(program_output(program), "spec.remoteWrite.url"));
}

static void no_secret_value_is_ever_told(void **state) {
    PROGRAM program = program_new();

    program_file(program, "rw.yaml",
                 HEAD("leak") "    url: https://me:hunter2@example.com/push\n"
                              "    bearerToken: hunter2\n"
                              "    basicAuth: {username: {name: s, key: user}}\n"
                              "  secrets:\n"
                              "  - {name: s, data: {user: hunter2}}\n");
    program_run(program, "check", "rw.yaml", NULL);
    assert_null(strstr(program_output(program), "hunter2"));
    assert_null(strstr(program_errors(program), "hunter2"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_manifest_passes_without_a_word_on_stdout),
        cmocka_unit_test(a_mistake_is_told_with_path_line_column_and_field),
        cmocka_unit_test(the_path_is_told_as_it_was_written),
        cmocka_unit_test(several_files_and_folders_are_judged_together_in_order),
        cmocka_unit_test(a_named_file_is_read_whatever_its_name),
        cmocka_unit_test(a_dash_is_standard_input),
        cmocka_unit_test(a_name_behind_two_dashes_may_begin_with_one),
        cmocka_unit_test(a_name_that_is_absent_is_an_error),
        cmocka_unit_test(a_file_over_the_limit_is_an_error),
        cmocka_unit_test(bounds_of_a_text_are_options_and_an_error_names_the_one_to_raise),
        cmocka_unit_test(a_text_is_two_mebibytes_long_at_most),
        cmocka_unit_test(a_secret_that_is_missing_is_a_warning),
        cmocka_unit_test(a_secret_of_a_configured_folder_is_found),
        cmocka_unit_test(names_take_the_place_of_the_configured_folders),
        cmocka_unit_test(without_names_the_configured_folders_are_judged),
        cmocka_unit_test(one_name_for_two_is_an_error_for_the_later),
        cmocka_unit_test(a_file_that_is_given_twice_is_judged_once),
        cmocka_unit_test(two_names_of_one_file_in_one_folder_are_two),
        cmocka_unit_test(names_of_the_base_count_where_a_base_is_given),
        cmocka_unit_test(a_base_that_cannot_be_merged_is_an_error),
        cmocka_unit_test(a_broken_document_does_not_hide_the_next),
        cmocka_unit_test(no_secret_value_is_ever_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
