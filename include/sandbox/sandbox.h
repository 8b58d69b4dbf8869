/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SANDBOX_SANDBOX_H
#define SIDECAR_SANDBOX_SANDBOX_H

/*
 * What the process may still do once it runs: read its sources, write its output, talk to
 * Prometheus, and nothing else. The last line before the loop; there is no way back. no_new_privs,
 * Landlock (files; TCP ports where the kernel can) and seccomp (an allow-list of system calls).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_mode {
    SANDBOX_AUTO,    /* as much of it as can be had */
    SANDBOX_REQUIRE, /* all of it, or an error */
    SANDBOX_OFF,
};

struct sandbox_path {
    const char *path; /* a folder or a file; with all below it */
    bool may_come; /* absent now, it may come: its nearest parent that is there is meant instead */
};

struct sandbox_rules {
    const struct sandbox_path *readable;
    size_t readable_count;
    const struct sandbox_path *writable; /* folders in which files are made, replaced and removed */
    size_t writable_count;
    const uint16_t *connect_ports; /* TCP */
    size_t connect_port_count;
    const uint16_t *listen_ports;
    size_t listen_port_count;
    bool hangups; /* may send SIGHUP to other processes */
};

/* What could be had. */
struct sandbox_report {
    bool no_new_privs;
    bool io_uring_forbidden;
    bool landlock_files;
    bool landlock_ports;
    bool seccomp;
    const char *lacking; /* why something is not there, for the log: static; NULL: all is */
    int error;           /* ... errno, where it is not for the kernel's lack of it; or 0 */
};

/* No core dumps and no debugger: secrets are in this memory. Before anything is read. 0 or negative
 * errno. */
int process_harden(void);

/* Forbids io_uring, whose operations no seccomp filter sees. Call it before an event loop is made:
 * libuv 1.49 and later makes a ring with each loop, whatever UV_USE_IO_URING says, and calls
 * abort() where the ring cannot be used later on. What could not be had is for sandbox_enter to
 * judge. */
void sandbox_prepare(enum sandbox_mode mode, struct sandbox_report *report);

/* report: as sandbox_prepare left it. 0; negative errno when mode is SANDBOX_REQUIRE and a part
 * could not be had: *report says which, and why. In the other modes such a part is done without,
 * and *report says the same. */
int sandbox_enter(enum sandbox_mode mode, const struct sandbox_rules *rules,
                  struct sandbox_report *report);

#endif
