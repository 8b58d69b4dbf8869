/* SPDX-License-Identifier: Apache-2.0 */

/* Passwords and tokens in real files. */

#include "base/compiler.h"
#include "prometheus/credential.h"
#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

static char *dir;
static char *path;

static int make_folder(void **state) {
    dir = tempdir_new();
    path = path_join(dir, "credential");
    return 0;
}

static int remove_folder(void **state) {
    free(path);
    tempdir_remove(dir);
    return 0;
}

static void write_file(struct bytes content) {
    file_write_bytes(dir, "credential", content);
}

static void assert_credential(struct bytes content, const char *expected) {
    CLEANUP(buffer_free) struct buffer credential = {0};

    write_file(content);
    assert_int_equal(credential_read(path, &credential), 0);
    assert_string_equal(buffer_string(&credential), expected);
}

static void one_trailing_newline_is_dropped(void **state) {
    assert_credential(BYTES("secret"), "secret");
    assert_credential(BYTES("secret\n"), "secret");
    assert_credential(BYTES("secret\r\n"), "secret");
    assert_credential(BYTES(" s\xc3\xa4"
                            "cret \n"),
                      " s\xc3\xa4"
                      "cret ");
    assert_credential(BYTES(""), "");
}

static void assert_refused(struct bytes content, int error) {
    CLEANUP(buffer_free) struct buffer credential = {0};

    write_file(content);
    assert_int_equal(credential_read(path, &credential), error);
    assert_int_equal(credential.length, 0);
}

static void what_would_end_a_header_is_no_credential(void **state) {
    assert_refused(BYTES("secret\n\n"), -EINVAL);
    assert_refused(BYTES("secret\r\nX-Evil: 1"), -EINVAL);
    assert_refused(BYTES("sec\0ret"), -EINVAL);
}

static void a_whole_file_is_read_as_it_is(void **state) {
    CLEANUP(buffer_free) struct buffer content = {0};

    write_file(BYTES("-----BEGIN\r\n\0-----\n\n"));
    assert_int_equal(credential_read_file(path, &content), 0);
    assert_int_equal(content.length, sizeof("-----BEGIN\r\n\0-----\n\n") - 1);
}

static void a_file_that_is_too_large_is_no_credential(void **state) {
    CLEANUP(buffer_free) struct buffer content = {0};

    buffer_append_repeated(&content, 'a', CREDENTIAL_MAX);
    write_file(buffer_bytes(&content));
    CLEANUP(buffer_free) struct buffer credential = {0};
    assert_int_equal(credential_read(path, &credential), 0);
    assert_int_equal(credential.length, CREDENTIAL_MAX);

    buffer_append_char(&content, 'a');
    assert_refused(buffer_bytes(&content), -EFBIG);
}

static void what_is_no_file_is_no_credential_and_never_blocks(void **state) {
    CLEANUP(buffer_free) struct buffer credential = {0};

    tree_remove(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(credential_read(path, &credential), -EINVAL);
    tree_remove(path);
    assert_int_equal(credential_read(dir, &credential), -EINVAL);
    assert_int_equal(credential_read("/dev/zero", &credential), -EINVAL);
    assert_int_equal(credential_read("/nowhere/at/all", &credential), -ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_trailing_newline_is_dropped),
        cmocka_unit_test(a_whole_file_is_read_as_it_is),
        cmocka_unit_test(what_would_end_a_header_is_no_credential),
        cmocka_unit_test(a_file_that_is_too_large_is_no_credential),
        cmocka_unit_test(what_is_no_file_is_no_credential_and_never_blocks),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
