/* SPDX-License-Identifier: Apache-2.0 */

/* Reads one file. A reader of live volumes meets files that are swapped, truncated or written while
 * it looks, so a read counts only when the file was the same before and after it. What is not a
 * regular file is never opened: opening alone may block (a pipe) or have effects (a device). */

#include "source/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A file that changes faster than it can be read this often is left for the next snapshot. */
#define READ_TRIES 4

/*
 * A file system's clock ticks in steps (4 ms, 1 s, 2 s on FAT). A file changed twice within a step,
 * and read in between, has the times of its second change already: bytes of a file this young are
 * compared again.
 */
#define RECENT_MILLISECONDS 2000

struct file *file_reference(struct file *file) {
    file->references++;
    return file;
}

void file_release(struct file *file) {
    if (file == NULL || --file->references > 0) {
        return;
    }
    buffer_free(&file->storage);
    free(file->path);
    free(file->relative);
    free(file);
}

struct file_identity file_identity_of(const struct stat *status) {
    return (struct file_identity){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = status->st_size,
        .modified = status->st_mtim,
        .changed = status->st_ctim,
    };
}

static bool same_time(struct timespec left, struct timespec right) {
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

bool file_identity_same(const struct file_identity *left, const struct file_identity *right) {
    return left->device == right->device && left->inode == right->inode &&
           left->size == right->size && same_time(left->modified, right->modified) &&
           same_time(left->changed, right->changed);
}

bool file_stands_alone(int descriptor, const struct stat *status) {
    struct statx extended;

    return status->st_nlink > 1 || (statx(descriptor, "", AT_EMPTY_PATH, 0, &extended) == 0 &&
                                    (extended.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0);
}

static int64_t milliseconds_of(struct timespec time) {
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Times in the future (the clock was set back) count as recent too. */
bool file_identity_is_recent(const struct file_identity *identity, int64_t started) {
    int64_t threshold = started - RECENT_MILLISECONDS;

    return milliseconds_of(identity->modified) > threshold ||
           milliseconds_of(identity->changed) > threshold;
}

static int read_all(int descriptor, char *data, size_t size, size_t *ret_length) {
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(descriptor, data + length, size - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
    }
    *ret_length = length;
    return 0;
}

/* What one try found out about the file. */
struct reading {
    struct buffer content;
    struct file_identity identity;
    bool alone;
};

static void reading_free(struct reading *reading) {
    buffer_free(&reading->content);
}

/* The bytes behind an open descriptor. -EAGAIN when they changed meanwhile. */
static int read_stable(int descriptor, size_t limit, struct reading *ret) {
    struct buffer *content = &ret->content;
    struct stat before;
    struct stat after;

    if (fstat(descriptor, &before) < 0) {
        return -errno;
    }
    if (!S_ISREG(before.st_mode)) {
        return -EAGAIN;
    }
    if (before.st_size < 0 || (uintmax_t)before.st_size > limit) {
        return -EFBIG;
    }
    /* Exactly as large as needed; the byte more shows that the file grew, and ends the text. */
    size_t size = (size_t)before.st_size;
    buffer_free(content);
    content->capacity = size + 1;
    content->data = memory_new(content->capacity, 1);
    int error = read_all(descriptor, content->data, content->capacity, &content->length);
    if (error < 0) {
        return error;
    }
    if (fstat(descriptor, &after) < 0) {
        return -errno;
    }
    ret->identity = file_identity_of(&before);
    ret->alone = file_stands_alone(descriptor, &after);
    struct file_identity end = file_identity_of(&after);
    return content->length == size && file_identity_same(&ret->identity, &end) ? 0 : -EAGAIN;
}

/* The bytes are those of before: of what is decoded, the identity has to tell. */
static bool counts_already(const struct file_request *request, const struct file *previous,
                           const struct reading *reading) {
    return previous != NULL &&
           (bytes_equal(previous->view.content, buffer_bytes(&reading->content)) ||
            (request->decode != NULL &&
             file_identity_same(&previous->identity, &reading->identity)));
}

/* Reads it, unless it is still being written. Bytes that count already need no judgement. */
static int read_finished(const struct file_request *request, int descriptor,
                         const struct file *previous, struct reading *ret) {
    if (writers_still_has(request->writers, request->path, descriptor)) {
        return -ETXTBSY;
    }
    int error = read_stable(descriptor, request->limit, ret);
    const struct writers_sight sight = {
        .descriptor = descriptor,
        .path = request->path,
        .now = &ret->identity,
        .before = previous != NULL ? &previous->identity : NULL,
        .linked = request->linked,
    };
    return error < 0 || counts_already(request, previous, ret)
               ? error
               : writers_judge(request->writers, &sight);
}

static int open_and_read(const struct file_request *request, const struct file *previous,
                         struct reading *ret) {
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (request->follow ? 0 : O_NOFOLLOW);
    int descriptor = openat(request->folder, request->name, flags);

    if (descriptor < 0) {
        /* It was a regular file a moment ago. */
        return errno == ELOOP || errno == ENXIO || errno == EINTR ? -EAGAIN : -errno;
    }
    int error = read_finished(request, descriptor, previous, ret);
    close(descriptor);
    return error;
}

static struct file *file_new(const struct file_request *request, struct buffer *content) {
    struct file *file = memory_new(1, sizeof(*file));

    file->storage = *content;
    *content = (struct buffer){0};
    file->path = memory_string(request->path);
    file->relative = memory_string(request->relative);
    file->view = (struct source_file){
        .path = file->path,
        .relative = file->relative,
        .content = buffer_bytes(&file->storage),
        .id = ++*request->last_id,
    };
    file->references = 1;
    return file;
}

/* One try. -EAGAIN: what was seen does not fit together, look again. */
static int file_load_once(const struct file_request *request, struct file *previous,
                          struct file **ret) {
    CLEANUP(reading_free) struct reading reading = {.alone = false};
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
        *ret = file_reference(previous);
        return 0;
    }
    int error = open_and_read(request, previous, &reading);
    if (error == 0 && request->decode != NULL) {
        error = request->decode(&reading.content, request->limit);
    }
    if (error < 0) {
        return error;
    }
    struct file *file = NULL;
    if (previous != NULL && bytes_equal(previous->view.content, buffer_bytes(&reading.content))) {
        file = file_reference(previous);
    } else {
        file = file_new(request, &reading.content);
    }
    file->identity = reading.identity;
    file->alone = reading.alone;
    file->recent = file_identity_is_recent(&reading.identity, request->started);
    *ret = file;
    return 0;
}

int file_load(const struct file_request *request, struct file *previous, struct file **ret) {
    int error = -EAGAIN;

    for (unsigned try = 0; try < READ_TRIES; try++) {
        error = file_load_once(request, previous, ret);
        /* The kernel may find nothing when it follows ..data just as kubelet swaps it. */
        bool again = error == -EAGAIN || (error == -ENOENT && request->follow);
        if (!again) {
            break;
        }
    }
    return error == -EAGAIN ? writers_note_unsteady(request->writers, request->path) : error;
}
