/* SPDX-License-Identifier: Apache-2.0 */

/* Which RemoteWrites nobody but Prometheus can judge, and where such entries go. */

#include "compile/delicate.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "support/compile_fixture.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEYS                                    \
    "accessKey: {name: aws, key: access_key}, " \
    "secretKey: {name: aws, key: secret_key}"
#define OAUTH2(tls)                                            \
    "    oauth2:\n"                                            \
    "      clientId: {secret: {name: aws, key: access_key}}\n" \
    "      clientSecret: {name: aws, key: secret_key}\n"       \
    "      tokenUrl: https://login.example/token\n"            \
    "      tlsConfig: {" tls "}\n"

/* --- what is delicate ------------------------------------------------------------------------- */

static void given_secret_files(struct compile_fixture *pass) {
    pass->settings.policy.allow_file_references = true;
    compile_file(pass, VOLUME_SECRET, NULL, "aws/access_key", "an access key");
    compile_file(pass, VOLUME_SECRET, NULL, "aws/secret_key", "a secret key");
    CLEANUP(memory_freep) char *authority = file_read("testdata/certificates", "rsa.crt");
    compile_file(pass, VOLUME_SECRET, NULL, "tls/ca",
                 arena_string(pass->arena, bytes_of(authority)));
}

static bool is_delicate(const char *fields) {
    COMPILE pass = compile_given();

    given_secret_files(pass);
    compile_remote_write(pass, "a", fields);
    compile_runs(pass);
    if (pass->state->served->count != 1) {
        fail_msg("%s%s", fields, compile_messages(pass));
    }
    return pass->state->served->forms[0].delicate;
}

static void what_depends_on_the_container_of_prometheus_is_delicate(void **state) {
    static const char *const fields[] = {
        "    sigv4: {}\n",
        "    sigv4: {region: eu-west-1}\n",
        "    sigv4: {region: eu-west-1, roleArn: 'arn:aws:iam::1:role/r'}\n",
        "    sigv4: {" KEYS "}\n",
        "    sigv4: {region: eu-west-1, profile: metrics, " KEYS "}\n",
        "    azureAd: {managedIdentity: {clientId: 00000000-0000-0000-0000-000000000001}}\n",
        "    azureAd: {sdk: {tenantId: 00000000-0000-0000-0000-000000000001}}\n",
        "    tlsConfig: {caFile: /etc/ca.crt}\n",
        "    tlsConfig: {certFile: /etc/tls.crt, keyFile: /etc/tls.key}\n",
        "    tlsConfig: {caFile: remote-write-secrets/team-a_a_tlsConfig.ca}\n",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (!is_delicate(fields[i])) {
            fail_msg("not delicate: %s", fields[i]);
        }
    }
}

static void what_is_known_to_load_is_not(void **state) {
    static const char *const fields[] = {
        "",
        "    sigv4: {region: eu-west-1, " KEYS "}\n",
        "    tlsConfig: {ca: {secret: {name: tls, key: ca}}}\n",
        "    tlsConfig: {insecureSkipVerify: true, serverName: x.example}\n",
        "    authorization: {credentialsFile: /etc/token}\n",
        "    bearerTokenFile: /etc/token\n",
        OAUTH2("serverName: x.example"),
    };

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (is_delicate(fields[i])) {
            fail_msg("delicate: %s", fields[i]);
        }
    }
}

/* --- which go ahead --------------------------------------------------------------------------- */

static void given_two_delicate_ones_and_another(struct compile_fixture *pass) {
    compile_remote_write(pass, "a", "");
    compile_remote_write(pass, "b", "    sigv4: {region: b}\n");
    compile_remote_write(pass, "c", "    sigv4: {region: c}\n");
    compile_runs(pass);
    assert_int_equal(pass->state->served->count, 3);
}

static void those_that_were_not_taken_before_go_ahead(void **state) {
    COMPILE pass = compile_given();
    given_two_delicate_ones_and_another(pass);

    const bool *ahead = form_set_ahead(pass->arena, pass->state->served, NULL);

    assert_non_null(ahead);
    assert_false(ahead[0]);
    assert_true(ahead[1]);
    assert_true(ahead[2]);
}

static void one_that_was_taken_with_another_entry_goes_ahead(void **state) {
    COMPILE pass = compile_given();
    given_two_delicate_ones_and_another(pass);
    CLEANUP(form_set_freep) struct form_set *good = form_set_copy(pass->state->served);
    good->forms[2].entry = BYTES("{name: c, sigv4: {region: before}}");

    const bool *ahead = form_set_ahead(pass->arena, pass->state->served, good);

    assert_non_null(ahead);
    assert_false(ahead[1]);
    assert_true(ahead[2]);
}

