/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_RELOADER_H
#define SIDECAR_COMMAND_RELOADER_H

/* How the program starts under the name prometheus-config-reloader, where that differs. */

#include "command/setup.h"
#include "options/settings.h"

/* What prometheus-config-reloader ends with 1 for at its start: a config file that cannot be read,
 * one that is a damaged gzip where there is an output, a folder of the output that cannot be
 * written to, in an init container also a watched directory that is not there. 0 under another
 * name, or where all is there; negative errno with a line in the log.
 */
int reloader_start_check(const struct setup *setup);

/* Without a config file and a watched directory the reloader runs and does nothing until it is told
 * to end, with a watch interval of 0 as well. False under another name. */
bool reloader_is_idle(const struct settings *settings);

#endif
