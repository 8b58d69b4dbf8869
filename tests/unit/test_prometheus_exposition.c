/* SPDX-License-Identifier: Apache-2.0 */

/* Prometheus's text format, whole and in pieces, good and bad. */

#include "base/memory.h"
#include "prometheus/exposition.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* What was taken, a line for each sample: name|label=value;...|number */
struct taken {
    struct buffer text;
};

static bool wants(struct bytes name, void *context UNUSED) {
    return bytes_starts_with(name, BYTES("wanted"));
}

static void take(const struct exposition_sample *sample, void *context) {
    struct taken *taken = context;

    buffer_append(&taken->text, sample->name);
    buffer_append_string(&taken->text, "|");
    for (size_t i = 0; i < sample->label_count; i++) {
        buffer_printf(&taken->text, "%.*s=", BYTES_ARG(sample->labels[i].name));
        buffer_append(&taken->text, sample->labels[i].value);
        buffer_append_string(&taken->text, ";");
    }
    buffer_printf(&taken->text, "|%g\n", sample->value);
}

/* In pieces of this size. *ret_end: what exposition_end says, or what exposition_feed did. */
static void read_in_pieces(struct bytes text, size_t size, struct taken *taken, int *ret_end) {
    const struct exposition_reader reader = {.wants = wants, .take = take, .context = taken};
    struct exposition *exposition = exposition_new(&reader);
    int error = 0;

    for (size_t at = 0; at < text.length && error == 0; at += size) {
        error = exposition_feed(exposition, bytes_slice(text, at, at + size));
    }
    *ret_end = error == 0 ? exposition_end(exposition) : error;
    exposition_free(exposition);
}

static void assert_taken(const char *text, const char *expected) {
    struct taken taken = {{0}};
    int end = 0;

    read_in_pieces(bytes_of(text), strlen(text) + 1, &taken, &end);
    assert_string_equal(buffer_string(&taken.text), expected);
    assert_int_equal(end, 0);
    buffer_free(&taken.text);
}

static void assert_refused(const char *text) {
    struct taken taken = {{0}};
    int end = 0;

    read_in_pieces(bytes_of(text), strlen(text) + 1, &taken, &end);
    if (end != -EBADMSG) {
        fail_msg("taken: %s", text);
    }
    buffer_free(&taken.text);
}

/* --- what is taken -------------------------------------------------------------------------- */

static void samples_are_taken_with_their_labels(void **state) {
    assert_taken("# HELP wanted_total Words {of=\"any\"} kind.\n"
                 "# TYPE wanted_total counter\n"
                 "wanted_total 3\n"
                 "wanted_total{a=\"x\",b=\"y z\"} 1.5e+03\n"
                 "wanted_total { a = \"x\" , } 2 1395066363000\n"
                 "wanted_total{} 4\n"
                 "\twanted_total\t5\n",
                 "wanted_total||3\n"
                 "wanted_total|a=x;b=y z;|1500\n"
                 "wanted_total|a=x;|2\n"
                 "wanted_total||4\n"
                 "wanted_total||5\n");
}

static void escapes_in_label_values_are_undone(void **state) {
    assert_taken(
        "wanted{a=\"back\\\\slash \\\"quoted\\\" next\\nline\",b=\"} , = # \xc3\xa9\"} 1\n",
        "wanted|a=back\\slash \"quoted\" next\nline;b=} , = # \xc3\xa9;|1\n");
}

static void numbers_that_are_none_are_taken_too(void **state) {
    assert_taken("wanted NaN\nwanted +Inf\nwanted -Inf\nwanted -0.25\n",
                 "wanted||nan\nwanted||inf\nwanted||-inf\nwanted||-0.25\n");
}

static void an_exemplar_behind_a_sample_is_passed_over(void **state) {
    assert_taken("wanted_bucket{le=\"1\"} 7 # {trace_id=\"a b\"} 0.67 1520879607.789\n",
                 "wanted_bucket|le=1;|7\n");
}

static void what_nobody_wants_is_not_looked_into(void **state) {
    assert_taken("other{a=\"never closed} junk\n{\"a name in quotes\",b=\"c\"} 1\nwanted 1\n",
                 "wanted||1\n");
}

static void empty_lines_and_comments_are_passed_over(void **state) {
    assert_taken("\n  \n#\n# EOF\n   # indented\nwanted 1\n\n", "wanted||1\n");
}

static void it_does_not_matter_where_the_text_is_cut(void **state) {
    const struct bytes text = BYTES("# HELP wanted x\n"
                                    "other{a=\"b\"} 1\n"
                                    "wanted{a=\"q\\\"\\\\\\n\",b=\"\"} +Inf 17\n"
                                    "\n"
                                    "wanted_too 2e-3\n");

    for (size_t size = 1; size <= text.length; size++) {
        struct taken taken = {{0}};
        int end = 0;
        read_in_pieces(text, size, &taken, &end);
        assert_int_equal(end, 0);
        assert_string_equal(buffer_string(&taken.text),
                            "wanted|a=q\"\\\n;b=;|inf\nwanted_too||0.002\n");
        buffer_free(&taken.text);
    }
}

static void a_label_that_is_not_there_is_empty(void **state) {
    const struct exposition_label label = {.name = BYTES("a"), .value = BYTES("x")};
    const struct exposition_sample sample = {.labels = &label, .label_count = 1};

    assert_true(bytes_equal_string(exposition_label(&sample, "a"), "x"));
    assert_int_equal(exposition_label(&sample, "b").length, 0);
}

