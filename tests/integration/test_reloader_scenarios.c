/* SPDX-License-Identifier: Apache-2.0 */

/* The same scenarios for this program under the name prometheus-config-reloader and for the real
 * one, where that was built (make peers): as many reloads, the same bytes, the same exit status. */

#include "base/arena.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/golden.h"
#include "support/http_request.h"
#include "support/http_stub.h"
#include "support/kubelet.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <arpa/inet.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
    ARGUMENTS_MAX = 16,
};

/* One of the two programs, and what it works on. */
struct party {
    struct arena *arena;
    char *folder;
    char program[PATH_MAX]; /* "": the real one was not built */
    struct http_stub *prometheus;
    struct process *process;
    unsigned port;
};

static struct party *party_new(void) {
    struct party *party = memory_new(1, sizeof(*party));

    party->arena = arena_new();
    party->folder = tempdir_new();
    party->prometheus = http_stub_new();
    http_stub_listen(party->prometheus);
    folder_make(party->folder, "out");
    folder_make(party->folder, "rules");
    setenv("POD_NAME", "prometheus-main-2", 1);
    return party;
}

static int ours_setup(void **state) {
    struct party *party = party_new();
    char sidecar[PATH_MAX];

    assert_non_null(realpath(golden_sidecar(), sidecar));
    link_make(party->folder, "prometheus-config-reloader", sidecar);
    snprintf(party->program, sizeof(party->program), "%s/prometheus-config-reloader",
             party->folder);
    *state = party;
    return 0;
}

static int real_setup(void **state) {
    struct party *party = party_new();

    if (realpath("build/peers/prometheus-config-reloader/usr/bin/prometheus-config-reloader",
                 party->program) == NULL) {
        party->program[0] = '\0';
    }
    *state = party;
    return 0;
}

static int party_teardown(void **state) {
    struct party *party = *state;

    process_free(party->process);
    http_stub_free(party->prometheus);
    tempdir_remove(party->folder);
    arena_free(party->arena);
    free(party);
    unsetenv("POD_NAME");
    return 0;
}

#define FORMAT(party, ...) arena_format((party)->arena, __VA_ARGS__)

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

/* Every "@" in an argument is the folder. */
static const char *placed(struct party *party, const char *argument) {
    const char *at = strchr(argument, '@');

    return at == NULL
               ? argument
               : FORMAT(party, "%.*s%s%s", (int)(at - argument), argument, party->folder, at + 1);
}

__attribute__((sentinel)) static void starts(struct party *party, ...) {
    const char *arguments[ARGUMENTS_MAX + 5] = {party->program};
    size_t count = 1;
    va_list list;

    party->port = free_port();
    arguments[count++] = FORMAT(party, "--listen-address=localhost:%u", party->port);
    arguments[count++] =
        FORMAT(party, "--reload-url=%s", http_stub_url(party->prometheus, "/-/reload"));
    arguments[count++] = "--delay-interval=50ms";
    va_start(list, party);
    for (const char *flag = NULL; (flag = va_arg(list, const char *)) != NULL;) {
        assert_between(count, 1, ARGUMENTS_MAX);
        if (strncmp(flag, "--reload-url=", strlen("--reload-url=")) == 0) {
            arguments[2] = flag;
        } else {
            arguments[count++] = placed(party, flag);
        }
    }
    va_end(list);
    party->process = process_start(arguments, NULL, placed(party, "@/log"));
}

static int ends(struct party *party) {
    process_signal(party->process, SIGTERM);
    return process_wait(party->process, DEADLINE_USUAL);
}

static bool says(struct party *party, const char *path, const char *text) {
    CLEANUP(http_reply_free)
    struct http_reply reply =
        http_get(FORMAT(party, "http://127.0.0.1:%u%s", party->port, path), NULL);

    return reply.status == 200 && strstr(buffer_string(&reply.body), text) != NULL;
}

static bool metric_is(struct party *party, const char *line) {
    return says(party, "/metrics", FORMAT(party, "\n%s\n", line));
}

static size_t reloads(struct party *party) {
    return http_stub_count(party->prometheus, "/-/reload");
}

/* The real one counts its first reload before it listens to changes, and one in between waits for
 * the watch interval. */
static bool watches(struct party *party) {
    CLEANUP(memory_freep) char *log = file_read(party->folder, "log");
    bool real = strstr(party->program, "/build/peers/") != NULL;

    return says(party, "/metrics", "\nreloader_watches ") &&
           !metric_is(party, "reloader_watches 0") &&
           (!real || strstr(log, "started watching config file and directories") != NULL);
}

#define EVENTUALLY(condition) assert_true(WAIT_UNTIL(condition, DEADLINE_USUAL))

