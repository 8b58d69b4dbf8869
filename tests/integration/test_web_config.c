/* SPDX-License-Identifier: Apache-2.0 */

/* --web-config-file: the built sidecar in its sandbox, and curl. Needs the openssl program. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/assertions.h"
#include "support/canary.h"
#include "support/deadline.h"
#include "support/golden.h"
#include "support/kubelet.h"
#include "support/process.h"
#include "support/tempdir.h"
#include "support/web_sidecar.h"

#include <curl/curl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TLS          "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
#define CLIENTS      "  client_ca_file: ca.pem\n  client_auth_type: "
#define HTTPS        "https://127.0.0.1"
#define PASSWORD     "correct horse"
#define ONLY_TLS_1_2 (CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2)

/* Of the sidecar's folder, one for each use in a test. */
static const char *in_folder(const struct web_sidecar *sidecar, const char *name) {
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % ARRAY_LENGTH(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", sidecar->folder, name);
    return path;
}

/* /healthz with the right authority and this: the status; 0 where there was no answer. */
static long asked(struct web_sidecar *sidecar, struct http_question question) {
    question.authority =
        question.authority != NULL ? question.authority : in_folder(sidecar, "ca.pem");
    CLEANUP(http_reply_free)
    struct http_reply reply = web_sidecar_ask(sidecar, HTTPS, "/healthz", question);

    return reply.status;
}

static long asked_as(struct web_sidecar *sidecar, const char *credentials) {
    return asked(sidecar, (struct http_question){.credentials = credentials});
}

/* With FOLDER/NAME.pem and .key. */
static struct http_question by(const struct web_sidecar *sidecar, const char *name) {
    char file[64];
    struct http_question question = {0};

    snprintf(file, sizeof(file), "%s.pem", name);
    question.certificate = in_folder(sidecar, file);
    snprintf(file, sizeof(file), "%s.key", name);
    question.key = in_folder(sidecar, file);
    return question;
}

static void given(struct web_sidecar *sidecar, const char *config) {
    web_sidecar_config(sidecar, config);
    web_sidecar_start(sidecar, "127.0.0.1");
}

/* TLS, and alice with this hash. */
static void write_user(struct web_sidecar *sidecar, const char *hash) {
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text, TLS "basic_auth_users:\n  alice: %s\n", hash);
    web_sidecar_config(sidecar, buffer_string(&text));
}

static void given_alice(struct web_sidecar *sidecar, const char *password) {
    CLEANUP(memory_freep) char *hash = bcrypt_hash(password, 4);

    write_user(sidecar, hash);
    web_sidecar_start(sidecar, "127.0.0.1");
}

#define SIDECAR_OR_SKIP(state)                    \
    struct web_sidecar *sidecar = *(state);       \
    if (sidecar == NULL) {                        \
        skip_because("openssl is not installed"); \
    }

/* --- TLS ------------------------------------------------------------------------------------ */

static void who_believes_its_authority_is_served(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS);

    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    assert_int_equal(asked(sidecar, (struct http_question){.tls_versions = ONLY_TLS_1_2}), 200);
    assert_int_equal(
        asked(sidecar, (struct http_question){.tls_versions = CURL_SSLVERSION_TLSv1_3}), 200);
    assert_int_equal(web_sidecar_logged(sidecar, "sandbox"), 1);
}

static void who_believes_another_authority_goes_away(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS);

    CLEANUP(http_reply_free)
    struct http_reply reply =
        web_sidecar_ask(sidecar, HTTPS, "/healthz",
                        (struct http_question){.authority = in_folder(sidecar, "other.pem")});

    assert_int_equal(reply.error, CURLE_PEER_FAILED_VERIFICATION);
}

static void who_speaks_no_tls_gets_nothing(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS);

    CLEANUP(http_reply_free)
    struct http_reply reply =
        web_sidecar_ask(sidecar, "http://127.0.0.1", "/healthz", (struct http_question){0});

    assert_int_equal(reply.status, 0);
    assert_int_equal(reply.body.length, 0);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
}

