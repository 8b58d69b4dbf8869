/* SPDX-License-Identifier: Apache-2.0 */

/* Tells the sandbox which files and ports the settings need. A folder that vanishes and returns is
 * another one for the kernel, so the folder around each source is what may be read (never the root
 * of the file system). */

#include "command/confine.h"

#include "base/log.h"
#include "base/memory.h"
#include "command/path.h"
#include "prometheus/endpoint.h"
#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

/* What the C library, its resolver and TLS read for themselves. Not all of /etc and /run: a service
 * account's token lies there. */
static const char *const system_files[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/pki",
    "/usr/lib",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/lib",
    "/lib64",
    "/run/systemd/resolve",
    "/dev/null",
    "/dev/urandom",
};

enum {
    PORTS_MAX = 4,
    PORT_DNS = 53 /* answers that do not fit into a datagram come over TCP */
};

struct path_list {
    struct arena *arena;
    struct sandbox_path *items;
    size_t count;
    size_t capacity;
};

static void allow(struct path_list *list, const char *path, bool may_come) {
    list->items =
        arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = (struct sandbox_path){.path = path, .may_come = may_come};
}

/* "a/b" of "a/b/c", "." of "c", "/" of "/c". */
static const char *folder_of(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    if (slash == path)
        return "/";
    return arena_string(arena, (struct bytes){path, (size_t)(slash - path)});
}

static void allow_folder(struct path_list *list, const char *path) {
    const char *folder = folder_of(list->arena, path);

    allow(list, path, true);
    if (strcmp(folder, "/") != 0)
        allow(list, folder, true);
}

/* A file, the folder that it is replaced in, and where links lead from it. */
static void allow_file(struct path_list *list, const char *path) {
    if (path == NULL)
        return;
    allow_folder(list, path);

    char *real = realpath(path, NULL);
    if (real != NULL) {
        allow_folder(list, arena_string(list->arena, bytes_of(real)));
        free(real);
    }
}

static struct path_list readable(const struct setup *setup,
                                 const struct web_config_file *web_config, struct arena *arena) {
    struct path_list list = {.arena = arena};
    const struct settings *settings = setup->settings;
    const struct source_settings *source = &setup->agent.source;

    for (size_t i = 0; i < ARRAY_LENGTH(system_files); i++)
        allow(&list, system_files[i], false);
    for (size_t i = 0; i < source->volume_count; i++)
        allow_folder(&list, source->volumes[i].path);
    for (size_t i = 0; i < source->watched_path_count; i++)
        allow_file(&list, source->watched_paths[i]);
    allow_file(&list, source->base_path);
    allow_file(&list, source->labels_path);
    allow_file(&list, settings->sidecar_config);
    allow_file(&list, settings->reload_password_file);
    allow_file(&list, settings->reload_bearer_token_file);
    allow_file(&list, settings->reload_ca_file);
    for (size_t i = 0; web_config != NULL && web_config_file_path(web_config, i) != NULL; i++)
        allow_file(&list, web_config_file_path(web_config, i));
    if (setup->agent.prometheus.method == RELOAD_BY_SIGNAL)
        allow(&list, "/proc", false);
    return list;
}

static struct path_list writable(const struct setup *setup, struct arena *arena) {
    struct path_list list = {.arena = arena};
    const char *output = setup->agent.output_path;

    if (output == NULL)
        return list;
    allow(&list, folder_of(arena, output), true);
    allow(&list, setup->agent.secret_directory, true);
    /* in place, through a link: the file that it leads to is replaced */
    char *real = realpath(output, NULL);
    if (real != NULL) {
        allow(&list, folder_of(arena, arena_string(arena, bytes_of(real))), true);
        free(real);
    }
    return list;
}

static void say(const struct sandbox_report *report) {
    if (report->lacking != NULL)
        log_warn("the sandbox is not complete", LOG_BOOL("no_new_privs", report->no_new_privs),
                 LOG_BOOL("landlock", report->landlock_files),
                 LOG_BOOL("landlock_ports", report->landlock_ports),
                 LOG_BOOL("seccomp", report->seccomp), LOG_STRING("err", report->lacking));
    else if (report->no_new_privs)
        log_info("sandbox entered");
}

int confine(const struct setup *setup, const struct web_config_file *web_config) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct prometheus_settings *prometheus = &setup->agent.prometheus;
    struct path_list reading = readable(setup, web_config, arena);
    struct path_list writing = writable(setup, arena);
    const bool by_http = prometheus->method == RELOAD_BY_HTTP;
    uint16_t ports[PORTS_MAX] = {PORT_DNS};
    size_t port_count = 1;
    struct sandbox_report report;

    if (by_http && endpoint_port(prometheus->reload_url, &ports[port_count]) == 0)
        port_count++;
    if (endpoint_port(prometheus->runtimeinfo_url, &ports[port_count]) == 0)
        port_count++;

    struct sandbox_rules rules = {
        .readable = reading.items,
        .readable_count = reading.count,
        .writable = writing.items,
        .writable_count = writing.count,
        .connect_ports = ports,
        .connect_port_count = port_count,
        .hangups = !by_http,
    };
    int error = sandbox_enter((enum sandbox_mode)setup->settings->sandbox, &rules, &report);
    if (error < 0) {
        log_error("cannot enter the sandbox",
                  LOG_STRING("err", report.lacking != NULL ? report.lacking : strerror(-error)),
                  LOG_STRING("remedy", "run with --sandbox=auto, or on a kernel that has it"));
        return error;
    }
    say(&report);
    return 0;
}
