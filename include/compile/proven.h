/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_PROVEN_H
#define SIDECAR_COMPILE_PROVEN_H

/*
 * What merges have proven already. The text of an item is whole lines (or, in flow style, what
 * stands between two commas) and holds no anchor and no alias: where it was read back as the item
 * once, it is read so wherever it stands in the same list of the same base, whatever its neighbours
 * are. So a merge into that base has to prove only items with a text of their own, and the seams.
 */

#include "base/bytes.h"
#include "base/compiler.h"
#include "compile/merge.h"

#include <stdbool.h>
#include <stddef.h>

/* Nothing is. */
struct proven *proven_new(void) MUST_USE;
void proven_free(struct proven *proven);
void proven_freep(struct proven **proven);

/* Was the last merge into this base? */
bool proven_in(const struct proven *proven, const struct base *base);

/* Is this text, comment included, that of an item of the last merge? */
bool proven_has(const struct proven *proven, struct bytes item);

/* The items of this merged config are, and nothing else is any more. Everything is copied. */
void proven_set(struct proven *proven, const struct base *base, const struct merge_item *items,
                size_t count, struct bytes merged);

#endif
