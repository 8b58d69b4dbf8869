/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_BASIC_AUTH_H
#define SIDECAR_WEB_BASIC_AUTH_H

/*
 * Basic authentication against bcrypt hashes. What was computed is remembered, for the last hundred
 * pairs of user and password that were right and the last hundred that were wrong, by a keyed hash:
 * no password is. A user that there is not costs what one costs that there is.
 */

#include "base/compiler.h"
#include "web/config.h"
#include "web/hold.h"

#include <stdint.h>
#include <uv.h>

enum auth_verdict {
    AUTH_GRANTED,
    AUTH_REFUSED,
    AUTH_PENDING, /* it is being computed */
};

/* Stands for a user, a password and the user's hash; says nothing about them without a key that
 * nobody but this process knows. */
struct auth_digest {
    unsigned char bytes[32];
};

struct basic_auth;

/* NULL where the system has no randomness or descriptor for it. */
struct basic_auth *basic_auth_new(uv_loop_t *loop) MUST_USE;

/* Ends the holds that it has taken; the memory goes as the loop turns once more. NULL is fine. */
void basic_auth_close(struct basic_auth *auth);

/* header: a request's Authorization; NULL: it has none. AUTH_PENDING: it has taken the hold, and
 * ends it when basic_auth_verdict can tell. Otherwise the hold stays the caller's. */
enum auth_verdict basic_auth_check(struct basic_auth *auth, const struct web_config *config,
                                   const char *header, struct web_hold *hold,
                                   struct auth_digest *ret);

/* AUTH_GRANTED, AUTH_REFUSED */
enum auth_verdict basic_auth_verdict(const struct basic_auth *auth,
                                     const struct auth_digest *digest);

/* How many bcrypts were computed so far. */
uint64_t basic_auth_computations(const struct basic_auth *auth);

#endif
