/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_PROCESS_H
#define SIDECAR_PROMETHEUS_PROCESS_H

/* Looks a process up by the name of its program, in /proc. What stands there was written by other
 * processes (their names, their arguments): it is bounded and not trusted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    OTHERS_MAX = 8 /* pids of them that are kept */
};

struct found_process {
    pid_t pid;
    uint64_t started;             /* clock ticks since boot: with the pid, who it is */
    size_t others;                /* more that are called so, and that could be meant as well */
    pid_t other_pids[OTHERS_MAX]; /* the first of these, in no order */
};

/* What is known of the process that is meant, besides its name. */
struct process_hint {
    uint16_t port;            /* it listens there (TCP); 0: unknown */
    int64_t born;             /* when it says that it began: nanoseconds since boot; 0: unknown */
    int64_t ticks_per_second; /* of found_process.started; needed for born */
};

/*
 * proc: where procfs is mounted ("/proc"). name: of the program, without its folder.
 *
 * Three things may say the name: the link to the executable (which the kernel shows to few), the
 * first argument, and the name of the process, which is cut to 15 bytes. The process for which most
 * of these say it is meant. Never this process itself, a zombie or a thread of the kernel, and
 * never one that SIGHUP would end.
 *
 * Of several alike, hint (NULL: nothing is known) tells which one is meant, by the first of these
 * that leaves one: it holds the socket that listens on the port (shown to who may trace it, so not
 * under Landlock); it is in the network namespace of such a socket; its command line names the port
 * (--web.listen-address, 9090 by default); it began right before `born`. Where none does it is the
 * oldest, so a parent before its children, and the others are counted.
 *
 * 0; -ESRCH: none is called so; -EOPNOTSUPP: one is, but does not handle SIGHUP (*ret says which);
 * other negative errno: proc cannot be read. ret is else untouched.
 */
int process_find(const char *proc, const char *name, const struct process_hint *hint,
                 struct found_process *ret);

/* Is it still the one that was found, and called so? */
bool process_is(const char *proc, const char *name, const struct found_process *process);

#endif
