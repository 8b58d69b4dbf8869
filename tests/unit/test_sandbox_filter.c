/* SPDX-License-Identifier: Apache-2.0 */

/* The seccomp filter of each architecture, whichever this one is: built as seccomp_enter builds it,
 * and run as the kernel runs it, by an interpreter of the BPF instructions that libseccomp writes.
 */

#include "base/compiler.h"
#include "base/memory.h"
#include "sandbox/parts.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#define ALLOWED SECCOMP_RET_ALLOW
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
#define LACKING (SECCOMP_RET_ERRNO | ENOSYS)

struct filter {
    uint32_t architecture;
    struct sock_filter *instructions;
    size_t count;
};

static struct filter filter_new(uint32_t architecture, bool hangups) {
    struct filter filter = {.architecture = architecture};
    scmp_filter_ctx context = NULL;
    int fd = memfd_create("filter", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(seccomp_build(architecture, hangups, &context), 0);
    assert_int_equal(seccomp_export_bpf(context, fd), 0);
    seccomp_release(context);

    off_t size = lseek(fd, 0, SEEK_END);
    assert_true(size > 0);
    assert_int_equal((size_t)size % sizeof(*filter.instructions), 0);
    filter.count = (size_t)size / sizeof(*filter.instructions);
    assert_true(filter.count <= BPF_MAXINSNS);
    filter.instructions = malloc((size_t)size);
    assert_non_null(filter.instructions);
    assert_int_equal(pread(fd, filter.instructions, (size_t)size, 0), size);
    close(fd);
    return filter;
}

static void filter_free(struct filter *filter) {
    free(filter->instructions);
}

#define FILTER CLEANUP(filter_free) struct filter

static uint32_t load_word(const struct seccomp_data *call, uint32_t offset) {
    uint32_t word = 0;

    assert_true(offset % sizeof(word) == 0 && offset <= sizeof(*call) - sizeof(word));
    memcpy(&word, (const unsigned char *)call + offset, sizeof(word));
    return word;
}

static bool compare(uint16_t code, uint32_t value, uint32_t operand) {
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return value == operand;
    case BPF_JGT:
        return value > operand;
    case BPF_JGE:
        return value >= operand;
    case BPF_JSET:
        return (value & operand) != 0;
    default:
        fail_msg("unknown jump 0x%x", code);
        return false;
    }
}

/* SECCOMP_RET_... Jumps go forward only, so that this ends. */
static uint32_t filter_run(const struct filter *filter, const struct seccomp_data *call) {
    uint32_t value = 0;

    for (size_t at = 0; at < filter->count; at++) {
        const struct sock_filter *step = &filter->instructions[at];

        if (step->code == (BPF_RET | BPF_K))
            return step->k;
        if (step->code == (BPF_LD | BPF_W | BPF_ABS))
            value = load_word(call, step->k);
        else if (step->code == (BPF_ALU | BPF_AND | BPF_K))
            value &= step->k;
        else if (step->code == (BPF_JMP | BPF_JA))
            at += step->k;
        else if (BPF_CLASS(step->code) == BPF_JMP && BPF_SRC(step->code) == BPF_K)
            at += compare(step->code, value, step->k) ? step->jt : step->jf;
        else
            fail_msg("unknown instruction 0x%x", step->code);
    }
    fail_msg("the filter has no answer");
    return 0;
}

static int number_of(const struct filter *filter, const char *name) {
    int number = seccomp_syscall_resolve_name_arch(filter->architecture, name);

    if (number < 0)
        fail_msg("architecture 0x%x has no call %s", filter->architecture, name);
    return number;
}

/* What the call is answered with these first three arguments. */
static uint32_t answer_with(const struct filter *filter, const char *name, uint64_t first,
                            uint64_t second, uint64_t third) {
    const struct seccomp_data call = {
        .nr = number_of(filter, name),
        .arch = filter->architecture,
        .args = {first, second, third},
    };

    return filter_run(filter, &call);
}

