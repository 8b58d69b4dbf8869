/* SPDX-License-Identifier: Apache-2.0 */

/* One allocation after another, freed at once. */

#include "base/arena.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_is_allocated_is_zeroed_and_aligned(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *memory = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xff, size);
    }
}

static void allocations_do_not_overlap(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    unsigned char *memories[200];

    /* Sizes about the chunks' own, small ones between large ones. */
    for (size_t i = 0; i < ARRAY_LENGTH(memories); i++) {
        size_t size = i % 5 == 0 ? 5000 * (i + 1) : i + 1;
        memories[i] = arena_alloc(arena, size);
        memset(memories[i], (int)i, size);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(memories); i++) {
        size_t size = i % 5 == 0 ? 5000 * (i + 1) : i + 1;
        assert_int_equal(memories[i][0], i);
        assert_int_equal(memories[i][size - 1], i);
    }
}

static void an_allocation_of_nothing_is_a_pointer(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    assert_non_null(arena_alloc(arena, 0));
    assert_non_null(arena_alloc_array(arena, 0, 16));
    assert_ptr_not_equal(arena_alloc(arena, 0), arena_alloc(arena, 0));
}

static void a_list_keeps_its_items_as_it_grows(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    int *items = NULL;
    size_t capacity = 0;

    for (size_t i = 0; i < 1000; i++) {
        items = arena_grow(arena, items, i, &capacity, sizeof(*items));
        assert_true(capacity > i);
        items[i] = (int)i;
    }
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
    }
    assert_int_equal(capacity, 1024);
}

static void a_copied_string_ends_in_nul(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct bytes copy = arena_bytes(arena, (struct bytes){"abcdef", 3});

    assert_int_equal(copy.length, 3);
    assert_string_equal(copy.data, "abc");
    assert_string_equal(arena_string(arena, (struct bytes){NULL, 0}), "");
}

static void a_formatted_string_has_any_length(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    assert_string_equal(arena_format(arena, "%s-%d", "a", 7), "a-7");
    assert_string_equal(arena_format(arena, "%s", ""), "");
    assert_int_equal(strlen(arena_format(arena, "%10000d", 1)), 10000);
}

static void the_size_is_what_the_system_gave(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    assert_int_equal(arena_size(arena), 0);
    arena_alloc(arena, 10);
    size_t first = arena_size(arena);
    assert_true(first >= 10);
    arena_alloc(arena, 10);
    assert_int_equal(arena_size(arena), first);
    arena_alloc(arena, 1000000);
    assert_true(arena_size(arena) >= first + 1000000);
}

/* Small things, large ones with a chunk of their own, and many chunks. */
static void allocate_much(struct arena *arena) {
    for (size_t i = 0; i < 200; i++) {
        memset(arena_alloc(arena, 100), 'x', 100);
        memset(arena_alloc(arena, i * i), 'y', i * i);
    }
}

static void going_back_gives_back_what_came_after_and_nothing_before(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *before = arena_format(arena, "%s", "before");
    size_t size = arena_size(arena);
    struct arena_mark mark = arena_mark(arena);

    for (unsigned i = 0; i < 3; i++) {
        allocate_much(arena);
        struct arena_mark inner = arena_mark(arena);
        size_t inner_size = arena_size(arena);
        allocate_much(arena);
        arena_go_back(arena, &inner);
        assert_int_equal(arena_size(arena), inner_size);
        arena_go_back(arena, &mark);
        assert_int_equal(arena_size(arena), size);
    }

    static const char zeroes[100];
    assert_memory_equal(arena_alloc(arena, sizeof(zeroes)), zeroes, sizeof(zeroes));
    assert_string_equal(before, "before");
}

static void going_back_to_the_beginning_leaves_an_arena_empty(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct arena_mark mark = arena_mark(arena);

    allocate_much(arena);
    arena_go_back(arena, &mark);

    assert_int_equal(arena_size(arena), 0);
    assert_string_equal(arena_format(arena, "%s", "after"), "after");
}

static void no_arena_can_be_freed(void **state) {
    struct arena *arena = NULL;

    arena_free(NULL);
    arena_freep(&arena);
    assert_null(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allocated_is_zeroed_and_aligned),
        cmocka_unit_test(allocations_do_not_overlap),
        cmocka_unit_test(an_allocation_of_nothing_is_a_pointer),
        cmocka_unit_test(a_list_keeps_its_items_as_it_grows),
        cmocka_unit_test(a_copied_string_ends_in_nul),
        cmocka_unit_test(a_formatted_string_has_any_length),
        cmocka_unit_test(the_size_is_what_the_system_gave),
        cmocka_unit_test(going_back_gives_back_what_came_after_and_nothing_before),
        cmocka_unit_test(going_back_to_the_beginning_leaves_an_arena_empty),
        cmocka_unit_test(no_arena_can_be_freed),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
