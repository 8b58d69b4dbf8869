/* SPDX-License-Identifier: Apache-2.0 */

/* Reads a file through a hash. As with a file that is kept (file.c), a reading counts only when the
 * file was the same before and after it. */

#include "source/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that changes faster than it can be read this often is left for the next snapshot. */
#define READ_TRIES 4

enum {
    CHUNK_SIZE = 16384
};

static uint64_t hash_number(uint64_t hash, int64_t number) {
    return bytes_hash_on(hash, (struct bytes){(const char *)&number, sizeof(number)});
}

static uint64_t hash_by_identity(const struct file_identity *identity) {
    uint64_t hash = hash_number(BYTES_HASH_START, (int64_t)identity->size);

    hash = hash_number(hash, (int64_t)identity->modified.tv_sec);
    return hash_number(hash, (int64_t)identity->modified.tv_nsec);
}

/* -EAGAIN: there were more or fewer bytes than it was said to have. */
static int hash_bytes(int descriptor, off_t size, uint64_t *ret) {
    char chunk[CHUNK_SIZE];
    uint64_t hash = BYTES_HASH_START;
    off_t length = 0;

    while (length <= size) {
        ssize_t got = read(descriptor, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            break;
        }
        hash = bytes_hash_on(hash, (struct bytes){chunk, (size_t)got});
        length += got;
    }
    *ret = hash;
    return length == size ? 0 : -EAGAIN;
}

static int hash_stable(int descriptor, struct digest *digest) {
    struct stat before;
    struct stat after;

    if (fstat(descriptor, &before) < 0) {
        return -errno;
    }
    if (!S_ISREG(before.st_mode)) {
        return -EAGAIN;
    }
    digest->identity = file_identity_of(&before);
    digest->alone = file_stands_alone(descriptor, &before);
    if (before.st_size > DIGEST_BYTES_MAX) {
        digest->content = hash_by_identity(&digest->identity);
        return 0;
    }
    int error = hash_bytes(descriptor, before.st_size, &digest->content);
    if (error < 0) {
        return error;
    }
    if (fstat(descriptor, &after) < 0) {
        return -errno;
    }
    struct file_identity end = file_identity_of(&after);
    return file_identity_same(&digest->identity, &end) ? 0 : -EAGAIN;
}

/* As read_finished does it (file.c). */
static int hash_finished(const struct digest_request *request, int descriptor,
                         const struct digest *previous, struct digest *digest) {
    if (writers_still_has(request->writers, request->path, descriptor)) {
        return -ETXTBSY;
    }
    int error = hash_stable(descriptor, digest);
    const struct writers_sight sight = {
        .descriptor = descriptor,
        .path = request->path,
        .now = &digest->identity,
        .before = previous != NULL ? &previous->identity : NULL,
        .linked = request->linked,
    };
    bool same = previous != NULL && previous->content == digest->content;
    return error < 0 || same || request->unfinished_counts
               ? error
               : writers_judge(request->writers, &sight);
}

static int open_and_hash(const struct digest_request *request, const struct digest *previous,
                         struct digest *digest) {
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (request->follow ? 0 : O_NOFOLLOW);
    int descriptor = openat(request->folder, request->name, flags);

    if (descriptor < 0) {
        /* It was a regular file a moment ago. */
        return errno == ELOOP || errno == ENXIO || errno == EINTR ? -EAGAIN : -errno;
    }
    int error = hash_finished(request, descriptor, previous, digest);
    close(descriptor);
    return error;
}

/* One try. -EAGAIN: what was seen does not fit together, look again. */
static int digest_once(const struct digest_request *request, const struct digest *previous,
                       struct digest *ret) {
    struct stat status;

    if (fstatat(request->folder, request->name, &status,
                request->follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == EINTR ? -EAGAIN : -errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return -EINVAL;
    }
    struct file_identity identity = file_identity_of(&status);
    if (previous != NULL && !previous->recent && !request->every_byte &&
        file_identity_same(&previous->identity, &identity)) {
        *ret = *previous;
        return 0;
    }
    struct digest digest = {0};
    int error = open_and_hash(request, previous, &digest);
    if (error == 0) {
        digest.recent = file_identity_is_recent(&digest.identity, request->started);
        *ret = digest;
    }
    return error;
}

int digest_read(const struct digest_request *request, const struct digest *previous,
                struct digest *ret) {
    int error = -EAGAIN;

    for (unsigned try = 0; try < READ_TRIES && error == -EAGAIN; try++) {
        error = digest_once(request, previous, ret);
    }
    return error == -EAGAIN ? writers_note_unsteady(request->writers, request->path) : error;
}
