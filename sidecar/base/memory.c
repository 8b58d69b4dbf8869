/* SPDX-License-Identifier: Apache-2.0 */

/* The one place where running out of memory is handled: there is no way on, so the program says so
 * and ends. */

#include "base/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void memory_exhausted(void) {
    static const char message[] = "out of memory\n";
    /* Neither stdio nor exit handlers: both may allocate. */
    ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1);
    (void)written;
    _exit(EXIT_FAILURE);
}

void *memory_new(size_t count, size_t size) {
    /* calloc may answer NULL to a request for nothing; callers want a pointer. */
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL) {
        memory_exhausted();
    }
    return memory;
}

void *memory_resize(void *old, size_t count, size_t size) {
    void *memory = reallocarray(old, count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL) {
        memory_exhausted();
    }
    return memory;
}

char *memory_string(const char *string) {
    if (string == NULL) {
        return NULL;
    }
    char *copy = strdup(string);
    if (copy == NULL) {
        memory_exhausted();
    }
    return copy;
}

void memory_erase(void *memory, size_t size) {
    if (size > 0) {
        explicit_bzero(memory, size);
    }
}

void memory_erase_free(void *memory) {
    if (memory != NULL) {
        memory_erase(memory, malloc_usable_size(memory));
        free(memory);
    }
}

void *memory_erase_resize(void *old, size_t size) {
    void *memory = memory_new(1, size);

    if (old != NULL) {
        size_t old_size = malloc_usable_size(old);
        memcpy(memory, old, old_size < size ? old_size : size);
        memory_erase_free(old);
    }
    return memory;
}

void memory_freep(void *pointer_to_pointer) {
    void *pointer = NULL;
    /* The variable has some other pointer type; its bytes may be copied, not read through void **.
     */
    memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
    free(pointer);
    pointer = NULL;
    memcpy(pointer_to_pointer, &pointer, sizeof(pointer));
}