static void ipv4_ipv6_and_both_are_served(void **state) {
    SIDECAR_OR_SKIP(state);
    web_sidecar_config(sidecar, TLS);
    web_sidecar_start(sidecar, "");

    static const char *const starts[] = {HTTPS, "https://[::1]", "https://localhost"};
    for (size_t i = 0; i < ARRAY_LENGTH(starts); i++) {
        CLEANUP(http_reply_free)
        struct http_reply reply =
            web_sidecar_ask(sidecar, starts[i], "/healthz",
                            (struct http_question){.authority = in_folder(sidecar, "ca.pem")});
        assert_int_equal(reply.status, 200);
    }
}

static void one_address_may_be_of_ipv6(void **state) {
    SIDECAR_OR_SKIP(state);
    web_sidecar_config(sidecar, TLS);
    web_sidecar_start(sidecar, "[::1]");

    CLEANUP(http_reply_free)
    struct http_reply six =
        web_sidecar_ask(sidecar, "https://[::1]", "/healthz",
                        (struct http_question){.authority = in_folder(sidecar, "ca.pem")});
    assert_int_equal(six.status, 200);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 0);
}

static void material_may_stand_in_the_file_itself(void **state) {
    SIDECAR_OR_SKIP(state);
    CLEANUP(memory_freep) char *certificate = file_read(sidecar->folder, "server.pem");
    CLEANUP(memory_freep) char *key = file_read(sidecar->folder, "server.key");
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct {
        const char *name;
        const char *pem;
    } parts[] = {{"cert", certificate}, {"key", key}};

    buffer_append_string(&text, "tls_server_config:\n");
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        buffer_printf(&text, "  %s: |\n    ", parts[i].name);
        for (const char *at = parts[i].pem; *at != '\0'; at++) {
            buffer_append_char(&text, *at);
            if (*at == '\n' && at[1] != '\0') {
                buffer_append_string(&text, "    ");
            }
        }
    }
    given(sidecar, buffer_string(&text));

    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
}

static void only_the_versions_that_are_allowed_are_spoken(void **state) {
    SIDECAR_OR_SKIP(state);
    const struct http_question earlier = {.tls_versions = ONLY_TLS_1_2};
    const struct http_question newest = {.tls_versions = CURL_SSLVERSION_TLSv1_3};
    given(sidecar, TLS "  min_version: TLS13\n");
    assert_int_equal(asked(sidecar, earlier), 0);
    assert_int_equal(asked(sidecar, newest), 200);

    web_sidecar_config(sidecar, TLS "  max_version: TLS12\n");

    assert_int_equal(asked(sidecar, earlier), 200);
    assert_int_equal(asked(sidecar, newest), 0);
}

static void cipher_suites_narrow_down_tls_1_2_and_leave_1_3_alone(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n");
    static const struct {
        const char *ciphers;
        long status;
    } cases[] = {{"ECDHE-ECDSA-AES256-GCM-SHA384", 200},
                 {"ECDHE-ECDSA-AES128-GCM-SHA256", 0},
                 {"ECDHE-ECDSA-CHACHA20-POLY1305", 0}};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(asked(sidecar, (struct http_question){.tls_versions = ONLY_TLS_1_2,
                                                               .ciphers = cases[i].ciphers}),
                         cases[i].status);
    }
    web_sidecar_config(sidecar, TLS "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]\n");
    assert_int_equal(
        asked(sidecar, (struct http_question){.tls_versions = CURL_SSLVERSION_TLSv1_3}), 200);
    assert_int_equal(asked(sidecar, (struct http_question){.tls_versions = ONLY_TLS_1_2,
                                                           .ciphers = "ECDHE-ECDSA-AES128-SHA"}),
                     200);
    assert_int_equal(
        asked(sidecar, (struct http_question){.tls_versions = ONLY_TLS_1_2,
                                              .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"}),
        0);
}

static void only_the_curves_that_are_named_are_used(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS "  curve_preferences: [CurveP384]\n");

    assert_int_equal(asked(sidecar, (struct http_question){.curves = "P-384"}), 200);
    assert_int_equal(asked(sidecar, (struct http_question){.curves = "X25519"}), 0);
}

