/* SPDX-License-Identifier: Apache-2.0 */

/* A Prometheus behind TLS: whom the client believes. Needs the openssl program. */

#include "base/memory.h"
#include "prometheus/client.h"
#include "support/assertions.h"
#include "support/loop.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    OPENSSL_MILLISECONDS = 20000
};

static const char openssl[] = "/usr/bin/openssl";

struct fixture {
    uv_loop_t loop;
    char *dir;
    char *key;
    char *certificate;
    char *output;
    struct process *server;
    char *named; /* the certificate for who names named.test (SNI) */
    char url[128];
    struct prometheus_settings settings;
    struct prometheus_client *client;
    bool answered;
    int status;
    bool maybe_received;
    bool lost;
    bool unreachable;
    char error[1024];
};

static bool make_key(const struct fixture *fixture) {
    const char *const arguments[] = {
        openssl, "genpkey",    "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-out",  fixture->key, NULL,
    };

    return process_run(arguments, NULL, fixture->output, OPENSSL_MILLISECONDS) == 0;
}

static bool make_certificate(const struct fixture *fixture, const char *path, const char *san) {
    const char *const arguments[] = {
        openssl, "req", "-x509", "-key",          fixture->key, "-out", path,
        "-days", "2",   "-subj", "/CN=localhost", "-addext",    san,    NULL,
    };

    return process_run(arguments, NULL, fixture->output, OPENSSL_MILLISECONDS) == 0;
}

/* "ACCEPT 127.0.0.1:PORT" comes when it listens. */
static bool is_listening(void *context) {
    struct fixture *fixture = context;
    CLEANUP(memory_freep) char *output = file_read(fixture->dir, "output");
    const char *address = output != NULL ? strstr(output, "127.0.0.1:") : NULL;

    if (address == NULL || strchr(address, '\n') == NULL) {
        return false;
    }
    snprintf(fixture->url, sizeof(fixture->url), "https://%.*s/api/v1/status/runtimeinfo",
             (int)strcspn(address, "\n"), address);
    return true;
}

static bool start_server(struct fixture *fixture) {
    const char *const arguments[] = {
        openssl, "s_server",   "-accept",     "127.0.0.1:0", "-cert",  fixture->certificate,
        "-key",  fixture->key, "-servername", "named.test",  "-cert2", fixture->named,
        "-key2", fixture->key, "-www",        NULL,
    };

    fixture->server = process_start(arguments, fixture->output, fixture->output);
    return loop_until(&fixture->loop, is_listening, fixture, OPENSSL_MILLISECONDS);
}

static int given_a_server(void **state) {
    struct fixture *fixture = memory_new(1, sizeof(*fixture));

    uv_loop_init(&fixture->loop);
    fixture->dir = tempdir_new();
    fixture->key = path_join(fixture->dir, "key.pem");
    fixture->certificate = path_join(fixture->dir, "certificate.pem");
    fixture->named = path_join(fixture->dir, "named.pem");
    fixture->output = path_join(fixture->dir, "output");
    fixture->settings = (struct prometheus_settings){
        .reload_url = "https://127.0.0.1:1/-/reload",
        .runtimeinfo_url = fixture->url,
        .timeout_milliseconds = 10000,
    };
    *state = fixture;
    if (access(openssl, X_OK) != 0) {
        return 0;
    }
    return make_key(fixture) &&
                   make_certificate(fixture, fixture->certificate, "subjectAltName=IP:127.0.0.1") &&
                   make_certificate(fixture, fixture->named, "subjectAltName=DNS:named.test") &&
                   start_server(fixture)
               ? 0
               : -1;
}

static int close_all(void **state) {
    struct fixture *fixture = *state;

    if (fixture->client != NULL) {
        prometheus_client_close(fixture->client);
    }
    bool clean = loop_finish(&fixture->loop);
    process_free(fixture->server);
    tempdir_remove(fixture->dir);
    free(fixture->key);
    free(fixture->certificate);
    free(fixture->named);
    free(fixture->output);
    free(fixture);
    return clean ? 0 : -1;
}

