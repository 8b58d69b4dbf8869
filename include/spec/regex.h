/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_REGEX_H
#define SIDECAR_SPEC_REGEX_H

/* Regular expressions: whether RE2 (Go's regexp, which Prometheus uses) takes one, judged by PCRE2
 * for the grammar that both share and by a scan for what they do not. */

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>

/* NULL when RE2 takes it; else why not (in the arena or static). */
const char *regex_check_re2(struct arena *arena, struct bytes pattern);

/* Whether a text matches one of the schema table's own patterns (anchored, valid PCRE2). */
bool regex_matches(const char *pattern, struct bytes text);

/* The text with every character that means something to RE2 quoted (regexp.QuoteMeta). */
const char *regex_quote(struct arena *arena, struct bytes text);

#endif
