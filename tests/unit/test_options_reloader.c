/* SPDX-License-Identifier: Apache-2.0 */

/* prometheus-config-reloader's command line, rewritten: what the table of what the real one does
 * (tests/integration/test_reloader_command_line.c) cannot show. */

#include "options/go_url.h"
#include "options/reloader.h"
#include "support/assertions.h"
#include "support/tempdir.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
    ARGUMENTS_MAX = 16
};

struct rewritten {
    struct arena *arena;
    struct diagnostics diagnostics;
    int error;
    struct buffer text; /* the arguments, separated by blanks, or else the errors */
};

__attribute__((sentinel)) static void rewrite(struct rewritten *rewritten, ...) {
    char *arguments[ARGUMENTS_MAX];
    struct reloader_arguments result = {0};
    size_t count = 0;
    va_list list;

    rewritten->arena = arena_new();
    rewritten->diagnostics = diagnostics_in(rewritten->arena);
    va_start(list, rewritten);
    for (const char *argument = NULL; (argument = va_arg(list, const char *)) != NULL;) {
        assert_between(count, 0, ARGUMENTS_MAX - 1);
        arguments[count++] = arena_string(rewritten->arena, bytes_of(argument));
    }
    va_end(list);
    rewritten->error =
        reloader_rewrite(rewritten->arena, count, arguments, &rewritten->diagnostics, &result);
    for (size_t i = 0; rewritten->error == 0 && i < result.count; i++) {
        buffer_printf(&rewritten->text, "%s%s", i > 0 ? " " : "", result.items[i]);
    }
    for (size_t i = 0; i < rewritten->diagnostics.count; i++) {
        diagnostic_format(&rewritten->diagnostics.items[i], &rewritten->text);
        buffer_append_char(&rewritten->text, '\n');
    }
}

static void release(struct rewritten *rewritten) {
    buffer_free(&rewritten->text);
    arena_free(rewritten->arena);
}

#define REWRITTEN CLEANUP(release) struct rewritten

static void the_name_is_told_with_and_without_folders(void **state) {
    assert_true(reloader_is_named("prometheus-config-reloader"));
    assert_true(reloader_is_named("/bin/prometheus-config-reloader"));
    assert_false(reloader_is_named("remotewrite-sidecar"));
    assert_false(reloader_is_named("/prometheus-config-reloader/x"));
    assert_false(reloader_is_named(NULL));
}

static void durations_become_what_the_options_take(void **state) {
    REWRITTEN all = {0};
    REWRITTEN longest = {0};
    REWRITTEN timeless = {0};

    rewrite(&all, "--watch-interval=-1s", "--delay-interval", "-0", "--retry-interval=+1m0.5s",
            "--reload-timeout=-1h", NULL);
    assert_string_equal(buffer_string(&all.text), "error: --delay-interval: needs a value; write "
                                                  "--delay-interval=VALUE\n"
                                                  "error: -0: unexpected argument; "
                                                  "prometheus-config-reloader takes flags only\n");
    rewrite(&longest, "--watch-interval=-1s", "--delay-interval=-5s", "--retry-interval=+1m0.5s",
            "--reload-timeout=2540400h", NULL);
    assert_string_equal(buffer_string(&longest.text),
                        "--watch-interval=1000ms --delay-interval=0ms --retry-interval=60500ms "
                        "--reload-timeout=31536000000ms");
    rewrite(&timeless, "--watch-interval=1m", "--retry-interval=0", "--reload-timeout=0", NULL);
    assert_string_equal(buffer_string(&timeless.text),
                        "--watch-interval=60000ms --reload-timeout=60000ms");
}

static void flags_of_this_program_pass_unchanged(void **state) {
    REWRITTEN rewritten = {0};

    rewrite(&rewritten, "--remote-write-dir", "a=/x", "--no-send-metadata", "--secret-dir=/s",
            "--config-file=c", "--reload-username", "me", NULL);
    assert_string_equal(buffer_string(&rewritten.text),
                        "--remote-write-dir=a=/x --no-send-metadata --secret-dir=/s "
                        "--reload-username=me --config-file=c");
}

static void a_fault_of_the_command_line_goes_before_one_of_a_value(void **state) {
    REWRITTEN value = {0};
    REWRITTEN both = {0};

    rewrite(&value, "--log-level=bogus", NULL);
    assert_int_equal(value.error, -EDOM);
    assert_string_equal(buffer_string(&value.text),
                        "error: --log-level: \"bogus\" is unknown; use one of all, debug, info, "
                        "warn, error, none\n");
    rewrite(&both, "--log-level=bogus", "x", NULL);
    assert_int_equal(both.error, -EINVAL);
}

static void a_url_that_is_refused_is_not_repeated(void **state) {
    REWRITTEN rewritten = {0};

    rewrite(&rewritten, "--reload-url=http://me:hunter2 @h/", NULL);
    assert_int_equal(rewritten.error, -EINVAL);
    assert_null(strstr(buffer_string(&rewritten.text), "hunter2"));
}

static void a_file_of_arguments_that_names_itself_is_refused(void **state) {
    CLEANUP(arena_freep) struct arena *names = arena_new();
    char *folder = tempdir_new();
    const char *self = arena_format(names, "%s/self", folder);
    const char *inner = arena_format(names, "@%s/inner", folder);
    REWRITTEN rewritten = {0};
    REWRITTEN nested = {0};

    file_write(folder, "self", arena_format(names, "@%s\n", self));
    file_write(folder, "inner", "--watched-dir=a b\r\n   \n#--x\n--config-file\n");
    file_write(folder, "outer", arena_format(names, "%s\nc.yml", inner));
    rewrite(&rewritten, arena_format(names, "@%s", self), NULL);
    assert_int_equal(rewritten.error, -EINVAL);
    assert_non_null(strstr(buffer_string(&rewritten.text), "too many files of arguments; see that "
                                                           "none of them names itself\n"));
    rewrite(&nested, arena_format(names, "@%s/outer", folder), "--log-level=info", NULL);
    assert_string_equal(buffer_string(&nested.text),
                        "--watched-dir=a b --config-file=c.yml --log-level=info");
    tempdir_remove(folder);
}

static void urls_are_judged_as_go_does(void **state) {
    static const char *const good[] = {"",
                                       "*",
                                       "x?%zz",
                                       "HTTP://H",
                                       "http://u:p%20@h:1/a%20b?c#d",
                                       "http://[fe80::1%25eth0]:80/",
                                       "a+b-c.1:x"};
    static const char *const bad[] = {
        "\x7f", "http://h\n/",     "http://h/%2",   "#%g0",          ":",
        "1:x",  "http://[::1]:a/", "http://h:1:2/", "http://a b@h/", "http://h\\x/"};

    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_null(go_url_fault(bytes_of(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_non_null(go_url_fault(bytes_of(bad[i])));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_told_with_and_without_folders),
        cmocka_unit_test(durations_become_what_the_options_take),
        cmocka_unit_test(flags_of_this_program_pass_unchanged),
        cmocka_unit_test(a_fault_of_the_command_line_goes_before_one_of_a_value),
        cmocka_unit_test(a_url_that_is_refused_is_not_repeated),
        cmocka_unit_test(a_file_of_arguments_that_names_itself_is_refused),
        cmocka_unit_test(urls_are_judged_as_go_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
