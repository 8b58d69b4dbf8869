/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_EMIT_H
#define SIDECAR_YAML_EMIT_H

/* A tree as text. A string is plain only where every YAML 1.1 and 1.2 reader takes it for that very
 * string, in block and in flow context; otherwise it is double-quoted with JSON-compatible escapes
 * (non-ASCII printable text stays as it is); "null" and "~" have the tag !!str before the quotes,
 * as Prometheus's reader takes them for null otherwise. Parsed scalars that are not strings keep
 * their spelling in block style, and are written as JSON has them in flow style (012 is 10 there);
 * as keys they keep it in both. NULL is null. */

#include "base/bytes.h"
#include "yaml/tree.h"

/* Block style. One item of a block sequence: "INDENT- first: ...", following lines indented two
 * further; ends with line_break ("\n" or "\r\n"). Empty collections are written [] and {}. */
void emit_sequence_item(struct buffer *out, const struct node *item, size_t indent,
                        const char *line_break);

/* A whole node in block style at an indentation, ending with a line break. */
void emit_block(struct buffer *out, const struct node *node, size_t indent, const char *line_break);

/* One line of JSON-compatible flow style, without a line break: {"url": "http://...", "max": 1}.
 * Strings are always quoted. Not JSON, for want of a JSON form: .inf and .nan, keys that are no
 * strings, keys of more than 1000 bytes (? "..."), and the tag of "null" and "~". */
void emit_flow(struct buffer *out, const struct node *node);

/* One string as it would stand in block style: plain, quoted, or tagged and quoted. */
void emit_string(struct buffer *out, struct bytes text);

#endif
