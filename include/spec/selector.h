/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_SELECTOR_H
#define SIDECAR_SPEC_SELECTOR_H

/* Label selectors: Kubernetes' LabelSelector object (clusterSelector) and kubectl's text form. */

#include "base/arena.h"
#include "base/bytes.h"
#include "spec/label.h"
#include "spec/object.h"

#include <stdbool.h>
#include <stddef.h>

enum selector_operator {
    SELECTOR_IN,
    SELECTOR_NOT_IN,
    SELECTOR_EXISTS,
    SELECTOR_DOES_NOT_EXIST
};

struct requirement {
    const char *key;
    enum selector_operator operation;
    const char *const *values;
    size_t value_count;
};

/* All requirements have to hold; none: everything is selected. */
struct selector {
    const struct requirement *requirements;
    size_t count;
};

/* A LabelSelector object (read by label_selector_schema). What is wrong is reported; NULL then. */
const struct selector *selector_from_object(struct scope *scope, const struct object *object);

/* kubectl's syntax: a=b, a==b, a!=b, a in (b, c), a notin (b), a, !a, joined by commas. "" selects
 * everything. NULL and why in *ret_wrong (arena) when it is none. */
const struct selector *selector_parse(struct arena *arena, struct bytes text,
                                      const char **ret_wrong);

bool selector_matches(const struct selector *selector, const struct labels *labels);

/* The first requirement that does not hold, in kubectl's syntax, for a reason; NULL where all hold.
 */
const char *selector_mismatch(struct arena *arena, const struct selector *selector,
                              const struct labels *labels);

#endif