static uint32_t answer(const struct filter *filter, const char *name) {
    return answer_with(filter, name, 0, 0, 0);
}

static void answers(const struct filter *filter, const char *const *names, size_t count,
                    uint32_t expected) {
    for (size_t i = 0; i < count; i++) {
        uint32_t got = answer(filter, names[i]);

        if (got != expected)
            fail_msg("%s: 0x%x, not 0x%x", names[i], got, expected);
    }
}

/* What the libraries of Debian 12 and 13 call there in the sandbox: glibc for the functions that
 * the program, libuv, curl, OpenSSL and libmicrohttpd use. arm64 has none of the older calls (open,
 * stat, rename, poll, epoll_wait, pipe, dup2, fork ...). */
static const char *const calls_of_arm64[] = {
    /* files */
    "openat",
    "openat2",
    "close",
    "read",
    "readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "lseek",
    "newfstatat",
    "fstat",
    "statx",
    "statfs",
    "fstatfs",
    "faccessat",
    "faccessat2",
    "readlinkat",
    "getdents64",
    "getcwd",
    "renameat",
    "renameat2",
    "linkat",
    "unlinkat",
    "mkdirat",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "flistxattr",
    "fgetxattr",
    "fsetxattr",
    "umask",
    "fsync",
    "fdatasync",
    "syncfs",
    "ftruncate",
    "fcntl",
    "flock",
    "dup",
    "dup3",
    "ioctl",
    /* waiting */
    "ppoll",
    "pselect6",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd2",
    "pipe2",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "restart_syscall",
    /* the network */
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recvfrom",
    "recvmsg",
    "recvmmsg",
    "shutdown",
    "sendfile",
    /* memory, threads, signals, the process itself */
    "brk",
    "mmap",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "futex",
    "set_robust_list",
    "set_tid_address",
    "rseq",
    "clone",
    "clone3",
    "exit",
    "exit_group",
    "sched_yield",
    "sched_getaffinity",
    "membarrier",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sigaltstack",
    "tgkill",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getrusage",
    "getrlimit",
    "sysinfo",
    "times",
    "uname",
    "getrandom",
};

static void the_calls_of_the_libraries_are_allowed_on_arm64(void **state) {
    FILTER filter = filter_new(SCMP_ARCH_AARCH64, false);

    answers(&filter, calls_of_arm64, ARRAY_LENGTH(calls_of_arm64), ALLOWED);
}

/* What the filter exists to forbid, where the architecture has it. */
static const char *const privileged[] = {
    "execve",       "execveat",
    "ptrace",       "process_vm_writev",
    "tkill",        "setuid",
    "setgid",       "setresuid",
    "setgroups",    "capset",
    "chroot",       "unshare",
    "setns",        "mount",
    "umount2",      "pivot_root",
    "bpf",          "perf_event_open",
    "init_module",  "kexec_load",
    "reboot",       "userfaultfd",
    "keyctl",       "open_by_handle_at",
    "settimeofday", "sethostname",
    "mknodat",      "kill",
    "pidfd_open",   "pidfd_send_signal",
};

static const uint32_t architectures[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_X86_64};

static void a_privileged_call_is_refused_on_each_architecture(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++) {
        FILTER filter = filter_new(architectures[i], false);

        answers(&filter, privileged, ARRAY_LENGTH(privileged), REFUSED);
    }
}

static void a_call_that_is_not_listed_looks_absent_on_each_architecture(void **state) {
    const char *const unlisted[] = {"io_uring_setup", "io_uring_enter", "landlock_create_ruleset",
                                    "seccomp", "memfd_secret"};
    const int unknown[] = {600, 4000, INT_MAX};

    for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++) {
        FILTER filter = filter_new(architectures[i], true);

        answers(&filter, unlisted, ARRAY_LENGTH(unlisted), LACKING);
        for (size_t j = 0; j < ARRAY_LENGTH(unknown); j++) {
            const struct seccomp_data call = {.nr = unknown[j], .arch = architectures[i]};

            assert_int_equal(filter_run(&filter, &call), LACKING);
        }
    }
}

