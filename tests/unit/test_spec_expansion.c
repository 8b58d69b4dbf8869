/* SPDX-License-Identifier: Apache-2.0 */

/* $(NAME) in the spec of a RemoteWrite: who gets it replaced, and what cannot be. */

#include "base/compiler.h"
#include "support/compile_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static const char document[] = "apiVersion: monitoring.coreos.com/v1alpha1\n"
                               "kind: RemoteWrite\n"
                               "metadata: {name: a}\n"
                               "spec:\n"
                               "  url: https://metrics.example\n"
                               "  writeRelabelConfigs: [{targetLabel: x, replacement: %s}]\n";

static void given(struct compile_fixture *pass, const char *value, bool enabled,
                  const char *namespace, const char *replacement) {
    struct environment_variable *variable = ARENA_NEW(pass->arena, struct environment_variable);

    *variable = (struct environment_variable){.name = "NAME", .value = value};
    pass->settings.environment = variable;
    pass->settings.environment_count = 1;
    pass->settings.policy.expand_environment = enabled;
    compile_file(pass, VOLUME_REMOTE_WRITE, namespace, "rw.yaml",
                 arena_format(pass->arena, document, replacement));
    compile_runs(pass);
}

static void a_variable_is_replaced_where_the_operator_writes(void **state) {
    COMPILE pass = compile_given();
    given(pass, "value", true, NULL, "a$(NAME)b$(NAME)");
    assert_non_null(strstr(compile_config(pass), "replacement: avaluebvalue\n"));
    assert_string_equal(compile_messages(pass), "");
}

static void nothing_is_replaced_in_a_directory_of_a_namespace(void **state) {
    COMPILE pass = compile_given();
    given(pass, "value", true, "team-a", "$(NAME)");
    assert_non_null(strstr(compile_config(pass), "replacement: \"$(NAME)\"\n"));
    assert_non_null(strstr(compile_messages(pass), "bound to a namespace"));
}

static void what_stays_without_the_option_names_the_option(void **state) {
    COMPILE pass = compile_given();
    given(pass, "value", false, NULL, "$(NAME)");
    assert_non_null(strstr(compile_config(pass), "replacement: \"$(NAME)\"\n"));
    assert_non_null(strstr(compile_messages(pass), "run with --expand-environment"));
    assert_non_null(strstr(compile_messages(pass), ":6:55: warning:"));
}

static void what_is_no_reference_is_text(void **state) {
    static const char *const texts[] = {"$1",       "'${1}'",   "'$()'",
                                        "'$(a-b)'", "'$(NAME'", "'$ (NAME)'"};

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        COMPILE pass = compile_given();
        given(pass, "value", false, NULL, texts[i]);
        assert_string_equal(compile_messages(pass), "");
    }
}

static void a_value_that_is_no_text_rejects(void **state) {
    COMPILE pass = compile_given();
    given(pass, "\xff", true, NULL, "$(NAME)");
    assert_string_equal(compile_state_of(pass, "a"), "rejected");
    assert_non_null(strstr(compile_messages(pass), "$(NAME) has a value that is no UTF-8 text"));
}

static void a_text_that_grows_without_end_rejects(void **state) {
    CLEANUP(buffer_free) struct buffer replacement = {0};
    char value[4097];
    COMPILE pass = compile_given();

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < 257; i++) {
        buffer_append_string(&replacement, "$(NAME)");
    }
    given(pass, value, true, NULL, buffer_string(&replacement));
    assert_string_equal(compile_state_of(pass, "a"), "rejected");
    assert_non_null(strstr(compile_messages(pass), "is longer than 1 MiB with $(NAME)"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_is_replaced_where_the_operator_writes),
        cmocka_unit_test(nothing_is_replaced_in_a_directory_of_a_namespace),
        cmocka_unit_test(what_stays_without_the_option_names_the_option),
        cmocka_unit_test(what_is_no_reference_is_text),
        cmocka_unit_test(a_value_that_is_no_text_rejects),
        cmocka_unit_test(a_text_that_grows_without_end_rejects),
    };
    return cmocka_run_group_tests_name("spec/expansion", tests, NULL, NULL);
}
