/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_AGENT_WATCHER_H
#define SIDECAR_AGENT_WATCHER_H

/* Watches directories (not what is below them) and files for changes, one uv_fs_event each. Where
 * the kernel refuses, it says so once and leaves those directories to the watch interval. */

#include "base/compiler.h"
#include "base/incident.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct watcher;

/* Something changed somewhere; on the loop, never from within the functions below. */
typedef void (*watcher_event)(void *context);

struct watcher *watcher_new(uv_loop_t *loop, watcher_event on_event, void *context) MUST_USE;

/*
 * From now on watches exactly these directories (sorted by bytes, each once): others are given up,
 * new ones and those that stand at an old path anew (deleted and made again, a link that leads
 * elsewhere) are watched.
 *
 * Returns how many watches are new, or are to be tried again because the directory went away
 * meanwhile: not 0 means that something may have changed unseen before, so that whoever read the
 * directories has to read them again.
 */
size_t watcher_sync(struct watcher *watcher, const char *const *directories, size_t count) MUST_USE;

/* Reports an event after this many milliseconds, in place of what was asked for before; 0: none. */
void watcher_look_again(struct watcher *watcher, int64_t milliseconds);

struct watcher_counters {
    size_t watches;
    uint64_t events;
    uint64_t errors; /* watches that could not be set, each try counted */
};
struct watcher_counters watcher_counters(const struct watcher *watcher);

/* What cannot be watched; quiet where everything can. */
const struct incident *watcher_incident(const struct watcher *watcher);

/* No event after this. The loop has to run once more for its handles. */
void watcher_close(struct watcher *watcher);

#endif
