/* SPDX-License-Identifier: Apache-2.0 */

#include "base/address.h"

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
    assert_false(address.ipv6);
    assert_int_equal(address.port, 8080);
}

static void an_ipv4_address_is_taken(void **state) {
    struct address address;

    assert_null(address_parse(BYTES("127.0.0.1:1"), &address));

    assert_string_equal(address.host, "127.0.0.1");
    assert_false(address.ipv6);
    assert_int_equal(address.port, 1);
}

static void an_ipv6_address_stands_in_brackets(void **state) {
    struct address address;

    assert_null(address_parse(BYTES("[::1]:65535"), &address));

    assert_string_equal(address.host, "::1");
    assert_true(address.ipv6);
    assert_int_equal(address.port, 65535);
}

static void what_is_no_port_is_refused(void **state) {
    assert_string_equal(fault("8080"), "has no port");
    assert_string_equal(fault(""), "has no port");
    assert_string_equal(fault(":"), "has no port from 0 to 65535");
    assert_string_equal(fault(":65536"), "has no port from 0 to 65535");
    assert_string_equal(fault(":-1"), "has no port from 0 to 65535");
    assert_string_equal(fault(":http"), "has no port from 0 to 65535");
    assert_string_equal(fault(":99999999999999999999"), "has no port from 0 to 65535");
}

static void what_is_no_address_is_refused(void **state) {
    static const char words[] = "has no IP address before the port";

    assert_string_equal(fault("example.org:80"), words);
    assert_string_equal(fault("::1:80"), words);
    assert_string_equal(fault("[]:80"), words);
    assert_string_equal(fault("[127.0.0.1]:80"), words);
    assert_string_equal(fault("256.0.0.1:80"), words);
    assert_string_equal(fault("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80"), words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_alone_means_every_address),
        cmocka_unit_test(an_ipv4_address_is_taken),
        cmocka_unit_test(an_ipv6_address_stands_in_brackets),
        cmocka_unit_test(what_is_no_port_is_refused),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
