/* SPDX-License-Identifier: Apache-2.0 */

/* A tree as text that nobody can misread. */

#include "yaml/emit.h"

#include "base/compiler.h"
#include "support/yaml_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *string_of(struct buffer *out, struct bytes text) {
    buffer_clear(out);
    emit_string(out, text);
    return buffer_string(out);
}

/* Both styles of the text's root. */
static void expect(const char *source, const char *block, const char *flow) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read(source);
    CLEANUP(buffer_free) struct buffer out = {0};

    emit_block(&out, yaml_text_root(&text), 0, "\n");
    assert_string_equal(buffer_string(&out), block);
    buffer_clear(&out);
    emit_flow(&out, yaml_text_root(&text));
    assert_string_equal(buffer_string(&out), flow);
}

static void a_harmless_word_is_plain(void **state) {
    static const char *const cases[] = {"a",
                                        "abc",
                                        "remote-write_1.x",
                                        "/etc/prometheus/ca.crt",
                                        "_x",
                                        "two words",
                                        "30s",
                                        "1h30m",
                                        "500ms",
                                        "1y2w3d4h5m6s7ms",
                                        "v1.2.3",
                                        "yesterday",
                                        "nullable"};
    CLEANUP(buffer_free) struct buffer out = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(string_of(&out, bytes_of(cases[i])), cases[i]);
    }
}

static void everything_that_could_be_misread_is_quoted(void **state) {
    static const char *const cases[] = {
        "",      " ",          "a ",        " a",      "a  b", "y",    "N",   "yes", "No",
        "ON",    "off",        "True",      "false",   "Null", "NULL", "?~",  "nil", "NaN",
        "inf",   ".inf",       "1",         "-1",      "1.5",  "0x1F", "012", "1e3", "1_000",
        "1:30",  "2001-01-01", "10.0.0.1",  "-",       "- a",  "---",  "...", "?",   "a: b",
        "a:",    ":a",         "a#b",       "a #b",    "#a",   "{a",   "[a",  "a]",  "a,b",
        "*a",    "&a",         "!a",        "|",       ">",    "%a",   "@a",  "`a",  "<<",
        "=",     "it's",       "http://x/", "5 s",     "1h30", "s5",   "30S", "h1m", "x=y",
        "(a|b)", ".*",         "$1",        "{{ x }}", "+1",   "5m5",
    };
    CLEANUP(buffer_free) struct buffer out = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_free) struct buffer quoted = {0};
        buffer_printf(&quoted, "\"%s\"", cases[i]);
        bool plain_after_all = strcmp(cases[i], "s5") == 0 || strcmp(cases[i], "h1m") == 0;
        assert_string_equal(string_of(&out, bytes_of(cases[i])),
                            plain_after_all ? cases[i] : buffer_string(&quoted));
    }
}

/* yaml.v2 takes these for null though they are quoted, where the Go type reads itself. */
static void what_a_reader_takes_for_null_in_quotes_is_tagged(void **state) {
    CLEANUP(buffer_free) struct buffer out = {0};

    assert_string_equal(string_of(&out, BYTES("null")), "!!str \"null\"");
    assert_string_equal(string_of(&out, BYTES("~")), "!!str \"~\"");
    expect("{a: 'null', b: [\"~\", 'null '], 'null': {'~': x}}",
           "a: !!str \"null\"\n"
           "b:\n"
           "  - !!str \"~\"\n"
           "  - \"null \"\n"
           "!!str \"null\":\n"
           "  !!str \"~\": x\n",
           "{\"a\": !!str \"null\", \"b\": [!!str \"~\", \"null \"], "
           "!!str \"null\": {!!str \"~\": \"x\"}}");
    expect("['null', '~']", "- !!str \"null\"\n- !!str \"~\"\n", "[!!str \"null\", !!str \"~\"]");
    expect("!!str null", "!!str \"null\"\n", "!!str \"null\"");
}

static void a_true_null_is_not_tagged(void **state) {
    expect("{a: null, b: ~, c: , d: NULL, e: !!null '~'}",
           "a: null\nb: ~\nc: null\nd: NULL\ne: ~\n",
           "{\"a\": null, \"b\": null, \"c\": null, \"d\": null, \"e\": null}");
}

static void quotes_have_the_escapes_of_json(void **state) {
    static const struct {
        struct bytes text;
        const char *expected;
    } cases[] = {
        {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
        {{"\b\t\n\f\r", 5}, "\"\\b\\t\\n\\f\\r\""},
        {{"\0\x01\x1b\x7f", 4}, "\"\\u0000\\u0001\\u001b\\u007f\""},
        {{"\xc2\x85\xc2\x9f", 4}, "\"\\u0085\\u009f\""},
        {{"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf", 9}, "\"\\u2028\\u2029\\ufeff\""},
        {{"\xef\xbf\xbe\xef\xbf\xbf", 6}, "\"\\ufffe\\uffff\""},
        {{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 14},
         "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {{"a/b:", 4}, "\"a/b:\""},
        {{"x\xffy", 3}, "\"x\\ufffdy\""},
        {{"\xc3", 1}, "\"\\ufffd\""},
    };
    CLEANUP(buffer_free) struct buffer out = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(string_of(&out, cases[i].text), cases[i].expected);
    }
}

