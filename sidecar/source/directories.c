/* SPDX-License-Identifier: Apache-2.0 */

/* A list of paths that is gathered in any order while volumes are walked, then sorted once. */

#include "source/directories.h"

#include <stdlib.h>
#include <string.h>

void directories_add(struct directories *directories, const char *root, const char *below) {
    const char *path = arena_format(directories->arena, "%s%s", root, below);

    directories->items = arena_grow(directories->arena, directories->items, directories->count,
                                    &directories->capacity, sizeof(*directories->items));
    directories->items[directories->count++] = path[0] != '\0' ? path : "/";
}

static int compare_paths(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void directories_sort(struct directories *directories) {
    size_t kept = 0;

    if (directories->count > 0) {
        qsort(directories->items, directories->count, sizeof(*directories->items), compare_paths);
    }
    for (size_t i = 0; i < directories->count; i++) {
        if (kept == 0 || strcmp(directories->items[kept - 1], directories->items[i]) != 0) {
            directories->items[kept++] = directories->items[i];
        }
    }
    directories->count = kept;
}
