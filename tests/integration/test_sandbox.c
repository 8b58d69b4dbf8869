/* SPDX-License-Identifier: Apache-2.0 */

/* The sandbox on this kernel: each test enters it in a child process, since there is no way back.
 */

#include "base/compiler.h"
#include "prometheus/process.h"
#include "sandbox/sandbox.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/hangup_target.h"
#include "support/tempdir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

struct stage {
    char *folder; /* holds in/, out/ and else/, each with a file "file" */
    uint16_t open_port;
    uint16_t closed_port;
    bool hangups;
    const struct hangup_target *target; /* a process that waits for SIGHUP */
    struct sandbox_report report;
};

/* What a child says by its exit status. */
enum {
    HELD = 0,
    BROKEN = 1,
    NOT_TO_BE_HAD = 77
};

/* Of a child, whose parent then skips the test. */
static int not_to_be_had(const char *lacking) {
    dprintf(STDOUT_FILENO, "lacking: %s\n", lacking);
    return NOT_TO_BE_HAD;
}

#define DECIMAL      10
#define LOG_DEADLINE 2000U /* milliseconds, that the kernel's log may take */

static char *in_stage(const struct stage *stage, const char *name) {
    return path_join(stage->folder, name);
}

static int listen_somewhere(uint16_t *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int enter(enum sandbox_mode mode, const struct sandbox_rules *rules,
                 struct sandbox_report *report) {
    sandbox_prepare(mode, report);
    return sandbox_enter(mode, rules, report);
}

/* Runs check in a child that has entered the sandbox; its exit status. hangups: it may send SIGHUP.
 */
static int run_in_sandbox(int (*check)(const struct stage *stage), bool hangups) {
    struct stage stage = {.folder = tempdir_new(), .hangups = hangups};
    CLEANUP(memory_freep) char *in = in_stage(&stage, "in");
    CLEANUP(memory_freep) char *out = in_stage(&stage, "out");
    int open_fd = listen_somewhere(&stage.open_port);
    int closed_fd = listen_somewhere(&stage.closed_port);
    int status = 0;

    file_write(stage.folder, "in/file", "in");
    file_write(stage.folder, "out/file", "out");
    file_write(stage.folder, "else/file", "else");

    /* Out here it can be told to end with this process, and is killed. */
    HANGUP_TARGET target = hangup_target_new(0);
    stage.target = target;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* What is nowhere is not worth the root above it. */
        const struct sandbox_path readable[] = {{in, true},
                                                {"/no-such-folder/in", true},
                                                {"/usr/lib", false},
                                                {"/lib", false},
                                                {"/proc", false}};
        const struct sandbox_path writable[] = {{out, true}, {"/no-such-folder/out", true}};
        const struct sandbox_rules rules = {
            .readable = readable,
            .readable_count = hangups ? 5 : 4,
            .writable = writable,
            .writable_count = ARRAY_LENGTH(writable),
            .connect_ports = &stage.open_port,
            .connect_port_count = 1,
            .hangups = hangups,
        };
        bool entered = enter(SANDBOX_AUTO, &rules, &stage.report) == 0;

        if (entered && stage.report.lacking != NULL)
            _exit(not_to_be_had(stage.report.lacking));
        _exit(entered ? check(&stage) : BROKEN);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    close(open_fd);
    close(closed_fd);
    tempdir_remove(stage.folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
}

static void holds_in_sandbox(int (*check)(const struct stage *stage), bool hangups) {
    int status = run_in_sandbox(check, hangups);

    if (status == NOT_TO_BE_HAD)
        skip_because("the kernel has not all of the sandbox");
    assert_int_equal(status, HELD);
}

static void in_sandbox(int (*check)(const struct stage *stage)) {
    holds_in_sandbox(check, false);
}

static bool fails_with(int result, int error) {
    return result < 0 && errno == error;
}

static int try_open(const struct stage *stage, const char *name, int flags) {
    CLEANUP(memory_freep) char *path = in_stage(stage, name);

    return open(path, flags | O_CLOEXEC, 0600);
}

static int reads_only_its_sources(const struct stage *stage) {
    return try_open(stage, "in/file", O_RDONLY) >= 0 &&
                   try_open(stage, "out/file", O_RDONLY) >= 0 &&
                   fails_with(try_open(stage, "else/file", O_RDONLY), EACCES) &&
                   fails_with(open("/etc/passwd", O_RDONLY | O_CLOEXEC), EACCES)
               ? HELD
               : BROKEN;
}

static int writes_only_its_output(const struct stage *stage) {
    CLEANUP(memory_freep) char *from = in_stage(stage, "out/file");
    CLEANUP(memory_freep) char *to = in_stage(stage, "out/other");
    CLEANUP(memory_freep) char *folder = in_stage(stage, "out/folder");
    CLEANUP(memory_freep) char *source = in_stage(stage, "in/file");
    CLEANUP(memory_freep) char *second = in_stage(stage, "out/second");

    return try_open(stage, "out/new", O_WRONLY | O_CREAT) >= 0 && link(from, second) == 0 &&
                   unlink(second) == 0 && rename(from, to) == 0 && mkdir(folder, 0700) == 0 &&
                   unlink(to) == 0 && fails_with(try_open(stage, "in/file", O_WRONLY), EACCES) &&
                   fails_with(try_open(stage, "else/new", O_WRONLY | O_CREAT), EACCES) &&
                   fails_with(unlink(source), EACCES)
               ? HELD
               : BROKEN;
}

static int try_connect(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int connects_only_to_prometheus(const struct stage *stage) {
    return try_connect(stage->open_port) == 0 && fails_with(try_connect(stage->closed_port), EACCES)
               ? HELD
               : BROKEN;
}

static int starts_no_program_and_gains_nothing(const struct stage *stage) {
    char *const arguments[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};

    (void)stage;
    return fails_with(execve("/bin/true", arguments, environment), EPERM) &&
                   fails_with((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM) &&
                   fails_with(setuid(0), EPERM) && fails_with(chroot("/"), EPERM) &&
                   fails_with(kill(getppid(), 0), EPERM)
               ? HELD
               : BROKEN;
}

/* A process that ends by SIGHUP, and one that waits for it are no different here. */
static int sends_hangup_and_no_other_signal(const struct stage *stage) {
    pid_t pid = hangup_target_id(stage->target);
    int descriptor = pidfd_open(pid, 0);
    bool held = descriptor >= 0 && pidfd_send_signal(descriptor, SIGHUP, NULL, 0) == 0 &&
                fails_with(pidfd_send_signal(descriptor, SIGTERM, NULL, 0), EPERM) &&
                kill(pid, SIGHUP) == 0 && fails_with(kill(pid, SIGKILL), EPERM) &&
                fails_with(kill(pid, 0), EPERM) && fails_with(kill(-pid, SIGHUP), EPERM) &&
                fails_with(kill(-1, SIGHUP), EPERM);

    return held ? HELD : BROKEN;
}

/* Of this very program there is another process: the parent, which handles SIGHUP or does not. */
static int finds_a_process_by_its_name(const struct stage *stage) {
    struct found_process found = {0};
    int error = process_find("/proc", program_invocation_short_name, NULL, &found);
    bool sees = (error == 0 || error == -EOPNOTSUPP) && found.pid > 0;

    return sees == stage->hangups ? HELD : BROKEN;
}

static int sends_no_hangup(const struct stage *stage) {
    (void)stage;
    return fails_with(kill(getppid(), SIGHUP), EPERM) && fails_with(pidfd_open(getppid(), 0), EPERM)
               ? HELD
               : BROKEN;
}

static void it_may_send_hangups_where_that_is_how_it_reloads(void **state) {
    holds_in_sandbox(sends_hangup_and_no_other_signal, true);
}

static void it_sends_none_where_it_is_not(void **state) {
    in_sandbox(sends_no_hangup);
}

static void it_sees_other_processes_only_where_it_signals_one(void **state) {
    holds_in_sandbox(finds_a_process_by_its_name, true);
    holds_in_sandbox(finds_a_process_by_its_name, false);
}

static void it_reads_its_sources_and_nothing_else(void **state) {
    in_sandbox(reads_only_its_sources);
}

static void it_writes_its_output_and_nothing_else(void **state) {
    in_sandbox(writes_only_its_output);
}

static void it_connects_to_the_ports_of_prometheus_and_to_no_other(void **state) {
    in_sandbox(connects_only_to_prometheus);
}

static void it_starts_no_program_and_gains_no_privilege(void **state) {
    in_sandbox(starts_no_program_and_gains_nothing);
}

/* --- calls that other versions of the libraries make --------------------------------------------
 */

static int lacks_what_no_list_has(const struct stage *stage) {
    unsigned char resident = 0;

    (void)stage;
    return fails_with((int)syscall(SYS_mincore, NULL, (size_t)0, &resident), ENOSYS) &&
                   fails_with((int)syscall(SYS_io_uring_setup, 1, NULL), ENOSYS)
               ? HELD
               : BROKEN;
}

static void a_call_on_no_list_is_answered_as_an_older_kernel_would(void **state) {
    in_sandbox(lacks_what_no_list_has);
}

/* Before the loop is made: libuv has no ring then that it could not use later on. */
static int forbids_io_uring_early(void) {
    struct sandbox_report report;
    char parameters[128] = {0}; /* struct io_uring_params */

    sandbox_prepare(SANDBOX_AUTO, &report);
    if (!report.io_uring_forbidden)
        return not_to_be_had("a seccomp filter against io_uring");
    return fails_with((int)syscall(SYS_io_uring_setup, 1, parameters), ENOSYS) ? HELD : BROKEN;
}

static void count_event(uv_poll_t *poll, int status, int events) {
    int *count = poll->data;

    (void)status;
    (void)events;
    ++*count;
    uv_close((uv_handle_t *)poll, NULL);
}

static int runs_loop(void) {
    const struct sandbox_rules rules = {0};
    struct sandbox_report report;
    uv_loop_t loop;
    uv_poll_t poll;
    int count = 0;
    int ends[2];

    sandbox_prepare(SANDBOX_AUTO, &report);
    if (uv_loop_init(&loop) < 0 || sandbox_enter(SANDBOX_AUTO, &rules, &report) < 0)
        return BROKEN;
    if (!report.seccomp)
        return not_to_be_had(report.lacking);
    if (pipe2(ends, O_CLOEXEC) < 0 || uv_poll_init(&loop, &poll, ends[1]) < 0)
        return BROKEN;
    poll.data = &count;
    if (uv_poll_start(&poll, UV_WRITABLE, count_event) < 0)
        return BROKEN;
    return uv_run(&loop, UV_RUN_DEFAULT) == 0 && count == 1 ? HELD : BROKEN;
}

/* Calls as no list can name them, with every signal blocked: a filter that answers by a signal
 * kills such a process. */
static int survives_what_it_is_refused(const struct stage *stage) {
    const long no_number = 100000;
    sigset_t all;

    (void)stage;
    sigfillset(&all);
    bool held = sigprocmask(SIG_BLOCK, &all, NULL) == 0 &&
                fails_with((int)syscall(no_number), ENOSYS) &&
                fails_with((int)syscall(SYS_io_uring_enter, 0, 0, 0, 0, NULL, 0), ENOSYS) &&
                fails_with(chroot("/"), EPERM);
#if defined(__x86_64__) && defined(__LP64__)
    const long x32 = 0x40000000;

    held = held && fails_with((int)syscall(x32 + SYS_getpid), ENOSYS);
#endif
    return held ? HELD : BROKEN;
}

static void no_refused_call_ends_the_process(void **state) {
    in_sandbox(survives_what_it_is_refused);
}

static int makes_unknown_call(void) {
    const struct sandbox_rules rules = {0};
    struct sandbox_report report;

    if (enter(SANDBOX_AUTO, &rules, &report) < 0 || !report.seccomp)
        return not_to_be_had("a seccomp filter");
    return fails_with((int)syscall(SYS_mincore, NULL, (size_t)0, NULL), ENOSYS) ? HELD : BROKEN;
}

/* By a filter that does nothing but log this call. */
static int makes_logged_call(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool logs = filter != NULL && seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1) == 0 &&
                seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(readahead), 0) == 0 &&
                seccomp_load(filter) == 0;

    if (!logs)
        return not_to_be_had("a seccomp filter that logs");
    return fails_with((int)readahead(-1, 0, 0), ENOSYS) ? HELD : BROKEN;
}

/* Which of the two calls the kernel's log names first from here on; -1: neither. */
static long first_in_log(int log) {
    char record[8192]; /* as long as the kernel makes one */
    ssize_t length;

    while ((length = read(log, record, sizeof(record) - 1)) > 0) {
        const char *field = NULL;

        record[length] = '\0';
        if (strstr(record, "type=1326") != NULL)
            field = strstr(record, " syscall=");
        long number = field != NULL ? strtol(field + strlen(" syscall="), NULL, DECIMAL) : -1;
        if (number == SYS_mincore || number == SYS_readahead)
            return number;
    }
    return -1;
}

/* In a child: enters the sandbox with the folder as its working directory, says so over parent, and
 * opens the file once it is told, by the end of it, that the file has come. */
static int open_later(const char *folder, const char *source, const char *file, int parent) {
    const struct sandbox_path readable[] = {{source, true}};
    const struct sandbox_rules rules = {.readable = readable, .readable_count = 1};
    struct sandbox_report report;
    char byte = 0;

    if (chdir(folder) < 0 || enter(SANDBOX_AUTO, &rules, &report) < 0)
        return BROKEN;
    if (write(parent, &byte, 1) != 1 || read(parent, &byte, 1) != 0)
        return BROKEN;
    return open(file, O_RDONLY | O_CLOEXEC) >= 0 ? HELD : BROKEN;
}

/* source: "later/volume" in the folder, as a user may name it. */
static void comes_later(const char *folder, const char *source) {
    CLEANUP(memory_freep) char *file = path_join(source, "file");
    int ends[2];
    int status = 0;
    char byte;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        _exit(open_later(folder, source, file, ends[1]));
    }
    close(ends[1]);
    bool entered = read(ends[0], &byte, 1) == 1;
    file_write(folder, "later/volume/file", "x");
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(entered);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), HELD);
}