static void numbers_keep_their_spelling_in_block_style_and_are_json_in_flow_style(void **state) {
    static const char *const cases[][3] = {
        {"012", "012", "10"},
        {"0x1F", "0x1F", "31"},
        {"1_000", "1_000", "1000"},
        {"+12", "+12", "12"},
        {"yes", "yes", "true"},
        {"Off", "Off", "false"},
        {"~", "~", "null"},
        {"1.50", "1.50", "1.5"},
        {".5", ".5", "0.5"},
        {"1e3", "1e3", "1000.0"},
        {"1e300", "1e300", "1e+300"},
        {"0.1", "0.1", "0.1"},
        {"-0.0", "-0.0", "-0.0"},
        {"3.141592653589793", "3.141592653589793", "3.141592653589793"},
        {"0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
        {"18446744073709551615", "18446744073709551615", "1.8446744073709552e+19"},
        {"-.INF", "-.INF", "-.INF"},
        {".nan", ".nan", ".nan"},
        {"!!float 12", "12.0", "12.0"},
        {"!!float 0x10", "16.0", "16.0"},
        {"!!int \"0x1F\"", "0x1F", "31"},
        {"!!null", "null", "null"},
        {"!!str 12", "\"12\"", "\"12\""},
        {"!!bool 'on'", "on", "true"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_free) struct buffer block = {0};
        buffer_printf(&block, "%s\n", cases[i][1]);
        expect(cases[i][0], buffer_string(&block), cases[i][2]);
    }
}

static void strings_of_any_style_become_one_line(void **state) {
    expect(
        "a: |\n  x\n  y\nb: plain\n  folded\nc: \"two\n\n  lines\"\nd: >-\n  w\n\n  z\n",
        "a: \"x\\ny\\n\"\nb: plain folded\nc: \"two\\nlines\"\nd: \"w\\nz\"\n",
        "{\"a\": \"x\\ny\\n\", \"b\": \"plain folded\", \"c\": \"two\\nlines\", \"d\": \"w\\nz\"}");
}

static void block_style_indents_by_two(void **state) {
    expect(
        "{a: [x, {b: c, d: [e]}, [f, [g]], [], {}], h: {i: {}, j: []}, k: }",
        "a:\n"
        "  - x\n"
        "  - b: c\n"
        "    d:\n"
        "      - e\n"
        "  - - f\n"
        "    - - g\n"
        "  - []\n"
        "  - {}\n"
        "h:\n"
        "  i: {}\n"
        "  j: []\n"
        "k: null\n",
        "{\"a\": [\"x\", {\"b\": \"c\", \"d\": [\"e\"]}, [\"f\", [\"g\"]], [], {}], \"h\": {\"i\": {}, \"j\": []}, "
        "\"k\": null}");
    expect("[a, b]", "- a\n- b\n", "[\"a\", \"b\"]");
    expect("x", "x\n", "\"x\"");
    expect("[]", "[]\n", "[]");
}

static void a_sequence_item_begins_with_its_dash_at_the_indentation(void **state) {
    CLEANUP(yaml_text_free)
    struct yaml_text text = yaml_text_read("{url: \"http://x\", q: {n: 1, l: [a]}}");
    CLEANUP(buffer_free) struct buffer out = {0};

    emit_sequence_item(&out, yaml_text_root(&text), 4, "\r\n");
    assert_string_equal(buffer_string(&out), "    - url: \"http://x\"\r\n"
                                             "      q:\r\n"
                                             "        n: 1\r\n"
                                             "        l:\r\n"
                                             "          - a\r\n");
    buffer_clear(&out);
    emit_sequence_item(&out, node_find(yaml_text_root(&text), "url"), 0, "\n");
    emit_sequence_item(&out, NULL, 0, "\n");
    assert_string_equal(buffer_string(&out), "- \"http://x\"\n- null\n");
}

static void a_block_begins_at_its_indentation(void **state) {
    CLEANUP(yaml_text_free) struct yaml_text text = yaml_text_read("{a: 1, b: [c]}");
    CLEANUP(buffer_free) struct buffer out = {0};

    emit_block(&out, yaml_text_root(&text), 2, "\r\n");
    emit_block(&out, NULL, 2, "\n");
    assert_string_equal(buffer_string(&out), "  a: 1\r\n  b:\r\n    - c\r\n  null\n");
}

static void keys_keep_their_text(void **state) {
    expect(
        "{1: a, 0x10: b, yes: c, \"1\\n\": d, 'a b': e, !!float 3: f, !!str 2: g}",
        "1: a\n0x10: b\nyes: c\n\"1\\n\": d\na b: e\n!!float 3: f\n\"2\": g\n",
        "{1: \"a\", 0x10: \"b\", yes: \"c\", \"1\\n\": \"d\", \"a b\": \"e\", !!float 3: \"f\", \"2\": \"g\"}");
}

static void very_long_strings_stay_on_one_line(void **state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer value = {0};
    CLEANUP(buffer_free) struct buffer out = {0};

    for (int i = 0; i < 30000; i++) {
        buffer_append_string(&value, i % 10 == 9 ? " " : "w");
    }
    buffer_append_string(&value, "!");
    emit_block(&out, node_new_string(arena, buffer_bytes(&value)), 0, "\n");
    assert_int_equal(bytes_find(buffer_bytes(&out), BYTES("\n"), 0), out.length - 1);
    assert_int_equal(out.length, 30001 + 3);
}

/* Written in either style and read again, the data is the same. */
static void check_round_trip(const struct node *root) {
    CLEANUP(buffer_free) struct buffer block = {0};
    CLEANUP(buffer_free) struct buffer flow = {0};

    emit_block(&block, root, 3, "\n");
    emit_flow(&flow, root);
    CLEANUP(yaml_text_free) struct yaml_text block_text = yaml_text_read(buffer_string(&block));
    CLEANUP(yaml_text_free) struct yaml_text flow_text = yaml_text_read(buffer_string(&flow));
    assert_true(node_equal(yaml_text_root(&block_text), root));
    assert_true(node_equal(yaml_text_root(&flow_text), root));
}

static void keys_of_any_length_come_back(void **state) {
    static const size_t lengths[] = {900, 998, 1000, 1001, 1022, 1024, 1030, 5000};

    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new();
        CLEANUP(buffer_free) struct buffer key = {0};
        struct node *root = node_new_mapping(arena);
        struct node *list = node_new_sequence(arena);

        buffer_append_repeated(&key, '!', lengths[i]);
        node_put(arena, root, buffer_string(&key), node_new_integer(arena, 1));
        key.data[0] = 'b';
        node_put(arena, root, buffer_string(&key), list);
        key.data[0] = 'c';
        node_put(arena, root, buffer_string(&key), node_new_sequence(arena));
        struct node *inner = node_new_mapping(arena);
        node_put(arena, inner, buffer_string(&key), node_new_string(arena, BYTES("v")));
        node_put(arena, inner, "after", node_new_string(arena, BYTES("w")));
        node_append(arena, list, inner);
        check_round_trip(root);
    }
}

