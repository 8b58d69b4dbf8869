/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PUBLISH_CLEAN_H
#define SIDECAR_PUBLISH_CLEAN_H

/* Removing what is not wanted any more. */

#include "publish/publish.h"
#include "publish/temporary.h"

#include <stdbool.h>
#include <stddef.h>

typedef bool (*output_is_unwanted)(const char *name, const void *context);

/* Removes the regular files of the folder whose names are unwanted, goes on after a failure, and
 * syncs the folder when anything was removed. 0 or the first negative errno. *ret_removed (may be
 * NULL; set in any case): how many. */
int output_remove(const struct output_folder *folder, output_is_unwanted is_unwanted,
                  const void *context, struct publish_error *error, size_t *ret_removed);

/* One regular file; the folder is not synced. 1: removed; 0: it is another thing, or there is none;
 * negative errno. */
int output_remove_file(const struct output_folder *folder, const char *name,
                       struct publish_error *error);

#endif
