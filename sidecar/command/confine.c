/* SPDX-License-Identifier: Apache-2.0 */

/* Tells the sandbox which files and ports the settings need, and remembers it, as there is no way
 * back. Landlock allows folders as they are now, with all below them (never the root of the file
 * system):
 *
 *     the folder around each source, as a source that is removed and made anew is another one for
 *     the kernel
 *     where a symbolic link is on the way, the folder in which its next target will lie, as a tool
 *     such as git-sync publishes by putting another link in its place */

#include "command/confine.h"

#include "base/log.h"
#include "base/memory.h"
#include "prometheus/endpoint.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    LINKS_MAX = 40, /* as many as the kernel follows */
    PORT_DNS = 53   /* answers that do not fit into a datagram come over TCP */
};

struct path_list {
    struct arena *arena;
    struct sandbox_path *items;
    size_t count;
    size_t capacity;
};

struct port_list {
    uint16_t items[PORTS_MAX];
    size_t count;
};

struct confinement {
    struct arena *arena;
    struct sandbox_report report;
    struct path_list readable; /* by their real paths, of what was there when it was entered */
    struct path_list writable;
    struct port_list ports;
    bool hangups; /* SIGHUP may be sent */
};

/* What the settings name to be read. */
struct source_path {
    const char *path;
    bool is_file; /* and where links lead from it is not beside it */
};

struct source_list {
    struct arena *arena;
    struct source_path *items;
    size_t count;
    size_t capacity;
};

static void allow(struct path_list *list, const char *path, bool may_come) {
    list->items =
        arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = (struct sandbox_path){.path = path, .may_come = may_come};
}

/* "a/b" of "a/b/c" and "a/b/c/", "." of "c", "/" of "/c". */
static const char *folder_of(struct arena *arena, const char *path) {
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length == 0)
        return ".";
    while (length > 1 && path[length - 1] == '/')
        length--;
    return arena_string(arena, (struct bytes){path, length});
}

static void allow_folder(struct path_list *list, const char *path) {
    const char *folder = folder_of(list->arena, path);

    allow(list, path, true);
    if (strcmp(folder, "/") != 0)
        allow(list, folder, true);
}

/* Through all links; NULL where there is no such thing, with errno. */
static const char *real_path(struct arena *arena, const char *path) {
    CLEANUP(memory_freep) char *real = realpath(path, NULL);

    return real != NULL ? arena_string(arena, bytes_of(real)) : NULL;
}

static bool is_beneath(const char *path, const char *folder) {
    struct bytes text = bytes_of(path);
    size_t length = strlen(folder);

    if (strcmp(folder, "/") == 0)
        return true;
    return bytes_starts_with(text, bytes_of(folder)) &&
           (text.length == length || text.data[length] == '/');
}

static void allow_below_root(struct path_list *list, const char *folder) {
    if (strcmp(folder, "/") != 0)
        allow(list, folder, false);
}

/* The folder in which a link's next target will lie: beside the present one; and, where that one is
 * below the link's own folder (repo -> .worktrees/1), or not there yet, anywhere in that folder. */
static void allow_link(struct path_list *list, const char *link) {
    const char *folder = real_path(list->arena, folder_of(list->arena, link));
    const char *target = real_path(list->arena, link);

    if (folder != NULL && (target == NULL || is_beneath(target, folder)))
        allow_below_root(list, folder);
    if (target != NULL)
        allow_below_root(list, folder_of(list->arena, target));
}

/* Where a link leads, as text that starts where the link's own path does; NULL: it cannot be read.
 */
static const char *link_target(struct arena *arena, const char *link) {
    char text[PATH_MAX];
    ssize_t length = readlink(link, text, sizeof(text));

    if (length <= 0)
        return NULL;
    return arena_format(arena, "%s%s%.*s", text[0] == '/' ? "" : folder_of(arena, link),
                        text[0] == '/' ? "" : "/", (int)length, text);
}

/* Every link on the way to a path that the settings name, the path itself and the ways that links
 * lead included. links_left: how many more are followed. */
static void allow_links(struct path_list *list, const char *path, unsigned *links_left) {
    struct stat status;
    size_t length = 0;

    do {
        length += strspn(path + length, "/");
        length += strcspn(path + length, "/");
        const char *part = arena_string(list->arena, (struct bytes){path, length});
        if (lstat(part, &status) < 0 || !S_ISLNK(status.st_mode))
            continue;
        const char *target = link_target(list->arena, part);
        if (*links_left == 0 || target == NULL)
            return;
        --*links_left;
        allow_link(list, part);
        allow_links(list, target, links_left);
    } while (path[length] != '\0');
}

