/* SPDX-License-Identifier: Apache-2.0 */

#include "support/served_sidecar.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "support/deadline.h"
#include "support/http_request.h"
#include "support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATIENCE_MILLISECONDS = 120000 /* for the first pass over ten thousand manifests */
};

static const char reload_path[] = "/-/reload";
static const char log_name[] = "sidecar.log";

struct served_sidecar *served_sidecar_new(void) {
    static const struct stub_answer loaded = {.status = 200};
    struct served_sidecar *sidecar = memory_new(1, sizeof(*sidecar));

    sidecar->folder = tempdir_new();
    sidecar->manifests = path_join(sidecar->folder, "remote-writes");
    folder_make(sidecar->folder, "remote-writes");
    folder_make(sidecar->folder, "out");
    file_write(sidecar->folder, "base/prometheus.yml", "global: {}\n");
    sidecar->prometheus = http_stub_new();
    http_stub_script(sidecar->prometheus, reload_path, &loaded, 1);
    http_stub_listen(sidecar->prometheus);
    return sidecar;
}

void served_sidecar_free(struct served_sidecar *sidecar) {
    if (sidecar != NULL) {
        process_free(sidecar->process);
        http_stub_free(sidecar->prometheus);
        free(sidecar->manifests);
        tempdir_remove(sidecar->folder);
        free(sidecar);
    }
}

/* It stands in its log; 0: not yet. */
static uint16_t port_of(const struct served_sidecar *sidecar) {
    CLEANUP(memory_freep) char *log = file_read(sidecar->folder, log_name);
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;

    at = at != NULL ? strstr(at, " port=") : NULL;
    return at != NULL ? (uint16_t)strtoul(at + strlen(" port="), NULL, 10) : 0;
}

static bool is_at_rest(struct served_sidecar *sidecar) {
    sidecar->port = port_of(sidecar);
    return sidecar->port != 0 && served_sidecar_reloads(sidecar) > 0 &&
           served_sidecar_says(sidecar, "/api/v1/status", "\"phase\": \"idle\"");
}

bool served_sidecar_start(struct served_sidecar *sidecar) {
    const char *const binary = getenv("SIDECAR");
    CLEANUP(memory_freep) char *log = path_join(sidecar->folder, log_name);
    CLEANUP(buffer_free) struct buffer base = {0};
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer manifests = {0};
    CLEANUP(buffer_free) struct buffer reload = {0};

    buffer_printf(&base, "--config-file=%s/base/prometheus.yml", sidecar->folder);
    buffer_printf(&output, "--output-file=%s/out/prometheus.yml", sidecar->folder);
    buffer_printf(&manifests, "--remote-write-dir=%s", sidecar->manifests);
    buffer_printf(&reload, "--reload-url=%s", http_stub_url(sidecar->prometheus, reload_path));
    const char *const arguments[] = {
        binary != NULL ? binary : "build/remotewrite-sidecar",
        "run",
        buffer_string(&base),
        buffer_string(&output),
        buffer_string(&manifests),
        buffer_string(&reload),
        "--prometheus-version=3.5.0",
        "--listen-address=127.0.0.1:0",
        "--max-scalar-size=4MiB", /* for pages that are large */
        sidecar->flag,
        NULL,
    };
    sidecar->process = process_start(arguments, NULL, log);
    bool well =
        WAIT_UNTIL(!process_runs(sidecar->process) || is_at_rest(sidecar), PATIENCE_MILLISECONDS) &&
        process_runs(sidecar->process);
    if (!well) {
        CLEANUP(memory_freep) char *said = file_read(sidecar->folder, log_name);
        fprintf(stderr, "--- sidecar.log\n%s\n", said != NULL ? said : "(none)");
    }
    return well;
}

void served_sidecar_drop(const struct served_sidecar *sidecar, const char *name, const char *path) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer file = {0};

    buffer_printf(&text,
                  "apiVersion: monitoring.coreos.com/v1alpha1\n"
                  "kind: RemoteWrite\n"
                  "metadata: {name: %s, namespace: monitoring}\n"
                  "spec:\n"
                  "  url: http://metrics.example.org/%s\n"
                  "  queueConfig: {capacity: 5000, maxShards: 10}\n",
                  name, path);
    buffer_printf(&file, "%s.yaml", name);
    file_replace(sidecar->manifests, buffer_string(&file), buffer_string(&text));
}

void served_sidecar_fill(const struct served_sidecar *sidecar, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_free) struct buffer name = {0};
        buffer_printf(&name, "team-%05zu", i);
        served_sidecar_drop(sidecar, buffer_string(&name), "push");
    }
}

size_t served_sidecar_reloads(const struct served_sidecar *sidecar) {
    return http_stub_count(sidecar->prometheus, reload_path);
}

char *served_sidecar_url(const struct served_sidecar *sidecar, const char *path) {
    CLEANUP(buffer_free) struct buffer url = {0};

    buffer_printf(&url, "http://127.0.0.1:%u%s", sidecar->port, path);
    return memory_string(buffer_string(&url));
}

bool served_sidecar_says(const struct served_sidecar *sidecar, const char *path, const char *text) {
    CLEANUP(memory_freep) char *url = served_sidecar_url(sidecar, path);
    struct http_reply reply = http_get(url, NULL);
    bool found = reply.status == 200 && strstr(buffer_string(&reply.body), text) != NULL;

    http_reply_free(&reply);
    return found;
}

/* --- what the kernel says of it -----------------------------------------------------------------
 */

static char *proc_of(const struct served_sidecar *sidecar, const char *name) {
    CLEANUP(buffer_free) struct buffer path = {0};

    buffer_printf(&path, "/proc/%d/%s", (int)process_id(sidecar->process), name);
    return memory_string(buffer_string(&path));
}

size_t served_sidecar_resident(const struct served_sidecar *sidecar) {
    CLEANUP(memory_freep) char *folder = proc_of(sidecar, "");
    CLEANUP(memory_freep) char *status = file_read(folder, "status");
    const char *at = status != NULL ? strstr(status, "VmRSS:") : NULL;

    return at != NULL ? strtoul(at + strlen("VmRSS:"), NULL, 10) : 0;
}

/* A process that dumps no core lets only root list its descriptors. Since Linux 6.2 everybody may
 * know how many there are: it is the folder's size. */
size_t served_sidecar_descriptors(const struct served_sidecar *sidecar) {
    CLEANUP(memory_freep) char *folder = proc_of(sidecar, "fd");
    struct stat status = {0};

    if (stat(folder, &status) == 0 && status.st_size > 0) {
        return (size_t)status.st_size;
    }
    if (geteuid() == 0) {
        return folder_count(folder);
    }
    fprintf(stderr, "descriptors are not counted: that needs root, or Linux 6.2\n");
    return 0;
}
