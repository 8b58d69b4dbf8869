/* SPDX-License-Identifier: Apache-2.0 */

/* How long a pass takes and how much memory is resident, by the number of RemoteWrites: the first
 * pass, one in which one of them changed, and one in which a file was written anew with the same
 * bytes. By the sidecar's own metrics. Only ratios are judged. */

#include "support/deadline.h"
#include "support/http_request.h"
#include "support/served_sidecar.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What has not changed is not done again: a pass with one change costs at most half of the first.
 */
#define RATIO_MAX 0.5

enum {
    REPEATS = 5,
    PATIENCE_MILLISECONDS = 60000
};

struct figures {
    double first; /* milliseconds */
    double one;
    double none;
    size_t resident; /* kB */
};

/* Of the first series of this name; 0 where there is none. */
static double metric(const char *metrics, const char *name) {
    const char *at = strstr(metrics, name);

    return at != NULL ? strtod(at + strlen(name), NULL) : 0;
}

struct passes {
    double count;
    double milliseconds;
};

static struct passes passes_of(const struct served_sidecar *sidecar) {
    CLEANUP(memory_freep) char *url = served_sidecar_url(sidecar, "/metrics");
    struct http_reply reply = http_get(url, NULL);
    const char *text = buffer_string(&reply.body);
    struct passes passes = {
        .count = metric(text, "\nremotewrite_sidecar_pass_duration_seconds_count "),
        .milliseconds = 1000 * metric(text, "\nremotewrite_sidecar_pass_duration_seconds_sum "),
    };

    http_reply_free(&reply);
    return passes;
}

/* The mean of passes that each follow one writing of a manifest. Negative: there was none. */
static double mean_pass(const struct served_sidecar *sidecar, bool changes) {
    const struct passes before = passes_of(sidecar);
    struct passes now = before;

    for (int i = 0; i < REPEATS; i++) {
        double count = now.count;
        served_sidecar_drop(sidecar, "team-00000", changes && i % 2 == 0 ? "other" : "push");
        if (!WAIT_UNTIL((now = passes_of(sidecar)).count > count, PATIENCE_MILLISECONDS)) {
            return -1;
        }
    }
    return (now.milliseconds - before.milliseconds) / (now.count - before.count);
}

static bool measure(size_t count, struct figures *ret) {
    struct served_sidecar *sidecar = served_sidecar_new();

    served_sidecar_fill(sidecar, count);
    bool measured = served_sidecar_start(sidecar);
    if (measured) {
        struct passes first = passes_of(sidecar);
        ret->first = first.milliseconds / first.count;
        ret->resident = served_sidecar_resident(sidecar);
    }
    if (measured && count > 0) {
        ret->one = mean_pass(sidecar, true);
        ret->none = mean_pass(sidecar, false);
        measured = ret->one >= 0 && ret->none >= 0;
    }
    served_sidecar_free(sidecar);
    return measured;
}

int main(void) {
    static const size_t counts[] = {0, 10, 1000, 10000};
    struct figures figures = {0};

    printf("RemoteWrites   first pass   one changed   none changed   resident\n");
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        figures = (struct figures){0};
        if (!measure(counts[i], &figures)) {
            fprintf(stderr, "bench: %zu RemoteWrites could not be measured\n", counts[i]);
            return EXIT_FAILURE;
        }
        printf("  %10zu  %8.1f ms   %8.1f ms    %8.1f ms  %6.1f MiB\n", counts[i], figures.first,
               figures.one, figures.none, (double)figures.resident / 1024);
    }
    double ratio = figures.one / figures.first;
    printf("  one changed of %zu, against the first pass: %.2f (at most %.1f)\n",
           counts[ARRAY_LENGTH(counts) - 1], ratio, RATIO_MAX);
    return ratio <= RATIO_MAX ? EXIT_SUCCESS : EXIT_FAILURE;
}
