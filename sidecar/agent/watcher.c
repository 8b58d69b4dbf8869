/* SPDX-License-Identifier: Apache-2.0 */

/* One inotify watch a directory. inotify watches what stands at a path, not the path: a directory
 * that is deleted and made again, and a link that turns to another directory (kubelet's ..data),
 * need a new watch, so each sync compares device and inode, and does not trust a watch whose
 * directory was reported to have gone (its inode number may be in use again). */

#include "agent/watcher.h"

#include "base/clock.h"
#include "base/incident.h"
#include "base/log.h"
#include "base/memory.h"
#include "publish/publish.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct watch {
    uv_fs_event_t handle;
    struct watcher *watcher;
    char *path;
    dev_t device;
    ino_t inode;
    bool stale; /* what it watches may no longer stand at path */
};

struct watcher {
    uv_loop_t *loop;
    watcher_event on_event;
    void *context;
    struct watch **watches; /* sorted by path */
    size_t count;
    uint64_t events;
    uint64_t errors;
    struct incident incident;
    uv_timer_t look_timer; /* its data is the watcher */
};

/* What one sync could not watch. */
struct refusals {
    int error; /* of the first one */
    const char *path;
    size_t count;
};

static void on_watch_closed(uv_handle_t *handle) {
    struct watch *watch = handle->data;

    free(watch->path);
    free(watch);
}

static void watch_close(struct watch *watch) {
    uv_close((uv_handle_t *)&watch->handle, on_watch_closed);
}

/* libuv names a change of the directory itself by the last part of its path. A file of that name in
 * it is taken for the same; that costs one new watch. */
static bool is_about_itself(const struct watch *watch, const char *name, int events) {
    const char *slash = strrchr(watch->path, '/');

    return (events & UV_RENAME) != 0 && name != NULL &&
           strcmp(name, slash != NULL ? slash + 1 : watch->path) == 0;
}

static void on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status) {
    struct watch *watch = handle->data;
    struct watcher *watcher = watch->watcher;

    if (status >= 0 && name != NULL && publish_is_own_name(name)) {
        return; /* our own doing, in a folder that is a source as well */
    }
    if (status < 0) {
        watcher->errors++;
        watch->stale = true;
    } else if (is_about_itself(watch, name, events)) {
        watch->stale = true;
    }
    watcher->events++;
    watcher->on_event(watcher->context);
}

static bool stands_at_path(const struct watch *watch) {
    struct stat status = {0};

    return stat(watch->path, &status) == 0 && status.st_dev == watch->device &&
           status.st_ino == watch->inode;
}

/* 0 and the new watch; negative errno. */
static int watch_open(struct watcher *watcher, const char *path, struct watch **ret) {
    struct stat status = {0};

    if (stat(path, &status) != 0) {
        return -errno;
    }
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
        return -ENOTDIR;
    }
    struct watch *watch = memory_new(1, sizeof(*watch));
    int error = uv_fs_event_init(watcher->loop, &watch->handle);
    if (error < 0) {
        free(watch);
        return error;
    }
    watch->handle.data = watch;
    watch->watcher = watcher;
    watch->path = memory_string(path);
    watch->device = status.st_dev;
    watch->inode = status.st_ino;
    error = uv_fs_event_start(&watch->handle, on_fs_event, path, 0);
    if (error < 0) {
        watch_close(watch);
        return error;
    }
    /* Replaced between the two calls: nobody knows which of the two is watched. */
    watch->stale = !stands_at_path(watch);
    *ret = watch;
    return 0;
}

static void refused(struct refusals *refusals, const char *path, int error) {
    if (refusals->count == 0) {
        refusals->error = error;
        refusals->path = path;
    }
    refusals->count++;
}

static const char *remedy_for(int error) {
    switch (error) {
    case UV_ENOSPC:
        return "raise fs.inotify.max_user_watches on the node";
    case UV_EMFILE:
        return "raise fs.inotify.max_user_instances on the node, or the limit of open files";
    case UV_EACCES:
        return "let the sidecar's user read the directory";
    default:
        return "see the error";
    }
}

static void describe(struct incident *incident, const struct refusals *refusals) {
    CLEANUP(buffer_free) struct buffer words = {0};

    buffer_printf(&words, "%zu cannot be watched, %s among them: %s; %s", refusals->count,
                  refusals->path, uv_strerror(refusals->error), remedy_for(refusals->error));
    incident_describe(incident, buffer_bytes(&words));
}

