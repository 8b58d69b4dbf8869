/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A process is what its folder in /proc says. The name alone is weak evidence: a shell script
 * called prometheus that starts Prometheus has it too. It is enough where nothing says more, since
 * whoever may not trace a process (another user, or one that Landlock confines) does not see its
 * executable.
 */

#include "prometheus/process.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/descriptor.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How sure it is that the program is meant; they add up. */
enum evidence {
    EVIDENCE_NAME = 1,
    EVIDENCE_ARGUMENT = 2,
    EVIDENCE_EXECUTABLE = 4
};

enum {
    COMM_MAX = 15,           /* of the name of a process (proc(5)) */
    TEXT_MAX = 4096,         /* of a file in /proc; stat has some 300 bytes */
    PATH_TEXT_MAX = 64,      /* of "PID/cmdline" */
    KERNEL_THREAD = 0x200000 /* PF_KTHREAD */
};

/* Fields of stat behind the name, counted from the state (proc(5) calls that field 3). */
enum {
    FIELD_STATE = 0,
    FIELD_FLAGS = 6,
    FIELD_STARTED = 19,
    FIELD_CAUGHT = 31
};

struct candidate {
    pid_t pid;
    uint64_t started;
    unsigned evidence;
    bool handles; /* SIGHUP */
};

static void closedirp(DIR **stream) {
    if (*stream != NULL) {
        closedir(*stream);
    }
}

/* The beginning of a file, which is all of it for what is read here. Empty: there is none. */
static struct bytes text_of(int proc, pid_t pid, const char *file, char *space, size_t size) {
    char path[PATH_TEXT_MAX];

    snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
    CLEANUP(descriptor_closep) int descriptor = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t got = descriptor < 0 ? -1 : read(descriptor, space, size);
    return (struct bytes){space, got > 0 ? (size_t)got : 0};
}

static struct bytes base_name(struct bytes path) {
    size_t from = path.length;

    while (from > 0 && path.data[from - 1] != '/') {
        from--;
    }
    return bytes_slice(path, from, SIZE_MAX);
}

static bool executable_is(int proc, pid_t pid, struct bytes name) {
    static const struct bytes deleted = BYTES(" (deleted)"); /* replaced on disk since it started */
    char path[PATH_TEXT_MAX];
    char target[PATH_MAX];

    snprintf(path, sizeof(path), "%d/exe", (int)pid);
    ssize_t length = readlinkat(proc, path, target, sizeof(target));
    if (length < 0) {
        return false;
    }
    struct bytes executable = {target, (size_t)length};
    if (bytes_ends_with(executable, deleted)) {
        executable = bytes_slice(executable, 0, executable.length - deleted.length);
    }
    return bytes_equal(base_name(executable), name);
}

static bool argument_is(int proc, pid_t pid, struct bytes name) {
    char space[TEXT_MAX];
    struct bytes arguments = text_of(proc, pid, "cmdline", space, sizeof(space));
    size_t end = strnlen(space, arguments.length);

    return bytes_equal(base_name(bytes_slice(arguments, 0, end)), name);
}

/* The n-th of words with single blanks between them; empty where there are not so many. */
static struct bytes word(struct bytes text, unsigned n) {
    size_t from = 0;

    for (; n > 0; n--) {
        size_t blank = bytes_find(text, BYTES(" "), from);
        if (blank == SIZE_MAX) {
            return BYTES("");
        }
        from = blank + 1;
    }
    return bytes_slice(text, from, bytes_find(text, BYTES(" "), from));
}

static bool number_in(struct bytes text, unsigned field, int64_t *ret) {
    return number_parse(word(text, field), ret) == 0;
}

/* The name may hold anything, parentheses too: it ends at the last one. */
static bool split_stat(struct bytes stat, struct bytes *ret_name, struct bytes *ret_fields) {
    size_t open = bytes_find(stat, BYTES("("), 0);
    size_t close = stat.length;

    while (close > 0 && stat.data[close - 1] != ')') {
        close--;
    }
    if (open == SIZE_MAX || close < open + 2) {
        return false;
    }
    *ret_name = bytes_slice(stat, open + 1, close - 1);
    *ret_fields = bytes_trim(bytes_slice(stat, close, SIZE_MAX));
    return true;
}

