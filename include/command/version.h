/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_VERSION_H
#define SIDECAR_COMMAND_VERSION_H

/* What was built. Only version.c is compiled with it. */

#include "command/command.h"

/* --short-version: the number and nothing else. */
enum exit_status version_print_short(void);

extern const char sidecar_version[];
extern const char sidecar_commit[];

#endif
