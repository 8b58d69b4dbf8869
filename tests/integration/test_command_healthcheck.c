/* SPDX-License-Identifier: Apache-2.0 */

/* The health check of exec probes, as a command and under the names of curl and wget. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/golden.h"
#include "support/http_stub.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
    ARGUMENTS_MAX = 8
};

struct probe {
    struct arena *arena;
    char *folder; /* links to the program */
    struct http_stub *server;
};

static int probe_setup(void **state) {
    static const char *const names[] = {"curl", "wget", "remotewrite-sidecar"};
    const struct stub_answer good[] = {{.status = 200, .body = "{\"status\":\"up\"}"}};
    const struct stub_answer bad[] = {{.status = 503, .body = "not ready\n"}};
    const struct stub_answer moved[] = {{.status = 302}};
    struct probe *probe = memory_new(1, sizeof(*probe));
    char sidecar[PATH_MAX];

    assert_non_null(realpath(golden_sidecar(), sidecar));
    probe->arena = arena_new();
    probe->folder = tempdir_new();
    probe->server = http_stub_new();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        link_make(probe->folder, names[i], sidecar);
    }
    http_stub_listen(probe->server);
    http_stub_script(probe->server, "/healthz", good, 1);
    http_stub_script(probe->server, "/readyz", bad, 1);
    http_stub_script(probe->server, "/moved", moved, 1);
    *state = probe;
    return 0;
}

static int probe_teardown(void **state) {
    struct probe *probe = *state;

    http_stub_free(probe->server);
    tempdir_remove(probe->folder);
    arena_free(probe->arena);
    free(probe);
    return 0;
}

/* Its exit status; what it printed is in the file "out". */
__attribute__((sentinel)) static int runs(struct probe *probe, const char *name, ...) {
    const char *arguments[ARGUMENTS_MAX + 2] = {
        arena_format(probe->arena, "%s/%s", probe->folder, name)};
    size_t count = 1;
    va_list list;

    va_start(list, name);
    for (const char *argument = NULL; (argument = va_arg(list, const char *)) != NULL;) {
        assert_between(count, 1, ARGUMENTS_MAX);
        arguments[count++] = argument;
    }
    va_end(list);
    file_write(probe->folder, "out", "");
    return process_run(arguments, arena_format(probe->arena, "%s/out", probe->folder),
                       arena_format(probe->arena, "%s/log", probe->folder), DEADLINE_USUAL);
}

static void printed(struct probe *probe, const char *text) {
    CLEANUP(memory_freep) char *out = file_read(probe->folder, "out");

    assert_string_equal(out, text);
}

/* pkg/operator/prober.go of Prometheus Operator. */
static void the_probes_of_the_operator_are_answered(void **state) {
    struct probe *probe = *state;
    const char *good = http_stub_url(probe->server, "/healthz");
    const char *bad = http_stub_url(probe->server, "/readyz");

    assert_int_equal(runs(probe, "curl", "--fail", good, NULL), 0);
    printed(probe, "{\"status\":\"up\"}");
    assert_int_equal(runs(probe, "curl", "--fail", bad, NULL), 22);
    printed(probe, "");
    assert_int_equal(runs(probe, "wget", "-q", "-O", "/dev/null", good, NULL), 0);
    printed(probe, "");
    assert_int_equal(runs(probe, "wget", "-q", "-O", "/dev/stdout", good, NULL), 0);
    printed(probe, "{\"status\":\"up\"}");
    assert_int_equal(runs(probe, "wget", "-q", "-O", "/dev/null", bad, NULL), 8);
    assert_int_equal(http_stub_count(probe->server, "/healthz"), 3);
    assert_int_equal(http_stub_count(probe->server, "/readyz"), 2);
}

static void where_nobody_listens_the_status_is_the_tool_s(void **state) {
    struct probe *probe = *state;
    const char *url = http_stub_url(probe->server, "/healthz");

    http_stub_refuse(probe->server);
    assert_int_equal(runs(probe, "curl", "--fail", url, NULL), 7);
    assert_int_equal(runs(probe, "wget", "-q", "-O", "/dev/null", url, NULL), 4);
    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck", url, NULL), 1);
}

