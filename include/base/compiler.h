/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_COMPILER_H
#define SIDECAR_BASE_COMPILER_H

/*
 * What the compiler does for us: ownership that the eye can see.
 *
 *   CLEANUP(arena_freep) struct arena *arena = arena_new();   freed when the scope ends
 *   *ret = TAKE_PTR(arena);                                   ... unless it is handed on
 */

#include <stddef.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

#define TAKE_PTR(pointer)                             \
    ({                                                \
        __typeof__(pointer) *take_from_ = &(pointer); \
        __typeof__(pointer) taken_ = *take_from_;     \
        *take_from_ = NULL;                           \
        taken_;                                       \
    })

#define PRINTF_LIKE(text, arguments) __attribute__((format(printf, text, arguments)))
#define MUST_USE                     __attribute__((warn_unused_result))
#define NORETURN                     __attribute__((noreturn))
#define UNUSED                       __attribute__((unused))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
