/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_WRITERS_H
#define SIDECAR_SOURCE_WRITERS_H

/*
 * Which files are not to be taken yet, because somebody is still writing them. Three layers, from
 * the sure one to the careful one:
 *
 *   1. A read lease (base/lease.h) tells that a process has the file open for writing.
 *   2. Where it cannot be told (another user's file, a file system without leases), a file that was
 *      changed in place has to look the same for a while.
 *   3. A file that shrank to nothing in place has to stay empty for longer: it was probably
 *      truncated in order to be filled.
 *
 * A file that came by rename (another inode than before, its ctime later than its mtime, or behind
 * a link) is taken at once, unless a lease tells of a writer.
 *
 * All times are milliseconds.
 */

#include "base/arena.h"
#include "base/compiler.h"
#include "base/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct file_identity;

/* How long a file that was changed in place has to look the same. Zeroed: writers are not looked
 * for at all (render, check). */
struct writer_patience {
    int64_t closed;  /* nobody has it open for writing */
    int64_t unknown; /* it cannot be told whether somebody has */
    int64_t emptied; /* it is empty, and was not */
    int64_t report;  /* how long a writer may take before there is a warning */
};

#define WRITER_PATIENCE                                                \
    (struct writer_patience) {                                         \
        .closed = 50, .unknown = 1000, .emptied = 3000, .report = 5000 \
    }

struct writers;

/* NULL where the patience is zeroed: all functions below take that for "nobody writes". */
struct writers *writers_new(const struct writer_patience *patience) MUST_USE;
/* NULL is fine. */
void writers_free(struct writers *writers);

/* A file that was read, and is another one than what counts so far. */
struct writers_sight {
    int descriptor;                     /* open for reading only */
    const char *path;                   /* what a user would open: the key */
    const struct file_identity *now;    /* as it was read */
    const struct file_identity *before; /* of what counts so far; NULL: nothing does */
    bool linked;                        /* found through a link */
};

/* 0: take it; -ETXTBSY: not yet, what counted before goes on counting. */
int writers_judge(struct writers *writers, const struct writers_sight *sight) MUST_USE;

/* The same of a file that changed each time it was read: -ETXTBSY; -EBUSY without writers. */
int writers_note_unsteady(struct writers *writers, const char *path) MUST_USE;

/* Before a file is read: whether it was not taken at the last look, and a process still has it open
 * for writing, so that there is no need to read it. */
bool writers_still_has(struct writers *writers, const char *path, int descriptor);

struct writers_report {
    int64_t look_again;          /* when to look again, from now; 0: nothing is waited for */
    const char *const *finished; /* were warned of, and are taken (or gone) now */
    size_t finished_count;
    const char *const *overdue; /* were warned of before, and are still waited for */
    size_t overdue_count;
};

/* The warning for a file that has been waited for for long. */
#define WRITERS_PROBLEM "is still being written and is not read until that ends"
#define WRITERS_REMEDY  "have its writer close it, or write another file and rename it over this one"

/* After the files of one snapshot were judged.
 * Adds a warning for each file that has been waited for for long; strings live in the arena. */
void writers_end(struct writers *writers, struct arena *arena, struct diagnostics *diagnostics,
                 struct writers_report *ret);

/* When to look again at what was waited for since so many milliseconds: soon where a writer takes a
 * moment, seldom where a file stays open for days. */
int64_t writers_next_look(int64_t waited);

#endif
