/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_FAULT_H
#define SIDECAR_SOURCE_FAULT_H

/* What to tell a user about a file or folder that could not be read. */

#include "base/bytes.h"
#include "base/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct fault {
    const char *path;
    int error;                /* negative errno, as file_load gives it */
    bool kept;                /* the bytes of before go on being used */
    size_t limit;             /* of -EFBIG */
    const char *limit_option; /* the flag that raises it; NULL: none does */
    const char *option;       /* the flag that names the file; NULL: none does */
    bool sandboxed;           /* the process may read no more than its sandbox covers */
};

/* One error, with what to do about it. */
void fault_report(struct diagnostics *diagnostics, const struct fault *fault);

/* True where trying again may help though the file does not change: too many open files, I/O,
 * permissions. */
bool fault_is_passing(int error);

/* "a named pipe", "a socket", ... */
const char *file_type_name(mode_t mode);

/* True where a name can be shown as it is: well-formed UTF-8 without control characters. */
bool name_is_printable(const char *name);

/* Appends the name, what cannot be shown as \xNN. */
void name_escape(const char *name, struct buffer *out);

#endif
