/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_DIGEST_H
#define SIDECAR_SOURCE_DIGEST_H

/* A file of which nothing is kept but what tells whether it is another one: its bytes go through a
 * hash and are forgotten, however many there are. */

#include "base/compiler.h"
#include "source/file.h"
#include "source/writers.h"

#include <stdbool.h>
#include <stdint.h>

/* A file that is larger than this is told by its size and its time alone: hashing it would hold
 * everything else up. */
#define DIGEST_BYTES_MAX ((off_t)64 << 20)

struct digest {
    struct file_identity identity;
    uint64_t content;
    bool recent; /* file_identity_is_recent, when it was read */
    bool alone;  /* file_stands_alone */
};

struct digest_request {
    int folder;              /* or AT_FDCWD */
    const char *name;        /* in folder */
    bool follow;             /* links */
    bool every_byte;         /* do not trust the identity */
    int64_t started;         /* wall milliseconds when this snapshot was begun */
    struct writers *writers; /* as file_request has these three */
    const char *path;
    bool linked;
    bool unfinished_counts; /* take it even while it is written */
};

/*
 * The file as it is now; its bytes are read only where the identity is another one than previous
 * has (NULL: none). Never opens what is not a regular file, never waits. 0; -EINVAL: not a regular
 * file; -EBUSY: it did not stand still; -ETXTBSY: it is still being written; errno.
 */
int digest_read(const struct digest_request *request, const struct digest *previous,
                struct digest *ret) MUST_USE;

#endif
