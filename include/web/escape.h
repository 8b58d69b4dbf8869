/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_ESCAPE_H
#define SIDECAR_WEB_ESCAPE_H

/* Text of any origin, made harmless. What is no UTF-8 becomes U+FFFD; NULL counts as "". */

#include "base/bytes.h"

/* For a label value in Prometheus's text format. */
void escape_label(struct buffer *out, const char *text);

/* For HTML, between tags and inside quoted attributes. Control characters, and those that change
 * the direction of text, become U+FFFD; tabs and line breaks stay. */
void escape_html(struct buffer *out, struct bytes text);

/* UTF-8 without NUL, as a JSON library wants it. */
void escape_utf8(struct buffer *out, const char *text);

#endif
