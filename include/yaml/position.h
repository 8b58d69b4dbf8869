/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_POSITION_H
#define SIDECAR_YAML_POSITION_H

/* Where a character of a text stands. libyaml counts characters and knows more line breaks than
 * editors do; people want lines and columns, and the splicer wants bytes. */

#include "base/bytes.h"

#include <stddef.h>

struct position {
    size_t index;    /* in characters, a byte order mark at the front not counted */
    size_t offset;   /* in bytes from the start of the text, a byte order mark counted */
    unsigned line;   /* from 1; LF, CR LF and CR end a line */
    unsigned column; /* from 1, in characters */
};

/* Remembers where every so many-th character stands; costs one and a half times the text's size. */
struct position_index {
    struct bytes text;
    struct position *marks;
    size_t count;
};

/* The bytes of a byte order mark at the front of the text: 3, or 0. */
size_t position_after_mark(struct bytes text);

/* text must be well-formed UTF-8 and outlive the index. */
void position_index_build(struct position_index *index, struct bytes text);
void position_index_free(struct position_index *index);

/* Beyond the end: the end. An offset within a character: that character. */
struct position position_of_character(const struct position_index *index, size_t character);
struct position position_of_offset(const struct position_index *index, size_t offset);

#endif
