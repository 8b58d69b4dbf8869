/* SPDX-License-Identifier: Apache-2.0 */

/* A certificate is replaced a file at a time, and the web config may be written while it is read:
 * so a version is taken only when all of it fits together, and what was tried is remembered, so
 * that a broken version is neither read again nor complained about for each connection. */

#include "web/config_file.h"

#include "base/clock.h"
#include "base/incident.h"
#include "base/log.h"
#include "base/memory.h"
#include "source/file.h"
#include "source/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define FILE_MAX ((size_t)1024 * 1024)

/* The web config itself, then its materials in their order. */
#define FILES (1 + WEB_MATERIALS)

/* A file as it was when it was looked at last. */
struct look {
    char *path;        /* NULL: there is none in this place */
    int error;         /* of reading it */
    struct file *file; /* NULL: with an error */
};

struct web_config_file {
    struct look looks[FILES];
    bool started; /* there was a good version */
    bool tls;     /* it had TLS */
    uint64_t last_id;
    struct writers
        *writers; /* NULL until there was a good version: at the start nobody is waited for */
    size_t slow_writers; /* how many files were warned of */
    struct web_version *current;
    struct incident incident;
};

/* --- versions ------------------------------------------------------------------------------- */

struct web_version *web_version_reference(struct web_version *version) {
    version->references++;
    return version;
}

void web_version_release(struct web_version *version) {
    if (version == NULL || --version->references > 0) {
        return;
    }
    tls_free(version->tls);
    arena_free(version->arena);
    free(version);
}

static void web_version_releasep(struct web_version **version) {
    web_version_release(*version);
}

static struct web_version *web_version_new(void) {
    struct web_version *version = memory_new(1, sizeof(*version));

    version->references = 1;
    version->arena = arena_new();
    return version;
}

/* --- files ---------------------------------------------------------------------------------- */

/* True when it is another file than before. */
static bool look_set(struct look *look, const char *path) {
    if (look->path != NULL && path != NULL && strcmp(look->path, path) == 0) {
        return false;
    }
    file_release(look->file);
    free(look->path);
    *look = (struct look){.path = memory_string(path)};
    return true;
}

/* True when it is not as it was. */
static bool look_again(struct web_config_file *file, struct look *look, bool every_byte) {
    const struct file_request request = {
        .folder = AT_FDCWD,
        .name = look->path,
        .follow = true,
        .path = look->path,
        .relative = look->path,
        .limit = FILE_MAX,
        .every_byte = every_byte,
        .started = clock_wall_milliseconds(),
        .last_id = &file->last_id,
        .writers = file->writers,
    };
    struct file *now = NULL;

    if (look->path == NULL) {
        return false;
    }
    int error = file_load(&request, look->file, &now);
    if (error == -ETXTBSY) {
        return false; /* until it is done: an empty config would be one without authentication */
    }
    bool changed = error != look->error || now != look->file;
    file_release(look->file);
    look->file = now;
    look->error = error;
    return changed;
}

/* Once for each file that somebody takes long to write, and once for its end. */
static void say_writers(struct web_config_file *file) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct writers_report report;

    writers_end(file->writers, arena, &diagnostics, &report);
    for (size_t i = 0; i < report.finished_count; i++) {
        log_info("a file is not being written any more", LOG_STRING("file", report.finished[i]));
    }
    for (size_t i = file->slow_writers; i < diagnostics.count; i++) {
        log_warn(diagnostics.items[i].problem,
                 LOG_STRING("file", diagnostics.items[i].location.file),
                 LOG_STRING("remedy", diagnostics.items[i].remedy));
    }
    file->slow_writers = diagnostics.count;
}

static bool look_at_all(struct web_config_file *file, bool every_byte) {
    bool changed = false;

    for (size_t i = 0; i < FILES; i++) {
        changed |= look_again(file, &file->looks[i], every_byte);
    }
    if (file->writers != NULL) {
        say_writers(file);
    }
    return changed;
}

static const char *reason(int error) {
    switch (-error) {
    case EINVAL:
        return "it is no regular file";
    case EFBIG:
        return "it is larger than 1 MiB";
    case EBUSY:
        return "it is being written";
    default:
        return strerror(-error);
    }
}

/* --- a new version -------------------------------------------------------------------------- */

static int read_config(struct web_config_file *file, struct web_version *version,
                       struct diagnostics *diagnostics) {
    const struct look *look = &file->looks[0];
    struct web_config *config = NULL;

    if (look->file == NULL) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){.file = look->path}, NULL,
                        NULL, "put the web config there, and let it be read", "cannot be read: %s",
                        reason(look->error));
        return -EINVAL;
    }
    /* The version may outlive the file. */
    const char *name = arena_string(version->arena, bytes_of(look->path));
    int error =
        web_config_parse(version->arena, look->file->view.content, name, diagnostics, &config);
    version->config = config;
    return error;
}

