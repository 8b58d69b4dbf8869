/* SPDX-License-Identifier: Apache-2.0 */

/* A reader of the final name never sees a file that is being written, and after a crash finds the
 * old file or the new one: the bytes are on disk before the name leads to them. Everything happens
 * relative to one descriptor of the folder, so that all of it happens in the same folder. */

#include "publish/temporary.h"

#include "base/compiler.h"
#include "base/lease.h"
#include "base/memory.h"
#include "publish/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static const char mark[] = ".remotewrite-sidecar.tmp-";
static const char spare_mark[] = ".remotewrite-sidecar.last-good";

/* The mark is followed by a number in hex; of the final name as much goes before it as fits. */
#define NUMBER_LENGTH 8
#define STEM_SIZE     (NAME_MAX + 1 - NUMBER_LENGTH)
#define STEM_NAME_MAX (STEM_SIZE - (int)sizeof(mark) - 1)

#define NAME_TRIES 16

int publish_failed(struct publish_error *error, const char *step, const char *folder,
                   const char *name, int number) {
    if (error != NULL) {
        const char *slash = folder[0] != '\0' && name[0] != '\0' ? "/" : "";
        error->step = step;
        error->wrong = NULL;
        snprintf(error->path, sizeof(error->path), "%s%s%s", folder, slash, name);
    }
    return -number;
}

int output_folder_open(const char *path, struct output_folder *ret, struct publish_error *error) {
    int descriptor = -1;

    do {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        return publish_failed(error, "opening the folder", path, "", errno);
    }
    *ret = (struct output_folder){.descriptor = descriptor, .path = path};
    return 0;
}

void output_folder_close(struct output_folder *folder) {
    if (folder->descriptor >= 0) {
        close(folder->descriptor);
        folder->descriptor = -1;
    }
}

static int sync_descriptor(int descriptor) {
    int result = 0;

    do {
        result = fsync(descriptor);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int output_folder_sync(const struct output_folder *folder, struct publish_error *error) {
    int result = sync_descriptor(folder->descriptor);

    if (result == 0 || result == -EINVAL || result == -ENOTSUP) {
        return 0;
    }
    return publish_failed(error, "syncing the folder", folder->path, "", -result);
}

int output_status(const struct output_folder *folder, const char *name, struct stat *ret,
                  struct publish_error *error) {
    int result = 0;

    do {
        result = fstatat(folder->descriptor, name, ret, AT_SYMLINK_NOFOLLOW);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return errno == ENOENT ? -ENOENT
                               : publish_failed(error, "looking at", folder->path, name, errno);
    }
    if (S_ISDIR(ret->st_mode)) {
        return publish_failed(error, "replacing the folder", folder->path, name, EISDIR);
    }
    if (!S_ISREG(ret->st_mode) && !S_ISLNK(ret->st_mode)) {
        return publish_failed(error, "replacing what is not a regular file", folder->path, name,
                              EINVAL);
    }
    return 0;
}

/* Reads on and compares; false also where it cannot be read: then it is written anew. */
static bool holds(int descriptor, struct bytes content) {
    char piece[16 * 1024];
    size_t offset = 0;
    bool same = true;

    while (same) {
        ssize_t got = read(descriptor, piece, sizeof(piece));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            same = got == 0 && offset == content.length;
            break;
        }
        same = bytes_equal((struct bytes){piece, (size_t)got},
                           bytes_slice(content, offset, offset + (size_t)got));
        offset += (size_t)got;
    }
    memory_erase(piece, sizeof(piece));
    return same;
}

bool output_is_same(const struct output_folder *folder, const char *name, const struct stat *status,
                    struct bytes content, mode_t mode) {
    const mode_t mode_bits = 07777;

    if (!S_ISREG(status->st_mode) || (status->st_mode & mode_bits) != mode || status->st_size < 0 ||
        (uintmax_t)status->st_size != content.length) {
        return false;
    }
    int descriptor =
        openat(folder->descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    bool same = holds(descriptor, content);
    close(descriptor);
    return same;
}

bool output_holds(const struct output_folder *folder, const char *name, struct bytes content) {
    struct stat status;
    int descriptor = -1;

    do {
        descriptor =
            openat(folder->descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        return false;
    }
    bool same = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0 &&
                (uintmax_t)status.st_size == content.length && holds(descriptor, content);
    close(descriptor);
    return same;
}

int descriptor_read(int descriptor, size_t limit, struct buffer *out) {
    const size_t piece = (size_t)64 << 10;
    size_t before = out->length;

    while (out->length - before <= limit) {
        ssize_t got = read(descriptor, buffer_reserve(out, piece), piece);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            return 0;
        }
        out->length += (size_t)got;
    }
    return -EFBIG;
}

/* The beginning that all temporary names for final share. */
static void temporary_stem(const char *final, char *out, size_t size) {
    snprintf(out, size, ".%.*s%s", STEM_NAME_MAX, final, mark);
}

bool temporary_is_one(const char *name, const char *final) {
    char stem[STEM_SIZE];

    if (final == NULL) {
        return name[0] == '.' && strstr(name, mark) != NULL;
    }
    temporary_stem(final, stem, sizeof(stem));
    return strncmp(name, stem, strlen(stem)) == 0;
}

/* Another one at each try. It only has to be free: who makes the file makes sure of that. */
static void temporary_name(const char *name, unsigned try, struct temporary *ret) {
    char stem[STEM_SIZE];
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number)) {
        number = try;
    }
    temporary_stem(name, stem, sizeof(stem));
    snprintf(ret->name, sizeof(ret->name), "%s%0*x", stem, NUMBER_LENGTH, number);
}

