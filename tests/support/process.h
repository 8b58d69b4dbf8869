/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PROCESS_H
#define TESTS_SUPPORT_PROCESS_H

/* A program that runs beside the test, and ends with it at the latest: the kernel kills it when the
 * test dies. */

#include "base/compiler.h"

#include <stdbool.h>
#include <sys/types.h>

struct process;

/* arguments: argv, NULL-terminated. Standard output goes to output_path (NULL: where standard error
 * goes), standard error to log_path; both are appended to. Standard input is empty. */
struct process *process_start(const char *const *arguments, const char *output_path,
                              const char *log_path) MUST_USE;

/* The same, with one end of a stream socket as the program's descriptors 3 and 4; *ret_socket is
 * the other end, and the caller's. Standard output goes to log_path too. */
struct process *process_start_talking(const char *const *arguments, const char *log_path,
                                      int *ret_socket) MUST_USE;

/* Kills it where it still runs. NULL is fine. */
void process_free(struct process *process);

pid_t process_id(const struct process *process);

/* False as soon as it has ended. */
bool process_runs(struct process *process);

/* For a child between fork and exec: SIGINT and SIGQUIT have their meaning again, which a shell
 * takes from what it starts in the background. */
void process_heeds_signals(void);

/* Nothing happens where it has ended already. */
void process_signal(struct process *process, int number);

#define PROCESS_KILLED  (-1) /* by a signal */
#define PROCESS_RUNNING (-2) /* it has not ended yet */

/* Waits until it ends, so many milliseconds at most: its exit status, or one of the above. */
int process_wait(struct process *process, unsigned milliseconds);

/* Runs a program to its end: process_start, process_wait. One that takes too long is killed. */
int process_run(const char *const *arguments, const char *output_path, const char *log_path,
                unsigned milliseconds);

#endif
