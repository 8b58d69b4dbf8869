/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Walks one volume from its root, in the order of the relative paths, so that the list of files
 * comes out sorted and a bound on it cuts off the same files every time. Every folder that is not
 * part of a generation already is tried again when it changed while it was read; a fault in one
 * file or folder keeps what that one held before and leaves the rest alone.
 */

#include "source/volume.h"

#include "source/fault.h"
#include "source/folder.h"
#include "source/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* kubelet swaps generations a minute apart; a folder that changes more often than this in one
 * reading is somebody's fault. */
#define FOLDER_TRIES 8

/* Names in one folder for each file that a volume may hold: links, pipes and the like included. */
#define NAMES_PER_FILE 16

/* DIR/NAME/KEY: keys lie this deep. */
#define KEY_DEPTH 1

static const char file_limit_option[] = "--max-file-size";

struct walk {
    const struct volume_request *request;
    struct volume_result *result;
    struct resolver resolver; /* confined to the volume */
    const char *path;         /* the volume's, without slashes at the end */
    size_t files;             /* met, taken or not */
    size_t folders;
    bool full; /* a bound was reached: the rest is passed over */
};

/* A folder on the way down. */
struct place {
    const struct place *above;
    const char *relative; /* "" for the root, then "a", "a/b": as files are named */
    const char
        *real; /* "" for the root, then "/a", ...: where it lies, ..data and links resolved */
    unsigned depth;
    const struct folder *generation; /* whose generation it is part of; NULL: it stands by itself */
    dev_t device;
    ino_t inode;
};

/* --- saying what happened
 * -------------------------------------------------------------------------- */

static bool is_manifests(const struct walk *walk) {
    return walk->request->config->kind == VOLUME_REMOTE_WRITE;
}

static const char *shown_path(const struct walk *walk, const char *relative) {
    const char *slash = relative[0] != '\0' ? "/" : "";

    return arena_format(walk->request->scratch, "%s%s%s", walk->path, slash, relative);
}

static struct location location_of(const struct walk *walk, const char *relative) {
    return (struct location){.file = shown_path(walk, relative)};
}

static const char *relative_of(const struct walk *walk, const struct place *place,
                               const char *name) {
    const char *slash = place->relative[0] != '\0' ? "/" : "";

    return arena_format(walk->request->scratch, "%s%s%s", place->relative, slash, name);
}

static void walk_say(const struct walk *walk, enum severity severity, const char *relative,
                     const char *problem, const char *remedy) {
    diagnostics_add(walk->request->diagnostics, severity, location_of(walk, relative), NULL, NULL,
                    remedy, "%s", problem);
}

/* --- what was there before
 * ------------------------------------------------------------------------- */

