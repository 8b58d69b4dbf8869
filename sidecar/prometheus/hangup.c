/* SPDX-License-Identifier: Apache-2.0 */

/* By a pidfd, which means one process and never another that takes its pid later. A kernel before
 * 5.3, or a container runtime that knows no pidfds, leaves kill(2). */

#include "prometheus/hangup.h"

#include "base/descriptor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* What seccomp of a container runtime answers is EPERM as well. */
static bool is_unknown_call(int error) {
    return error == ENOSYS || error == EPERM;
}

static int by_pid(const struct found_process *process) {
    return kill(process->pid, SIGHUP) < 0 ? -errno : 0;
}

int hangup_send(const char *proc, const char *name, const struct process_hint *hint,
                struct found_process *ret) {
    struct found_process found = {0};
    int error = process_find(proc, name, hint, &found);

    if (error == 0 || error == -EOPNOTSUPP) {
        *ret = found;
    }
    if (error < 0) {
        return error;
    }
    CLEANUP(descriptor_closep) int descriptor = pidfd_open(found.pid, 0);
    if (descriptor < 0 && !is_unknown_call(errno)) {
        return -errno;
    }
    /* The descriptor is that of whoever had the pid when it was opened. */
    if (!process_is(proc, name, &found)) {
        return -ESRCH;
    }
    if (descriptor < 0) {
        return by_pid(&found);
    }
    if (pidfd_send_signal(descriptor, SIGHUP, NULL, 0) == 0) {
        return 0;
    }
    return is_unknown_call(errno) ? by_pid(&found) : -errno;
}

void hangup_describe(int error, const char *name, const struct found_process *process,
                     struct buffer *out) {
    switch (error) {
    case -ESRCH:
        buffer_printf(out, "no process of the program %s is seen", name);
        break;
    case -EOPNOTSUPP:
        buffer_printf(out, "process %d (%s) does not handle SIGHUP, which would end it",
                      (int)process->pid, name);
        break;
    case -EPERM:
        buffer_printf(out, "SIGHUP to process %d (%s): %s", (int)process->pid, name,
                      strerror(-error));
        break;
    default:
        buffer_printf(out, "looking for the process %s: %s", name, strerror(-error));
        break;
    }
}

const char *hangup_remedy(int error) {
    static const struct {
        int error;
        const char *remedy;
    } remedies[] = {
        {-ESRCH, "let the containers of the pod see each other's processes (shareProcessNamespace: "
                 "true), and see that --process-executable-name is the program's name"},
        {-EOPNOTSUPP, "see that --process-executable-name is Prometheus's own program, not one "
                      "that starts it"},
        {-EPERM, "run the sidecar as the user that Prometheus runs as, or give it CAP_KILL"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(remedies); i++) {
        if (remedies[i].error == error) {
            return remedies[i].remedy;
        }
    }
    return NULL;
}
