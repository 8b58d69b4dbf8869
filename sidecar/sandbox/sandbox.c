/* SPDX-License-Identifier: Apache-2.0 */

/* Puts the parts of the sandbox together, and says what could not be had. */

#include "sandbox/sandbox.h"

#include "base/compiler.h"
#include "sandbox/parts.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The leak detector stops the process by ptrace at its end, which a sandbox is there to forbid. */
#if defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INSTRUMENTED 1
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED 0
#endif

int process_harden(void) {
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    if (!INSTRUMENTED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

static void lack(struct sandbox_report *report, const char *why) {
    if (report->lacking == NULL)
        report->lacking = why;
}

/* The kernel has no such thing, or was told to give it to nobody. */
static bool is_unavailable(int error) {
    return error == -ENOSYS || error == -EOPNOTSUPP || error == -EINVAL || error == -EPERM ||
           error == -EACCES;
}

/* unavailable, failed: what is said where the kernel has none, and where it has. */
static void lack_part(struct sandbox_report *report, int error, const char *unavailable,
                      const char *failed) {
    if (report->lacking == NULL && !is_unavailable(error))
        report->error = -error;
    lack(report, is_unavailable(error) ? unavailable : failed);
}

static void enter_landlock(const struct sandbox_rules *rules, struct sandbox_report *report) {
    int error = landlock_enter(rules, &report->landlock_files, &report->landlock_ports);

    if (error < 0)
        lack_part(report, error,
                  "the kernel has no Landlock, or it is turned off (lsm=...,landlock)",
                  "Landlock cannot be set up");
    else if (!report->landlock_ports)
        lack(report, "the kernel's Landlock cannot restrict TCP ports (it can from Linux 6.7 on)");
}

static void lack_seccomp(struct sandbox_report *report, int error) {
    lack_part(report, error, "the kernel takes no seccomp filter",
              "the seccomp filter cannot be set up");
}

static void enter_seccomp(const struct sandbox_rules *rules, struct sandbox_report *report) {
    int error = seccomp_enter(rules->hangups);

    report->seccomp = error == 0;
    if (error < 0)
        lack_seccomp(report, error);
}

void sandbox_prepare(enum sandbox_mode mode, struct sandbox_report *report) {
    *report = (struct sandbox_report){0};
    if (mode == SANDBOX_OFF)
        return;
    if (INSTRUMENTED) {
        lack(report, "this build is instrumented by a sanitizer, which a sandbox would break");
        return;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        lack(report, "no_new_privs cannot be set");
        return;
    }
    report->no_new_privs = true;

    int error = seccomp_forbid_io_uring();
    report->io_uring_forbidden = error == 0;
    if (error < 0)
        lack_seccomp(report, error);
}

int sandbox_enter(enum sandbox_mode mode, const struct sandbox_rules *rules,
                  struct sandbox_report *report) {
    if (mode == SANDBOX_OFF)
        return 0;

    /* seccomp last: its list has no call that the others need */
    if (report->no_new_privs)
        enter_landlock(rules, report);
    if (report->io_uring_forbidden)
        enter_seccomp(rules, report);
    if (mode == SANDBOX_REQUIRE && report->lacking != NULL)
        return report->error != 0 ? -report->error : -EOPNOTSUPP;
    return 0;
}
