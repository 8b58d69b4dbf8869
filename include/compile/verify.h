/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_VERIFY_H
#define SIDECAR_COMPILE_VERIFY_H

/* The proof that every merge has to pass before anybody sees its result. */

#include "base/bytes.h"
#include "base/diagnostic.h"
#include "compile/base.h"
#include "compile/merge.h"

#include <stddef.h>

/* 0 when merged, parsed, is the base's tree with the items before its own entries, and taking the
 * block out gives the base's bytes; -EINVAL with an error diagnostic that says what differs (no
 * values: they may be secrets). */
int merge_verify(const struct base *base, const struct merge_item *items, size_t count,
                 struct bytes merged, struct diagnostics *diagnostics);

#endif
