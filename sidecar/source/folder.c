/* SPDX-License-Identifier: Apache-2.0 */

/*
 * kubelet writes a new generation of a volume into a folder of its own
 * (..2026_11_23_10_00_00.1234), lets the link
 * ..data lead to it by a rename, adjusts the links NAME -> ..data/NAME and removes the old
 * generation. Reading by the links would mix generations. So the generation is opened once, and its
 * names are taken from itself: what is read through that descriptor is of one generation whatever
 * kubelet does. Only its list of names may come out short when kubelet is removing it already,
 * hence the look at ..data after listing.
 */

#include "source/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char generation_link[] = "..data";

bool name_is_manifest(const char *name) {
    static const char *const endings[] = {".yaml", ".yml", ".json"};
    struct bytes bytes = bytes_of(name);

    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
        struct bytes ending = bytes_of(endings[i]);
        if (bytes.length > ending.length && bytes_ends_with(bytes, ending)) {
            return true;
        }
    }
    return false;
}

/* What ..data leads to. 0; -ENOENT: there is no such folder; -ESTALE: there is a link, but it leads
 * nowhere. */
static int generation_status(int folder, struct stat *ret) {
    if (fstatat(folder, generation_link, ret, 0) == 0) {
        return S_ISDIR(ret->st_mode) ? 0 : -ENOENT;
    }
    if (errno != ENOENT) {
        return -errno;
    }
    if (fstatat(folder, generation_link, ret, AT_SYMLINK_NOFOLLOW) == 0) {
        return -ESTALE;
    }
    return -errno;
}

/* kubelet's link names a folder beside itself: opened without a search. -ENOENT: it is another kind
 * of link, or stale. */
static int open_beside(const struct resolver *resolver, struct folder *folder) {
    char name[NAME_MAX + 1];
    ssize_t length = readlinkat(folder->descriptor, generation_link, name, sizeof(name));

    if (length <= 0 || (size_t)length >= sizeof(name)) {
        return -ENOENT;
    }
    name[length] = '\0';
    if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return -ENOENT;
    }
    int descriptor =
        openat(folder->descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) {
        return errno == ENOTDIR || errno == ELOOP ? -ENOENT : -errno;
    }
    folder->generation = descriptor;
    folder->generation_real = arena_format(resolver->arena, "%s/%s", folder->real, name);
    return 0;
}

/* Any other link, followed as far as it stays inside the volume. */
static int open_elsewhere(const struct resolver *resolver, struct folder *folder) {
    const char *path = arena_format(resolver->arena, "%s/%s", folder->real, generation_link);
    struct resolution resolution;
    int error = path_resolve(resolver, path, &resolution);

    if (error < 0) {
        return error;
    }
    int descriptor =
        resolution.exists ? folder_open_beneath(resolver->root, resolution.real) : -ENOENT;
    if (descriptor < 0) {
        return descriptor == -ENOENT || descriptor == -ENOTDIR ? -ESTALE : descriptor;
    }
    folder->generation = descriptor;
    folder->generation_real = resolution.real;
    return 0;
}

int folder_open(struct folder *ret, const struct resolver *resolver, int descriptor,
                const char *real) {
    struct folder folder = {.descriptor = descriptor, .real = real, .generation = -1};
    struct stat status;
    int error = generation_status(descriptor, &status);

    if (error == 0) {
        error = open_beside(resolver, &folder);
        if (error == -ENOENT) {
            error = open_elsewhere(resolver, &folder);
        }
    } else if (error == -ENOENT) {
        error = 0; /* a plain folder */
    }
    if (error == 0) {
        *ret = folder;
    }
    return error;
}

void folder_close(struct folder *folder) {
    if (folder->generation >= 0) {
        close(folder->generation);
        folder->generation = -1;
    }
}

int folder_of_entry(const struct folder *folder, const struct folder_entry *entry) {
    return entry->in_generation ? folder->generation : folder->descriptor;
}

int folder_check(const struct folder *folder) {
    struct stat now;
    struct stat held;
    int error = generation_status(folder->descriptor, &now);

    if (folder->generation < 0) {
        return error == 0 ? -ESTALE : error == -ENOENT ? 0 : error;
    }
    if (error < 0) {
        return error == -ENOENT ? -ESTALE : error;
    }
    if (fstat(folder->generation, &held) < 0) {
        return -errno;
    }
    /* The held folder's inode cannot be given to another one while it is open. */
    return now.st_dev == held.st_dev && now.st_ino == held.st_ino ? 0 : -ESTALE;
}

