/* SPDX-License-Identifier: Apache-2.0 */

/* The program's face: help, version, and what it says to a wrong command line. */

#include "options/options.h"
#include "support/program.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static const char hint[] = "remotewrite-sidecar --help says what there is.\n";

static void help_goes_to_stdout_and_shows_every_flag(void **state) {
    PROGRAM program = program_new();

    assert_int_equal(program_run(program, "--help", NULL), 0);
    assert_string_equal(program_errors(program), "");
    for (size_t i = 0; i < option_count; i++) {
        const char *flag = arena_format(program->arena, "  --%s", options[i].flag);
        assert_non_null(strstr(program_output(program), flag));
    }
    assert_non_null(strstr(program_output(program), "  --version\n"));
    assert_non_null(strstr(program_output(program),
                           "  remotewrite-sidecar check [FLAG ...] [FILE or DIR ...]\n"));
}

static void help_keeps_a_command_and_its_summary_apart(void **state) {
    PROGRAM program = program_new();

    assert_int_equal(program_run(program, "--help", NULL), 0);
    assert_non_null(strstr(program_output(program), "\n  run          watch, merge"));
    assert_non_null(strstr(program_output(program), "\n  healthcheck  ask a server"));
}

static void help_can_be_asked_for_in_several_ways(void **state) {
    PROGRAM whole = program_new();
    PROGRAM brief = program_new();
    PROGRAM command = program_new();
    PROGRAM flag = program_new();
    PROGRAM word = program_new();

    assert_int_equal(program_run(whole, "--help", NULL), 0);
    assert_int_equal(program_run(brief, "-h", NULL), 0);
    assert_int_equal(program_run(command, "help", NULL), 0);
    assert_string_equal(program_output(brief), program_output(whole));
    assert_string_equal(program_output(command), program_output(whole));

    assert_int_equal(program_run(flag, "render", "--help", NULL), 0);
    assert_int_equal(program_run(word, "help", "render", NULL), 0);
    assert_string_equal(program_output(word), program_output(flag));
    assert_int_equal(
        strncmp(program_output(flag), "Usage:\n  remotewrite-sidecar render [FLAG ...]\n", 43), 0);
}

static void help_of_a_command_shows_the_flags_that_concern_it(void **state) {
    static const struct {
        const char *command;
        const char *has;   /* NULL: no flag but --help and --version */
        const char *lacks; /* NULL: nothing */
    } cases[] = {
        {"run", "\n  --listen-address=", "\n  --ca-file="},
        {"run", "\n  --log-level=", NULL},
        {"render", "\n  --config-file=", "\n  --listen-address="},
        {"render", "\n  --log-level=", "\n  --reload-url="},
        {"check", "\n  --remote-write-dir=", "\n  --watch-interval="},
        {"healthcheck", "\n  --ca-file=", "\n  --config-file="},
        {"crd", NULL, "=FILE"},
        {"version", NULL, "--config-file"},
        {"help", NULL, "--config-file"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        PROGRAM program = program_new();

        assert_int_equal(program_run(program, cases[i].command, "--help", NULL), 0);
        const char *text = program_output(program);
        assert_non_null(strstr(text, cases[i].has != NULL ? cases[i].has : "\n  --help"));
        assert_non_null(strstr(text, "\n  --version\n"));
        assert_true(cases[i].lacks == NULL || strstr(text, cases[i].lacks) == NULL);
        for (size_t j = 0; cases[i].has == NULL && j < option_count; j++) {
            assert_null(strstr(text, arena_format(program->arena, "  --%s", options[j].flag)));
        }
    }
}

static void an_unknown_flag_leads_to_the_help_once(void **state) {
    PROGRAM far = program_new();
    PROGRAM near = program_new();

    assert_int_equal(program_run(far, "render", "--nothing-like-it", NULL), 2);
    assert_string_equal(program_errors(far), "error: --nothing-like-it: unknown flag; "
                                             "remotewrite-sidecar --help lists all flags\n");
    assert_int_equal(program_run(near, "render", "--confg-file=x", NULL), 2);
    assert_string_equal(program_errors(near),
                        "error: --confg-file: unknown flag; did you mean --config-file?\n"
                        "remotewrite-sidecar --help says what there is.\n");
}

static void version_names_itself_and_its_libraries(void **state) {
    static const char *const names[] = {
        "libuv:",   "libcurl:",   "libcrypto:",  "libmicrohttpd:", "gnutls:", "libxcrypt:",
        "libyaml:", "libconfig:", "libseccomp:", "pcre2:",         "zlib:",   "jansson:"};
    PROGRAM flag = program_new();
    PROGRAM command = program_new();

    assert_int_equal(program_run(flag, "--version", NULL), 0);
    assert_int_equal(program_run(command, "version", NULL), 0);
    assert_string_equal(program_output(flag), program_output(command));
    assert_int_equal(strncmp(program_output(flag), "remotewrite-sidecar, version ", 29), 0);
    assert_non_null(strstr(program_output(flag), " (commit "));
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        assert_non_null(strstr(program_output(flag), names[i]));
    }
}

struct wrong {
    const char *arguments[3];
    const char *message;
};

