/* SPDX-License-Identifier: Apache-2.0 */

/* Labels as Kubernetes has them, the downward API's file of them, and selectors in kubectl's words.
 */

#include "base/compiler.h"
#include "spec/label.h"
#include "spec/selector.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define LONG_63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void label_keys_are_judged_as_kubernetes_judges_them(void **state) {
    static const char *const good[] = {"a",         "A-b_c.9", "example.com/name",
                                       "a.b-c.d/x", LONG_63,   "kubernetes.io/arch"};
    static const char *const bad[] = {"",      "/",         "a/",  "/a",      "-a",
                                      "a-",    ".a",        "a b", "A.com/x", "a_b/x",
                                      "a/b/c", LONG_63 "x", "ä",   "a..b/x"};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_null(label_key_check(bytes_of(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_non_null(label_key_check(bytes_of(bad[i])));
    }
}

static void label_values_are_judged_as_kubernetes_judges_them(void **state) {
    static const char *const good[] = {"", "a", "1.2-3_4", LONG_63};
    static const char *const bad[] = {"-", "a b", "a/b", "_a", "a_", LONG_63 "x", "é"};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_null(label_value_check(bytes_of(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_non_null(label_value_check(bytes_of(bad[i])));
    }
}

static void names_and_namespaces_are_dns_names(void **state) {
    char long_name[255];

    memset(long_name, 'a', sizeof(long_name));
    long_name[254] = '\0';
    assert_non_null(dns_subdomain_check(bytes_of(long_name)));
    long_name[253] = '\0';
    assert_null(dns_subdomain_check(bytes_of(long_name)));
    assert_null(dns_subdomain_check(bytes_of("a.b-c.9")));
    assert_non_null(dns_subdomain_check(bytes_of("a..b")));
    assert_non_null(dns_subdomain_check(bytes_of("a.")));
    assert_non_null(dns_subdomain_check(bytes_of("")));
    assert_non_null(dns_subdomain_check(bytes_of("A")));
    assert_non_null(dns_subdomain_check(bytes_of("../etc")));
    assert_null(dns_label_check(bytes_of("team-a")));
    assert_non_null(dns_label_check(bytes_of("team.a")));
    assert_non_null(dns_label_check(bytes_of("team_a")));
    assert_non_null(dns_label_check(bytes_of(LONG_63 "x")));
    assert_non_null(dns_label_check(BYTES("a\0b")));
}

static void of_two_labels_of_one_key_the_later_one_wins(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct label items[] = {{"b", "1"}, {"a", "2"}, {"b", "3"}, {"b", "4"}};
    struct labels labels = labels_new(arena, items, ARRAY_LENGTH(items));

    assert_int_equal(labels.count, 2);
    assert_string_equal(labels_get(&labels, "a"), "2");
    assert_string_equal(labels_get(&labels, "b"), "4");
    assert_null(labels_get(&labels, "c"));
    labels = labels_new(arena, NULL, 0);
    assert_null(labels_get(&labels, "a"));
}

static void a_label_of_the_command_line_is_key_and_value(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct label label;

    assert_null(label_parse(arena, "example.com/env=prod", &label));
    assert_string_equal(label.key, "example.com/env");
    assert_string_equal(label.value, "prod");
    assert_null(label_parse(arena, "env=", &label));
    assert_string_equal(label.value, "");
    assert_non_null(label_parse(arena, "env", &label));
    assert_non_null(label_parse(arena, "=prod", &label));
    assert_non_null(label_parse(arena, "env=a=b", &label));
}

static void a_labels_file_is_read_as_the_downward_api_writes_it(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct label *items = NULL;
    size_t count = 0;
    size_t capacity = 0;

    labels_file_parse(arena, BYTES("env=\"prod\"\r\n\n  team=\"a\"\nempty=\"\"\nlast=\"x\""),
                      "labels", &diagnostics, &items, &count, &capacity);
    assert_int_equal(diagnostics.count, 0);
    assert_int_equal(count, 4);
    assert_string_equal(items[0].value, "prod");
    assert_string_equal(items[1].key, "team");
    assert_string_equal(items[3].value, "x");
}

static void wrong_lines_of_a_labels_file_are_said_and_the_others_count(void **state) {
    static const char *const wrong[] = {
        "env=prod",       "env",        "=\"x\"",       "env=\"a",       "env=\"a\"b",
        "env=\"a\\q\"",   "env=\"a\\",  "env=\"a b\"",  "env=\"a\\tb\"", "env=\"",
        "env=\"a\\\"b\"", "e nv=\"a\"", "env=\"\xff\"", "env='a'"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        struct diagnostics diagnostics = diagnostics_in(arena);
        struct label *items = NULL;
        size_t count = 0;
        size_t capacity = 0;
        const char *text = arena_format(arena, "first=\"1\"\n%s\nlast=\"2\"\n", wrong[i]);

        labels_file_parse(arena, bytes_of(text), "labels", &diagnostics, &items, &count, &capacity);
        assert_int_equal(count, 2);
        assert_int_equal(diagnostics.count, 1);
        assert_int_equal(diagnostics.items[0].location.line, 2);
        assert_int_equal(diagnostics.items[0].severity, SEVERITY_ERROR);
        assert_non_null(diagnostics.items[0].remedy);
    }
}

static const struct label cluster_items[] = {
    {"env", "prod"}, {"region", "eu"}, {"empty", ""}, {"example.com/team", "a"}};

struct match {
    const char *selector;
    bool matches;
};

static const struct match matches[] = {
    {"", true},
    {"  \t\n", true},
    {"env=prod", true},
    {"env==prod", true},
    {"env = prod", true},
    {"env=dev", false},
    {"env!=dev", true},
    {"env!=prod", false},
    {"absent!=x", true},
    {"absent=x", false},
    {"absent=", false},
    {"empty=", true},
    {"empty==", true},
    {"env=", false},
    {"env in (prod)", true},
    {"env in (dev,prod)", true},
    {"env in ( dev , prod )", true},
    {"env in(prod)", true},
    {"env in (dev)", false},
    {"env in ()", false},
    {"empty in ()", true},
    {"empty in (,a)", true},
    {"absent in (prod)", false},
    {"env notin (dev, test)", true},
    {"env notin (prod)", false},
    {"absent notin (prod)", true},
    {"env", true},
    {"absent", false},
    {"!absent", true},
    {"! absent", true},
    {"!env", false},
    {"env=prod,region=eu", true},
    {"env=prod , region in (eu), !absent, empty", true},
    {"env=prod,region=us", false},
    {"example.com/team=a", true},
    {"in=x", false},
    {"notin", false},
    {"!in", true},
};

static void kubectl_s_selectors_match_as_in_kubectl(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct labels labels = labels_new(arena, cluster_items, ARRAY_LENGTH(cluster_items));

    for (size_t i = 0; i < ARRAY_LENGTH(matches); i++) {
        const char *wrong = NULL;
        const struct selector *selector =
            selector_parse(arena, bytes_of(matches[i].selector), &wrong);
        if (selector == NULL || selector_matches(selector, &labels) != matches[i].matches) {
            fail_msg("\"%s\": %s", matches[i].selector,
                     wrong != NULL ? wrong : "matches otherwise");
        }
        assert_int_equal(selector_mismatch(arena, selector, &labels) == NULL, matches[i].matches);
    }
}

static void what_kubectl_would_not_take_is_refused_with_its_place(void **state) {
    static const char *const texts[] = {
        ",",           "env=prod,",    ",env",         "env=prod region=eu",
        "env in prod", "env in (prod", "env in prod)", "env of (a)",
        "env=a b",     "env=a=b",      "=prod",        "!",
        "!!env",       "!env=prod",    "env>1",        "env<1",
        "env ! prod",  "env in (a b)", "env in (a,,",  "-env",
        "env=-a",      "e/n/v",        "(env)",        "env notin",
        "env!",        "env=prod)",    "env=\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        const char *wrong = NULL;
        if (selector_parse(arena, bytes_of(texts[i]), &wrong) != NULL) {
            fail_msg("\"%s\" is taken", texts[i]);
        }
        assert_non_null(strstr(wrong, "at character "));
    }
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *wrong = NULL;
    assert_null(selector_parse(arena, BYTES("env=\0"), &wrong));
    assert_null(selector_parse(arena, BYTES("\0"), &wrong));
    assert_null(selector_parse(arena, BYTES("env\0=prod"), &wrong));
}

static void a_mismatch_is_said_in_kubectl_s_words(void **state) {
    static const struct {
        const char *selector;
        const char *said;
    } cases[] = {
        {"env=prod,region=us", "region=us"},
        {"region!=eu", "region!=eu"},
        {"env in (a,b)", "env in (a,b)"},
        {"env notin (dev,prod)", "env notin (dev,prod)"},
        {"absent", "absent"},
        {"!env", "!env"},
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct labels labels = labels_new(arena, cluster_items, ARRAY_LENGTH(cluster_items));

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *wrong = NULL;
        const struct selector *selector =
            selector_parse(arena, bytes_of(cases[i].selector), &wrong);
        assert_string_equal(selector_mismatch(arena, selector, &labels), cases[i].said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(label_keys_are_judged_as_kubernetes_judges_them),
        cmocka_unit_test(label_values_are_judged_as_kubernetes_judges_them),
        cmocka_unit_test(names_and_namespaces_are_dns_names),
        cmocka_unit_test(of_two_labels_of_one_key_the_later_one_wins),
        cmocka_unit_test(a_label_of_the_command_line_is_key_and_value),
        cmocka_unit_test(a_labels_file_is_read_as_the_downward_api_writes_it),
        cmocka_unit_test(wrong_lines_of_a_labels_file_are_said_and_the_others_count),
        cmocka_unit_test(kubectl_s_selectors_match_as_in_kubectl),
        cmocka_unit_test(what_kubectl_would_not_take_is_refused_with_its_place),
        cmocka_unit_test(a_mismatch_is_said_in_kubectl_s_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
