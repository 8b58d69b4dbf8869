/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_RUNNING_CONFIG_H
#define SIDECAR_PROMETHEUS_RUNNING_CONFIG_H

/* Reads the answer of GET /api/v1/status/config, {"status": "success", "data": {"yaml": "..."}},
 * into an outline, as it comes in. Kept is one item of a list at a time, so an answer of many
 * megabytes takes little memory. Pure; the bytes are untrusted. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "prometheus/config_outline.h"

/* Most bytes of an answer. Prometheus 3 prints up to 30 times what was written of a scrape job, by
 * what it fills in. */
#define RUNNING_CONFIG_MAX ((size_t)128 * 1024 * 1024)

struct running_config;

/* last: the outline of the answer before, or NULL. Items whose text is the same are taken from it
 * and not parsed again. It has to outlive this. */
struct running_config *running_config_new(const struct config_outline *last) MUST_USE;

/* The next bytes of the body, any number of them. NULL: go on; or why it is no such answer: a
 * static string. */
const char *running_config_feed(struct running_config *reader, struct bytes part);

/* The body has ended: its outline, or NULL where it was no such answer, or not complete. */
struct config_outline *running_config_end(struct running_config *reader) MUST_USE;

/* NULL is fine. */
void running_config_free(struct running_config *reader);

#endif
