/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_PROCESS_H
#define SIDECAR_PROMETHEUS_PROCESS_H

/* Looks a process up by the name of its program, in /proc. What stands there was written by other
 * processes (their names, their arguments): it is bounded and not trusted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct found_process {
    pid_t pid;
    uint64_t started; /* clock ticks since boot: with the pid, who it is */
    size_t others;    /* more that are called so, and that could be meant as well */
};

/*
 * proc: where procfs is mounted ("/proc"). name: of the program, without its folder.
 *
 * Three things may say the name: the link to the executable (which the kernel shows to few), the
 * first argument, and the name of the process, which is cut to 15 bytes. The process for which most
 * of these say it is meant; of several alike the oldest, so a parent before its children. Never
 * this process itself, a zombie or a thread of the kernel, and never one that SIGHUP would end.
 *
 * 0; -ESRCH: none is called so; -EOPNOTSUPP: one is, but does not handle SIGHUP (*ret says which);
 * other negative errno: proc cannot be read. ret is else untouched.
 */
int process_find(const char *proc, const char *name, struct found_process *ret);

/* Is it still the one that was found, and called so? */
bool process_is(const char *proc, const char *name, const struct found_process *process);

#endif
