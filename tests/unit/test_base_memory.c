/* SPDX-License-Identifier: Apache-2.0 */

/* Memory, and the one way out when there is none. */

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* AddressSanitizer would rather stop the program than answer NULL. It asks for this by name. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

static void new_memory_is_zeroed(void **state) {
    CLEANUP(memory_freep) unsigned char *memory = memory_new(100, 3);

    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(memory[i], 0);
    }
}

static void memory_for_nothing_is_a_pointer(void **state) {
    CLEANUP(memory_freep) char *none = memory_new(0, 0);
    CLEANUP(memory_freep) char *resized = memory_resize(NULL, 0, 8);

    assert_non_null(none);
    assert_non_null(resized);
}

static void resizing_keeps_what_fits(void **state) {
    CLEANUP(memory_freep) char *memory = memory_resize(NULL, 4, 1);

    memcpy(memory, "abc", 4);
    memory = memory_resize(memory, 4000, 2);
    assert_string_equal(memory, "abc");
}

static void a_string_is_copied_and_no_string_stays_none(void **state) {
    CLEANUP(memory_freep) char *copy = memory_string("abc");

    assert_string_equal(copy, "abc");
    assert_null(memory_string(NULL));
}

static void erasing_leaves_zeroes(void **state) {
    char secret[] = "hunter2";

    memory_erase(secret, sizeof(secret));
    memory_erase(NULL, 0);
    for (size_t i = 0; i < sizeof(secret); i++) {
        assert_int_equal(secret[i], 0);
    }
}

static void a_freed_pointer_is_null(void **state) {
    int *numbers = memory_new(4, sizeof(*numbers));

    memory_freep(&numbers);
    assert_null(numbers);
}

/* Runs what must run out of memory in a child; its exit status and what it says on stderr. */
static int run_out_of_memory(char *said, size_t size) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        void *memory = memory_new(SIZE_MAX / 2, 4);
        free(memory);
        _exit(0);
    }
    close(ends[1]);
    ssize_t length = read(ends[0], said, size - 1);
    close(ends[0]);
    said[length > 0 ? length : 0] = '\0';
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_request_that_overflows_ends_the_program_with_a_message(void **state) {
    char said[200];

    assert_int_equal(run_out_of_memory(said, sizeof(said)), 1);
    assert_string_equal(said, "out of memory\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(memory_for_nothing_is_a_pointer),
        cmocka_unit_test(resizing_keeps_what_fits),
        cmocka_unit_test(a_string_is_copied_and_no_string_stays_none),
        cmocka_unit_test(erasing_leaves_zeroes),
        cmocka_unit_test(a_freed_pointer_is_null),
        cmocka_unit_test(a_request_that_overflows_ends_the_program_with_a_message),
    };
    return cmocka_run_group_tests_name("base/memory", tests, NULL, NULL);
}
