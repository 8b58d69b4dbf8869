/* SPDX-License-Identifier: Apache-2.0 */

/* A sidecar that was killed (a container that ran out of memory) is told of in the log of the next
 * one. Nobody answers for Prometheus. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/deadline.h"
#include "support/program.h"
#include "support/tempdir.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MARKER   "out/.remotewrite-sidecar/running"
#define UNCLEAN  "the last run ended without a clean shutdown"
#define WARNING  "level=warn msg=\"" UNCLEAN ": it was killed"
#define SETTINGS "--sidecar-config=sidecar.cfg"

static void output_is(struct program *program, const char *name) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text, "output = { config_file = \"%s\"; };\n", name);
    program_file(program, "sidecar.cfg", buffer_string(&text));
}

static struct program *given_volumes(void) {
    struct program *program = program_new();

    program_file(program, "base/base.yml", "global: {scrape_interval: 15s}\n");
    folder_make(program->folder, "rw");
    folder_make(program->folder, "out");
    output_is(program, "out/prometheus.yml");
    return program;
}

static const char *log_of(const struct program *program) {
    const char *log = program_read(program, "stderr");

    return log != NULL ? log : "";
}

static size_t count_logged(const struct program *program, const char *text) {
    size_t count = 0;

    for (const char *at = log_of(program); (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

/* Starts it and waits until its first pass is over, which writes the figures of the marker too. */
static pid_t runs(struct program *program) {
    tree_remove(program_path(program, "stderr"));
    pid_t process = program_start(program, "run", SETTINGS, "--config-file=base/base.yml",
                                  "--remote-write-dir=rw", "--log-level=debug",
                                  "--reload-url=http://127.0.0.1:1/-/reload", NULL);

    if (!WAIT_UNTIL(count_logged(program, "msg=phase from=reloading") > 0, DEADLINE_USUAL)) {
        fail_msg("it does not come up:\n%s", log_of(program));
    }
    return process;
}

static int ends(pid_t process, int number) {
    kill(process, number);
    return program_wait(process);
}

static bool is_there(const struct program *program, const char *name) {
    return access(program_path(program, name), F_OK) == 0;
}

static void after_a_kill_the_next_start_says_so_once_with_what_to_do(void **state) {
    PROGRAM program = given_volumes();
    ends(runs(program), SIGKILL);
    assert_true(is_there(program, MARKER));

    pid_t process = runs(program);

    assert_int_equal(count_logged(program, WARNING), 1);
    const char *line = strstr(log_of(program), WARNING);
    assert_non_null(strstr(line, " started=20"));
    assert_non_null(strstr(line, " peak_memory_bytes="));
    assert_non_null(strstr(line, "raise the memory limit, or lower --max-volume-size"));
    assert_int_equal(ends(process, SIGTERM), 0);
    ends(runs(program), SIGTERM);
    assert_int_equal(count_logged(program, UNCLEAN), 0);
}

static void a_clean_end_leaves_no_marker(void **state) {
    static const int signals[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < ARRAY_LENGTH(signals); i++) {
        PROGRAM program = given_volumes();
        pid_t process = runs(program);
        assert_true(is_there(program, MARKER));

        assert_int_equal(ends(process, signals[i]), 0);

        assert_false(is_there(program, MARKER));
        ends(runs(program), SIGTERM);
        assert_int_equal(count_logged(program, UNCLEAN), 0);
    }
}

/* The pod is not made anew where a container of it is: an init container may run in between, and it
 * is no run that could tell. */
static void an_init_container_neither_tells_nor_forgets(void **state) {
    PROGRAM program = given_volumes();
    ends(runs(program), SIGKILL);

    assert_int_equal(program_run(program, "run", SETTINGS, "--config-file=base/base.yml",
                                 "--remote-write-dir=rw", "--watch-interval=0", NULL),
                     0);
    assert_null(strstr(program_errors(program), UNCLEAN));

    ends(runs(program), SIGTERM);
    assert_int_equal(count_logged(program, WARNING), 1);
}