/* --- clients' certificates ------------------------------------------------------------------ */

static void make_clients(const struct web_sidecar *sidecar) {
    static const struct certificate clients[] = {
        {.name = "client", .issuer = "ca", .usage = "clientAuth", .san = "DNS:prometheus"},
        {.name = "stranger", .issuer = "other", .usage = "clientAuth", .san = "DNS:prometheus"},
        {.name = "misused", .issuer = "ca", .usage = "serverAuth", .san = "DNS:prometheus"},
        {.name = "numbered", .issuer = "ca", .usage = "clientAuth", .san = "IP:10.0.0.1"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
        certificate_make(sidecar->folder, &clients[i]);
    }
}

/* What becomes of each of them, with each version of TLS. */
static void assert_served(struct web_sidecar *sidecar, bool none, bool client, bool stranger,
                          bool misused) {
    static const long versions[] = {ONLY_TLS_1_2, CURL_SSLVERSION_TLSv1_3};

    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
        static const char *const names[] = {NULL, "client", "stranger", "misused"};
        const bool expected[] = {none, client, stranger, misused};
        for (size_t j = 0; j < ARRAY_LENGTH(names); j++) {
            struct http_question question =
                names[j] != NULL ? by(sidecar, names[j]) : (struct http_question){0};
            question.tls_versions = versions[i];
            assert_int_equal(asked(sidecar, question), expected[j] ? 200 : 0);
        }
    }
}

static void a_client_s_certificate_is_judged_as_the_type_says(void **state) {
    SIDECAR_OR_SKIP(state);
    static const struct {
        const char *config;
        bool none;
        bool client;
        bool stranger;
        bool misused;
    } cases[] = {
        {TLS "  client_auth_type: NoClientCert\n", true, true, true, true},
        {TLS "  client_auth_type: RequestClientCert\n", true, true, true, true},
        {TLS "  client_auth_type: RequireAnyClientCert\n", false, true, true, true},
        {TLS CLIENTS "VerifyClientCertIfGiven\n", true, true, false, false},
        {TLS CLIENTS "RequireAndVerifyClientCert\n", false, true, false, false},
    };

    make_clients(sidecar);
    given(sidecar, TLS);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        web_sidecar_config(sidecar, cases[i].config);
        assert_served(sidecar, cases[i].none, cases[i].client, cases[i].stranger, cases[i].misused);
    }
}

static void a_client_s_certificate_needs_one_of_the_names(void **state) {
    SIDECAR_OR_SKIP(state);
    make_clients(sidecar);
    given(sidecar,
          TLS CLIENTS "RequireAndVerifyClientCert\n  client_allowed_sans: [other, prometheus]\n");
    assert_int_equal(asked(sidecar, by(sidecar, "client")), 200);
    assert_int_equal(asked(sidecar, by(sidecar, "numbered")), 0);

    web_sidecar_config(sidecar, TLS CLIENTS
                       "RequireAndVerifyClientCert\n  client_allowed_sans: [10.0.0.1]\n");

    assert_int_equal(asked(sidecar, by(sidecar, "client")), 0);
    assert_int_equal(asked(sidecar, by(sidecar, "numbered")), 200);
}

/* --- basic authentication ------------------------------------------------------------------- */

static void only_the_right_user_and_password_are_served(void **state) {
    SIDECAR_OR_SKIP(state);
    given_alice(sidecar, PASSWORD);
    static const struct {
        const char *credentials;
        long status;
    } cases[] = {
        {NULL, 401},
        {"alice:" PASSWORD, 200},
        {"alice:wrong", 401},
        {"alice:", 401},
        {"bob:" PASSWORD, 401},
        {":" PASSWORD, 401},
        {"alice:wrong", 401},
        {"bob:" PASSWORD, 401},
        {"alice:" PASSWORD, 200},
        {"Alice:" PASSWORD, 401},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(asked_as(sidecar, cases[i].credentials), cases[i].status);
    }
}

