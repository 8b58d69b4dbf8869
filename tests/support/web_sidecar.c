/* SPDX-License-Identifier: Apache-2.0 */

#include "support/web_sidecar.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "support/deadline.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int web_sidecar_setup(void **state) {
    static const struct certificate certificates[] = {
        {.name = "ca", .authority = true},
        {.name = "other", .authority = true},
        {.name = "server", .issuer = "ca", .san = "IP:127.0.0.1,IP:::1,DNS:localhost"},
    };

    *state = NULL;
    if (!certificates_can_be_made()) {
        return 0;
    }
    struct web_sidecar *sidecar = memory_new(1, sizeof(*sidecar));
    sidecar->folder = tempdir_new();
    sidecar->world = tempdir_new();
    sidecar->log = path_join(sidecar->folder, "sidecar.log");
    file_write(sidecar->world, "base/prometheus.yml", "global: {}\n");
    folder_make(sidecar->world, "out");
    for (size_t i = 0; i < ARRAY_LENGTH(certificates); i++) {
        certificate_make(sidecar->folder, &certificates[i]);
    }
    *state = sidecar;
    return 0;
}

int web_sidecar_teardown(void **state) {
    struct web_sidecar *sidecar = *state;
    int status = 0;

    if (sidecar == NULL) {
        return 0;
    }
    if (sidecar->process != NULL) {
        process_signal(sidecar->process, SIGTERM);
        status = process_wait(sidecar->process, DEADLINE_USUAL);
        process_free(sidecar->process);
    }
    if (status != 0) {
        CLEANUP(memory_freep) char *log = file_read(sidecar->folder, "sidecar.log");
        fprintf(stderr, "tests: the sidecar ended with %d:\n%s", status, log != NULL ? log : "");
    }
    tempdir_remove(sidecar->folder);
    tempdir_remove(sidecar->world);
    free(sidecar->log);
    free(sidecar);
    return status == 0 ? 0 : -1;
}

void web_sidecar_config(struct web_sidecar *sidecar, const char *text) {
    file_replace(sidecar->folder, "web.yml", text);
}

static struct process *run(struct web_sidecar *sidecar, const char *address) {
    const char *binary = getenv("SIDECAR");
    CLEANUP(buffer_free) struct buffer base = {0};
    CLEANUP(buffer_free) struct buffer output = {0};
    CLEANUP(buffer_free) struct buffer listen = {0};
    CLEANUP(buffer_free) struct buffer web = {0};

    buffer_printf(&base, "--config-file=%s/base/prometheus.yml", sidecar->world);
    buffer_printf(&output, "--output-file=%s/out/prometheus.yml", sidecar->world);
    buffer_printf(&listen, "--listen-address=%s:0", address);
    buffer_printf(&web, "--web-config-file=%s/web.yml", sidecar->folder);
    const char *const arguments[] = {
        binary != NULL ? binary : "build/remotewrite-sidecar",
        "run",
        buffer_string(&base),
        buffer_string(&output),
        buffer_string(&listen),
        buffer_string(&web),
        "--reload-url=http://127.0.0.1:1/-/reload",
        "--log-level=debug",
        NULL,
    };
    return process_start(arguments, NULL, sidecar->log);
}

/* Of the port that it listens on; NULL: it does not yet. */
static const char *port_in(const char *log) {
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;

    at = at != NULL ? strstr(at, " port=") : NULL;
    return at != NULL ? at + strlen(" port=") : NULL;
}

static bool listens(const struct web_sidecar *sidecar) {
    CLEANUP(memory_freep) char *log = file_read(sidecar->folder, "sidecar.log");
    const char *port = port_in(log);

    return port != NULL && strchr(port, '\n') != NULL;
}

void web_sidecar_start(struct web_sidecar *sidecar, const char *address) {
    sidecar->process = run(sidecar, address);
    assert_true(WAIT_UNTIL(listens(sidecar) || !process_runs(sidecar->process), DEADLINE_USUAL));
    assert_true(listens(sidecar));
}

int web_sidecar_fails(struct web_sidecar *sidecar) {
    struct process *process = run(sidecar, "127.0.0.1");
    int status = process_wait(process, DEADLINE_USUAL);

    process_free(process);
    return status;
}

size_t web_sidecar_logged(const struct web_sidecar *sidecar, const char *text) {
    CLEANUP(memory_freep) char *log = file_read(sidecar->folder, "sidecar.log");
    size_t count = 0;

    for (const char *line = log; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        count += bytes_find((struct bytes){line, length}, bytes_of(text), 0) != SIZE_MAX;
        line += length + (line[length] == '\n');
    }
    return count;
}

struct http_reply web_sidecar_ask(struct web_sidecar *sidecar, const char *start, const char *path,
                                  struct http_question question) {
    CLEANUP(memory_freep) char *log = file_read(sidecar->folder, "sidecar.log");
    const char *port = port_in(log);

    assert_non_null(port);
    snprintf(sidecar->url, sizeof(sidecar->url), "%s:%lu%s", start, strtoul(port, NULL, 10), path);
    question.url = sidecar->url;
    return http_ask(&question);
}
