/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_CONFIG_OUTLINE_H
#define SIDECAR_PROMETHEUS_CONFIG_OUTLINE_H

/*
 * What of a config can be compared safely with what Prometheus says that it runs. Prometheus
 * answers with its config marshalled anew: defaults are filled in, secrets are `<secret>`, paths
 * are joined with the config's folder, URLs are printed as Go prints them. An outline has what
 * survives that in every version: the entries of remote_write in their order (name, URL, numbers of
 * queue_config, number of write_relabel_configs), the names of the scrape jobs, and the number of
 * rule_files. Pure.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OUTLINE_NUMBERS = 4 /* of queue_config */
};

/* An entry of remote_write, or a scrape job. */
struct outline_item {
    struct bytes name;                /* "": none */
    bool any_name;                    /* it cannot be told */
    uint64_t url;                     /* hash; 0: it cannot be told. Of a job always 0 */
    size_t relabelings;               /* write_relabel_configs */
    int64_t numbers[OUTLINE_NUMBERS]; /* INT64_MIN: it cannot be told */
    uint64_t text;                    /* hash of the item's text; 0: not known */
};

struct outline_list {
    struct outline_item *items;
    size_t count;
    size_t capacity;
};

struct config_outline {
    struct arena *arena;
    struct outline_list entries;
    struct outline_list jobs;
    size_t rule_files;
};

/* Of a config as it was written. NULL: it cannot be told. */
struct config_outline *config_outline_of(struct bytes config) MUST_USE;

struct config_outline *config_outline_new(void) MUST_USE;
void config_outline_free(struct config_outline *outline);
void config_outline_freep(struct config_outline **outline);

/* An item of one of the outline's lists; name is copied. False: there are too many. */
bool config_outline_add(struct config_outline *outline, struct outline_list *list,
                        struct outline_item item) MUST_USE;

/* A mapping of remote_write, of scrape_configs; what is in the item stays the node's. */
struct outline_item outline_entry(const struct node *node);
struct outline_item outline_job(const struct node *node);

/* False: they differ. The first difference is then appended to out, as the end of a sentence about
 * Prometheus ("runs 0 entries of remote_write, 3 are written"): names of entries and jobs may be in
 * it, no URL and no other value. What cannot be told is taken for equal. */
bool config_outlines_match(const struct config_outline *written,
                           const struct config_outline *running, struct buffer *out) MUST_USE;

#endif
