/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_CONFINE_H
#define SIDECAR_COMMAND_CONFINE_H

/* The sandbox of a running sidecar, out of its settings: what they name may be used, nothing else.
 */

#include "command/setup.h"
#include "web/config_file.h"

/* web_config: what it reads stays readable; NULL: there is none. Enters it, and says in the log
 * what could not be had. 0; negative errno, said in the log, when
 * --sandbox=require and not all of it could be had. Settings that a SIGHUP brings cannot widen it.
 */
int confine(const struct setup *setup, const struct web_config_file *web_config);

#endif
