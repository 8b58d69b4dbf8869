/* SPDX-License-Identifier: Apache-2.0 */

/* The listener of this program under the name prometheus-config-reloader, and of the real one, by
 * one web configuration: who gets in, and what becomes of it when its files change. */

#include "base/compiler.h"
#include "base/memory.h"
#include "support/certificates.h"
#include "support/http_request.h"
#include "support/reloader_party.h"
#include "support/tempdir.h"

#include <curl/curl.h>
#include <string.h>

#define TLS        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
#define CONFIG     "global: {}\n"
#define LEAST_COST 4

/* False: there is no openssl program. The authority is @/ca.pem. */
static bool has_certificates(struct party *party) {
    if (!certificates_can_be_made()) {
        return false;
    }
    certificate_make(party->folder, &(struct certificate){.name = "ca", .authority = true});
    certificate_make(party->folder, &(struct certificate){.name = "server",
                                                          .issuer = "ca",
                                                          .san = "DNS:localhost,IP:127.0.0.1",
                                                          .usage = "serverAuth"});
    return true;
}

#define NEEDS_CERTIFICATES(party)                                    \
    do {                                                             \
        if (!has_certificates(party)) {                              \
            skip_because("there is no openssl program (make deps)"); \
        }                                                            \
    } while (0)

static void starts_with(struct party *party, const char *web_config) {
    file_write(party->folder, "web.yml", web_config);
    file_write(party->folder, "c.yml", CONFIG);
    party_answers(party, 200, 200);
    party->tls = strstr(web_config, "tls_server_config") != NULL;
    party_starts(party, PARTY_CONFIG, "--web-config-file=@/web.yml", NULL);
}

/* The status of a GET of /healthz; 0: no answer. */
static long answer(struct party *party, struct http_question question) {
    question.url = PARTY_FORMAT(party, "%s://localhost:%u/healthz", party->tls ? "https" : "http",
                                party->port);
    question.authority = party->tls ? party_placed(party, "@/ca.pem") : NULL;
    CLEANUP(http_reply_free) struct http_reply reply = http_ask(&question);

    return reply.status;
}

#define ANSWER(party, ...) answer((party), (struct http_question){__VA_ARGS__})

/* --- who gets in -------------------------------------------------------------------------------
 */

static void tls_hides_nothing_of_it(struct party *party) {
    NEEDS_CERTIFICATES(party);
    starts_with(party, TLS);

    PARTY_SHOWS(party, .reloads = 1, .successful = true, .output = CONFIG);
    PARTY_EVENTUALLY(party_watches(party));
    file_write(party->folder, "c.yml", CONFIG "# 2\n");
    PARTY_SHOWS(party, .reloads = 2, .successful = true, .output = CONFIG "# 2\n");
    assert_int_equal(party_ends(party), 0);
}

static void what_speaks_no_tls_is_not_served(struct party *party) {
    NEEDS_CERTIFICATES(party);
    starts_with(party, TLS);
    PARTY_EVENTUALLY(ANSWER(party) == 200);

    party->tls = false;
    /* The real one says 400. */
    assert_int_equal(ANSWER(party), party->real ? 400 : 0);
    assert_int_equal(party_ends(party), 0);
}

static void an_old_version_of_tls_is_not_served(struct party *party) {
    NEEDS_CERTIFICATES(party);
    starts_with(party, TLS);
    PARTY_EVENTUALLY(ANSWER(party) == 200);

    assert_int_equal(
        ANSWER(party, .tls_versions = CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1), 0);
    assert_int_equal(
        ANSWER(party, .tls_versions = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2), 200);
    assert_int_equal(party_ends(party), 0);
}

static void the_least_version_is_that_of_the_file(struct party *party) {
    NEEDS_CERTIFICATES(party);
    starts_with(party, TLS "  min_version: TLS13\n");
    PARTY_EVENTUALLY(ANSWER(party) == 200);

    assert_int_equal(
        ANSWER(party, .tls_versions = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2), 0);
    assert_int_equal(party_ends(party), 0);
}

static void passwords_are_wanted_for_every_path(struct party *party) {
    static const char *const paths[] = {"healthz", "metrics", "absent"};
    CLEANUP(memory_freep) char *hash = bcrypt_hash("right", LEAST_COST);

    NEEDS_CERTIFICATES(party);
    starts_with(party, PARTY_FORMAT(party, TLS "basic_auth_users: {me: '%s'}\n", hash));
    PARTY_EVENTUALLY(ANSWER(party, .credentials = "me:right") == 200);

    assert_int_equal(ANSWER(party, .credentials = "me:wrong"), 401);
    assert_int_equal(ANSWER(party, .credentials = "you:right"), 401);
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        CLEANUP(http_reply_free)
        struct http_reply reply = http_ask(&(struct http_question){
            .url = PARTY_FORMAT(party, "https://localhost:%u/%s", party->port, paths[i]),
            .authority = party_placed(party, "@/ca.pem"),
        });
        assert_int_equal(reply.status, 401);
        assert_non_null(strcasestr(buffer_string(&reply.header), "\nwww-authenticate: Basic"));
    }
    assert_int_equal(party_ends(party), 0);
}

