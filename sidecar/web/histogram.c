/* SPDX-License-Identifier: Apache-2.0 */

/* Buckets that fit both ends: a pass takes milliseconds, a reload of a busy Prometheus a minute. */

#include "web/histogram.h"

#define NANOSECONDS_PER_SECOND 1e9

const double histogram_bounds[HISTOGRAM_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,  0.5,    1,     2.5,  10,    30,   90};

void histogram_observe(struct histogram *histogram, int64_t nanoseconds) {
    int64_t duration = nanoseconds > 0 ? nanoseconds : 0;
    unsigned bucket = 0;

    while (bucket < HISTOGRAM_BUCKETS &&
           (double)duration / NANOSECONDS_PER_SECOND > histogram_bounds[bucket]) {
        bucket++;
    }
    histogram->counts[bucket]++;
    histogram->sum += duration;
}
