/* SPDX-License-Identifier: Apache-2.0 */

/* seccomp: an allow-list of system calls. A call that is not on it fails and never ends the
 * process:
 *
 *     a call of the list `refused`   EPERM, as a process without the privilege is told
 *     any other                      ENOSYS, as an older kernel answers, so that a library falls
 *                                    back to an older call, whichever version of it runs here
 *
 * The kernel logs each refused call (an audit record; its field `syscall` has the number). The
 * process cannot log it itself: SECCOMP_RET_TRAP kills a process that has SIGSYS blocked at that
 * moment, as glibc has while it starts a thread, and whoever reads user notifications can also
 * allow the call, so the reader must not live in the process that is confined. */

#include "base/compiler.h"
#include "sandbox/parts.h"

#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>

#define REFUSE SCMP_ACT_ERRNO(EPERM)
#define LACK   SCMP_ACT_ERRNO(ENOSYS)

/* Of a positive pid_t. */
#define PID_BITS 31

/* The lists are by subject. A name that the architecture or this libseccomp lacks is skipped. */
static const char *const allowed[] = {
    /* files, as source and publish use them */
    "read",
    "readv",
    "pread64",
    "write",
    "writev",
    "pwrite64",
    "preadv",
    "preadv2",
    "pwritev",
    "pwritev2",
    "fadvise64",
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
    "fchmodat2",
    "fchown",
    "fchown32",
    "fchownat",
    "flistxattr",
    "fgetxattr",
    "fsetxattr",
    "fremovexattr",
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
    "futex_wait",
    "futex_wake",
    "futex_requeue",
    "futex_waitv",
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

/* Privileged or dangerous calls that every kernel has. */
static const char *const refused[] = {
    /* other programs and processes */
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "tkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_getfd",
    "setpriority",
    "ioprio_set",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    /* privileges */
    "setuid",
    "setuid32",
    "setgid",
    "setgid32",
    "setreuid",
    "setreuid32",
    "setregid",
    "setregid32",
    "setresuid",
    "setresuid32",
    "setresgid",
    "setresgid32",
    "setfsuid",
    "setfsuid32",
    "setfsgid",
    "setfsgid32",
    "setgroups",
    "setgroups32",
    "capset",
    "setrlimit",
    "personality",
    /* namespaces, mounts, devices */
    "unshare",
    "setns",
    "chroot",
    "pivot_root",
    "mount",
    "umount",
    "umount2",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "open_by_handle_at",
    "mknod",
    "mknodat",
    "swapon",
    "swapoff",
    "quotactl",
    "quotactl_fd",
    /* the kernel itself */
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "syslog",
    "acct",
    "iopl",
    "ioperm",
    "add_key",
    "keyctl",
    "request_key",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
};

/* Allowed in part where the sidecar reloads Prometheus by a signal. */
static const char *const signalling[] = {
    "kill",
    "pidfd_open",
    "pidfd_send_signal",
};

static const char *const io_uring[] = {
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
};

static int add_rules(scmp_filter_ctx filter, uint32_t action, const char *const *names,
                     size_t count) {
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);

        if (number == __NR_SCMP_ERROR)
            continue;
        error = seccomp_rule_add(filter, action, number, 0);
        /* not a call of this architecture */
        if (error == -EDOM)
            error = 0;
    }
    return error;
}

/* A rule for a call whose argument compares so. */
static int add_form(scmp_filter_ctx filter, uint32_t action, int call, unsigned argument,
                    enum scmp_compare compare, scmp_datum_t value) {
    const struct scmp_arg_cmp form = {
        .arg = argument, .op = compare, .datum_a = value, .datum_b = 0};

    return seccomp_rule_add_array(filter, action, call, 1, &form);
}

/* Calls of which only one form is allowed; the others get EPERM. */
static int add_forms(scmp_filter_ctx filter) {
    /* reading a limit: no new one is passed */
    int error = add_form(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_CMP_EQ, 0);

    if (error == 0)
        error = add_form(filter, REFUSE, SCMP_SYS(prlimit64), 2, SCMP_CMP_NE, 0);
    if (error == 0)
        error = add_form(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, SCMP_CMP_EQ, PR_SET_NAME);
    if (error == 0)
        error = add_form(filter, REFUSE, SCMP_SYS(prctl), 0, SCMP_CMP_NE, PR_SET_NAME);
    return error;
}

