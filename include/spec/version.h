/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_VERSION_H
#define SIDECAR_SPEC_VERSION_H

/* Prometheus versions: what a field's gate and a running Prometheus are compared by. */

#include "base/bytes.h"

#include <stdbool.h>

struct version {
    unsigned major;
    unsigned minor;
    unsigned patch;
};

/* The newest Prometheus whose configuration this program knows: assumed where the version cannot be
 * asked. */
#define VERSION_NEWEST_KNOWN ((struct version){3, 16, 0})

/* "2.42", "v2.42.0", "3.0.0-rc.1", "2.42.0+ds": what follows the numbers is ignored. 0; -EINVAL. */
int version_parse(struct bytes text, struct version *ret);

int version_compare(struct version left, struct version right);

/* A zeroed version: no bound. */
bool version_is_set(struct version version);

/* "2.42.0" */
void version_format(struct version version, struct buffer *out);

#endif