static void only_the_loopback_is_asked(void **state) {
    static const char *const urls[] = {
        "http://192.0.2.1/",
        "http://example.org/",
        "https://127.0.0.1.example.org/",
        "http://127.0.0.1@192.0.2.1/",
        "http://[::2]/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://",
        "",
    };
    struct probe *probe = *state;

    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        assert_int_equal(runs(probe, "curl", "--fail", urls[i], NULL), 2);
        assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck", urls[i], NULL), 2);
    }
}

/* kubelet shows this line, and nothing else, as the reason of a failed probe. */
static void a_failed_probe_names_the_url_and_what_to_do(void **state) {
    struct probe *probe = *state;
    const char *url = http_stub_url(probe->server, "/readyz");
    const char *with_password =
        arena_format(probe->arena, "http://u:pass-word@%s", url + strlen("http://"));

    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck", with_password, NULL), 1);
    http_stub_refuse(probe->server);
    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck", with_password, NULL), 1);
    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck", "http://192.0.2.1/", NULL),
                     2);

    CLEANUP(memory_freep) char *log = file_read(probe->folder, "log");
    assert_non_null(
        strstr(log, arena_format(probe->arena,
                                 "healthcheck: %s answered with status 503; the body of the answer "
                                 "says why\n",
                                 url)));
    assert_non_null(strstr(log, arena_format(probe->arena, "healthcheck: %s: ", url)));
    assert_non_null(
        strstr(log, "; see that the server runs, and that its --listen-address has this port\n"));
    assert_non_null(strstr(log, "healthcheck: the URL does not lead to the loopback (127.0.0.1, "
                                "::1, localhost); name one such as "
                                "http://127.0.0.1:8080/healthz\n"));
    assert_null(strstr(log, "pass-word"));
}

/* Whoever comes for the real tools is told what this is. */
static void other_arguments_are_refused(void **state) {
    struct probe *probe = *state;
    const char *url = http_stub_url(probe->server, "/healthz");

    assert_int_equal(runs(probe, "curl", NULL), 2);
    assert_int_equal(runs(probe, "curl", url, NULL), 2);
    assert_int_equal(runs(probe, "curl", "--fail", url, url, NULL), 2);
    assert_int_equal(runs(probe, "curl", "-o", "x", url, NULL), 2);
    assert_int_equal(runs(probe, "wget", url, NULL), 2);
    assert_int_equal(runs(probe, "wget", "-q", "-O", "file", url, NULL), 2);
    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck", url, url, NULL), 2);
    assert_int_equal(http_stub_count(probe->server, NULL), 0);
    CLEANUP(memory_freep) char *log = file_read(probe->folder, "log");
    assert_non_null(strstr(log, "curl: this is remotewrite-sidecar, which answers only "));
    assert_false(file_exists(probe->folder, "file"));
}

static void the_command_says_by_its_status_whether_it_is_healthy(void **state) {
    struct probe *probe = *state;

    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck",
                          http_stub_url(probe->server, "/healthz"), NULL),
                     0);
    printed(probe, "");
    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck",
                          http_stub_url(probe->server, "/readyz"), NULL),
                     1);
    /* A redirect could lead anywhere: it is not followed, and is no failure. */
    assert_int_equal(runs(probe, "remotewrite-sidecar", "healthcheck",
                          http_stub_url(probe->server, "/moved"), NULL),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_probes_of_the_operator_are_answered, probe_setup,
                                        probe_teardown),
        cmocka_unit_test_setup_teardown(where_nobody_listens_the_status_is_the_tool_s, probe_setup,
                                        probe_teardown),
        cmocka_unit_test_setup_teardown(only_the_loopback_is_asked, probe_setup, probe_teardown),
        cmocka_unit_test_setup_teardown(a_failed_probe_names_the_url_and_what_to_do, probe_setup,
                                        probe_teardown),
        cmocka_unit_test_setup_teardown(other_arguments_are_refused, probe_setup, probe_teardown),
        cmocka_unit_test_setup_teardown(the_command_says_by_its_status_whether_it_is_healthy,
                                        probe_setup, probe_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
