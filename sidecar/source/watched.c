/* SPDX-License-Identifier: Apache-2.0 */

/* Walks what is only watched: it is the operator's, so there is no bound on its files, of which
 * nothing but a path and a digest is kept. The order does not matter: the list is sorted in the
 * end. A folder that stands by itself is tried again when it changed while it was read, as volumes
 * are (walk.c).
 */

#include "source/watched.h"

#include "source/fault.h"
#include "source/folder.h"
#include "source/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that changes more often than this in one reading is left for the next. */
#define FOLDER_TRIES 8

/* Nobody nests rules deeper, and each level holds a file descriptor. */
#define DEPTH_MAX 32

/* Files that are watched by themselves (file_stands_alone): each takes one of the node's watches.
 */
#define ALONE_WATCHES_MAX 256

struct watch {
    const struct watched_request *request;
    struct watched_list *list;
    struct resolver resolver; /* confined to the directory; for ..data */
    const char *path;         /* the directory's, without slashes at the end */
    size_t alone;             /* files that are watched by themselves */
    bool complete;            /* false: trying again may help */
};

/* A folder on the way down. */
struct level {
    const char *path;                /* what a user would open */
    const char *real;                /* below the root: "" for it, then "/a", "/a/b" */
    const struct folder *generation; /* whose it is part of; NULL: it stands by itself */
    unsigned depth;
};

/* --- what is said, and what is kept ----------------------------------------------------------- */

static void say(const struct watch *watch, enum severity severity, const char *path,
                const char *problem, const char *remedy) {
    diagnostics_add(watch->request->diagnostics, severity, (struct location){.file = path}, NULL,
                    NULL, remedy, "%s", problem);
}

static int compare_paths(const void *left, const void *right) {
    return strcmp(((const struct watched_file *)left)->path,
                  ((const struct watched_file *)right)->path);
}

static const struct watched_file *previous_of(const struct watch *watch, const char *path) {
    const struct watched_list *previous = watch->request->previous;
    const struct watched_file wanted = {.path = path};

    if (previous->count == 0) {
        return NULL;
    }
    return bsearch(&wanted, previous->items, previous->count, sizeof(wanted), compare_paths);
}

static void add(struct watch *watch, const char *path, const struct digest *digest) {
    struct watched_list *list = watch->list;
    struct arena *arena = watch->request->arena;

    list->items =
        arena_grow(arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = (struct watched_file){
        .path = arena_string(arena, bytes_of(path)),
        .digest = *digest,
    };
}

static void report(struct watch *watch, const char *path, int error, bool kept) {
    const struct fault fault = {
        .path = path, .error = error, .kept = kept, .sandboxed = watch->request->sandboxed};

    fault_report(watch->request->diagnostics, &fault);
    watch->complete &= !fault_is_passing(error);
}

static void file_failed(struct watch *watch, const char *path, int error) {
    const struct watched_file *previous = previous_of(watch, path);

    if (previous != NULL) {
        add(watch, path, &previous->digest);
    }
    report(watch, path, error, previous != NULL);
}

/* All that was below it stays; or the file that it was. */
static void folder_failed(struct watch *watch, const char *path, int error) {
    const struct watched_list *previous = watch->request->previous;
    struct bytes prefix = bytes_of(arena_format(watch->request->scratch, "%s/", path));
    bool kept = false;

    for (size_t i = 0; i < previous->count; i++) {
        const struct watched_file *file = &previous->items[i];
        if (bytes_starts_with(bytes_of(file->path), prefix) || strcmp(file->path, path) == 0) {
            add(watch, file->path, &file->digest);
            kept = true;
        }
    }
    report(watch, path, error, kept);
}

/* --- files ------------------------------------------------------------------------------------ */

/* What a link leads to is watched where it lies. */
static void watch_target(struct watch *watch, const char *path) {
    struct resolver outside = {
        .arena = watch->request->scratch,
        .root = -1,
        .root_path = "",
        .directories = watch->request->directories,
    };
    struct resolution target;
    int error = path_resolve(&outside, path, &target);

    if (error < 0) {
        watch->complete &= !fault_is_passing(error);
    } else if (target.exists) {
        directories_add(watch->request->directories, "",
                        path_parent(watch->request->scratch, target.real));
    }
}

/* The folder does not tell of every writer of it. */
static void watch_alone(struct watch *watch, const struct digest *digest, bool in_generation,
                        const char *path) {
    struct resolver outside = {.arena = watch->request->scratch, .root = -1, .root_path = ""};
    struct resolution target;

    if (digest != NULL && digest->alone && !in_generation && watch->alone < ALONE_WATCHES_MAX &&
        path_resolve(&outside, path, &target) == 0 && target.exists) {
        watch->alone++;
        directories_add(watch->request->directories, "", target.real);
    }
}

/* 0; -ESTALE: the generation that it is part of is on its way out. */
static int watch_file(struct watch *watch, const struct level *level, const struct folder *folder,
                      const struct folder_entry *entry, const char *path) {
    bool in_generation = level->generation != NULL || entry->in_generation;
    const struct watched_file *previous = previous_of(watch, path);
    const struct digest_request wanted = {
        .folder = folder_of_entry(folder, entry),
        .name = entry->name,
        .follow = S_ISLNK(entry->mode),
        .every_byte = watch->request->every_byte,
        .started = watch->request->started,
        .writers = in_generation ? NULL : watch->request->writers, /* as read_entry in walk.c */
        .path = path,
        .linked = S_ISLNK(entry->mode),
        .unfinished_counts = watch->request->first,
    };
    struct digest digest;

    const struct digest *before = previous != NULL ? &previous->digest : NULL;
    int error = digest_read(&wanted, before, &digest);
    watch_alone(watch, error == 0 ? &digest : before, in_generation, path);
    if (error == 0) {
        add(watch, path, &digest);
    } else if (error == -ETXTBSY) {
        if (previous != NULL) {
            add(watch, path, &previous->digest);
        }
    } else if (error == -ENOENT) {
        return in_generation ? -ESTALE : 0; /* a plain folder: it was removed just now */
    } else {
        file_failed(watch, path, error);
    }
    return 0;
}

/* 0, or -ESTALE. */
static int watch_link(struct watch *watch, const struct level *level, const struct folder *folder,
                      const struct folder_entry *entry, const char *path) {
    struct stat status;

    watch_target(watch, path);
    if (fstatat(folder_of_entry(folder, entry), entry->name, &status, 0) < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            say(watch, SEVERITY_WARNING, path, "is passed over: this link leads to nothing",
                "correct the link, or remove it");
        } else {
            file_failed(watch, path, -errno);
        }
        return 0;
    }
    if (S_ISREG(status.st_mode)) {
        return watch_file(watch, level, folder, entry, path);
    }
    say(watch, S_ISDIR(status.st_mode) ? SEVERITY_INFO : SEVERITY_WARNING, path,
        S_ISDIR(status.st_mode) ? "is not watched: it is a link to a folder"
                                : "is passed over: it leads to no regular file",
        "give the folder a --watched-dir of its own");
    return 0;
}

