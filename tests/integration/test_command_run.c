/* SPDX-License-Identifier: Apache-2.0 */

/* run as a process: the init container, signals, settings that change while it runs. */

#include "support/assertions.h"
#include "support/program.h"
#include "support/tempdir.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static const char base[] = "global: {scrape_interval: 15s}\n";

#define MANIFEST(name, region)                                 \
    "apiVersion: monitoring.giantswarm.io/v1alpha1\n"          \
    "kind: RemoteWrite\n"                                      \
    "metadata: {name: " name ", namespace: team-a}\n"          \
    "spec:\n"                                                  \
    "  clusterSelector: {matchLabels: {region: " region "}}\n" \
    "  remoteWrite:\n"                                         \
    "    url: https://example.com/push\n"                      \
    "    basicAuth:\n"                                         \
    "      username: {name: s, key: user}\n"                   \
    "      password: {name: s, key: password}\n"               \
    "  secrets: [{name: s, stringData: {user: me, password: hunter2}}]\n"

/* Port 1 of the loopback: nobody answers. */
#define HOUSE                                                                              \
    "--config-file=base.yml", "--remote-write-dir=rw", "--output-file=out/prometheus.yml", \
        "--reload-url=http://127.0.0.1:1/-/reload"

static void house_built(struct program *program) {
    program_file(program, "base.yml", base);
    program_file(program, "rw/eu.yaml", MANIFEST("eu", "eu"));
    program_file(program, "rw/us.yaml", MANIFEST("us", "us"));
    folder_make(program->folder, "out");
}

/* Until a file holds a text, or a generous deadline has passed. */
static bool comes(const struct program *program, const char *name, const char *text) {
    const int step = 5;

    for (int waited = 0; waited < 60000; waited += step) {
        const char *content = program_read(program, name);
        if (content != NULL && strstr(content, text) != NULL)
            return true;
        poll(NULL, 0, step);
    }
    return false;
}

static unsigned mode_of(const struct program *program, const char *name) {
    struct stat status;

    assert_int_equal(stat(program_path(program, name), &status), 0);
    return status.st_mode & 07777;
}

static void an_init_container_writes_and_exits(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    assert_int_equal(program_run(program, "run", HOUSE, "--cluster-label=region=eu",
                                 "--watch-interval=0", "--config-file-mode=0644", NULL),
                     0);
    const char *config = program_read(program, "out/prometheus.yml");
    assert_int_equal(strncmp(config, base, strlen(base)), 0);
    assert_non_null(strstr(config, "name: eu\n"));
    assert_null(strstr(config, "name: us\n"));
    assert_int_equal(mode_of(program, "out/prometheus.yml"), 0644);
    const char *secret = "out/remote-write-secrets/team-a_eu_basicAuth.password";
    assert_string_equal(program_read(program, secret), "hunter2");
    assert_int_equal(mode_of(program, secret), 0640);
    assert_string_equal(program_output(program), "");
    assert_null(strstr(program_errors(program), "hunter2"));
}

static void run_needs_no_name(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    assert_int_equal(program_run(program, HOUSE, "--watch-interval=0", NULL), 0);
    assert_non_null(program_read(program, "out/prometheus.yml"));
}

static void an_init_container_without_a_base_is_a_fault(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    file_remove(program->folder, "base.yml");
    assert_int_equal(program_run(program, "run", HOUSE, "--watch-interval=0", NULL), 1);
    assert_null(program_read(program, "out/prometheus.yml"));
    assert_non_null(strstr(program_errors(program), "base.yml"));
}

static void a_rejected_manifest_does_not_stop_an_init_container(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    program_file(program, "rw/us.yaml", "kind: [\n");
    assert_int_equal(
        program_run(program, "run", HOUSE, "--cluster-label=region=eu", "--watch-interval=0", NULL),
        0);
    assert_non_null(strstr(program_read(program, "out/prometheus.yml"), "name: eu\n"));
}