/* A 64-bit process can make calls of the 32-bit architecture too, by other numbers. */
static void a_call_of_another_architecture_looks_absent(void **state) {
    const struct {
        uint32_t architecture;
        uint32_t other;
    } pairs[] = {
        {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},
        {SCMP_ARCH_AARCH64, SCMP_ARCH_X86_64},
        {SCMP_ARCH_X86_64, SCMP_ARCH_X86},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        FILTER filter = filter_new(pairs[i].architecture, false);
        const struct seccomp_data call = {.nr = number_of(&filter, "read"), .arch = pairs[i].other};

        assert_int_equal(answer(&filter, "read"), ALLOWED);
        assert_int_equal(filter_run(&filter, &call), LACKING);
    }
}

static void limits_are_read_and_threads_named_and_no_more(void **state) {
    /* the kernel takes the address in two halves */
    const uint64_t addresses[] = {1, UINT64_C(1) << 32, UINT64_MAX};

    for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++) {
        FILTER filter = filter_new(architectures[i], false);

        assert_int_equal(answer_with(&filter, "prlimit64", 0, 0, 0), ALLOWED);
        for (size_t j = 0; j < ARRAY_LENGTH(addresses); j++)
            assert_int_equal(answer_with(&filter, "prlimit64", 0, 0, addresses[j]), REFUSED);
        assert_int_equal(answer_with(&filter, "prctl", PR_SET_NAME, 0, 0), ALLOWED);
        assert_int_equal(answer_with(&filter, "prctl", PR_SET_DUMPABLE, 1, 0), REFUSED);
        assert_int_equal(answer_with(&filter, "prctl", PR_SET_SECCOMP, 0, 0), REFUSED);
    }
}

static void sighup_goes_to_one_process_on_each_architecture(void **state) {
    const uint64_t processes[] = {1, 2, 7, 4096, 4194304, INT_MAX};
    /* the own group, all there are, a group; the kernel looks at the lower half only */
    const uint64_t groups[] = {0,
                               (uint64_t)-1,
                               (uint32_t)-1,
                               (uint64_t)-7,
                               (uint32_t)-7,
                               UINT64_C(1) << 31,
                               UINT64_C(1) << 32,
                               (UINT64_C(1) << 32) + 7};

    for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++) {
        FILTER filter = filter_new(architectures[i], true);

        assert_int_equal(answer_with(&filter, "pidfd_open", 7, 0, 0), ALLOWED);
        assert_int_equal(answer_with(&filter, "pidfd_send_signal", 7, SIGHUP, 0), ALLOWED);
        assert_int_equal(answer_with(&filter, "pidfd_send_signal", 7, SIGKILL, 0), REFUSED);
        for (size_t j = 0; j < ARRAY_LENGTH(processes); j++) {
            assert_int_equal(answer_with(&filter, "kill", processes[j], SIGHUP, 0), ALLOWED);
            assert_int_equal(answer_with(&filter, "kill", processes[j], SIGTERM, 0), REFUSED);
            assert_int_equal(answer_with(&filter, "kill", processes[j], 0, 0), REFUSED);
        }
        for (size_t j = 0; j < ARRAY_LENGTH(groups); j++) {
            assert_int_equal(answer_with(&filter, "kill", groups[j], SIGHUP, 0), REFUSED);
            assert_int_equal(answer_with(&filter, "kill", groups[j], SIGTERM, 0), REFUSED);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_calls_of_the_libraries_are_allowed_on_arm64),
        cmocka_unit_test(a_privileged_call_is_refused_on_each_architecture),
        cmocka_unit_test(a_call_that_is_not_listed_looks_absent_on_each_architecture),
        cmocka_unit_test(a_call_of_another_architecture_looks_absent),
        cmocka_unit_test(limits_are_read_and_threads_named_and_no_more),
        cmocka_unit_test(sighup_goes_to_one_process_on_each_architecture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
