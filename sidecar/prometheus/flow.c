/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the figures mean is said in prometheus/queues.h; two things mislead. A remote end that is
 * down makes samples_total grow (each attempt counts) and never samples_failed_total. And one that
 * refuses everything makes the newest timestamp "sent" advance as if all were well.
 */

#include "prometheus/flow.h"

static const char *const names[FLOWS] = {
    [FLOW_UNKNOWN] = "unknown", [FLOW_FLOWING] = "flowing",   [FLOW_IDLE] = "idle",
    [FLOW_BEHIND] = "behind",   [FLOW_RETRYING] = "retrying", [FLOW_FAILING] = "failing",
};

const char *flow_name(enum flow flow) {
    return names[flow];
}

bool flow_is_good(enum flow flow) {
    return flow == FLOW_FLOWING || flow == FLOW_IDLE;
}

/* What has come to pass between two looks. */
struct change {
    bool advanced;  /* a batch was done with: taken, or refused for good */
    bool retried;   /* ... was not taken, and will be tried again */
    double failed;  /* samples refused for good */
    double settled; /* samples taken or refused for good; those on their way blur it */
};

static struct change change_between(const struct queue_figures *old,
                                    const struct queue_figures *new) {
    double failed = new->failed - old->failed;

    return (struct change){
        .advanced = new->bytes > old->bytes || new->newest_sent > old->newest_sent,
        .retried = new->retried > old->retried,
        .failed = failed,
        .settled = (new->attempted - old->attempted) - (new->retried - old->retried),
    };
}

static bool went_back(const struct queue_figures *old, const struct queue_figures *new) {
    return new->attempted < old->attempted || new->retried < old->retried ||
           new->failed < old->failed || new->bytes < old->bytes;
}

/* The newest sample that was sent is too far behind the newest that there is. */
static bool is_late(const struct queue_figures *figures) {
    return figures->newest - figures->newest_sent > FLOW_BEHIND_SECONDS;
}

/* Nothing has come to pass. */
static enum flow judge_quiet(const struct queue_figures *figures, enum flow before) {
    if (before == FLOW_FAILING || before == FLOW_RETRYING) {
        /* Whoever does not answer for half a minute is not well in the meantime. */
        return before;
    }
    if (figures->pending == 0) {
        return figures->newest_sent == 0 || is_late(figures) ? FLOW_IDLE : FLOW_FLOWING;
    }
    if (figures->newest_sent == 0) {
        /* The first batch is being filled, or tried for the first time. */
        return FLOW_UNKNOWN;
    }
    return is_late(figures) ? FLOW_BEHIND : FLOW_FLOWING;
}

static enum flow judge(const struct change *change, const struct queue_figures *figures,
                       enum flow before, double failed_share) {
    if (change->failed > 0 && change->failed > failed_share * change->settled) {
        return FLOW_FAILING;
    }
    if (change->advanced) {
        return is_late(figures) && figures->pending > 0 ? FLOW_BEHIND : FLOW_FLOWING;
    }
    if (change->retried) {
        return FLOW_RETRYING;
    }
    return judge_quiet(figures, before);
}

/* The first look sees the sum of a past that may be long over: only what fails more often than not
 * is taken for failing now. */
static void begin(struct flow_history *history, const struct queue_figures *figures, int64_t time) {
    static const struct queue_figures none = {0};
    const double mostly = 0.5;
    struct change change = change_between(&none, figures);

    *history = (struct flow_history){
        .base = {.time = time, .figures = *figures},
        .next = {.time = time, .figures = *figures},
        .verdict = judge(&change, figures, FLOW_UNKNOWN, mostly),
    };
}

static void go_on(struct flow_history *history, const struct queue_figures *figures, int64_t time) {
    struct change change = {0};

    if (time - history->next.time >= FLOW_WINDOW_MILLISECONDS) {
        history->base = history->next;
        history->next = (struct flow_look){.time = time, .figures = *figures};
    }
    change = change_between(&history->base.figures, figures);
    history->verdict = judge(&change, figures, history->verdict, FLOW_FAILED_SHARE);
}

static double sent(const struct queue_figures *figures) {
    double taken = figures->attempted - figures->retried - figures->failed;

    /* As long as no batch is done with, all that was tried is on its way. */
    return figures->newest_sent > 0 && taken > 0 ? taken : 0;
}

void flow_see(struct flow_history *history, const struct queue_figures *figures, int64_t time) {
    if (!figures->known) {
        *history = (struct flow_history){.verdict = FLOW_UNKNOWN};
        return;
    }
    if (!history->figures.known || went_back(&history->figures, figures)) {
        begin(history, figures, time);
    } else {
        go_on(history, figures, time);
    }
    history->figures = *figures;
    double now = sent(figures);
    history->sent = now > history->sent ? now : history->sent;
}
