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

/* As many as the kernel follows: of a path that the operator named. */
#define LINKS_MAX 40

/* A lookup of a long path, or of a long link, costs as much as that many short ones. */
#define LOOKUP_LENGTH 16

/* Buffers of its own, so that the way to a file leaves nothing in the arena but its end. */
struct progress {
    char real[PATH_MAX]; /* what is done */
    size_t length;
    const char *rest;         /* what is still to be looked up: the caller's path, or in ahead */
    char ahead[2 * PATH_MAX]; /* targets of links, with what came behind these */
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

static void cut_to(struct progress *progress, size_t length) {
    progress->length = length;
    progress->real[length] = '\0';
}

static void cut_last(struct progress *progress) {
    const char *slash = strrchr(progress->real, '/');

    cut_to(progress, slash != NULL ? (size_t)(slash - progress->real) : 0);
}

static int append(struct progress *progress, struct bytes component) {
    if (component.length >= sizeof(progress->real) - progress->length - 1) {
        return -ENAMETOOLONG;
    }
    progress->real[progress->length] = '/';
    memcpy(progress->real + progress->length + 1, component.data, component.length);
    cut_to(progress, progress->length + 1 + component.length);
    return 0;
}

static int go_up(const struct resolver *resolver, struct progress *progress) {
    if (progress->length == 0 && resolver->root >= 0) {
        return -EXDEV;
    }
    cut_last(progress);
    progress->mode = S_IFDIR;
    return 0;
}

/* 0, or -ETOOMANYREFS, which no call on files gives: no lookups are left. */
static int take_lookups(const struct resolver *resolver, size_t length) {
    size_t cost = 1 + length / LOOKUP_LENGTH;

    if (resolver->lookups_left == NULL) {
        return 0;
    }
    if (*resolver->lookups_left < cost) {
        *resolver->lookups_left = 0;
        return -ETOOMANYREFS;
    }
    *resolver->lookups_left -= cost;
    return 0;
}

/* The target of the link at real, NUL-terminated. Its length, or negative errno. */
static ssize_t read_link(const struct resolver *resolver, const struct progress *progress,
                         char target[PATH_MAX]) {
    size_t limit = resolver->root >= 0 ? VOLUME_TARGET_MAX : PATH_MAX - 1;
    ssize_t length = readlinkat(lookup_folder(resolver), lookup_path(resolver, progress->real),
                                target, limit + 1);

    if (length < 0) {
        return -errno;
    }
    if ((size_t)length > limit) {
        return resolver->root >= 0 ? -EMSGSIZE : -ENAMETOOLONG;
    }
    target[length] = '\0';
    return length;
}

/* The target comes before what is still to be looked up. */
static int put_ahead(struct progress *progress, struct bytes target) {
    size_t behind = strlen(progress->rest);

    if (target.length + behind > sizeof(progress->ahead) - 2) {
        return -ENAMETOOLONG;
    }
    memmove(progress->ahead + target.length + 1, progress->rest, behind + 1);
    memcpy(progress->ahead, target.data, target.length);
    progress->ahead[target.length] = '/';
    progress->rest = progress->ahead;
    return 0;
}

/* real is the link; folder is the length of the folder that it lies in. */
static int follow_link(const struct resolver *resolver, struct progress *progress, size_t folder) {
    char target[PATH_MAX];
    ssize_t length = read_link(resolver, progress, target);

    cut_to(progress, folder);
    if (length < 0) {
        return (int)length;
    }
    if (++progress->links > (resolver->root >= 0 ? VOLUME_LINKS_MAX : LINKS_MAX)) {
        return -ELOOP;
    }
    int error = take_lookups(resolver, folder + (size_t)length);
    if (error < 0) {
        return error;
    }
    if (resolver->directories != NULL) {
        directories_add(resolver->directories, resolver->root_path, progress->real);
    }
    if (target[0] == '/') {
        if (resolver->root >= 0) {
            return -EXDEV;
        }
        cut_to(progress, 0);
    }
    progress->mode = S_IFDIR;
    return put_ahead(progress, (struct bytes){target, (size_t)length});
}

/* One component further, which is a name. -ENOENT when it does not exist; then progress stays where
 * it was. */
static int look_up(const struct resolver *resolver, struct progress *progress,
                   struct bytes component) {
    size_t folder = progress->length;
    struct stat status;
    int error = append(progress, component);

    if (error == 0) {
        error = take_lookups(resolver, progress->length);
    }
    if (error == 0 && fstatat(lookup_folder(resolver), lookup_path(resolver, progress->real),
                              &status, AT_SYMLINK_NOFOLLOW) < 0) {
        error = errno == ENOTDIR ? -ENOENT : -errno;
    }
    if (error < 0) {
        cut_to(progress, folder);
        return error;
    }
    if (S_ISLNK(status.st_mode)) {
        return follow_link(resolver, progress, folder);
    }
    progress->mode = status.st_mode;
    return 0;
}

/* One component further. -ENOENT when it does not exist. */
static int advance(const struct resolver *resolver, struct progress *progress,
                   struct bytes component) {
    if (!S_ISDIR(progress->mode)) {
        cut_last(progress);
        return -ENOENT;
    }
    if (bytes_equal_string(component, ".")) {
        return 0;
    }
    if (bytes_equal_string(component, "..")) {
        return go_up(resolver, progress);
    }
    return look_up(resolver, progress, component);
}

/* Unconfined paths are made absolute, so that ".." has something to go up to. */
static int start(const struct resolver *resolver, const char *path, struct progress *ret) {
    char here[PATH_MAX];

    cut_to(ret, 0);
    ret->rest = path;
    ret->links = 0;
    ret->mode = S_IFDIR;
    if (resolver->root >= 0 || path[0] == '/') {
        return 0;
    }
    if (getcwd(here, sizeof(here)) == NULL) {
        return -errno;
    }
    return put_ahead(ret, bytes_of(here));
}

int path_resolve(const struct resolver *resolver, const char *path, struct resolution *ret) {
    struct progress progress;
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
        .real = arena_string(resolver->arena, (struct bytes){progress.real, progress.length}),
        .exists = error == 0,
        .mode = progress.mode,
        .links = progress.links,
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
