/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SOURCE_GZIP_H
#define SIDECAR_SOURCE_GZIP_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* They begin as gzip does. */
bool gzip_begins(struct bytes content);

/*
 * Bytes that begin as gzip does (1f 8b 08) are replaced by what they decompress to, all members of
 * them; others are left alone. 0; -EFBIG: more than limit bytes come out (no more than that are
 * ever held); -EBADMSG: damaged, cut off, or followed by something else. On failure content is as
 * it was.
 */
int gzip_decode(struct buffer *content, size_t limit);

#endif
