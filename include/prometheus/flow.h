/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_FLOW_H
#define SIDECAR_PROMETHEUS_FLOW_H

/*
 * Do a queue's samples reach the remote end? One look at its figures tells little, as all of them
 * are sums since the queue began; so a look is judged by what has come to pass since an earlier
 * one. Pure: time and figures are handed in.
 */

#include "prometheus/queues.h"

#include <stdbool.h>
#include <stdint.h>

enum flow {
    FLOW_UNKNOWN,  /* Prometheus has no such queue, or nothing has come to pass in it yet */
    FLOW_FLOWING,  /* samples reach the remote end, the newest at most two minutes late */
    FLOW_IDLE,     /* there is nothing to send */
    FLOW_BEHIND,   /* they reach it, but later than that, or are not even tried */
    FLOW_RETRYING, /* the remote end does not answer, or not now (5xx, 429): they wait */
    FLOW_FAILING,  /* the remote end refuses them (4xx): they are lost */
};
#define FLOWS 6

const char *flow_name(enum flow flow);

/* Is all well? Not to be asked of FLOW_UNKNOWN. */
bool flow_is_good(enum flow flow);

/* How old the newest sample that was sent may be beside the newest that Prometheus has: as the
 * alert PrometheusRemoteWriteBehind of prometheus-mixin has it. */
#define FLOW_BEHIND_SECONDS 120.0

/* How much of what the remote end has answered for may be refused: as in the mixin's
 * PrometheusRemoteStorageFailures. */
#define FLOW_FAILED_SHARE 0.01

/* A look is judged by one that is at least as old as this, where there is one: a batch waits for up
 * to 5 s until it is full, a retry for up to 5 s until it is due. */
#define FLOW_WINDOW_MILLISECONDS 5000

struct flow_look {
    int64_t time; /* milliseconds of any clock that only goes forward */
    struct queue_figures figures;
};

/* What is remembered of one queue; zeroed: nothing. */
struct flow_history {
    struct flow_look base;        /* what the next look is judged by */
    struct flow_look next;        /* what follows it in that */
    struct queue_figures figures; /* of the last look */
    enum flow verdict;            /* at the last look */
    /* Samples that the remote end took, as far as can be told: attempts without those that failed
     * or are to be tried again. What is on its way counts too. Goes back only as the queue begins
     * anew. */
    double sent;
};

/* One more look. A queue whose figures went back has begun anew, and so does its history. */
void flow_see(struct flow_history *history, const struct queue_figures *figures, int64_t time);

#endif