static void every_path_wants_the_password(void **state) {
    SIDECAR_OR_SKIP(state);
    given_alice(sidecar, PASSWORD);
    static const char *const paths[] = {"/",       "/metrics",       "/healthz",
                                        "/readyz", "/api/v1/status", "/nowhere"};

    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        CLEANUP(http_reply_free)
        struct http_reply reply =
            web_sidecar_ask(sidecar, HTTPS, paths[i],
                            (struct http_question){.authority = in_folder(sidecar, "ca.pem")});
        assert_int_equal(reply.status, 401);
        assert_non_null(strstr(buffer_string(&reply.header), "\r\nWWW-Authenticate: Basic\r\n"));
        assert_non_null(strstr(buffer_string(&reply.header), "\r\nX-Frame-Options: DENY\r\n"));
        assert_string_equal(buffer_string(&reply.body), "unauthorized\n");
    }
    CLEANUP(http_reply_free)
    struct http_reply reply = web_sidecar_ask(
        sidecar, HTTPS, "/-/reload",
        (struct http_question){.authority = in_folder(sidecar, "ca.pem"), .post = true});
    assert_int_equal(reply.status, 401);
    assert_int_equal(web_sidecar_logged(sidecar, "reload requested"), 0);
}

static void passwords_and_hashes_are_shown_nowhere(void **state) {
    SIDECAR_OR_SKIP(state);
    CLEANUP(memory_freep) char *hash = bcrypt_hash(CANARY, 4);
    static const char *const paths[] = {"/", "/metrics", "/api/v1/status", "/readyz"};
    write_user(sidecar, hash);
    web_sidecar_start(sidecar, "127.0.0.1");
    asked_as(sidecar, "alice:" CANARY CANARY "wrong");
    asked_as(sidecar, CANARY ":x");

    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        CLEANUP(http_reply_free)
        struct http_reply reply =
            web_sidecar_ask(sidecar, HTTPS, paths[i],
                            (struct http_question){.authority = in_folder(sidecar, "ca.pem"),
                                                   .credentials = "alice:" CANARY});
        assert_true(reply.status == 200 || reply.status == 503);
        assert_false(canary_is_in(buffer_bytes(&reply.body)));
        assert_null(strstr(buffer_string(&reply.body), hash));
        assert_null(strstr(buffer_string(&reply.header), hash));
    }
    web_sidecar_config(sidecar, TLS "basic_auth_users: {alice: " CANARY "}\n");
    asked_as(sidecar, NULL);
    assert_int_equal(web_sidecar_logged(sidecar, "is no bcrypt hash"), 1);
    assert_false(canary_is_in_file(sidecar->log));
    assert_int_equal(web_sidecar_logged(sidecar, hash), 0);
}

/* --- what changes --------------------------------------------------------------------------- */

static void a_new_certificate_is_served_at_the_next_connection(void **state) {
    SIDECAR_OR_SKIP(state);
    const struct http_question other = {.authority = in_folder(sidecar, "other.pem")};
    given(sidecar, TLS);
    assert_int_equal(asked(sidecar, other), 0);

    certificate_make(sidecar->folder,
                     &(struct certificate){
                         .name = "server", .issuer = "other", .san = "IP:127.0.0.1", .rsa = true});

    assert_int_equal(asked(sidecar, other), 200);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 0);
    assert_int_equal(web_sidecar_logged(sidecar, "web config read anew"), 1);
}

