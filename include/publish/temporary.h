/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PUBLISH_TEMPORARY_H
#define SIDECAR_PUBLISH_TEMPORARY_H

/* The way a file comes to the disk: written in full beside its place and synced, then renamed. */

#include "base/bytes.h"
#include "publish/publish.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* A folder that is being written to. */
struct output_folder {
    int descriptor;
    const char *path; /* for messages */
};

/* -ENOENT, ... with error filled in. */
int output_folder_open(const char *path, struct output_folder *ret, struct publish_error *error);
void output_folder_close(struct output_folder *folder);

/* Makes renames last. File systems that cannot sync a folder are taken as they are. 0 or negative
 * errno. */
int output_folder_sync(const struct output_folder *folder, struct publish_error *error);

/* What stands at name: its status (a link's own). -ENOENT: nothing; -EISDIR, -EINVAL: something
 * that is no file and is left alone. */
int output_status(const struct output_folder *folder, const char *name, struct stat *ret,
                  struct publish_error *error);

/* True when the regular file with this status holds exactly these bytes, with this mode. */
bool output_is_same(const struct output_folder *folder, const char *name, const struct stat *status,
                    struct bytes content, mode_t mode);

/* True when name is a regular file of these bytes; false also where it cannot be read. */
bool output_holds(const struct output_folder *folder, const char *name, struct bytes content);

/* Appends the rest of the file. 0; -EFBIG: more than limit bytes; errno. */
int descriptor_read(int descriptor, size_t limit, struct buffer *out);

/* Two statuses of one file, under whatever names. */
bool output_is_one_file(const struct stat *left, const struct stat *right);

struct temporary {
    char name[NAME_MAX + 1];
};

/* A person's file, whose attributes stay (publish/attributes.h). */
struct kept_file {
    int descriptor;
    mode_t mode;
    const char **unkept; /* set: what could not be kept; NULL: nothing */
};

/* How a file is written. */
struct output_mode {
    mode_t mode;
    const struct stat *owner; /* the file that it will replace, whose owner it takes over where that
                                 is allowed; or NULL */
    bool sync_later;          /* temporary_sync or output_folder_sync_all follows */
    const struct kept_file *kept; /* the person's file that it will replace: instead of mode and
                                     owner; or NULL */
};

/* Writes a temporary file for name and syncs it. On failure no file is left. 0 or negative errno.
 */
int temporary_write(const struct output_folder *folder, const char *name, struct bytes content,
                    const struct output_mode *mode, struct temporary *ret,
                    struct publish_error *error);

/* Syncs one that was written with sync_later; on failure it is removed. 0 or negative errno. */
int temporary_sync(const struct output_folder *folder, const struct temporary *temporary,
                   const char *name, struct publish_error *error);

/* Syncs all that was written to the folder's file system. For many files a tenth of the time that
 * syncing each takes, but other processes' writes are waited for as well. 0 or negative errno. */
int output_folder_sync_all(const struct output_folder *folder);

/* Lets it take its place; on failure it is removed. 0 or negative errno. */
int temporary_rename(const struct output_folder *folder, const struct temporary *temporary,
                     const char *name, struct publish_error *error);

/* The same where name holds the expected bytes and nobody writes it; else -ECANCELED, -ETXTBSY
 * (file_publish_over). */
int temporary_rename_over(const struct output_folder *folder, const struct temporary *temporary,
                          const char *name, struct bytes expected, struct publish_error *error);

void temporary_remove(const struct output_folder *folder, const struct temporary *temporary);

/* The name under which spare_keep keeps what stands at name. */
struct spare {
    char name[NAME_MAX + 1];
};

void spare_name(const char *name, struct spare *ret);

/* As temporary_write, but out of the spare of name, which needs no room: it has to hold these bytes
 * with this mode, and not to be what stands at name (the file with the status present; NULL:
 * nothing). False: it does not, or it cannot be linked; no file is left. */
bool temporary_from_spare(const struct output_folder *folder, const char *name,
                          struct bytes content, const struct output_mode *mode,
                          const struct stat *present, struct temporary *ret);

/* One file, as file_publish and private_publish write it. */
struct output_change {
    struct bytes content;
    mode_t mode;
    const struct bytes *expected; /* only over a file that holds these; NULL: whatever is there */
    bool keeps_owner;             /* the new file has the old one's owner, where that is allowed */
    bool keeps_attributes;        /* it is a person's: mode, owner, access control list, ... */
    bool replaces_links;          /* else one in the file's place is an error */
    bool uses_spare;              /* out of its spare, where that holds the content */
    struct publish_debt *debt;
};

/* Brings name to what is wanted. Results as file_publish has them. */
int output_publish(const struct output_folder *folder, const char *name,
                   const struct output_change *change, struct publish_error *error,
                   bool *ret_written);

/* Does the name look like that of a temporary file for final? NULL: for any file. */
bool temporary_is_one(const char *name, const char *final);

/* Fills *error in (where there is one) with "folder/name" and returns -number. */
int publish_failed(struct publish_error *error, const char *step, const char *folder,
                   const char *name, int number);

#endif
