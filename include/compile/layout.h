/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_LAYOUT_H
#define SIDECAR_COMPILE_LAYOUT_H

/* Where the lines, blanks and comments of a YAML text are: what the splice has to know and a parsed
 * tree does not say. Offsets may be anything up to the length of the text. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes that the line break at offset takes: LF, CR, CR LF, and what YAML 1.1 takes for one besides
 * (NEL, LS, PS); 0: there is none. */
size_t layout_break(struct bytes text, size_t offset);

/* True at offset 0, behind a byte order mark that the text begins with, and behind a line break. */
bool layout_at_line_start(struct bytes text, size_t offset);

/* The start of the line that offset is in. */
size_t layout_line_start(struct bytes text, size_t offset);

/* The end of that line: its line break, or the end of the text. */
size_t layout_line_end(struct bytes text, size_t offset);

/* The start of the next line, or the end of the text. */
size_t layout_next_line(struct bytes text, size_t offset);

/* Behind the spaces and tabs that stand at offset; before those that stand in front of it. */
size_t layout_skip_blanks(struct bytes text, size_t offset);
size_t layout_skip_blanks_back(struct bytes text, size_t offset);

/* Behind all that is between two tokens: blanks, line breaks, comments. offset must not be inside
 * a scalar. */
size_t layout_skip_gap(struct bytes text, size_t offset);

/* The end of the anchor and the tag that the node behind offset has; offset, when it has none. */
size_t layout_properties_end(struct bytes text, size_t offset);

/* "\r\n" when the first line break of the text is that, else "\n". */
const char *layout_line_break(struct bytes text);

#endif
