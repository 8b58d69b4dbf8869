/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_MAPPING_H
#define SIDECAR_YAML_MAPPING_H

/* A mapping's pairs as they were written -> the pairs that it has: merge keys resolved, every key
 * once. */

#include "yaml/build.h"
#include "yaml/tree.h"

#include <stddef.h>

/* Sets mapping's pairs. Complains about keys that are given twice and about what cannot be merged.
 */
void mapping_finish(struct build *build, struct node *mapping, const struct node_pair *written,
                    size_t count);

#endif
