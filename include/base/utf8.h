/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_UTF8_H
#define SIDECAR_BASE_UTF8_H

/* UTF-8, one character at a time. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the character at offset (which must lie within text) into *ret_character. Returns the bytes
 * that it takes, or 0 when no well-formed character stands there (overlong forms, surrogates and
 * values over U+10FFFF are none). */
size_t utf8_decode(struct bytes text, size_t offset, uint32_t *ret_character);

/* True for what must not reach a terminal or a log line as it is: C0 and C1 controls, DEL, line and
 * paragraph separators, marks that change the direction of text, the byte order mark, and
 * non-characters. */
bool utf8_is_unprintable(uint32_t character);

/* True for what a reader cannot see, or cannot tell from a blank: all of the above, every space but
 * U+0020, format characters (zero width, joiners, tags), fillers and variation selectors. */
bool utf8_is_invisible(uint32_t character);

/* White space as Go's unicode.IsSpace has it: what strings.TrimSpace takes off. */
bool utf8_is_space(uint32_t character);

#endif
