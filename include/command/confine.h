/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_CONFINE_H
#define SIDECAR_COMMAND_CONFINE_H

/* The sandbox of a running sidecar, out of its settings: what they name may be used, nothing else.
 */

#include "command/setup.h"
#include "web/config_file.h"

/* What the process took from itself, and the paths and ports that its sandbox covers. */
struct confinement;

/* Before the event loop is made: see sandbox_prepare. confinement_free. */
struct confinement *confinement_new(const struct settings *settings);

/* Enters the sandbox, and says in the log what could not be had. web_config: what it reads stays
 * readable; NULL: there is none. 0; negative errno, said in the log, when --sandbox=require and not
 * all of it could be had. Settings that a SIGHUP brings cannot widen it. */
int confine(struct confinement *confinement, const struct setup *setup,
            const struct web_config_file *web_config);

/* Adds an error for each path and port of these settings that it does not cover, and for a way to
 * reload that it does not allow. 0; -EINVAL where there is one. */
int confinement_check(const struct confinement *confinement, const struct setup *setup,
                      struct diagnostics *diagnostics);

/* Landlock is in force: what it does not cover cannot be read. */
bool confinement_limits_files(const struct confinement *confinement);

/* NULL is fine. */
void confinement_free(struct confinement *confinement);

#endif
