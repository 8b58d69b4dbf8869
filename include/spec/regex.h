/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_REGEX_H
#define SIDECAR_SPEC_REGEX_H

/* Regular expressions: whether RE2 (Go's regexp, which Prometheus uses) takes one, judged by PCRE2
 * for the grammar that both share and by a scan for what they do not. */

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>

/* NULL when RE2 takes it; else why not (in the arena or static). *ret_size: what it comes to, see
 * below. */
const char *regex_check_re2(struct arena *arena, struct bytes pattern, size_t *ret_size);

/* What all the expressions of one RemoteWrite may come to together, in characters and classes with
 * every repetition written out, which is how Go compiles them: about 15 MB in Prometheus. */
#define REGEX_SIZE_MAX ((size_t)100000)

/* Whether a text matches one of the schema table's own patterns (anchored, valid PCRE2). */
bool regex_matches(const char *pattern, struct bytes text);

/* The text with every character that means something to RE2 quoted (regexp.QuoteMeta). */
const char *regex_quote(struct arena *arena, struct bytes text);

#endif
