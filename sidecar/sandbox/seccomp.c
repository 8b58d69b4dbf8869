/* SPDX-License-Identifier: Apache-2.0 */

/* seccomp: an allow-list of system calls. One that is not on it fails with EPERM, so that a call
 * that some library makes out of curiosity does no harm. */

#include "base/compiler.h"
#include "sandbox/parts.h"

#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>

/* By subject; names that an architecture does not have are passed over. */
static const char *const allowed[] = {
    /* files, as source and publish use them */
    "read",
    "readv",
    "pread64",
    "write",
    "writev",
    "pwrite64",
    "open",
    "openat",
    "openat2",
    "close",
    "close_range",
    "stat",
    "lstat",
    "fstat",
    "newfstatat",
    "fstatat64",
    "statx",
    "statfs",
    "fstatfs",
    "lseek",
    "_llseek",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents",
    "getdents64",
    "getcwd",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchown32",
    "fchownat",
    "umask",
    "fsync",
    "fdatasync",
    "syncfs",
    "ftruncate",
    "ftruncate64",
    "fcntl",
    "fcntl64",
    "flock",
    "dup",
    "dup2",
    "dup3",
    "ioctl",
    /* waiting */
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "_newselect",
    "eventfd2",
    "pipe",
    "pipe2",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "restart_syscall",
    /* the network: Prometheus, the resolver, our own server */
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
    "send",
    "recv",
    "socketcall",
    "sendfile",
    "sendfile64",
    /* memory and threads: malloc, libuv's pool, curl's resolver */
    "brk",
    "mmap",
    "mmap2",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "futex",
    "futex_time64",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "clone",
    "clone3",
    "exit",
    "exit_group",
    "sched_yield",
    "sched_getaffinity",
    "membarrier",
    "set_tid_address",
    "arch_prctl",
    /* signals, and what the process asks about itself */
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sigaltstack",
    "sigreturn",
    "tgkill",
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getuid32",
    "geteuid32",
    "getgid32",
    "getegid32",
    "getrusage",
    "sysinfo",
    "times",
    "uname",
    "getrandom",
    "getrlimit",
    "ugetrlimit",
};

/* Calls of which only some forms are harmless. */
static int allow_forms(scmp_filter_ctx filter) {
    /* asking for a limit, not setting one: no new limit is passed */
    const struct scmp_arg_cmp asks = {.arg = 2, .op = SCMP_CMP_EQ, .datum_a = 0, .datum_b = 0};
    const struct scmp_arg_cmp names = {
        .arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_NAME, .datum_b = 0};
    int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &asks);

    if (error == 0)
        error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, &names);
    return error;
}

/* SIGHUP to one process: never to a group, which a negative number would mean. */
static int allow_hangups(scmp_filter_ctx filter) {
    const struct scmp_arg_cmp one = {.arg = 0, .op = SCMP_CMP_LE, .datum_a = INT_MAX};
    const struct scmp_arg_cmp number = {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = SIGHUP};
    const struct scmp_arg_cmp by_pid[] = {one, number};
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(pidfd_open), 0);

    if (error == 0)
        error =
            seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(pidfd_send_signal), 1, &number);
    if (error == 0)
        error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), ARRAY_LENGTH(by_pid),
                                       by_pid);
    return error;
}

static int allow_all(scmp_filter_ctx filter) {
    int error = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(allowed) && error == 0; i++) {
        int number = seccomp_syscall_resolve_name(allowed[i]);

        if (number == __NR_SCMP_ERROR)
            continue;
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
        /* it is none on this architecture */
        if (error == -EDOM)
            error = 0;
    }
    return error;
}

int seccomp_enter(bool hangups) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int error;

    if (filter == NULL)
        return -ENOMEM;
    /* every thread of the process, should a library have started one */
    error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (error == 0)
        error = allow_all(filter);
    if (error == 0)
        error = allow_forms(filter);
    if (error == 0 && hangups)
        error = allow_hangups(filter);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}
