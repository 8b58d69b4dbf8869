/* SPDX-License-Identifier: Apache-2.0 */

/* Prometheus's web configuration: what it says, and how what is wrong with it is said. */

#include "base/compiler.h"
#include "web/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HASH_10 "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
#define HASH_12 "$2b$12$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
#define TLS     "tls_server_config: {cert_file: c.pem, key_file: k.pem, "

struct text {
    struct arena *arena;
    struct diagnostics diagnostics;
    int result;
    struct web_config *config;
    struct buffer message;
};

/* As /etc/web/web.yml. */
static struct text read_text(const char *source) {
    struct text text = {.arena = arena_new()};

    text.diagnostics = diagnostics_in(text.arena);
    text.result = web_config_parse(text.arena, bytes_of(source), "/etc/web/web.yml",
                                   &text.diagnostics, &text.config);
    for (size_t i = 0; i < text.diagnostics.count; i++) {
        diagnostic_format(&text.diagnostics.items[i], &text.message);
        buffer_append_char(&text.message, '\n');
    }
    return text;
}

static void text_free(struct text *text) {
    buffer_free(&text->message);
    arena_free(text->arena);
}

#define TEXT CLEANUP(text_free) struct text

static void assert_good(struct text *text) {
    assert_string_equal(buffer_string(&text->message), "");
    assert_int_equal(text->result, 0);
    assert_non_null(text->config);
}

/* --- what is right -------------------------------------------------------------------------- */

static void an_empty_file_asks_for_nothing(void **state) {
    static const char *const sources[] = {"",
                                          "# nothing\n",
                                          "{}\n",
                                          "---\n",
                                          "null\n",
                                          "tls_server_config:\nbasic_auth_users:\n",
                                          "tls_server_config: {}\nbasic_auth_users: {}\n"};

    for (size_t i = 0; i < ARRAY_LENGTH(sources); i++) {
        TEXT text = read_text(sources[i]);
        assert_good(&text);
        assert_false(text.config->tls);
        assert_int_equal(text.config->user_count, 0);
        assert_int_equal(text.config->header_count, 0);
        assert_int_equal(text.config->rate_limit.interval, 0);
    }
}

static void every_field_is_read(void **state) {
    TEXT text = read_text("tls_server_config:\n"
                          "  cert_file: tls/cert.pem\n"
                          "  key_file: /run/key.pem\n"
                          "  client_ca: |\n"
                          "    PEM\n"
                          "  client_auth_type: RequireAndVerifyClientCert\n"
                          "  client_allowed_sans: [prometheus, 10.0.0.1]\n"
                          "  min_version: TLS11\n"
                          "  max_version: TLS12\n"
                          "  cipher_suites:\n"
                          "    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n"
                          "  prefer_server_cipher_suites: false\n"
                          "  curve_preferences: [X25519, CurveP256]\n"
                          "http_server_config:\n"
                          "  http2: false\n"
                          "  headers:\n"
                          "    X-Frame-Options: sameorigin\n"
                          "    X-XSS-Protection: 0\n"
                          "    Strict-Transport-Security:\n"
                          "basic_auth_users:\n"
                          "  alice: " HASH_10 "\n"
                          "  12: " HASH_12 "\n"
                          "rate_limit: {interval: 1s, burst: 20}\n");

    assert_good(&text);
    const struct web_config *config = text.config;
    const struct web_tls_config *tls = &config->tls_server;
    assert_true(config->tls);
    assert_string_equal(tls->materials[WEB_CERTIFICATE].path, "/etc/web/tls/cert.pem");
    assert_string_equal(tls->materials[WEB_KEY].path, "/run/key.pem");
    assert_null(tls->materials[WEB_CLIENT_CA].path);
    assert_true(bytes_equal_string(tls->materials[WEB_CLIENT_CA].text, "PEM\n"));
    assert_int_equal(tls->client_auth, WEB_REQUIRE_AND_VERIFY_CLIENT_CERT);
    assert_int_equal(tls->allowed_san_count, 2);
    assert_string_equal(tls->allowed_sans[1], "10.0.0.1");
    assert_string_equal(tls_versions[tls->min_version].name, "TLS11");
    assert_string_equal(tls_versions[tls->max_version].name, "TLS12");
    assert_int_equal(tls->suite_count, 1);
    assert_string_equal(tls->suites[0]->cipher, "AES-128-GCM");
    assert_false(tls->prefer_server_suites);
    assert_int_equal(tls->curve_count, 2);
    assert_string_equal(tls->curves[0]->name, "X25519");
    assert_int_equal(config->header_count, 3);
    assert_string_equal(config->headers[0].value, "sameorigin");
    assert_string_equal(config->headers[1].value, "0");
    assert_string_equal(config->headers[2].value, "");
    assert_int_equal(config->user_count, 2);
    assert_string_equal(config->users[0].name, "alice");
    assert_string_equal(config->users[0].hash, HASH_10);
    assert_string_equal(config->users[1].name, "12");
    assert_int_equal(config->rate_limit.interval, 1000);
    assert_int_equal(config->rate_limit.burst, 20);
}

