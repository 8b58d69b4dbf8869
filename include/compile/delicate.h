/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_DELICATE_H
#define SIDECAR_COMPILE_DELICATE_H

/*
 * Entries that nobody but Prometheus can judge, and it only while it applies a config: it makes the
 * clients of all entries one after another, and one that cannot be made ends that in the middle.
 * The queues before it are then half taken over, and the next good reload starts them a second
 * time, which ends Prometheus. What comes before all others does no such harm.
 */

#include "spec/object.h"
#include "yaml/tree.h"

#include <stdbool.h>

/* entry: what a RemoteWrite was translated to; spec: what it came from, which tells a file of the
 * Prometheus container from a secret file of ours. */
bool entry_is_delicate(const struct node *entry, const struct object *spec);

#endif
