/* SPDX-License-Identifier: Apache-2.0 */

/* An operator relies on an init container that fails where there is no config yet, and on a
 * container that is restarted until there is one. */

#include "command/reloader.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "source/file.h"
#include "source/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fault(const char *path, const char *step, int error, const char *remedy) {
    log_error("Failed to run", LOG_STRING("step", step), LOG_STRING("file", path),
              LOG_STRING("err", strerrordesc_np(error)), LOG_STRING("remedy", remedy));
    return -error;
}

static int check_config(const struct settings *settings) {
    static const char remedy[] = "correct --config-file, or mount what it names";
    const char *path = settings->config_file;
    struct stat status;

    if (path == NULL) {
        return 0;
    }
    CLEANUP(descriptor_closep)
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0 || fstat(descriptor, &status) < 0) {
        return fault(path, "read the config file", errno, remedy);
    }
    return S_ISDIR(status.st_mode) ? fault(path, "read the config file", EISDIR, remedy) : 0;
}

/* Without an output it is only watched, and may hold anything. */
static int check_gzip(const struct settings *settings, size_t limit) {
    const char *path = settings->config_file;
    struct file *file = NULL;
    uint64_t last_id = 0;

    if (path == NULL || settings->output_file == NULL) {
        return 0;
    }
    const struct file_request request = {
        .folder = AT_FDCWD,
        .name = path,
        .follow = true,
        .path = path,
        .relative = path,
        .limit = limit,
        .decode = gzip_decode,
        .started = clock_wall_milliseconds(),
        .last_id = &last_id,
    };
    int error = file_load(&request, NULL, &file);
    file_release(file);
    if (error != -EBADMSG) {
        return 0;
    }
    log_error("Failed to run", LOG_STRING("step", "decompress the config file"),
              LOG_STRING("file", path), LOG_STRING("err", "the gzip is damaged or cut off"),
              LOG_STRING("remedy", "write it anew, plain or as gzip"));
    return error;
}

static int check_output(const struct settings *settings) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    if (settings->output_file == NULL) {
        return 0;
    }
    const char *slash = strrchr(settings->output_file, '/');
    size_t length = slash != NULL ? (size_t)(slash - settings->output_file) : 0;
    const char *folder = arena_string(
        arena, slash == NULL ? BYTES(".")
               : length == 0 ? BYTES("/")
                             : bytes_slice(bytes_of(settings->output_file), 0, length));
    if (access(folder, W_OK | X_OK) < 0) {
        return fault(
            folder, "write into the folder of the output", errno,
            "correct --config-envsubst-file, or mount a volume there that may be written to");
    }
    return 0;
}

static int check_watched(const struct settings *settings) {
    for (size_t i = 0; i < settings->watched_dirs.count; i++) {
        struct stat status;
        if (stat(settings->watched_dirs.items[i], &status) < 0) {
            return fault(settings->watched_dirs.items[i], "read the watched directory", errno,
                         "correct --watched-dir, or mount what it names");
        }
    }
    return 0;
}

int reloader_start_check(const struct setup *setup) {
    const struct settings *settings = setup->settings;

    if (!settings->as_reloader) {
        return 0;
    }
    int error = check_config(settings);
    if (error == 0) {
        error = check_gzip(settings, setup->agent.source.max_base_size);
    }
    if (error == 0) {
        error = check_output(settings);
    }
    /* While it runs, a watched directory may come later; the reloader looks at none without a
     * config file. */
    if (error == 0 && settings->watch_interval == 0 && settings->config_file != NULL) {
        error = check_watched(settings);
    }
    return error;
}

bool reloader_is_idle(const struct settings *settings) {
    return settings->as_reloader && settings->config_file == NULL &&
           settings->output_file == NULL && settings->watched_dirs.count == 0 &&
           settings->remote_write_dirs.count == 0 && settings->secret_dirs.count == 0 &&
           settings->configmap_dirs.count == 0;
}