static void what_is_not_said_is_as_in_prometheus(void **state) {
    TEXT text = read_text(TLS "}\n");

    assert_good(&text);
    const struct web_tls_config *tls = &text.config->tls_server;
    assert_string_equal(tls_versions[tls->min_version].name, "TLS12");
    assert_string_equal(tls_versions[tls->max_version].name, "TLS13");
    assert_int_equal(tls->client_auth, WEB_NO_CLIENT_CERT);
    assert_true(tls->prefer_server_suites);
}

static void every_type_of_client_authentication_is_known(void **state) {
    static const struct {
        const char *source;
        unsigned type;
    } cases[] = {
        {TLS "client_auth_type: NoClientCert}", WEB_NO_CLIENT_CERT},
        {TLS "client_auth_type: RequestClientCert}", WEB_REQUEST_CLIENT_CERT},
        {TLS "client_auth_type: RequireAnyClientCert}", WEB_REQUIRE_ANY_CLIENT_CERT},
        {TLS "client_auth_type: RequireClientCert}", WEB_REQUIRE_ANY_CLIENT_CERT},
        {TLS "client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca}",
         WEB_VERIFY_CLIENT_CERT_IF_GIVEN},
        {TLS "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca}",
         WEB_REQUIRE_AND_VERIFY_CLIENT_CERT},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        TEXT text = read_text(cases[i].source);
        assert_good(&text);
        assert_int_equal(text.config->tls_server.client_auth, cases[i].type);
    }
}

static void the_decoy_is_as_dear_as_the_dearest_user(void **state) {
    TEXT text = read_text("basic_auth_users: {a: " HASH_10 ", b: " HASH_12 ", c: " HASH_10 "}\n");

    assert_good(&text);
    assert_int_equal(strlen(text.config->decoy_hash), strlen(HASH_10));
    assert_memory_equal(text.config->decoy_hash, "$2y$12$", 7);
}

static void a_relative_path_without_a_folder_stays_as_it_is(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct web_config *config = NULL;

    assert_int_equal(web_config_parse(arena, BYTES(TLS "}\n"), "web.yml", &diagnostics, &config),
                     0);

    assert_string_equal(config->tls_server.materials[WEB_KEY].path, "k.pem");
}

/* --- what is wrong -------------------------------------------------------------------------- */

struct wrong {
    const char *source;
    const char *message; /* "LINE:COLUMN: error: ..." */
};

static void assert_wrong(const struct wrong *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_free) struct buffer expected = {0};
        TEXT text = read_text(cases[i].source);

        buffer_printf(&expected, "/etc/web/web.yml:%s\n", cases[i].message);
        assert_string_equal(buffer_string(&text.message), buffer_string(&expected));
        assert_int_equal(text.result, -EINVAL);
    }
}

