/* SPDX-License-Identifier: Apache-2.0 */

/* Which entries show a secret to whoever may read the config. */

#include "compile/inline_secret.h"

#include "base/compiler.h"
#include "support/compile_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *fields;
    bool shows;
} remote_writes[] = {
    {"    remoteTimeout: 30s\n", false},
    {"    authorization: {credentials: {name: s, key: secret}}\n", false},
    {"    basicAuth: {password: {name: s, key: secret}}\n", false},
    {"    basicAuth: {username: {name: s, key: secret}}\n", true},
    {"    sigv4: {region: eu-west-1}\n", false},
    {"    sigv4: {accessKey: {name: s, key: secret}, secretKey: {name: s, key: secret}}\n", true},
    {"    headers: {X-Token: secret}\n", true},
    {"    azureAd: {managedIdentity: {clientId: 00000000-0000-0000-0000-000000000001}}\n", false},
    {"    proxyUrl: http://proxy.example\n", false},
    {"    proxyUrl: http://me:secret@proxy.example\n", true},
    {"    oauth2:\n"
     "      clientId: {secret: {name: s, key: secret}}\n"
     "      clientSecret: {name: s, key: secret}\n"
     "      tokenUrl: https://login.example/token\n",
     true},
    {"    writeRelabelConfigs: [{action: drop, regex: secret, sourceLabels: [a]}]\n", false},
};

static void what_stands_in_the_config_itself_is_shown(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(remote_writes); i++) {
        COMPILE pass = compile_given();
        compile_file(pass, VOLUME_SECRET, NULL, "s/secret", "secret");
        compile_remote_write(pass, "a", remote_writes[i].fields);
        compile_runs(pass);
        if (pass->state->served->count != 1) {
            fail_msg("%s%s", remote_writes[i].fields, compile_messages(pass));
        }
        const struct form *form = &pass->state->served->forms[0];
        /* As it comes out of a pass, and as it comes out of the state file: text alone. */
        const struct form kept = form_copy(pass->arena, form);
        assert_null(kept.node);
        if (form_has_inline_secret(form) != remote_writes[i].shows ||
            form_has_inline_secret(&kept) != remote_writes[i].shows) {
            fail_msg("%s", remote_writes[i].fields);
        }
    }
}

static void an_entry_that_cannot_be_read_may_have_one(void **state) {
    (void)state;
    assert_true(form_has_inline_secret(&(struct form){.entry = BYTES("{\"url\": [")}));
    assert_true(form_has_inline_secret(&(struct form){.entry = BYTES("")}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_in_the_config_itself_is_shown),
        cmocka_unit_test(an_entry_that_cannot_be_read_may_have_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