static void a_new_authority_of_clients_counts_at_once(void **state) {
    SIDECAR_OR_SKIP(state);
    CLEANUP(memory_freep) char *other = file_read(sidecar->folder, "other.pem");
    make_clients(sidecar);
    CLEANUP(memory_freep) char *first = file_read(sidecar->folder, "ca.pem");
    file_write(sidecar->folder, "clients.pem", first);
    given(sidecar, TLS "  client_ca_file: clients.pem\n"
                       "  client_auth_type: RequireAndVerifyClientCert\n");
    assert_int_equal(asked(sidecar, by(sidecar, "client")), 200);
    assert_int_equal(asked(sidecar, by(sidecar, "stranger")), 0);

    file_replace(sidecar->folder, "clients.pem", other);

    assert_int_equal(asked(sidecar, by(sidecar, "client")), 0);
    assert_int_equal(asked(sidecar, by(sidecar, "stranger")), 200);
}

/* Names of one length, one after the other. */
static void another_file_may_be_named(void **state) {
    SIDECAR_OR_SKIP(state);
    const struct http_question other = {.authority = in_folder(sidecar, "other.pem")};
    certificate_make(
        sidecar->folder,
        &(struct certificate){.name = "second", .issuer = "other", .san = "IP:127.0.0.1"});
    given(sidecar, TLS);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);

    web_sidecar_config(sidecar,
                       "tls_server_config: {cert_file: second.pem, key_file: second.key}\n");
    assert_int_equal(asked(sidecar, other), 200);
    web_sidecar_config(sidecar,
                       "tls_server_config: {cert_file: absent.pem, key_file: second.key}\n");
    assert_int_equal(asked(sidecar, other), 200);
    assert_int_equal(web_sidecar_logged(sidecar, "absent.pem cannot be read: "), 1);
}

/* A Secret of type kubernetes.io/tls, and the web config in a ConfigMap beside it. */
static void mounted_volumes_that_are_swapped_are_followed(void **state) {
    SIDECAR_OR_SKIP(state);
    CLEANUP(memory_freep) char *certificate = file_read(sidecar->folder, "server.pem");
    CLEANUP(memory_freep) char *key = file_read(sidecar->folder, "server.key");
    CLEANUP(memory_freep) char *directory = path_join(sidecar->folder, "tls");
    CLEANUP(kubelet_volume_freep) struct kubelet_volume *volume = kubelet_volume_new(directory);
    kubelet_volume_write(volume, "tls.crt", certificate, "tls.key", key, NULL);
    given(sidecar, "tls_server_config: {cert_file: tls/tls.crt, key_file: tls/tls.key}\n");
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);

    certificate_make(
        sidecar->folder,
        &(struct certificate){.name = "next", .issuer = "other", .san = "IP:127.0.0.1"});
    CLEANUP(memory_freep) char *next = file_read(sidecar->folder, "next.pem");
    CLEANUP(memory_freep) char *next_key = file_read(sidecar->folder, "next.key");
    kubelet_volume_write(volume, "tls.crt", next, "tls.key", next_key, NULL);

    assert_int_equal(
        asked(sidecar, (struct http_question){.authority = in_folder(sidecar, "other.pem")}), 200);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 0);
    assert_int_equal(web_sidecar_logged(sidecar, "the last good one stays"), 0);
}

static void new_users_count_at_once(void **state) {
    SIDECAR_OR_SKIP(state);
    CLEANUP(memory_freep) char *hash = bcrypt_hash("another", 4);
    given_alice(sidecar, PASSWORD);
    assert_int_equal(asked_as(sidecar, "alice:" PASSWORD), 200);

    write_user(sidecar, hash);

    assert_int_equal(asked_as(sidecar, "alice:" PASSWORD), 401);
    assert_int_equal(asked_as(sidecar, "alice:another"), 200);
    web_sidecar_config(sidecar, TLS);
    assert_int_equal(asked_as(sidecar, NULL), 200);
}