/* kill: SIGHUP to one process, and never to a group, which 0 and negative numbers mean.
 *
 * A rule compares an argument once, and libseccomp does not say which of two rules that fit comes
 * first. So there is one rule for each bit of a pid: one of them is set, and none above. */
static int add_kill(scmp_filter_ctx filter) {
    int error = 0;

    for (unsigned bit = 0; bit < PID_BITS && error == 0; bit++) {
        const scmp_datum_t set = UINT64_C(1) << bit;
        const struct scmp_arg_cmp one_sighup[] = {
            {.arg = 0,
             .op = SCMP_CMP_MASKED_EQ,
             .datum_a = ~(scmp_datum_t)INT_MAX | set,
             .datum_b = set},
            {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = SIGHUP, .datum_b = 0},
        };

        error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill),
                                       ARRAY_LENGTH(one_sighup), one_sighup);
    }
    if (error == 0)
        error = add_form(filter, REFUSE, SCMP_SYS(kill), 0, SCMP_CMP_EQ, 0);
    if (error == 0)
        error = add_form(filter, REFUSE, SCMP_SYS(kill), 0, SCMP_CMP_GT, INT_MAX);
    if (error == 0)
        error = add_form(filter, REFUSE, SCMP_SYS(kill), 1, SCMP_CMP_NE, SIGHUP);
    return error;
}

static int add_hangups(scmp_filter_ctx filter) {
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(pidfd_open), 0);

    if (error == 0)
        error =
            add_form(filter, SCMP_ACT_ALLOW, SCMP_SYS(pidfd_send_signal), 1, SCMP_CMP_EQ, SIGHUP);
    if (error == 0)
        error = add_form(filter, REFUSE, SCMP_SYS(pidfd_send_signal), 1, SCMP_CMP_NE, SIGHUP);
    return error == 0 ? add_kill(filter) : error;
}

/* A filter with this answer to whatever it has no rule for. */
static int open_filter(uint32_t architecture, uint32_t action, scmp_filter_ctx *ret_filter) {
    scmp_filter_ctx filter = seccomp_init(action);
    int error = 0;

    if (filter == NULL)
        return -ENOMEM;
    if (architecture != seccomp_arch_native()) {
        error = seccomp_arch_add(filter, architecture);
        if (error == 0)
            error = seccomp_arch_remove(filter, seccomp_arch_native());
    }
    /* a 32-bit call of a 64-bit process: as a kernel without them answers */
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, LACK);
    if (error < 0) {
        seccomp_release(filter);
        return error;
    }
    *ret_filter = filter;
    return 0;
}

int seccomp_build(uint32_t architecture, bool hangups, scmp_filter_ctx *ret_filter) {
    scmp_filter_ctx filter = NULL;
    int error = open_filter(architecture, LACK, &filter);

    if (error < 0)
        return error;
    error = add_rules(filter, SCMP_ACT_ALLOW, allowed, ARRAY_LENGTH(allowed));
    if (error == 0)
        error = add_rules(filter, REFUSE, refused, ARRAY_LENGTH(refused));
    if (error == 0)
        error = add_forms(filter);
    if (error == 0)
        error = hangups ? add_hangups(filter)
                        : add_rules(filter, REFUSE, signalling, ARRAY_LENGTH(signalling));
    if (error < 0) {
        seccomp_release(filter);
        return error;
    }
    *ret_filter = filter;
    return 0;
}

/* Takes the filter, whatever the error so far. */
static int load(scmp_filter_ctx filter, int error) {
    /* every thread of the process, should a library have started one */
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}

int seccomp_forbid_io_uring(void) {
    scmp_filter_ctx filter = NULL;
    int error = open_filter(seccomp_arch_native(), SCMP_ACT_ALLOW, &filter);

    if (error < 0)
        return error;
    return load(filter, add_rules(filter, LACK, io_uring, ARRAY_LENGTH(io_uring)));
}

int seccomp_enter(bool hangups) {
    scmp_filter_ctx filter = NULL;
    int error = seccomp_build(seccomp_arch_native(), hangups, &filter);

    if (error < 0)
        return error;
    /* a kernel before 4.14 cannot log: the filter holds without */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    return load(filter, 0);
}
