/* SPDX-License-Identifier: Apache-2.0 */

/* The lock tells a run that goes on (another container of the pod, a process that was not waited
 * for) from one that has ended: the kernel takes it back from whoever ends, in whatever way. The
 * boot id tells a killed process from a machine that went down. */

#include "agent/run_marker.h"

#include "agent/state_store.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "publish/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define RECORD_SIZE     128
#define BOOT_ID_SIZE    40
#define TEXT_SIZE_MAX   4096
#define BYTES_PER_KIB   1024
#define NO_LIMIT        (UINT64_C(1) << 60)
#define PEAK_STEP_BYTES (UINT64_C(1) << 20) /* less growth is not written */

/* What one run leaves to the next. */
struct record {
    char boot_id[BOOT_ID_SIZE]; /* "" where it is not known */
    int64_t started;            /* wall milliseconds; 0: not known */
    uint64_t peak; /* bytes that were resident, at most, at the end of a pass; 0: not known */
};

struct run_marker {
    int descriptor;    /* -1: no marker is held */
    int status;        /* /proc/self/status, as the sandbox keeps it from being opened later; -1 */
    char *output_path; /* NULL: there is none to hold a marker beside */
    bool busy;         /* another process holds it */
    bool failed;       /* and that was said */
    struct record record;
    uint64_t memory_limit; /* of the cgroup, bytes; 0: none, or not known */
    uint64_t oom_kills;    /* in the cgroup */
};

/* --- what the machine tells ------------------------------------------------------------------- */

/* The beginning of a small file of the kernel's; false where there is none. */
static bool text_read(const char *path, char *text, size_t size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0) {
        return false;
    }
    ssize_t length = read(descriptor, text, size - 1);
    close(descriptor);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* The number behind a word at the beginning of a line; 0: it is not there. */
