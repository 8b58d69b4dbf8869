/* SPDX-License-Identifier: Apache-2.0 */

/* What can be judged only when all options are known. */

#include "support/settings_fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void nothing_is_required_where_nothing_is_needed(void **state) {
    SETTINGS fixture = settings_given(NULL, NULL);
    assert_int_equal(settings_check(fixture->settings, NEED_NOTHING, &fixture->diagnostics), 0);
    assert_string_equal(settings_messages(fixture), "");
}

#define BASE_REMEDY "name the base prometheus.yml, or set base.config_file\n"
#define OUTPUT_REMEDY                                                                          \
    "name the file that Prometheus reads (--config-envsubst-file is the same option), or set " \
    "output.config_file\n"

struct work {
    const char *arguments[3];
    const char *message; /* "": it can run */
};

static const struct work works[] = {
    {{NULL},
     "error: --config-file: is required: there is nothing to watch; name the base prometheus.yml, "
     "or give --watched-dir\n"},
    {{"--config-file=/b"}, ""},
    {{"--watched-dir=/d"}, ""},
    {{"--config-file=/b", "--output-file=/o"}, ""},
    {{"--config-file=/b", "--output-file=/o", "--remote-write-dir=/r"}, ""},
    {{"--output-file=/o"}, "error: --config-file: is required; " BASE_REMEDY},
    {{"--output-file=/o", "--watched-dir=/d"}, "error: --config-file: is required; " BASE_REMEDY},
    {{"--config-file=/b", "--remote-write-dir=/r"},
     "error: --output-file: is required with --remote-write-dir; " OUTPUT_REMEDY},
    {{"--secret-dir=/s"},
     "error: --config-file: is required; " BASE_REMEDY
     "error: --output-file: is required with --secret-dir; " OUTPUT_REMEDY},
};

static void what_run_needs_follows_from_what_is_given(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(works); i++) {
        const char *const *arguments = works[i].arguments;
        SETTINGS fixture = settings_given(NULL, arguments[0], arguments[1], arguments[2], NULL);
        int error = settings_check(fixture->settings, NEED_WORK, &fixture->diagnostics);
        assert_string_equal(settings_messages(fixture), works[i].message);
        assert_int_equal(error, works[i].message[0] == '\0' ? 0 : -EINVAL);
    }
}

static void the_base_is_required_where_needed(void **state) {
    SETTINGS fixture = settings_given(NULL, NULL);

    assert_int_equal(settings_check(fixture->settings, NEED_BASE, &fixture->diagnostics), -EINVAL);
    assert_string_equal(settings_messages(fixture),
                        "error: --config-file: is required; " BASE_REMEDY);
}

struct conflict {
    const char *arguments[3];
    const char *message;
};

static const struct conflict conflicts[] = {
    {{"--reload-username=u"},
     "error: --reload-username: has no password; give --reload-password-file too\n"},
    {{"--reload-password-file=/p"},
     "error: --reload-password-file: has no user name; give --reload-username too\n"},
    {{"--reload-cert-file=/c"},
     "error: --reload-cert-file: has no key; give --reload-key-file too\n"},
    {{"--reload-key-file=/k"},
     "error: --reload-key-file: has no certificate; give --reload-cert-file too\n"},
    {{"--reload-username=u", "--reload-password-file=/p", "--reload-bearer-token-file=/b"},
     "error: --reload-bearer-token-file: cannot be used with --reload-username; leave one of the "
     "two out\n"},
    {{"--reload-ca-file=/c", "--reload-insecure-skip-verify"},
     "error: --reload-ca-file: has no use with --reload-insecure-skip-verify; leave one of the two "
     "out\n"},
    {{"--secret-output-dir=/s", "--secret-dir=team-a=/s"},
     "error: --secret-output-dir: is a directory that is read from too; give it a directory of its "
     "own\n"},
    {{"--secret-output-dir=/s", "--remote-write-dir=/s"},
     "error: --secret-output-dir: is a directory that is read from too; give it a directory of its "
     "own\n"},
};

static void options_that_do_not_go_together_are_named(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(conflicts); i++) {
        const char *const *arguments = conflicts[i].arguments;
        SETTINGS fixture = settings_given(NULL, arguments[0], arguments[1], arguments[2], NULL);
        int error = settings_check(fixture->settings, NEED_NOTHING, &fixture->diagnostics);
        assert_int_equal(error, -EINVAL);
        assert_string_equal(settings_messages(fixture), conflicts[i].message);
    }
}

static void a_conflict_that_the_file_brings_is_placed_in_it(void **state) {
    SETTINGS fixture = settings_given("reload: {\n  username = \"u\";\n};\n", NULL);

    assert_int_equal(settings_check(fixture->settings, NEED_NOTHING, &fixture->diagnostics),
                     -EINVAL);
    assert_string_equal(
        settings_messages(fixture),
        "sidecar.cfg:2: error: reload.username: has no password; give --reload-password-file "
        "too\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_required_where_nothing_is_needed),
        cmocka_unit_test(what_run_needs_follows_from_what_is_given),
        cmocka_unit_test(the_base_is_required_where_needed),
        cmocka_unit_test(options_that_do_not_go_together_are_named),
        cmocka_unit_test(a_conflict_that_the_file_brings_is_placed_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
