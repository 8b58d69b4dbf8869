/* SPDX-License-Identifier: Apache-2.0 */

/* The words of OpenSSL by which a server refuses a client certificate. */

#include "prometheus/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct alert_case {
    const char *curl_error;
    const char *alert; /* NULL: it is none */
};

static const struct alert_case alert_cases[] = {
    /* OpenSSL 3.0 */
    {"OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
     "certificate required"},
    {"error:0A000412:SSL routines::sslv3 alert bad certificate", "bad certificate"},
    {"error:0A000418:SSL routines::tlsv1 alert unknown ca", "unknown ca"},
    {"error:0A000415:SSL routines::sslv3 alert certificate expired", "certificate expired"},
    /* OpenSSL 3.2 and later */
    {"TLS connect error: error:0A000412:SSL routines::ssl/tls alert bad certificate",
     "bad certificate"},
    {"TLS connect error: error:0A000418:SSL routines::tlsv1 alert unknown ca", "unknown ca"},
    /* Nothing to do with the client's certificate. */
    {"error:0A000458:SSL routines::tlsv1 unrecognized name", NULL},
    {"error:0A000438:SSL routines::tlsv1 alert internal error", NULL},
    {"error:0A00042E:SSL routines::tlsv1 alert protocol version", NULL},
    {"Connection reset by peer", NULL},
    {"alert ", NULL},
    {"", NULL},
};

static void an_alert_about_the_certificate_is_told_from_other_faults(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(alert_cases); i++) {
        const char *alert = tls_alert(alert_cases[i].curl_error);
        if (alert_cases[i].alert == NULL) {
            assert_null(alert);
        } else {
            assert_non_null(alert);
            assert_string_equal(alert, alert_cases[i].alert);
        }
    }
}

static void the_words_depend_on_whether_one_was_presented(void **state) {
    const struct prometheus_settings without = {0};
    const struct prometheus_settings with = {.cert_file = "/c", .key_file = "/k"};
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer second = {0};

    assert_string_equal(tls_describe_alert("certificate required", &without, &first),
                        "set --reload-cert-file and --reload-key-file");
    assert_string_equal(
        buffer_string(&first),
        "Prometheus demands a client certificate (TLS alert: certificate required)");
    assert_non_null(strstr(tls_describe_alert("unknown ca", &with, &second), "client_ca_file"));
    assert_string_equal(
        buffer_string(&second),
        "Prometheus does not accept the client certificate (TLS alert: unknown ca)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_about_the_certificate_is_told_from_other_faults),
        cmocka_unit_test(the_words_depend_on_whether_one_was_presented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
