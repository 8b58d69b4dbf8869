/* SPDX-License-Identifier: Apache-2.0 */

/* The URLs that are derived from the one that the user gave. */

#include "prometheus/endpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_runtimeinfo(const char *reload_url, const char *expected) {
    CLEANUP(buffer_free) struct buffer url = {0};

    assert_int_equal(runtimeinfo_url_from_reload(reload_url, &url), 0);
    assert_string_equal(buffer_string(&url), expected);
}

static void runtimeinfo_stands_beside_reload(void **state) {
    assert_runtimeinfo("http://127.0.0.1:9090/-/reload",
                       "http://127.0.0.1:9090/api/v1/status/runtimeinfo");
    assert_runtimeinfo("https://prometheus/-/reload",
                       "https://prometheus/api/v1/status/runtimeinfo");
    assert_runtimeinfo("http://[::1]:9090/-/reload", "http://[::1]:9090/api/v1/status/runtimeinfo");
}

static void a_route_prefix_is_kept(void **state) {
    assert_runtimeinfo("http://127.0.0.1:9090/prom/a%20b/-/reload",
                       "http://127.0.0.1:9090/prom/a%20b/api/v1/status/runtimeinfo");
}

static void user_information_is_kept(void **state) {
    assert_runtimeinfo("http://me:p%40ss@host:1/-/reload",
                       "http://me:p%40ss@host:1/api/v1/status/runtimeinfo");
}

static void query_and_fragment_go(void **state) {
    assert_runtimeinfo("http://host/-/reload?a=b#c", "http://host/api/v1/status/runtimeinfo");
}

static void a_url_that_does_not_end_in_reload_gives_none(void **state) {
    static const char *const urls[] = {
        "http://host/",
        "http://host",
        "http://host/-/reload/",
        "http://host/reload",
        "http://host/?x=/-/reload",
        "ftp://host/-/reload",
        "file:///-/reload",
        "host/-/reload",
        "http:///-/reload",
        "http://host:99999/-/reload",
        "http://ho st/-/reload",
        "",
    };

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        CLEANUP(buffer_free) struct buffer url = {0};
        assert_int_equal(runtimeinfo_url_from_reload(urls[i], &url), -EINVAL);
        assert_int_equal(url.length, 0);
    }
}

static void buildinfo_stands_beside_runtimeinfo(void **state) {
    CLEANUP(buffer_free) struct buffer url = {0};

    assert_int_equal(
        buildinfo_url_from_runtimeinfo("http://h:1/p/api/v1/status/runtimeinfo?x", &url), 0);
    assert_string_equal(buffer_string(&url), "http://h:1/p/api/v1/status/buildinfo");
    buffer_clear(&url);
    assert_int_equal(config_url_from_runtimeinfo("http://h:1/p/api/v1/status/runtimeinfo?x", &url),
                     0);
    assert_string_equal(buffer_string(&url), "http://h:1/p/api/v1/status/config");
}

static void a_url_that_is_not_runtimeinfo_has_nothing_beside_it(void **state) {
    CLEANUP(buffer_free) struct buffer url = {0};

    assert_int_equal(buildinfo_url_from_runtimeinfo("http://h/api/v1/status/flags", &url), -EINVAL);
    assert_int_equal(buildinfo_url_from_runtimeinfo("nonsense", &url), -EINVAL);
}

static void metrics_stand_under_the_prefix(void **state) {
    CLEANUP(buffer_free) struct buffer url = {0};

    assert_int_equal(
        metrics_url_from_runtimeinfo("https://u:p@h:1/p/api/v1/status/runtimeinfo?x#y", &url), 0);
    assert_string_equal(buffer_string(&url), "https://u:p@h:1/p/metrics");
}

static void a_url_of_another_form_has_no_metrics(void **state) {
    CLEANUP(buffer_free) struct buffer url = {0};

    assert_int_equal(metrics_url_from_runtimeinfo("http://h/runtimeinfo", &url), -EINVAL);
    assert_int_equal(metrics_url_from_runtimeinfo("nonsense", &url), -EINVAL);
    assert_int_equal(url.length, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runtimeinfo_stands_beside_reload),
        cmocka_unit_test(a_route_prefix_is_kept),
        cmocka_unit_test(user_information_is_kept),
        cmocka_unit_test(query_and_fragment_go),
        cmocka_unit_test(a_url_that_does_not_end_in_reload_gives_none),
        cmocka_unit_test(buildinfo_stands_beside_runtimeinfo),
        cmocka_unit_test(a_url_that_is_not_runtimeinfo_has_nothing_beside_it),
        cmocka_unit_test(metrics_stand_under_the_prefix),
        cmocka_unit_test(a_url_of_another_form_has_no_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
