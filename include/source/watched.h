/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_WATCHED_H
#define SIDECAR_SOURCE_WATCHED_H

/*
 * A path whose change only calls for a reload: a directory of rules and all that is below it, or
 * one file. Of its files there is a digest each and no byte more.
 *
 * Hidden files count, links to files are followed wherever they lead, links to directories are not
 * (the path itself may be one). In a volume of kubelet's the present generation counts, by the
 * names that it is read by, so that a generation with the same bytes is the same.
 */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "source/digest.h"
#include "source/directories.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watched_file {
    const char *path; /* what a user would open */
    struct digest digest;
};

/* In the arena of a snapshot. */
struct watched_list {
    struct watched_file *items;
    size_t count;
    size_t capacity;
};

struct watched_request {
    const char *path;                    /* as the user wrote it */
    bool sandboxed;                      /* as source_settings has it */
    const struct watched_list *previous; /* of the snapshot before, sorted */
    bool every_byte;
    bool first;                      /* nothing was read before: this is what is compared with, be
                                        it half a file */
    int64_t started;                 /* wall milliseconds */
    struct writers *writers;         /* NULL: none are looked for */
    struct arena *arena;             /* of the snapshot: the list */
    struct arena *scratch;           /* of this reading */
    struct diagnostics *diagnostics; /* appended to */
    struct directories *directories; /* appended to */
};

/* Appends its files to the list, in no order. What cannot be read is there as it was before, with a
 * diagnostic. *ret_complete is set to false when trying again may help, else left alone. */
void watched_read(const struct watched_request *request, struct watched_list *list,
                  bool *ret_complete);

/* Sorts the list by path, each once. What it comes to: another number, another content. */
uint64_t watched_digest(struct watched_list *list);

#endif