/* False: no process (any more) that could be meant. */
static bool look(int proc, pid_t pid, struct bytes name, struct candidate *ret) {
    char space[TEXT_MAX];
    struct bytes stat = text_of(proc, pid, "stat", space, sizeof(space));
    struct bytes called;
    struct bytes fields;
    int64_t flags = 0;
    int64_t started = 0;
    int64_t caught = 0;

    if (pid == getpid() || !split_stat(stat, &called, &fields) ||
        !number_in(fields, FIELD_FLAGS, &flags) || !number_in(fields, FIELD_STARTED, &started) ||
        !number_in(fields, FIELD_CAUGHT, &caught)) {
        return false;
    }
    struct bytes state = word(fields, FIELD_STATE);
    if (bytes_equal_string(state, "Z") || bytes_equal_string(state, "X") ||
        (flags & KERNEL_THREAD) != 0) {
        return false;
    }
    *ret = (struct candidate){
        .pid = pid,
        .started = (uint64_t)started,
        .handles = (caught & (1 << (SIGHUP - 1))) != 0,
    };
    ret->evidence |= bytes_equal(called, bytes_slice(name, 0, COMM_MAX)) ? EVIDENCE_NAME : 0;
    ret->evidence |= argument_is(proc, pid, name) ? EVIDENCE_ARGUMENT : 0;
    ret->evidence |= executable_is(proc, pid, name) ? EVIDENCE_EXECUTABLE : 0;
    return ret->evidence != 0;
}

/* Who handles SIGHUP before who does not, then by evidence, then by age. Negative: left is meant.
 */
static int compare(const struct candidate *left, const struct candidate *right) {
    if (left->handles != right->handles) {
        return left->handles ? -1 : 1;
    }
    if (left->evidence != right->evidence) {
        return left->evidence > right->evidence ? -1 : 1;
    }
    if (left->started != right->started) {
        return left->started < right->started ? -1 : 1;
    }
    return left->pid < right->pid ? -1 : 1;
}

static bool is_pid(const char *name, pid_t *ret) {
    int64_t number = 0;

    if (number_parse(bytes_of(name), &number) != 0 || number < 1 || number > INT_MAX) {
        return false;
    }
    *ret = (pid_t)number;
    return true;
}

/* How many there are like the best one, itself included; 0: none at all. */
static size_t find_best(DIR *stream, struct bytes name, struct candidate *ret) {
    const struct dirent *entry = NULL;
    size_t alike = 0;

    while ((entry = readdir(stream)) != NULL) {
        struct candidate candidate;
        pid_t pid = 0;
        if (!is_pid(entry->d_name, &pid) || !look(dirfd(stream), pid, name, &candidate)) {
            continue;
        }
        bool other =
            alike == 0 || candidate.handles != ret->handles || candidate.evidence != ret->evidence;
        bool better = alike == 0 || compare(&candidate, ret) < 0;
        if (!other) {
            alike++;
        } else if (better) {
            alike = 1;
        }
        *ret = better ? candidate : *ret;
    }
    return alike;
}

int process_find(const char *proc, const char *name, struct found_process *ret) {
    CLEANUP(closedirp) DIR *stream = opendir(proc);
    struct candidate best = {0};

    if (stream == NULL) {
        return -errno;
    }
    size_t alike = find_best(stream, bytes_of(name), &best);
    if (alike == 0) {
        return -ESRCH;
    }
    *ret = (struct found_process){.pid = best.pid, .started = best.started, .others = alike - 1};
    return best.handles ? 0 : -EOPNOTSUPP;
}

bool process_is(const char *proc, const char *name, const struct found_process *process) {
    CLEANUP(descriptor_closep) int folder = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct candidate candidate;

    return folder >= 0 && look(folder, process->pid, bytes_of(name), &candidate) &&
           candidate.started == process->started;
}
