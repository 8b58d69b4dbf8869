/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_METRICS_H
#define SIDECAR_WEB_METRICS_H

/* /metrics, in Prometheus's text format (0.0.4). */

#include "base/bytes.h"
#include "web/view.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_render(const struct web_view *view, struct buffer *out);

#endif
