/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_PAGE_H
#define SIDECAR_WEB_PAGE_H

/* The status page: HTML with its style inside, without script and without anything from elsewhere.
 */

#include "base/bytes.h"
#include "web/view.h"

/* nonce: of the style sheet, as the Content-Security-Policy has it; letters and digits. */
void page_render(const struct web_view *view, const char *nonce, struct buffer *out);

#endif