static void on_done(const struct http_answer *answer, void *context) {
    struct fixture *fixture = context;

    fixture->answered = true;
    fixture->status = answer->status;
    fixture->maybe_received = answer->maybe_received;
    fixture->lost = answer->lost;
    fixture->unreachable = answer->unreachable;
    snprintf(fixture->error, sizeof(fixture->error), "%s", answer->error ? answer->error : "");
}

static bool is_answered(void *context) {
    return ((struct fixture *)context)->answered;
}

static void when_asked(struct fixture *fixture) {
    if (fixture->server == NULL) {
        skip_because("openssl is not installed");
    }
    fixture->client = prometheus_client_new(&fixture->loop, &fixture->settings);
    assert_int_equal(prometheus_runtimeinfo(fixture->client, on_done, fixture), 0);
    assert_true(loop_until(&fixture->loop, is_answered, fixture, LOOP_DEADLINE));
}

static void a_certificate_of_nobody_is_not_believed(void **state) {
    struct fixture *fixture = *state;

    when_asked(fixture);

    assert_int_equal(fixture->status, 0);
    assert_non_null(strstr(fixture->error, "certificate"));
    assert_false(fixture->maybe_received);
    assert_false(fixture->lost);
    assert_false(fixture->unreachable);
}

static void a_certificate_of_the_given_authority_is_believed(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.ca_file = fixture->certificate;
    when_asked(fixture);

    assert_int_equal(fixture->status, 200);
}

static void a_certificate_for_another_host_is_not_believed(void **state) {
    struct fixture *fixture = *state;
    char url[sizeof(fixture->url)];

    snprintf(url, sizeof(url), "https://localhost%s", fixture->url + strlen("https://127.0.0.1"));
    fixture->settings.runtimeinfo_url = url;
    fixture->settings.ca_file = fixture->certificate;
    when_asked(fixture);

    assert_int_equal(fixture->status, 0);
    assert_false(fixture->maybe_received);
    assert_false(fixture->lost);
}

static void an_authority_that_cannot_be_read_is_an_error(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.ca_file = "/nowhere/ca.pem";
    when_asked(fixture);

    assert_int_equal(fixture->status, 0);
    assert_non_null(strstr(fixture->error, "/nowhere/ca.pem"));
    assert_false(fixture->unreachable);
}

static void with_insecure_skip_verify_everybody_is_believed(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.insecure_skip_verify = true;
    when_asked(fixture);

    assert_int_equal(fixture->status, 200);
}

static void the_given_name_is_sent_to_the_server_and_looked_for(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.server_name = "named.test";
    fixture->settings.ca_file = fixture->named;
    when_asked(fixture);

    assert_string_equal(fixture->error, "");
    assert_int_equal(fixture->status, 200);
}

static void a_certificate_for_another_name_than_the_given_one_is_not_believed(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.server_name = "other.test";
    fixture->settings.ca_file = fixture->certificate;
    when_asked(fixture);

    assert_int_equal(fixture->status, 0);
    assert_false(fixture->maybe_received);
    assert_false(fixture->lost);
    assert_false(fixture->unreachable);
}

static void the_given_name_may_be_an_address(void **state) {
    struct fixture *fixture = *state;

    fixture->settings.server_name = "::1";
    fixture->settings.ca_file = fixture->certificate;
    when_asked(fixture);

    assert_int_equal(fixture->status, 0);
    assert_non_null(strstr(fixture->error, "::1"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, given_a_server, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_certificate_of_nobody_is_not_believed),
        TEST(a_certificate_of_the_given_authority_is_believed),
        TEST(a_certificate_for_another_host_is_not_believed),
        TEST(an_authority_that_cannot_be_read_is_an_error),
        TEST(with_insecure_skip_verify_everybody_is_believed),
        TEST(the_given_name_is_sent_to_the_server_and_looked_for),
        TEST(a_certificate_for_another_name_than_the_given_one_is_not_believed),
        TEST(the_given_name_may_be_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
