/* SPDX-License-Identifier: Apache-2.0 */

/* A suspended connection costs nothing, but libmicrohttpd looks at it no more: neither does it
 * notice that the client has gone, nor may it be stopped with one. So a hold knows its connection,
 * and both can go first. */

#include "web/hold.h"

#include "base/memory.h"

#include <microhttpd.h>

#include <stdlib.h>

struct web_hold {
    struct MHD_Connection *connection;
    struct web_hold **place; /* NULL: the connection does not wait any longer */
    bool suspended;
    void (*resumed)(void *context);
    void *context;
};

struct web_hold *hold_new(struct MHD_Connection *connection, struct web_hold **place,
                          void (*resumed)(void *context), void *context) {
    struct web_hold *hold = memory_new(1, sizeof(*hold));

    *hold = (struct web_hold){
        .connection = connection, .place = place, .resumed = resumed, .context = context};
    *place = hold;
    return hold;
}

void hold_drop(struct web_hold **place) {
    free(*place);
    *place = NULL;
}

bool hold_begin(struct web_hold **place) {
    struct web_hold *hold = *place;

    if (hold == NULL) {
        return false;
    }
    hold->suspended = true;
    MHD_suspend_connection(hold->connection);
    return true;
}

void hold_let_go(struct web_hold **place) {
    struct web_hold *hold = *place;

    if (hold == NULL) {
        return;
    }
    if (hold->suspended) {
        MHD_resume_connection(hold->connection);
        hold->resumed(hold->context);
    }
    hold->place = NULL;
    *place = NULL;
}

void web_hold_end(struct web_hold *hold) {
    if (hold->place != NULL) {
        hold_let_go(hold->place);
    }
    free(hold);
}

bool web_hold_is_awaited(const struct web_hold *hold) {
    return hold->place != NULL;
}
