/* SPDX-License-Identifier: Apache-2.0 */

/* What the merge makes of each base form in testdata/base/ is a config to the real promtool too. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "compile/merge.h"
#include "support/assertions.h"
#include "support/tempdir.h"

#include <errno.h>
#include <glob.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

/* Runs promtool over all files at once; it names those that it refuses on standard output. */
static int check_configs(const char *promtool, char *const *files, size_t count) {
    CLEANUP(memory_freep) char **arguments = memory_new(count + 4, sizeof(*arguments));
    int status = 0;
    pid_t child = 0;

    arguments[0] = memory_string(promtool);
    arguments[1] = memory_string("check");
    arguments[2] = memory_string("config");
    for (size_t i = 0; i < count; i++) {
        arguments[3 + i] = files[i];
    }
    int error = posix_spawn(&child, promtool, NULL, NULL, arguments, environ);
    while (error == 0 && waitpid(child, &status, 0) < 0) {
        error = errno == EINTR ? 0 : errno;
    }
    for (size_t i = 0; i < 3; i++) {
        free(arguments[i]);
    }
    return error != 0 ? -error : WEXITSTATUS(status);
}

static void assert_all_pass(const char *pattern) {
    const char *promtool = promtool_or_skip();
    glob_t files = {0};

    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    int result = check_configs(promtool, files.gl_pathv, files.gl_pathc);
    globfree(&files);
    assert_int_equal(result, 0);
}

static void promtool_takes_every_base(void **state) {
    assert_all_pass("testdata/base/*/base.yml");
}

static void promtool_takes_every_merged_config(void **state) {
    assert_all_pass("testdata/base/*/merged.yml");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promtool_takes_every_base),
        cmocka_unit_test(promtool_takes_every_merged_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
