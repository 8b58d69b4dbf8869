/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Walks a volume in the order of the relative paths, so that the list of files comes out sorted and
 * a bound on it cuts off the same files every time. Every folder that is not part of a generation
 * is tried again when it changed while it was read, as long as the volume has retries left; nothing
 * of a try that came to nothing stays.
 */

#include "source/walk.h"

#include "source/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* DIR/NAME/KEY: keys lie this deep. */
#define KEY_DEPTH 1

/* --- files */

/* A file vanished between the list of names and now: in a plain folder it was removed; a generation
 * that loses files is one that is being removed, and a link may lead elsewhere by now. */
static bool means_stale(const struct place *place, const struct folder_entry *entry, int error) {
    bool gone = error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -ESTALE;

    return gone && (place->generation != NULL || entry->in_generation || entry->target != NULL);
}

/* Bytes that a file may have: less than --max-file-size where the volume has no more left. */
static size_t file_limit(const struct walk *walk) {
    const struct source_settings *settings = walk->request->settings;
    size_t left =
        settings->max_volume_size > walk->bytes ? settings->max_volume_size - walk->bytes : 0;

    return settings->max_volume_size > 0 && left < settings->max_file_size
               ? left
               : settings->max_file_size;
}

static int read_entry(struct walk *walk, const struct place *place, const struct folder *folder,
                      const struct folder_entry *entry, struct file *previous, struct file **ret) {
    const struct volume_request *request = walk->request;
    const bool in_generation = place->generation != NULL || entry->in_generation;
    const char *relative = walk_relative(walk, place, entry->name);
    struct file_request wanted = {
        .folder = folder_of_entry(folder, entry),
        .name = entry->name,
        .path = walk_path(walk, relative),
        .relative = relative,
        .limit = file_limit(walk),
        .every_byte = request->every_byte,
        .started = request->started,
        .last_id = request->last_id,
        /* A generation is complete before it is swapped in, and is taken as a whole: a file of it
         * that is judged by itself, because its inode is one that was used before, would stay
         * behind the others. */
        .writers = in_generation ? NULL : request->writers,
        .linked = entry->target != NULL,
    };

    if (entry->target == NULL) {
        return file_load(&wanted, previous, ret);
    }
    int parent =
        folder_open_beneath(walk->resolver.root, path_parent(request->scratch, entry->target));
    if (parent < 0) {
        return parent;
    }
    wanted.folder = parent;
    wanted.name = strrchr(entry->target, '/') + 1;
    int error = file_load(&wanted, previous, ret);
    close(parent);
    return error;
}

/* Beyond the bound on new ones; those that are taken here and are too many beside the known ones
 * are taken back at the end (walk_trim), once it is known how many of these are still there. */
static bool too_many_files(struct walk *walk, const char *relative) {
    if (walk->new_files < walk->request->settings->max_files) {
        walk->new_files++;
        return false;
    }
    walk->passed_file = walk->passed_files++ == 0 ? relative : walk->passed_file;
    walk_unread(walk, relative);
    return true;
}

static bool too_many_folders(struct walk *walk, const char *relative) {
    if (walk->folders < walk->request->settings->max_files || walk_knows_folder(walk, relative)) {
        walk->folders++;
        return false;
    }
    walk->passed_folder = walk->passed_folders++ == 0 ? relative : walk->passed_folder;
    walk_unread(walk, relative);
    return true;
}

static const char *and_others(const struct walk *walk, size_t count) {
    return count == 1 ? "is" : arena_format(walk->request->scratch, "and %zu more are", count - 1);
}

static void say_too_many(const struct walk *walk, const char *what, const char *first,
                         size_t count) {
    if (count > 0) {
        diagnostics_add(
            walk->request->diagnostics, SEVERITY_ERROR, walk_location(walk, ""), NULL, NULL,
            "remove some, or raise --max-files",
            "holds more than %zu %s: %s %s passed over, what was read before goes first",
            walk->request->settings->max_files, what, first, and_others(walk, count));
    }
}

