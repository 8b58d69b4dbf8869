/* SPDX-License-Identifier: Apache-2.0 */

#include "support/process.h"

#include "base/memory.h"
#include "support/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NOT_STARTED = 127,
    STREAMS = 5 /* the standard ones, and those to talk by */
};

struct process {
    pid_t id;
    bool ended;
    int status; /* as waitpid gives it */
};

static int opened(const char *path, int flags) {
    int descriptor = open(path, flags | O_CLOEXEC, 0644);

    if (descriptor < 0) {
        fprintf(stderr, "tests: open %s: %s\n", path, strerror(errno));
        abort();
    }
    return descriptor;
}

void process_heeds_signals(void) {
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGQUIT, SIG_DFL);
}

/* Only what is allowed between fork and exec in a process that had threads. */
static NORETURN void become(char *const *arguments, const int *streams, int count, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The test may have died before that. */
    if (getppid() != parent) {
        _exit(NOT_STARTED);
    }
    process_heeds_signals();
    for (int i = 0; i < count; i++) {
        dup2(streams[i], i);
    }
    execv(arguments[0], arguments);
    _exit(NOT_STARTED);
}

/* streams become its descriptors, from 0 on. */
static struct process *start(const char *const *arguments, const int *streams, int stream_count) {
    struct process *process = memory_new(1, sizeof(*process));
    size_t count = 0;

    while (arguments[count] != NULL) {
        count++;
    }
    char **copies = memory_new(count + 1, sizeof(*copies));
    for (size_t i = 0; i < count; i++) {
        copies[i] = memory_string(arguments[i]);
    }
    pid_t parent = getpid();
    process->id = fork();
    if (process->id == 0) {
        become(copies, streams, stream_count, parent);
    }
    if (process->id < 0) {
        fprintf(stderr, "tests: fork: %s\n", strerror(errno));
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        free(copies[i]);
    }
    free(copies);
    return process;
}

static void close_all(const int *streams, int count) {
    for (int i = 0; i < count; i++) {
        close(streams[i]);
    }
}

struct process *process_start(const char *const *arguments, const char *output_path,
                              const char *log_path) {
    const int append = O_WRONLY | O_CREAT | O_APPEND;
    int streams[3] = {opened("/dev/null", O_RDONLY),
                      opened(output_path != NULL ? output_path : log_path, append),
                      opened(log_path, append)};
    struct process *process = start(arguments, streams, 3);

    close_all(streams, 3);
    return process;
}

/* A descriptor that stands where it shall stand in the program would keep its close-on-exec flag,
 * and one that stands lower would be overwritten: so both go beyond. */
static int beyond_the_streams(int descriptor) {
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STREAMS);

    if (moved < 0) {
        fprintf(stderr, "tests: dup: %s\n", strerror(errno));
        abort();
    }
    close(descriptor);
    return moved;
}

struct process *process_start_talking(const char *const *arguments, const char *log_path,
                                      int *ret_socket) {
    const int append = O_WRONLY | O_CREAT | O_APPEND;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        fprintf(stderr, "tests: socketpair: %s\n", strerror(errno));
        abort();
    }
    int theirs = beyond_the_streams(ends[1]);
    int log = beyond_the_streams(opened(log_path, append));
    int nothing = beyond_the_streams(opened("/dev/null", O_RDONLY));
    const int streams[STREAMS] = {nothing, log, log, theirs, theirs};
    struct process *process = start(arguments, streams, STREAMS);
    close(theirs);
    close(log);
    close(nothing);
    *ret_socket = ends[0];
    return process;
}

bool process_runs(struct process *process) {
    if (!process->ended) {
        process->ended = waitpid(process->id, &process->status, WNOHANG) == process->id;
    }
    return !process->ended;
}

void process_signal(struct process *process, int number) {
    if (process_runs(process)) {
        kill(process->id, number);
    }
}

int process_wait(struct process *process, unsigned milliseconds) {
    if (!WAIT_UNTIL(!process_runs(process), milliseconds)) {
        return PROCESS_RUNNING;
    }
    return WIFEXITED(process->status) ? WEXITSTATUS(process->status) : PROCESS_KILLED;
}

void process_free(struct process *process) {
    if (process == NULL) {
        return;
    }
    process_signal(process, SIGKILL);
    process_wait(process, DEADLINE_USUAL);
    free(process);
}

pid_t process_id(const struct process *process) {
    return process->id;
}

int process_run(const char *const *arguments, const char *output_path, const char *log_path,
                unsigned milliseconds) {
    struct process *process = process_start(arguments, output_path, log_path);
    int status = process_wait(process, milliseconds);

    process_free(process);
    return status;
}
