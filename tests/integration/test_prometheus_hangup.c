/* SPDX-License-Identifier: Apache-2.0 */

/* SIGHUP to real processes. */

#include "base/memory.h"
#include "prometheus/client.h"
#include "prometheus/hangup.h"
#include "support/deadline.h"
#include "support/fake_proc.h"
#include "support/hangup_target.h"
#include "support/log_lines.h"
#include "support/loop.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PROC CLEANUP(tempdir_removep) char *

enum {
    NOBODY = 65534,
    NAME_SIZE = 32
};

/* --- in the real /proc ---------------------------------------------------------------------- */

/* A program of a name that nobody else on this machine has; at most 15 bytes. */
static char *program_called(const char *folder, const char *target, char name[NAME_SIZE]) {
    snprintf(name, NAME_SIZE, "hup-%d", (int)getpid());
    link_make(folder, name, target);
    return path_join(folder, name);
}

static bool said(const char *folder, const char *word) {
    CLEANUP(memory_freep) char *output = file_read(folder, "output");

    return output != NULL && strstr(output, word) != NULL;
}

static void a_real_process_is_found_and_signalled(void **state) {
    CLEANUP(tempdir_removep) char *folder = tempdir_new();
    CLEANUP(memory_freep) char *output = path_join(folder, "output");
    char name[NAME_SIZE];
    CLEANUP(memory_freep) char *program = program_called(folder, "/bin/bash", name);
    const char *const arguments[] = {
        program, "-c", "trap 'echo hangup' HUP; echo ready; while sleep 0.05; do :; done", NULL};
    struct found_process found = {0};
    struct process *process = process_start(arguments, output, output);
    assert_true(WAIT_UNTIL(said(folder, "ready"), DEADLINE_USUAL));

    /* A child of it is called so too, until it has become a sleep. */
    assert_true(WAIT_UNTIL(hangup_send("/proc", name, NULL, &found) == 0 && found.others == 0,
                           DEADLINE_USUAL));

    assert_int_equal(found.pid, process_id(process));
    assert_true(WAIT_UNTIL(said(folder, "hangup"), DEADLINE_USUAL));
    assert_true(process_runs(process));
    process_free(process);
    assert_int_equal(hangup_send("/proc", name, NULL, &found), -ESRCH);
}

static void a_real_process_that_would_end_by_it_goes_on(void **state) {
    CLEANUP(tempdir_removep) char *folder = tempdir_new();
    CLEANUP(memory_freep) char *output = path_join(folder, "output");
    char name[NAME_SIZE];
    CLEANUP(memory_freep) char *program = program_called(folder, "/bin/sleep", name);
    const char *const arguments[] = {program, "600", NULL};
    struct found_process found = {0};
    struct process *process = process_start(arguments, output, output);

    /* Until it has become the program it is still called as this test. */
    assert_true(
        WAIT_UNTIL(hangup_send("/proc", name, NULL, &found) == -EOPNOTSUPP, DEADLINE_USUAL));

    assert_int_equal(found.pid, process_id(process));
    assert_true(process_runs(process));
    process_free(process);
}

/* --- who may not, and who is gone ----------------------------------------------------------- */