static void both_signals_end_it_with_0(void **state) {
    static const int signals[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < ARRAY_LENGTH(signals); i++) {
        PROGRAM program = program_new();
        house_built(program);
        pid_t process = program_start(program, "run", HOUSE, "--cluster-label=region=eu", NULL);
        bool came = comes(program, "out/prometheus.yml", "name: eu\n");
        kill(process, signals[i]);
        assert_int_equal(program_wait(process), 0);
        assert_true(came);
        /* the config, the secret files, the state */
        assert_int_equal(folder_count(program_path(program, "out")), 3);
    }
}

/* Whatever somebody sends by mistake: every signal but those that have a meaning, or that nobody
 * can ignore. */
static void stray_signals_do_not_end_it(void **state) {
    static const int meant[] = {SIGHUP,  SIGINT,  SIGTERM, SIGQUIT, SIGILL,  SIGTRAP,
                                SIGABRT, SIGBUS,  SIGFPE,  SIGKILL, SIGSEGV, SIGSTOP,
                                SIGTSTP, SIGTTIN, SIGTTOU, SIGSYS};
    PROGRAM program = program_new();

    house_built(program);
    pid_t process = program_start(program, "run", HOUSE, "--cluster-label=region=eu", NULL);
    bool first = comes(program, "out/prometheus.yml", "name: eu\n");
    for (int number = 1; number <= SIGRTMAX; number++) {
        bool stray = number < __SIGRTMIN || number >= SIGRTMIN;
        for (size_t i = 0; i < ARRAY_LENGTH(meant); i++) {
            stray = stray && number != meant[i];
        }
        if (stray) {
            kill(process, number);
        }
    }
    program_file(program, "rw/eu.yaml", MANIFEST("europe", "eu"));
    bool second = comes(program, "out/prometheus.yml", "name: europe\n");
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(first && second);
}

static void sigquit_still_ends_it_at_once(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    pid_t process = program_start(program, "run", HOUSE, "--cluster-label=region=eu", NULL);
    bool first = comes(program, "out/prometheus.yml", "name: eu\n");
    kill(process, SIGQUIT);
    assert_int_equal(program_wait(process), -1);
    assert_true(first);
}

static const char cfg_eu[] = "cluster: { labels = [\"region=eu\"]; };\n";
static const char cfg_us[] = "cluster: { labels = [\"region=us\"]; };\n";

static void on_sighup_the_settings_are_read_anew(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    program_file(program, "sidecar.cfg", cfg_eu);
    pid_t process = program_start(program, "run", HOUSE, "--sidecar-config=sidecar.cfg", NULL);
    bool first = comes(program, "out/prometheus.yml", "name: eu\n");
    program_file(program, "sidecar.cfg", cfg_us);
    kill(process, SIGHUP);
    bool second = comes(program, "out/prometheus.yml", "name: us\n");
    program_file(program, "sidecar.cfg", cfg_eu);
    kill(process, SIGHUP);
    bool third = comes(program, "out/prometheus.yml", "name: eu\n");
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(first && second && third);
}

static void wrong_settings_are_logged_and_the_old_ones_stay(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    program_file(program, "sidecar.cfg", cfg_eu);
    pid_t process = program_start(program, "run", HOUSE, "--sidecar-config=sidecar.cfg", NULL);
    bool first = comes(program, "out/prometheus.yml", "name: eu\n");
    program_file(program, "sidecar.cfg", "cluster: {\n  lables = [\"region=us\"]; };\n");
    kill(process, SIGHUP);
    bool told = comes(program, "stderr",
                      "sidecar.cfg:2: error: cluster.lables: unknown setting; did you mean "
                      "cluster.labels?");
    /* It still runs, with what it had. */
    program_file(program, "rw/eu.yaml", MANIFEST("europe", "eu"));
    bool served = comes(program, "out/prometheus.yml", "name: europe\n");
    program_file(program, "sidecar.cfg", cfg_us);
    kill(process, SIGHUP);
    bool mended = comes(program, "out/prometheus.yml", "name: us\n");
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(first && told && served && mended);
}

