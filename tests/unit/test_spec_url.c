/* SPDX-License-Identifier: Apache-2.0 */

/* URLs read strictly, the allow-list over them, and the proxy that the environment gives for one.
 */

#include "base/compiler.h"
#include "spec/proxy.h"
#include "spec/url.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void a_url_is_taken_apart(void **state) {
    struct url url;

    assert_null(
        url_parse(BYTES("https://u:p%40@host.example:8443/a/b?c=d#e"), url_http_schemes, &url));
    assert_true(bytes_equal_string(url.scheme, "https"));
    assert_true(url.has_userinfo);
    assert_true(bytes_equal_string(url.userinfo, "u:p%40"));
    assert_true(bytes_equal_string(url.host, "host.example"));
    assert_true(bytes_equal_string(url.port, "8443"));
    assert_true(bytes_equal_string(url.path, "/a/b"));
    assert_true(bytes_equal_string(url.query, "c=d"));
    assert_true(bytes_equal_string(url.fragment, "e"));

    assert_null(url_parse(BYTES("http://[::1]:80"), url_http_schemes, &url));
    assert_true(bytes_equal_string(url.host, "[::1]"));
    assert_true(bytes_equal_string(url.port, "80"));
    assert_int_equal(url.path.length, 0);
    assert_null(url_parse(BYTES("http://[fe80::1]"), url_http_schemes, &url));
    assert_int_equal(url.port.length, 0);
    assert_null(url_parse(BYTES("http://h?q"), url_http_schemes, &url));
    assert_true(bytes_equal_string(url.query, "q"));
    assert_null(url_parse(BYTES("http://h#f"), url_http_schemes, &url));
    assert_true(bytes_equal_string(url.fragment, "f"));
    assert_null(url_parse(BYTES("socks5://h:1080"), url_proxy_schemes, &url));
}

static void what_readers_of_urls_disagree_on_is_refused(void **state) {
    static const char *const texts[] = {
        "",
        "metrics.example",
        "//metrics.example",
        "ftp://h",
        "HTTPS://h",
        "socks5://h",
        "http:/h",
        "http://",
        "http:///p",
        "http://:80",
        "http://h:",
        "http://h:0",
        "http://h:65536",
        "http://h:80a",
        "http://h:+80",
        "http://h:-1",
        "http://h:99999999999999999999",
        "http://h /p",
        "http://h\t",
        "http://h\n",
        "http://h\x7f",
        "http://h\\@evil/",
        "http://h\\evil",
        "http://u\\@h",
        "http://h/%",
        "http://h/%4",
        "http://h/%zz",
        "http://[::1",
        "http://[]",
        "http://[::1]x",
        "http://[evil.example]",
        "http://::1/",
        "http://a:b:c/",
        "http://h\xc3\xa9/",
        "http://a@b@c/",
        "http://u[@h",
        "http://h%2e/",
        "http://h,evil/",
        "http://*/",
        "http://h;x/",
        "http:h",
        "://h",
        "http ://h",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct url url = {.has_userinfo = true};
        if (url_parse(bytes_of(texts[i]), url_http_schemes, &url) == NULL) {
            fail_msg("\"%s\" is taken", texts[i]);
        }
    }
    struct url url;
    assert_non_null(url_parse(BYTES("http://h\0@evil/"), url_http_schemes, &url));
}

