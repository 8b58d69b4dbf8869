/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps a record for each file that is not taken yet: since when, and since when it has looked as
 * it does. The records of one snapshot replace those of the one before, so that a file that is
 * taken, or gone, has none. Sorted, as a tenant may have as many files open as a volume may hold.
 */

#include "source/writers.h"

#include "base/clock.h"
#include "base/lease.h"
#include "base/memory.h"
#include "source/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The next look comes after this part of the time that was waited already, within these bounds. */
#define LOOK_AGAIN_PART 4
#define LOOK_AGAIN_MIN  INT64_C(50)
#define LOOK_AGAIN_MAX  INT64_C(10000)

/* Where there is no lease the clock of the file may be another host's: an age by it counts only
 * when it is far beyond what clocks differ by. Else two looks have to tell. */
#define CLOCK_SKEW INT64_C(60000)

#define NANOSECONDS_PER_MILLISECOND 1000000
#define MILLISECONDS_PER_SECOND     1000

struct waiting {
    char *path;
    struct file_identity identity; /* at the last look */
    int64_t since;                 /* when it was first not taken */
    int64_t same_since;            /* when it was first seen as it is */
    bool counts;                   /* something counts that it held before */
    bool reported;
};

struct waiting_list {
    struct waiting *items;
    size_t count;
    size_t capacity;
};

struct writers {
    struct writer_patience patience;
    struct waiting_list last;    /* of the snapshot before: sorted by path, each once */
    struct waiting_list present; /* of this one: in no order; a folder that is tried again has its
                                    files twice */
};

static int64_t now_milliseconds(void) {
    return clock_monotonic_nanoseconds() / NANOSECONDS_PER_MILLISECOND;
}

struct writers *writers_new(const struct writer_patience *patience) {
    if (patience->unknown == 0) {
        return NULL;
    }
    struct writers *writers = memory_new(1, sizeof(*writers));

    writers->patience = *patience;
    return writers;
}

static void list_free(struct waiting_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].path);
    }
    free(list->items);
    *list = (struct waiting_list){0};
}

void writers_free(struct writers *writers) {
    if (writers != NULL) {
        list_free(&writers->last);
        list_free(&writers->present);
        free(writers);
    }
}

static int compare_paths(const void *left, const void *right) {
    return strcmp(((const struct waiting *)left)->path, ((const struct waiting *)right)->path);
}

static int compare_with_path(const void *path, const void *waiting) {
    return strcmp(path, ((const struct waiting *)waiting)->path);
}

/* What was known of it at the last snapshot; NULL: it was not waited for. */
static const struct waiting *find(const struct writers *writers, const char *path) {
    if (writers->last.count == 0) {
        return NULL;
    }
    return bsearch(path, writers->last.items, writers->last.count, sizeof(struct waiting),
                   compare_with_path);
}

static void add(struct writers *writers, const char *path, struct waiting waiting) {
    struct waiting_list *list = &writers->present;

    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 1;
        list->items = memory_resize(list->items, list->capacity, sizeof(*list->items));
    }
    waiting.path = memory_string(path);
    list->items[list->count++] = waiting;
}

/* --- one file --------------------------------------------------------------------------------- */

static bool same_inode(const struct file_identity *left, const struct file_identity *right) {
    return left->device == right->device && left->inode == right->inode;
}