static void a_broken_version_is_said_once_and_the_last_good_one_stays(void **state) {
    SIDECAR_OR_SKIP(state);
    given_alice(sidecar, PASSWORD);

    web_sidecar_config(sidecar, TLS "basic_auth_users:\n  alice: " PASSWORD "\n");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(asked_as(sidecar, "alice:" PASSWORD), 200);
        assert_int_equal(asked_as(sidecar, NULL), 401);
    }
    assert_int_equal(web_sidecar_logged(sidecar, "the last good one stays"), 1);
    assert_int_equal(
        web_sidecar_logged(sidecar, "web.yml:5:10: error: basic_auth_users.alice: is no bcrypt"),
        1);

    file_remove(sidecar->folder, "web.yml");
    assert_int_equal(asked_as(sidecar, NULL), 401);
    assert_int_equal(web_sidecar_logged(sidecar, "cannot be read: No such file"), 1);

    web_sidecar_config(sidecar, TLS);
    assert_int_equal(asked_as(sidecar, NULL), 200);
    assert_int_equal(web_sidecar_logged(sidecar, "web config read anew"), 1);
}

static void a_certificate_without_its_key_leaves_the_pair_of_before(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS);
    certificate_make(sidecar->folder,
                     &(struct certificate){.name = "next", .issuer = "ca", .san = "IP:127.0.0.1"});
    CLEANUP(memory_freep) char *next = file_read(sidecar->folder, "next.pem");
    CLEANUP(memory_freep) char *next_key = file_read(sidecar->folder, "next.key");
    file_replace(sidecar->folder, "server.pem", next);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    assert_int_equal(web_sidecar_logged(sidecar, "does not belong to the certificate"), 1);

    file_replace(sidecar->folder, "server.key", next_key);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    assert_int_equal(web_sidecar_logged(sidecar, "web config read anew"), 1);
}

static void tls_is_turned_off_by_a_restart_only(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS);

    web_sidecar_config(sidecar, "{}\n");

    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    assert_int_equal(
        web_sidecar_logged(sidecar, "TLS cannot be turned off while the server runs; restart"), 1);
}

static void sighup_reads_it_without_a_connection(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS);
    /* It takes signals once it serves. */
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    web_sidecar_config(sidecar, TLS "rate_limit: {interval: 0s}\n");

    process_signal(sidecar->process, SIGHUP);

    assert_true(
        WAIT_UNTIL(web_sidecar_logged(sidecar, "web config read anew") == 1, DEADLINE_USUAL));
}

/* --- the rest of the file ------------------------------------------------------------------- */

static void its_headers_take_the_place_of_ours(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS "http_server_config:\n"
                       "  headers:\n"
                       "    X-Frame-Options: sameorigin\n"
                       "    X-Content-Type-Options: ''\n"
                       "    Content-Security-Policy: default-src 'self'\n"
                       "    Strict-Transport-Security: max-age=60\n");

    CLEANUP(http_reply_free)
    struct http_reply reply = web_sidecar_ask(
        sidecar, HTTPS, "/", (struct http_question){.authority = in_folder(sidecar, "ca.pem")});

    const char *header = buffer_string(&reply.header);
    assert_non_null(strstr(header, "\r\nX-Frame-Options: sameorigin\r\n"));
    assert_null(strstr(header, "DENY"));
    assert_null(strstr(header, "nosniff"));
    assert_non_null(strstr(header, "\r\nContent-Security-Policy: default-src 'self'\r\n"));
    assert_null(strstr(header, "default-src 'none'"));
    assert_non_null(strstr(header, "\r\nStrict-Transport-Security: max-age=60\r\n"));
    assert_non_null(strstr(header, "\r\nReferrer-Policy: no-referrer\r\n"));
}

static void requests_beyond_the_rate_limit_are_told_so(void **state) {
    SIDECAR_OR_SKIP(state);
    given(sidecar, TLS "rate_limit: {interval: 1h, burst: 2}\n");

    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 429);
}

