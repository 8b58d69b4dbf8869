/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_BASE64_H
#define SIDECAR_SPEC_BASE64_H

#include "base/arena.h"
#include "base/bytes.h"

/* Standard base64 with padding (RFC 4648, section 4), as encoding/json reads a []byte; line breaks
 * are passed over. 0 and the bytes in *ret (arena); -EINVAL. */
int base64_decode(struct arena *arena, struct bytes text, struct bytes *ret);

/* The same the other way, without line breaks, appended to out. */
void base64_encode(struct bytes bytes, struct buffer *out);

#endif
