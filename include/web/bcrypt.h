/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_BCRYPT_H
#define SIDECAR_WEB_BCRYPT_H

/* bcrypt takes from 50 ms to seconds, so it is computed on a thread beside the loop: one at a time,
 * and none while there is nothing to compute. */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <uv.h>

struct bcrypt;

/* done is called on the loop, once for each that was started. Its handle does not keep the loop
 * alive. NULL where the loop has no descriptor for it. */
struct bcrypt *bcrypt_new(uv_loop_t *loop, void (*done)(bool matches, void *context),
                          void *context) MUST_USE;

/* Has the password this hash? None may be under way. Both are copied, and erased when it is over.
 * 0; negative errno: there is no thread for it, and done will not be called. */
int bcrypt_start(struct bcrypt *bcrypt, const char *hash, struct bytes password) MUST_USE;

/* One that is under way is left to itself, and nobody waits for it. The rest of the memory goes as
 * the loop turns once more. NULL is fine. */
void bcrypt_close(struct bcrypt *bcrypt);

#endif