static int read_material(struct web_config_file *file, const struct web_material *material,
                         struct look *look, struct diagnostics *diagnostics, struct bytes *ret) {
    bool moved = look_set(look, material->path);

    if (material->path == NULL) {
        *ret = material->text;
        return 0;
    }
    if (moved) {
        look_again(file, look, false);
    }
    if (look->file == NULL) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, material->location, NULL, material->field,
                        "put the file there, and let it be read", "%s cannot be read: %s",
                        look->path, reason(look->error));
        return -EINVAL;
    }
    *ret = look->file->view.content;
    return 0;
}

static int read_tls(struct web_config_file *file, struct web_version *version,
                    struct diagnostics *diagnostics) {
    const struct web_tls_config *config = &version->config->tls_server;
    struct bytes contents[WEB_MATERIALS] = {{0}};
    int error = 0;

    for (size_t i = 0; i < WEB_MATERIALS; i++) {
        int result = read_material(file, &config->materials[i], &file->looks[1 + i], diagnostics,
                                   &contents[i]);
        error = result < 0 ? result : error;
    }
    if (error < 0 || !version->config->tls) {
        return error;
    }
    return tls_new(config, contents, diagnostics, &version->tls);
}

static int judge_change(const struct web_config_file *file, const struct web_version *version,
                        struct diagnostics *diagnostics) {
    if (!file->started || file->tls == version->config->tls) {
        return 0;
    }
    diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){.file = file->looks[0].path},
                    NULL, "tls_server_config", "restart the sidecar, or put it back",
                    "TLS cannot be turned %s while the server runs", file->tls ? "off" : "on");
    return -EINVAL;
}

static int version_read(struct web_config_file *file, struct diagnostics *diagnostics) {
    CLEANUP(web_version_releasep) struct web_version *version = web_version_new();
    int error = read_config(file, version, diagnostics);

    if (error == 0) {
        error = read_tls(file, version, diagnostics);
    }
    if (error == 0) {
        error = judge_change(file, version, diagnostics);
    }
    if (error < 0) {
        return error;
    }
    file->started = true;
    file->tls = version->config->tls;
    web_version_release(file->current);
    file->current = TAKE_PTR(version);
    return 0;
}

/* --- the file ------------------------------------------------------------------------------- */

int web_config_file_new(const char *path, struct diagnostics *diagnostics,
                        struct web_config_file **ret) {
    struct web_config_file *file = memory_new(1, sizeof(*file));

    look_set(&file->looks[0], path);
    look_at_all(file, true);
    int error = version_read(file, diagnostics);
    if (error < 0) {
        web_config_file_free(file);
        return error;
    }
    file->writers = writers_new(&WRITER_PATIENCE);
    *ret = file;
    return 0;
}

void web_config_file_free(struct web_config_file *file) {
    if (file == NULL) {
        return;
    }
    web_version_release(file->current);
    writers_free(file->writers);
    for (size_t i = 0; i < FILES; i++) {
        look_set(&file->looks[i], NULL);
    }
    free(file);
}

static void say_fault(struct web_config_file *file, const struct diagnostics *diagnostics) {
    CLEANUP(buffer_free) struct buffer words = {0};

    diagnostic_format(&diagnostics->items[0], &words);
    if (diagnostics->count > 1) {
        buffer_printf(&words, " (and %zu more)", diagnostics->count - 1);
    }
    if (incident_report(&file->incident, buffer_bytes(&words), clock_monotonic_nanoseconds())) {
        log_error("the web config cannot be taken, the last good one stays",
                  LOG_STRING("err", buffer_string(&words)));
    }
}

void web_config_file_refresh(struct web_config_file *file, bool every_byte) {
    CLEANUP(arena_freep) struct arena *arena = NULL;
    struct diagnostics diagnostics = {0};

    if (!look_at_all(file, every_byte)) {
        return;
    }
    arena = arena_new();
    diagnostics = diagnostics_in(arena);
    if (version_read(file, &diagnostics) < 0) {
        say_fault(file, &diagnostics);
        return;
    }
    incident_end(&file->incident, NULL);
    log_info("web config read anew", LOG_STRING("file", file->looks[0].path));
}

struct web_version *web_config_file_current(const struct web_config_file *file) {
    return file->current;
}

const struct incident *web_config_file_incident(const struct web_config_file *file) {
    return &file->incident;
}

const char *web_config_file_path(const struct web_config_file *file, size_t index) {
    for (size_t i = 0; i < FILES; i++) {
        if (file->looks[i].path == NULL) {
            continue;
        }
        if (index == 0) {
            return file->looks[i].path;
        }
        index--;
    }
    return NULL;
}