static void answers(struct party *party, int first, int then) {
    const struct stub_answer script[] = {{.status = first}, {.status = then}};

    http_stub_script(party->prometheus, "/-/reload", script, ARRAY_LENGTH(script));
}

static void output_is(struct party *party, const char *text) {
    CLEANUP(memory_freep) char *output = file_read(party->folder, "out/prometheus.yml");

    assert_non_null(output);
    assert_string_equal(output, text);
}

/* --- scenarios -------------------------------------------------------------------------------- */

#define PLAIN "--config-file=@/c.yml", "--config-envsubst-file=@/out/prometheus.yml"

static void a_config_and_its_change_are_a_reload_each(struct party *party) {
    answers(party, 200, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    starts(party, PLAIN, NULL);
    EVENTUALLY(metric_is(party, "reloader_reloads_total 1"));
    output_is(party, "global: {}\n");

    EVENTUALLY(watches(party));
    file_replace(party->folder, "c.yml", "global: {scrape_interval: 7s}\n");
    EVENTUALLY(metric_is(party, "reloader_reloads_total 2"));
    output_is(party, "global: {scrape_interval: 7s}\n");
    assert_int_equal(reloads(party), 2);
    assert_true(metric_is(party, "reloader_reloads_failed_total 0"));
    assert_true(metric_is(party, "reloader_last_reload_successful 1"));
    assert_int_equal(ends(party), 0);
}

static void variables_are_replaced_and_gzip_is_unpacked(struct party *party) {
    static const char text[] =
        "# $(POD_NAME) $(STATEFULSET_ORDINAL_NUMBER) $(NOT_SET_HERE) $NO ${NO}\n"
        "global: {}\n";
    gzFile file = gzopen(placed(party, "@/c.yml"), "wb");

    answers(party, 200, 200);
    assert_int_equal(gzwrite(file, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(gzclose(file), Z_OK);
    starts(party, PLAIN, NULL);
    EVENTUALLY(metric_is(party, "reloader_reloads_total 1"));
    output_is(party, "# prometheus-main-2 2 $(NOT_SET_HERE) $NO ${NO}\nglobal: {}\n");
    assert_true(metric_is(party, "reloader_config_environment_variable_expansion_errors 1"));
    assert_int_equal(ends(party), 0);
}

static void an_init_container_writes_and_asks_nobody(struct party *party) {
    file_write(party->folder, "c.yml", "global: {}\n");
    starts(party, PLAIN, "--watch-interval=0", "--watched-dir=@/rules", NULL);
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 0);
    output_is(party, "global: {}\n");
    assert_int_equal(http_stub_count(party->prometheus, NULL), 0);
}

static void an_init_container_without_a_config_fails(struct party *party) {
    starts(party, PLAIN, "--watch-interval=0", NULL);
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 1);
    assert_false(file_exists(party->folder, "out/prometheus.yml"));
}

static void a_new_generation_of_rules_is_a_reload(struct party *party) {
    struct kubelet_volume *volume = kubelet_volume_new(placed(party, "@/rules"));

    answers(party, 200, 200);
    kubelet_volume_write(volume, "a.yml", "groups: []\n", NULL);
    file_write(party->folder, "c.yml", "global: {}\n");
    starts(party, PLAIN, "--watched-dir=@/rules", "--watch-interval=1s", NULL);
    EVENTUALLY(metric_is(party, "reloader_reloads_total 1"));
    EVENTUALLY(watches(party));
    kubelet_volume_write(volume, "a.yml", "groups: [] # 2\n", NULL);
    EVENTUALLY(metric_is(party, "reloader_reloads_total 2"));
    assert_int_equal(ends(party), 0);
    assert_int_equal(reloads(party), 2);
    kubelet_volume_free(volume);
}

static void watched_directories_alone_wait_for_a_change(struct party *party) {
    answers(party, 200, 200);
    file_write(party->folder, "rules/a.yml", "groups: []\n");
    starts(party, "--watched-dir=@/rules", NULL);
    EVENTUALLY(watches(party));
    assert_int_equal(reloads(party), 0);
    assert_true(metric_is(party, "reloader_last_reload_successful 0"));
    file_replace(party->folder, "rules/a.yml", "groups: [] # 2\n");
    EVENTUALLY(metric_is(party, "reloader_reloads_total 1"));
    assert_int_equal(ends(party), 0);
    assert_int_equal(reloads(party), 1);
}

static void a_reload_that_fails_is_tried_again(struct party *party) {
    answers(party, 503, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    starts(party, PLAIN, "--retry-interval=100ms", NULL);
    EVENTUALLY(metric_is(party, "reloader_last_reload_successful 1"));
    assert_true(metric_is(party, "reloader_reloads_total 2"));
    assert_true(metric_is(party, "reloader_reloads_failed_total 1"));
    assert_int_equal(ends(party), 0);
}

static void a_config_that_goes_away_counts_as_failed_and_comes_back(struct party *party) {
    answers(party, 200, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    starts(party, PLAIN, "--watch-interval=1s", NULL);
    EVENTUALLY(metric_is(party, "reloader_reloads_total 1"));
    assert_true(metric_is(party, "reloader_config_apply_operations_failed_total 0"));
    file_remove(party->folder, "c.yml");
    EVENTUALLY(!metric_is(party, "reloader_config_apply_operations_failed_total 0"));
    output_is(party, "global: {}\n");
    file_replace(party->folder, "c.yml", "global: {scrape_interval: 9s}\n");
    EVENTUALLY(metric_is(party, "reloader_reloads_total 2"));
    output_is(party, "global: {scrape_interval: 9s}\n");
    assert_int_equal(ends(party), 0);
}

static void user_and_password_of_the_url_are_sent_and_shown_nowhere(struct party *party) {
    static const char *const paths[] = {"/metrics", "/", "/api/v1/status"};

    answers(party, 503, 200);
    file_write(party->folder, "c.yml", "global: {}\n");
    starts(party, PLAIN, "--retry-interval=100ms", "--log-level=debug",
           FORMAT(party, "--reload-url=http://me:hunter2@%s",
                  http_stub_url(party->prometheus, "/-/reload") + strlen("http://")),
           NULL);
    EVENTUALLY(metric_is(party, "reloader_last_reload_successful 1"));
    bool sent = false;
    for (size_t i = 0; http_stub_request(party->prometheus, i) != NULL; i++) {
        const char *request = http_stub_request(party->prometheus, i);
        sent |= strncmp(request, "POST /-/reload ", strlen("POST /-/reload ")) == 0 &&
                strstr(request, "\r\nAuthorization: Basic bWU6aHVudGVyMg==\r\n") != NULL;
    }
    assert_true(sent);
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        assert_false(says(party, paths[i], "hunter2"));
    }
    assert_int_equal(ends(party), 0);
    CLEANUP(memory_freep) char *log = file_read(party->folder, "log");
    assert_null(strstr(log, "hunter2"));
}

static void without_anything_to_watch_it_idles(struct party *party) {
    starts(party, NULL);
    EVENTUALLY(says(party, "/healthz", "{\"status\":\"up\"}"));
    assert_true(metric_is(party, "reloader_reloads_total 0"));
    assert_int_equal(ends(party), 0);
    assert_int_equal(http_stub_count(party->prometheus, "/-/reload"), 0);
}

/* --- both ------------------------------------------------------------------------------------- */

#define BOTH(scenario)                                                             \
    static void ours_##scenario(void **state) {                                    \
        scenario(*state);                                                          \
    }                                                                              \
    static void real_##scenario(void **state) {                                    \
        struct party *party = *state;                                              \
        if (party->program[0] == '\0') {                                           \
            skip_because("prometheus-config-reloader was not built (make peers)"); \
        }                                                                          \
        scenario(party);                                                           \
    }