static void where_all_were_taken_nothing_goes_ahead(void **state) {
    COMPILE pass = compile_given();
    given_two_delicate_ones_and_another(pass);
    CLEANUP(form_set_freep) struct form_set *good = form_set_copy(pass->state->served);

    assert_null(form_set_ahead(pass->arena, pass->state->served, good));
}

static void what_is_copied_stays_delicate(void **state) {
    COMPILE pass = compile_given();
    given_two_delicate_ones_and_another(pass);
    CLEANUP(form_set_freep) struct form_set *copy = form_set_copy(pass->state->served);

    assert_false(copy->forms[0].delicate);
    assert_true(copy->forms[1].delicate);
}

/* --- where they go ---------------------------------------------------------------------------- */

static struct composition composed(struct compile_fixture *pass, const char *base,
                                   const bool *ahead) {
    struct diagnostics diagnostics = diagnostics_in(pass->arena);
    struct form_set *set = form_set_new("base.yml", bytes_of(base), pass->state->served->count);

    for (size_t i = 0; i < pass->state->served->count; i++) {
        set->forms[set->count++] = pass->state->served->forms[i];
    }
    struct composition composition =
        form_set_compose(pass->arena, set, ahead, &pass->settings.limits, &diagnostics);
    form_set_free(set);
    assert_int_equal(diagnostics.count, 0);
    assert_true(composition.mergeable);
    return composition;
}

static size_t place_of(struct composition composition, const char *text) {
    size_t place = bytes_find(composition.config, bytes_of(text), 0);

    assert_true(place != SIZE_MAX);
    return place;
}

static void they_stand_first_then_the_others_then_the_base_s_own(void **state) {
    static const bool ahead[] = {false, true, false};
    COMPILE pass = compile_given();
    given_two_delicate_ones_and_another(pass);

    struct composition composition =
        composed(pass, "remote_write:\n  - name: own\n    url: http://own.example\n", ahead);

    assert_true(composition.ahead);
    assert_true(place_of(composition, "name: b") < place_of(composition, "name: a"));
    assert_true(place_of(composition, "name: a") < place_of(composition, "name: c"));
    assert_true(place_of(composition, "name: c") < place_of(composition, "name: own"));
    for (size_t i = 0; i < 3; i++) {
        struct bytes text =
            bytes_slice(composition.config, composition.spans[i].start, composition.spans[i].end);
        const char *name = pass->state->served->forms[i].name;
        assert_true(bytes_find(text, bytes_of(arena_format(pass->arena, "name: %s\n", name)), 0) !=
                    SIZE_MAX);
    }
}

static void one_that_the_base_takes_the_place_of_changes_no_order(void **state) {
    static const char base[] = "remote_write:\n  - name: b\n    url: http://own.example\n";
    static const bool ahead[] = {false, true, false};
    COMPILE pass = compile_given();
    given_two_delicate_ones_and_another(pass);

    struct composition composition = composed(pass, base, ahead);

    assert_false(composition.ahead);
    assert_true(bytes_equal(composition.config, composed(pass, base, NULL).config));
}

/* The anchor is in the list that would be written anew, and used behind it. */
static void a_base_without_room_ahead_has_the_usual_order(void **state) {
    static const char base[] = "? remote_write\n"
                               ": - &own {name: own, url: 'http://own.example'}\n"
                               "? x\n"
                               ": *own\n";
    static const bool ahead[] = {false, true, false};
    COMPILE pass = compile_given();
    given_two_delicate_ones_and_another(pass);

    struct composition composition = composed(pass, base, ahead);

    assert_false(composition.ahead);
    assert_true(bytes_equal(composition.config, composed(pass, base, NULL).config));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_depends_on_the_container_of_prometheus_is_delicate),
        cmocka_unit_test(what_is_known_to_load_is_not),
        cmocka_unit_test(those_that_were_not_taken_before_go_ahead),
        cmocka_unit_test(one_that_was_taken_with_another_entry_goes_ahead),
        cmocka_unit_test(where_all_were_taken_nothing_goes_ahead),
        cmocka_unit_test(what_is_copied_stays_delicate),
        cmocka_unit_test(they_stand_first_then_the_others_then_the_base_s_own),
        cmocka_unit_test(one_that_the_base_takes_the_place_of_changes_no_order),
        cmocka_unit_test(a_base_without_room_ahead_has_the_usual_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
