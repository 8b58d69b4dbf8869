/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SERVED_SIDECAR_H
#define TESTS_SUPPORT_SERVED_SIDECAR_H

/* The built sidecar ($SIDECAR) with its HTTP server on, a process of its own so that its memory can
 * be measured, and a stand-in for Prometheus that takes every config. */

#include "base/compiler.h"
#include "support/http_stub.h"
#include "support/process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct served_sidecar {
    char *folder;
    char *manifests; /* FOLDER/remote-writes */
    struct http_stub *prometheus;
    struct process *process;
    const char *flag; /* one more for the start; NULL: none */
    uint16_t port;    /* of its server, on 127.0.0.1 */
};

/* Makes the folders, and a base config; starts nothing. */
struct served_sidecar *served_sidecar_new(void) MUST_USE;
void served_sidecar_free(struct served_sidecar *sidecar);

/* Starts it, and waits until it is at rest with its first config loaded. False: it ended, or took
 * too long; its log is shown. */
bool served_sidecar_start(struct served_sidecar *sidecar) MUST_USE;

/* One manifest, by rename: a RemoteWrite of this name, sent to this path. */
void served_sidecar_drop(const struct served_sidecar *sidecar, const char *name, const char *path);

/* So many RemoteWrites in one file each, team-00000.yaml and on. */
void served_sidecar_fill(const struct served_sidecar *sidecar, size_t count);

/* Reloads that the stand-in was asked for. */
size_t served_sidecar_reloads(const struct served_sidecar *sidecar);

/* "http://127.0.0.1:PORT" + path; free(). */
char *served_sidecar_url(const struct served_sidecar *sidecar, const char *path) MUST_USE;

/* A GET that is answered with 200 and holds this text? */
bool served_sidecar_says(const struct served_sidecar *sidecar, const char *path, const char *text);

/* Kilobytes that are resident now; 0: it has ended. */
size_t served_sidecar_resident(const struct served_sidecar *sidecar);

/* Its open file descriptors; 0 where this user and kernel cannot count them, which is said. */
size_t served_sidecar_descriptors(const struct served_sidecar *sidecar);

#endif
