/* SPDX-License-Identifier: Apache-2.0 */

/* Folders that are not there yet. */

#include "publish/publish.h"

#include "base/compiler.h"
#include "publish/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who may read the files may look them up. The owner makes them, even where they are read-only. */
static mode_t mode_around(mode_t mode_of_files) {
    const mode_t reads = S_IRUSR | S_IRGRP | S_IROTH;
    const mode_t permissions = S_IRWXU | S_IRWXG | S_IRWXO;
    const unsigned from_read_to_execute = 2;

    return S_IRWXU | (mode_of_files & permissions) |
           ((mode_of_files & reads) >> from_read_to_execute);
}

/* Exactly, whatever the umask; but the group that a new folder took over from the one above it goes
 * on being taken over. */
static int set_mode(const char *path, mode_t mode, struct publish_error *error) {
    CLEANUP(output_folder_close) struct output_folder folder = {.descriptor = -1};
    const mode_t permissions = S_IRWXU | S_IRWXG | S_IRWXO;
    struct stat status;

    int result = output_folder_open(path, &folder, error);
    if (result < 0) {
        return result;
    }
    if (fstat(folder.descriptor, &status) < 0) {
        return publish_failed(error, "looking at", path, "", errno);
    }
    if ((status.st_mode & permissions) != mode &&
        fchmod(folder.descriptor, mode | (status.st_mode & S_ISGID)) < 0) {
        return publish_failed(error, "setting the mode of", path, "", errno);
    }
    return 0;
}

/* A new folder lasts when the one above it is synced. */
static int sync_parent(char *path, struct publish_error *error) {
    char *slash = strrchr(path, '/');
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;
    struct output_folder folder;

    if (slash != NULL) {
        *slash = '\0';
    }
    int result = output_folder_open(parent, &folder, error);
    if (result == 0) {
        result = output_folder_sync(&folder, error);
        output_folder_close(&folder);
    }
    if (slash != NULL) {
        *slash = '/';
    }
    return result;
}

/* Path has no slash at its end. */
static int ensure_one(char *path, mode_t mode, struct publish_error *error) {
    struct stat status;

    if (stat(path, &status) == 0) {
        return S_ISDIR(status.st_mode)
                   ? 0
                   : publish_failed(error, "making the folder", path, "", ENOTDIR);
    }
    if (errno != ENOENT) {
        return publish_failed(error, "looking at", path, "", errno);
    }
    bool made = mkdir(path, mode) == 0;
    if (!made && errno != EEXIST) {
        return publish_failed(error, "making the folder", path, "", errno);
    }
    int result = made ? set_mode(path, mode, error) : 0;
    if (result == 0) {
        result = sync_parent(path, error);
    }
    if (result < 0 && made) {
        (void)rmdir(path); /* so that the next try makes, and syncs, it anew */
    }
    return result;
}

int directory_ensure(const char *path, mode_t mode_of_files, struct publish_error *error) {
    const mode_t mode = mode_around(mode_of_files);
    char partial[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(partial)) {
        return publish_failed(error, "making the folder", path, "", ENAMETOOLONG);
    }
    memcpy(partial, path, length + 1);
    for (size_t at = 1; at <= length; at++) {
        bool ends_component = (partial[at] == '/' || partial[at] == '\0') && partial[at - 1] != '/';
        if (!ends_component) {
            continue;
        }
        char end = partial[at];
        partial[at] = '\0';
        int result = ensure_one(partial, mode, error);
        partial[at] = end;
        if (result < 0) {
            return result;
        }
    }
    return 0;
}
