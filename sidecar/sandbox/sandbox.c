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

static int enter_landlock(const struct sandbox_rules *rules, struct sandbox_report *report) {
    int error = landlock_enter(rules, &report->landlock_files, &report->landlock_ports);

    if (error == 0 && !report->landlock_ports)
        lack(report, "the kernel's Landlock cannot restrict TCP ports (it can from Linux 6.7 on)");
    if (error == 0)
        return 0;
    lack(report, "the kernel has no Landlock, or it is turned off (lsm=...,landlock)");
    return is_unavailable(error) ? 0 : error;
}

static int enter_seccomp(const struct sandbox_rules *rules, struct sandbox_report *report) {
    int error = seccomp_enter(rules->hangups);

    if (error == 0) {
        report->seccomp = true;
        return 0;
    }
    lack(report, "the kernel takes no seccomp filter");
    return is_unavailable(error) ? 0 : error;
}

int sandbox_enter(enum sandbox_mode mode, const struct sandbox_rules *rules,
                  struct sandbox_report *report) {
    int error = 0;

    *report = (struct sandbox_report){0};
    if (mode == SANDBOX_OFF)
        return 0;
    if (INSTRUMENTED) {
        lack(report, "this build is instrumented by a sanitizer, which a sandbox would break");
        return mode == SANDBOX_REQUIRE ? -EOPNOTSUPP : 0;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        lack(report, "no_new_privs cannot be set");
    else
        report->no_new_privs = true;

    /* seccomp last: its list has no call that the others need */
    if (report->no_new_privs)
        error = enter_landlock(rules, report);
    if (error == 0 && report->no_new_privs)
        error = enter_seccomp(rules, report);
    if (error == 0 && mode == SANDBOX_REQUIRE && report->lacking != NULL)
        error = -EOPNOTSUPP;
    return error;
}
