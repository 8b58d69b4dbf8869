/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_MASK_H
#define SIDECAR_WEB_MASK_H

/* The merged section as it may be shown: every value that the schema table calls a secret is
 * replaced by <secret>, and so is the userinfo of a URL. */

#include "base/bytes.h"
#include "web/view.h"

/* YAML, as the entries stand in the config. An entry that cannot be read is left out, with a
 * comment. */
void mask_section(const struct web_view *view, struct buffer *out);

#endif
