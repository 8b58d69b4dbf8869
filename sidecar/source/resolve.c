/* SPDX-License-Identifier: Apache-2.0 */

/* Follows links in user space. The path found is only a finding: it may be stale at once. What is
 * opened by it afterwards is opened component by component without following links, which is what
 * keeps a reader inside its volume; the finding itself only has to be right when nothing moves. */

#include "source/resolve.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as the kernel follows. */
#define LINKS_MAX 40

struct progress {
    const char *real; /* what is done */
    const char *rest; /* what is still to be looked up */
    unsigned links;
    mode_t mode;
};

/* Takes the first component off rest; empty when there is none. */
static struct bytes next_component(const char **rest) {
    const char *start = *rest + strspn(*rest, "/");
    struct bytes component = {start, strcspn(start, "/")};

    *rest = start + component.length;
    return component;
}

/* For the *at functions: an absolute path makes them ignore the descriptor. */
static const char *lookup_path(const struct resolver *resolver, const char *real) {
    return resolver->root >= 0 ? real + 1 : real;
}

static int lookup_folder(const struct resolver *resolver) {
    return resolver->root >= 0 ? resolver->root : AT_FDCWD;
}

const char *path_parent(struct arena *arena, const char *real) {
    const char *slash = strrchr(real, '/');
    size_t length = slash != NULL ? (size_t)(slash - real) : 0;

    return arena_string(arena, (struct bytes){real, length});
}

static int go_up(const struct resolver *resolver, struct progress *progress) {
    if (progress->real[0] == '\0' && resolver->root >= 0) {
        return -EXDEV;
    }
    progress->real = path_parent(resolver->arena, progress->real);
    progress->mode = S_IFDIR;
    return 0;
}

static int follow_link(const struct resolver *resolver, struct progress *progress,
                       const char *link) {
    char target[PATH_MAX];
    ssize_t length =
        readlinkat(lookup_folder(resolver), lookup_path(resolver, link), target, sizeof(target));

    if (length < 0) {
        return -errno;
    }
    if ((size_t)length >= sizeof(target)) {
        return -ENAMETOOLONG;
    }
    if (++progress->links > LINKS_MAX) {
        return -ELOOP;
    }
    if (resolver->directories != NULL) {
        directories_add(resolver->directories, resolver->root_path, progress->real);
    }
    target[length] = '\0';
    if (target[0] == '/') {
        if (resolver->root >= 0) {
            return -EXDEV;
        }
        progress->real = "";
    }
    progress->rest = arena_format(resolver->arena, "%s/%s", target, progress->rest);
    progress->mode = S_IFDIR;
    return 0;
}

/* One component further. -ENOENT when it does not exist; then progress stays where it was. */
static int advance(const struct resolver *resolver, struct progress *progress,
                   struct bytes component) {
    struct stat status;

    if (!S_ISDIR(progress->mode)) {
        progress->real = path_parent(resolver->arena, progress->real);
        return -ENOENT;
    }
    if (bytes_equal_string(component, ".")) {
        return 0;
    }
    if (bytes_equal_string(component, "..")) {
        return go_up(resolver, progress);
    }
    const char *next =
        arena_format(resolver->arena, "%s/%.*s", progress->real, BYTES_ARG(component));
    if (fstatat(lookup_folder(resolver), lookup_path(resolver, next), &status,
                AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOTDIR ? -ENOENT : -errno;
    }
    if (S_ISLNK(status.st_mode)) {
        return follow_link(resolver, progress, next);
    }
    progress->real = next;
    progress->mode = status.st_mode;
    return 0;
}

/* Unconfined paths are made absolute, so that ".." has something to go up to. */
static int start(const struct resolver *resolver, const char *path, struct progress *ret) {
    char here[PATH_MAX];
    const char *rest = path;

    if (resolver->root < 0 && path[0] != '/') {
        if (getcwd(here, sizeof(here)) == NULL) {
            return -errno;
        }
        rest = arena_format(resolver->arena, "%s/%s", here, path);
    }
    *ret = (struct progress){.real = "", .rest = rest, .mode = S_IFDIR};
    return 0;
}

int path_resolve(const struct resolver *resolver, const char *path, struct resolution *ret) {
    struct progress progress = {.real = "", .rest = ""};
    int error = start(resolver, path, &progress);

    while (error == 0) {
        struct bytes component = next_component(&progress.rest);
        if (component.length == 0) {
            break;
        }
        error = advance(resolver, &progress, component);
    }
    if (error < 0 && error != -ENOENT) {
        return error;
    }
    *ret = (struct resolution){
        .real = progress.real,
        .exists = error == 0,
        .mode = progress.mode,
    };
    return 0;
}

int folder_open_beneath(int root, const char *real) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    char name[NAME_MAX + 1];
    int folder = openat(root, ".", flags);
    int error = folder >= 0 ? 0 : -errno;

    while (error == 0) {
        struct bytes component = next_component(&real);
        if (component.length == 0) {
            break;
        }
        if (component.length > NAME_MAX) {
            error = -ENAMETOOLONG;
            break;
        }
        memcpy(name, component.data, component.length);
        name[component.length] = '\0';
        int next = openat(folder, name, flags);
        error = next >= 0 ? 0 : -errno;
        close(folder);
        folder = next;
    }
    if (error < 0 && folder >= 0) {
        close(folder);
    }
    return error < 0 ? error : folder;
}
