/* SPDX-License-Identifier: Apache-2.0 */

/* Line by line. libcrypto's reader is stricter: it wants lines of one length and none that is
 * empty, and what it refuses Prometheus would load. */

#include "spec/pem.h"

#include "base/compiler.h"
#include "spec/base64.h"

#include <string.h>

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char end_line_mark[] = "\n-----END ";
static const char dashes[] = "-----";

static bool is_blank(char character) {
    return character == ' ' || character == '\t' || character == '\r';
}

/* The line at a position without blanks at its end, and where the next one begins. */
static struct bytes line_at(struct bytes text, size_t at, size_t *ret_next) {
    size_t end = bytes_find(text, BYTES("\n"), at);
    struct bytes line = bytes_slice(text, at, end);

    *ret_next = end == SIZE_MAX ? text.length : end + 1;
    while (line.length > 0 && is_blank(line.data[line.length - 1]))
        line.length--;
    return line;
}

static bool mark_at(struct bytes text, size_t at, const char *mark) {
    return bytes_starts_with(bytes_slice(text, at, SIZE_MAX), bytes_of(mark));
}

/* Behind the next BEGIN that a line begins with, and the name in it; false where there is none. */
static bool begin_find(struct pem_walk *walk, struct bytes *ret_name) {
    while (walk->at < walk->text.length) {
        size_t next = 0;
        bool begins = mark_at(walk->text, walk->at, begin_mark);
        struct bytes line = line_at(walk->text, walk->at, &next);

        walk->at = next;
        if (begins && line.length >= strlen(begin_mark) + strlen(dashes) &&
            bytes_ends_with(line, bytes_of(dashes))) {
            *ret_name = bytes_slice(line, strlen(begin_mark), line.length - strlen(dashes));
            return true;
        }
    }
    return false;
}

/* Passes over lines such as "Proc-Type: 4,ENCRYPTED". */
static bool headers_pass(struct pem_walk *walk) {
    bool any = false;

    while (walk->at < walk->text.length) {
        size_t next = 0;
        struct bytes line = line_at(walk->text, walk->at, &next);

        if (bytes_find(line, BYTES(":"), 0) == SIZE_MAX)
            break;
        any = true;
        walk->at = next;
    }
    return any;
}

/* Where the next END line begins, at or behind the line break before walk->at. Searched once for
 * all the BEGINs before it: a text of nothing but these would take quadratic time. SIZE_MAX: none.
 */
static size_t end_find(struct pem_walk *walk) {
    size_t from = walk->at > 0 ? walk->at - 1 : 0;

    if (walk->end == 0 || (walk->end != SIZE_MAX && walk->end <= from)) {
        size_t found = bytes_find(walk->text, bytes_of(end_line_mark), from);
        walk->end = found == SIZE_MAX ? SIZE_MAX : found + 1;
    }
    return walk->end;
}

static struct bytes without_blanks(struct arena *arena, struct bytes text) {
    char *out = arena_alloc(arena, text.length + 1);
    size_t length = 0;

    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != ' ' && text.data[i] != '\t')
            out[length++] = text.data[i];
    }
    return (struct bytes){out, length};
}

/* "-----END NAME-----" and nothing behind it. */
static bool ends(struct bytes line, struct bytes name) {
    struct bytes rest = bytes_slice(line, strlen(end_mark), SIZE_MAX);

    return bytes_starts_with(rest, name) &&
           bytes_equal(bytes_slice(rest, name.length, SIZE_MAX), bytes_of(dashes));
}

bool pem_next(struct pem_walk *walk, struct arena *arena, struct pem_block *ret) {
    struct pem_block block = {0};

    while (begin_find(walk, &block.name)) {
        size_t next = 0;

        block.headers = headers_pass(walk);
        size_t end = end_find(walk);
        if (end == SIZE_MAX)
            return false;
        struct bytes body = bytes_slice(walk->text, walk->at, end);
        if (!ends(line_at(walk->text, end, &next), block.name) ||
            base64_decode(arena, without_blanks(arena, body), &block.data) < 0)
            continue;
        walk->at = next;
        *ret = block;
        return true;
    }
    return false;
}