static void report(struct watcher *watcher, const struct refusals *refusals) {
    watcher->errors += refusals->count;
    if (refusals->count == 0) {
        if (incident_end(&watcher->incident, NULL)) {
            log_info("every directory is watched again");
        }
        return;
    }
    bool news = incident_report(&watcher->incident, bytes_of(uv_err_name(refusals->error)),
                                clock_monotonic_nanoseconds());
    describe(&watcher->incident, refusals);
    if (news) {
        log_error("cannot watch every directory; what changes there is seen at the watch interval",
                  LOG_STRING("directory", refusals->path), LOG_INT("directories", refusals->count),
                  LOG_STRING("err", uv_strerror(refusals->error)),
                  LOG_STRING("remedy", remedy_for(refusals->error)));
    }
}

/* The watch for path: the old one where it is still good, else a new one (*fresh counts it), else
 * NULL. */
static struct watch *watch_renew(struct watcher *watcher, struct watch *old, const char *path,
                                 struct refusals *refusals, size_t *fresh) {
    struct watch *watch = NULL;

    if (old != NULL && !old->stale && stands_at_path(old)) {
        return old;
    }
    int error = watch_open(watcher, path, &watch);
    if (error == -ENOENT || error == -ENOTDIR) {
        (*fresh)++;
    } else if (error < 0) {
        refused(refusals, path, error);
    } else {
        (*fresh)++;
    }
    /* Only now: where both watch the same directory, the kernel's watch stays. */
    if (old != NULL) {
        watch_close(old);
    }
    return watch;
}

size_t watcher_sync(struct watcher *watcher, const char *const *directories, size_t count) {
    struct watch **watches = memory_new(count, sizeof(struct watch *));
    struct refusals refusals = {0};
    size_t kept = 0;
    size_t old = 0;
    size_t fresh = 0;

    for (size_t i = 0; i < count; i++) {
        while (old < watcher->count && strcmp(watcher->watches[old]->path, directories[i]) < 0) {
            watch_close(watcher->watches[old++]);
        }
        bool known =
            old < watcher->count && strcmp(watcher->watches[old]->path, directories[i]) == 0;
        struct watch *watch = watch_renew(watcher, known ? watcher->watches[old++] : NULL,
                                          directories[i], &refusals, &fresh);
        if (watch != NULL) {
            watches[kept++] = watch;
        }
    }
    while (old < watcher->count) {
        watch_close(watcher->watches[old++]);
    }
    free(watcher->watches);
    watcher->watches = watches;
    watcher->count = kept;
    report(watcher, &refusals);
    return fresh;
}

struct watcher *watcher_new(uv_loop_t *loop, watcher_event on_event, void *context) {
    struct watcher *watcher = memory_new(1, sizeof(*watcher));

    *watcher = (struct watcher){.loop = loop, .on_event = on_event, .context = context};
    uv_timer_init(loop, &watcher->look_timer);
    watcher->look_timer.data = watcher;
    return watcher;
}

static void on_look(uv_timer_t *timer) {
    struct watcher *watcher = timer->data;

    watcher->on_event(watcher->context);
}

void watcher_look_again(struct watcher *watcher, int64_t milliseconds) {
    if (milliseconds > 0) {
        uv_update_time(watcher->loop); /* a pass may have taken a while */
        uv_timer_start(&watcher->look_timer, on_look, (uint64_t)milliseconds, 0);
    } else {
        uv_timer_stop(&watcher->look_timer);
    }
}

struct watcher_counters watcher_counters(const struct watcher *watcher) {
    return (struct watcher_counters){
        .watches = watcher->count,
        .events = watcher->events,
        .errors = watcher->errors,
    };
}

const struct incident *watcher_incident(const struct watcher *watcher) {
    return &watcher->incident;
}

static void on_watcher_closed(uv_handle_t *timer) {
    free(timer->data);
}

void watcher_close(struct watcher *watcher) {
    for (size_t i = 0; i < watcher->count; i++) {
        watch_close(watcher->watches[i]);
    }
    free(watcher->watches);
    uv_close((uv_handle_t *)&watcher->look_timer, on_watcher_closed);
}