static bool is_interesting(const char *name, mode_t mode, enum folder_names names) {
    if (name[0] == '.' &&
        (names != FOLDER_KEYS || name[1] == '\0' || strncmp(name, "..", 2) == 0)) {
        return false;
    }
    return names != FOLDER_MANIFESTS || S_ISDIR(mode) || S_ISLNK(mode) || name_is_manifest(name);
}

struct listing {
    struct folder *folder;
    struct arena *arena;
    enum folder_names names;
    size_t limit;
    size_t capacity;
    size_t generation_count; /* entries of the generation come first, sorted */
};

static int compare_names(const void *left, const void *right) {
    const struct folder_entry *left_entry = left;
    const struct folder_entry *right_entry = right;

    return strcmp(left_entry->name, right_entry->name);
}

/* In a folder of kubelet's the links into ..data only repeat what the generation says, or say what
 * it does not say any more. */
static bool repeats_generation(const struct listing *listing, const struct folder_entry *entry) {
    const struct folder *folder = listing->folder;
    char target[sizeof(generation_link) + 1];

    if (entry->in_generation || folder->generation < 0) {
        return false;
    }
    if (listing->generation_count > 0 && bsearch(entry, folder->entries, listing->generation_count,
                                                 sizeof(*entry), compare_names) != NULL) {
        return true;
    }
    if (!S_ISLNK(entry->mode)) {
        return false;
    }
    ssize_t length = readlinkat(folder->descriptor, entry->name, target, sizeof(target));
    return length > (ssize_t)strlen(generation_link) &&
           memcmp(target, generation_link, strlen(generation_link)) == 0 &&
           target[strlen(generation_link)] == '/';
}

static int add_entry(struct listing *listing, DIR *stream, const struct dirent *found,
                     bool in_generation) {
    struct folder *folder = listing->folder;
    struct folder_entry entry = {
        .name = found->d_name,
        .mode = (mode_t)DTTOIF(found->d_type),
        .in_generation = in_generation,
    };

    if (found->d_type == DT_UNKNOWN) {
        struct stat status;
        if (fstatat(dirfd(stream), found->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
            return errno == ENOENT ? 0 : -errno;
        }
        entry.mode = status.st_mode & S_IFMT;
    }
    if (!is_interesting(entry.name, entry.mode, listing->names) ||
        repeats_generation(listing, &entry)) {
        return 0;
    }
    if (folder->count >= listing->limit) {
        return -E2BIG;
    }
    entry.name = arena_string(listing->arena, bytes_of(found->d_name));
    folder->entries = arena_grow(listing->arena, folder->entries, folder->count, &listing->capacity,
                                 sizeof(*folder->entries));
    folder->entries[folder->count++] = entry;
    return 0;
}

static int list_names(struct listing *listing, int descriptor, bool in_generation) {
    int own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) {
        return -errno;
    }
    DIR *stream = fdopendir(own);
    if (stream == NULL) {
        int error = -errno;
        close(own);
        return error;
    }
    int error = 0;
    while (error == 0) {
        errno = 0;
        const struct dirent *found = readdir(stream); /* of our own stream: safe among threads */
        if (found == NULL) {
            error = -errno;
            break;
        }
        error = add_entry(listing, stream, found, in_generation);
    }
    closedir(stream);
    return error;
}

int folder_list(struct folder *folder, struct arena *arena, enum folder_names names, size_t limit) {
    struct listing listing = {.folder = folder, .arena = arena, .names = names, .limit = limit};
    int error = 0;

    folder->entries = NULL;
    folder->count = 0;
    if (folder->generation >= 0) {
        error = list_names(&listing, folder->generation, true);
        if (error == 0 && folder->count > 0) {
            qsort(folder->entries, folder->count, sizeof(*folder->entries), compare_names);
        }
        listing.generation_count = folder->count;
    }
    if (error == 0) {
        error = list_names(&listing, folder->descriptor, false);
    }
    return error == 0 ? folder_check(folder) : error;
}
