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
#include "prometheus/listener.h"

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
    ARGUMENTS_MAX = 16384,   /* of a command line */
    PATH_TEXT_MAX = 64,      /* of "PID/cmdline" */
    CANDIDATES_MAX = 64,     /* of one name */
    KERNEL_THREAD = 0x200000 /* PF_KTHREAD */
};

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

/* How long before the time that it tells a process may have begun, and how far behind it, as clocks
 * are adjusted. */
#define BIRTH_MAX   (5 * NANOSECONDS_PER_SECOND)
#define BIRTH_SLACK (NANOSECONDS_PER_SECOND / 2)

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

/* --- several alike ---------------------------------------------------------------------------- */

/* Those that are as good as the best one. */
struct choice {
    struct candidate items[CANDIDATES_MAX];
    size_t count; /* more than fit are counted, too */
};

static size_t kept(const struct choice *choice) {
    return choice->count < CANDIDATES_MAX ? choice->count : CANDIDATES_MAX;
}

static void choice_add(struct choice *choice, const struct candidate *candidate) {
    const bool other = choice->count > 0 && (candidate->handles != choice->items[0].handles ||
                                             candidate->evidence != choice->items[0].evidence);

    if (other && compare(candidate, &choice->items[0]) > 0) {
        return;
    }
    if (other) {
        choice->count = 0;
    }
    if (choice->count < CANDIDATES_MAX) {
        choice->items[choice->count] = *candidate;
    }
    choice->count++;
}

static void find_alike(DIR *stream, struct bytes name, struct choice *ret) {
    const struct dirent *entry = NULL;

    while ((entry = readdir(stream)) != NULL) {
        struct candidate candidate;
        pid_t pid = 0;
        if (is_pid(entry->d_name, &pid) && look(dirfd(stream), pid, name, &candidate)) {
            choice_add(ret, &candidate);
        }
    }
}

/* Leaves those for which a flag is set, if there is any. */
static void choice_narrow(struct choice *choice, const bool *flags) {
    size_t left = 0;

    for (size_t i = 0; i < kept(choice); i++) {
        if (flags[i]) {
            choice->items[left++] = choice->items[i];
        }
    }
    choice->count = left > 0 ? left : choice->count;
}

static bool command_line_names(int proc, pid_t pid, uint16_t port) {
    char space[ARGUMENTS_MAX];
    const struct bytes arguments = text_of(proc, pid, "cmdline", space, sizeof(space));

    return listener_named(arguments.data, arguments.length, port);
}

static void narrow_by_port(int proc, uint16_t port, struct choice *choice) {
    const struct listeners own = listeners_read(proc, "self", port);
    bool holds[CANDIDATES_MAX] = {false};
    bool meets[CANDIDATES_MAX] = {false};
    bool names[CANDIDATES_MAX] = {false};
    char pid[PATH_TEXT_MAX];

    for (size_t i = 0; i < kept(choice); i++) {
        holds[i] = listeners_held(proc, choice->items[i].pid, &own);
    }
    choice_narrow(choice, holds);
    for (size_t i = 0; choice->count > 1 && i < kept(choice); i++) {
        snprintf(pid, sizeof(pid), "%d", (int)choice->items[i].pid);
        const struct listeners its = listeners_read(proc, pid, port);
        meets[i] = listeners_meet(&own, &its);
    }
    choice_narrow(choice, meets);
    for (size_t i = 0; choice->count > 1 && i < kept(choice); i++) {
        names[i] = command_line_names(proc, choice->items[i].pid, port);
    }
    choice_narrow(choice, names);
}

static int64_t start_of(const struct candidate *candidate, int64_t ticks_per_second) {
    const uint64_t ticks = (uint64_t)ticks_per_second;

    if (candidate->started / ticks > INT64_MAX / 2 / NANOSECONDS_PER_SECOND) {
        return INT64_MAX;
    }
    return (int64_t)(candidate->started / ticks) * NANOSECONDS_PER_SECOND +
           (int64_t)(candidate->started % ticks) * (NANOSECONDS_PER_SECOND / ticks_per_second);
}

/* It takes the time when it sets its web server up, within a second or so of its start. Only one
 * that is alone in these seconds is told by it. */
static void narrow_by_birth(const struct process_hint *hint, struct choice *choice) {
    bool right_before[CANDIDATES_MAX] = {false};
    size_t count = 0;

    for (size_t i = 0; i < kept(choice); i++) {
        const int64_t start = start_of(&choice->items[i], hint->ticks_per_second);
        right_before[i] = start < hint->born + BIRTH_SLACK && start > hint->born - BIRTH_MAX;
        count += right_before[i] ? 1 : 0;
    }
    if (count == 1) {
        choice_narrow(choice, right_before);
    }
}

static void choice_found(const struct choice *choice, struct found_process *ret) {
    size_t best = 0;

    for (size_t i = 1; i < kept(choice); i++) {
        best = compare(&choice->items[i], &choice->items[best]) < 0 ? i : best;
    }
    *ret = (struct found_process){
        .pid = choice->items[best].pid,
        .started = choice->items[best].started,
        .others = choice->count - 1,
    };
    for (size_t i = 0, k = 0; i < kept(choice) && k < OTHERS_MAX; i++) {
        if (i != best) {
            ret->other_pids[k++] = choice->items[i].pid;
        }
    }
}

int process_find(const char *proc, const char *name, const struct process_hint *hint,
                 struct found_process *ret) {
    CLEANUP(closedirp) DIR *stream = opendir(proc);
    struct choice choice = {.count = 0};

    if (stream == NULL) {
        return -errno;
    }
    find_alike(stream, bytes_of(name), &choice);
    if (choice.count == 0) {
        return -ESRCH;
    }
    if (choice.count > 1 && hint != NULL && hint->port != 0) {
        narrow_by_port(dirfd(stream), hint->port, &choice);
    }
    if (choice.count > 1 && hint != NULL && hint->born != 0 && hint->ticks_per_second > 0) {
        narrow_by_birth(hint, &choice);
    }
    choice_found(&choice, ret);
    return choice.items[0].handles ? 0 : -EOPNOTSUPP;
}

bool process_is(const char *proc, const char *name, const struct found_process *process) {
    CLEANUP(descriptor_closep) int folder = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct candidate candidate;

    return folder >= 0 && look(folder, process->pid, bytes_of(name), &candidate) &&
           candidate.started == process->started;
}
