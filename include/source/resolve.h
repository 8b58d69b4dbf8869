/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_RESOLVE_H
#define SIDECAR_SOURCE_RESOLVE_H

/*
 * Symbolic links, followed by hand and one component at a time. That tells what the kernel's own
 * lookup does not: which folders hold the links on the way (they have to be watched), and whether
 * the way stays inside a volume. It needs no openat2(2), which containers' system call filters
 * often refuse.
 *
 * Paths inside a resolver are "/a/b" below its root, "" for the root itself.
 */

#include "base/arena.h"
#include "source/directories.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Inside a root, on the way to one file: kubelet needs two links, git-sync three, all of them
 * short. Whoever writes to a volume could have each of its links cost as much as thousands of
 * others. */
#define VOLUME_LINKS_MAX  8
#define VOLUME_TARGET_MAX 1024 /* bytes of what one link says */

struct resolver {
    struct arena *arena;   /* results live here */
    int root;              /* the folder that no link may leave; -1: the whole file system */
    const char *root_path; /* real path of root, "" for "/" or when root is -1 */
    struct directories *directories; /* folders in which links were met are added; may be NULL */
    /* What may still be spent: one for each name that is looked up and each link that is followed,
     * and more the longer their paths are. NULL: no bound. */
    size_t *lookups_left;
};

struct resolution {
    const char *real; /* without links; where !exists the deepest folder that does exist */
    bool exists;
    mode_t mode;    /* type of what real names, when it exists */
    unsigned links; /* on the way */
};

/*
 * Where path leads. 0; -EXDEV: it leaves the root (absolute links do so wherever they point);
 * -ELOOP: too many links, or a link to itself; -EMSGSIZE: a link inside the root says more than
 * VOLUME_TARGET_MAX bytes; -ETOOMANYREFS: no lookups are left; other negative errno: a folder on
 * the way cannot be searched. A path that does not exist is no error.
 */
int path_resolve(const struct resolver *resolver, const char *path, struct resolution *ret);

/* The folder that holds real: "/a" of "/a/b", "" of "/a". */
const char *path_parent(struct arena *arena, const char *real);

/* Opens a folder below root by a path without links: should one have come in the meantime it is not
 * followed, so that the descriptor is inside root whatever happens. For use with the *at functions
 * and to list it. A descriptor, or negative errno. */
int folder_open_beneath(int root, const char *real);

#endif