static void sighup_without_a_file_does_no_harm(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    pid_t process = program_start(program, "run", HOUSE, "--cluster-label=region=eu", NULL);
    bool first = comes(program, "out/prometheus.yml", "name: eu\n");
    kill(process, SIGHUP);
    program_file(program, "rw/eu.yaml", MANIFEST("europe", "eu"));
    bool served = comes(program, "out/prometheus.yml", "name: europe\n");
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(first && served);
}

/* No other file of the settings lies in the working directory, which is what is left of mnt/rw. */
static void a_source_may_come_in_a_folder_that_comes_too(void **state) {
    PROGRAM program = program_new();

    program_file(program, "etc/base.yml", base);
    folder_make(program->folder, "out");
    pid_t process = program_start(program, "run", "--config-file=etc/base.yml",
                                  "--remote-write-dir=mnt/rw", "--output-file=out/prometheus.yml",
                                  "--reload-url=http://127.0.0.1:1/-/reload",
                                  "--cluster-label=region=eu", NULL);
    bool first = comes(program, "out/prometheus.yml", base);
    program_file(program, "mnt/rw/late.yaml", MANIFEST("late", "eu"));
    bool second = comes(program, "out/prometheus.yml", "name: late\n");
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(first && second);
}

/* Once it runs, it is nothing that the sandbox lets it make, and nothing around it may be written.
 */
static void a_folder_of_secrets_elsewhere_is_made_at_the_start(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    pid_t process = program_start(program, "run", HOUSE, "--secret-output-dir=@/var/secrets", NULL);
    bool published = comes(program, "out/prometheus.yml", base);
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(published);
    assert_int_equal(mode_of(program, "var/secrets"), 0750);
}

static void secrets_are_published_into_a_folder_elsewhere(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    pid_t process = program_start(program, "run", HOUSE, "--secret-output-dir=secrets",
                                  "--cluster-label=region=eu", NULL);
    bool published = comes(program, "out/prometheus.yml", "name: eu\n");
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(published);
    assert_string_equal(program_read(program, "secrets/team-a_eu_basicAuth.password"), "hunter2");
}

static void a_folder_of_secrets_that_cannot_be_made_is_a_warning(void **state) {
    PROGRAM program = program_new();

    house_built(program);
    pid_t process =
        program_start(program, "run", HOUSE, "--secret-output-dir=base.yml/secrets", NULL);
    bool published = comes(program, "out/prometheus.yml", base);
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(published);
    const char *log = program_read(program, "stderr");
    assert_non_null(strstr(log,
                           "level=warn msg=\"cannot make the folder of the secret files\" "
                           "step=\"making the folder\" file=base.yml err=\"Not a directory\""));
}

/* Of these, false is: there is no sandbox to be had. A test that is skipped frees nothing.
 *
 * To the kernel another folder is another one, whatever its name. */
static bool holds_of_folder_made_anew(void) {
    PROGRAM program = program_new();

    program_file(program, "etc/base.yml", base);
    program_file(program, "mnt/volume/rw/eu.yaml", MANIFEST("eu", "eu"));
    folder_make(program->folder, "out");
    pid_t process = program_start(program, "run", "--config-file=etc/base.yml",
                                  "--remote-write-dir=mnt/volume/rw", "--output-file=out/p.yml",
                                  "--reload-url=http://127.0.0.1:1/-/reload",
                                  "--cluster-label=region=eu", NULL);
    bool served = comes(program, "out/p.yml", "name: eu\n");
    bool confined = served && strstr(program_read(program, "stderr"), "landlock=false") == NULL;
    tree_remove(program_path(program, "mnt/volume"));
    program_file(program, "mnt/volume/rw/eu.yaml", MANIFEST("europe", "eu"));
    bool told = confined &&
                comes(program, "stderr", "restart the sidecar: its sandbox covers what was there");
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(served);
    if (!confined)
        return false;
    assert_true(told);
    return true;
}

static void where_the_folder_around_a_source_is_made_anew_a_restart_is_asked_for(void **state) {
    if (!holds_of_folder_made_anew())
        skip_because("the kernel has not all of the sandbox");
}

