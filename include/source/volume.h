/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_VOLUME_H
#define SIDECAR_SOURCE_VOLUME_H

/* The walk of one volume. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "source/directories.h"
#include "source/file.h"
#include "source/source.h"
#include "source/writers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sorted by relative path; each file is referenced once by the list. */
struct file_list {
    struct file **items;
    size_t count;
    size_t capacity;
};

/* Relative paths that were not read, in no order; they live in the arena of the snapshot. */
struct unread_list {
    const char **items;
    size_t count;
    size_t capacity;
};

struct volume_request {
    const struct source_settings *settings;
    const struct volume_config *config;
    const struct file_list *previous; /* of the snapshot before */
    bool previously_present;
    bool every_byte;
    int64_t started; /* wall milliseconds */
    uint64_t *last_id;
    struct writers *writers;         /* NULL: none are looked for */
    struct arena *arena;             /* of the snapshot: all lists, the next two's as well */
    struct diagnostics *diagnostics; /* appended to */
    struct directories *directories; /* appended to */
    struct arena *scratch;           /* of this reading */
};

struct volume_result {
    bool present;
    bool complete;
    struct file_list files;    /* the caller's to release */
    struct unread_list unread; /* sorted when volume_read returns */
};

void volume_read(const struct volume_request *request, struct volume_result *ret);

#endif