/* A folder or a file: as it is now, as it is made anew, and as a link leads to it. */
static void allow_source(struct path_list *list, const char *path) {
    unsigned links_left = LINKS_MAX;

    allow_folder(list, path);
    allow_links(list, path, &links_left);
}

/* A file too may be replaced where links lead from it. */
static void allow_file(struct path_list *list, const char *path) {
    const char *real = real_path(list->arena, path);

    allow_source(list, path);
    if (real != NULL)
        allow_folder(list, real);
}

static void add_source(struct source_list *list, const char *path, bool is_file) {
    if (path == NULL)
        return;
    list->items =
        arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = (struct source_path){.path = path, .is_file = is_file};
}

static struct source_list sources_of(const struct setup *setup, struct arena *arena) {
    struct source_list list = {.arena = arena};
    const struct settings *settings = setup->settings;
    const struct source_settings *source = &setup->agent.source;

    for (size_t i = 0; i < source->volume_count; i++)
        add_source(&list, source->volumes[i].path, false);
    for (size_t i = 0; i < source->watched_path_count; i++)
        add_source(&list, source->watched_paths[i], true);
    add_source(&list, source->base_path, true);
    add_source(&list, source->labels_path, true);
    add_source(&list, settings->sidecar_config, true);
    add_source(&list, settings->reload_password_file, true);
    add_source(&list, settings->reload_bearer_token_file, true);
    add_source(&list, settings->reload_ca_file, true);
    add_source(&list, settings->reload_cert_file, true);
    add_source(&list, settings->reload_key_file, true);
    return list;
}

static struct path_list readable(const struct setup *setup,
                                 const struct web_config_file *web_config, struct arena *arena) {
    struct path_list list = {.arena = arena};
    struct source_list sources = sources_of(setup, arena);

    for (size_t i = 0; i < ARRAY_LENGTH(system_files); i++)
        allow(&list, system_files[i], false);
    for (size_t i = 0; i < sources.count; i++) {
        if (sources.items[i].is_file)
            allow_file(&list, sources.items[i].path);
        else
            allow_source(&list, sources.items[i].path);
    }
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
    const char *real = real_path(arena, output);
    if (real != NULL)
        allow(&list, folder_of(arena, real), true);
    return list;
}

static struct port_list ports_of(const struct setup *setup) {
    const struct prometheus_settings *prometheus = &setup->agent.prometheus;
    struct port_list list = {{PORT_DNS}, 1};

    if (prometheus->method == RELOAD_BY_HTTP &&
        endpoint_port(prometheus->reload_url, &list.items[list.count]) == 0)
        list.count++;
    if (endpoint_port(prometheus->runtimeinfo_url, &list.items[list.count]) == 0)
        list.count++;
    return list;
}

/* --- what it covers --------------------------------------------------------------------------- */

/* The real path of the nearest folder above that is there, as the sandbox takes what may come; NULL
 * where it cannot be looked up. */
static const char *real_nearest(struct arena *arena, const char *path) {
    const char *real = real_path(arena, path);

    while (real == NULL && (errno == ENOENT || errno == ENOTDIR) && strcmp(path, ".") != 0) {
        path = folder_of(arena, path);
        real = real_path(arena, path);
    }
    return real;
}

static struct path_list covered_by(const struct path_list *paths) {
    struct path_list list = {.arena = paths->arena};

    for (size_t i = 0; i < paths->count; i++) {
        const struct sandbox_path *path = &paths->items[i];
        const char *real = path->may_come ? real_nearest(list.arena, path->path)
                                          : real_path(list.arena, path->path);
        if (real != NULL)
            allow(&list, real, false);
    }
    return list;
}

static bool list_covers(const struct path_list *list, const char *real) {
    for (size_t i = 0; i < list->count; i++) {
        if (is_beneath(real, list->items[i].path))
            return true;
    }
    return false;
}

static bool ports_cover(const struct port_list *list, uint16_t port) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == port)
            return true;
    }
    return false;
}

/* Only a new process can have a wider sandbox. */
static const char restart[] = "restart the sidecar, or put the earlier setting back";

static void check_files(const struct confinement *confinement, const struct setup *setup,
                        struct diagnostics *diagnostics) {
    struct source_list sources = sources_of(setup, diagnostics->arena);
    struct path_list written = writable(setup, diagnostics->arena);

    for (size_t i = 0; i < sources.count; i++) {
        const char *path = sources.items[i].path;
        const char *real = real_nearest(diagnostics->arena, path);
        /* What may be written may be read. */
        if (real != NULL && !list_covers(&confinement->readable, real) &&
            !list_covers(&confinement->writable, real))
            diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){.file = path}, NULL,
                            NULL, restart, "cannot be read: the sandbox does not cover it");
    }
    for (size_t i = 0; i < written.count; i++) {
        const char *path = written.items[i].path;
        const char *real = real_nearest(diagnostics->arena, path);
        if (real != NULL && !list_covers(&confinement->writable, real))
            diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){.file = path}, NULL,
                            NULL, restart, "cannot be written: the sandbox does not cover it");
    }
}

