/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_QUEUES_H
#define SIDECAR_PROMETHEUS_QUEUES_H

/*
 * What Prometheus's own /metrics say of its remote write queues, by the name of the entry
 * (remote_name). The names are the same from 2.27 on; what is not there counts as 0. Native
 * histograms count as samples do: both are what a queue has to bring.
 *
 * samples_total counts attempts, so one batch that is tried ten times counts ten times; what is
 * still on its way counts too. A batch that the remote end refuses for good counts as failed, its
 * bytes as sent, and its newest sample as the newest sent.
 */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct queue_figures {
    bool known;         /* Prometheus has a queue of this name; otherwise all is 0 */
    double attempted;   /* prometheus_remote_storage_samples_total */
    double retried;     /* ..._samples_retried_total: not taken, to be tried again */
    double failed;      /* ..._samples_failed_total: not taken, given up */
    double dropped;     /* ..._samples_dropped_total: never tried, mostly for a relabeling */
    double pending;     /* ..._samples_pending */
    double bytes;       /* ..._bytes_total: grows when a batch is done with, one way or another */
    double shards;      /* ..._shards */
    double newest_sent; /* ..._queue_highest_sent_timestamp_seconds; 0: none yet */
    double newest;      /* ..._queue_highest_timestamp_seconds, or where there is none
                           ..._highest_timestamp_in_seconds, of all that is written; 0: not told */
};

struct queues;

/* names: of the queues that are wanted, in the order of strcmp, each once; they are copied. */
struct queues *queues_new(const char *const *names, size_t count) MUST_USE;
void queues_free(struct queues *queues);

/* The answer to GET /metrics, in pieces as they come. 0; -EBADMSG: it is none. */
int queues_feed(struct queues *queues, struct bytes bytes) MUST_USE;

/* That was all of it. 0 and the figures in *ret, in the order of the names, which belong to queues;
 * -EBADMSG: it was cut, or none. */
int queues_end(struct queues *queues, const struct queue_figures **ret) MUST_USE;

#endif
