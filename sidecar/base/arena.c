/* SPDX-License-Identifier: Apache-2.0 */

/* Chunks that are filled from front to back and freed together. Chunks come zeroed from calloc and
 * are handed out once, so an allocation needs no clearing of its own. Under AddressSanitizer what
 * has not been handed out is poisoned, so that reading past an allocation is found as it would be
 * with malloc. */

#include "base/arena.h"

#include "base/memory.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(memory, size)   ASAN_POISON_MEMORY_REGION((memory), (size))
#define UNPOISON(memory, size) ASAN_UNPOISON_MEMORY_REGION((memory), (size))
static const size_t red_zone = 16;
#else
#define POISON(memory, size)   ((void)(memory), (void)(size))
#define UNPOISON(memory, size) ((void)(memory), (void)(size))
static const size_t red_zone = 0;
#endif

static const size_t chunk_smallest = 512;
static const size_t chunk_largest = (size_t)1 << 20;

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *chunks; /* the one that is being filled first */
    size_t next_size;
    size_t size;
};

struct arena *arena_new(void) {
    struct arena *arena = memory_new(1, sizeof(*arena));
    arena->next_size = chunk_smallest;
    return arena;
}

/* The chunks of the list from its head up to last, which stays. */
static void free_until(struct chunk **list, const struct chunk *last) {
    while (*list != last) {
        struct chunk *chunk = *list;
        *list = chunk->next;
        UNPOISON(chunk->data, chunk->size);
        memory_erase(chunk->data, chunk->used);
        free(chunk);
    }
}

void arena_free(struct arena *arena) {
    if (arena == NULL) {
        return;
    }
    free_until(&arena->chunks, NULL);
    free(arena);
}

void arena_freep(struct arena **arena) {
    arena_free(*arena);
    *arena = NULL;
}

/* Half of what there is: few chunks where there is much, and little that is never used where there
 * are many small arenas (one for each manifest). */
static size_t next_size(size_t size) {
    size_t half = size / 2;

    if (half < chunk_smallest) {
        return chunk_smallest;
    }
    return half < chunk_largest ? half : chunk_largest;
}

static struct chunk *arena_add_chunk(struct arena *arena, size_t wanted) {
    bool of_its_own = wanted > arena->next_size / 2;
    size_t size = of_its_own ? wanted : arena->next_size;
    size_t total = 0;

    if (__builtin_add_overflow(size, sizeof(struct chunk), &total)) {
        memory_exhausted();
    }
    struct chunk *chunk = memory_new(1, total);
    chunk->size = size;
    arena->size += total;
    POISON(chunk->data, chunk->size);
    if (of_its_own && arena->chunks != NULL) {
        /* The chunk in front still has room for small things. */
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
        return chunk;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->next_size = next_size(arena->size);
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size) {
    const size_t alignment = alignof(max_align_t);
    size_t taken = 0;

    if (__builtin_add_overflow(size > 0 ? size : 1, alignment - 1 + red_zone, &taken)) {
        memory_exhausted();
    }
    taken -= taken % alignment;
    struct chunk *chunk = arena->chunks;
    if (chunk == NULL || taken > chunk->size - chunk->used) {
        chunk = arena_add_chunk(arena, taken);
    }
    char *memory = chunk->data + chunk->used;
    chunk->used += taken;
    UNPOISON(memory, size);
    return memory;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size) {
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        memory_exhausted();
    }
    return arena_alloc(arena, total);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size) {
    const size_t first_capacity = 8;
    size_t wanted = first_capacity;

    if (count < *capacity) {
        return items;
    }
    if (count >= first_capacity && __builtin_mul_overflow(count, 2, &wanted)) {
        memory_exhausted();
    }
    void *grown = arena_alloc_array(arena, wanted, size);
    if (count > 0) {
        memcpy(grown, items, count * size);
    }
    *capacity = wanted;
    return grown;
}

struct bytes arena_bytes(struct arena *arena, struct bytes bytes) {
    return (struct bytes){arena_string(arena, bytes), bytes.length};
}

char *arena_string(struct arena *arena, struct bytes bytes) {
    size_t size = 0;
    if (__builtin_add_overflow(bytes.length, 1, &size)) {
        memory_exhausted();
    }
    char *copy = arena_alloc(arena, size);
    if (bytes.length > 0) {
        memcpy(copy, bytes.data, bytes.length);
    }
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...) {
    CLEANUP(buffer_free) struct buffer text = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    return arena_string(arena, buffer_bytes(&text));
}

struct arena_mark arena_mark(const struct arena *arena) {
    struct chunk *first = arena->chunks;

    return (struct arena_mark){
        .first = first,
        .second = first != NULL ? first->next : NULL,
        .used = first != NULL ? first->used : 0,
        .next_size = arena->next_size,
        .size = arena->size,
    };
}

/* New chunks stand before the one that was first, or right behind it. */
void arena_go_back(struct arena *arena, const struct arena_mark *mark) {
    struct chunk *first = mark->first;

    free_until(&arena->chunks, first);
    if (first != NULL) {
        size_t tail = first->used - mark->used;
        free_until(&first->next, mark->second);
        UNPOISON(first->data + mark->used, tail);
        memory_erase(first->data + mark->used, tail); /* what is handed out is zeroed */
        POISON(first->data + mark->used, tail);
        first->used = mark->used;
    }
    arena->next_size = mark->next_size;
    arena->size = mark->size;
}

size_t arena_size(const struct arena *arena) {
    return arena->size;
}
