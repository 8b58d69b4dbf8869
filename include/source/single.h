/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_SINGLE_H
#define SIDECAR_SOURCE_SINGLE_H

/* A file that the settings name: links lead wherever they lead. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "source/directories.h"
#include "source/file.h"
#include "source/writers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct single_request {
    const char *path;
    const char *option; /* that names it */
    size_t limit;
    const char *limit_option; /* what raises the limit; NULL: nothing */
    bool sandboxed;           /* as source_settings has it */
    file_decode decode;       /* or NULL */
    struct file *previous;    /* or NULL */
    bool every_byte;
    int64_t started;
    uint64_t *last_id;
    struct writers *writers; /* NULL: none are looked for */
    struct arena *scratch;
    struct diagnostics *diagnostics;
    struct directories *directories;
};

/*
 * Reads it. 0 or negative errno, the latter with a diagnostic. *ret_file is set in either case:
 * NULL, or a reference to the file, after an error to previous. -ETXTBSY (still being written) is
 * without a diagnostic: the writers have it. *ret_complete is set to false when
 * trying again may help, else left alone.
 */
int single_read(const struct single_request *request, struct file **ret_file, bool *ret_complete);

#endif
