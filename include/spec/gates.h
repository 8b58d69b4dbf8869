/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_GATES_H
#define SIDECAR_SPEC_GATES_H

/* Whether a version of Prometheus knows enough of a RemoteWriteSpec to serve it. */

#include "spec/object.h"
#include "spec/version.h"

/* Reports as an error each field that the version does not know and that may not be left out
 * (FIELD_NEVER_LEFT_OUT), and each word of an enum that it would refuse. What may be left out is
 * the translation's to leave out. */
void gates_check(struct scope *scope, const struct object *spec, struct version version);

#endif
