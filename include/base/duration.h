/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_DURATION_H
#define SIDECAR_BASE_DURATION_H

/* Durations as Prometheus writes them (model.ParseDuration): 0, 500ms, 1h30m, 1y2w3d4h5m6s7ms; each
 * unit at most once, largest first; y is 365d; the sum must fit in int64 nanoseconds. */

#include "base/bytes.h"

#include <stdint.h>

/* 0 and milliseconds in *ret; -EINVAL when it is not a duration; -ERANGE when it is too long. */
int duration_parse(struct bytes text, int64_t *ret_milliseconds);

/* As Go reads them (time.ParseDuration), but for a sign, and with the w and d that its command
 * lines (kingpin) add: any units of w, d, h, m, s, ms, us, ns, in any order and more than once,
 * with fractions (1.5s). Rounded up to whole milliseconds, so that what is not 0 stays so. As
 * duration_parse. */
int go_duration_parse(struct bytes text, int64_t *ret_milliseconds);

/* Appends the shortest spelling: 1m30s, 500ms, 0s. */
void duration_format(int64_t milliseconds, struct buffer *out);

#endif