static uint64_t number_behind(const char *text, const char *word) {
    const size_t length = strlen(word);

    for (const char *line = text; line != NULL;) {
        if (strncmp(line, word, length) == 0) {
            return strtoull(line + length, NULL, 10);
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return 0;
}

/* Version 2 and 1 of cgroups: how the line of /proc/self/cgroup begins behind its number, where the
 * hierarchy is, and what its files are called. */
struct cgroup_version {
    const char *line;
    const char *root;
    const char *limit;
    const char *events;
};

static const struct cgroup_version cgroup_versions[] = {
    {"0::", "/sys/fs/cgroup", "memory.max", "memory.events"},
    {":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control"},
};

/* A file of the process's own cgroup: below its path (the host's view), or at the root (a
 * container's). */
static bool cgroup_read(const struct cgroup_version *version, const char *file, char *text,
                        size_t size) {
    char groups[TEXT_SIZE_MAX];
    CLEANUP(buffer_free) struct buffer path = {0};
    const char *line = text_read("/proc/self/cgroup", groups, sizeof(groups))
                           ? strstr(groups, version->line)
                           : NULL;

    if (line != NULL) {
        line += strlen(version->line);
        buffer_printf(&path, "%s%.*s/%s", version->root, (int)strcspn(line, "\n"), line, file);
        if (text_read(buffer_string(&path), text, size)) {
            return true;
        }
        buffer_clear(&path);
    }
    buffer_printf(&path, "%s/%s", version->root, file);
    return text_read(buffer_string(&path), text, size);
}

static void read_cgroup(struct run_marker *marker) {
    char text[TEXT_SIZE_MAX];

    for (size_t i = 0; i < ARRAY_LENGTH(cgroup_versions); i++) {
        const struct cgroup_version *version = &cgroup_versions[i];
        /* "max" has no number; version 1 has a very large one in its place */
        if (marker->memory_limit == 0 && cgroup_read(version, version->limit, text, sizeof(text))) {
            marker->memory_limit = strtoull(text, NULL, 10);
        }
        if (marker->oom_kills == 0 && cgroup_read(version, version->events, text, sizeof(text))) {
            marker->oom_kills = number_behind(text, "oom_kill ");
        }
    }
    if (marker->memory_limit >= NO_LIMIT) {
        marker->memory_limit = 0;
    }
}

static uint64_t peak_of(const struct run_marker *marker) {
    char text[TEXT_SIZE_MAX];
    ssize_t length = marker->status >= 0 ? pread(marker->status, text, sizeof(text) - 1, 0) : 0;

    text[length > 0 ? length : 0] = '\0';
    return number_behind(text, "VmHWM:") * BYTES_PER_KIB;
}

struct run_marker *run_marker_new(void) {
    struct run_marker *marker = memory_new(1, sizeof(*marker));
    char text[TEXT_SIZE_MAX];

    marker->descriptor = -1;
    marker->status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    marker->record.started = clock_wall_milliseconds();
    if (text_read("/proc/sys/kernel/random/boot_id", text, sizeof(text))) {
        text[strcspn(text, "\n")] = '\0';
        snprintf(marker->record.boot_id, sizeof(marker->record.boot_id), "%.36s", text);
    }
    read_cgroup(marker);
    return marker;
}

/* --- the record ------------------------------------------------------------------------------- */

static void folder_beside(const char *output_path, struct buffer *folder) {
    const char *slash = strrchr(output_path, '/');

    if (slash != NULL) {
        buffer_append(folder, (struct bytes){output_path, (size_t)(slash - output_path) + 1});
    }
    buffer_append_string(folder, STATE_FOLDER);
}

/* 0 or negative errno. The descriptor that is held is for reading only: one for writing would keep
 * the file system from being remounted read-only. */
static int text_write(const struct run_marker *marker, const char *text, size_t length) {
    CLEANUP(buffer_free) struct buffer folder = {0};
    struct publish_error failure = {.step = ""};
    int descriptor = -1;

    folder_beside(marker->output_path, &folder);
    int error =
        private_open(buffer_string(&folder), RUN_MARKER_FILE, O_WRONLY, &descriptor, &failure);
    if (error < 0) {
        return error;
    }
    ssize_t written = pwrite(descriptor, text, length, 0);
    if (written != (ssize_t)length) {
        error = written < 0 ? -errno : -EIO;
    }
    close(descriptor);
    return error;
}

/* Of one length, so that it is written over in place. */
static void record_write(struct run_marker *marker) {
    char text[RECORD_SIZE + 1];
    const struct record *record = &marker->record;

    int length =
        snprintf(text, sizeof(text), "boot %36s started %20" PRId64 " peak %20" PRIu64,
                 record->boot_id[0] != '\0' ? record->boot_id : "-", record->started, record->peak);
    if (length < 0 || length >= RECORD_SIZE) {
        return; /* never */
    }
    memset(text + length, ' ', (size_t)(RECORD_SIZE - length));
    text[RECORD_SIZE - 1] = '\n';
    /* What cannot be written (a full disk) is a figure that the next run does not have. */
    int error = text_write(marker, text, RECORD_SIZE);
    if (error < 0) {
        log_debug("cannot write the marker of a running sidecar",
                  LOG_STRING("err", strerror(-error)));
    }
}

/* Of the last run; zeroed where it is damaged. */
static struct record record_read(int descriptor) {
    static const char boot[] = "boot ";
    static const char started[] = " started ";
    static const char peak[] = " peak ";
    char text[RECORD_SIZE + 1];
    struct record record = {.boot_id = ""};
    ssize_t length = pread(descriptor, text, RECORD_SIZE, 0);

    text[length > 0 ? length : 0] = '\0';
    const char *started_at = strstr(text, started);
    const char *peak_at = strstr(text, peak);
    if (strncmp(text, boot, sizeof(boot) - 1) != 0 || started_at == NULL || peak_at == NULL) {
        return record;
    }
    const char *id = text + sizeof(boot) - 1 + strspn(text + sizeof(boot) - 1, " ");
    const size_t id_length = strcspn(id, " ");
    if (id_length < sizeof(record.boot_id)) {
        memcpy(record.boot_id, id, id_length);
        record.started = strtoll(started_at + sizeof(started) - 1, NULL, 10);
        record.peak = strtoull(peak_at + sizeof(peak) - 1, NULL, 10);
    }
    return record;
}

/* --- what is said ----------------------------------------------------------------------------- */

enum {
    FIELDS_MAX = 6,
    TIME_SIZE = 32
};

static const char *time_text(int64_t milliseconds, char *text, size_t size) {
    const time_t seconds = milliseconds / 1000;
    struct tm parts;

    return gmtime_r(&seconds, &parts) != NULL &&
                   strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0
               ? text
               : "unknown";
}

static void say_unclean(const struct run_marker *marker, const struct record *last) {
    struct log_field fields[FIELDS_MAX] = {{0}};
    char started[TIME_SIZE];
    size_t count = 0;
    const bool rebooted = last->boot_id[0] != '\0' && marker->record.boot_id[0] != '\0' &&
                          strcmp(last->boot_id, marker->record.boot_id) != 0;

    if (last->started > 0) {
        fields[count++] = LOG_STRING("started", time_text(last->started, started, sizeof(started)));
    }
    if (last->peak > 0) {
        fields[count++] = LOG_INT("peak_memory_bytes", last->peak);
    }
    if (rebooted) {
        log_write(LOG_LEVEL_INFO,
                  "the last run ended without a clean shutdown: the machine was restarted", fields);
        return;
    }
    if (marker->memory_limit > 0) {
        fields[count++] = LOG_INT("memory_limit_bytes", marker->memory_limit);
    }
    if (marker->oom_kills > 0) {
        fields[count++] = LOG_INT("oom_kills", marker->oom_kills);
    }
    fields[count] = LOG_STRING(
        "remedy", "where it was out of memory (OOMKilled), raise the memory limit, or lower "
                  "--max-volume-size; else look for who sent SIGKILL, or for a crash");
    log_write(
        LOG_LEVEL_WARN,
        "the last run ended without a clean shutdown: it was killed (SIGKILL, out of memory) or "
        "crashed",
        fields);
}

static void say_failure(struct run_marker *marker, int error, const struct publish_error *failure) {
    log_write(marker->failed ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
              "cannot keep a marker of a running sidecar; the next run would not know how this one "
              "ended",
              (const struct log_field[]){
                  LOG_STRING("file", failure->path),
                  LOG_STRING("step", failure->step),
                  LOG_STRING("err", failure->wrong != NULL ? failure->wrong : strerror(-error)),
                  {0}});
    marker->failed = true;
}

/* --- taking and giving up --------------------------------------------------------------------- */

/* 0; negative errno: another process has it (-EAGAIN), or there are no locks here. flock() locks a
 * descriptor that is open for reading only. */
static int lock(int descriptor) {
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno;
}

static void take(struct run_marker *marker) {
    CLEANUP(buffer_free) struct buffer folder = {0};
    struct publish_error failure = {.step = ""};
    int descriptor = -1;

    folder_beside(marker->output_path, &folder);
    int error =
        private_open(buffer_string(&folder), RUN_MARKER_FILE, O_RDONLY, &descriptor, &failure);
    if (error < 0) {
        say_failure(marker, error, &failure);
        return;
    }
    error = lock(descriptor);
    if (error < 0) {
        close(descriptor);
        marker->busy = error == -EAGAIN;
        log_write(marker->busy ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
                  marker->busy ? "another sidecar that runs keeps its state in the same folder"
                               : "cannot lock the marker of a running sidecar",
                  (const struct log_field[]){
                      LOG_STRING("directory", buffer_string(&folder)),
                      LOG_STRING("remedy", "give each an output in a folder of its own"),
                      {0}});
        return;
    }
    marker->descriptor = descriptor;
    marker->record.peak = 0;
    if (lseek(descriptor, 0, SEEK_END) > 0) {
        const struct record last = record_read(descriptor);
        say_unclean(marker, &last);
    }
    record_write(marker);
}

void run_marker_take(struct run_marker *marker, const char *output_path) {
    if (marker->output_path != NULL && output_path != NULL &&
        strcmp(marker->output_path, output_path) == 0) {
        return;
    }
    run_marker_remove(marker);
    marker->busy = false;
    marker->output_path = output_path != NULL ? memory_string(output_path) : NULL;
    if (marker->output_path != NULL) {
        take(marker);
    }
}

void run_marker_note(struct run_marker *marker) {
    if (marker->descriptor < 0 && marker->output_path != NULL && !marker->busy) {
        take(marker);
    }
    if (marker->descriptor < 0) {
        return;
    }
    uint64_t peak = peak_of(marker);
    if (peak >= marker->record.peak + PEAK_STEP_BYTES) {
        marker->record.peak = peak;
        record_write(marker);
    }
}

static void give_up(struct run_marker *marker) {
    if (marker->descriptor >= 0) {
        close(marker->descriptor);
        marker->descriptor = -1;
    }
    free(marker->output_path);
    marker->output_path = NULL;
}

void run_marker_remove(struct run_marker *marker) {
    CLEANUP(buffer_free) struct buffer folder = {0};
    struct publish_error failure = {.step = ""};

    if (marker->descriptor >= 0 && marker->output_path != NULL) {
        folder_beside(marker->output_path, &folder);
        int error = private_remove(buffer_string(&folder), RUN_MARKER_FILE, &failure);
        if (error < 0) {
            say_failure(marker, error, &failure);
        }
    }
    give_up(marker);
}

void run_marker_free(struct run_marker *marker) {
    if (marker != NULL) {
        give_up(marker);
        if (marker->status >= 0) {
            close(marker->status);
        }
        free(marker);
    }
}
