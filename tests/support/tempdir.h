/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TEMPDIR_H
#define TESTS_SUPPORT_TEMPDIR_H

/*
 * Folders that remove themselves, and files in them. A failure in here ends the test program with a
 * message: it is never what is being tested.
 *
 *     CLEANUP(tempdir_removep) char *dir = tempdir_new();
 *     file_write(dir, "a/rw.yaml", "kind: RemoteWrite\n");
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/* A new folder under TMPDIR (/tmp), by its real path; free with tempdir_remove. */
char *tempdir_new(void) MUST_USE;

/* Removes it with all that it holds (folders without permissions included) and frees the string. */
void tempdir_remove(char *path);
void tempdir_removep(char **path);

/* Removes a folder or file with all that it holds; fine when it is absent. */
void tree_remove(const char *path);

/* "folder/name"; free(), or CLEANUP(memory_freep). */
char *path_join(const char *folder, const char *name) MUST_USE;

/* Writes folder/name in place (not by rename); folders on the way are made. */
void file_write(const char *folder, const char *name, const char *content);
void file_write_bytes(const char *folder, const char *name, struct bytes content);

/* The same by a temporary file and a rename. */
void file_replace(const char *folder, const char *name, const char *content);

/* The content as a NUL-terminated string (free()), NULL when it does not exist. */
char *file_read(const char *folder, const char *name) MUST_USE;

bool file_exists(const char *folder, const char *name);
void file_remove(const char *folder, const char *name);
void folder_make(const char *folder, const char *name);

/* A symbolic link folder/name -> target. */
void link_make(const char *folder, const char *name, const char *target);

/* How many names the folder holds ("." and ".." not counted). */
size_t folder_count(const char *folder);

/* Sets back mtime (and atime) of the file by some seconds. */
void file_age(const char *folder, const char *name, unsigned seconds);

#endif
