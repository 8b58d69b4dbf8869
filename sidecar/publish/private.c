/* SPDX-License-Identifier: Apache-2.0 */

/* Files that are ours alone. Others may write to the folder that ours is in: what stands in its
 * place, or in a file's, may have been put there by them. */

#include "publish/publish.h"

#include "base/compiler.h"
#include "publish/clean.h"
#include "publish/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE   0600

/* It failed for a reason that errno does not tell. */
static int refuse(struct publish_error *error, const char *step, const char *folder,
                  const char *name, const char *wrong, int number) {
    int result = publish_failed(error, step, folder, name, number);

    if (error != NULL) {
        error->wrong = wrong;
    }
    return result;
}

/* 0, or why the opened folder is not ours alone. */
static int folder_judge(const struct output_folder *folder, struct publish_error *error) {
    struct stat status;

    if (fstat(folder->descriptor, &status) < 0) {
        return publish_failed(error, "looking at the folder", folder->path, "", errno);
    }
    if (status.st_uid != geteuid()) {
        return refuse(error, "using the folder", folder->path, "",
                      "it is another user's; remove it, or give it to the sidecar's user", EPERM);
    }
    if ((status.st_mode & S_IWOTH) != 0) {
        return refuse(error, "using the folder", folder->path, "",
                      "everybody may write to it; remove it, or set its mode to 0700", EPERM);
    }
    if ((status.st_mode & S_IWGRP) != 0 && fchmod(folder->descriptor, FOLDER_MODE) < 0) {
        return publish_failed(error, "setting the mode of the folder", folder->path, "", errno);
    }
    return 0;
}

static int folder_open(const char *path, struct output_folder *ret, struct publish_error *error) {
    struct output_folder folder = {.descriptor = -1, .path = path};

    do {
        folder.descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    } while (folder.descriptor < 0 && errno == EINTR);
    if (folder.descriptor < 0 && (errno == ENOTDIR || errno == ELOOP)) {
        return refuse(error, "opening the folder", path, "",
                      "a link or a file stands in its place; remove it", ENOTDIR);
    }
    if (folder.descriptor < 0) {
        return publish_failed(error, "opening the folder", path, "", errno);
    }
    int result = folder_judge(&folder, error);
    if (result < 0) {
        output_folder_close(&folder);
        return result;
    }
    *ret = folder;
    return 0;
}

int private_publish(const char *directory, const char *name, struct bytes content,
                    struct publish_debt *debt, struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    const struct output_change change = {
        .content = content, .mode = FILE_MODE, .replaces_links = true, .debt = debt};

    if (mkdir(directory, FOLDER_MODE) < 0 && errno != EEXIST) {
        return publish_failed(error, "making the folder", directory, "", errno);
    }
    int result = folder_open(directory, &folder, error);
    return result == 0 ? output_publish(&folder, name, &change, error, NULL) : result;
}

/* --- reading */

/* NULL, or why the opened file may be somebody else's. */
static const char *file_fault(const struct stat *status) {
    if (!S_ISREG(status->st_mode)) {
        return "it is no regular file; remove it";
    }
    if (status->st_uid != geteuid()) {
        return "it is another user's; remove it, or give it to the sidecar's user";
    }
    if ((status->st_mode & S_IWOTH) != 0) {
        return "everybody may write to it; remove it";
    }
    return NULL;
}

static int judge_opened(int descriptor, const struct output_folder *folder, const char *name,
                        const char *step, struct publish_error *error) {
    struct stat status;

    if (fstat(descriptor, &status) < 0) {
        return publish_failed(error, "looking at", folder->path, name, errno);
    }
    const char *wrong = file_fault(&status);
    return wrong != NULL ? refuse(error, step, folder->path, name, wrong, EINVAL) : 0;
}

static int read_opened(int descriptor, const struct output_folder *folder, const char *name,
                       size_t limit, struct buffer *out, struct publish_error *error) {
    int result = judge_opened(descriptor, folder, name, "reading", error);

    if (result < 0) {
        return result;
    }
    result = descriptor_read(descriptor, limit, out);
    return result < 0 ? publish_failed(error, "reading", folder->path, name, -result) : 0;
}

int private_read(const char *directory, const char *name, size_t limit, struct buffer *out,
                 struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    int descriptor = -1;
    int result = folder_open(directory, &folder, error);

    if (result < 0) {
        return result;
    }
    do { /* never waits, as for a pipe */
        descriptor =
            openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0 && errno == ELOOP) {
        return refuse(error, "reading", directory, name, "it is a link; remove it", EINVAL);
    }
    if (descriptor < 0) {
        return publish_failed(error, "opening", directory, name, errno);
    }
    result = read_opened(descriptor, &folder, name, limit, out, error);
    close(descriptor);
    return result;
}

/* --- keeping open */

int private_open(const char *directory, const char *name, int access, int *ret,
                 struct publish_error *error) {
    const int flags = access | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    int descriptor = -1;

    if (mkdir(directory, FOLDER_MODE) < 0 && errno != EEXIST) {
        return publish_failed(error, "making the folder", directory, "", errno);
    }
    int result = folder_open(directory, &folder, error);
    if (result < 0) {
        return result;
    }
    do {
        descriptor = openat(folder.descriptor, name, flags, FILE_MODE);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        return publish_failed(error, "opening", directory, name, errno);
    }
    result = judge_opened(descriptor, &folder, name, "opening", error);
    if (result < 0) {
        close(descriptor);
        return result;
    }
    *ret = descriptor;
    return 0;
}

int private_remove(const char *directory, const char *name, struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    int result = folder_open(directory, &folder, error);

    if (result == 0 && unlinkat(folder.descriptor, name, 0) < 0) {
        result = publish_failed(error, "removing", directory, name, errno);
    }
    return result == -ENOENT ? 0 : result;
}

/* --- putting in order */

int private_rename(const char *directory, const char *name, const char *other,
                   struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    int result = folder_open(directory, &folder, error);

    if (result < 0) {
        return result == -ENOENT ? 0 : result;
    }
    do {
        result = renameat(folder.descriptor, name, folder.descriptor, other);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return errno == ENOENT ? 0 : publish_failed(error, "renaming", directory, name, errno);
    }
    return output_folder_sync(&folder, error);
}

static bool is_temporary_of(const char *name, const void *final) {
    return temporary_is_one(name, final);
}

int private_clean(const char *directory, const char *name, struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    int result = folder_open(directory, &folder, error);

    if (result < 0) {
        return result == -ENOENT ? 0 : result;
    }
    return output_remove(&folder, is_temporary_of, name, error, NULL);
}
