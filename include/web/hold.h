/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_HOLD_H
#define SIDECAR_WEB_HOLD_H

/*
 * An answer that comes later. A request whose answer has to wait for something is held: the server
 * goes on with others, and answers it when the hold ends. All of it happens on the loop's thread.
 */

#include "base/compiler.h"

#include <stdbool.h>

struct MHD_Connection;

/* Belongs to whoever took it, until web_hold_end. */
struct web_hold;

/* The answer is made now. To be called exactly once for each hold that was taken, at any time: in
 * the very call that took it, after the client has gone, after the server was closed. */
void web_hold_end(struct web_hold *hold);

/* Is there still somebody who waits for it to end? */
bool web_hold_is_awaited(const struct web_hold *hold);

/* --- for the server ------------------------------------------------------------------------- */

/* For the request that a connection's handler is looking at. *place says whether it is held: it is
 * set to the hold, and to NULL when the hold ends; it has to stand until then. resumed is called
 * whenever the connection may go on, since the daemon does not wake by itself. */
struct web_hold *hold_new(struct MHD_Connection *connection, struct web_hold **place,
                          void (*resumed)(void *context), void *context) MUST_USE;

/* Nobody took it. */
void hold_drop(struct web_hold **place);

/* Somebody took it. True: the connection is suspended until the hold ends, or is let go; false: it
 * has ended already, and the request goes on at once. */
bool hold_begin(struct web_hold **place);

/* Does not wait any longer: the connection goes on, and the hold will end without effect. NULL at
 * *place is fine. */
void hold_let_go(struct web_hold **place);

#endif
