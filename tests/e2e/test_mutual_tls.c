/* SPDX-License-Identifier: Apache-2.0 */

/* A real Prometheus whose web port demands a client certificate (client_auth_type
 * RequireAndVerifyClientCert): what the sidecar presents, and what it says when it is refused. */

#include "support/assertions.h"
#include "support/certificates.h"
#include "support/http_request.h"
#include "support/pod.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REFUSED  "msg=\"Prometheus cannot be asked to reload\""
#define LOADED   "msg=\"Prometheus has loaded the config\""
#define IN_VAIN  "Prometheus has not answered"
#define DEMANDED "Prometheus demands a client certificate"
#define REJECTED "Prometheus does not accept the client certificate"

static const char *certificates(const struct pod *pod) {
    return arena_format(pod->arena, "%s/certificates", pod->folder);
}

/* The authority's own certificate for Prometheus, which is called prometheus.test and has no IP
 * address; another authority; and the client's. */
static void make_certificates(struct pod *pod) {
    const char *folder = certificates(pod);

    folder_make(pod->folder, "certificates");
    certificate_make(folder, &(struct certificate){.name = "authority", .authority = true});
    certificate_make(folder, &(struct certificate){.name = "stranger", .authority = true});
    certificate_make(folder, &(struct certificate){.name = "server",
                                                   .issuer = "authority",
                                                   .san = "DNS:prometheus.test,IP:127.0.0.1",
                                                   .usage = "serverAuth"});
    certificate_make(folder, &(struct certificate){
                                 .name = "client", .issuer = "authority", .usage = "clientAuth"});
}

static const char *web_config(struct pod *pod, const char *more) {
    file_write(pod->folder, "web.yml",
               arena_format(pod->arena,
                            "tls_server_config:\n"
                            "  cert_file: %s/server.pem\n"
                            "  key_file: %s/server.key\n"
                            "  client_auth_type: RequireAndVerifyClientCert\n"
                            "  client_ca_file: %s/authority.pem\n%s",
                            certificates(pod), certificates(pod), certificates(pod), more));
    return arena_format(pod->arena, "%s/web.yml", pod->folder);
}

static int mutual_tls_setup(void **state) {
    if (pod_setup(state) != 0) {
        return -1;
    }
    struct pod *pod = *state;
    if (certificates_can_be_made()) {
        make_certificates(pod);
        prometheus_server_demands_certificates(pod->prometheus, certificates(pod),
                                               web_config(pod, ""));
        pod_start_prometheus(pod);
    }
    return 0;
}

static const char *flag(const struct pod *pod, const char *name, const char *file) {
    return arena_format(pod->arena, "--reload-%s-file=%s/%s", name, certificates(pod), file);
}

/* certificate, key: files of the folder; NULL: none is presented. */
static void start_sidecar(struct pod *pod, const char *certificate, const char *key) {
    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    if (certificate == NULL) {
        pod_start_sidecar(pod, flag(pod, "ca", "authority.pem"), POD_ANY_PORT, NULL);
    } else {
        pod_start_sidecar(pod, flag(pod, "ca", "authority.pem"), POD_ANY_PORT,
                          flag(pod, "cert", certificate), flag(pod, "key", key), NULL);
    }
}

static bool web_says(struct pod *pod, const char *path, const char *text) {
    const char *url = pod_web_url(pod, path);

    if (url == NULL) {
        return false;
    }
    struct http_reply reply = http_get(url, NULL);
    bool says = strstr(buffer_string(&reply.body), text) != NULL;
    http_reply_free(&reply);
    return says;
}

/* The failure is in the log with these words, counted, and nothing waits for an answer. The words
 * may come with a later try: where the kernel resets the connection before the alert was read, it
 * is lost. */
static void assert_refused(struct pod *pod, const char *words) {
    EVENTUALLY(pod, pod_logged(pod, REFUSED) > 0);
    EVENTUALLY(pod, pod_logged(pod, words) > 0);
    EVENTUALLY(pod, web_says(pod, "/metrics", "\nreloader_last_reload_successful 0\n"));
    assert_false(web_says(pod, "/metrics", "\nreloader_reloads_failed_total 0\n"));
    assert_int_equal(pod_logged(pod, IN_VAIN), 0);
    assert_int_equal(pod_logged(pod, LOADED), 0);
}

static void assert_loaded(struct pod *pod, const char *name) {
    pod_drop(pod, (struct manifest){.name = name});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, name));
    EVENTUALLY(pod, pod_logged(pod, LOADED) > 0);
}

/* --- what is presented ---------------------------------------------------------------------- */

static void with_the_right_certificate_all_questions_are_answered(void **state) {
    struct pod *pod = *state;

    start_sidecar(pod, "client.pem", "client.key");
    assert_loaded(pod, "team-a");

    assert_int_equal(pod_logged(pod, "Prometheus tells its version"), 1);
    /* Its metrics were asked for too. */
    EVENTUALLY(pod, web_says(pod, "/api/v1/status", "\"toldAt\": \"2"));
    assert_int_equal(pod_logged(pod, "level=error"), 0);
}

static void without_a_certificate_it_says_which_option_is_missing(void **state) {
    struct pod *pod = *state;

    start_sidecar(pod, NULL, NULL);

    assert_refused(pod, DEMANDED);
    EVENTUALLY(pod, pod_logged(pod, "set --reload-cert-file and --reload-key-file") > 0);
}