static void a_source_that_is_absent_may_come_later(void **state) {
    CLEANUP(tempdir_removep) char *folder = tempdir_new();
    CLEANUP(memory_freep) char *later = path_join(folder, "later/volume");

    comes_later(folder, later);
}

static void so_may_one_that_a_relative_path_names(void **state) {
    CLEANUP(tempdir_removep) char *folder = tempdir_new();

    comes_later(folder, "later/volume");
}

/* In a child: no descriptor is left for Landlock. */
static int enter_without_descriptors(enum sandbox_mode mode, struct sandbox_report *report) {
    const struct sandbox_rules rules = {0};
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = 3;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    return enter(mode, &rules, report);
}

static int goes_on_without_landlock(void) {
    struct sandbox_report report = {0};

    if (enter_without_descriptors(SANDBOX_AUTO, &report) < 0)
        return BROKEN;
    if (report.error != EMFILE)
        return report.lacking != NULL && report.error == 0 ? not_to_be_had(report.lacking) : BROKEN;
    bool told = strcmp(report.lacking, "Landlock cannot be set up") == 0;
    return told && !report.landlock_files && report.no_new_privs && report.seccomp ? HELD : BROKEN;
}

static int refuses_with_the_cause(void) {
    struct sandbox_report report = {0};
    int error = enter_without_descriptors(SANDBOX_REQUIRE, &report);

    if (error == -EOPNOTSUPP && report.error == 0)
        return not_to_be_had(report.lacking);
    return error == -EMFILE && report.error == EMFILE ? HELD : BROKEN;
}

