/* SPDX-License-Identifier: Apache-2.0 */

/* One table says which metric is which figure. Whatever else Prometheus has, and every queue that
 * nobody asks about, leaves no trace, so memory is bounded by the names. */

#include "prometheus/queues.h"

#include "base/memory.h"
#include "prometheus/exposition.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct queues {
    struct exposition *exposition;
    char **names;
    struct queue_figures *figures; /* of each name */
    size_t count;
    double newest; /* of all samples that are written */
};

#define PREFIX "prometheus_remote_storage_"

/* Several metrics may make one figure, and several series of one (a reason each) one number. */
static const struct figure {
    const char *metric; /* behind the prefix */
    size_t offset;
    bool largest; /* of several series; otherwise their sum */
} figures[] = {
    {"samples_total", offsetof(struct queue_figures, attempted), false},
    {"histograms_total", offsetof(struct queue_figures, attempted), false},
    {"samples_retried_total", offsetof(struct queue_figures, retried), false},
    {"histograms_retried_total", offsetof(struct queue_figures, retried), false},
    {"samples_failed_total", offsetof(struct queue_figures, failed), false},
    {"histograms_failed_total", offsetof(struct queue_figures, failed), false},
    {"samples_dropped_total", offsetof(struct queue_figures, dropped), false},
    {"histograms_dropped_total", offsetof(struct queue_figures, dropped), false},
    {"samples_pending", offsetof(struct queue_figures, pending), false},
    {"histograms_pending", offsetof(struct queue_figures, pending), false},
    {"bytes_total", offsetof(struct queue_figures, bytes), false},
    {"shards", offsetof(struct queue_figures, shards), false},
    {"queue_highest_sent_timestamp_seconds", offsetof(struct queue_figures, newest_sent), true},
    {"queue_highest_timestamp_seconds", offsetof(struct queue_figures, newest), true},
};

/* Of no queue in particular. */
static const char newest_metric[] = "highest_timestamp_in_seconds";

static struct bytes behind_prefix(struct bytes name) {
    return bytes_starts_with(name, BYTES(PREFIX))
               ? bytes_slice(name, sizeof(PREFIX) - 1, name.length)
               : (struct bytes){0};
}

static const struct figure *figure_of(struct bytes metric) {
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++) {
        if (bytes_equal_string(metric, figures[i].metric)) {
            return &figures[i];
        }
    }
    return NULL;
}

/* exposition_reader.wants */
static bool wants(struct bytes name, void *context UNUSED) {
    struct bytes metric = behind_prefix(name);

    return metric.length > 0 &&
           (figure_of(metric) != NULL || bytes_equal_string(metric, newest_metric));
}

/* NULL: nobody asks about it. */
static struct queue_figures *figures_of(struct queues *queues, struct bytes name) {
    size_t low = 0;
    size_t high = queues->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(bytes_of(queues->names[middle]), name);
        if (order == 0) {
            return &queues->figures[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static void put(struct queue_figures *out, const struct figure *figure, double value) {
    double *number = (double *)(void *)((char *)out + figure->offset);

    out->known = true;
    if (!figure->largest) {
        *number += value;
    } else if (value > *number) {
        *number = value;
    }
}

/* exposition_reader.take */
static void take(const struct exposition_sample *sample, void *context) {
    struct queues *queues = context;
    struct bytes metric = behind_prefix(sample->name);

    /* None of them is below zero, but one that is not set yet may say so in this way. */
    if (!isfinite(sample->value) || sample->value < 0) {
        return;
    }
    const struct figure *figure = figure_of(metric);
    if (figure == NULL) {
        queues->newest = sample->value;
        return;
    }
    struct queue_figures *out = figures_of(queues, exposition_label(sample, "remote_name"));
    if (out != NULL) {
        put(out, figure, sample->value);
    }
}

struct queues *queues_new(const char *const *names, size_t count) {
    struct queues *queues = memory_new(1, sizeof(*queues));
    const struct exposition_reader reader = {.wants = wants, .take = take, .context = queues};

    queues->exposition = exposition_new(&reader);
    queues->names = memory_new(count, sizeof(*queues->names));
    queues->figures = memory_new(count, sizeof(*queues->figures));
    queues->count = count;
    for (size_t i = 0; i < count; i++) {
        queues->names[i] = memory_string(names[i]);
    }
    return queues;
}

void queues_free(struct queues *queues) {
    if (queues == NULL) {
        return;
    }
    exposition_free(queues->exposition);
    for (size_t i = 0; i < queues->count; i++) {
        free(queues->names[i]);
    }
    free(queues->names);
    free(queues->figures);
    free(queues);
}

int queues_feed(struct queues *queues, struct bytes bytes) {
    return exposition_feed(queues->exposition, bytes);
}

int queues_end(struct queues *queues, const struct queue_figures **ret) {
    int error = exposition_end(queues->exposition);

    if (error < 0) {
        return error;
    }
    for (size_t i = 0; i < queues->count; i++) {
        struct queue_figures *out = &queues->figures[i];
        if (out->known && out->newest == 0) {
            out->newest = queues->newest;
        }
    }
    *ret = queues->figures;
    return 0;
}
