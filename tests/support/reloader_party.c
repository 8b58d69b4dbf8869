/* SPDX-License-Identifier: Apache-2.0 */

#include "support/reloader_party.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "support/golden.h"
#include "support/http_request.h"
#include "support/tempdir.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ARGUMENTS_MAX = 16,
};

static struct party *party_new(void) {
    struct party *party = memory_new(1, sizeof(*party));

    party->arena = arena_new();
    party->folder = tempdir_new();
    party->prometheus = http_stub_new();
    http_stub_listen(party->prometheus);
    party->reload_url = http_stub_url(party->prometheus, "/-/reload");
    folder_make(party->folder, "out");
    folder_make(party->folder, "rules");
    folder_make(party->folder, "logs");
    setenv("POD_NAME", "prometheus-main-2", 1);
    return party;
}

int party_ours_setup(void **state) {
    struct party *party = party_new();
    char sidecar[PATH_MAX];

    assert_non_null(realpath(golden_sidecar(), sidecar));
    link_make(party->folder, "prometheus-config-reloader", sidecar);
    snprintf(party->program, sizeof(party->program), "%s/prometheus-config-reloader",
             party->folder);
    *state = party;
    return 0;
}

int party_real_setup(void **state) {
    struct party *party = party_new();

    party->real = true;
    if (realpath("build/peers/prometheus-config-reloader/usr/bin/prometheus-config-reloader",
                 party->program) == NULL) {
        party->program[0] = '\0';
    }
    *state = party;
    return 0;
}

int party_teardown(void **state) {
    struct party *party = *state;

    process_free(party->process);
    http_stub_free(party->prometheus);
    tempdir_remove(party->folder);
    arena_free(party->arena);
    free(party);
    unsetenv("POD_NAME");
    return 0;
}

const char *party_placed(struct party *party, const char *text) {
    const char *at = strchr(text, '@');

    return at == NULL
               ? text
               : PARTY_FORMAT(party, "%.*s%s%s", (int)(at - text), text, party->folder, at + 1);
}

/* --- running it ------------------------------------------------------------------------------- */

static unsigned free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &length), 0);
    close(descriptor);
    return ntohs(address.sin_port);
}

/* Both are given as --flag=value. */
static bool is_same_flag(const char *left, const char *right) {
    size_t length = strcspn(left, "=");

    return strncmp(left, right, length + 1) == 0;
}

void party_starts(struct party *party, ...) {
    const char *arguments[ARGUMENTS_MAX + 2] = {party->program};
    va_list list;

    party->port = free_port();
    const char *const usual[] = {
        PARTY_FORMAT(party, "--listen-address=localhost:%u", party->port),
        PARTY_FORMAT(party, "--reload-url=%s", party->reload_url),
        "--delay-interval=50ms",
    };
    size_t count = 1 + ARRAY_LENGTH(usual);
    memcpy(&arguments[1], usual, sizeof(usual));
    va_start(list, party);
    for (const char *flag = NULL; (flag = va_arg(list, const char *)) != NULL;) {
        size_t place = 1;
        while (place <= ARRAY_LENGTH(usual) && !is_same_flag(flag, usual[place - 1])) {
            place++;
        }
        if (place > ARRAY_LENGTH(usual)) {
            place = count++;
        }
        assert_between(place, 1, ARGUMENTS_MAX);
        arguments[place] = strstr(flag, "://") != NULL ? flag : party_placed(party, flag);
    }
    va_end(list);
    party->process = process_start(arguments, NULL, party_placed(party, "@/logs/log"));
}

int party_ends(struct party *party) {
    process_signal(party->process, SIGTERM);
    return process_wait(party->process, DEADLINE_USUAL);
}

void party_misses(struct party *party, void (*happening)(struct party *party)) {
    process_signal(party->process, SIGSTOP);
    happening(party);
    process_signal(party->process, SIGCONT);
}

/* --- what a user sees ------------------------------------------------------------------------- */

void party_answers(struct party *party, int first, int then) {
    const struct stub_answer script[] = {{.status = first}, {.status = then}};

    http_stub_script(party->prometheus, "/-/reload", script, ARRAY_LENGTH(script));
}