static const struct wrong wrong_lines[] = {
    {{"rendr"}, "error: rendr: unknown command; did you mean render?\n"},
    {{"frobnicate"},
     "error: frobnicate: unknown command; remotewrite-sidecar help lists all commands\n"},
    {{"help", "frobnicate"},
     "error: frobnicate: unknown command; remotewrite-sidecar help lists all commands\n"},
    {{"render", "file.yml"}, "error: file.yml: render takes flags only; leave it out\n"},
    {{"run", "--confg-file=x"}, "error: --confg-file: unknown flag; did you mean --config-file?\n"},
    {{"--confg-file=x"}, "error: --confg-file: unknown flag; did you mean --config-file?\n"},
    {{"render"},
     "error: --config-file: is required; name the base prometheus.yml, or set base.config_file\n"},
    {{"check"},
     "error: there is nothing to check; name files or directories, or give --remote-write-dir\n"},
    {{"check", "--prometheus-version=latest", "x.yml"},
     "error: --prometheus-version: \"latest\" is no version; write it as in 2.42 or 3.1.0\n"},
    {{"check", "--watch-interval=often", "x.yml"},
     "error: --watch-interval: \"often\" is no duration; write it as in 500ms, 30s, 3m or 1h30m\n"},
    {{"check", "--reload-url=http://p/reload", "x.yml"},
     "error: --reload-url: does not end in /-/reload, so the other URLs cannot be told from it; give "
     "--runtimeinfo-url too\n"},
};

static void a_wrong_command_line_exits_with_2_and_says_why(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(wrong_lines); i++) {
        const char *const *arguments = wrong_lines[i].arguments;
        PROGRAM program = program_new();
        assert_int_equal(program_run(program, arguments[0], arguments[1], arguments[2], NULL), 2);
        assert_string_equal(program_output(program), "");
        /* a remedy may lead to the help already */
        const bool leads = strstr(wrong_lines[i].message, "; remotewrite-sidecar ") != NULL;
        assert_string_equal(
            program_errors(program),
            arena_format(program->arena, "%s%s", wrong_lines[i].message, leads ? "" : hint));
    }
}

static void run_without_anything_to_do_says_what_is_missing(void **state) {
    PROGRAM command = program_new();
    PROGRAM nothing = program_new();
    PROGRAM source = program_new();

    assert_int_equal(program_run(command, "run", NULL), 2);
    assert_int_equal(program_run(nothing, NULL), 2);
    assert_string_equal(program_errors(command), program_errors(nothing));
    assert_non_null(strstr(program_errors(command), "error: --config-file: is required: there is "
                                                    "nothing to watch; "));
    assert_int_equal(program_run(source, "--remote-write-dir=rw", NULL), 2);
    assert_non_null(strstr(program_errors(source), "error: --config-file: is required; "));
    assert_non_null(strstr(program_errors(source), "error: --output-file: is required with "
                                                   "--remote-write-dir; "));
}

static void the_short_version_is_a_number_and_nothing_else(void **state) {
    PROGRAM program = program_new();

    assert_int_equal(program_run(program, "--short-version", NULL), 0);
    const char *text = program_output(program);
    assert_int_equal(strspn(text, "0123456789."), strlen(text) - 1);
    assert_string_equal(text + strlen(text) - 1, "\n");
}

static void a_mistake_in_sidecar_cfg_exits_with_2_and_names_its_line(void **state) {
    PROGRAM program = program_new();

    program_file(program, "sidecar.cfg", "# settings\nlog: { levle = \"debug\"; };\n");
    assert_int_equal(program_run(program, "render", "--sidecar-config=sidecar.cfg", NULL), 2);
    assert_string_equal(
        program_errors(program),
        "sidecar.cfg:2: error: log.levle: unknown setting; did you mean log.level?\n"
        "remotewrite-sidecar --help says what there is.\n");
}

static void output_that_cannot_be_written_is_a_fault(void **state) {
    PROGRAM program = program_new();

    /* /dev/full takes nothing. */
    assert_int_equal(symlink("/dev/full", program_path(program, "stdout")), 0);
    assert_int_equal(program_run(program, "--help", NULL), 1);
    assert_string_equal(program_errors(program),
                        "error: standard output cannot be written: No space left on device\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_goes_to_stdout_and_shows_every_flag),
        cmocka_unit_test(help_keeps_a_command_and_its_summary_apart),
        cmocka_unit_test(help_can_be_asked_for_in_several_ways),
        cmocka_unit_test(help_of_a_command_shows_the_flags_that_concern_it),
        cmocka_unit_test(an_unknown_flag_leads_to_the_help_once),
        cmocka_unit_test(version_names_itself_and_its_libraries),
        cmocka_unit_test(a_wrong_command_line_exits_with_2_and_says_why),
        cmocka_unit_test(run_without_anything_to_do_says_what_is_missing),
        cmocka_unit_test(the_short_version_is_a_number_and_nothing_else),
        cmocka_unit_test(a_mistake_in_sidecar_cfg_exits_with_2_and_names_its_line),
        cmocka_unit_test(output_that_cannot_be_written_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
