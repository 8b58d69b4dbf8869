/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_BYTES_H
#define SIDECAR_BASE_BYTES_H

/* A view of bytes that somebody else owns, and a buffer that owns the bytes that it gathers. */

#include "base/compiler.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* data need not end in NUL and may be NULL when length is 0. */
struct bytes {
    const char *data;
    size_t length;
};

/* A view of a string literal; for use in expressions and initializers. */
#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})

/* For printf: printf("%.*s", BYTES_ARG(view)). Lengths beyond INT_MAX are cut. */
#define BYTES_ARG(view) bytes_print_length(view), ((view).data != NULL ? (view).data : "")

int bytes_print_length(struct bytes bytes);

/* The bytes of a NUL-terminated string, without the NUL; NULL gives an empty view. */
struct bytes bytes_of(const char *string);

bool bytes_equal(struct bytes left, struct bytes right);
bool bytes_equal_string(struct bytes left, const char *right);

/* As memcmp over the common length, then the shorter one first. */
int bytes_compare(struct bytes left, struct bytes right);

bool bytes_starts_with(struct bytes bytes, struct bytes prefix);
bool bytes_ends_with(struct bytes bytes, struct bytes suffix);

/* bytes[from, to); both are clamped to the length. */
struct bytes bytes_slice(struct bytes bytes, size_t from, size_t to);

/* Without blanks (space, tab, CR, LF) at either end. */
struct bytes bytes_trim(struct bytes bytes);

/* Offset of the first occurrence at or after from, or SIZE_MAX. */
size_t bytes_find(struct bytes bytes, struct bytes needle, size_t from);

/* FNV-1a, 64 bit: for tables and change detection of our own data, not against an attacker. */
uint64_t bytes_hash(struct bytes bytes);

/* The same of what comes in pieces: the hash of the pieces before, at first BYTES_HASH_START. */
#define BYTES_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t bytes_hash_on(uint64_t hash, struct bytes bytes);

/* True when the bytes are well-formed UTF-8 without NUL. */
bool bytes_is_text(struct bytes bytes);

/* Growable; a zeroed struct is an empty one. What it held is erased when it grows or is freed. */
struct buffer {
    char *data;
    size_t length;
    size_t capacity;
};

void buffer_append(struct buffer *buffer, struct bytes bytes);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_char(struct buffer *buffer, char character);
void buffer_append_repeated(struct buffer *buffer, char character, size_t count);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/* Room for size more bytes behind the current end; the caller raises length itself. */
char *buffer_reserve(struct buffer *buffer, size_t size);

/* Valid until the buffer changes. */
struct bytes buffer_bytes(const struct buffer *buffer);

/* The content as a NUL-terminated string (the NUL is not counted in length); valid until the buffer
 * changes. */
const char *buffer_string(struct buffer *buffer);

/* Empty again, the memory kept (and erased). */
void buffer_clear(struct buffer *buffer);

/* Erases, frees and zeroes; also as CLEANUP(buffer_free). */
void buffer_free(struct buffer *buffer);

#endif