/* --- what is not ---------------------------------------------------------------------------- */

static void what_is_no_such_text_is_refused(void **state) {
    static const char *const texts[] = {
        "",
        "\n",
        "# HELP nothing but words\n",
        "<!DOCTYPE html>\n<html>\n",
        "[]\n",
        "wanted\n",
        "wanted \n",
        "wanted x\n",
        "wanted 1x\n",
        "wanted \r1\n",
        "wanted 1\r\n",
        "wanted{ 1\n",
        "wanted{a} 1\n",
        "wanted{a=b} 1\n",
        "wanted{a=\"b} 1\n",
        "wanted{a=\"b\\x\"} 1\n",
        "wanted{a=\"b\\\n",
        "wanted{a=\"b\"c=\"d\"} 1\n",
        "wanted{,} 1\n",
        "wanted{1=\"b\"} 1\n",
        "wanted-more 1\n",
        "0wanted 1\n",
        "wanted 0.00000000000000000000000000000000000000000000000000000000000000001\n",
        "ot\377her 1\n",
        "\x1f\x8b\x08 packed\n",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_refused(texts[i]);
    }
}

static void nothing_is_taken_after_what_is_refused(void **state) {
    struct taken taken = {{0}};
    const struct exposition_reader reader = {.wants = wants, .take = take, .context = &taken};
    struct exposition *exposition = exposition_new(&reader);

    assert_int_equal(exposition_feed(exposition, BYTES("wanted 1\n<p>\nwanted 2\n")), -EBADMSG);
    assert_int_equal(exposition_feed(exposition, BYTES("wanted 3\n")), -EBADMSG);

    assert_string_equal(buffer_string(&taken.text), "wanted||1\n");
    exposition_free(exposition);
    buffer_free(&taken.text);
}

static void a_last_line_without_an_end_was_cut(void **state) {
    assert_refused("wanted 1\nwanted 2");
    assert_refused("wanted 1\nwan");
}

static void a_nul_in_a_number_is_no_end_of_it(void **state) {
    struct taken taken = {{0}};
    int end = 0;

    read_in_pieces(BYTES("wanted 1\0\n"), 100, &taken, &end);

    assert_int_equal(end, -EBADMSG);
    buffer_free(&taken.text);
}

/* --- bounds --------------------------------------------------------------------------------- */

static void add_labels(struct buffer *text, unsigned count) {
    buffer_append_string(text, "wanted{");
    for (unsigned i = 0; i < count; i++) {
        buffer_printf(text, "l%u=\"v\",", i);
    }
    buffer_append_string(text, "} 1\n");
}

static void more_labels_than_there_is_room_for_are_refused(void **state) {
    CLEANUP(buffer_free) struct buffer most = {0};
    CLEANUP(buffer_free) struct buffer more = {0};
    struct taken taken = {{0}};
    int end = 0;
    add_labels(&most, EXPOSITION_LABELS_MAX);
    add_labels(&more, EXPOSITION_LABELS_MAX + 1);

    read_in_pieces(buffer_bytes(&most), most.length, &taken, &end);
    assert_int_equal(end, 0);
    read_in_pieces(buffer_bytes(&more), more.length, &taken, &end);
    assert_int_equal(end, -EBADMSG);
    buffer_free(&taken.text);
}

/* A sample whose line has this length, between two others. */
static void assert_line(size_t length, size_t piece, const char *expected) {
    CLEANUP(buffer_free) struct buffer text = {0};
    struct taken taken = {{0}};
    int end = 0;

    buffer_append_string(&text, "wanted_before 1\n");
    buffer_append_string(&text, "wanted 2");
    buffer_append_repeated(&text, ' ', length - strlen("wanted 2"));
    buffer_append_string(&text, "\nwanted_behind 3\n");
    read_in_pieces(buffer_bytes(&text), piece, &taken, &end);
    assert_int_equal(end, 0);
    assert_string_equal(buffer_string(&taken.text), expected);
    buffer_free(&taken.text);
}

static void a_line_that_is_too_long_is_passed_over(void **state) {
    static const char with[] = "wanted_before||1\nwanted||2\nwanted_behind||3\n";
    static const char without[] = "wanted_before||1\nwanted_behind||3\n";
    static const size_t pieces[] = {1000, 16384, EXPOSITION_LINE_MAX * 4};

    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
        assert_line(EXPOSITION_LINE_MAX, pieces[i], with);
        assert_line(EXPOSITION_LINE_MAX + 1, pieces[i], without);
        assert_line(EXPOSITION_LINE_MAX * 3, pieces[i], without);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_taken_with_their_labels),
        cmocka_unit_test(escapes_in_label_values_are_undone),
        cmocka_unit_test(numbers_that_are_none_are_taken_too),
        cmocka_unit_test(an_exemplar_behind_a_sample_is_passed_over),
        cmocka_unit_test(what_nobody_wants_is_not_looked_into),
        cmocka_unit_test(empty_lines_and_comments_are_passed_over),
        cmocka_unit_test(it_does_not_matter_where_the_text_is_cut),
        cmocka_unit_test(a_label_that_is_not_there_is_empty),
        cmocka_unit_test(what_is_no_such_text_is_refused),
        cmocka_unit_test(nothing_is_taken_after_what_is_refused),
        cmocka_unit_test(a_last_line_without_an_end_was_cut),
        cmocka_unit_test(a_nul_in_a_number_is_no_end_of_it),
        cmocka_unit_test(more_labels_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
