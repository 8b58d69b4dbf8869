/* SPDX-License-Identifier: Apache-2.0 */

/* Lists a folder first and removes afterwards: what readdir() gives while its folder loses entries
 * is not the same on every file system. Only regular files are removed. */

#include "publish/clean.h"

#include "base/arena.h"
#include "base/compiler.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct names {
    struct arena *arena;
    const char **items;
    size_t count;
    size_t capacity;
};

static int list_unwanted(const struct output_folder *folder, output_is_unwanted is_unwanted,
                         const void *context, struct names *names, struct publish_error *error) {
    int descriptor = openat(folder->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return publish_failed(error, "listing the folder", folder->path, "", errno);
    }
    DIR *stream = fdopendir(descriptor);
    if (stream == NULL) {
        int number = errno;
        close(descriptor);
        return publish_failed(error, "listing the folder", folder->path, "", number);
    }
    const struct dirent *found = NULL;
    errno = 0;
    while ((found = readdir(stream)) != NULL) { /* of our own stream: safe among threads */
        if (is_unwanted(found->d_name, context)) {
            names->items = arena_grow(names->arena, names->items, names->count, &names->capacity,
                                      sizeof(*names->items));
            names->items[names->count++] = arena_string(names->arena, bytes_of(found->d_name));
        }
        errno = 0;
    }
    int number = errno;
    closedir(stream);
    return number == 0 ? 0 : publish_failed(error, "listing the folder", folder->path, "", number);
}

int output_remove_file(const struct output_folder *folder, const char *name,
                       struct publish_error *error) {
    struct stat status;
    int result = 0;

    if (fstatat(folder->descriptor, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? 0 : publish_failed(error, "looking at", folder->path, name, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return 0;
    }
    do {
        result = unlinkat(folder->descriptor, name, 0);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return errno == ENOENT ? 0 : publish_failed(error, "removing", folder->path, name, errno);
    }
    return 1;
}

int output_remove(const struct output_folder *folder, output_is_unwanted is_unwanted,
                  const void *context, struct publish_error *error, size_t *ret_removed) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct names names = {.arena = arena};
    size_t removed = 0;
    int first = list_unwanted(folder, is_unwanted, context, &names, error);

    for (size_t i = 0; i < names.count; i++) {
        int result = output_remove_file(folder, names.items[i], first == 0 ? error : NULL);
        if (result > 0) {
            removed++;
        } else if (first == 0) {
            first = result;
        }
    }
    if (removed > 0) {
        int result = output_folder_sync(folder, first == 0 ? error : NULL);
        first = first == 0 ? result : first;
    }
    if (ret_removed != NULL) {
        *ret_removed = removed;
    }
    return first;
}
