/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_PROXY_H
#define SIDECAR_SPEC_PROXY_H

/* The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY give for a URL, as Go's httpproxy reads them.
 */

#include "base/arena.h"
#include "spec/policy.h"
#include "spec/url.h"

/* The proxy's URL ("http://" put before one without a scheme), or NULL: none for this URL
 * (localhost and loopback addresses never have one). */
const char *proxy_for_url(struct arena *arena, const struct policy *policy, const struct url *url);

#endif