static void odd_strings_come_back(void **state) {
    static const char *const strings[] = {
        "",
        " ",
        "\n",
        "\t",
        "a\n",
        " a",
        "a ",
        "'",
        "\"",
        "\\",
        "a\\",
        "#",
        "a #b",
        ": ",
        "a:",
        "- ",
        "---",
        "--- a",
        "...",
        "%YAML",
        "{{ x }}",
        "${1}",
        "yes",
        "12",
        "1e3",
        "0x",
        "~",
        "null",
        "!!str",
        "&a",
        "*a",
        "<<",
        "=",
        "?",
        "? a",
        "|",
        ">-",
        "@",
        "`",
        "\x01\x7f",
        "\r\n",
        "\xc2\x85",
        "\xe2\x80\xa8",
        "\xef\xbb\xbf!",
        "\xf0\x9f\xbf\xbe",
        "caf\xc3\xa9",
        "a\n---\nb",
        "a\n...\n",
        "[",
        "]",
        "{",
        "}",
        ",",
        "a, b",
        "a: {b",
        "it's \"x\" \\ y",
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct node *root = node_new_mapping(arena);
    struct node *list = node_new_sequence(arena);

    for (size_t i = 0; i < ARRAY_LENGTH(strings); i++) {
        node_put(arena, root, strings[i], node_new_string(arena, bytes_of(strings[i])));
        node_append(arena, list, node_new_string(arena, bytes_of(strings[i])));
        check_round_trip(node_new_string(arena, bytes_of(strings[i])));
    }
    node_put(arena, root, "list", list);
    check_round_trip(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_harmless_word_is_plain),
        cmocka_unit_test(everything_that_could_be_misread_is_quoted),
        cmocka_unit_test(what_a_reader_takes_for_null_in_quotes_is_tagged),
        cmocka_unit_test(a_true_null_is_not_tagged),
        cmocka_unit_test(quotes_have_the_escapes_of_json),
        cmocka_unit_test(numbers_keep_their_spelling_in_block_style_and_are_json_in_flow_style),
        cmocka_unit_test(strings_of_any_style_become_one_line),
        cmocka_unit_test(block_style_indents_by_two),
        cmocka_unit_test(a_sequence_item_begins_with_its_dash_at_the_indentation),
        cmocka_unit_test(a_block_begins_at_its_indentation),
        cmocka_unit_test(keys_keep_their_text),
        cmocka_unit_test(very_long_strings_stay_on_one_line),
        cmocka_unit_test(keys_of_any_length_come_back),
        cmocka_unit_test(odd_strings_come_back),
    };
    return cmocka_run_group_tests_name("yaml/emit", tests, NULL, NULL);
}
