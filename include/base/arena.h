/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_ARENA_H
#define SIDECAR_BASE_ARENA_H

/* One arena a pass (or a parsed file): everything is allocated from it and freed at once. Its
 * memory is erased before it is freed, because secrets pass through it. */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stddef.h>

struct arena;
struct chunk;

struct arena *arena_new(void) MUST_USE;
void arena_free(struct arena *arena);
void arena_freep(struct arena **arena);

/* Zeroed and aligned for any type; lives as long as the arena. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same for count elements; the product is checked. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_NEW_ARRAY(arena, type, count) \
    ((type *)arena_alloc_array((arena), (count), sizeof(type)))

/* Grows a list that lives in the arena: makes room for one more element of size bytes, copying when
 * it has to (doubling). items and capacity are updated. Returns the (new) items. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size);

struct bytes arena_bytes(struct arena *arena, struct bytes bytes);
/* NUL-terminated copies. */
char *arena_string(struct arena *arena, struct bytes bytes);
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* A place in an arena to go back to: what is allocated after it is erased and freed then, and must
 * not be used any more. Of two marks the later one is gone back to first, or not at all. */
struct arena_mark {
    struct chunk *first;
    struct chunk *second;
    size_t used; /* of the first */
    size_t next_size;
    size_t size;
};

struct arena_mark arena_mark(const struct arena *arena);
void arena_go_back(struct arena *arena, const struct arena_mark *mark);

/* Bytes taken from the system and not given back so far. */
size_t arena_size(const struct arena *arena);

#endif
