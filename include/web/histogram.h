/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_HISTOGRAM_H
#define SIDECAR_WEB_HISTOGRAM_H

/* A histogram of durations, as Prometheus scrapes it. */

#include <stdint.h>

#define HISTOGRAM_BUCKETS 14

/* Upper bounds in seconds, from a millisecond to a minute and a half; above them is +Inf. */
extern const double histogram_bounds[HISTOGRAM_BUCKETS];

/* A zeroed one is empty. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* of each bucket alone; the last is +Inf */
    int64_t sum;                            /* nanoseconds */
};

void histogram_observe(struct histogram *histogram, int64_t nanoseconds);

#endif
