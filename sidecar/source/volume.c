/* SPDX-License-Identifier: Apache-2.0 */

/* A volume's root: found through links, opened once; everything in it is read relative to that. */

#include "source/volume.h"

#include "source/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void root_missing(struct walk *walk, const char *nearest) {
    directories_add(walk->request->directories, "", nearest);
    walk_say(walk, SEVERITY_WARNING, "", "does not exist yet",
             "mount the volume there, or correct the setting; it is read as soon as it appears");
}

static void root_failed(struct walk *walk, int error) {
    walk_folder_failed(walk, "", error);
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

static int compare_paths(const void *left, const void *right) {
    const char *const *one = left;
    const char *const *other = right;

    return strcmp(*one, *other);
}

static int compare_with_path(const void *wanted, const void *path) {
    return bytes_compare(*(const struct bytes *)wanted, bytes_of(*(const char *const *)path));
}

/* The path itself, then each folder above it, then the volume. */
bool volume_is_unread(const struct snapshot_volume *volume, const char *relative) {
    struct bytes path = bytes_of(relative);

    while (volume->unread_count > 0) {
        if (bsearch(&path, volume->unread, volume->unread_count, sizeof(*volume->unread),
                    compare_with_path) != NULL) {
            return true;
        }
        if (path.length == 0) {
            break;
        }
        while (path.length > 0 && path.data[--path.length] != '/') {
        }
    }
    return false;
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

    walk.left = (struct walk_budget){
        .lookups = walk_lookups_max(&walk),
        .checks = walk_lookups_max(&walk),
        .retries = VOLUME_RETRIES,
    };
    walk.resolver.lookups_left = &walk.left.lookups;
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
    walk_trim(&walk);
    if (ret->unread.count > 0) {
        qsort(ret->unread.items, ret->unread.count, sizeof(*ret->unread.items), compare_paths);
    }
}
