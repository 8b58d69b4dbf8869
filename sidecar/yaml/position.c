/* SPDX-License-Identifier: Apache-2.0 */

/* The position of every 16th character is kept; any other one is a short walk from there. So a text
 * of one very long line costs no more than one of many short ones. */

#include "yaml/position.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
    STRIDE = 16
};

size_t position_after_mark(struct bytes text) {
    struct bytes mark = BYTES("\xef\xbb\xbf");
    return bytes_starts_with(text, mark) ? mark.length : 0;
}

/* CR LF ends its line at the LF. */
static bool ends_line(struct bytes text, size_t offset) {
    char character = text.data[offset];
    return character == '\n' ||
           (character == '\r' && (offset + 1 == text.length || text.data[offset + 1] != '\n'));
}

/* Most of every text is ASCII, and this is walked more often than anything else. */
static size_t character_length(struct bytes text, size_t offset) {
    uint32_t character = 0;
    bool ascii = (unsigned char)text.data[offset] < 0x80;
    return ascii ? 1 : utf8_decode(text, offset, &character);
}

static void step(struct bytes text, struct position *position) {
    bool line_ends = ends_line(text, position->offset);

    position->offset += character_length(text, position->offset);
    position->index++;
    position->column++;
    if (line_ends) {
        position->line++;
        position->column = 1;
    }
}

void position_index_build(struct position_index *index, struct bytes text) {
    struct position at = {.index = 0, .offset = position_after_mark(text), .line = 1, .column = 1};
    size_t capacity = (text.length - at.offset) / STRIDE + 1;

    *index = (struct position_index){
        .text = text, .marks = memory_new(capacity, sizeof(*index->marks)), .count = 0};
    for (;; step(text, &at)) {
        if (at.index % STRIDE == 0) {
            index->marks[index->count] = at;
            index->count++;
        }
        if (at.offset >= text.length) {
            break;
        }
    }
}

void position_index_free(struct position_index *index) {
    free(index->marks);
    *index = (struct position_index){0};
}

struct position position_of_character(const struct position_index *index, size_t character) {
    size_t mark = character / STRIDE < index->count ? character / STRIDE : index->count - 1;
    struct position at = index->marks[mark];

    while (at.index < character && at.offset < index->text.length) {
        step(index->text, &at);
    }
    return at;
}

/* The last mark that is not behind the offset. */
static const struct position *mark_before(const struct position_index *index, size_t offset) {
    /* A character has a byte at least: the mark cannot be further on than this, and in ASCII it is
     * this one. */
    size_t most = (offset - position_after_mark(index->text)) / STRIDE;
    size_t high = most < index->count ? most + 1 : index->count;
    size_t low = 0;

    if (index->marks[high - 1].offset <= offset) {
        return &index->marks[high - 1];
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (index->marks[middle].offset <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &index->marks[low];
}

struct position position_of_offset(const struct position_index *index, size_t offset) {
    struct position at = index->marks[0];

    if (offset <= at.offset) {
        return at;
    }
    at = *mark_before(index, offset);
    while (at.offset < index->text.length &&
           at.offset + character_length(index->text, at.offset) <= offset) {
        step(index->text, &at);
    }
    return at;
}
