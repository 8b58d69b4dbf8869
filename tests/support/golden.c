/* SPDX-License-Identifier: Apache-2.0 */

/* Golden files, and programs that are run in the folder of a case, so that the paths in what they
 * say are the same on every machine. */

#include "support/golden.h"

#include "base/memory.h"
#include "support/tempdir.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NOT_STARTED = 127
};

static bool is_updating(void) {
    const char *update = getenv("UPDATE_GOLDEN");

    return update != NULL && update[0] != '\0';
}

static void read_whole(int descriptor, struct buffer *out) {
    const size_t step = 65536;
    ssize_t count = 0;

    while ((count = read(descriptor, buffer_reserve(out, step), step)) > 0) {
        out->length += (size_t)count;
    }
}

static void read_path(const char *path, struct buffer *out) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor >= 0) {
        read_whole(descriptor, out);
        close(descriptor);
    }
}

static void update(const char *path, struct bytes actual) {
    if (actual.length == 0) {
        (void)unlink(path);
        return;
    }
    FILE *file = fopen(path, "we");
    assert(file != NULL);
    fwrite(actual.data, 1, actual.length, file);
    fclose(file);
}

/* The first line that differs, and its number. */
static void show_difference(const char *path, struct bytes wanted, struct bytes actual) {
    size_t line = 1;
    size_t start = 0;

    for (size_t i = 0; i < wanted.length && i < actual.length; i++) {
        if (wanted.data[i] != actual.data[i]) {
            break;
        }
        if (wanted.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    size_t wanted_end = bytes_find(wanted, BYTES("\n"), start);
    size_t actual_end = bytes_find(actual, BYTES("\n"), start);
    fprintf(stderr, "%s:%zu: is not as it should be\n  wanted: %.*s\n  got:    %.*s\n", path, line,
            BYTES_ARG(bytes_slice(wanted, start, wanted_end)),
            BYTES_ARG(bytes_slice(actual, start, actual_end)));
}

bool golden_matches(const char *path, struct bytes actual) {
    CLEANUP(buffer_free) struct buffer wanted = {0};

    read_path(path, &wanted);
    if (bytes_equal(buffer_bytes(&wanted), actual)) {
        return true;
    }
    if (is_updating()) {
        update(path, actual);
        return true;
    }
    show_difference(path, buffer_bytes(&wanted), actual);
    return false;
}

struct golden_names golden_names(struct arena *arena, const char *folder, const char *suffix) {
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, NULL, alphasort);
    size_t total = found > 0 ? (size_t)found : 0;
    const char **items = ARENA_NEW_ARRAY(arena, const char *, total);
    size_t count = 0;

    for (size_t i = 0; i < total; i++) {
        struct bytes name = bytes_of(entries[i]->d_name);
        if (name.data[0] != '.' && bytes_ends_with(name, bytes_of(suffix))) {
            items[count] = arena_string(arena, name);
            count++;
        }
        free(entries[i]);
    }
    free((void *)entries);
    return (struct golden_names){.items = items, .count = count};
}

bool golden_exists(const char *path) {
    struct stat status;

    return stat(path, &status) == 0;
}

const char *golden_read(struct arena *arena, const char *path) {
    CLEANUP(buffer_free) struct buffer content = {0};

    read_path(path, &content);
    return arena_string(arena, buffer_bytes(&content));
}

struct golden_names golden_lines(struct arena *arena, const char *text) {
    struct bytes whole = bytes_of(text);
    const char **items = NULL;
    size_t count = 0;
    size_t capacity = 0;

    for (size_t start = 0; start < whole.length;) {
        size_t end = bytes_find(whole, BYTES("\n"), start);
        struct bytes line = bytes_trim(bytes_slice(whole, start, end));
        if (line.length > 0 && line.data[0] != '#') {
            items = arena_grow(arena, (void *)items, count, &capacity, sizeof(*items));
            items[count] = arena_string(arena, line);
            count++;
        }
        start = end == SIZE_MAX ? whole.length : end + 1;
    }
    return (struct golden_names){.items = items, .count = count};
}

/* A file that is gone when it is closed: no pipe that could fill up. */
static int scratch_file(void) {
    int descriptor = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    assert(descriptor >= 0);
    return descriptor;
}

static void take_output(int descriptor, struct buffer *out) {
    (void)lseek(descriptor, 0, SEEK_SET);
    read_whole(descriptor, out);
    close(descriptor);
}

int golden_run(const char *folder, const char *const *arguments, const char *const *environment,
               struct buffer *output, struct buffer *errors) {
    CLEANUP(memory_freep) char *program = realpath(arguments[0], NULL);
    int out = scratch_file();
    int err = scratch_file();
    int status = 0;

    assert(program != NULL && "the program is not there: build it first");
    pid_t process = fork();
    assert(process >= 0);
    if (process == 0) {
        dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        if (chdir(folder) == 0) {
            execve(program, (char *const *)(uintptr_t)arguments,
                   (char *const *)(uintptr_t)environment);
        }
        _exit(NOT_STARTED);
    }
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    take_output(out, output);
    take_output(err, errors);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *golden_sidecar(void) {
    const char *sidecar = getenv("SIDECAR");

    return sidecar != NULL && sidecar[0] != '\0' ? sidecar : "build/remotewrite-sidecar";
}
