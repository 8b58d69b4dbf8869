/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_SERVE_H
#define SIDECAR_COMMAND_SERVE_H

/* The web server of a running sidecar: hands what the agent knows to the web room. */

#include "agent/agent.h"
#include "base/compiler.h"
#include "base/incident.h"
#include "web/config_file.h"

#include <uv.h>

struct serve;

/* Listens on --listen-address; NULL: on nothing, *ret is NULL then. config_file: of the web room,
 * or NULL. settings: whether the settings file can be taken as it is now. Before the sandbox is
 * entered and the agent is started. 0; negative errno, said in the log. agent, config_file and
 * settings have to outlive it. */
int serve_start(uv_loop_t *loop, struct agent *agent, const char *address,
                struct web_config_file *config_file, const struct incident *settings,
                struct serve **ret) MUST_USE;

/* Closes what it has on the loop, which has to turn once more before serve_free. NULL is fine. */
void serve_stop(struct serve *serve);
void serve_free(struct serve *serve);

#endif
