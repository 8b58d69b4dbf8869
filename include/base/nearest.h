/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_NEAREST_H
#define SIDECAR_BASE_NEAREST_H

/* "did you mean": the known name that is nearest to a mistyped one. */

#include "base/bytes.h"

#include <stddef.h>

/* Feeds the candidates in one by one; best is NULL until one is near enough (edit distance, case
 * ignored and transpositions counted once, at most a third of the longer name and never more than
 * 4). */
struct nearest {
    struct bytes wanted;
    const char *best;
    size_t distance;
};

struct nearest nearest_to(struct bytes wanted);
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
