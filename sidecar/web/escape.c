/* SPDX-License-Identifier: Apache-2.0 */

/* Names, reasons and file names come from many hands. */

#include "web/escape.h"

#include "base/utf8.h"

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* The next character, or the replacement for a byte that is none. */
static struct bytes next_character(struct bytes text, size_t *offset, uint32_t *ret) {
    size_t length = utf8_decode(text, *offset, ret);
    struct bytes character = bytes_slice(text, *offset, *offset + length);

    if (length == 0) {
        *ret = 0xFFFD;
        character = bytes_of(replacement);
        length = 1;
    }
    *offset += length;
    return character;
}

void escape_label(struct buffer *out, const char *text_) {
    struct bytes text = bytes_of(text_);
    uint32_t code = 0;

    for (size_t i = 0; i < text.length;) {
        struct bytes character = next_character(text, &i, &code);
        switch (code) {
        case '\\':
            buffer_append_string(out, "\\\\");
            break;
        case '"':
            buffer_append_string(out, "\\\"");
            break;
        case '\n':
            buffer_append_string(out, "\\n");
            break;
        default:
            buffer_append(out, character);
        }
    }
}

void escape_html(struct buffer *out, struct bytes text) {
    uint32_t code = 0;

    for (size_t i = 0; i < text.length;) {
        struct bytes character = next_character(text, &i, &code);
        switch (code) {
        case '&':
            buffer_append_string(out, "&amp;");
            break;
        case '<':
            buffer_append_string(out, "&lt;");
            break;
        case '>':
            buffer_append_string(out, "&gt;");
            break;
        case '"':
            buffer_append_string(out, "&quot;");
            break;
        case '\'':
            buffer_append_string(out, "&#39;");
            break;
        case '\t':
        case '\n':
            buffer_append(out, character);
            break;
        default:
            if (code < 0x20 || utf8_is_unprintable(code)) {
                buffer_append_string(out, replacement);
            } else if (utf8_is_invisible(code)) {
                buffer_printf(out, "\\u%04X", (unsigned)code);
            } else {
                buffer_append(out, character);
            }
        }
    }
}

void escape_utf8(struct buffer *out, const char *text_) {
    struct bytes text = bytes_of(text_);
    uint32_t code = 0;

    for (size_t i = 0; i < text.length;) {
        buffer_append(out, next_character(text, &i, &code));
    }
}
