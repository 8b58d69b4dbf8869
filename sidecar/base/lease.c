/* SPDX-License-Identifier: Apache-2.0 */

/* Read leases. The signal is looked at before each lease, not once: a library may have changed it,
 * and tests use this without main(). */

#include "base/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

static int ignore_break_signal(void) {
    struct sigaction action;

    if (sigaction(SIGIO, NULL, &action) < 0) {
        return -errno;
    }
    if ((action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL) {
        return 0;
    }
    action.sa_handler = SIG_IGN;
    return sigaction(SIGIO, &action, NULL) < 0 ? -errno : 0;
}

int lease_take(int descriptor) {
    int error = ignore_break_signal();

    if (error < 0) {
        return error;
    }
    return fcntl(descriptor, F_SETLEASE, F_RDLCK) < 0 ? -errno : 0;
}

/* The kernel shows the type that a lease is being broken to. */
bool lease_is_wanted(int descriptor) {
    return fcntl(descriptor, F_GETLEASE) != F_RDLCK;
}

void lease_return(int descriptor) {
    (void)fcntl(descriptor, F_SETLEASE, F_UNLCK);
}

int lease_probe(int descriptor) {
    int error = lease_take(descriptor);

    if (error == 0) {
        lease_return(descriptor);
    }
    return error;
}