/* --- settings that the sandbox does not know ----------------------------------------------------
 */

#define SETTINGS_OF(sources, secrets, port)                                                \
    "sources: { remote_write_dirs = [" sources "]; };\n"                                   \
    "output: { secret_dir = \"" secrets "\"; };\n"                                         \
    "reload: { url = \"http://127.0.0.1:" port "/-/reload\"; startup_grace = \"1h\"; };\n" \
    "cluster: { labels = [\"region=eu\"]; };\n"

static const char taken[] = "settings taken over";
static const char refused[] = "settings are wrong, the old ones stay";

/* What the log says after a SIGHUP that brings these settings, in place of mnt/rw, out/secrets and
 * port 1. outcome: what it says of them; entry: what the config has then. */
static const char *log_of_hangup(struct program *program, const char *settings, const char *sandbox,
                                 const char *outcome, const char *entry) {
    program_file(program, "etc/base.yml", base);
    program_file(program, "mnt/rw/eu.yaml", MANIFEST("eu", "eu"));
    program_file(program, "mnt/other/eu.yaml", MANIFEST("other", "eu"));
    program_file(program, "else/rw/eu.yaml", MANIFEST("else", "eu"));
    folder_make(program->folder, "out");
    program_file(program, "etc/sidecar.cfg", SETTINGS_OF("\"mnt/rw\"", "out/secrets", "1"));
    pid_t process =
        program_start(program, "run", "--sidecar-config=etc/sidecar.cfg",
                      "--config-file=etc/base.yml", "--output-file=out/p.yml", sandbox, NULL);
    bool first = comes(program, "out/p.yml", "name: eu\n");
    const char *start = program_read(program, "stderr");
    if (outcome == refused && strstr(start, "the sandbox is not complete") != NULL) {
        outcome = taken;
        entry = "name: else\n";
    }
    program_file(program, "etc/sidecar.cfg", settings);
    kill(process, SIGHUP);
    bool second = comes(program, "stderr", outcome);
    program_file(program, "mnt/rw/eu.yaml", MANIFEST("old-settings", "eu"));
    bool third = comes(program, "out/p.yml", entry);
    kill(process, SIGTERM);
    assert_int_equal(program_wait(process), 0);
    assert_true(first && second && third);
    return program_read(program, "stderr");
}

