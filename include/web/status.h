/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_STATUS_H
#define SIDECAR_WEB_STATUS_H

/* /api/v1/status, for scripts. docs/http.md says what is in it. */

#include "base/bytes.h"
#include "web/view.h"

void status_render(const struct web_view *view, struct buffer *out);

/* Wall milliseconds as RFC 3339 in UTC: 2026-01-31T09:30:00.250Z. "" for 0. */
void time_render(int64_t milliseconds, struct buffer *out);

#endif
