/* SPDX-License-Identifier: Apache-2.0 */

/* The texts of one merge, sorted. They are compared as they are, not by a hash: what is taken for
 * proven is published. */

#include "compile/proven.h"

#include "base/arena.h"
#include "base/memory.h"

#include <stdlib.h>

struct proven {
    struct arena *arena; /* holds what follows; NULL: nothing is proven */
    struct bytes base;
    struct bytes *texts;
    size_t count;
};

struct proven *proven_new(void) {
    return memory_new(1, sizeof(struct proven));
}

void proven_free(struct proven *proven) {
    if (proven != NULL) {
        arena_free(proven->arena);
        free(proven);
    }
}

void proven_freep(struct proven **proven) {
    proven_free(*proven);
}

static int compare_texts(const void *left, const void *right) {
    return bytes_compare(*(const struct bytes *)left, *(const struct bytes *)right);
}

bool proven_in(const struct proven *proven, const struct base *base) {
    return proven->count > 0 && bytes_equal(proven->base, base_text(base));
}

bool proven_has(const struct proven *proven, struct bytes item) {
    return proven->count > 0 &&
           bsearch(&item, proven->texts, proven->count, sizeof(item), compare_texts) != NULL;
}

void proven_set(struct proven *proven, const struct base *base, const struct merge_item *items,
                size_t count, struct bytes merged) {
    struct arena *arena = arena_new();
    size_t start = count > 0 ? items[0].start : 0;
    size_t end = count > 0 ? items[count - 1].end : 0;
    struct bytes block = arena_bytes(arena, bytes_slice(merged, start, end));
    struct bytes *texts = ARENA_NEW_ARRAY(arena, struct bytes, count);

    for (size_t i = 0; i < count; i++) {
        texts[i] = bytes_slice(block, items[i].start - start, items[i].end - start);
    }
    if (count > 0) {
        qsort(texts, count, sizeof(*texts), compare_texts);
    }
    arena_free(proven->arena);
    *proven = (struct proven){
        .arena = arena,
        .base = arena_bytes(arena, base_text(base)),
        .texts = texts,
        .count = count,
    };
}