/* --- folders ---------------------------------------------------------------------------------- */

static int watch_folder(struct watch *watch, int descriptor, const struct level *level);

/* 0, or -ESTALE. */
static int watch_subfolder(struct watch *watch, const struct level *level,
                           const struct folder *folder, const struct folder_entry *entry,
                           const char *path) {
    const char *parent = entry->in_generation ? folder->generation_real : level->real;
    const struct level below = {
        .path = path,
        .real = arena_format(watch->request->scratch, "%s/%s", parent, entry->name),
        .generation = entry->in_generation ? folder : level->generation,
        .depth = level->depth + 1,
    };

    if (below.depth > DEPTH_MAX) {
        say(watch, SEVERITY_WARNING, path, "is not watched: it lies too deep",
            "give it a --watched-dir of its own");
        return 0;
    }
    int descriptor = openat(folder_of_entry(folder, entry), entry->name,
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
        return below.generation != NULL ? -ESTALE : 0;
    }
    if (descriptor < 0) {
        folder_failed(watch, path, -errno);
        return 0;
    }
    int error = watch_folder(watch, descriptor, &below);
    close(descriptor);
    return error;
}

/* 0, or -ESTALE. */
static int watch_entry(struct watch *watch, const struct level *level, const struct folder *folder,
                       const struct folder_entry *entry) {
    const char *path = arena_format(watch->request->scratch, "%s/%s", level->path, entry->name);

    if (S_ISDIR(entry->mode)) {
        return watch_subfolder(watch, level, folder, entry, path);
    }
    if (S_ISLNK(entry->mode)) {
        return watch_link(watch, level, folder, entry, path);
    }
    if (S_ISREG(entry->mode)) {
        return watch_file(watch, level, folder, entry, path);
    }
    diagnostics_add(watch->request->diagnostics, SEVERITY_WARNING, (struct location){.file = path},
                    NULL, NULL, "put a regular file there, or remove it",
                    "is passed over: it is %s", file_type_name(entry->mode));
    return 0;
}

/* One try at a folder. 0; -ESTALE: it changed meanwhile; errno: its list of names cannot be had. */
static int try_folder(struct watch *watch, int descriptor, const struct level *level) {
    CLEANUP(folder_close) struct folder folder = {.generation = -1};
    int error = folder_open(&folder, &watch->resolver, descriptor, level->real);

    if (level->generation == NULL) {
        directories_add(watch->request->directories, watch->resolver.root_path, level->real);
    }
    if (error < 0) {
        return error;
    }
    error = folder_list(&folder, watch->request->scratch, FOLDER_KEYS, SIZE_MAX);
    for (size_t i = 0; i < folder.count && error == 0; i++) {
        error = watch_entry(watch, level, &folder, &folder.entries[i]);
    }
    if (error == 0 && level->generation != NULL) {
        error = folder_check(level->generation);
    }
    return error == 0 ? folder_check(&folder) : error;
}

/* What a try that came to nothing has to take back. */
struct mark {
    size_t listed;
    size_t diagnostics;
    size_t directories;
    size_t alone;
    bool complete;
};

