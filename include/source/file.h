/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_FILE_H
#define SIDECAR_SOURCE_FILE_H

/* One file: read whole, consistently and within bounds, or not at all; and not again as long as it
 * is the same. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "source/source.h"
#include "source/writers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* What a file's bytes are recognised by. */
struct file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
};

struct file_identity file_identity_of(const struct stat *status);
bool file_identity_same(const struct file_identity *left, const struct file_identity *right);

/* The file had just been changed when the snapshot that was begun at that time (wall milliseconds)
 * met it: the same identity may yet get other bytes. */
bool file_identity_is_recent(const struct file_identity *identity, int64_t started);

/* A file that may be written under another name than the one in its folder, of which the folder's
 * watchers hear nothing: it has hard links, or was mounted by itself (subPath). The status is the
 * descriptor's. */
bool file_stands_alone(int descriptor, const struct stat *status);

/* Shared by the snapshots that hold it; erased and freed with the last of them. */
struct file {
    struct source_file view; /* what others see of it */
    char *path;              /* view.path, owned */
    char *relative;          /* view.relative, owned */
    struct buffer storage;   /* view.content, owned */
    struct file_identity identity;
    bool recent; /* file_identity_is_recent, when it was read */
    bool alone;  /* file_stands_alone */
    unsigned references;
};

struct file *file_reference(struct file *file);
/* NULL is fine. */
void file_release(struct file *file);

/* Turns the bytes on disk into those that are kept; may swap the buffer's. 0, or negative errno. */
typedef int (*file_decode)(struct buffer *content, size_t limit);

struct file_request {
    int folder;           /* or AT_FDCWD */
    const char *name;     /* in folder */
    bool follow;          /* links; for files that the settings name */
    const char *path;     /* for source_file */
    const char *relative; /* for source_file */
    size_t limit;         /* bytes, before and after decoding */
    file_decode decode;   /* or NULL */
    bool every_byte;      /* do not trust the identity */
    int64_t started;      /* wall milliseconds when this snapshot was begun */
    uint64_t *last_id;
    struct writers *writers; /* who judges whether it is still being written; NULL: nobody */
    bool linked;             /* as writers_sight has it */
};

/*
 * The file as it is now: previous itself (with one reference more) when its bytes are the same,
 * else a new one. previous may be NULL. Never opens what is not a regular file, never waits. 0;
 * -EINVAL: not a regular file; -EFBIG: over the limit; -EBUSY: it did not stand still; -ETXTBSY: it
 * is another one than before, and still being written; what decode gave; errno.
 */
int file_load(const struct file_request *request, struct file *previous,
              struct file **ret) MUST_USE;

#endif