static void keys_that_are_unknown_or_twice_there_are_errors(void **state) {
    static const struct wrong cases[] = {
        {"tls_config: {}\n",
         "1:1: error: tls_config: is no known field; remove it, or look it up in the web "
         "configuration format"},
        {"rate_limits: {}\n",
         "1:1: error: rate_limits: is no known field; did you mean rate_limit?"},
        {TLS "\n  cert_fil: x}\n",
         "2:3: error: tls_server_config.cert_fil: is no known field; did you mean cert_file?"},
        {"basic_auth_users:\n  a: " HASH_10 "\n  a: " HASH_12 "\n",
         "3:3: error: the key \"a\" is given twice: in line 2 and in line 3; keep one of the two"},
        {"http_server_config: {headers: {X-Powered-By: me}}\n",
         "1:32: error: http_server_config.headers.X-Powered-By: \"X-Powered-By\" is no known header "
         "that can be set; there are Content-Security-Policy, Strict-Transport-Security, "
         "X-Content-Type-Options, X-Frame-Options, X-XSS-Protection"},
        {"a: b: c\n",
         "1:5: error: a colon that makes a key stands where no key can be; check the indentation of "
         "this line and the one above; put a value that holds \": \" in quotes"},
        {"{}\n---\n{}\n", "3:1: error: is a second document; put everything into one"},
        {"[]\n", "1:1: error: must be a mapping, but this is a list; write it as KEY: VALUE"},
    };

    assert_wrong(cases, ARRAY_LENGTH(cases));
}

