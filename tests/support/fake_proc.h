/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_PROC_H
#define TESTS_SUPPORT_FAKE_PROC_H

/* A folder that looks like /proc to who looks a process up by its name: what other programs run on
 * this machine is then nobody's business. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_KERNEL_THREAD 0x200000U

struct fake_process {
    pid_t pid;
    const char *name;       /* NULL: "prometheus" */
    const char *argument;   /* the first one; NULL: none */
    const char *flag;       /* the second one; NULL: "--flag" */
    const char *tcp;        /* of its net/tcp; NULL: none */
    const char *socket;     /* what its descriptor 3 leads to; NULL: its fd cannot be read */
    const char *executable; /* NULL: cannot be read */
    char state;             /* 0: 'S' */
    unsigned flags;
    uint64_t started;
    bool mortal; /* it does not handle SIGHUP */
};

/* PROC/PID/{stat,cmdline,exe}, written anew where they are there. */
void fake_process_add(const char *proc, struct fake_process process);
void fake_process_remove(const char *proc, pid_t pid);

#endif
