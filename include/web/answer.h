/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_ANSWER_H
#define SIDECAR_WEB_ANSWER_H

/* An answer on its way out, with the headers that each has. */

#include "web/config.h"
#include "web/respond.h"

#include <microhttpd.h>

/* config: whose headers take the place of ours; NULL: none. As MHD_queue_response. */
enum MHD_Result answer_send(struct MHD_Connection *connection, const struct web_config *config,
                            const struct web_answer *answer);

/* An answer that says in a line why there is no other. authenticate: of WWW-Authenticate, or NULL.
 */
enum MHD_Result answer_refuse(struct MHD_Connection *connection, const struct web_config *config,
                              unsigned status, const char *authenticate, const char *words);

#endif
