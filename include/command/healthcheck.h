/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_HEALTHCHECK_H
#define SIDECAR_COMMAND_HEALTHCHECK_H

/* One request to a server on the loopback, for exec probes. Prometheus Operator probes with curl or
 * wget inside the container (listenLocal): the image has both names as links to this program. */

#include <stdbool.h>
#include <stddef.h>

/* Whether this is the name (argv[0], with or without folders) "curl" or "wget"; NULL is none. */
bool healthcheck_is_tool(const char *program);

/* As that tool, in the forms that Prometheus Operator uses: `curl --fail URL`,
 * `wget -q -O /dev/null URL` (or /dev/stdout). Returns the exit status that the tool has: of curl
 * 22 for a status from 400 on, 7 where nobody listens, 28 after 10 s, 2 for other arguments; of
 * wget 8, 4, 4 and 2. URLs that do not lead to the loopback are refused as other arguments are. */
int healthcheck_as_tool(const char *program, size_t count, char *const *arguments);

#endif