static void say_too_many_lookups(const struct walk *walk) {
    if (walk->passed_links > 0) {
        diagnostics_add(walk->request->diagnostics, SEVERITY_ERROR, walk_location(walk, ""), NULL,
                        NULL, "remove links, have them lead there directly, or raise --max-files",
                        "holds links with more to look up than is done for %zu files: %s %s passed "
                        "over, what was read before is kept",
                        walk->request->settings->max_files, walk->passed_link,
                        and_others(walk, walk->passed_links));
    }
}

void walk_trim(struct walk *walk) {
    struct file_list *list = &walk->result->files;
    size_t limit = walk->request->settings->max_files;
    size_t surplus = list->count > limit ? list->count - limit : 0;

    for (size_t i = list->count; i > 0 && surplus > 0; i--) {
        struct file *file = list->items[i - 1];
        if (walk_previous(walk, file->view.relative) != NULL) {
            continue;
        }
        walk->passed_file = arena_string(walk->request->scratch, bytes_of(file->view.relative));
        walk->passed_files++;
        walk_unread(walk, walk->passed_file);
        file_release(file);
        list->count--;
        for (size_t j = i - 1; j < list->count; j++) {
            list->items[j] = list->items[j + 1];
        }
        surplus--;
    }
    say_too_many(walk, "files", walk->passed_file, walk->passed_files);
    say_too_many(walk, "folders", walk->passed_folder, walk->passed_folders);
    say_too_many_lookups(walk);
}

/* The folder does not tell of every writer of it. A generation of kubelet's is never written to. */
static void watch_alone(struct walk *walk, const struct place *place, const struct folder *folder,
                        const struct folder_entry *entry, const struct file *file) {
    const bool alone = file != NULL && file->alone;

    if (alone && place->generation == NULL && !entry->in_generation &&
        walk->alone < ALONE_WATCHES_MAX) {
        walk->alone++;
        directories_add(walk->request->directories, walk->resolver.root_path,
                        entry->target != NULL ? entry->target : entry_path(walk, folder, entry));
    }
}

/* 0, or -ESTALE. */
static int walk_file(struct walk *walk, const struct place *place, const struct folder *folder,
                     const struct folder_entry *entry) {
    const char *relative = walk_relative(walk, place, entry->name);
    struct file *file = NULL;

    struct file *previous = walk_previous(walk, relative);
    if (previous == NULL && too_many_files(walk, relative)) {
        return 0;
    }
    size_t limit = file_limit(walk);
    int error = read_entry(walk, place, folder, entry, previous, &file);
    watch_alone(walk, place, folder, entry, error == 0 ? file : previous);
    if (error == -EFBIG && limit < walk->request->settings->max_file_size) {
        walk_file_too_much(walk, relative, previous);
    } else if (error == 0) {
        walk_add(walk, file);
    } else if (error == -ETXTBSY) {
        walk_file_waits(walk, relative, previous);
    } else if (means_stale(place, entry, error)) {
        return -ESTALE;
    } else if (error != -ENOENT) {
        walk_file_failed(walk, relative, previous, error);
    }
    return 0;
}

/* --- folders */

static bool leads_upwards(const struct place *place, const struct stat *status) {
    for (; place != NULL; place = place->above) {
        if (place->device == status->st_dev && place->inode == status->st_ino) {
            return true;
        }
    }
    return false;
}

static bool too_deep(struct walk *walk, const struct place *place, const char *relative) {
    unsigned depth = place->depth + 1;

    if (!walk_is_manifests(walk) && depth > KEY_DEPTH) {
        walk_say(walk, SEVERITY_INFO, relative,
                 "is passed over: keys lie in DIR/NAME/KEY, not deeper", NULL);
        return true;
    }
    if (walk_is_manifests(walk) && depth > walk->request->settings->max_depth) {
        walk_unread(walk, relative);
        diagnostics_add(walk->request->diagnostics, SEVERITY_WARNING, walk_location(walk, relative),
                        NULL, NULL, "move its manifests further up",
                        "is passed over: it lies more than %u folders deep",
                        walk->request->settings->max_depth);
        return true;
    }
    return false;
}

