/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_ORDER_H
#define SIDECAR_COMPILE_ORDER_H

/*
 * The order of the entries in the merged config.
 *
 * While Prometheus applies a config it makes the client of each remote_write entry, in their order,
 * and takes over the queues that it already runs. An entry whose client cannot be made ends that.
 * In front of every known queue this does no harm. Behind one, the next good reload starts the
 * queues before it a second time, which ends Prometheus. So what Prometheus has not confirmed
 * stands first, and what can start to fail by itself follows. The base's own entries come behind
 * all of ours (compile/place.h). Pure.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "compile/form.h"
#include "compile/secret_file.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether Prometheus, to make the entry's client, reads what the sidecar did not write: a TLS file
 * of its own container, or the identity of its pod. That can vanish after it was confirmed.
 * secrets: the secret files of the same form. */
bool entry_reads_outside(const struct node *entry, const struct secret_file *secrets, size_t count);

/*
 * The order in which the forms of a set go into the config, an index of set->forms for each place;
 * in the arena:
 *
 * 1. those that the last confirmed set (good; NULL: none) does not have with this entry,
 * 2. those whose secret files have other bytes than in good: Prometheus runs their queue already,
 * 3. confirmed ones that read something from outside,
 * 4. the other confirmed ones.
 *
 * Among confirmed ones the newest is first (form.confirmed of good); equals are in the order of
 * namespace and name.
 */
const size_t *form_set_order(struct arena *arena, const struct form_set *set,
                             const struct form_set *good);

/*
 * Whether config differs from the composition in nothing but the order of its forms. Then the
 * composition becomes that config: its bytes (shared), spans and order. False: it stays as it is.
 */
bool composition_follow(struct arena *arena, struct composition *composition, struct bytes config);

#endif