static void what_is_shown_of_a_url_has_no_password_or_key(void **state) {
    static const char *const cases[][2] = {
        {"https://u:p@h/x", "https://xxxxx@h/x"},
        {"https://h/x@y", "https://h/x@y"},
        {"https://u@p@h", "https://xxxxx@h"},
        {"no url", "no url"},
        {"https://u:p@h?a@b", "https://xxxxx@h?xxxxx"},
        {"https://h/x?key=s3cret", "https://h/x?xxxxx"},
        {"https://h/x#s3cret", "https://h/x?xxxxx"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        assert_string_equal(url_masked(arena, bytes_of(cases[i][0])), cases[i][1]);
    }
}

struct allowed {
    const char *pattern;
    const char *url;
    bool matches;
};

static const struct allowed allowed[] = {
    {"https://metrics.example", "https://metrics.example/any/path?q#f", true},
    {"https://metrics.example/", "https://metrics.example", true},
    {"https://metrics.example/", "https://metrics.example/x", false},
    {"https://metrics.example/*", "https://metrics.example/x/y", true},
    {"https://metrics.example/team-a/*", "https://metrics.example/team-b/", false},
    {"https://*.example", "https://a.b.example/x", true},
    {"https://*.example", "https://example/x", false},
    {"https://*.example/w", "https://evil.test/.example/w", false},
    {"https://*.example/w", "https://evil.test?.example/w", false},
    {"https://*.example/w", "https://evil.test#.example/w", false},
    {"https://*.example/w", "https://a.example@evil.test/w", false},
    {"https://*", "https://metrics.example:8443/x", true},
    {"https://*.example", "https://metrics.example:8443", false},
    {"https://*.example:*", "https://metrics.example:8443", true},
    {"https://*.example:*", "https://metrics.example", true},
    {"https://metrics.example:443", "https://metrics.example", true},
    {"https://metrics.example", "https://metrics.example:443", true},
    {"http://metrics.example", "http://metrics.example:80/x", true},
    {"http://metrics.example", "http://metrics.example:443/x", false},
    {"http://metrics.example", "https://metrics.example/x", false},
    {"*://metrics.example", "https://metrics.example/x", true},
    {"https://METRICS.example", "https://metrics.EXAMPLE/x", true},
    {"https://metrics.example/Team", "https://metrics.example/team", false},
    {"https://metrics.example/*", "https://metrics.example/../x", false},
    {"https://metrics.example/*", "https://metrics.example/a/..", false},
    {"https://metrics.example/*", "https://metrics.example/./x", false},
    {"https://metrics.example/*", "https://metrics.example/%2e%2E/x", false},
    {"https://metrics.example/*", "https://metrics.example/.%2e/x", false},
    {"https://metrics.example/*", "https://metrics.example/a%2f..%2fx", false},
    {"https://metrics.example/*", "https://metrics.example/a%5c..%5cx", false},
    {"https://metrics.example", "https://metrics.example/..", false},
    {"https://metrics.example/*", "https://metrics.example/.../x..y", true},
    {"https://metrics.example/[ab]", "https://metrics.example/a", true},
    {"https://metrics.example/?", "https://metrics.example/a", true},
    {"https://user:p@metrics.example", "https://user:p@metrics.example", false},
    {"https://metrics.example", "https://user:p@metrics.example", true},
    {"https://10.0.0.*", "https://10.0.0.7:443/", true},
    {"socks5://proxy.example:1080", "socks5://proxy.example:1080", true},
    {"socks5://proxy.example", "socks5://proxy.example:1080", false},
    {"metrics.example", "https://metrics.example", false},
    {"*", "https://metrics.example", false},
};

static void a_pattern_takes_the_urls_it_names_and_no_other(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++) {
        struct url url;
        assert_null(url_parse(bytes_of(allowed[i].url), url_proxy_schemes, &url));
        if (url_matches(&url, allowed[i].pattern) != allowed[i].matches) {
            fail_msg("%s and %s", allowed[i].pattern, allowed[i].url);
        }
    }
}

static void a_pattern_that_could_not_mean_anything_is_refused(void **state) {
    assert_null(url_pattern_check("https://*.example/*"));
    assert_null(url_pattern_check("*://*"));
    assert_non_null(url_pattern_check("metrics.example"));
    assert_non_null(url_pattern_check("https://u@metrics.example"));
    assert_non_null(url_pattern_check("https://metrics.example/#x"));
    assert_non_null(url_pattern_check("https:///x"));
    assert_non_null(url_pattern_check("https://"));
    assert_non_null(url_pattern_check(""));
}

struct proxied {
    const char *url;
    const char *no_proxy;
    const char *proxy;
};

