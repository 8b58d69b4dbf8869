/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_MEMORY_H
#define SIDECAR_BASE_MEMORY_H

/* Allocation that ends the program with a message when memory is out; nothing else in the program
 * does. */

#include "base/compiler.h"

#include <stddef.h>

/* Zeroed memory for count elements of size bytes each; the product is checked. Free with free(). */
void *memory_new(size_t count, size_t size) MUST_USE;

/* As reallocarray(): grows or shrinks to count elements; new bytes are not zeroed. */
void *memory_resize(void *old, size_t count, size_t size) MUST_USE;

/* A copy of a NUL-terminated string. Free with free(). NULL gives NULL. */
char *memory_string(const char *string) MUST_USE;

/* Overwrites bytes so that the compiler cannot leave it out: what a secret stood in is erased
 * before it is freed. */
void memory_erase(void *memory, size_t size);

/* For libraries that take functions of their own for memory: what is freed, and what is left behind
 * when a block moves (it always does), is erased in full. size 0 gives a valid pointer. */
void memory_erase_free(void *memory);
void *memory_erase_resize(void *old, size_t size) MUST_USE;

/* Ends the program with "out of memory" on stderr, exit 1. */
void memory_exhausted(void) NORETURN;

/* For CLEANUP(memory_freep) on any pointer variable. */
void memory_freep(void *pointer_to_pointer);

#endif
