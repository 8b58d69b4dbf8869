/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PUBLISH_ATTRIBUTES_H
#define SIDECAR_PUBLISH_ATTRIBUTES_H

/* What a file has beside its bytes: owner, group, mode, access control list, SELinux label and
 * user.* attributes. A person's file keeps them when another file takes its place. */

#include "base/compiler.h"

/*
 * Gives the file behind `to` what the one behind `from` has; both are open for reading at least.
 * Only what differs is set. 0; negative errno: a status or a mode cannot be had or set.
 * *ret_unkept: NULL, or what could not be kept as it needs rights that the process does not have
 * ("owner", "group", ...; static), the most important first.
 */
int attributes_copy(int from, int to, const char **ret_unkept) MUST_USE;

#endif
