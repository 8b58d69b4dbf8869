/* SPDX-License-Identifier: Apache-2.0 */

/* A labels file of the downward API: every label that comes out is one, every line that is none is
 * said. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "spec/label.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct bytes text = {.data = (const char *)data, .length = size};
    struct label *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    size_t lines = 0;
    size_t start = 0;
    struct labels labels;

    labels_file_parse(arena, text, "labels", &diagnostics, &items, &count, &capacity);
    for (size_t i = 0; i <= size; i++) {
        if (i == size || data[i] == '\n') {
            lines += bytes_trim(bytes_slice(text, start, i)).length > 0;
            start = i + 1;
        }
    }
    if (count + diagnostics.count != lines)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (label_key_check(bytes_of(items[i].key)) != NULL ||
            label_value_check(bytes_of(items[i].value)) != NULL)
            abort();
    }
    labels = labels_new(arena, items, count);
    for (size_t i = 0; i < count; i++) {
        if (labels_get(&labels, items[i].key) == NULL)
            abort();
    }
    return 0;
}