BOTH(a_config_and_its_change_are_a_reload_each)
BOTH(variables_are_replaced_and_gzip_is_unpacked)
BOTH(an_init_container_writes_and_asks_nobody)
BOTH(an_init_container_without_a_config_fails)
BOTH(a_new_generation_of_rules_is_a_reload)
BOTH(watched_directories_alone_wait_for_a_change)
BOTH(a_reload_that_fails_is_tried_again)
BOTH(a_config_that_goes_away_counts_as_failed_and_comes_back)
BOTH(user_and_password_of_the_url_are_sent_and_shown_nowhere)
BOTH(without_anything_to_watch_it_idles)

#define TESTS(scenario)                                                           \
    cmocka_unit_test_setup_teardown(ours_##scenario, ours_setup, party_teardown), \
        cmocka_unit_test_setup_teardown(real_##scenario, real_setup, party_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TESTS(a_config_and_its_change_are_a_reload_each),
        TESTS(variables_are_replaced_and_gzip_is_unpacked),
        TESTS(an_init_container_writes_and_asks_nobody),
        TESTS(an_init_container_without_a_config_fails),
        TESTS(a_new_generation_of_rules_is_a_reload),
        TESTS(watched_directories_alone_wait_for_a_change),
        TESTS(a_reload_that_fails_is_tried_again),
        TESTS(a_config_that_goes_away_counts_as_failed_and_comes_back),
        TESTS(user_and_password_of_the_url_are_sent_and_shown_nowhere),
        TESTS(without_anything_to_watch_it_idles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