/* Index of the first previous file that does not sort before the path. */
static size_t previous_from(const struct walk *walk, const char *relative) {
    const struct file_list *previous = walk->request->previous;
    size_t low = 0;
    size_t high = previous->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(previous->items[middle]->view.relative, relative) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct file *previous_file(const struct walk *walk, const char *relative) {
    const struct file_list *previous = walk->request->previous;
    size_t at = previous_from(walk, relative);

    if (at < previous->count && strcmp(previous->items[at]->view.relative, relative) == 0) {
        return previous->items[at];
    }
    return NULL;
}

/* Takes over the caller's reference. */
static void add_file(struct walk *walk, struct file *file) {
    struct file_list *list = &walk->result->files;

    list->items = arena_grow(walk->request->arena, list->items, list->count, &list->capacity,
                             sizeof(struct file *));
    list->items[list->count++] = file;
}

/* Every file that the folder held in the previous snapshot; true when there was one. */
static bool keep_folder(struct walk *walk, const char *relative) {
    const struct file_list *previous = walk->request->previous;
    struct bytes prefix = {"", 0};
    bool any = false;

    if (relative[0] != '\0') {
        prefix = bytes_of(arena_format(walk->request->scratch, "%s/", relative));
    }
    for (size_t i = previous_from(walk, prefix.data); i < previous->count; i++) {
        if (!bytes_starts_with(bytes_of(previous->items[i]->view.relative), prefix)) {
            break;
        }
        add_file(walk, file_reference(previous->items[i]));
        any = true;
    }
    return any;
}

/* A folder that cannot be read goes on with what it held. */
static void folder_failed(struct walk *walk, const struct place *place, int error) {
    bool link = error == -EXDEV || error == -ELOOP;
    const char *blamed = link ? relative_of(walk, place, "..data") : place->relative;

    if (error == -E2BIG) {
        diagnostics_add(walk->request->diagnostics, SEVERITY_ERROR,
                        location_of(walk, place->relative), NULL, NULL,
                        "keep other files out of it, or raise --max-files",
                        "holds more than %zu names and is passed over",
                        walk->request->settings->max_files * NAMES_PER_FILE);
        return;
    }
    struct fault fault = {
        .path = shown_path(walk, blamed),
        .error = error,
        .kept = keep_folder(walk, place->relative),
    };
    fault_report(walk->request->diagnostics, &fault);
    if (fault_is_passing(error)) {
        walk->result->complete = false;
    }
}

static void folder_unsteady(struct walk *walk, const struct place *place) {
    bool kept = keep_folder(walk, place->relative);

    diagnostics_add(walk->request->diagnostics, SEVERITY_WARNING,
                    location_of(walk, place->relative), NULL, NULL,
                    "it is read again; if this stays, find out what keeps replacing it",
                    "changed %u times while it was read%s", (unsigned)FOLDER_TRIES,
                    kept ? " (what it held before is kept)" : "");
    walk->result->complete = false;
}

/* --- entries
 * --------------------------------------------------------------------------------------- */

static const char *entry_real(const struct walk *walk, const struct folder *folder,
                              const struct folder_entry *entry) {
    const char *real = entry->in_generation ? folder->generation_real : folder->real;

    return arena_format(walk->request->scratch, "%s/%s", real, entry->name);
}

static void say_odd_name(const struct walk *walk, const struct place *place,
                         const struct folder_entry *entry) {
    CLEANUP(buffer_free) struct buffer name = {0};

    name_escape(entry->name, &name);
    diagnostics_add(
        walk->request->diagnostics, SEVERITY_WARNING, location_of(walk, place->relative), NULL,
        NULL, "rename it: UTF-8 without control characters",
        "\"%s\" is passed over: its name cannot be shown as it is", buffer_string(&name));
}

/* A link that does not look like a manifest may be anything: its fate is worth a note at most. */
static void say_bad_link(const struct walk *walk, const struct place *place,
                         const struct folder_entry *entry, const char *problem,
                         const char *remedy) {
    bool wanted = !is_manifests(walk) || name_is_manifest(entry->name);

    walk_say(walk, wanted ? SEVERITY_WARNING : SEVERITY_INFO, relative_of(walk, place, entry->name),
             problem, remedy);
}

/* Follows a link inside the volume. False: it leads to nothing that is read. */
static bool resolve_entry(struct walk *walk, const struct place *place, const struct folder *folder,
                          struct folder_entry *entry) {
    struct resolution resolution;
    int error = path_resolve(&walk->resolver, entry_real(walk, folder, entry), &resolution);

    if (error == -EXDEV) {
        say_bad_link(walk, place, entry, "is passed over: this link leaves the volume",
                     "put the file itself into the volume");
        return false;
    }
    if (error == -ELOOP) {
        say_bad_link(walk, place, entry, "is passed over: this link leads back to itself",
                     "correct the link");
        return false;
    }
    if (error < 0) {
        /* It stands where it stood, for what it held to be kept. */
        const char *relative = relative_of(walk, place, entry->name);
        entry->mode = previous_file(walk, relative) != NULL ? S_IFREG : S_IFDIR;
        entry->error = error;
        return true;
    }
    if (!resolution.exists) {
        say_bad_link(walk, place, entry, "is passed over: this link leads to nothing",
                     "correct the link, or remove it");
        return false;
    }
    entry->mode = resolution.mode;
    entry->target = resolution.real;
    if (!S_ISDIR(entry->mode)) {
        directories_add(walk->request->directories, walk->resolver.root_path,
                        path_parent(walk->request->scratch, resolution.real));
    }
    return S_ISDIR(entry->mode) || !is_manifests(walk) || name_is_manifest(entry->name);
}

/* A folder sorts as its files will: "a.yaml" stands before "a/x.yaml". */
static int compare_entries(const void *left, const void *right) {
    const struct folder_entry *entries[] = {left, right};
    size_t at = 0;
    char at_end[2];

    while (entries[0]->name[at] != '\0' && entries[0]->name[at] == entries[1]->name[at]) {
        at++;
    }
    for (size_t i = 0; i < 2; i++) {
        char here = entries[i]->name[at];
        at_end[i] = here == '\0' && S_ISDIR(entries[i]->mode) ? '/' : here;
    }
    return (unsigned char)at_end[0] - (unsigned char)at_end[1];
}

/* Drops what is not read, with a word where a user would wonder, and sorts the rest. */
static void prepare_entries(struct walk *walk, const struct place *place, struct folder *folder) {
    size_t kept = 0;

    for (size_t i = 0; i < folder->count; i++) {
        struct folder_entry entry = folder->entries[i];
        if (!name_is_printable(entry.name)) {
            say_odd_name(walk, place, &entry);
        } else if (!S_ISLNK(entry.mode) || resolve_entry(walk, place, folder, &entry)) {
            folder->entries[kept++] = entry;
        }
    }
    folder->count = kept;
    if (kept > 0) {
        qsort(folder->entries, kept, sizeof(*folder->entries), compare_entries);
    }
}

/* Do the links still lead where they led? Else two of them may have led into different generations.
 */
static bool links_stand(const struct walk *walk, const struct folder *folder) {
    struct resolver resolver = walk->resolver;
    struct resolution resolution;

    resolver.directories = NULL;
    for (size_t i = 0; i < folder->count; i++) {
        const struct folder_entry *entry = &folder->entries[i];
        if (entry->target == NULL) {
            continue;
        }
        if (path_resolve(&resolver, entry_real(walk, folder, entry), &resolution) < 0 ||
            !resolution.exists || strcmp(resolution.real, entry->target) != 0) {
            return false;
        }
    }
    return true;
}

/* --- files
 * ----------------------------------------------------------------------------------------- */

/* A file vanished between the list of names and now: in a plain folder it was removed; a generation
 * that loses files is one that is being removed, and a link may lead elsewhere by now. */
static bool means_stale(const struct place *place, const struct folder_entry *entry, int error) {
    bool gone = error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -ESTALE;

    return gone && (place->generation != NULL || entry->in_generation || entry->target != NULL);
}

static void file_failed(struct walk *walk, const char *relative, struct file *previous, int error) {
    struct fault fault = {
        .path = shown_path(walk, relative),
        .error = error,
        .kept = previous != NULL && error != -EINVAL,
        .limit = walk->request->settings->max_file_size,
        .limit_option = file_limit_option,
    };

    fault_report(walk->request->diagnostics, &fault);
    if (fault.kept) {
        add_file(walk, file_reference(previous));
    }
    if (fault_is_passing(error)) {
        walk->result->complete = false;
    }
}

static int read_entry(struct walk *walk, const struct folder *folder,
                      const struct folder_entry *entry, const char *relative, struct file *previous,
                      struct file **ret) {
    const struct volume_request *request = walk->request;
    struct file_request wanted = {
        .folder = folder_of_entry(folder, entry),
        .name = entry->name,
        .path = shown_path(walk, relative),
        .relative = relative,
        .limit = request->settings->max_file_size,
        .every_byte = request->every_byte,
        .started = request->started,
        .last_id = request->last_id,
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

static bool bound_reached(struct walk *walk, const char *relative, size_t count, const char *what) {
    size_t limit = walk->request->settings->max_files;

    if (count < limit) {
        return false;
    }
    diagnostics_add(walk->request->diagnostics, SEVERITY_ERROR, location_of(walk, ""), NULL, NULL,
                    "remove some, or raise --max-files",
                    "holds more than %zu %s: %s and what sorts after it are passed over", limit,
                    what, relative);
    walk->full = true;
    return true;
}

/* 0, or -ESTALE. */
static int walk_file(struct walk *walk, const struct place *place, const struct folder *folder,
                     const struct folder_entry *entry) {
    const char *relative = relative_of(walk, place, entry->name);
    struct file *file = NULL;

    if (bound_reached(walk, relative, walk->files, "files")) {
        return 0;
    }
    walk->files++;
    struct file *previous = previous_file(walk, relative);
    int error = read_entry(walk, folder, entry, relative, previous, &file);
    if (error == 0) {
        add_file(walk, file);
    } else if (means_stale(place, entry, error)) {
        return -ESTALE;
    } else if (error != -ENOENT) {
        file_failed(walk, relative, previous, error);
    }
    return 0;
}

/* --- folders
 * --------------------------------------------------------------------------------------- */

static int walk_folder(struct walk *walk, int descriptor, struct place *place);

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

    if (!is_manifests(walk) && depth > KEY_DEPTH) {
        walk_say(walk, SEVERITY_INFO, relative,
                 "is passed over: keys lie in DIR/NAME/KEY, not deeper", NULL);
        return true;
    }
    if (is_manifests(walk) && depth > walk->request->settings->max_depth) {
        diagnostics_add(walk->request->diagnostics, SEVERITY_WARNING, location_of(walk, relative),
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
        folder_failed(walk, below, -errno);
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
        .relative = relative_of(walk, place, entry->name),
        .real = link ? entry->target : entry_real(walk, folder, entry),
        .depth = place->depth + 1,
        .generation = entry->in_generation ? folder : place->generation,
    };

    if (too_deep(walk, place, below.relative) ||
        bound_reached(walk, below.relative, walk->folders, "folders")) {
        return 0;
    }
    walk->folders++;
    int descriptor = open_entry(walk, folder, entry);
    if (descriptor < 0) {
        if (means_stale(place, entry, descriptor)) {
            return -ESTALE;
        }
        if (descriptor != -ENOENT && descriptor != -ENOTDIR) {
            folder_failed(walk, &below, descriptor);
        }
        return 0;
    }
    int error = walk_opened(walk, place, &below, descriptor, link);
    close(descriptor);
    return error;
}

/* A link that could not be followed: a file or a folder, as it was before. */
static void entry_failed(struct walk *walk, const char *relative, int error) {
    struct file *previous = previous_file(walk, relative);
    struct place below = {.relative = relative};

    if (previous != NULL) {
        file_failed(walk, relative, previous, error);
    } else {
        folder_failed(walk, &below, error);
    }
}

/* 0, or -ESTALE. */
static int walk_entry(struct walk *walk, const struct place *place, const struct folder *folder,
                      const struct folder_entry *entry) {
    const char *relative = relative_of(walk, place, entry->name);

    if (entry->error < 0) {
        entry_failed(walk, relative, entry->error);
        return 0;
    }
    if (S_ISDIR(entry->mode)) {
        return walk_subfolder(walk, place, folder, entry);
    }
    if (!is_manifests(walk) && place->depth < KEY_DEPTH) {
        walk_say(walk, SEVERITY_INFO, relative,
                 "is passed over: keys lie in a folder of their Secret or ConfigMap", NULL);
        return 0;
    }
    if (S_ISREG(entry->mode)) {
        return walk_file(walk, place, folder, entry);
    }
    diagnostics_add(walk->request->diagnostics, SEVERITY_WARNING, location_of(walk, relative), NULL,
                    NULL, "put a regular file there, or remove it", "is passed over: it is %s",
                    file_type_name(entry->mode));
    return 0;
}

static enum folder_names names_wanted(const struct walk *walk, const struct place *place) {
    if (is_manifests(walk)) {
        return FOLDER_MANIFESTS;
    }
    return place->depth < KEY_DEPTH ? FOLDER_VISIBLE : FOLDER_KEYS;
}

/* One try at a folder. 0; -ESTALE: it changed meanwhile; errno: its list of names cannot be had. */
static int try_folder(struct walk *walk, int descriptor, const struct place *place) {
    size_t names_max = 0;
    CLEANUP(folder_close) struct folder folder = {.generation = -1};
    int error = folder_open(&folder, &walk->resolver, descriptor, place->real);

    if (place->generation == NULL) {
        directories_add(walk->request->directories, walk->resolver.root_path, place->real);
    }
    if (error < 0) {
        return error;
    }
    if (__builtin_mul_overflow(walk->request->settings->max_files, NAMES_PER_FILE, &names_max)) {
        names_max = SIZE_MAX;
    }
    error = folder_list(&folder, walk->request->scratch, names_wanted(walk, place), names_max);
    if (error == 0 && place->generation != NULL) {
        error = folder_check(place->generation);
    }
    if (error < 0) {
        return error;
    }
    prepare_entries(walk, place, &folder);
    for (size_t i = 0; i < folder.count && !walk->full && error == 0; i++) {
        error = walk_entry(walk, place, &folder, &folder.entries[i]);
    }
    return error == 0 && !links_stand(walk, &folder) ? -ESTALE : error;
}

/* What a try that came to nothing has to take back. */
struct mark {
    size_t list_count;
    size_t diagnostic_count;
    size_t files;
    size_t folders;
    bool full;
    bool complete;
};

static struct mark mark_here(const struct walk *walk) {
    return (struct mark){
        .list_count = walk->result->files.count,
        .diagnostic_count = walk->request->diagnostics->count,
        .files = walk->files,
        .folders = walk->folders,
        .full = walk->full,
        .complete = walk->result->complete,
    };
}

static void go_back(struct walk *walk, const struct mark *mark) {
    struct file_list *list = &walk->result->files;

    while (list->count > mark->list_count) {
        file_release(list->items[--list->count]);
    }
    walk->request->diagnostics->count = mark->diagnostic_count;
    walk->files = mark->files;
    walk->folders = mark->folders;
    walk->full = mark->full;
    walk->result->complete = mark->complete;
}

/*
 * 0, or -ESTALE. A folder inside a generation is not tried again by itself: a generation that lost
 * a file is on its way out, so the folder that ..data stands in has to start over.
 */
static int walk_folder(struct walk *walk, int descriptor, struct place *place) {
    struct mark mark = mark_here(walk);
    size_t directory_count = walk->request->directories->count;
    unsigned tries = place->generation != NULL ? 1 : FOLDER_TRIES;
    int error = -ESTALE;

    for (unsigned try = 0; try < tries && error == -ESTALE; try++) {
        go_back(walk, &mark);
        walk->request->directories->count = directory_count;
        error = try_folder(walk, descriptor, place);
    }
    if (error == 0) {
        return 0;
    }
    go_back(walk, &mark);
    if (error != -ESTALE) {
        folder_failed(walk, place, error);
    } else if (place->generation != NULL) {
        return -ESTALE;
    } else {
        folder_unsteady(walk, place);
    }
    return 0;
}

/* --- the root
 * -------------------------------------------------------------------------------------- */

static void root_missing(struct walk *walk, const char *nearest) {
    directories_add(walk->request->directories, "", nearest);
    walk_say(walk, SEVERITY_WARNING, "", "does not exist yet",
             "mount the volume there, or correct the setting; it is read as soon as it appears");
}

static void root_failed(struct walk *walk, int error) {
    struct place root = {.relative = "", .real = ""};

    folder_failed(walk, &root, error);
    walk->result->present = walk->request->previously_present;
}

static void walk_root(struct walk *walk, int descriptor) {
    struct place root = {.relative = "", .real = ""};
    struct stat status;

    if (fstat(descriptor, &status) < 0) {
        root_failed(walk, -errno);
        return;
    }
    root.device = status.st_dev;
    root.inode = status.st_ino;
    walk->resolver.root = descriptor;
    walk->result->present = true;
    (void)walk_folder(walk, descriptor, &root); /* the root is in no generation: never -ESTALE */
}

static const char *without_slashes(struct arena *arena, const char *path) {
    size_t length = strlen(path);

    while (length > 0 && path[length - 1] == '/') {
        length--;
    }
    return arena_string(arena, (struct bytes){path, length});
}

/* The root's descriptor; -ENOENT: there is none, said; other negative errno: not said. */
static int open_root(struct walk *walk, const char *path) {
    const struct volume_request *request = walk->request;
    struct resolver outside = {
        .arena = request->scratch,
        .root = -1,
        .root_path = "",
        .directories = request->directories,
    };
    struct resolution root;
    int error = path_resolve(&outside, path, &root);

    if (error < 0) {
        return error;
    }
    if (!root.exists) {
        root_missing(walk, root.real);
        return -ENOENT;
    }
    if (!S_ISDIR(root.mode)) {
        directories_add(request->directories, "", path_parent(request->scratch, root.real));
        walk_say(walk, SEVERITY_ERROR, "", "is not a folder", "correct the path");
        return -ENOENT;
    }
    directories_add(request->directories, "", root.real);
    walk->resolver.root_path = root.real;
    int descriptor = open(root.real[0] != '\0' ? root.real : "/",
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) {
        /* Gone or replaced this very moment. */
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? -ESTALE : -errno;
    }
    return descriptor;
}

void volume_read(const struct volume_request *request, struct volume_result *ret) {
    struct walk walk = {
        .request = request,
        .result = ret,
        .path = without_slashes(request->scratch, request->config->path),
        .resolver = {.arena = request->scratch, .directories = request->directories},
    };
    size_t directory_count = request->directories->count;
    int descriptor = -ESTALE;

    *ret = (struct volume_result){.complete = true};
    for (unsigned try = 0; try < FOLDER_TRIES && descriptor == -ESTALE; try++) {
        request->directories->count = directory_count;
        descriptor = open_root(&walk, request->config->path);
    }
    if (descriptor >= 0) {
        walk_root(&walk, descriptor);
        close(descriptor);
    } else if (descriptor != -ENOENT) {
        root_failed(&walk, descriptor);
    }
}
