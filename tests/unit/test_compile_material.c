/* SPDX-License-Identifier: Apache-2.0 */

/* Certificates and keys that Prometheus could not load: rejected where a Prometheus is served,
 * warned about where manifests are only judged. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/compile_fixture.h"
#include "support/tempdir.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define CA "    tlsConfig: {ca: {secret: {name: tls, key: ca}}}\n"
#define ALL \
    "    tlsConfig: {ca: {secret: {name: tls, key: ca}}, cert: {secret: {name: tls, key: cert}}, keySecret: {name: tls, key: key}}\n"

static void given_secret(struct compile_fixture *pass, const char *key, const char *kept) {
    CLEANUP(memory_freep) char *content = file_read("testdata/certificates", kept);

    assert_non_null(content);
    compile_file(pass, VOLUME_SECRET, NULL, arena_format(pass->arena, "tls/%s", key),
                 arena_string(pass->arena, bytes_of(content)));
}

static struct compile_fixture *given_a_served_prometheus(void) {
    struct compile_fixture *pass = compile_given();

    pass->settings.certificates_must_load = true;
    return pass;
}

static void certificates_that_load_change_nothing(void **state) {
    COMPILE pass = given_a_served_prometheus();
    given_secret(pass, "ca", "rsa.crt");
    given_secret(pass, "cert", "ec.crt");
    given_secret(pass, "key", "ec.key");
    compile_remote_write(pass, "good", ALL);
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "good"), "active");
    assert_string_equal(compile_messages(pass), "");
}

static void an_authority_that_is_none_rejects_its_remote_write_and_no_other(void **state) {
    COMPILE pass = given_a_served_prometheus();
    compile_file(pass, VOLUME_SECRET, NULL, "tls/ca", "no certificate\n");
    compile_remote_write(pass, "guilty", CA);
    compile_remote_write(pass, "other", "    remoteTimeout: 10s\n");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "guilty"), "rejected");
    assert_string_equal(compile_state_of(pass, "other"), "active");
    assert_non_null(
        strstr(compile_messages(pass),
               "error: [team-a/guilty] spec.remoteWrite.tlsConfig.ca: takes what cannot be "
               "loaded: key \"ca\" of Secret \"tls\" holds no PEM block CERTIFICATE; "));
    assert_int_equal(pass->state->secret_count, 0);
}

static void a_key_of_another_certificate_is_said_at_the_key(void **state) {
    COMPILE pass = given_a_served_prometheus();
    given_secret(pass, "ca", "rsa.crt");
    given_secret(pass, "cert", "ec.crt");
    given_secret(pass, "key", "rsa.key");
    compile_remote_write(pass, "guilty", ALL);
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "guilty"), "rejected");
    assert_non_null(strstr(compile_messages(pass),
                           "tlsConfig.keySecret: takes what cannot be loaded: "
                           "key \"key\" of Secret \"tls\" is not the key of "
                           "the certificate"));
}

static void a_key_that_is_mended_makes_it_active(void **state) {
    COMPILE pass = given_a_served_prometheus();
    compile_file(pass, VOLUME_SECRET, NULL, "tls/ca", "");
    compile_remote_write(pass, "mended", CA);
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "mended"), "rejected");

    COMPILE then = given_a_served_prometheus();
    given_secret(then, "ca", "ec.crt");
    compile_remote_write(then, "mended", CA);
    compile_runs(then);
    assert_string_equal(compile_state_of(then, "mended"), "active");
}

static void the_token_url_s_certificates_are_judged_too(void **state) {
    COMPILE pass = given_a_served_prometheus();
    compile_file(pass, VOLUME_CONFIGMAP, NULL, "tls/ca", "none");
    compile_file(pass, VOLUME_SECRET, NULL, "oauth/s", "secret");
    compile_remote_write(pass, "guilty",
                         "    oauth2:\n"
                         "      clientId: {secret: {name: oauth, key: s}}\n"
                         "      clientSecret: {name: oauth, key: s}\n"
                         "      tokenUrl: https://token.example\n"
                         "      tlsConfig: {ca: {configMap: {name: tls, key: ca}}}\n");
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "guilty"), "rejected");
    assert_non_null(strstr(compile_messages(pass),
                           "spec.remoteWrite.oauth2.tlsConfig.ca: takes what cannot be loaded: key "
                           "\"ca\" of ConfigMap \"tls\""));
}

static void one_that_is_missing_is_waited_for_and_not_judged(void **state) {
    COMPILE pass = given_a_served_prometheus();
    given_secret(pass, "ca", "rsa.crt");
    given_secret(pass, "cert", "ec.crt");
    compile_remote_write(pass, "waits", ALL);
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "waits"), "pending");
}

static void without_a_prometheus_it_is_a_warning(void **state) {
    COMPILE pass = compile_given();
    compile_file(pass, VOLUME_SECRET, NULL, "tls/ca", "a stand-in");
    compile_remote_write(pass, "judged", CA);
    compile_runs(pass);
    assert_string_equal(compile_state_of(pass, "judged"), "active");
    assert_non_null(
        strstr(compile_messages(pass), "warning: [team-a/judged] spec.remoteWrite.tlsConfig.ca: "));
}

static void what_cannot_be_loaded_is_not_shown(void **state) {
    COMPILE pass = given_a_served_prometheus();
    compile_file(pass, VOLUME_SECRET, NULL, "tls/ca", "s3cr3t-that-is-none");
    compile_remote_write(pass, "guilty", CA);
    compile_runs(pass);
    assert_null(strstr(compile_messages(pass), "s3cr3t"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_that_load_change_nothing),
        cmocka_unit_test(an_authority_that_is_none_rejects_its_remote_write_and_no_other),
        cmocka_unit_test(a_key_of_another_certificate_is_said_at_the_key),
        cmocka_unit_test(a_key_that_is_mended_makes_it_active),
        cmocka_unit_test(the_token_url_s_certificates_are_judged_too),
        cmocka_unit_test(one_that_is_missing_is_waited_for_and_not_judged),
        cmocka_unit_test(without_a_prometheus_it_is_a_warning),
        cmocka_unit_test(what_cannot_be_loaded_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
