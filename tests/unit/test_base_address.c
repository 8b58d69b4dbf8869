/* SPDX-License-Identifier: Apache-2.0 */

#include "base/address.h"
#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *fault(const char *text) {
    struct address address;

    return address_parse(bytes_of(text), &address);
}

static void a_port_alone_means_every_address(void **state) {
    struct address address;

    assert_null(address_parse(BYTES(":8080"), &address));

    assert_string_equal(address.host, "");
    assert_string_equal(address.service, "8080");
}

static void addresses_and_names_are_taken_apart(void **state) {
    static const struct {
        const char *text;
        const char *host;
        const char *service;
    } cases[] = {
        {"127.0.0.1:1", "127.0.0.1", "1"},
        {"[::1]:65535", "::1", "65535"},
        {"[fe80::1%eth0]:80", "fe80::1%eth0", "80"},
        {"[127.0.0.1]:80", "127.0.0.1", "80"},
        {"localhost:8080", "localhost", "8080"},
        {"prometheus-k8s-0.Monitoring_2.svc:http", "prometheus-k8s-0.Monitoring_2.svc", "http"},
        {":http-alt", "", "http-alt"},
        {"[]:80", "", "80"},
        {":", "", "0"},
        {"localhost:", "localhost", "0"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct address address;
        assert_null(address_parse(bytes_of(cases[i].text), &address));
        assert_string_equal(address.host, cases[i].host);
        assert_string_equal(address.service, cases[i].service);
    }
}

static void what_is_no_port_is_refused(void **state) {
    static const char range[] = "has no port from 0 to 65535";
    static const char words[] = "has no port number or service name behind the last colon";

    assert_string_equal(fault("8080"), "has no port");
    assert_string_equal(fault(""), "has no port");
    assert_string_equal(fault(":65536"), range);
    assert_string_equal(fault(":-1"), range);
    assert_string_equal(fault(":99999999999999999999"), range);
    assert_string_equal(fault(":ht tp"), words);
    assert_string_equal(fault(":-http"), words);
    assert_string_equal(fault(":a-name-that-is-longer-than-any-service"), words);
    assert_string_equal(fault("http://localhost:80/"), words);
}

static void what_is_no_host_is_refused(void **state) {
    static const char words[] = "has no IP address or host name before the port";
    char text[ADDRESS_HOST_SIZE + 4];

    assert_string_equal(fault("::1:80"), words);
    assert_string_equal(fault("a b:80"), words);
    assert_string_equal(fault("-a:80"), words);
    assert_string_equal(fault("[::1:80"), words);
    assert_string_equal(fault("http://localhost:80"), words);
    memset(text, 'a', sizeof(text));
    memcpy(text + ADDRESS_HOST_SIZE, ":80", 4);
    assert_string_equal(fault(text), words);
    assert_null(fault(text + 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_alone_means_every_address),
        cmocka_unit_test(addresses_and_names_are_taken_apart),
        cmocka_unit_test(what_is_no_port_is_refused),
        cmocka_unit_test(what_is_no_host_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
