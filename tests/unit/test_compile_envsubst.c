/* SPDX-License-Identifier: Apache-2.0 */

/* $(NAME) in the base config, replaced from the environment. */

#include "compile/envsubst.h"

#include "base/compiler.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static const struct environment_variable environment[] = {
    {"9", "nine"},
    {"CLUSTER", "eu-1"},
    {"EMPTY", ""},
    {"RECURSIVE", "$(CLUSTER)"},
    {"_under_score_1", "score"},
};

struct result {
    struct arena *arena;
    struct diagnostics diagnostics;
    const char *text;
    size_t errors;
    bool same;
};

static void result_free(struct result *result) {
    arena_free(result->arena);
}

#define RESULT CLEANUP(result_free) struct result

static struct result substitute(const char *text) {
    struct result result = {.arena = arena_new()};
    result.diagnostics = diagnostics_in(result.arena);
    struct bytes out =
        environment_substitute(result.arena, bytes_of(text), environment, ARRAY_LENGTH(environment),
                               "base.yml", &result.diagnostics, &result.errors);
    result.same = out.data == text;
    result.text = arena_string(result.arena, out);
    return result;
}

static void a_reference_is_replaced_by_its_value(void **state) {
    RESULT result = substitute("a: $(CLUSTER)\nb: <$(9)$(_under_score_1)>$(EMPTY)");

    assert_string_equal(result.text, "a: eu-1\nb: <ninescore>");
    assert_int_equal(result.errors, 0);
    assert_int_equal(result.diagnostics.count, 0);
}

static void a_text_without_references_is_handed_back_as_it_is(void **state) {
    static const char *const texts[] = {
        "",       "global: {}\n", "$",        "$(",     "$()",         "$(A",         "$(A B)",
        "$(A-B)", "${CLUSTER}",   "$CLUSTER", "$(A\n)", "((CLUSTER))", "$ (CLUSTER)", "$(\xc3\xa4)",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        RESULT result = substitute(texts[i]);
        assert_string_equal(result.text, texts[i]);
        assert_true(result.same);
        assert_int_equal(result.errors, 0);
    }
}

static void a_reference_within_a_broken_one_is_found(void **state) {
    RESULT result = substitute("$($(CLUSTER)) $(A$(CLUSTER) $$(CLUSTER)");

    assert_string_equal(result.text, "$(eu-1) $(Aeu-1 $eu-1");
    assert_int_equal(result.errors, 0);
}

static void a_value_is_not_looked_at_again(void **state) {
    RESULT result = substitute("$(RECURSIVE)");

    assert_string_equal(result.text, "$(CLUSTER)");
}

static void an_unset_name_is_left_and_warned_about_once(void **state) {
    RESULT result = substitute("x: \xc3\xa4 $(LATER)\ny: $(CLUSTER) $(EARLY) $(LATER)\n$(LATER)");

    assert_string_equal(result.text, "x: \xc3\xa4 $(LATER)\ny: eu-1 $(EARLY) $(LATER)\n$(LATER)");
    assert_int_equal(result.errors, 4);
    assert_int_equal(result.diagnostics.count, 2);
    diagnostics_sort(&result.diagnostics);
    CLEANUP(buffer_free) struct buffer line = {0};
    diagnostic_format(&result.diagnostics.items[0], &line);
    assert_string_equal(buffer_string(&line),
                        "base.yml:1:6: warning: $(LATER) is left as it is: the environment has no "
                        "variable of that name; set it for the sidecar's container, or write the "
                        "value out");
    assert_int_equal(result.diagnostics.items[1].location.line, 2);
    assert_int_equal(result.diagnostics.items[1].location.column, 15);
}

static void without_an_environment_every_name_is_unset(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct bytes text = BYTES("$(CLUSTER)");
    size_t errors = 0;

    struct bytes out =
        environment_substitute(arena, text, NULL, 0, "base.yml", &diagnostics, &errors);
    assert_ptr_equal(out.data, text.data);
    assert_int_equal(errors, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_replaced_by_its_value),
        cmocka_unit_test(a_text_without_references_is_handed_back_as_it_is),
        cmocka_unit_test(a_reference_within_a_broken_one_is_found),
        cmocka_unit_test(a_value_is_not_looked_at_again),
        cmocka_unit_test(an_unset_name_is_left_and_warned_about_once),
        cmocka_unit_test(without_an_environment_every_name_is_unset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
