/* SPDX-License-Identifier: Apache-2.0 */

/* One file: the merged config. */

#include "publish/publish.h"

#include "base/compiler.h"
#include "publish/clean.h"
#include "publish/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const mode_t mode_bits = 07777;

/* Where a path really is: a folder and a name in it, without a link in the name's place. */
struct target {
    char path[PATH_MAX]; /* cut apart: folder and name point into it */
    const char *folder;
    const char *name;
};

static int target_split(struct target *target, struct publish_error *error) {
    char *slash = strrchr(target->path, '/');

    target->folder = slash == NULL ? "." : slash == target->path ? "/" : target->path;
    target->name = slash == NULL ? target->path : slash + 1;
    if (slash != NULL) {
        *slash = '\0';
    }
    if (target->name[0] == '\0') {
        return publish_failed(error, "replacing the folder", target->folder, "", EISDIR);
    }
    return 0;
}

/* Follows a link at path. -ENOENT when it leads to nothing. */
static int target_resolve(const char *path, struct target *ret, struct publish_error *error) {
    struct stat status = {0};

    if (strlen(path) >= sizeof(ret->path)) {
        return publish_failed(error, "looking at", path, "", ENAMETOOLONG);
    }
    if (lstat(path, &status) < 0 && errno != ENOENT) {
        return publish_failed(error, "looking at", path, "", errno);
    }
    if (!S_ISLNK(status.st_mode)) {
        memcpy(ret->path, path, strlen(path) + 1);
    } else if (realpath(path, ret->path) == NULL) {
        return publish_failed(error, "following the link", path, "", errno);
    }
    return target_split(ret, error);
}

static int write_and_rename(const struct output_folder *folder, const char *name,
                            const struct output_change *change, const struct output_mode *how,
                            const struct stat *old, struct publish_error *error) {
    struct temporary temporary;

    if (!change->uses_spare ||
        !temporary_from_spare(folder, name, change->content, how, old, &temporary)) {
        int result = temporary_write(folder, name, change->content, how, &temporary, error);
        if (result < 0) {
            return result;
        }
    }
    return change->expected != NULL
               ? temporary_rename_over(folder, &temporary, name, *change->expected, error)
               : temporary_rename(folder, &temporary, name, error);
}

/* A person's file is replaced by one with its attributes. */
static int replace_kept(const struct output_folder *folder, const char *name,
                        const struct output_change *change, const struct stat *old,
                        struct publish_debt *debt, struct publish_error *error) {
    int descriptor =
        openat(folder->descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (descriptor < 0) {
        return publish_failed(error, "opening", folder->path, name, errno);
    }
    const struct kept_file kept = {
        .descriptor = descriptor, .mode = old->st_mode & mode_bits, .unkept = &debt->unkept};
    const struct output_mode how = {.kept = &kept};
    int result = write_and_rename(folder, name, change, &how, old, error);
    close(descriptor);
    return result;
}

static int replace(const struct output_folder *folder, const char *name,
                   const struct output_change *change, const struct stat *old,
                   struct publish_debt *debt, struct publish_error *error) {
    const struct output_mode how = {.mode = change->mode,
                                    .owner = change->keeps_owner ? old : NULL};

    return change->keeps_attributes && old != NULL
               ? replace_kept(folder, name, change, old, debt, error)
               : write_and_rename(folder, name, change, &how, old, error);
}

int output_publish(const struct output_folder *folder, const char *name,
                   const struct output_change *change, struct publish_error *error,
                   bool *ret_written) {
    struct publish_debt unkept = {0};
    struct publish_debt *debt = change->debt != NULL ? change->debt : &unkept;
    struct stat old = {0};
    int result = output_status(folder, name, &old, error);

    if (result == 0 && S_ISLNK(old.st_mode) && !change->replaces_links) {
        /* It was none a moment ago: somebody is at work here. */
        result = publish_failed(error, "replacing the link", folder->path, name, EBUSY);
        if (error != NULL) {
            error->wrong = "it was a file a moment ago: it is tried again";
        }
        return result;
    }
    if (result < 0 && result != -ENOENT) {
        return result;
    }
    bool is_file = result == 0 && S_ISREG(old.st_mode);
    const mode_t mode = change->keeps_attributes ? old.st_mode & mode_bits : change->mode;
    bool same = is_file && output_is_same(folder, name, &old, change->content, mode);
    if (!same) {
        result = replace(folder, name, change, is_file ? &old : NULL, debt, error);
        if (result < 0) {
            return result;
        }
        debt->sync = true;
    }
    result = debt->sync ? output_folder_sync(folder, error) : 0;
    if (result < 0) {
        return result;
    }
    debt->sync = false;
    if (ret_written != NULL) {
        *ret_written = !same;
    }
    return 0;
}

/* Where path leads to, and its folder, opened. */
static int target_open(const char *path, struct target *ret, struct output_folder *ret_folder,
                       struct publish_error *error) {
    int result = target_resolve(path, ret, error);

    return result == 0 ? output_folder_open(ret->folder, ret_folder, error) : result;
}

static int publish(const char *path, const struct output_change *change,
                   struct publish_error *error, bool *ret_written) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    struct target target = {.folder = "", .name = ""};
    int result = target_open(path, &target, &folder, error);

    return result == 0 ? output_publish(&folder, target.name, change, error, ret_written) : result;
}