static void another_one_that_runs_was_not_killed(void **state) {
    PROGRAM program = given_volumes();
    pid_t first = runs(program);

    pid_t second = runs(program);

    assert_int_equal(count_logged(program, "another sidecar that runs keeps its state"), 1);
    assert_int_equal(count_logged(program, UNCLEAN), 0);
    assert_int_equal(ends(second, SIGTERM), 0);
    assert_true(is_there(program, MARKER));
    assert_int_equal(ends(first, SIGTERM), 0);
    assert_false(is_there(program, MARKER));
}

/* After a power failure it is another boot. */
static void a_machine_that_went_down_is_no_kill(void **state) {
    PROGRAM program = given_volumes();
    ends(runs(program), SIGKILL);
    CLEANUP(memory_freep) char *record = file_read(program->folder, MARKER);
    char *boot = record + strlen("boot ");
    boot[0] = boot[0] == '0' ? '1' : '0';
    file_write(program->folder, MARKER, record);
    assert_int_equal(chmod(program_path(program, MARKER), 0600), 0);

    ends(runs(program), SIGTERM);

    assert_int_equal(count_logged(program, WARNING), 0);
    assert_int_equal(count_logged(program, "level=info msg=\"" UNCLEAN ": the machine was"), 1);
}

static void a_marker_that_is_damaged_tells_all_the_same(void **state) {
    static const char *const damaged[] = {"x", "boot boot boot started -",
                                          "boot a started 1 peak 2",
                                          "boot a started 99999999999999999999 peak -7\n\n\n\n"};

    for (size_t i = 0; i < ARRAY_LENGTH(damaged); i++) {
        PROGRAM program = given_volumes();
        folder_make(program->folder, "out/.remotewrite-sidecar");
        file_write(program->folder, MARKER, damaged[i]);
        assert_int_equal(chmod(program_path(program, MARKER), 0600), 0);
        assert_int_equal(chmod(program_path(program, "out/.remotewrite-sidecar"), 0700), 0);

        assert_int_equal(ends(runs(program), SIGTERM), 0);

        assert_int_equal(count_logged(program, UNCLEAN), 1);
        assert_false(is_there(program, MARKER));
    }
}

/* Others may write to the folder that the output is in. */
static void a_marker_that_is_a_link_is_not_followed(void **state) {
    PROGRAM program = given_volumes();
    program_file(program, "precious", "keep this\n");
    folder_make(program->folder, "out/.remotewrite-sidecar");
    assert_int_equal(chmod(program_path(program, "out/.remotewrite-sidecar"), 0700), 0);
    link_make(program->folder, MARKER, "../../precious");

    assert_int_equal(ends(runs(program), SIGTERM), 0);

    assert_string_equal(program_read(program, "precious"), "keep this\n");
    assert_int_equal(count_logged(program, UNCLEAN), 0);
    assert_int_equal(count_logged(program, "level=info msg=\"cannot keep a marker"), 1);
}

static void the_marker_goes_with_the_output(void **state) {
    PROGRAM program = given_volumes();
    folder_make(program->folder, "out/other");
    pid_t process = runs(program);

    output_is(program, "out/other/prometheus.yml");
    kill(process, SIGHUP);
    assert_true(
        WAIT_UNTIL(is_there(program, "out/other/.remotewrite-sidecar/running"), DEADLINE_USUAL));
    assert_true(WAIT_UNTIL(!is_there(program, MARKER), DEADLINE_USUAL));
    ends(process, SIGKILL);

    ends(runs(program), SIGTERM);
    assert_int_equal(count_logged(program, WARNING), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_kill_the_next_start_says_so_once_with_what_to_do),
        cmocka_unit_test(a_clean_end_leaves_no_marker),
        cmocka_unit_test(an_init_container_neither_tells_nor_forgets),
        cmocka_unit_test(another_one_that_runs_was_not_killed),
        cmocka_unit_test(a_machine_that_went_down_is_no_kill),
        cmocka_unit_test(a_marker_that_is_damaged_tells_all_the_same),
        cmocka_unit_test(a_marker_that_is_a_link_is_not_followed),
        cmocka_unit_test(the_marker_goes_with_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
