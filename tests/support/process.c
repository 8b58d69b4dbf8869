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
#include <sys/wait.h>
#include <unistd.h>

enum {
    NOT_STARTED = 127
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

/* Only what is allowed between fork and exec in a process that had threads. */
static NORETURN void become(char *const *arguments, const int streams[3], pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The test may have died before that. */
    if (getppid() != parent) {
        _exit(NOT_STARTED);
    }
    for (int i = 0; i < 3; i++) {
        dup2(streams[i], i);
    }
    execv(arguments[0], arguments);
    _exit(NOT_STARTED);
}

struct process *process_start(const char *const *arguments, const char *output_path,
                              const char *log_path) {
    struct process *process = memory_new(1, sizeof(*process));
    size_t count = 0;
    const int append = O_WRONLY | O_CREAT | O_APPEND;

    while (arguments[count] != NULL) {
        count++;
    }
    char **copies = memory_new(count + 1, sizeof(*copies));
    for (size_t i = 0; i < count; i++) {
        copies[i] = memory_string(arguments[i]);
    }
    int streams[3] = {opened("/dev/null", O_RDONLY),
                      opened(output_path != NULL ? output_path : log_path, append),
                      opened(log_path, append)};
    pid_t parent = getpid();
    process->id = fork();
    if (process->id == 0) {
        become(copies, streams, parent);
    }
    if (process->id < 0) {
        fprintf(stderr, "tests: fork: %s\n", strerror(errno));
        abort();
    }
    for (int i = 0; i < 3; i++) {
        close(streams[i]);
    }
    for (size_t i = 0; i < count; i++) {
        free(copies[i]);
    }
    free(copies);
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
