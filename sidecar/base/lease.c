/* SPDX-License-Identifier: Apache-2.0 */

/* Read leases. The signal is looked at before each lease, not once: a library may have changed it,
 * and tests use this without main(). */

#include "base/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdint.h>
#include <sys/vfs.h>

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

/* The client of a network file system refuses a lease with EAGAIN whenever its server has granted
 * no delegation (NFS) or oplock (SMB), writer or not. Where the file system is not known, that is
 * what the refusal says: a writer. */
static bool refuses_without_a_writer(int descriptor) {
    struct statfs status;

    if (fstatfs(descriptor, &status) < 0) {
        return false;
    }
    const uint32_t magic = (uint32_t)status.f_type;
    return magic == NFS_SUPER_MAGIC || magic == SMB_SUPER_MAGIC || magic == CIFS_SUPER_MAGIC ||
           magic == SMB2_SUPER_MAGIC;
}

int lease_take(int descriptor) {
    int error = ignore_break_signal();

    if (error < 0) {
        return error;
    }
    if (fcntl(descriptor, F_SETLEASE, F_RDLCK) == 0) {
        return 0;
    }
    error = -errno;
    return error == -EAGAIN && refuses_without_a_writer(descriptor) ? -EOPNOTSUPP : error;
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
