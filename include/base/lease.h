/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_LEASE_H
#define SIDECAR_BASE_LEASE_H

/*
 * Whether a process has a file open for writing, by a read lease (fcntl(2), F_SETLEASE): the kernel
 * grants one only while there is no writer. It counts descriptors and shared mappings of all
 * processes of this kernel, whichever mount or container they use; writers on other hosts of a
 * network file system are not seen.
 *
 * While a lease is held, an open() for writing blocks until it is given back, and one with
 * O_NONBLOCK fails: hold it for a few system calls at most.
 */

#include "base/compiler.h"

#include <stdbool.h>

/*
 * Takes a read lease on the regular file behind the descriptor, which is open for reading only.
 * 0: taken, to be given back by lease_return or by closing the descriptor; -EAGAIN: a process has
 * the file open for writing; another negative errno: it cannot be told (-EACCES: another user's
 * file and no CAP_LEASE; -EINVAL: the file system has no leases; -EOPNOTSUPP: NFS or SMB, whose
 * leases are their server's to grant).
 *
 * Sets SIGIO to be ignored where its disposition is the default, which ends the process: the kernel
 * sends it to the holder when somebody waits for the lease.
 */
int lease_take(int descriptor) MUST_USE;

/* Whether a process waits in open() for the lease that was taken here. */
bool lease_is_wanted(int descriptor);

void lease_return(int descriptor);

/* lease_take and lease_return: 0: no writer; -EAGAIN: there is one; another negative errno: it
 * cannot be told. */
int lease_probe(int descriptor) MUST_USE;

#endif