static int temporary_create(const struct output_folder *folder, const char *name,
                            struct temporary *temporary) {
    for (unsigned try = 0; try < NAME_TRIES; try++) {
        temporary_name(name, try, temporary);
        int descriptor = openat(folder->descriptor, temporary->name,
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (descriptor >= 0) {
            return descriptor;
        }
        if (errno != EEXIST && errno != EINTR) {
            return -errno;
        }
    }
    return -EEXIST;
}

static int write_all(int descriptor, struct bytes content) {
    while (content.length > 0) {
        ssize_t written = write(descriptor, content.data, content.length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? -errno : -EIO;
        }
        content = bytes_slice(content, (size_t)written, content.length);
    }
    return 0;
}

/* An unprivileged process may not give files away; the file is then its own, as every new one. */
static int take_over_owner(int descriptor, const struct stat *owner) {
    struct stat own;

    if (owner == NULL) {
        return 0;
    }
    if (fstat(descriptor, &own) < 0) {
        return -errno;
    }
    if (own.st_uid == owner->st_uid && own.st_gid == owner->st_gid) {
        return 0;
    }
    if (fchown(descriptor, owner->st_uid, owner->st_gid) < 0 && errno != EPERM) {
        return -errno;
    }
    return 0;
}

/* The mode comes after the owner: a change of owner takes bits away. */
static int set_attributes(int descriptor, const struct output_mode *mode, const char **ret_step) {
    if (mode->kept != NULL) {
        *ret_step = "keeping the attributes of";
        return attributes_copy(mode->kept->descriptor, descriptor, mode->kept->unkept);
    }
    *ret_step = "setting the owner of";
    int result = take_over_owner(descriptor, mode->owner);
    if (result < 0) {
        return result;
    }
    *ret_step = "setting the mode of";
    return fchmod(descriptor, mode->mode) < 0 ? -errno : 0;
}

/* 0, or negative errno and the step that failed. */
static int fill(int descriptor, struct bytes content, const struct output_mode *mode,
                const char **ret_step) {
    int result = 0;

    *ret_step = "writing";
    result = write_all(descriptor, content);
    if (result < 0) {
        return result;
    }
    result = set_attributes(descriptor, mode, ret_step);
    if (result < 0) {
        return result;
    }
    *ret_step = "syncing";
    return mode->sync_later ? 0 : sync_descriptor(descriptor);
}

int temporary_write(const struct output_folder *folder, const char *name, struct bytes content,
                    const struct output_mode *mode, struct temporary *ret,
                    struct publish_error *error) {
    const char *step = "creating a temporary file for";
    int descriptor = temporary_create(folder, name, ret);

    if (descriptor < 0) {
        return publish_failed(error, step, folder->path, name, -descriptor);
    }
    int result = fill(descriptor, content, mode, &step);
    /* Linux closes the descriptor whatever it returns; a network file system may still report here
     * that it lost bytes. */
    if (close(descriptor) < 0 && errno != EINTR && result == 0) {
        step = "closing";
        result = -errno;
    }
    if (result < 0) {
        temporary_remove(folder, ret);
        return publish_failed(error, step, folder->path, name, -result);
    }
    return 0;
}

int temporary_sync(const struct output_folder *folder, const struct temporary *temporary,
                   const char *name, struct publish_error *error) {
    int descriptor = -1;

    do {
        descriptor = openat(folder->descriptor, temporary->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    int result = descriptor < 0 ? -errno : sync_descriptor(descriptor);
    if (descriptor >= 0) {
        close(descriptor);
    }
    if (result < 0) {
        temporary_remove(folder, temporary);
        return publish_failed(error, "syncing", folder->path, name, -result);
    }
    return 0;
}

int output_folder_sync_all(const struct output_folder *folder) {
    int result = 0;

    do {
        result = syncfs(folder->descriptor);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int temporary_rename(const struct output_folder *folder, const struct temporary *temporary,
                     const char *name, struct publish_error *error) {
    int result = 0;

    do {
        result = renameat(folder->descriptor, temporary->name, folder->descriptor, name);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        int number = errno;
        temporary_remove(folder, temporary);
        return publish_failed(error, "renaming a temporary file to", folder->path, name, number);
    }
    return 0;
}

/* --- over what is expected only */

/* 0 or negative errno: the names are as they were. */
static int exchange(const struct output_folder *folder, const char *one, const char *other) {
    int result = 0;

    do {
        result = renameat2(folder->descriptor, one, folder->descriptor, other, RENAME_EXCHANGE);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

static bool cannot_exchange(int error) {
    return error == -EINVAL || error == -ENOSYS || error == -ENOTSUP || error == -EPERM;
}

static int not_expected(const struct output_folder *folder, const struct temporary *temporary,
                        const char *name, struct publish_error *error) {
    temporary_remove(folder, temporary);
    return publish_failed(error, "replacing what somebody has changed", folder->path, name,
                          ECANCELED);
}

/* Ours stands at name, and the temporary name has what came out: an edit that was not seen. It goes
 * back. Another edit that came over ours meanwhile comes out then: it is the newer one, and stays.
 */
static int give_back(const struct output_folder *folder, const struct temporary *temporary,
                     const char *name, const struct stat *ours, struct publish_error *error) {
    struct stat out;
    int result = exchange(folder, temporary->name, name);

    if (result < 0) {
        return temporary_rename(folder, temporary, name, error) == 0
                   ? not_expected(folder, temporary, name, error)
                   : result;
    }
    bool newer = fstatat(folder->descriptor, temporary->name, &out, AT_SYMLINK_NOFOLLOW) == 0 &&
                 !output_is_one_file(&out, ours);
    if (newer) {
        (void)exchange(folder, temporary->name, name);
    }
    return not_expected(folder, temporary, name, error);
}

/* What is to be replaced, with a read lease where there can be one: nobody has it open for writing
 * then, and who opens it from now on waits until it is closed here. */
struct replaced {
    int descriptor;
    bool leased;
};

static void replaced_close(struct replaced *replaced) {
    if (replaced->descriptor >= 0) {
        close(replaced->descriptor); /* gives the lease back */
        replaced->descriptor = -1;
    }
}

/* 0; -ECANCELED: it does not hold what is expected; -ETXTBSY: somebody is writing it. */
static int replaced_open(const struct output_folder *folder, const char *name,
                         struct bytes expected, struct replaced *ret) {
    int descriptor =
        openat(folder->descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (descriptor < 0) {
        return -ECANCELED;
    }
    ret->descriptor = descriptor;
    int lease = lease_take(descriptor);
    ret->leased = lease == 0;
    if (lease == -EAGAIN) {
        return -ETXTBSY;
    }
    return output_holds(folder, name, expected) ? 0 : -ECANCELED;
}

/* Does what stands at this name hold what was expected, for good? A writer that had found it by its
 * name before waits for the lease now, and would write to what nobody reads any more. */
static bool is_as_expected(const struct output_folder *folder, const char *name,
                           struct bytes expected, const struct replaced *replaced) {
    return output_holds(folder, name, expected) &&
           !(replaced->leased && lease_is_wanted(replaced->descriptor));
}

/* Where the file system cannot exchange (NFS, some on FUSE): what comes out is not seen again, so
 * that it is looked at right before. */
static int rename_over(const struct output_folder *folder, const struct temporary *temporary,
                       const char *name, struct bytes expected, const struct replaced *replaced,
                       struct publish_error *error) {
    return is_as_expected(folder, name, expected, replaced)
               ? temporary_rename(folder, temporary, name, error)
               : not_expected(folder, temporary, name, error);
}

static int exchange_over(const struct output_folder *folder, const struct temporary *temporary,
                         const char *name, struct bytes expected, const struct replaced *replaced,
                         struct publish_error *error) {
    struct stat ours;

    if (fstatat(folder->descriptor, temporary->name, &ours, AT_SYMLINK_NOFOLLOW) < 0) {
        int number = errno;
        temporary_remove(folder, temporary);
        return publish_failed(error, "looking at a temporary file for", folder->path, name, number);
    }
    int result = exchange(folder, temporary->name, name);
    if (cannot_exchange(result)) {
        return rename_over(folder, temporary, name, expected, replaced, error);
    }
    if (result == -ENOENT) {
        return not_expected(folder, temporary, name, error);
    }
    if (result < 0) {
        temporary_remove(folder, temporary);
        return publish_failed(error, "exchanging a temporary file with", folder->path, name,
                              -result);
    }
    if (!is_as_expected(folder, temporary->name, expected, replaced)) {
        return give_back(folder, temporary, name, &ours, error);
    }
    temporary_remove(folder, temporary);
    return 0;
}

int temporary_rename_over(const struct output_folder *folder, const struct temporary *temporary,
                          const char *name, struct bytes expected, struct publish_error *error) {
    CLEANUP(replaced_close) struct replaced replaced = {.descriptor = -1};
    int result = replaced_open(folder, name, expected, &replaced);

    if (result == -ETXTBSY) {
        temporary_remove(folder, temporary);
        return publish_failed(error, "replacing what a process has open for writing", folder->path,
                              name, ETXTBSY);
    }
    if (result < 0) {
        return not_expected(folder, temporary, name, error);
    }
    return exchange_over(folder, temporary, name, expected, &replaced, error);
}

/* --- a second name */

bool output_is_one_file(const struct stat *left, const struct stat *right) {
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino;
}

void spare_name(const char *name, struct spare *ret) {
    snprintf(ret->name, sizeof(ret->name), ".%.*s%s", STEM_NAME_MAX, name, spare_mark);
}

bool publish_is_own_name(const char *name) {
    return temporary_is_one(name, NULL) ||
           (name[0] == '.' && bytes_ends_with(bytes_of(name), bytes_of(spare_mark)));
}

static int temporary_link(const struct output_folder *folder, const char *name,
                          const struct spare *spare, struct temporary *ret) {
    int result = -1;

    for (unsigned try = 0; try < NAME_TRIES && result < 0; try++) {
        temporary_name(name, try, ret);
        result = linkat(folder->descriptor, spare->name, folder->descriptor, ret->name, 0);
        if (result < 0 && errno != EEXIST && errno != EINTR) {
            return -errno;
        }
    }
    return result < 0 ? -EEXIST : 0;
}

/* A person may have changed what their file has since the spare was made of it. */
static bool spare_keeps(const struct output_folder *folder, const struct temporary *temporary,
                        const struct kept_file *kept) {
    if (kept == NULL) {
        return true;
    }
    int descriptor =
        openat(folder->descriptor, temporary->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    int error = attributes_copy(kept->descriptor, descriptor, kept->unkept);
    close(descriptor);
    return error == 0;
}

bool temporary_from_spare(const struct output_folder *folder, const char *name,
                          struct bytes content, const struct output_mode *mode,
                          const struct stat *present, struct temporary *ret) {
    const mode_t bits = mode->kept != NULL ? mode->kept->mode : mode->mode;
    struct stat status;
    struct spare spare = {.name = ""};

    spare_name(name, &spare);
    if (fstatat(folder->descriptor, spare.name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        !output_is_same(folder, spare.name, &status, content, bits)) {
        return false;
    }
    if (present != NULL && output_is_one_file(present, &status)) {
        return false; /* to rename a file to itself does nothing, and leaves both names */
    }
    if (temporary_link(folder, name, &spare, ret) < 0) {
        return false;
    }
    /* Under a name that nobody else knows: what was looked at is what it is. */
    if (fstatat(folder->descriptor, ret->name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        !output_is_same(folder, ret->name, &status, content, bits) ||
        !spare_keeps(folder, ret, mode->kept)) {
        temporary_remove(folder, ret);
        return false;
    }
    return true;
}

void temporary_remove(const struct output_folder *folder, const struct temporary *temporary) {
    int result = 0;

    /* What cannot be removed now is removed by secrets_prune or temporaries_remove. */
    do {
        result = unlinkat(folder->descriptor, temporary->name, 0);
    } while (result < 0 && errno == EINTR);
}
