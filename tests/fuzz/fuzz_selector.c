/* SPDX-License-Identifier: Apache-2.0 */

/* A selector in kubectl's syntax: it is one, with keys and values that labels may have, or there is
 * a reason; whether it matches and why it does not agree. */

#include "base/arena.h"
#include "spec/selector.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct label items[] = {
        {"a", "b"}, {"app", "x"}, {"example.com/tier", "gold"}, {"z", ""}};
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct labels labels = labels_new(arena, items, 4);
    struct bytes text = {.data = (const char *)data, .length = size};
    const char *wrong = NULL;
    const struct selector *selector = selector_parse(arena, text, &wrong);

    if ((selector == NULL) != (wrong != NULL))
        abort();
    if (selector == NULL)
        return 0;
    for (size_t i = 0; i < selector->count; i++) {
        const struct requirement *requirement = &selector->requirements[i];
        bool exists = requirement->operation == SELECTOR_EXISTS ||
                      requirement->operation == SELECTOR_DOES_NOT_EXIST;

        if (label_key_check(bytes_of(requirement->key)) != NULL ||
            exists != (requirement->value_count == 0))
            abort();
        for (size_t j = 0; j < requirement->value_count; j++) {
            if (label_value_check(bytes_of(requirement->values[j])) != NULL)
                abort();
        }
    }
    if (selector_matches(selector, &labels) !=
        (selector_mismatch(arena, selector, &labels) == NULL))
        abort();
    return 0;
}
