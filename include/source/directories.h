/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_DIRECTORIES_H
#define SIDECAR_SOURCE_DIRECTORIES_H

/* The directories, and some files, that have to be watched for a snapshot to become stale visibly.
 */

#include "base/arena.h"

#include <stddef.h>

/* Items and their strings live in the arena. */
struct directories {
    struct arena *arena;
    const char **items;
    size_t count;
    size_t capacity;
};

/* The path is root and below, joined ("/mnt" and "/a"; "" and "" give "/"); it is copied. */
void directories_add(struct directories *directories, const char *root, const char *below);

/* In the order of their bytes, each once. */
void directories_sort(struct directories *directories);

#endif