/* Sends it to the first process of the system, which belongs to root, as another user. */
static int sent_to_roots_process_by_nobody(const char *proc) {
    struct found_process found = {0};
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        bool nobody = geteuid() != 0 || (setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
        int error = nobody ? hangup_send(proc, "prometheus", NULL, &found) : 0;
        _exit(found.pid == 1 ? -error : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
}

static void a_process_of_another_user_is_an_error(void **state) {
    PROC proc = tempdir_new();
    fake_process_add(proc, (struct fake_process){.pid = 1});
    assert_int_equal(chmod(proc, 0755), 0);

    assert_int_equal(sent_to_roots_process_by_nobody(proc), -EPERM);
}

static void a_process_that_has_ended_meanwhile_is_none(void **state) {
    PROC proc = tempdir_new();
    struct found_process found = {0};
    struct hangup_target *target = hangup_target_new(0);
    fake_process_add(proc, (struct fake_process){.pid = hangup_target_id(target)});
    assert_int_equal(hangup_send(proc, "prometheus", NULL, &found), 0);
    hangup_target_free(target);

    assert_int_equal(hangup_send(proc, "prometheus", NULL, &found), -ESRCH);
}

static void every_error_says_what_is_wrong_and_what_to_do(void **state) {
    const struct found_process process = {.pid = 7};
    const struct {
        int error;
        const char *words;
        const char *remedy;
    } cases[] = {
        {-ESRCH, "no process of the program prometheus is seen", "shareProcessNamespace: true"},
        {-EPERM, "SIGHUP to process 7 (prometheus): Operation not permitted", "CAP_KILL"},
        {-EOPNOTSUPP, "process 7 (prometheus) does not handle SIGHUP", "--process-executable-name"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_free) struct buffer words = {0};
        hangup_describe(cases[i].error, "prometheus", &process, &words);
        assert_non_null(strstr(buffer_string(&words), cases[i].words));
        assert_non_null(strstr(hangup_remedy(cases[i].error), cases[i].remedy));
    }
    CLEANUP(buffer_free) struct buffer words = {0};
    hangup_describe(-EMFILE, "prometheus", &process, &words);
    assert_non_null(strstr(buffer_string(&words), strerror(EMFILE)));
    assert_null(hangup_remedy(-EMFILE));
}

/* --- as an answer of the client ------------------------------------------------------------- */

struct fixture {
    uv_loop_t loop;
    char *proc;
    struct prometheus_settings settings;
    struct prometheus_client *client;
    struct http_answer answer;
    char error[256];
    size_t answers;
};

static int given_a_client(void **state) {
    struct fixture *fixture = memory_new(1, sizeof(*fixture));

    uv_loop_init(&fixture->loop);
    fixture->proc = tempdir_new();
    fixture->settings = (struct prometheus_settings){
        .method = RELOAD_BY_SIGNAL,
        .process_name = "prometheus",
        .proc_path = fixture->proc,
        .runtimeinfo_url = "http://127.0.0.1:1/api/v1/status/runtimeinfo",
        .timeout_milliseconds = 1000,
    };
    fixture->client = prometheus_client_new(&fixture->loop, &fixture->settings);
    log_lines_start();
    *state = fixture;
    return 0;
}

static int close_all(void **state) {
    struct fixture *fixture = *state;

    prometheus_client_close(fixture->client);
    bool clean = loop_finish(&fixture->loop);
    log_lines_stop();
    tempdir_remove(fixture->proc);
    free(fixture);
    return clean ? 0 : -1;
}

static void on_answer(const struct http_answer *answer, void *context) {
    struct fixture *fixture = context;

    fixture->answer = *answer;
    snprintf(fixture->error, sizeof(fixture->error), "%s", answer->error);
    fixture->answers++;
}

static bool is_answered(void *context) {
    const struct fixture *fixture = context;

    return fixture->answers > 0;
}

static void reload_is_asked_for(struct fixture *fixture) {
    fixture->answers = 0;
    assert_int_equal(prometheus_reload(fixture->client, on_answer, fixture), 0);
    assert_int_equal(prometheus_reload(fixture->client, on_answer, fixture), -EALREADY);
    assert_int_equal(fixture->answers, 0);
    assert_true(loop_until(&fixture->loop, is_answered, fixture, LOOP_DEADLINE));
}

static void a_signal_may_have_been_received_and_is_not_answered(void **state) {
    struct fixture *fixture = *state;
    HANGUP_TARGET target = hangup_target_new(0);
    fake_process_add(fixture->proc, (struct fake_process){.pid = hangup_target_id(target)});

    reload_is_asked_for(fixture);

    assert_true(fixture->answer.signalled);
    assert_true(fixture->answer.maybe_received);
    assert_false(fixture->answer.lost);
    assert_false(fixture->answer.unreachable);
    assert_int_equal(fixture->answer.status, 0);
    assert_non_null(strstr(fixture->error, "(prometheus) is not answered"));
    assert_int_equal(log_lines_count("level=warn", NULL), 0);
}

static void without_a_process_nothing_was_received(void **state) {
    struct fixture *fixture = *state;

    reload_is_asked_for(fixture);

    assert_false(fixture->answer.signalled);
    assert_false(fixture->answer.maybe_received);
    assert_non_null(strstr(fixture->error, "no process"));
    assert_non_null(strstr(fixture->answer.remedy, "shareProcessNamespace"));
}

static void a_choice_among_several_is_said_once(void **state) {
    struct fixture *fixture = *state;
    HANGUP_TARGET target = hangup_target_new(0);
    fake_process_add(fixture->proc, (struct fake_process){.pid = hangup_target_id(target)});
    fake_process_add(fixture->proc, (struct fake_process){.pid = 1, .started = 5});

    reload_is_asked_for(fixture);
    reload_is_asked_for(fixture);

    assert_int_equal(
        log_lines_count("level=warn msg=\"several processes may be the one", "others="), 1);
}

#define CLIENT_TEST(function) cmocka_unit_test_setup_teardown(function, given_a_client, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_process_is_found_and_signalled),
        cmocka_unit_test(a_real_process_that_would_end_by_it_goes_on),
        cmocka_unit_test(a_process_of_another_user_is_an_error),
        cmocka_unit_test(a_process_that_has_ended_meanwhile_is_none),
        cmocka_unit_test(every_error_says_what_is_wrong_and_what_to_do),
        CLIENT_TEST(a_signal_may_have_been_received_and_is_not_answered),
        CLIENT_TEST(without_a_process_nothing_was_received),
        CLIENT_TEST(a_choice_among_several_is_said_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