static const struct proxied proxied[] = {
    {"https://metrics.example", NULL, "http://tls:1"},
    {"http://metrics.example", NULL, "http://plain:1"},
    {"http://metrics.example", "", "http://plain:1"},
    {"https://metrics.example", "*", NULL},
    {"https://metrics.example", "example", NULL},
    {"https://example", "example", NULL},
    {"https://EXAMPLE", "example", NULL},
    {"https://metrics.example", ".example", NULL},
    {"https://example", ".example", "http://tls:1"},
    {"https://metrics.example", "*.example", NULL},
    {"https://notexample", "example", "http://tls:1"},
    {"https://metrics.example", "other, metrics.example", NULL},
    {"https://metrics.example", "metrics.example:443", NULL},
    {"https://metrics.example", "metrics.example:80", "http://tls:1"},
    {"http://metrics.example", "metrics.example:80", NULL},
    {"https://metrics.example:8443", "metrics.example:8443", NULL},
    {"https://10.1.2.3", "10.0.0.0/8", NULL},
    {"https://11.1.2.3", "10.0.0.0/8", "http://tls:1"},
    {"https://10.1.2.3", "10.1.2.3", NULL},
    {"https://10.1.2.3", "10.1.2.4,10.0.0.0/99,10.0.0.0/x,x/8", "http://tls:1"},
    {"https://10.1.2.3", "10.1.2.3:443", NULL},
    {"https://10.1.2.3", "3", "http://tls:1"},
    {"https://[2001:db8::1]", "2001:db8::/32", NULL},
    {"https://[2001:db8::1]", "2001:db8::1", NULL},
    {"https://[2001:db8::1]", "[2001:db8::1]:443", NULL},
    {"https://[2001:db8::1]", "10.0.0.0/8", "http://tls:1"},
    {"https://metrics.example", "2001:db8::1", "http://tls:1"},
    {"https://metrics.example", ", ,.,*.", "http://tls:1"},
    {"https://localhost:9090", NULL, NULL},
    {"https://LocalHost", NULL, NULL},
    {"https://127.0.0.1", NULL, NULL},
    {"https://127.9.9.9", NULL, NULL},
    {"https://[::1]:1", NULL, NULL},
    {"https://a-very-long-host-name-that-is-no-address-at-all-and-so-on.example", "example", NULL},
};

static void the_proxy_is_that_of_go_s_httpproxy(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(proxied); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        struct policy policy = {.http_proxy = "plain:1",
                                .https_proxy = "http://tls:1",
                                .no_proxy = proxied[i].no_proxy};
        struct url url;
        assert_null(url_parse(bytes_of(proxied[i].url), url_http_schemes, &url));
        const char *proxy = proxy_for_url(arena, &policy, &url);
        if (proxy == NULL ? proxied[i].proxy != NULL
                          : proxied[i].proxy == NULL || strcmp(proxy, proxied[i].proxy) != 0) {
            fail_msg("%s with NO_PROXY=%s: %s", proxied[i].url, proxied[i].no_proxy, proxy);
        }
    }
}

static void without_a_proxy_in_the_environment_there_is_none(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct policy policy = {.http_proxy = "", .https_proxy = NULL};
    struct url url;

    assert_null(url_parse(BYTES("http://metrics.example"), url_http_schemes, &url));
    assert_null(proxy_for_url(arena, &policy, &url));
    assert_null(url_parse(BYTES("https://metrics.example"), url_http_schemes, &url));
    assert_null(proxy_for_url(arena, &policy, &url));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(what_readers_of_urls_disagree_on_is_refused),
        cmocka_unit_test(what_is_shown_of_a_url_has_no_password_or_key),
        cmocka_unit_test(a_pattern_takes_the_urls_it_names_and_no_other),
        cmocka_unit_test(a_pattern_that_could_not_mean_anything_is_refused),
        cmocka_unit_test(the_proxy_is_that_of_go_s_httpproxy),
        cmocka_unit_test(without_a_proxy_in_the_environment_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