static void a_wrong_one_ends_the_start_with_a_message(void **state) {
    SIDECAR_OR_SKIP(state);
    static const struct {
        const char *config;
        const char *message;
    } cases[] = {
        {"tls_server_confg: {}\n", "web.yml:1:1: error: tls_server_confg: is no known field; did "
                                   "you mean tls_server_config?"},
        {"tls_server_config:\n  cert_file: none.pem\n  key_file: server.key\n",
         "web.yml:2:14: error: tls_server_config.cert_file: "},
        {"tls_server_config:\n  cert_file: server.pem\n  key_file: ca.key\n",
         "web.yml:3:13: error: tls_server_config.key_file: does not belong to the certificate ("},
        {"tls_server_config:\n  cert_file: server.key\n  key_file: server.key\n",
         "web.yml:2:14: error: tls_server_config.cert_file: holds no certificate: "},
        {"tls_server_config:\n  cert_file: server.pem\n  key_file: server.pem\n",
         "web.yml:3:13: error: tls_server_config.key_file: holds no private key: "},
        {TLS "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: web.yml\n",
         "web.yml:5:19: error: tls_server_config.client_ca_file: holds no certificate ("},
        {TLS "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n",
         "web.yml:5:18: error: tls_server_config.cipher_suites: has none that goes with the "
         "certificate's key; add some for this kind of key (RSA or ECDSA)"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        web_sidecar_config(sidecar, cases[i].config);
        assert_int_equal(web_sidecar_fails(sidecar), 2);
        assert_int_equal(web_sidecar_logged(sidecar, cases[i].message), 1);
    }
}

/* An empty web config is a good one, without authentication. */
static void a_web_config_that_is_being_written_opens_nothing(void **state) {
    SIDECAR_OR_SKIP(state);
    given_alice(sidecar, PASSWORD);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 401);
    CLEANUP(memory_freep) char *text = file_read(sidecar->folder, "web.yml");
    FILE *writer = fopen(in_folder(sidecar, "web.yml"), "we");
    assert_non_null(writer);

    assert_int_equal(asked(sidecar, (struct http_question){0}), 401);
    assert_int_equal(asked_as(sidecar, "alice:" PASSWORD), 200);
    assert_int_equal(web_sidecar_logged(sidecar, "level=error"), 0);
    assert_true(fputs(text, writer) >= 0 && fputs("# edited\n", writer) >= 0);
    assert_int_equal(fclose(writer), 0);

    assert_true(WAIT_UNTIL((asked_as(sidecar, "alice:" PASSWORD),
                            web_sidecar_logged(sidecar, "web config read anew") == 1),
                           DEADLINE_USUAL));
    assert_int_equal(asked(sidecar, (struct http_question){0}), 401);
}

/* As an exec probe asks it: by the command, and by the names of curl and wget. */
static int probed(const struct web_sidecar *sidecar, const char *const *arguments) {
    return process_run(arguments, NULL, in_folder(sidecar, "probe.log"), DEADLINE_USUAL);
}
#define PROBED(...) probed(sidecar, (const char *const[]){__VA_ARGS__, NULL})