static void in_child(int (*check)(void)) {
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(check());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOT_TO_BE_HAD)
        skip_because("the kernel has not all of the sandbox");
    assert_int_equal(WEXITSTATUS(status), HELD);
}

static void a_part_that_fails_for_another_reason_than_the_kernel_is_done_without(void **state) {
    in_child(goes_on_without_landlock);
}

static void where_all_is_required_it_is_an_error_with_its_own_cause(void **state) {
    in_child(refuses_with_the_cause);
}

static void io_uring_is_forbidden_before_a_loop_is_made(void **state) {
    in_child(forbids_io_uring_early);
}

static void a_loop_of_this_libuv_runs_in_the_sandbox(void **state) {
    in_child(runs_loop);
}

/* The kernel may log none of them: it has no audit, something else takes its records, or there
 * were too many just now. */
static void the_kernel_logs_a_refused_call(void **state) {
    int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (log < 0 || lseek(log, 0, SEEK_END) < 0) {
        skip_because("the kernel's log cannot be read");
    }
    in_child(makes_unknown_call);
    in_child(makes_logged_call);
    long first = -1;
    (void)WAIT_UNTIL((first = first_in_log(log)) >= 0, LOG_DEADLINE);
    close(log);
    if (first < 0) {
        skip_because("the kernel's log has no refused call");
    }
    assert_int_equal(first, SYS_mincore);
}