size_t party_reloads(struct party *party) {
    return http_stub_count(party->prometheus, "/-/reload");
}

static struct http_reply ask(struct party *party, const char *path) {
    const char *authority = party_placed(party, "@/ca.pem");

    return http_ask(&(struct http_question){
        .url = PARTY_FORMAT(party, "%s://localhost:%u%s", party->tls ? "https" : "http",
                            party->port, path),
        .authority = party->tls ? authority : NULL,
    });
}

bool party_says(struct party *party, const char *path, const char *text) {
    CLEANUP(http_reply_free) struct http_reply reply = ask(party, path);

    return reply.status == 200 && strstr(buffer_string(&reply.body), text) != NULL;
}

bool party_metric_is(struct party *party, const char *line) {
    return party_says(party, "/metrics", PARTY_FORMAT(party, "\n%s\n", line));
}

/* One in between would wait for the watch interval. */
bool party_watches(struct party *party) {
    CLEANUP(memory_freep) char *log = file_read(party->folder, "logs/log");

    return party_says(party, "/metrics", "\nreloader_watches ") &&
           !party_metric_is(party, "reloader_watches 0") &&
           (!party->real || strstr(log, "started watching config file and directories") != NULL);
}

void party_output_is(struct party *party, const char *text) {
    CLEANUP(memory_freep) char *output = file_read(party->folder, "out/prometheus.yml");

    if (text == NULL) {
        assert_null(output);
        return;
    }
    assert_non_null(output);
    assert_string_equal(output, text);
}

static bool shows(struct party *party, const struct party_sight *sight) {
    CLEANUP(http_reply_free) struct http_reply health = ask(party, "/healthz");
    CLEANUP(memory_freep) char *output = file_read(party->folder, "out/prometheus.yml");
    static const char body[] = "{\"status\":\"up\"}";
    const char *metrics[] = {
        PARTY_FORMAT(party, "reloader_reloads_total %u", sight->reloads),
        PARTY_FORMAT(party, "reloader_reloads_failed_total %u", sight->failed),
        PARTY_FORMAT(party, "reloader_last_reload_successful %d", sight->successful ? 1 : 0),
        PARTY_FORMAT(party, "reloader_info{method=\"%s\"} 1", sight->method),
        "reloader_watch_errors_total 0",
        "reloader_config_environment_variable_expansion_errors 0",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(metrics); i++) {
        if (!party_metric_is(party, metrics[i])) {
            return false;
        }
    }
    return party_metric_is(party, "reloader_last_reload_success_timestamp_seconds 0") ==
               (sight->reloads == sight->failed) &&
           party_metric_is(party, "reloader_config_apply_operations_failed_total 0") !=
               sight->unread &&
           health.status == 200 && strcmp(buffer_string(&health.body), body) == 0 &&
           (output == NULL) == (sight->output == NULL) &&
           (output == NULL || strcmp(output, sight->output) == 0);
}

static void show(struct party *party) {
    CLEANUP(http_reply_free) struct http_reply metrics = ask(party, "/metrics");
    CLEANUP(http_reply_free) struct http_reply health = ask(party, "/healthz");
    CLEANUP(memory_freep) char *output = file_read(party->folder, "out/prometheus.yml");
    CLEANUP(memory_freep) char *log = file_read(party->folder, "logs/log");
    char *rest = PARTY_FORMAT(party, "%s", buffer_string(&metrics.body));

    for (const char *line = NULL; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, "reloader_", strlen("reloader_")) == 0) {
            print_error("%s\n", line);
        }
    }
    print_error("/healthz: %ld \"%s\"\noutput: \"%s\"\n%s", health.status,
                buffer_string(&health.body), output != NULL ? output : "(none)", log);
}

void party_shows(struct party *party, const struct party_sight *sight) {
    if (!WAIT_UNTIL(shows(party, sight), DEADLINE_USUAL)) {
        show(party);
        fail_msg("waited in vain for %u reloads, %u failed, last %s, config %s, output \"%s\"",
                 sight->reloads, sight->failed, sight->successful ? "good" : "bad",
                 sight->unread ? "not taken" : "taken",
                 sight->output != NULL ? sight->output : "(none)");
    }
}