static size_t times(const char *text, const char *part) {
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static const char elsewhere[] =
    SETTINGS_OF("\"else/rw\", \"mnt/other\", \"gone/rw\"", "else/secrets", "2");

/* An error of the settings, with what to do. */
static bool is_refused(struct program *program, const char *log, const char *problem) {
    const char *line = arena_format(program->arena,
                                    "level=error msg=\"%s\" err=\"%s: the sandbox does not cover "
                                    "it; restart the sidecar, or put the earlier setting back\"\n",
                                    refused, problem);

    return strstr(log, line) != NULL;
}

static bool holds_of_not_covered(void) {
    PROGRAM program = program_new();
    const char *log =
        log_of_hangup(program, elsewhere, "--sandbox=auto", refused, "name: old-settings\n");

    if (strstr(log, "the sandbox is not complete") != NULL)
        return false;
    assert_int_equal(times(log, "sandbox does not cover it"), 4);
    assert_true(is_refused(program, log, "else/rw: error: cannot be read"));
    assert_true(is_refused(program, log, "gone/rw: error: cannot be read"));
    assert_true(is_refused(program, log, "else/secrets: error: cannot be written"));
    assert_true(is_refused(program, log, "error: reload.url: port 2 cannot be connected to"));
    assert_null(strstr(log, taken));
    return true;
}

static void settings_that_the_sandbox_does_not_cover_keep_the_old_ones(void **state) {
    if (!holds_of_not_covered())
        skip_because("the kernel has not all of the sandbox");
}

static void settings_that_it_covers_are_taken(void **state) {
    PROGRAM program = program_new();
    const char *log =
        log_of_hangup(program, SETTINGS_OF("\"mnt/other/\", \"mnt/gone/rw\"", "out/a/b", "1"),
                      "--sandbox=auto", taken, "name: other\n");

    assert_null(strstr(log, refused));
}

static void without_a_sandbox_all_are_taken(void **state) {
    PROGRAM program = program_new();

    assert_null(
        strstr(log_of_hangup(program, elsewhere, "--sandbox=off", taken, "name: else\n"), refused));
}

/* For what is started from here on; how many there were. */
static rlim_t descriptors_limited(rlim_t count) {
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static const char no_descriptor[] = "Landlock cannot be set up: Too many open files";

/* So few that the loop still has its own, and none is left for Landlock. 0: there is no such
 * number, as there is no Landlock. Before it is reached, and when it is, the program ends at once.
 */
static rlim_t too_few_for_landlock(struct program *program) {
    const rlim_t least = 7; /* its three streams are opened before they take their places */

    for (rlim_t count = least;; count++) {
        rlim_t before = descriptors_limited(count);
        int status = program_run(program, "run", HOUSE, "--sandbox=require", NULL);
        descriptors_limited(before);
        if (strstr(program_errors(program), no_descriptor) != NULL)
            return count;
        if (strstr(program_errors(program), "cannot enter the sandbox") != NULL)
            return 0;
        assert_int_not_equal(status, 0);
    }
}

static bool holds_of_want_of_descriptors(void) {
    PROGRAM program = program_new();

    house_built(program);
    rlim_t count = too_few_for_landlock(program);
    if (count == 0)
        return false;
    assert_int_equal(program->status, 1);
    assert_non_null(strstr(program_errors(program),
                           "remedy=\"raise the sidecar's limit of open files (ulimit -n), or run "
                           "with --sandbox=auto\""));

    file_remove(program->folder, "stderr"); /* what the next one says is looked at, not the last */
    rlim_t before = descriptors_limited(count);
    pid_t process = program_start(program, "run", HOUSE, "--sandbox=auto", NULL);
    descriptors_limited(before);
    bool told = comes(program, "stderr", no_descriptor);
    kill(process, SIGTERM);
    (void)program_wait(process);
    assert_true(told);
    const char *log = program_read(program, "stderr");
    assert_non_null(strstr(log, "level=warn msg=\"the sandbox is not complete\""));
    assert_null(strstr(log, "cannot enter the sandbox"));
    return true;
}

static void a_sandbox_that_fails_for_want_of_descriptors_says_so(void **state) {
    if (!holds_of_want_of_descriptors())
        skip_because("the kernel has not all of the sandbox");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_init_container_writes_and_exits),
        cmocka_unit_test(run_needs_no_name),
        cmocka_unit_test(an_init_container_without_a_base_is_a_fault),
        cmocka_unit_test(a_rejected_manifest_does_not_stop_an_init_container),
        cmocka_unit_test(both_signals_end_it_with_0),
        cmocka_unit_test(stray_signals_do_not_end_it),
        cmocka_unit_test(sigquit_still_ends_it_at_once),
        cmocka_unit_test(on_sighup_the_settings_are_read_anew),
        cmocka_unit_test(wrong_settings_are_logged_and_the_old_ones_stay),
        cmocka_unit_test(sighup_without_a_file_does_no_harm),
        cmocka_unit_test(a_source_may_come_in_a_folder_that_comes_too),
        cmocka_unit_test(where_the_folder_around_a_source_is_made_anew_a_restart_is_asked_for),
        cmocka_unit_test(settings_that_the_sandbox_does_not_cover_keep_the_old_ones),
        cmocka_unit_test(settings_that_it_covers_are_taken),
        cmocka_unit_test(without_a_sandbox_all_are_taken),
        cmocka_unit_test(a_sandbox_that_fails_for_want_of_descriptors_says_so),
        cmocka_unit_test(a_folder_of_secrets_elsewhere_is_made_at_the_start),
        cmocka_unit_test(secrets_are_published_into_a_folder_elsewhere),
        cmocka_unit_test(a_folder_of_secrets_that_cannot_be_made_is_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