static void an_exec_probe_believes_the_authority_that_it_names(void **state) {
    static const char *const names[] = {"curl", "wget", "remotewrite-sidecar"};
    SIDECAR_OR_SKIP(state);
    char program[PATH_MAX];
    given(sidecar, TLS);
    assert_int_equal(asked(sidecar, (struct http_question){0}), 200);
    assert_non_null(realpath(golden_sidecar(), program));
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        link_make(sidecar->folder, names[i], program);
    }
    CLEANUP(memory_freep) char *curl = path_join(sidecar->folder, "curl");
    CLEANUP(memory_freep) char *wget = path_join(sidecar->folder, "wget");
    CLEANUP(memory_freep) char *command = path_join(sidecar->folder, "remotewrite-sidecar");
    CLEANUP(memory_freep) char *ca = path_join(sidecar->folder, "ca.pem");
    CLEANUP(memory_freep) char *other = path_join(sidecar->folder, "other.pem");
    CLEANUP(memory_freep) char *none = path_join(sidecar->folder, "none.pem");
    CLEANUP(buffer_free) struct buffer long_flag = {0};
    buffer_printf(&long_flag, "--ca-certificate=%s", ca);
    const char *url = sidecar->url;

    assert_int_equal(PROBED(command, "healthcheck", "--ca-file", ca, url), 0);
    assert_int_equal(PROBED(curl, "--fail", "--cacert", ca, url), 0);
    assert_int_equal(PROBED(wget, "-q", "-O", "/dev/null", "--ca-certificate", ca, url), 0);
    assert_int_equal(PROBED(wget, "-q", "-O", "/dev/null", buffer_string(&long_flag), url), 0);

    /* Without it, or with another one, there is no answer. */
    assert_int_equal(PROBED(command, "healthcheck", url), 1);
    assert_int_equal(PROBED(command, "healthcheck", "--ca-file", other, url), 1);
    assert_int_equal(PROBED(curl, "--fail", "--cacert", other, url), 56);
    assert_int_equal(PROBED(wget, "-q", "-O", "/dev/null", "--ca-certificate", other, url), 4);
    CLEANUP(memory_freep) char *log = file_read(sidecar->folder, "probe.log");
    assert_non_null(strstr(log, "name the certificate's authority (--ca-file), and a host of the "
                                "certificate in the URL\n"));
    assert_non_null(strstr(log, "name the certificate's authority (--cacert)"));
    assert_non_null(strstr(log, "name the certificate's authority (--ca-certificate)"));

    assert_int_equal(PROBED(command, "healthcheck", "--ca-file", none, url), 1);
    CLEANUP(memory_freep) char *more = file_read(sidecar->folder, "probe.log");
    assert_non_null(strstr(more, "none.pem: "));
    /* The loopback stays all that is asked. */
    assert_int_equal(PROBED(command, "healthcheck", "--ca-file", ca, "https://192.0.2.1/"), 2);
    assert_int_equal(PROBED(curl, "--fail", "--cacert", ca, "https://192.0.2.1/"), 2);
    assert_int_equal(PROBED(curl, "--fail", "--cacert", ca), 2);
    assert_int_equal(PROBED(curl, "--fail", "--cacert", url), 2);
    assert_int_equal(PROBED(curl, "--fail", "--cacert=", url), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, web_sidecar_setup, web_sidecar_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_web_config_that_is_being_written_opens_nothing),
        TEST(who_believes_its_authority_is_served),
        TEST(who_believes_another_authority_goes_away),
        TEST(who_speaks_no_tls_gets_nothing),
        TEST(ipv4_ipv6_and_both_are_served),
        TEST(one_address_may_be_of_ipv6),
        TEST(material_may_stand_in_the_file_itself),
        TEST(only_the_versions_that_are_allowed_are_spoken),
        TEST(cipher_suites_narrow_down_tls_1_2_and_leave_1_3_alone),
        TEST(only_the_curves_that_are_named_are_used),
        TEST(a_client_s_certificate_is_judged_as_the_type_says),
        TEST(a_client_s_certificate_needs_one_of_the_names),
        TEST(only_the_right_user_and_password_are_served),
        TEST(every_path_wants_the_password),
        TEST(passwords_and_hashes_are_shown_nowhere),
        TEST(a_new_certificate_is_served_at_the_next_connection),
        TEST(a_new_authority_of_clients_counts_at_once),
        TEST(another_file_may_be_named),
        TEST(mounted_volumes_that_are_swapped_are_followed),
        TEST(new_users_count_at_once),
        TEST(a_broken_version_is_said_once_and_the_last_good_one_stays),
        TEST(a_certificate_without_its_key_leaves_the_pair_of_before),
        TEST(tls_is_turned_off_by_a_restart_only),
        TEST(sighup_reads_it_without_a_connection),
        TEST(its_headers_take_the_place_of_ours),
        TEST(requests_beyond_the_rate_limit_are_told_so),
        TEST(a_wrong_one_ends_the_start_with_a_message),
        TEST(an_exec_probe_believes_the_authority_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
