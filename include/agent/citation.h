/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_CITATION_H
#define SIDECAR_AGENT_CITATION_H

/* Which RemoteWrites Prometheus's words speak of: it names the lines of a config that it cannot
 * read ("line 7: field nope not found"). Pure. */

#include "base/arena.h"
#include "base/bytes.h"
#include "compile/form.h"

#include <stdbool.h>
#include <stddef.h>

/* One for each span, in the arena: a line that the words name is in it. NULL where none is. */
const bool *citations_find(struct arena *arena, const char *words, struct bytes config,
                           const struct form_span *spans, size_t count);

#endif
