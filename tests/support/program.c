/* SPDX-License-Identifier: Apache-2.0 */

/* The program in a process of its own. Its output goes to files, so that it can never block on a
 * pipe that nobody reads. */

#include "support/program.h"

#include "base/memory.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MOST_ARGUMENTS = 64,
    NOT_STARTED = 127
};

static const char *program_binary(void) {
    const char *binary = getenv("SIDECAR");

    return binary != NULL && binary[0] != '\0' ? binary : "build/remotewrite-sidecar";
}

struct program *program_new(void) {
    struct program *program = memory_new(1, sizeof(*program));

    program->arena = arena_new();
    program->folder = tempdir_new();
    return program;
}

void program_free(struct program *program) {
    if (program == NULL) {
        return;
    }
    tempdir_remove(program->folder);
    buffer_free(&program->output);
    buffer_free(&program->errors);
    arena_free(program->arena);
    free(program);
}

void program_freep(struct program **program) {
    program_free(*program);
    *program = NULL;
}

const char *program_path(const struct program *program, const char *name) {
    return arena_format(program->arena, "%s/%s", program->folder, name);
}

const char *program_file(struct program *program, const char *name, const char *content) {
    file_write(program->folder, name, content);
    return program_path(program, name);
}

static bool read_whole(const char *path, struct buffer *out) {
    const size_t step = 65536;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = 0;
    struct stat status;

    if (descriptor < 0) {
        return false;
    }
    if (fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(descriptor);
        return false;
    }
    while ((count = read(descriptor, buffer_reserve(out, step), step)) > 0) {
        out->length += (size_t)count;
    }
    close(descriptor);
    return count == 0;
}

const char *program_read(const struct program *program, const char *name) {
    CLEANUP(buffer_free) struct buffer content = {0};

    if (!read_whole(program_path(program, name), &content)) {
        return NULL;
    }
    return arena_string(program->arena, buffer_bytes(&content));
}

/* "@" in an argument stands for the folder. */
static char *expanded(const struct program *program, const char *argument) {
    CLEANUP(buffer_free) struct buffer out = {0};

    for (const char *c = argument; *c != '\0'; c++) {
        if (*c == '@') {
            buffer_append_string(&out, program->folder);
        } else {
            buffer_append_char(&out, *c);
        }
    }
    return arena_string(program->arena, buffer_bytes(&out));
}

static int opened(const char *path, int flags) {
    int descriptor = open(path, flags | O_CLOEXEC, 0644);

    assert(descriptor >= 0);
    return descriptor;
}

static pid_t spawn(struct program *program, va_list list) {
    char *arguments[MOST_ARGUMENTS] = {NULL};
    size_t count = 0;
    const char *binary = program_binary();
    const char *input =
        program_file(program, "stdin", program->input != NULL ? program->input : "");

    /* The child runs in the folder: the path has to hold there too. */
    arguments[count++] = realpath(binary, NULL);
    assert(arguments[0] != NULL && "SIDECAR names no program: build it first");
    for (const char *argument = va_arg(list, const char *); argument != NULL;
         argument = va_arg(list, const char *)) {
        assert(count + 1 < MOST_ARGUMENTS);
        arguments[count++] = expanded(program, argument);
    }
    const char *output = program_path(program, "stdout");
    const char *errors = program_path(program, "stderr");
    pid_t process = fork();
    assert(process >= 0);
    if (process == 0) {
        process_heeds_signals();
        dup2(opened(input, O_RDONLY), STDIN_FILENO);
        dup2(opened(output, O_WRONLY | O_CREAT | O_TRUNC), STDOUT_FILENO);
        dup2(opened(errors, O_WRONLY | O_CREAT | O_TRUNC), STDERR_FILENO);
        if (chdir(program->folder) == 0) {
            execv(arguments[0], arguments);
        }
        _exit(NOT_STARTED);
    }
    free(arguments[0]);
    return process;
}

int program_wait(pid_t process) {
    int status = 0;

    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int program_run(struct program *program, ...) {
    va_list list;

    va_start(list, program);
    pid_t process = spawn(program, list);
    va_end(list);
    program->status = program_wait(process);
    buffer_clear(&program->output);
    buffer_clear(&program->errors);
    read_whole(program_path(program, "stdout"), &program->output);
    read_whole(program_path(program, "stderr"), &program->errors);
    return program->status;
}

pid_t program_start(struct program *program, ...) {
    va_list list;

    va_start(list, program);
    pid_t process = spawn(program, list);
    va_end(list);
    return process;
}

const char *program_output(struct program *program) {
    return buffer_string(&program->output);
}

const char *program_errors(struct program *program) {
    return buffer_string(&program->errors);
}
