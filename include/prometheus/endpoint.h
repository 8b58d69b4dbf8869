/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_ENDPOINT_H
#define SIDECAR_PROMETHEUS_ENDPOINT_H

/* The URLs under which Prometheus is asked, derived from the one that the user gave. A route
 * prefix, user information and the port are kept; query and fragment are not. */

#include "base/bytes.h"

#include <stdint.h>

/* http://host/prefix/-/reload -> http://host/prefix/api/v1/status/runtimeinfo. Appended to out. 0;
 * -EINVAL when it is no http or https URL whose path ends in /-/reload. */
int runtimeinfo_url_from_reload(const char *reload_url, struct buffer *out);

/* .../status/runtimeinfo -> .../status/buildinfo. Appended to out. 0; -EINVAL when it is no http or
 * https URL whose path ends in /runtimeinfo. */
int buildinfo_url_from_runtimeinfo(const char *runtimeinfo_url, struct buffer *out);

/* .../status/runtimeinfo -> .../status/config. The same. */
int config_url_from_runtimeinfo(const char *runtimeinfo_url, struct buffer *out);

/* http://host/prefix/api/v1/status/runtimeinfo -> http://host/prefix/metrics. Appended to out. 0;
 * -EINVAL when it is no http or https URL whose path ends so. */
int metrics_url_from_runtimeinfo(const char *runtimeinfo_url, struct buffer *out);

/* The TCP port that a http or https URL means. 0; -EINVAL. */
int endpoint_port(const char *url, uint16_t *ret);

#endif
