/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PROGRAM_H
#define TESTS_SUPPORT_PROGRAM_H

/* Runs the built program as a user would, in a folder of its own. $SIDECAR names it
 * (build/remotewrite-sidecar where that is not set). */

#include "base/arena.h"
#include "base/bytes.h"

#include <sys/types.h>

/* A folder below /tmp, and what ran in it. */
struct program {
    struct arena *arena;
    char *folder;
    const char *input; /* its standard input; NULL: empty */
    int status;        /* exit status of the last run; -1: killed by a signal */
    struct buffer output;
    struct buffer errors;
};

struct program *program_new(void);
void program_free(struct program *program);
void program_freep(struct program **program);

#define PROGRAM __attribute__((cleanup(program_freep))) struct program *

/* Writes folder/name (folders on the way are made); returns its path. */
const char *program_file(struct program *program, const char *name, const char *content);

/* folder/name, as text. */
const char *program_path(const struct program *program, const char *name);

/* What folder/name holds, in the arena; NULL where there is no such file. */
const char *program_read(const struct program *program, const char *name);

/* Runs it to its end and returns the exit status. In the arguments, which end in NULL, every "@" is
 * replaced by the folder's path. The working directory is the folder. */
int program_run(struct program *program, ...) __attribute__((sentinel));

/* Starts it and does not wait; stdout and stderr go to files of the folder, "stdout" and "stderr".
 */
pid_t program_start(struct program *program, ...) __attribute__((sentinel));

/* Waits for what program_start started: its exit status, or -1. */
int program_wait(pid_t process);

/* As strings; valid until the next run. */
const char *program_output(struct program *program);
const char *program_errors(struct program *program);

#endif
