/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_CONFINE_H
#define SIDECAR_COMMAND_CONFINE_H

/* The sandbox of a running sidecar, out of its settings: what they name may be used, nothing else.
 */

#include "command/setup.h"
#include "web/config_file.h"

/* What a sandbox that was entered covers, for as long as the process runs. */
struct confinement;

/* web_config: what it reads stays readable; NULL: there is none. Enters it, and says in the log
 * what could not be had. 0 and *ret (confinement_free); negative errno, said in the log, when
 * --sandbox=require and not all of it could be had. Settings that a SIGHUP brings cannot widen it.
 */
int confine(const struct setup *setup, const struct web_config_file *web_config,
            struct confinement **ret);

/* Says in the log which paths and ports of these settings it does not cover, one line for each.
 * NULL: no sandbox was entered. */
void confinement_warn(const struct confinement *confinement, const struct setup *setup);

void confinement_free(struct confinement *confinement);

#endif
