/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PUBLISH_PUBLISH_H
#define SIDECAR_PUBLISH_PUBLISH_H

/*
 * Brings the disk to the desired state, atomically: every write is a temporary file in the same folder, fsync, rename,
 * fsync of the folder. Bytes that are there already are not written. A reader sees the old file or the new one.
 */

#include "base/bytes.h"
#include "compile/secret_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The step that failed, for the message: "creating", "writing", "syncing", "renaming", ... and on what. */
struct publish_error {
    const char *step; /* static */
    char path[4096];
};

/*
 * Writes content to path with this mode (set exactly, whatever the umask) unless it holds these bytes and has this
 * mode. A symbolic link at path is replaced, not followed, unless follow_link (in-place editing of a base config
 * that is a link: the link's target is replaced).
 * 0; negative errno, with *error filled in, the old file untouched and no temporary file left. *ret_written (may be
 * NULL) says whether anything was written.
 */
int file_publish(const char *path, struct bytes content, mode_t mode, struct publish_error *error, bool *ret_written);

/* Makes the directory (and its parents) where absent, mode 0750 less what umask takes; 0 or negative errno. */
int directory_ensure(const char *path, struct publish_error *error);

/* Every file as by file_publish in directory (made when needed and count > 0). Goes on after a failure and returns
 * the first one. *ret_written: how many changed. */
int secrets_publish(const char *directory, const struct secret_file *files, size_t count, mode_t mode,
                    struct publish_error *error, size_t *ret_written);

/* Removes from directory every regular file that files does not name, and left-over temporary files. A directory
 * that is absent is fine. Files of others (not named as secrets_publish names, i.e. without the `_` pattern
 * NAMESPACE_NAME_FIELD) are left alone. 0 or the first negative errno. */
int secrets_prune(const char *directory, const struct secret_file *files, size_t count, struct publish_error *error,
                  size_t *ret_removed);

/* Removes temporary files that a killed process left beside path. 0 or negative errno. */
int temporaries_remove(const char *path, struct publish_error *error);

#endif