static struct mark mark_here(const struct watch *watch) {
    return (struct mark){
        .listed = watch->list->count,
        .diagnostics = watch->request->diagnostics->count,
        .directories = watch->request->directories->count,
        .alone = watch->alone,
        .complete = watch->complete,
    };
}

static void go_back(struct watch *watch, const struct mark *mark) {
    watch->list->count = mark->listed;
    watch->request->diagnostics->count = mark->diagnostics;
    watch->request->directories->count = mark->directories;
    watch->alone = mark->alone;
    watch->complete = mark->complete;
}

/* 0, or -ESTALE: as walk_folder does it. */
static int watch_folder(struct watch *watch, int descriptor, const struct level *level) {
    struct mark mark = mark_here(watch);
    unsigned tries = level->generation != NULL ? 1 : FOLDER_TRIES;
    int error = -ESTALE;

    for (unsigned try = 0; try < tries && error == -ESTALE; try++) {
        go_back(watch, &mark);
        error = try_folder(watch, descriptor, level);
    }
    if (error == 0 || (error == -ESTALE && level->generation != NULL)) {
        return error;
    }
    size_t watched = watch->request->directories->count;
    go_back(watch, &mark);
    watch->request->directories->count = watched;
    folder_failed(watch, level->path, error == -ESTALE ? -EBUSY : error);
    return 0;
}

/* --- the path itself -------------------------------------------------------------------------- */

static void watch_missing(struct watch *watch, const struct resolution *nearest) {
    directories_add(watch->request->directories, "", nearest->real);
    say(watch, SEVERITY_WARNING, watch->path, "does not exist yet",
        "mount the volume there, or correct --watched-dir; it is watched as soon as it appears");
}

static void watch_single(struct watch *watch, const struct resolution *real) {
    const struct folder folder = {.descriptor = AT_FDCWD, .generation = -1};
    const struct folder_entry entry = {.name = watch->path, .mode = S_IFLNK};
    const struct level level = {.path = watch->path};

    directories_add(watch->request->directories, "",
                    path_parent(watch->request->scratch, real->real));
    (void)watch_file(watch, &level, &folder, &entry, watch->path); /* no generation: no -ESTALE */
}

/* 0; -ESTALE: it was replaced this very moment. */
static int watch_directory(struct watch *watch, const struct resolution *real) {
    const struct level root = {.path = watch->path, .real = ""};
    int descriptor = open(real->real[0] != '\0' ? real->real : "/",
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    directories_add(watch->request->directories, "", real->real);
    if (descriptor < 0) {
        int error = -errno;
        if (error == -ENOENT || error == -ENOTDIR || error == -ELOOP) {
            return -ESTALE;
        }
        folder_failed(watch, watch->path, error);
        return 0;
    }
    watch->resolver.root = descriptor;
    watch->resolver.root_path = real->real;
    int error = watch_folder(watch, descriptor, &root);
    close(descriptor);
    return error;
}

/* 0, or -ESTALE. */
static int watch_path(struct watch *watch) {
    struct resolver outside = {
        .arena = watch->request->scratch,
        .root = -1,
        .root_path = "",
        .directories = watch->request->directories,
    };
    struct resolution real;
    int error = path_resolve(&outside, watch->request->path, &real);

    if (error < 0) {
        folder_failed(watch, watch->path, error);
        return 0;
    }
    if (!real.exists) {
        watch_missing(watch, &real);
        return 0;
    }
    if (S_ISDIR(real.mode)) {
        return watch_directory(watch, &real);
    }
    watch_single(watch, &real);
    return 0;
}

static const char *without_slashes(struct arena *arena, const char *path) {
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return arena_string(arena, (struct bytes){path, length});
}

void watched_read(const struct watched_request *request, struct watched_list *list,
                  bool *ret_complete) {
    struct watch watch = {
        .request = request,
        .list = list,
        .path = without_slashes(request->scratch, request->path),
        .resolver = {.arena = request->scratch, .directories = request->directories},
        .complete = true,
    };
    int error = -ESTALE;

    for (unsigned try = 0; try < FOLDER_TRIES && error == -ESTALE; try++) {
        error = watch_path(&watch);
    }
    if (error == -ESTALE) {
        folder_failed(&watch, watch.path, -EBUSY);
    }
    if (!watch.complete) {
        *ret_complete = false;
    }
}

uint64_t watched_digest(struct watched_list *list) {
    uint64_t hash = BYTES_HASH_START;
    size_t kept = 0;

    if (list->count > 0) {
        qsort(list->items, list->count, sizeof(*list->items), compare_paths);
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct watched_file *file = &list->items[i];
        if (kept > 0 && strcmp(list->items[kept - 1].path, file->path) == 0) {
            continue;
        }
        list->items[kept++] = *file;
        /* The NUL ends the path: nothing else in the text can. */
        hash = bytes_hash_on(hash, (struct bytes){file->path, strlen(file->path) + 1});
        hash = bytes_hash_on(hash, (struct bytes){(const char *)&file->digest.content,
                                                  sizeof(file->digest.content)});
    }
    list->count = kept;
    return hash;
}
