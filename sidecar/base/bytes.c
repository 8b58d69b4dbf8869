/* SPDX-License-Identifier: Apache-2.0 */

/* Views and buffers. A buffer never leaves its old bytes behind in freed memory, because secrets
 * are rendered into it; that is why it grows by hand and not by realloc. */

#include "base/bytes.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

int bytes_print_length(struct bytes bytes) {
    return bytes.length > INT_MAX ? INT_MAX : (int)bytes.length;
}

struct bytes bytes_of(const char *string) {
    return (struct bytes){string, string != NULL ? strlen(string) : 0};
}

bool bytes_equal(struct bytes left, struct bytes right) {
    if (left.length != right.length) {
        return false;
    }
    return left.length == 0 || left.data == right.data ||
           (left.data != NULL && right.data != NULL &&
            memcmp(left.data, right.data, left.length) == 0);
}

bool bytes_equal_string(struct bytes left, const char *right) {
    return bytes_equal(left, bytes_of(right));
}

int bytes_compare(struct bytes left, struct bytes right) {
    size_t common = left.length < right.length ? left.length : right.length;
    int order = common > 0 ? memcmp(left.data, right.data, common) : 0;

    if (order == 0) {
        order = (left.length > right.length) - (left.length < right.length);
    }
    return order;
}

bool bytes_starts_with(struct bytes bytes, struct bytes prefix) {
    return bytes.length >= prefix.length &&
           bytes_equal(bytes_slice(bytes, 0, prefix.length), prefix);
}

bool bytes_ends_with(struct bytes bytes, struct bytes suffix) {
    return bytes.length >= suffix.length &&
           bytes_equal(bytes_slice(bytes, bytes.length - suffix.length, bytes.length), suffix);
}

struct bytes bytes_slice(struct bytes bytes, size_t from, size_t to) {
    if (to > bytes.length) {
        to = bytes.length;
    }
    if (from > to) {
        from = to;
    }
    return (struct bytes){bytes.data != NULL ? bytes.data + from : NULL, to - from};
}

static bool is_blank(char character) {
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

struct bytes bytes_trim(struct bytes bytes) {
    size_t from = 0;
    size_t to = bytes.length;

    while (from < to && is_blank(bytes.data[from])) {
        from++;
    }
    while (to > from && is_blank(bytes.data[to - 1])) {
        to--;
    }
    return bytes_slice(bytes, from, to);
}

size_t bytes_find(struct bytes bytes, struct bytes needle, size_t from) {
    if (from > bytes.length) {
        return SIZE_MAX;
    }
    if (needle.length == 0) {
        return from;
    }
    if (needle.length > bytes.length - from) {
        return SIZE_MAX;
    }
    const char *found = memmem(bytes.data + from, bytes.length - from, needle.data, needle.length);
    return found != NULL ? (size_t)(found - bytes.data) : SIZE_MAX;
}

uint64_t bytes_hash_on(uint64_t hash, struct bytes bytes) {
    const uint64_t prime = 0x100000001b3;

    for (size_t i = 0; i < bytes.length; i++) {
        hash ^= (unsigned char)bytes.data[i];
        hash *= prime;
    }
    return hash;
}

uint64_t bytes_hash(struct bytes bytes) {
    return bytes_hash_on(BYTES_HASH_START, bytes);
}

bool bytes_is_text(struct bytes bytes) {
    size_t offset = 0;

    while (offset < bytes.length) {
        uint32_t character = 0;
        size_t length = utf8_decode(bytes, offset, &character);
        if (length == 0 || character == 0) {
            return false;
        }
        offset += length;
    }
    return true;
}

char *buffer_reserve(struct buffer *buffer, size_t size) {
    const size_t first_capacity = 64;
    size_t needed = 0;

    if (__builtin_add_overflow(buffer->length, size, &needed)) {
        memory_exhausted();
    }
    if (needed > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity > 0 ? buffer->capacity : first_capacity;
        while (capacity < needed) {
            if (__builtin_mul_overflow(capacity, 2, &capacity)) {
                capacity = needed;
            }
        }
        char *data = memory_new(capacity, 1);
        if (buffer->data != NULL) {
            memcpy(data, buffer->data, buffer->length);
        }
        memory_erase(buffer->data, buffer->capacity);
        free(buffer->data);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->length;
}

void buffer_append(struct buffer *buffer, struct bytes bytes) {
    if (bytes.length > 0) {
        memcpy(buffer_reserve(buffer, bytes.length), bytes.data, bytes.length);
        buffer->length += bytes.length;
    }
}

void buffer_append_string(struct buffer *buffer, const char *string) {
    buffer_append(buffer, bytes_of(string));
}

void buffer_append_char(struct buffer *buffer, char character) {
    *buffer_reserve(buffer, 1) = character;
    buffer->length++;
}

void buffer_append_repeated(struct buffer *buffer, char character, size_t count) {
    if (count > 0) {
        memset(buffer_reserve(buffer, count), character, count);
        buffer->length += count;
    }
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) {
    va_list again;

    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length > 0) {
        /* vsnprintf writes its NUL into the room behind the text. */
        size_t size = (size_t)length + 1;
        vsnprintf(buffer_reserve(buffer, size), size, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
}

struct bytes buffer_bytes(const struct buffer *buffer) {
    return (struct bytes){buffer->data, buffer->length};
}

const char *buffer_string(struct buffer *buffer) {
    *buffer_reserve(buffer, 1) = '\0';
    return buffer->data;
}

void buffer_clear(struct buffer *buffer) {
    memory_erase(buffer->data, buffer->capacity);
    buffer->length = 0;
}

void buffer_free(struct buffer *buffer) {
    buffer_clear(buffer);
    free(buffer->data);
    *buffer = (struct buffer){0};
}
