/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PUBLISH_PUBLISH_H
#define SIDECAR_PUBLISH_PUBLISH_H

/*
 * Brings the disk to the desired state, atomically: every write is a temporary file in the same
 * folder, fsync, rename, fsync of the folder. Bytes that are there already are not written. A
 * reader sees the old file or the new one.
 *
 * Everything here blocks for as long as the disk takes.
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "compile/secret_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The step that failed, for the message: "writing", "syncing", "renaming a temporary file to", ...
 * and on what. Filled in only on failure; may be NULL where the caller does not care. */
struct publish_error {
    const char *step;  /* static */
    const char *wrong; /* static: what stands in the way, and what to do; NULL: errno tells */
    char path[4096];   /* cut where it is longer */
};

/* What one call leaves to the next: files took their place, and their folder could not be synced.
 * One for each file, or folder of secret files, that is published again and again; zeroed at the
 * beginning. Where it is NULL nothing is made up for. */
struct publish_debt {
    bool sync;
    const char *unkept; /* of a person's file: "owner", "access control list", ..., where the last
                           writing could not keep it; static; NULL: it has what it had */
};

/*
 * Writes content to path with this mode (set exactly, whatever the umask) unless it holds these
 * bytes and has this mode. Where path is a symbolic link to a regular file, that file is replaced
 * (beside itself) and the link stays: a base config that is edited in place may be one. The new
 * file has the old one's owner where that is allowed (root).
 *
 * 0; negative errno, with *error filled in, the old file untouched and no temporary file left.
 * Among them: -ENOENT: the folder is absent, or path is a link that leads to nothing; -EISDIR: a
 * folder; -EINVAL: another thing that is not a regular file. One exception: when only the fsync of
 * the folder fails ("syncing the folder"), the new file is in place; debt->sync then says so, and
 * the next call with that debt syncs, also where the bytes are the same. *ret_written (may be NULL)
 * says whether anything was written; set on success only.
 */
int file_publish(const char *path, struct bytes content, mode_t mode, struct publish_debt *debt,
                 struct publish_error *error, bool *ret_written);

/*
 * Gives the file at path (what it leads to, where it is a link) a second name beside it, in the
 * place of one that it has kept before: its spare. It outlasts that another file takes its place;
 * until it is removed it keeps the room that it has. From then on file_publish and
 * file_publish_over take it where it holds what they are to write, and leave it its second name:
 * that works on a full disk, too.
 *
 * 0 or negative errno: there is no spare now. Among them -EPERM, -ENOTSUP, -EMLINK: the file system
 * has no second names, or gives none for this file.
 */
int spare_keep(const char *path, struct publish_error *error);

/* Removes it; one that is absent is fine, and so is an absent folder. 0 or negative errno. */
int spare_remove(const char *path, struct publish_error *error);

/*
 * As file_publish, but over a person's file, which keeps its mode, owner, group, access control
 * list, SELinux label and user.* attributes as far as the process may set them (debt->unkept), and
 * only where it holds the expected bytes: -ECANCELED, with everything
 * as it was, where it holds others (or content already: 0); -ETXTBSY, the same, where a process has
 * it open for writing and that can be told (base/lease.h). Nobody's edit is lost, however late it
 * comes, where the file system can exchange two names; else one that comes between the last look
 * and the rename is.
 */
int file_publish_over(const char *path, struct bytes expected, struct bytes content,
                      struct publish_debt *debt, struct publish_error *error, bool *ret_written);

/* Appends what path holds to out; links are followed. 0; -EFBIG: more than limit bytes; -EINVAL: no
 * regular file; errno. */
int file_read_back(const char *path, size_t limit, struct buffer *out, struct publish_error *error);

/* Makes the directory (and its parents) where absent: for files of this mode, so that who may read
 * them may look them up (0640 gives 0750, whatever the umask). One that is there is left as it is.
 * 0 or negative errno (-ENOTDIR: something else stands there). */
int directory_ensure(const char *path, mode_t mode_of_files, struct publish_error *error);

/*
 * Every file as by file_publish in directory (made when needed and count > 0, for files of this
 * mode), but all are written and synced before the first is renamed, the folder is synced once, and
 * a symbolic link in a file's place is replaced, never followed. Goes on after a failure and
 * returns the first one
 * (-EINVAL: a name that is not one plain path component). *ret_written (may be NULL; set in any
 * case): how many changed.
 */
int secrets_publish(const char *directory, const struct secret_file *files, size_t count,
                    mode_t mode, struct publish_debt *debt, struct publish_error *error,
                    size_t *ret_written);

/* True where directory has a regular file for each of them, whatever it holds. */
bool secrets_exist(const char *directory, const struct secret_file *files, size_t count);

/*
 * Removes from directory every regular file named as secret files are (NAMESPACE_NAME_FIELD) that
 * files does not name, and left-over temporary files. Other files, folders and links are left
 * alone. A directory that is absent is fine. 0 or the first negative errno. *ret_removed (may be
 * NULL; set in any case): how many secret files were removed.
 */
int secrets_prune(const char *directory, const struct secret_file *files, size_t count,
                  struct publish_error *error, size_t *ret_removed);

/* Whether it is the name of a file that publish makes for itself: a temporary file, a spare. What
 * becomes of such a one is no news to who watches the folder. */
bool publish_is_own_name(const char *name);

/* Removes temporary files that a killed process left beside path (beside what it leads to, where it
 * is a link). A folder that is absent is fine. 0 or negative errno. */
int temporaries_remove(const char *path, struct publish_error *error);

/* --- a folder of our own ---------------------------------------------------------------------- */

/*
 * Files that are ours alone (0600), in a folder that is (0700). No link is followed, neither in the
 * folder's place nor in a file's. A folder that is none, is another user's, or may be written to by
 * everybody is not used: -ENOTDIR or -EPERM, with error->wrong. Where only its group may write to
 * it, as kubelet's fsGroup leaves it, that is taken back.
 */

/* Writes content to name in directory, which is made where it is absent. A link in the file's place
 * is replaced. Else as file_publish. */
int private_publish(const char *directory, const char *name, struct bytes content,
                    struct publish_debt *debt, struct publish_error *error);

/* Appends what the file holds to out. 0; -ENOENT: there is none; -EFBIG: it has more than limit
 * bytes; -EINVAL, with error->wrong: it is a link, no regular file, another user's, or everybody
 * may write to it. Another negative errno tells nothing about the file: it could not be read now.
 */
int private_read(const char *directory, const char *name, size_t limit, struct buffer *out,
                 struct publish_error *error);

/* Renames it, over what has the other name. One that is absent is fine. 0 or negative errno. */
int private_rename(const char *directory, const char *name, const char *other,
                   struct publish_error *error);

/* Opens the file, which is made empty where it is absent; so is the folder. access: O_RDONLY or
 * O_WRONLY. 0 and the descriptor, which is the caller's; negative errno as of private_read. */
int private_open(const char *directory, const char *name, int access, int *ret,
                 struct publish_error *error);

/* One that is absent is fine. 0 or negative errno. */
int private_remove(const char *directory, const char *name, struct publish_error *error);

/* As temporaries_remove. */
int private_clean(const char *directory, const char *name, struct publish_error *error);

#endif