static void off_changes_nothing(void **state) {
    struct sandbox_report report;
    const struct sandbox_rules rules = {0};
    /* A container may have set it. */
    const int before = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);

    assert_int_equal(enter(SANDBOX_OFF, &rules, &report), 0);
    assert_false(report.no_new_privs || report.landlock_files || report.seccomp);
    assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), before);
}

static void a_hardened_process_dumps_no_core(void **state) {
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit;
        bool held = process_harden() == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 &&
                    limit.rlim_cur == 0 && limit.rlim_max == 0;

        _exit(held ? HELD : BROKEN);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), HELD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        /* first: the kernel logs no more than ten records at a time */
        cmocka_unit_test(the_kernel_logs_a_refused_call),
        cmocka_unit_test(it_reads_its_sources_and_nothing_else),
        cmocka_unit_test(it_writes_its_output_and_nothing_else),
        cmocka_unit_test(it_connects_to_the_ports_of_prometheus_and_to_no_other),
        cmocka_unit_test(it_starts_no_program_and_gains_no_privilege),
        cmocka_unit_test(it_may_send_hangups_where_that_is_how_it_reloads),
        cmocka_unit_test(it_sends_none_where_it_is_not),
        cmocka_unit_test(it_sees_other_processes_only_where_it_signals_one),
        cmocka_unit_test(a_source_that_is_absent_may_come_later),
        cmocka_unit_test(so_may_one_that_a_relative_path_names),
        cmocka_unit_test(a_part_that_fails_for_another_reason_than_the_kernel_is_done_without),
        cmocka_unit_test(where_all_is_required_it_is_an_error_with_its_own_cause),
        cmocka_unit_test(io_uring_is_forbidden_before_a_loop_is_made),
        cmocka_unit_test(a_loop_of_this_libuv_runs_in_the_sandbox),
        cmocka_unit_test(a_call_on_no_list_is_answered_as_an_older_kernel_would),
        cmocka_unit_test(no_refused_call_ends_the_process),
        cmocka_unit_test(off_changes_nothing),
        cmocka_unit_test(a_hardened_process_dumps_no_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
