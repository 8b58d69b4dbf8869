/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_NAIVE_TRANSLATION_H
#define TESTS_SUPPORT_NAIVE_TRANSLATION_H

/* What a RemoteWriteSpec would be in prometheus.yml if nobody judged it: a second, simple
 * translation to hold the real one against, and to ask promtool about specs that the real one
 * refuses. */

#include "base/arena.h"
#include "spec/schema.h"
#include "spec/version.h"
#include "yaml/tree.h"

#include <jansson.h>

/* An entry for the name (of namespace "d") in which every value stands as written. Secrets: of
 * generator_secrets. */
struct node *naive_entry(struct arena *arena, const json_t *spec, const char *name,
                         struct version version);

/* The same, with one field that the version may not know (NULL: none). */
struct node *naive_entry_with(struct arena *arena, const json_t *spec, const char *name,
                              struct version version, const struct field *known_anyway);

#endif
