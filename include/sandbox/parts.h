/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SANDBOX_PARTS_H
#define SIDECAR_SANDBOX_PARTS_H

/* The two halves of the sandbox; see sandbox.h. */

#include "sandbox/sandbox.h"

#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* 0, and what it restricts; -ENOSYS, -EOPNOTSUPP: the kernel has no Landlock; other negative errno.
 */
int landlock_enter(const struct sandbox_rules *rules, bool *ret_files, bool *ret_ports);

/* io_uring is answered with ENOSYS from now on. 0 or negative errno, as seccomp_enter. */
int seccomp_forbid_io_uring(void);

/* hangups: SIGHUP may be sent. 0; -EINVAL: the kernel has no seccomp filters; other negative errno.
 */
int seccomp_enter(bool hangups);

/* The filter that seccomp_enter loads, for an architecture (SCMP_ARCH_...) that need not be the one
 * of this process. 0, and the caller releases it (seccomp_release); or negative errno. */
int seccomp_build(uint32_t architecture, bool hangups, scmp_filter_ctx *ret_filter);

#endif