static void a_client_s_certificate_is_wanted(struct party *party) {
    NEEDS_CERTIFICATES(party);
    certificate_make(party->folder, &(struct certificate){.name = "other", .authority = true});
    certificate_make(party->folder, &(struct certificate){.name = "client",
                                                          .issuer = "ca",
                                                          .san = "DNS:scraper",
                                                          .usage = "clientAuth"});
    certificate_make(party->folder, &(struct certificate){.name = "stranger",
                                                          .issuer = "other",
                                                          .san = "DNS:scraper",
                                                          .usage = "clientAuth"});
    certificate_make(party->folder, &(struct certificate){.name = "unnamed",
                                                          .issuer = "ca",
                                                          .san = "DNS:elsewhere",
                                                          .usage = "clientAuth"});
    starts_with(party, TLS "  client_ca_file: ca.pem\n"
                           "  client_auth_type: RequireAndVerifyClientCert\n"
                           "  client_allowed_sans: [scraper]\n");

    PARTY_EVENTUALLY(ANSWER(party, .certificate = party_placed(party, "@/client.pem"),
                            .key = party_placed(party, "@/client.key")) == 200);
    assert_int_equal(ANSWER(party), 0);
    assert_int_equal(ANSWER(party, .certificate = party_placed(party, "@/stranger.pem"),
                            .key = party_placed(party, "@/stranger.key")),
                     0);
    assert_int_equal(ANSWER(party, .certificate = party_placed(party, "@/unnamed.pem"),
                            .key = party_placed(party, "@/unnamed.key")),
                     0);
    assert_int_equal(party_ends(party), 0);
}

static void its_headers_and_its_rate_limit_are_kept(struct party *party) {
    starts_with(party, "http_server_config: {headers: {X-Frame-Options: sameorigin}}\n"
                       "rate_limit: {interval: 1h, burst: 1}\n");
    PARTY_EVENTUALLY(http_stub_count(party->prometheus, "/-/reload") == 1);

    CLEANUP(http_reply_free) struct http_reply reply = {0};
    PARTY_EVENTUALLY(({
        http_reply_free(&reply);
        reply = http_get(PARTY_FORMAT(party, "http://localhost:%u/healthz", party->port), NULL);
        reply.status == 200;
    }));
    assert_non_null(strcasestr(buffer_string(&reply.header), "\nx-frame-options: sameorigin\r\n"));
    assert_int_equal(ANSWER(party), 429);
    assert_int_equal(party_ends(party), 0);
}

/* --- what is wrong -----------------------------------------------------------------------------
 */

static const char *const wrong[] = {
    "tls_server_config: {cert_file: absent.pem, key_file: server.key}\n",
    "tls_server_config: {cert_file: server.pem}\n",
    "tls_server_config: {cert_file: server.pem, key_file: ca.key}\n",
    "tls_server_config: {cert_file: server.key, key_file: server.key}\n",
    TLS "  min_version: TLS14\n",
    TLS "  client_auth_type: Sometimes\n",
    TLS "  client_ca_file: ca.pem\n",
    TLS "  ciphers: []\n",
    "basic_auth_users: {me: plain}\n",
    "basic_auth_users: [",
};

static void a_wrong_one_at_the_start_ends_it(struct party *party) {
    NEEDS_CERTIFICATES(party);
    file_write(party->folder, "c.yml", CONFIG);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        file_write(party->folder, "web.yml", wrong[i]);
        for (size_t once = 0; once < 2; once++) {
            party_starts(party, PARTY_CONFIG, "--web-config-file=@/web.yml",
                         once == 1 ? "--watch-interval=0" : NULL, NULL);
            int status = process_wait(party->process, DEADLINE_USUAL);
            if (status != 2) {
                fail_msg("status %d: %s", status, wrong[i]);
            }
            process_free(party->process);
            party->process = NULL;
        }
    }
    party_output_is(party, NULL);
}

static void an_absent_one_at_the_start_ends_it(struct party *party) {
    file_write(party->folder, "c.yml", CONFIG);
    party_starts(party, PARTY_CONFIG, "--web-config-file=@/absent.yml", NULL);
    assert_int_equal(process_wait(party->process, DEADLINE_USUAL), 2);
}