static int open_entry(const struct walk *walk, const struct folder *folder,
                      const struct folder_entry *entry) {
    if (entry->target != NULL) {
        return folder_open_beneath(walk->resolver.root, entry->target);
    }
    int descriptor = openat(folder_of_entry(folder, entry), entry->name,
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}

/* 0, or -ESTALE. */
static int walk_opened(struct walk *walk, const struct place *place, struct place *below,
                       int descriptor, bool link) {
    struct stat status;

    if (fstat(descriptor, &status) < 0) {
        walk_folder_failed(walk, below->relative, -errno);
        return 0;
    }
    if (link && leads_upwards(place, &status)) {
        walk_say(walk, SEVERITY_WARNING, below->relative,
                 "is passed over: this link leads back to a folder above it", "remove the link");
        return 0;
    }
    below->device = status.st_dev;
    below->inode = status.st_ino;
    return walk_folder(walk, descriptor, below);
}

/* 0, or -ESTALE. */
static int walk_subfolder(struct walk *walk, const struct place *place, const struct folder *folder,
                          const struct folder_entry *entry) {
    bool link = entry->target != NULL;
    struct place below = {
        .above = place,
        .relative = walk_relative(walk, place, entry->name),
        .real = link ? entry->target : entry_path(walk, folder, entry),
        .depth = place->depth + 1,
        .generation = entry->in_generation ? folder : place->generation,
    };

    if (too_deep(walk, place, below.relative) || too_many_folders(walk, below.relative)) {
        return 0;
    }
    int descriptor = open_entry(walk, folder, entry);
    if (descriptor < 0) {
        if (means_stale(place, entry, descriptor)) {
            return -ESTALE;
        }
        if (descriptor != -ENOENT && descriptor != -ENOTDIR) {
            walk_folder_failed(walk, below.relative, descriptor);
        }
        return 0;
    }
    int error = walk_opened(walk, place, &below, descriptor, link);
    close(descriptor);
    return error;
}

/* A link that could not be followed: a file or a folder, as it was before. */
static void entry_failed(struct walk *walk, const char *relative, int error) {
    struct file *previous = walk_previous(walk, relative);

    if (previous != NULL) {
        walk_file_failed(walk, relative, previous, error);
    } else {
        walk_folder_failed(walk, relative, error);
    }
}

/* 0, or -ESTALE. */
static int walk_entry(struct walk *walk, const struct place *place, const struct folder *folder,
                      const struct folder_entry *entry) {
    const char *relative = walk_relative(walk, place, entry->name);

    if (entry->error == -ETOOMANYREFS) {
        walk_link_failed(walk, relative);
        return 0;
    }
    if (entry->error < 0) {
        entry_failed(walk, relative, entry->error);
        return 0;
    }
    if (entry->dangling) {
        entry_say_bad_link(walk, place, entry, "is passed over: this link leads to nothing",
                           "correct the link, or remove it");
        return 0;
    }
    if (S_ISDIR(entry->mode)) {
        return walk_subfolder(walk, place, folder, entry);
    }
    if (!walk_is_manifests(walk) && place->depth < KEY_DEPTH) {
        walk_say(walk, SEVERITY_INFO, relative,
                 "is passed over: keys lie in a folder of their Secret or ConfigMap", NULL);
        return 0;
    }
    if (S_ISREG(entry->mode)) {
        return walk_file(walk, place, folder, entry);
    }
    walk_unread(walk, relative);
    diagnostics_add(walk->request->diagnostics, SEVERITY_WARNING, walk_location(walk, relative),
                    NULL, NULL, "put a regular file there, or remove it",
                    "is passed over: it is %s", file_type_name(entry->mode));
    return 0;
}

static enum folder_names names_wanted(const struct walk *walk, const struct place *place) {
    if (walk_is_manifests(walk)) {
        return FOLDER_MANIFESTS;
    }
    return place->depth < KEY_DEPTH ? FOLDER_VISIBLE : FOLDER_KEYS;
}

size_t walk_names_max(const struct walk *walk) {
    size_t names_max = 0;

    if (__builtin_mul_overflow(walk->request->settings->max_files, NAMES_PER_FILE, &names_max)) {
        names_max = SIZE_MAX;
    }
    return names_max;
}

size_t walk_lookups_max(const struct walk *walk) {
    size_t lookups = 0;

    return __builtin_mul_overflow(walk_names_max(walk), LOOKUPS_PER_NAME, &lookups) ? SIZE_MAX
                                                                                    : lookups;
}

/* One try at a folder. 0; -ESTALE: it changed meanwhile; errno: its list of names cannot be had. */
static int try_folder(struct walk *walk, int descriptor, const struct place *place) {
    size_t names_max = walk_names_max(walk);
    CLEANUP(folder_close) struct folder folder = {.generation = -1};
    int error = folder_open(&folder, &walk->resolver, descriptor, place->real);

    if (place->generation == NULL) {
        directories_add(walk->request->directories, walk->resolver.root_path, place->real);
    }
    if (error < 0) {
        return error;
    }
    names_max = names_max > walk->names ? names_max - walk->names : 0;
    error = folder_list(&folder, walk->request->scratch, names_wanted(walk, place), names_max);
    walk->names += error == 0 ? folder.count : 0;
    if (error == 0 && place->generation != NULL) {
        error = folder_check(place->generation);
    }
    if (error < 0) {
        return error;
    }
    entries_prepare(walk, place, &folder);
    for (size_t i = 0; i < folder.count && error == 0; i++) {
        error = walk_entry(walk, place, &folder, &folder.entries[i]);
    }
    return error == 0 && !entries_links_stand(walk, &folder) ? -ESTALE : error;
}

/* What a try that came to nothing has to take back. */
struct mark {
    struct file_list files;
    struct unread_list unread;
    struct diagnostics diagnostics;
    struct directories directories;
    struct walk walk; /* its counts */
    bool complete;
    struct arena_mark scratch;
    struct arena_mark arena; /* which all of the lists live in */
};

static struct mark mark_here(const struct walk *walk) {
    return (struct mark){
        .files = walk->result->files,
        .unread = walk->result->unread,
        .diagnostics = *walk->request->diagnostics,
        .directories = *walk->request->directories,
        .walk = *walk,
        .complete = walk->result->complete,
        .scratch = arena_mark(walk->request->scratch),
        .arena = arena_mark(walk->request->arena),
    };
}

/* To the mark, but for the directories that were met: they go on being watched. */
static void go_back(struct walk *walk, const struct mark *mark) {
    struct file_list *list = &walk->result->files;
    struct walk_budget left = walk->left;

    while (list->count > mark->files.count) {
        file_release(list->items[--list->count]);
    }
    walk->request->diagnostics->count = mark->diagnostics.count;
    walk->result->unread.count = mark->unread.count;
    *walk = mark->walk;
    walk->left = left;
    walk->result->complete = mark->complete;
    arena_go_back(walk->request->scratch, &mark->scratch);
}

/* The same with the directories, and with the memory of the lists: tries do not add up. */
static void start_over(struct walk *walk, const struct mark *mark) {
    go_back(walk, mark);
    walk->result->files = mark->files;
    walk->result->unread = mark->unread;
    *walk->request->diagnostics = mark->diagnostics;
    *walk->request->directories = mark->directories;
    arena_go_back(walk->request->arena, &mark->arena);
}

/* With half of the lookups spent, trying again could take those of other folders. */
static bool take_retry(struct walk *walk) {
    if (walk->left.retries == 0 || walk->left.lookups < walk_lookups_max(walk) / 2) {
        return false;
    }
    walk->left.retries--;
    return true;
}

/*
 * 0, or -ESTALE. A folder inside a generation is not tried again by itself: a generation that lost
 * a file is on its way out, so the folder that ..data stands in has to start over.
 */
int walk_folder(struct walk *walk, int descriptor, const struct place *place) {
    struct mark mark = mark_here(walk);
    unsigned tries_max = place->generation != NULL ? 1 : FOLDER_TRIES;
    unsigned tries = 1;
    int error = try_folder(walk, descriptor, place);

    for (; error == -ESTALE && tries < tries_max && take_retry(walk); tries++) {
        start_over(walk, &mark);
        error = try_folder(walk, descriptor, place);
    }
    if (error == 0) {
        return 0;
    }
    go_back(walk, &mark);
    if (error != -ESTALE) {
        walk_folder_failed(walk, place->relative, error);
    } else if (place->generation != NULL) {
        return -ESTALE;
    } else {
        walk_folder_unsteady(walk, place->relative, tries);
    }
    return 0;
}
