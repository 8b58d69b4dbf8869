/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_INFO_H
#define SIDECAR_PROMETHEUS_INFO_H

/* What Prometheus's status answers say. Source: Prometheus HTTP API, /api/v1/status/buildinfo and
 * runtimeinfo. The bytes are untrusted. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* data.version of buildinfo, e.g. "2.42.0+ds": at most size - 1 bytes, NUL-terminated, printable
 * ASCII without blanks. 0; -EINVAL when the answer is none (ret_version is then untouched). */
int buildinfo_version(struct bytes answer, char *ret_version, size_t size);

/* data.reloadConfigSuccess and data.lastConfigTime (RFC 3339, as nanoseconds since 1970) of
 * runtimeinfo. 0; -EINVAL (results untouched). */
int runtimeinfo_reload(struct bytes answer, bool *ret_success,
                       int64_t *ret_last_config_nanoseconds);

/* data.startTime of runtimeinfo, when Prometheus began, as nanoseconds since 1970. 0; -EINVAL
 * (result untouched). */
int runtimeinfo_start(struct bytes answer, int64_t *ret_nanoseconds);

#endif