static void a_certificate_of_another_authority_is_refused_with_words(void **state) {
    struct pod *pod = *state;

    if (certificates_can_be_made()) {
        certificate_make(
            certificates(pod),
            &(struct certificate){.name = "other", .issuer = "stranger", .usage = "clientAuth"});
    }
    start_sidecar(pod, "other.pem", "other.key");

    assert_refused(pod, REJECTED);
    EVENTUALLY(pod, pod_logged(pod, "client_ca_file") > 0);
}

static void a_certificate_that_has_expired_is_refused_with_words(void **state) {
    struct pod *pod = *state;

    if (certificates_can_be_made()) {
        certificate_make(certificates(pod), &(struct certificate){.name = "old",
                                                                  .issuer = "authority",
                                                                  .usage = "clientAuth",
                                                                  .expired = true});
    }
    start_sidecar(pod, "old.pem", "old.key");

    assert_refused(pod, REJECTED);
}

/* The alert is "bad certificate" of a Prometheus built with an older Go, and with a newer one
 * "handshake failure", which may mean other things as well. */
static void before_tls_1_3_it_says_which_option_is_missing(void **state) {
    struct pod *pod = *state;

    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    prometheus_server_stop(pod->prometheus);
    web_config(pod, "  max_version: TLS12\n");
    pod_start_prometheus(pod);
    start_sidecar(pod, NULL, NULL);

    assert_refused(pod, "set --reload-cert-file and --reload-key-file");
}

static void a_certificate_that_is_rotated_is_used_at_the_next_request(void **state) {
    struct pod *pod = *state;

    if (certificates_can_be_made()) {
        certificate_make(
            certificates(pod),
            &(struct certificate){.name = "mine", .issuer = "stranger", .usage = "clientAuth"});
    }
    start_sidecar(pod, "mine.pem", "mine.key");
    assert_refused(pod, REJECTED);

    certificate_make(certificates(pod), &(struct certificate){
                                            .name = "mine",
                                            .issuer = "authority",
                                            .usage = "clientAuth",
                                        });

    assert_loaded(pod, "team-a");
}

/* --- what cannot be presented --------------------------------------------------------------- */

static void a_key_of_another_certificate_is_named(void **state) {
    struct pod *pod = *state;

    start_sidecar(pod, "client.pem", "server.key");

    assert_refused(pod, "server.key");
    assert_true(pod_logged(pod, "see that --reload-cert-file and --reload-key-file") > 0);
}

static void a_key_that_is_not_there_is_named(void **state) {
    struct pod *pod = *state;

    start_sidecar(pod, "client.pem", "absent.key");

    assert_refused(pod, "absent.key: No such file or directory");
}

static void a_key_that_may_not_be_read_is_named(void **state) {
    struct pod *pod = *state;

    if (geteuid() == 0) {
        skip_because("root may read every key");
    }
    if (certificates_can_be_made()) {
        certificate_make(
            certificates(pod),
            &(struct certificate){.name = "locked", .issuer = "authority", .usage = "clientAuth"});
        assert_int_equal(chmod(arena_format(pod->arena, "%s/locked.key", certificates(pod)), 0000),
                         0);
    }
    start_sidecar(pod, "locked.pem", "locked.key");

    assert_refused(pod, "locked.key: Permission denied");
}

static void a_file_that_is_no_key_is_named(void **state) {
    struct pod *pod = *state;

    start_sidecar(pod, "client.pem", "client.pem");

    assert_refused(pod, "client.pem holds no");
}

/* --- the server's name ---------------------------------------------------------------------- */

static void the_given_name_is_looked_for_in_the_certificate(void **state) {
    struct pod *pod = *state;

    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    pod_start_sidecar(pod, flag(pod, "ca", "authority.pem"), flag(pod, "cert", "client.pem"),
                      flag(pod, "key", "client.key"), "--reload-server-name=prometheus.test", NULL);

    assert_loaded(pod, "team-a");
}

static void another_name_is_refused_with_words(void **state) {
    struct pod *pod = *state;

    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    pod_start_sidecar(pod, flag(pod, "ca", "authority.pem"), flag(pod, "cert", "client.pem"),
                      flag(pod, "key", "client.key"), "--reload-server-name=other.test",
                      POD_ANY_PORT, NULL);

    assert_refused(pod, "other.test");
    assert_true(pod_logged(pod, "--reload-server-name") > 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, mutual_tls_setup, pod_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(with_the_right_certificate_all_questions_are_answered),
        TEST(without_a_certificate_it_says_which_option_is_missing),
        TEST(a_certificate_of_another_authority_is_refused_with_words),
        TEST(a_certificate_that_has_expired_is_refused_with_words),
        TEST(before_tls_1_3_it_says_which_option_is_missing),
        TEST(a_certificate_that_is_rotated_is_used_at_the_next_request),
        TEST(a_key_of_another_certificate_is_named),
        TEST(a_key_that_is_not_there_is_named),
        TEST(a_key_that_may_not_be_read_is_named),
        TEST(a_file_that_is_no_key_is_named),
        TEST(the_given_name_is_looked_for_in_the_certificate),
        TEST(another_name_is_refused_with_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
