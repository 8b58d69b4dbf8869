/* SPDX-License-Identifier: Apache-2.0 */

/* The words of YAML's reader, in whatever they are wrapped: every "line N" in them. */

#include "agent/citation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char yaml_words[] = "yaml: ";
static const char line_word[] = "line ";

/* Where line `number` (from 1) begins; SIZE_MAX: there is none. */
static size_t line_start(struct bytes config, unsigned long number) {
    size_t at = 0;

    for (unsigned long line = 1; line < number; line++) {
        size_t end = bytes_find(config, BYTES("\n"), at);
        if (end == SIZE_MAX) {
            return SIZE_MAX;
        }
        at = end + 1;
    }
    return at;
}

static bool cite(bool *cited, const struct form_span *spans, size_t count, size_t at) {
    for (size_t i = 0; i < count; i++) {
        if (at >= spans[i].start && at < spans[i].end) {
            cited[i] = true;
            return true;
        }
    }
    return false;
}

const bool *citations_find(struct arena *arena, const char *words, struct bytes config,
                           const struct form_span *spans, size_t count) {
    const char *at = strstr(words, yaml_words);
    bool *cited = ARENA_NEW_ARRAY(arena, bool, count);
    bool any = false;

    if (at != NULL) {
        at = strstr(at, line_word);
    }
    while (at != NULL) {
        const char *digits = at + sizeof(line_word) - 1;
        char *end = NULL;
        unsigned long number = strtoul(digits, &end, 10);
        size_t start = end != digits && number > 0 ? line_start(config, number) : SIZE_MAX;
        any |= start != SIZE_MAX && cite(cited, spans, count, start);
        at = strstr(digits, line_word);
    }
    return any ? cited : NULL;
}