int file_publish(const char *path, struct bytes content, mode_t mode, struct publish_debt *debt,
                 struct publish_error *error, bool *ret_written) {
    const struct output_change change = {
        .content = content, .mode = mode, .keeps_owner = true, .uses_spare = true, .debt = debt};

    return publish(path, &change, error, ret_written);
}

int file_publish_over(const char *path, struct bytes expected, struct bytes content,
                      struct publish_debt *debt, struct publish_error *error, bool *ret_written) {
    const struct output_change change = {.content = content,
                                         .expected = &expected,
                                         .keeps_attributes = true,
                                         .uses_spare = true,
                                         .debt = debt};

    return publish(path, &change, error, ret_written);
}

int file_read_back(const char *path, size_t limit, struct buffer *out,
                   struct publish_error *error) {
    struct stat status;
    int result = 0;
    int descriptor = -1;

    do {
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        return publish_failed(error, "opening", path, "", errno);
    }
    if (fstat(descriptor, &status) < 0) {
        result = -errno;
    } else {
        result = S_ISREG(status.st_mode) ? descriptor_read(descriptor, limit, out) : -EINVAL;
    }
    close(descriptor);
    return result < 0 ? publish_failed(error, "reading", path, "", -result) : 0;
}

/* --- a second name */

/* A failed publishing is tried again and again: what is kept already stays untouched. */
static bool is_kept(const struct output_folder *folder, const char *name, const char *spare) {
    struct stat status;
    struct stat kept;

    return fstatat(folder->descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(folder->descriptor, spare, &kept, AT_SYMLINK_NOFOLLOW) == 0 &&
           output_is_one_file(&status, &kept);
}

int spare_keep(const char *path, struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    struct target target = {.name = ""};
    struct spare spare = {.name = ""};
    int result = target_open(path, &target, &folder, error);

    if (result < 0) {
        return result;
    }
    spare_name(target.name, &spare);
    if (is_kept(&folder, target.name, spare.name)) {
        return 0;
    }
    result = output_remove_file(&folder, spare.name, error);
    if (result < 0) {
        return result;
    }
    do {
        result = linkat(folder.descriptor, target.name, folder.descriptor, spare.name, 0);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? publish_failed(error, "keeping", target.folder, target.name, errno) : 0;
}

int spare_remove(const char *path, struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    struct target target = {.folder = "", .name = ""};
    struct spare spare = {.name = ""};
    int result = target_open(path, &target, &folder, error);

    if (result < 0) {
        return result == -ENOENT ? 0 : result;
    }
    spare_name(target.name, &spare);
    result = output_remove_file(&folder, spare.name, error);
    return result < 0 ? result : 0;
}

/* --- what a killed process left */

static bool is_temporary_of(const char *name, const void *final) {
    return temporary_is_one(name, final);
}

int temporaries_remove(const char *path, struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    struct target target = {.folder = "", .name = ""};
    int result = target_open(path, &target, &folder, error);

    if (result < 0) {
        return result == -ENOENT ? 0 : result;
    }
    return output_remove(&folder, is_temporary_of, target.name, error, NULL);
}