static void values_that_cannot_be_are_errors(void **state) {
    static const struct wrong cases[] = {
        {TLS "min_version: TLS14}\n",
         "1:69: error: tls_server_config.min_version: \"TLS14\" is no known version of TLS; there "
         "are TLS10, TLS11, TLS12, TLS13"},
        {TLS "cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}\n",
         "1:72: error: tls_server_config.cipher_suites[0]: \"TLS_RSA_WITH_RC4_128_SHA\" is no known "
         "cipher suite; there are TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, "
         "TLS_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "
         "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "
         "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "
         "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
         "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "
         "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
        {TLS "curve_preferences: [P256]}\n",
         "1:76: error: tls_server_config.curve_preferences[0]: \"P256\" is no known curve; there are "
         "CurveP256, CurveP384, CurveP521, X25519"},
        {TLS "curve_preferences: X25519}\n",
         "1:75: error: tls_server_config.curve_preferences: must be a list, but this is a string; "
         "write each as an item: [one, two]"},
        {TLS "client_auth_type: Always}\n",
         "1:74: error: tls_server_config.client_auth_type: \"Always\" is no known client_auth_type; "
         "there are NoClientCert, RequestClientCert, RequireAnyClientCert, RequireClientCert, "
         "VerifyClientCertIfGiven, RequireAndVerifyClientCert"},
        {TLS "prefer_server_cipher_suites: 1}\n",
         "1:85: error: tls_server_config.prefer_server_cipher_suites: must be true or false, but "
         "this is a number; write true or false"},
        {"tls_server_config: {cert_file: [c], key_file: k}\n",
         "1:32: error: tls_server_config.cert_file: must be a string, but this is a list; write a "
         "single value here"},
        {"tls_server_config: {cert_file: \"\", key_file: k}\n",
         "1:32: error: tls_server_config.cert_file: must not be empty; give a value, or leave the "
         "field out"},
        {"http_server_config: {http2: maybe}\n",
         "1:29: error: http_server_config.http2: must be true or false, but this is a string; write "
         "true or false"},
        {"http_server_config: {headers: {X-Frame-Options: DENY}}\n",
         "1:49: error: http_server_config.headers.X-Frame-Options: may not be \"DENY\"; write deny or "
         "sameorigin"},
        {"http_server_config: {headers: {X-XSS-Protection: \"1\\r\\nX: y\"}}\n",
         "1:50: error: http_server_config.headers.X-XSS-Protection: holds characters that no header "
         "may have; write one line of printable ASCII characters"},
        {"rate_limit: {interval: soon, burst: 1}\n",
         "1:24: error: rate_limit.interval: \"soon\" is not a duration of at most a day; write it as "
         "in 500ms, 1s, 1m30s; 0 is no limit"},
        {"rate_limit: {interval: 1s, burst: -1}\n",
         "1:35: error: rate_limit.burst: must be a whole number from 0 to 1000000; write how many "
         "requests may come at once"},
    };

    assert_wrong(cases, ARRAY_LENGTH(cases));
}

static void fields_that_do_not_go_together_are_errors(void **state) {
    static const struct wrong cases[] = {
        {"tls_server_config: {min_version: TLS13, key_file: k}\n",
         "1:1: error: tls_server_config: has no certificate; give cert_file, or cert"},
        {"tls_server_config: {cert_file: c}\n",
         "1:1: error: tls_server_config: has no key; give key_file, or key"},
        {TLS "\n  cert: PEM}\n",
         "2:3: error: tls_server_config.cert: is given beside tls_server_config.cert_file, in line 1; "
         "keep one of the two"},
        {TLS "client_ca_file: ca}\n",
         "1:1: error: tls_server_config: has an authority for clients, but asks for no certificate; "
         "set client_auth_type to RequireAndVerifyClientCert, or leave client_ca_file out"},
        {TLS "client_auth_type: RequireAndVerifyClientCert}\n",
         "1:1: error: tls_server_config: has no authority to verify clients' certificates with; give "
         "client_ca_file, or client_ca"},
        {TLS "client_auth_type: RequestClientCert, client_allowed_sans: [a]}\n",
         "1:1: error: tls_server_config: has client_allowed_sans, but lets clients in without a "
         "certificate; set client_auth_type to RequireAndVerifyClientCert"},
        {TLS "min_version: TLS13, max_version: TLS12}\n",
         "1:1: error: tls_server_config: has a min_version above its max_version; exchange the two"},
        {"rate_limit: {interval: 1s}\n",
         "1:1: error: rate_limit: lets no request through: it has an interval, and a burst of 0; set "
         "burst to 1 or more"},
    };

    assert_wrong(cases, ARRAY_LENGTH(cases));
}

static void a_hash_that_is_none_is_an_error_that_does_not_show_it(void **state) {
    static const char *const hashes[] = {
        "hunter2hunter2",
        "\"\"",
        "[hunter2]",
        "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7hunter2",
        "$2x$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7hunter2zG",
        "$2y$1a$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7hunter2zG",
        "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJ*RrnGs7hunter2zG",
        "$6$saltsalt$hunter2",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(hashes); i++) {
        CLEANUP(buffer_free) struct buffer source = {0};
        buffer_printf(&source, "basic_auth_users:\n  alice: %s\n", hashes[i]);
        TEXT text = read_text(buffer_string(&source));
        assert_string_equal(
            buffer_string(&text.message),
            "/etc/web/web.yml:2:10: error: basic_auth_users.alice: is no bcrypt hash; write what "
            "`htpasswd -nBC 10 USER` prints behind the colon\n");
    }
}

static void a_hash_that_takes_too_long_and_a_user_with_a_colon_are_errors(void **state) {
    static const struct wrong cases[] = {
        {"basic_auth_users:\n  a: $2y$19$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n",
         "2:6: error: basic_auth_users.a: has a cost of 19, and may have from 4 to 18; make the hash "
         "anew; 10 is usual"},
        {"basic_auth_users:\n  \"a:b\": " HASH_10 "\n",
         "2:3: error: basic_auth_users.a:b: has a colon, which no user name of basic authentication "
         "can have; choose another name"},
    };

    assert_wrong(cases, ARRAY_LENGTH(cases));
}

static void a_key_in_place_is_in_no_message(void **state) {
    TEXT text = read_text("tls_server_config:\n"
                          "  key_file: k.pem\n"
                          "  key: hunter2\n"
                          "  cert: hunter2\n"
                          "  bogus: hunter2\n");

    assert_int_equal(text.diagnostics.count, 2);
    assert_null(strstr(buffer_string(&text.message), "hunter2"));
}

static void every_fault_is_said(void **state) {
    TEXT text = read_text("tls_server_config: {cert_fil: x, min_version: y}\n"
                          "basic_auth_users: {a: b}\n"
                          "more: 1\n");

    assert_int_equal(text.diagnostics.count, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_asks_for_nothing),
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(what_is_not_said_is_as_in_prometheus),
        cmocka_unit_test(every_type_of_client_authentication_is_known),
        cmocka_unit_test(the_decoy_is_as_dear_as_the_dearest_user),
        cmocka_unit_test(a_relative_path_without_a_folder_stays_as_it_is),
        cmocka_unit_test(keys_that_are_unknown_or_twice_there_are_errors),
        cmocka_unit_test(values_that_cannot_be_are_errors),
        cmocka_unit_test(fields_that_do_not_go_together_are_errors),
        cmocka_unit_test(a_hash_that_is_none_is_an_error_that_does_not_show_it),
        cmocka_unit_test(a_hash_that_takes_too_long_and_a_user_with_a_colon_are_errors),
        cmocka_unit_test(a_key_in_place_is_in_no_message),
        cmocka_unit_test(every_fault_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
