/* SPDX-License-Identifier: Apache-2.0 */

/* Folders that are not there yet. */

#include "publish/publish.h"

#include "publish/temporary.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const mode_t directory_mode = 0750;

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
static int ensure_one(char *path, struct publish_error *error) {
    struct stat status;

    if (stat(path, &status) == 0) {
        return S_ISDIR(status.st_mode)
                   ? 0
                   : publish_failed(error, "making the folder", path, "", ENOTDIR);
    }
    if (errno != ENOENT) {
        return publish_failed(error, "looking at", path, "", errno);
    }
    bool made = mkdir(path, directory_mode) == 0;
    if (!made && errno != EEXIST) {
        return publish_failed(error, "making the folder", path, "", errno);
    }
    int result = sync_parent(path, error);
    if (result < 0 && made) {
        (void)rmdir(path); /* so that the next try makes, and syncs, it anew */
    }
    return result;
}

int directory_ensure(const char *path, struct publish_error *error) {
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
        int result = ensure_one(partial, error);
        partial[at] = end;
        if (result < 0) {
            return result;
        }
    }
    return 0;
}
