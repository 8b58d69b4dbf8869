/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_CUT_H
#define SIDECAR_YAML_CUT_H

/* Cuts a text at its document markers, without understanding what is between them: a line that
 * begins with --- or ... can be nothing else in YAML, whatever stands around it. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* Byte offsets. */
struct cut {
    size_t start;       /* its ---, or the first %directive above; else where the cutting went on */
    size_t content_end; /* before its `...`, or before the next document, or the end of the text */
    size_t end;         /* behind its `...` line, else == content_end */
    bool explicit;      /* begins with --- (or directives) */
};

/* The next document at or behind *cursor, which moves behind it. False when there is none: only
 * blanks, comments and directives without a document are left. */
bool cut_next(struct bytes text, size_t *cursor, struct cut *ret);

#endif
