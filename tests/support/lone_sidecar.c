/* SPDX-License-Identifier: Apache-2.0 */

#include "support/lone_sidecar.h"

#include "base/clock.h"
#include "base/memory.h"
#include "support/deadline.h"
#include "support/tempdir.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARGUMENTS_MAX = 16,
    LOG_END = 6000 /* bytes of the log that are shown */
};

static void add(struct lone_sidecar *sidecar, size_t *count, const char *flag, const char *value) {
    CLEANUP(buffer_free) struct buffer text = {0};

    if (*count + 1 >= ARGUMENTS_MAX) {
        abort();
    }
    buffer_printf(&text, "%s%s", flag, value);
    sidecar->arguments[(*count)++] = memory_string(buffer_string(&text));
}

static void add_below(struct lone_sidecar *sidecar, size_t *count, const char *flag,
                      const char *name) {
    CLEANUP(memory_freep) char *path = path_join(sidecar->folder, name);

    add(sidecar, count, flag, path);
}

static void make_command_line(struct lone_sidecar *sidecar) {
    const char *binary = getenv("SIDECAR");
    size_t count = 0;

    sidecar->arguments = memory_new(ARGUMENTS_MAX, sizeof(*sidecar->arguments));
    add(sidecar, &count, binary != NULL ? binary : "build/remotewrite-sidecar", "");
    add(sidecar, &count, "run", "");
    add_below(sidecar, &count, "--config-file=", "base/prometheus.yml");
    add_below(sidecar, &count, "--output-file=", "out/prometheus.yml");
    add_below(sidecar, &count, "--remote-write-dir=", "plain");
    add_below(sidecar, &count, "--remote-write-dir=", "kubelet");
    add_below(sidecar, &count, "--secret-dir=", "secrets");
    add(sidecar, &count, "--reload-url=", http_stub_url(sidecar->prometheus, "/-/reload"));
    add(sidecar, &count, "--prometheus-version=", "2.42.0");
    add(sidecar, &count, "--delay-interval=", "1ms");
    add(sidecar, &count, "--retry-interval=", "20ms");
    add(sidecar, &count, "--log-level=", "debug");
}

struct lone_sidecar *lone_sidecar_new(void) {
    static const struct stub_answer loaded = {.status = 200};
    struct lone_sidecar *sidecar = memory_new(1, sizeof(*sidecar));

    sidecar->top = tempdir_new();
    sidecar->folder = path_join(sidecar->top, "world");
    folder_make(sidecar->top, "world");
    sidecar->out = path_join(sidecar->folder, "out");
    sidecar->log = path_join(sidecar->top, "sidecar.log");
    folder_make(sidecar->folder, "out");
    sidecar->generations = generations_new(sidecar->folder);
    sidecar->prometheus = http_stub_new();
    http_stub_script(sidecar->prometheus, "/-/reload", &loaded, 1);
    http_stub_listen(sidecar->prometheus);
    make_command_line(sidecar);
    return sidecar;
}

void lone_sidecar_free(struct lone_sidecar *sidecar) {
    process_free(sidecar->process);
    http_stub_free(sidecar->prometheus);
    generations_free(sidecar->generations);
    for (size_t i = 0; sidecar->arguments[i] != NULL; i++) {
        free(sidecar->arguments[i]);
    }
    free(sidecar->arguments);
    buffer_free(&sidecar->why);
    free(sidecar->out);
    free(sidecar->log);
    free(sidecar->folder);
    tempdir_remove(sidecar->top);
    free(sidecar);
}

void lone_sidecar_start(struct lone_sidecar *sidecar) {
    sidecar->process = process_start((const char *const *)sidecar->arguments, NULL, sidecar->log);
}

bool lone_sidecar_runs(struct lone_sidecar *sidecar) {
    lone_sidecar_start(sidecar);
    bool there = WAIT_UNTIL(file_exists(sidecar->out, "prometheus.yml"), DEADLINE_USUAL);
    CLEANUP(memory_freep) char *config = file_read(sidecar->out, "prometheus.yml");

    return there && generations_learn(sidecar->generations, config) &&
           lone_sidecar_converges(sidecar);
}

void lone_sidecar_show(struct lone_sidecar *sidecar) {
    CLEANUP(memory_freep) char *log = file_read(sidecar->top, "sidecar.log");
    size_t length = bytes_of(log).length;

    fprintf(stderr, "not converged: %s\n--- the end of sidecar.log\n%s\n",
            buffer_string(&sidecar->why),
            log == NULL ? "(none)" : log + (length > LOG_END ? length - LOG_END : 0));
}

bool lone_sidecar_converges(struct lone_sidecar *sidecar) {
    /* Looked at often: how long it takes is what other instants are drawn from. */
    const struct timespec pause = {.tv_nsec = 500000};
    int64_t latest = clock_monotonic_nanoseconds() + (int64_t)DEADLINE_USUAL * 1000000;

    while (!generations_are_current(sidecar->generations, sidecar->out, &sidecar->why)) {
        if (clock_monotonic_nanoseconds() > latest || !process_runs(sidecar->process)) {
            lone_sidecar_show(sidecar);
            return false;
        }
        ppoll(NULL, 0, &pause, NULL);
    }
    generations_settle(sidecar->generations);
    return true;
}

int lone_sidecar_end(struct lone_sidecar *sidecar, int number) {
    process_signal(sidecar->process, number);
    int status = process_wait(sidecar->process, DEADLINE_USUAL);

    process_free(sidecar->process);
    sidecar->process = NULL;
    return status;
}

char *lone_sidecar_render(const struct lone_sidecar *sidecar) {
    CLEANUP(memory_freep) char *rendered = path_join(sidecar->top, "rendered");
    const char *arguments[ARGUMENTS_MAX] = {0};

    for (size_t i = 0; sidecar->arguments[i] != NULL; i++) {
        arguments[i] = i == 1 ? "render" : sidecar->arguments[i];
    }
    tree_remove(rendered);
    if (process_run(arguments, rendered, sidecar->log, DEADLINE_USUAL) != 0) {
        return NULL;
    }
    return file_read(sidecar->top, "rendered");
}

static bool has(struct bytes line, const char *text) {
    return text == NULL || bytes_find(line, bytes_of(text), 0) != SIZE_MAX;
}

size_t lone_sidecar_logged(const struct lone_sidecar *sidecar, const char *a, const char *b) {
    CLEANUP(memory_freep) char *log = file_read(sidecar->top, "sidecar.log");
    struct bytes text = bytes_of(log);
    size_t count = 0;

    for (size_t at = 0; at < text.length;) {
        size_t end = bytes_find(text, BYTES("\n"), at);
        struct bytes line = bytes_slice(text, at, end == SIZE_MAX ? text.length : end);
        count += has(line, a) && has(line, b) ? 1 : 0;
        at += line.length + 1;
    }
    return count;
}