static bool same_instant(struct timespec left, struct timespec right) {
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

/* A rename changes the ctime and not the mtime; writing sets both to the same instant. */
static bool came_by_rename(const struct writers_sight *sight) {
    return sight->linked || !same_instant(sight->now->modified, sight->now->changed);
}

/* How long the file has to look the same before it is taken; INT64_MAX: there is a writer. */
static int64_t quiet_wanted(const struct writers *writers, const struct writers_sight *sight,
                            int lease) {
    const struct writer_patience *patience = &writers->patience;
    const bool in_place = sight->before != NULL && same_inode(sight->before, sight->now);

    if (lease == -EAGAIN) {
        return INT64_MAX;
    }
    if (!in_place && (lease == 0 || came_by_rename(sight))) {
        return 0;
    }
    if (sight->before != NULL && sight->before->size > 0 && sight->now->size == 0) {
        return patience->emptied;
    }
    return lease == 0 ? patience->closed : patience->unknown;
}

/* By the file's own times; ctime cannot be set back. */
static int64_t age_by_times(const struct file_identity *identity, int lease) {
    int64_t changed = (int64_t)identity->changed.tv_sec * MILLISECONDS_PER_SECOND +
                      identity->changed.tv_nsec / NANOSECONDS_PER_MILLISECOND;
    int64_t age = clock_wall_milliseconds() - changed;

    return lease == 0 || age >= CLOCK_SKEW ? age : 0;
}

/* It may be that it is quiet since longer than it is looked at. */
static bool is_quiet(const struct waiting *waiting, const struct writers_sight *sight,
                     int64_t wanted, int64_t now, int lease) {
    bool same = waiting != NULL && file_identity_same(&waiting->identity, sight->now);

    return (same && now - waiting->same_since >= wanted) ||
           age_by_times(sight->now, lease) >= wanted;
}

static void note(struct writers *writers, const struct waiting *before,
                 const struct writers_sight *sight, int64_t now) {
    struct waiting waiting = {.since = now};

    if (before != NULL) {
        waiting = *before;
    }
    if (before == NULL || !file_identity_same(&before->identity, sight->now)) {
        waiting.identity = *sight->now;
        waiting.same_since = now;
    }
    waiting.counts = sight->before != NULL;
    add(writers, sight->path, waiting);
}

int writers_judge(struct writers *writers, const struct writers_sight *sight) {
    if (writers == NULL) {
        return 0;
    }
    int lease = lease_probe(sight->descriptor);
    int64_t wanted = quiet_wanted(writers, sight, lease);
    const struct waiting *waiting = find(writers, sight->path);
    int64_t now = now_milliseconds();

    if (wanted == 0 || (wanted != INT64_MAX && is_quiet(waiting, sight, wanted, now, lease))) {
        return 0;
    }
    note(writers, waiting, sight, now);
    return -ETXTBSY;
}

int writers_note_unsteady(struct writers *writers, const char *path) {
    if (writers == NULL) {
        return -EBUSY;
    }
    const struct waiting *before = find(writers, path);
    const int64_t now = now_milliseconds();
    struct waiting waiting = {.since = now, .same_since = now};

    if (before != NULL) {
        waiting.since = before->since;
        waiting.counts = before->counts;
        waiting.reported = before->reported;
    }
    add(writers, path, waiting);
    return -ETXTBSY;
}

bool writers_still_has(struct writers *writers, const char *path, int descriptor) {
    const struct waiting *waiting = writers != NULL ? find(writers, path) : NULL;

    if (waiting == NULL || lease_probe(descriptor) != -EAGAIN) {
        return false;
    }
    add(writers, path, *waiting);
    return true;
}

/* --- a snapshot ------------------------------------------------------------------------------- */

int64_t writers_next_look(int64_t waited) {
    int64_t wait = waited / LOOK_AGAIN_PART;

    return wait < LOOK_AGAIN_MIN ? LOOK_AGAIN_MIN : wait > LOOK_AGAIN_MAX ? LOOK_AGAIN_MAX : wait;
}

static void report(struct diagnostics *diagnostics, struct arena *arena,
                   const struct waiting *waiting) {
    diagnostics_add(diagnostics, SEVERITY_WARNING,
                    (struct location){.file = arena_string(arena, bytes_of(waiting->path))}, NULL,
                    NULL, WRITERS_REMEDY, WRITERS_PROBLEM "%s",
                    waiting->counts ? " (what it held before is kept)" : "");
}

static void sort(struct waiting_list *list) {
    size_t kept = 0;

    if (list->count > 0) {
        qsort(list->items, list->count, sizeof(*list->items), compare_paths);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && strcmp(list->items[kept - 1].path, list->items[i].path) == 0) {
            free(list->items[i].path);
        } else {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

/* Those that were warned of and are not waited for any more. */
static void list_finished(const struct writers *writers, struct arena *arena,
                          struct writers_report *ret) {
    const struct waiting_list *present = &writers->present;
    const char **paths = ARENA_NEW_ARRAY(arena, const char *, writers->last.count);

    for (size_t i = 0; i < writers->last.count; i++) {
        const struct waiting *waiting = &writers->last.items[i];
        bool waits = present->count > 0 && bsearch(waiting->path, present->items, present->count,
                                                   sizeof(*waiting), compare_with_path) != NULL;
        if (waiting->reported && !waits) {
            paths[ret->finished_count++] = arena_string(arena, bytes_of(waiting->path));
        }
    }
    ret->finished = paths;
}

static void list_overdue(const struct writers *writers, struct arena *arena,
                         struct writers_report *ret) {
    const struct waiting_list *present = &writers->present;
    const char **paths = ARENA_NEW_ARRAY(arena, const char *, present->count);

    for (size_t i = 0; i < present->count; i++) {
        if (present->items[i].reported) {
            paths[ret->overdue_count++] = arena_string(arena, bytes_of(present->items[i].path));
        }
    }
    ret->overdue = paths;
}

void writers_end(struct writers *writers, struct arena *arena, struct diagnostics *diagnostics,
                 struct writers_report *ret) {
    int64_t now = now_milliseconds();

    *ret = (struct writers_report){0};
    if (writers == NULL) {
        return;
    }
    sort(&writers->present);
    list_finished(writers, arena, ret);
    list_overdue(writers, arena, ret);
    for (size_t i = 0; i < writers->present.count; i++) {
        struct waiting *waiting = &writers->present.items[i];
        if (now - waiting->since >= writers->patience.report) {
            waiting->reported = true;
            report(diagnostics, arena, waiting);
        }
        int64_t look = writers_next_look(now - waiting->since);
        ret->look_again = ret->look_again == 0 || look < ret->look_again ? look : ret->look_again;
    }
    list_free(&writers->last);
    writers->last = writers->present;
    writers->present = (struct waiting_list){0};
}
