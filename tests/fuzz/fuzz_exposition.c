/* SPDX-License-Identifier: Apache-2.0 */

/* Metrics: whatever comes in, it does not matter where it is cut, no label reaches beyond its text,
 * and the figures of queues are numbers. The first byte says how large the pieces are. */

#include "base/memory.h"
#include "prometheus/exposition.h"
#include "prometheus/queues.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* A hash of all that was taken, in its order. */
struct taken {
    uint64_t hash;
};

static void add(struct taken *taken, struct bytes bytes) {
    taken->hash = taken->hash * 31 + bytes_hash(bytes) + bytes.length;
}

static bool wants(struct bytes name, void *context UNUSED) {
    if (name.length == 0)
        abort();
    return name.data[0] == 'p';
}

static void take(const struct exposition_sample *sample, void *context) {
    struct taken *taken = context;

    if (sample->label_count > EXPOSITION_LABELS_MAX || sample->name.data[0] != 'p')
        abort();
    add(taken, sample->name);
    for (size_t i = 0; i < sample->label_count; i++) {
        if (sample->labels[i].name.length == 0)
            abort();
        add(taken, sample->labels[i].name);
        add(taken, sample->labels[i].value);
    }
    double value = isnan(sample->value) ? 0 : sample->value;
    add(taken, (struct bytes){(const char *)&value, sizeof(value)});
}

/* 0 or -EBADMSG. */
static int read_all(struct bytes text, size_t piece, struct taken *taken) {
    const struct exposition_reader reader = {.wants = wants, .take = take, .context = taken};
    struct exposition *exposition = exposition_new(&reader);
    int error = 0;

    for (size_t at = 0; at < text.length && error == 0; at += piece) {
        /* A copy, so that a byte beyond its end is found. */
        struct bytes part = bytes_slice(text, at, at + piece);
        CLEANUP(memory_freep) char *copy = memory_new(part.length, 1);
        memcpy(copy, part.data, part.length);
        error = exposition_feed(exposition, (struct bytes){copy, part.length});
    }
    error = error == 0 ? exposition_end(exposition) : error;
    exposition_free(exposition);
    return error;
}

static void check_figures(struct bytes text) {
    static const char *const names[] = {"", "a", "b"};
    const struct queue_figures *figures = NULL;
    struct queues *queues = queues_new(names, ARRAY_LENGTH(names));

    if (queues_feed(queues, text) == 0 && queues_end(queues, &figures) == 0) {
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
            if (!(figures[i].attempted >= 0) || !(figures[i].pending >= 0) ||
                !(figures[i].newest >= 0) || (!figures[i].known && figures[i].shards != 0))
                abort();
        }
    }
    queues_free(queues);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct taken whole = {0};
    struct taken pieces = {0};

    if (size < 1)
        return 0;
    size_t piece = (size_t)data[0] + 1;
    struct bytes text = {(const char *)data + 1, size - 1};
    int whole_end = read_all(text, text.length + 1, &whole);
    int pieces_end = read_all(text, piece, &pieces);
    if (whole_end != pieces_end || whole.hash != pieces.hash)
        abort();
    check_figures(text);
    return 0;
}