/* --- what changes while it runs ----------------------------------------------------------------
 */

/* Whoever believes the new authority alone gets in, with no reload and no restart. */
static void another_certificate_counts_for_the_next_connection(struct party *party) {
    NEEDS_CERTIFICATES(party);
    starts_with(party, TLS);
    PARTY_EVENTUALLY(ANSWER(party) == 200);

    certificate_make(party->folder, &(struct certificate){.name = "ca", .authority = true});
    assert_int_equal(ANSWER(party), 0);
    certificate_make(party->folder, &(struct certificate){.name = "server",
                                                          .issuer = "ca",
                                                          .san = "DNS:localhost",
                                                          .usage = "serverAuth"});
    PARTY_EVENTUALLY(ANSWER(party) == 200);
    PARTY_SHOWS(party, .reloads = 1, .successful = true, .output = CONFIG);
    assert_int_equal(party_ends(party), 0);
}

static void another_password_counts_for_the_next_request(struct party *party) {
    CLEANUP(memory_freep) char *first = bcrypt_hash("first", LEAST_COST);
    CLEANUP(memory_freep) char *second = bcrypt_hash("second", LEAST_COST);

    starts_with(party, PARTY_FORMAT(party, "basic_auth_users: {me: '%s'}\n", first));
    PARTY_EVENTUALLY(ANSWER(party, .credentials = "me:first") == 200);

    file_replace(party->folder, "web.yml",
                 PARTY_FORMAT(party, "basic_auth_users: {me: '%s'}\n", second));
    PARTY_EVENTUALLY(ANSWER(party, .credentials = "me:second") == 200);
    assert_int_equal(ANSWER(party, .credentials = "me:first"), 401);
    assert_int_equal(party_ends(party), 0);
}

/* The real one serves nobody any more: docs/reloader.md. */
static void one_that_becomes_wrong_leaves_the_last_good_one_here(struct party *party) {
    NEEDS_CERTIFICATES(party);
    starts_with(party, TLS);
    PARTY_EVENTUALLY(ANSWER(party) == 200);
    const long meanwhile = party->real ? 0 : 200;

    file_remove(party->folder, "server.pem");
    assert_int_equal(ANSWER(party), meanwhile);
    certificate_make(party->folder, &(struct certificate){.name = "server",
                                                          .issuer = "ca",
                                                          .san = "DNS:localhost",
                                                          .usage = "serverAuth"});
    assert_int_equal(ANSWER(party), 200);
    file_replace(party->folder, "web.yml", "tls_server_config: [");
    assert_int_equal(ANSWER(party), meanwhile);
    file_replace(party->folder, "web.yml", TLS);
    assert_int_equal(ANSWER(party), 200);
    assert_int_equal(party_ends(party), 0);
}

PARTY_BOTH(tls_hides_nothing_of_it)
PARTY_BOTH(what_speaks_no_tls_is_not_served)
PARTY_BOTH(an_old_version_of_tls_is_not_served)
PARTY_BOTH(the_least_version_is_that_of_the_file)
PARTY_BOTH(passwords_are_wanted_for_every_path)
PARTY_BOTH(a_client_s_certificate_is_wanted)
PARTY_BOTH(its_headers_and_its_rate_limit_are_kept)
PARTY_BOTH(a_wrong_one_at_the_start_ends_it)
PARTY_BOTH(an_absent_one_at_the_start_ends_it)
PARTY_BOTH(another_certificate_counts_for_the_next_connection)
PARTY_BOTH(another_password_counts_for_the_next_request)
PARTY_BOTH(one_that_becomes_wrong_leaves_the_last_good_one_here)

int main(void) {
    const struct CMUnitTest tests[] = {
        PARTY_TESTS(tls_hides_nothing_of_it),
        PARTY_TESTS(what_speaks_no_tls_is_not_served),
        PARTY_TESTS(an_old_version_of_tls_is_not_served),
        PARTY_TESTS(the_least_version_is_that_of_the_file),
        PARTY_TESTS(passwords_are_wanted_for_every_path),
        PARTY_TESTS(a_client_s_certificate_is_wanted),
        PARTY_TESTS(its_headers_and_its_rate_limit_are_kept),
        PARTY_TESTS(a_wrong_one_at_the_start_ends_it),
        PARTY_TESTS(an_absent_one_at_the_start_ends_it),
        PARTY_TESTS(another_certificate_counts_for_the_next_connection),
        PARTY_TESTS(another_password_counts_for_the_next_request),
        PARTY_TESTS(one_that_becomes_wrong_leaves_the_last_good_one_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
