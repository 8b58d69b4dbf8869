/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_EXPOSITION_H
#define SIDECAR_PROMETHEUS_EXPOSITION_H

/*
 * Prometheus's text format (0.0.4), read as it comes in: any number of bytes, cut anywhere, in
 * memory that does not grow with them. Only the samples of metrics that somebody wants are taken
 * apart; of the others no more is looked at than the name. The bytes are untrusted. Source:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* A longer line is passed over: nobody wants one. */
#define EXPOSITION_LINE_MAX ((size_t)64 * 1024)

/* Labels of one sample; more are no sample that can be read. */
#define EXPOSITION_LABELS_MAX 32

struct exposition_label {
    struct bytes name;
    struct bytes value; /* without quotes and escapes */
};

struct exposition_sample {
    struct bytes name;
    const struct exposition_label *labels; /* in the order of the text */
    size_t label_count;
    double value; /* may be NaN or infinite */
};

/* The value of a label; of no length where it is not there, which means the same. */
struct bytes exposition_label(const struct exposition_sample *sample, const char *name);

struct exposition_reader {
    bool (*wants)(struct bytes name, void *context);
    void (*take)(const struct exposition_sample *sample, void *context); /* valid in the call */
    void *context;
};

struct exposition;

/* The reader is copied. */
struct exposition *exposition_new(const struct exposition_reader *reader) MUST_USE;
void exposition_free(struct exposition *exposition);

/* The next bytes. 0; -EBADMSG when this is not the format; nothing is taken any more then. */
int exposition_feed(struct exposition *exposition, struct bytes bytes) MUST_USE;

/* There are no more. 0; -EBADMSG when it was not the format, when the last line has no end (the
 * text was cut), or when there was no sample at all. */
int exposition_end(const struct exposition *exposition) MUST_USE;

#endif
