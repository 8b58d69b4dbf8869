/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_LABEL_H
#define SIDECAR_SPEC_LABEL_H

/* Kubernetes labels: what keys and values may be (apimachinery's validation), sets of them, and
 * names of objects. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>

struct label {
    const char *key;
    const char *value;
};

struct labels {
    const struct label *items; /* sorted by key, keys unique */
    size_t count;
};

/* NULL, or why it is none: a static string. Keys are [prefix/]name. */
const char *label_key_check(struct bytes key);
const char *label_value_check(struct bytes value);

/* The value of a key; NULL where the set has none. */
const char *labels_get(const struct labels *labels, const char *key);

/* Sorts and copies; of two labels of one key the later one wins. */
struct labels labels_new(struct arena *arena, const struct label *items, size_t count);

/* NULL, or why it is none: an RFC 1123 label (namespaces; at most 63), an RFC 1123 subdomain
 * (names; at most 253). */
const char *dns_label_check(struct bytes text);
const char *dns_subdomain_check(struct bytes text);

/* "key=value" as of --cluster-label. NULL and *ret, or why it is none. */
const char *label_parse(struct arena *arena, const char *text, struct label *ret);

/*
 * A labels file in the downward API's format: key="value" a line, the value quoted as by Go's
 * strconv.Quote. Wrong lines are reported (error) and passed over; blank lines are fine. Appends to
 * *items (arena, grown).
 */
void labels_file_parse(struct arena *arena, struct bytes text, const char *file,
                       struct diagnostics *diagnostics, struct label **items, size_t *count,
                       size_t *capacity);

#endif