static void check_ports(const struct confinement *confinement, const struct setup *setup,
                        struct diagnostics *diagnostics) {
    struct port_list ports = ports_of(setup);

    for (size_t i = 0; i < ports.count; i++) {
        bool said = i > 0 && ports.items[i] == ports.items[i - 1];
        if (!said && !ports_cover(&confinement->ports, ports.items[i]))
            diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, "reload.url",
                            restart,
                            "port %u cannot be connected to: the sandbox does not cover it",
                            (unsigned)ports.items[i]);
    }
}

int confinement_check(const struct confinement *confinement, const struct setup *setup,
                      struct diagnostics *diagnostics) {
    const struct sandbox_report *report = &confinement->report;
    size_t before = diagnostics->count;

    if (report->landlock_files)
        check_files(confinement, setup, diagnostics);
    if (report->landlock_ports)
        check_ports(confinement, setup, diagnostics);
    if (report->seccomp && !confinement->hangups &&
        setup->agent.prometheus.method == RELOAD_BY_SIGNAL)
        diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, "reload.method",
                        restart, "no signal can be sent: the sandbox does not allow it");
    return diagnostics->count > before ? -EINVAL : 0;
}

bool confinement_limits_files(const struct confinement *confinement) {
    return confinement->report.landlock_files;
}

void confinement_free(struct confinement *confinement) {
    if (confinement != NULL) {
        arena_free(confinement->arena);
        free(confinement);
    }
}

/* --- entering it ------------------------------------------------------------------------------ */

struct remedy {
    int error;
    const char *text;
};

static const struct remedy remedies[] = {
    {0, "run on a kernel that has it"},
    {EMFILE, "raise the sidecar's limit of open files (ulimit -n)"},
    {ENFILE, "the node has too many files open"},
    {ENOMEM, "give the sidecar more memory"},
    {E2BIG, "start it outside of the other sandboxes that it is in"},
};

static const char *remedy_of(int error) {
    for (size_t i = 0; i < ARRAY_LENGTH(remedies); i++) {
        if (remedies[i].error == error)
            return remedies[i].text;
    }
    return "mend its cause";
}

/* What could not be had, and why. */
static const char *cause_of(struct arena *arena, const struct sandbox_report *report) {
    if (report->error == 0)
        return report->lacking;
    return arena_format(arena, "%s: %s", report->lacking, strerror(report->error));
}

static void say(struct arena *arena, const struct sandbox_report *report) {
    if (report->lacking != NULL)
        log_warn("the sandbox is not complete", LOG_BOOL("no_new_privs", report->no_new_privs),
                 LOG_BOOL("landlock", report->landlock_files),
                 LOG_BOOL("landlock_ports", report->landlock_ports),
                 LOG_BOOL("seccomp", report->seccomp), LOG_STRING("err", cause_of(arena, report)),
                 LOG_STRING("remedy", remedy_of(report->error)));
    else if (report->no_new_privs)
        log_info("sandbox entered");
}

struct confinement *confinement_new(const struct settings *settings) {
    struct confinement *confinement = memory_new(1, sizeof(*confinement));

    confinement->arena = arena_new();
    sandbox_prepare((enum sandbox_mode)settings->sandbox, &confinement->report);
    return confinement;
}

int confine(struct confinement *confinement, const struct setup *setup,
            const struct web_config_file *web_config) {
    struct arena *arena = confinement->arena;
    struct path_list reading = readable(setup, web_config, arena);
    struct path_list writing = writable(setup, arena);

    confinement->readable = covered_by(&reading);
    confinement->writable = covered_by(&writing);
    confinement->ports = ports_of(setup);
    confinement->hangups = setup->agent.prometheus.method == RELOAD_BY_SIGNAL;
    struct sandbox_rules rules = {
        .readable = reading.items,
        .readable_count = reading.count,
        .writable = writing.items,
        .writable_count = writing.count,
        .connect_ports = confinement->ports.items,
        .connect_port_count = confinement->ports.count,
        .hangups = confinement->hangups,
    };
    struct sandbox_report *report = &confinement->report;
    int error = sandbox_enter((enum sandbox_mode)setup->settings->sandbox, &rules, report);
    if (error < 0) {
        const char *remedy =
            arena_format(arena, "%s, or run with --sandbox=auto", remedy_of(report->error));
        log_error("cannot enter the sandbox", LOG_STRING("err", cause_of(arena, report)),
                  LOG_STRING("remedy", remedy));
        return error;
    }
    say(arena, report);
    return 0;
}
