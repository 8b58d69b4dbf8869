/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus says that it runs, compared with what was written. The answers are as Prometheus
 * 2.42 and 3.5 give them; tests/e2e/test_running_config.c asks real ones. */

#include "prometheus/running_config.h"
#include "support/assertions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OUTLINE CLEANUP(config_outline_freep) struct config_outline *

/* As JSON, in one piece. */
static struct bytes answer_of(struct buffer *out, const char *yaml) {
    buffer_append_string(out, "{\"status\":\"success\",\"data\":{\"yaml\":\"");
    for (; *yaml != '\0'; yaml++) {
        switch (*yaml) {
        case '\n':
            buffer_append_string(out, "\\n");
            break;
        case '"':
        case '\\':
            buffer_append_char(out, '\\');
            buffer_append_char(out, *yaml);
            break;
        case '<':
            buffer_append_string(out, "\\u003c");
            break;
        default:
            buffer_append_char(out, *yaml);
        }
    }
    buffer_append_string(out, "\"}}");
    return buffer_bytes(out);
}

/* NULL: it is no such answer. In pieces of so many bytes. */
static struct config_outline *read_answer(struct bytes answer, size_t piece,
                                          const struct config_outline *last) {
    struct running_config *reader = running_config_new(last);

    for (size_t i = 0; i < answer.length; i += piece) {
        if (running_config_feed(reader, bytes_slice(answer, i, i + piece)) != NULL) {
            break;
        }
    }
    struct config_outline *outline = running_config_end(reader);
    running_config_free(reader);
    return outline;
}

static struct config_outline *running(const char *yaml) {
    CLEANUP(buffer_free) struct buffer answer = {0};

    return read_answer(answer_of(&answer, yaml), SIZE_MAX / 2, NULL);
}

/* "": they match; NULL: it cannot be told. */
static void assert_difference(const char *written, const char *runs, const char *difference) {
    OUTLINE left = config_outline_of(bytes_of(written));
    OUTLINE right = running(runs);
    CLEANUP(buffer_free) struct buffer words = {0};

    assert_non_null(left);
    assert_non_null(right);
    const bool match = config_outlines_match(left, right, &words);
    assert_string_equal(buffer_string(&words), difference);
    assert_int_equal(match, difference[0] == '\0');
}

static const char usual[] = "global:\n"
                            "  scrape_interval: 15s\n"
                            "  external_labels:\n"
                            "    pod: e2e\n"
                            "rule_files:\n"
                            "- /etc/prometheus/rules.yml\n"
                            "scrape_configs:\n"
                            "- job_name: self\n"
                            "  static_configs:\n"
                            "  - targets:\n"
                            "    - 127.0.0.1:9090\n"
                            "remote_write:\n"
                            "- url: https://user:xxxxx@a.example/write\n"
                            "  remote_timeout: 30s\n"
                            "  write_relabel_configs:\n"
                            "  - source_labels: [a]\n"
                            "    regex: |-\n"
                            "      a\n"
                            "\n"
                            "      - b\n"
                            "    action: keep\n"
                            "  name: team-a/metrics\n"
                            "  basic_auth:\n"
                            "    username: user\n"
                            "    password: <secret>\n"
                            "  queue_config:\n"
                            "    capacity: 2500\n"
                            "    max_shards: 200\n"
                            "    min_shards: 1\n"
                            "    max_samples_per_send: 500\n"
                            "- url: http://b.example/\n"
                            "storage:\n"
                            "  tsdb:\n"
                            "    out_of_order_time_window: 0s\n";

static void what_was_written_matches_its_marshalled_form(void **state) {
    assert_difference(
        "rule_files: [rules.yml]\n"
        "scrape_configs: [{job_name: 'self'}]\n"
        "remote_write:\n"
        "  - {name: team-a/metrics, url: 'HTTPS://user:secret@A.example/write#x',\n"
        "     write_relabel_configs: [{action: keep}], queue_config: {capacity: 2500}}\n"
        "  - url: http://b.example/\n",
        usual, "");
}

struct difference {
    const char *written;
    const char *runs;
    const char *words;
};

static const struct difference differences[] = {
    {"", "remote_write:\n- url: http://a/\n", "runs 1 entries of remote_write, 0 are written"},
    {"remote_write: [{url: http://a/}]", "global:\n  scrape_interval: 1m\n",
     "runs 0 entries of remote_write, 1 are written"},
    {"remote_write: [{url: http://a/, name: x}]", "remote_write:\n- url: http://a/\n  name: y\n",
     "runs \"y\" as entry 1, \"x\" is written"},
    {"remote_write: [{url: http://a/, name: x}]", "remote_write:\n- url: http://a/\n",
     "runs \"\" as entry 1, \"x\" is written"},
    {"remote_write: [{url: http://a/?k=1, name: x}]",
     "remote_write:\n- url: http://a/?k=2\n  name: x\n",
     "runs entry 1 of remote_write, \"x\", with another url than is written"},
    {"remote_write: [{url: http://a/, queue_config: {capacity: 7}}]",
     "remote_write:\n- url: http://a/\n  queue_config:\n    capacity: 8\n",
     "runs entry 1 of remote_write, \"\", with another queue_config.capacity than is written"},
    {"remote_write: [{url: http://a/, write_relabel_configs: [{}]}]",
     "remote_write:\n- url: http://a/\n",
     "runs entry 1 of remote_write, \"\", with another number of write_relabel_configs than is "
     "written"},
    {"scrape_configs: [{job_name: a}]", "scrape_configs:\n- job_name: b\n",
     "runs \"b\" as scrape job 1, \"a\" is written"},
    {"scrape_configs: [{job_name: a}]", "remote_write: []\n", "runs 0 scrape jobs, 1 are written"},
    {"rule_files: [a, b]", "rule_files:\n- /x/a\n", "runs 1 rule_files, 2 are written"},
};

static void a_difference_is_named(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(differences); i++) {
        assert_difference(differences[i].written, differences[i].runs, differences[i].words);
    }
}

struct pair {
    const char *written;
    const char *runs;
};

static const struct pair alike[] = {
    /* Go writes a URL in its own way. */
    {"remote_write: [{url: 'http://a/b c\303\244?x=%20\303\244'}]",
     "remote_write:\n- url: http://a/b%20c%C3%A4?x=%20\303\244\n"},
    {"remote_write: [{url: 'http://a/%41'}]", "remote_write:\n- url: http://a/%41\n"},
    {"remote_write: [{url: 'http://u@a:80'}]", "remote_write:\n- url: http://u@a:80\n"},
    {"remote_write: [{url: 'http://u:p@[::1]:9/x'}]",
     "remote_write:\n- url: http://u:xxxxx@[::1]:9/x\n"},
    /* A string is what stands there. */
    {"remote_write: [{url: http://a/, name: 012}]",
     "remote_write:\n- url: http://a/\n  name: \"012\"\n"},
    {"remote_write: [{url: http://a/, name: ~}]", "remote_write:\n- url: http://a/\n"},
    {"remote_write: [{url: http://a/, name: ''}]", "remote_write:\n- url: http://a/\n"},
    /* Anchors, merge keys. */
    {"x: &a {url: http://a/, name: n}\nremote_write: [*a]",
     "remote_write:\n- url: http://a/\n  name: n\n"},
    {"x: &a {url: http://a/, name: n}\nremote_write: [{<<: *a, name: m}]",
     "remote_write:\n- url: http://a/\n  name: m\n"},
    /* Defaults are filled in. */
    {"remote_write: [{url: http://a/}]",
     "remote_write:\n- url: http://a/\n  queue_config:\n    capacity: 10000\n"},
    /* Only the first document counts. */
    {"remote_write: []\n---\nremote_write: [{url: http://a/}]\n", "global: {}\n"},
    {"", "global: {}\n"},
    {"remote_write:\n", "remote_write: []\n"},
    /* As yaml.v3 indents. */
    {"remote_write: [{url: http://a/, name: n}]",
     "remote_write:\n    - url: http://a/\n      name: n\n"},
};

static void what_is_the_same_matches(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(alike); i++) {
        assert_difference(alike[i].written, alike[i].runs, "");
    }
}

static void the_pieces_in_which_it_comes_do_not_matter(void **state) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct bytes answer = answer_of(&text, usual);
    OUTLINE whole = read_answer(answer, answer.length, NULL);

    assert_non_null(whole);
    assert_int_equal(whole->entries.count, 2);
    assert_int_equal(whole->entries.items[0].relabelings, 1);
    for (size_t piece = 1; piece < 9; piece++) {
        CLEANUP(buffer_free) struct buffer words = {0};
        OUTLINE outline = read_answer(answer, piece, whole);
        assert_non_null(outline);
        assert_true(config_outlines_match(whole, outline, &words));
    }
}

static void an_item_that_changed_is_seen_beside_the_last_answer(void **state) {
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer second = {0};
    CLEANUP(buffer_free) struct buffer words = {0};
    OUTLINE before = read_answer(
        answer_of(&first, "remote_write:\n- url: http://a/\n  name: a\n- url: http://b/\n"), 1000,
        NULL);
    OUTLINE after = read_answer(
        answer_of(&second, "remote_write:\n- url: http://a/\n  name: c\n- url: http://b/\n"), 1000,
        before);

    assert_false(config_outlines_match(before, after, &words));
    assert_string_equal(buffer_string(&words), "runs \"c\" as entry 1, \"a\" is written");
}

static void characters_are_unescaped(void **state) {
    OUTLINE outline = read_answer(
        BYTES(" { \"status\" : \"success\",\n\"data\":{\"yaml\":\"remote_write:\\n- name: "
              "\\\"\\u00e4\\u20ac\\ud83d\\ude00\\\"\\n  url: http:\\/\\/a\\/\\n\"}, \"w\": []}"),
        3, NULL);

    assert_non_null(outline);
    assert_int_equal(outline->entries.count, 1);
    assert_true(
        bytes_equal(outline->entries.items[0].name, BYTES("\303\244\342\202\254\360\237\230\200")));
}

#define BEGIN "{\"status\":\"success\",\"data\":{\"yaml\":\""

static const char *const none[] = {
    "",
    "{}",
    "<html>login</html>",
    "{\"status\":\"error\",\"data\":{\"yaml\":\"\"}}",
    "{\"status\":\"success\",\"data\":{}}",
    BEGIN,
    BEGIN "remote_write:\\n- url: x",
    BEGIN "a\\",
    BEGIN "a\\x\"}}",
    BEGIN "\\u00",
    BEGIN "\\u0000\"}}",
    BEGIN "\\ud800\"}}",
    BEGIN "\\udc00\"}}",
    BEGIN "\\ud800\\n\"}}",
    BEGIN "a\nb\"}}",
    BEGIN "remote_write: [{url: x}]\\n\"}}",
    BEGIN "remote_write:\\n- url: [\\n\"}}",
    BEGIN "remote_write:\\n- x\\n\"}}",
    BEGIN "remote_write:\\n  url: x\\n\"}}",
    BEGIN "remote_write:\\n  - url: x\\n - url: y\\n\"}}",
};

static void what_is_no_such_answer_is_not_judged(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
        OUTLINE outline = read_answer(bytes_of(none[i]), 5, NULL);
        assert_null(outline);
    }
}

static void an_answer_without_end_is_cut_off(void **state) {
    static char block[1 << 20];
    struct running_config *reader = running_config_new(NULL);
    const char *fault = running_config_feed(reader, BYTES(BEGIN "x:\\n"));

    memset(block, ' ', sizeof(block));
    for (size_t i = 0; i < sizeof(block); i += 1000) {
        block[i] = '\\';
        block[i + 1] = 'n';
    }
    size_t count = 0;
    for (; fault == NULL && count < 200; count++) {
        fault = running_config_feed(reader, (struct bytes){block, sizeof(block)});
    }
    assert_string_equal(fault, "the config that Prometheus tells is larger than 128 MiB");
    assert_int_equal(count, 128);
    assert_null(running_config_end(reader));
    running_config_free(reader);
}

/* --- many scrape jobs --------------------------------------------------------------------------
 */

enum {
    JOBS = 30000,
    COMPACT_JOBS = 45000,
};

/* Some 270 bytes each, so that the base has about 8 MB. */
static void append_job(struct buffer *base, size_t i) {
    buffer_printf(base,
                  "  - job_name: 'team-%zu/job-%05zu'\n"
                  "    metrics_path: /metrics/%zu\n"
                  "    scrape_interval: 1h\n"
                  "    static_configs:\n"
                  "      - targets: []\n"
                  "        labels: {team: 'team-%zu', shard: 's%zu'}\n"
                  "    relabel_configs:\n"
                  "      - source_labels: [__address__]\n"
                  "        regex: 'host-%zu-.*'\n"
                  "        action: keep\n",
                  i % 97, i, i, i % 97, i, i);
}

/* As Prometheus 3.16 prints it, which is three times as much. */
static void append_running_job(struct buffer *yaml, const char *name, size_t i) {
    buffer_printf(yaml,
                  "- job_name: %s\n"
                  "  honor_timestamps: true\n"
                  "  track_timestamps_staleness: false\n"
                  "  scrape_interval: 1h\n"
                  "  scrape_timeout: 10s\n"
                  "  scrape_protocols:\n"
                  "  - OpenMetricsText1.0.0\n"
                  "  - OpenMetricsText0.0.1\n"
                  "  - PrometheusText1.0.0\n"
                  "  - PrometheusText0.0.4\n"
                  "  scrape_native_histograms: false\n"
                  "  always_scrape_classic_histograms: false\n"
                  "  convert_classic_histograms_to_nhcb: false\n"
                  "  metrics_path: /metrics/%zu\n"
                  "  scheme: http\n"
                  "  enable_compression: true\n"
                  "  metric_name_validation_scheme: utf8\n"
                  "  metric_name_escaping_scheme: allow-utf-8\n"
                  "  extra_scrape_metrics: false\n"
                  "  follow_redirects: true\n"
                  "  enable_http2: true\n"
                  "  relabel_configs:\n"
                  "  - source_labels: [__address__]\n"
                  "    separator: ;\n"
                  "    regex: host-%zu-.*\n"
                  "    replacement: $1\n"
                  "    action: keep\n"
                  "  static_configs:\n"
                  "  - targets: []\n"
                  "    labels:\n"
                  "      shard: s%zu\n"
                  "      team: team-%zu\n",
                  name, i, i, i, i % 97);
}

/* so many jobs run, of which the last has this name; NULL: its own. */
static struct config_outline *running_jobs(size_t count, const char *last_name,
                                           const struct config_outline *last) {
    CLEANUP(buffer_free) struct buffer yaml = {0};
    CLEANUP(buffer_free) struct buffer answer = {0};
    char name[64];

    buffer_append_string(&yaml, "scrape_configs:\n");
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "team-%zu/job-%05zu", i % 97, i);
        append_running_job(&yaml, last_name != NULL && i + 1 == count ? last_name : name, i);
    }
    /* As it comes from a socket. */
    return read_answer(answer_of(&answer, buffer_string(&yaml)), (size_t)16 << 10, last);
}

static void assert_jobs_differ(const struct config_outline *written,
                               const struct config_outline *runs, const char *difference) {
    CLEANUP(buffer_free) struct buffer words = {0};

    assert_non_null(runs);
    assert_false(config_outlines_match(written, runs, &words));
    assert_string_equal(buffer_string(&words), difference);
}

/* make test-arm64: some hundred times as slow. */
static void skip_where_emulated(void) {
    const char *runner = getenv("RUNNER");

    if (runner != NULL && runner[0] != '\0') {
        skip_because("an emulator takes minutes for as much text");
    }
}

static void of_thirty_thousand_jobs_the_one_that_differs_is_told(void **state) {
    skip_where_emulated();
    CLEANUP(buffer_free) struct buffer base = {0};
    CLEANUP(buffer_free) struct buffer words = {0};

    buffer_append_string(&base, "scrape_configs:\n");
    for (size_t i = 0; i < JOBS; i++) {
        append_job(&base, i);
    }
    assert_true(base.length > 8000000);
    OUTLINE written = config_outline_of(buffer_bytes(&base));
    OUTLINE same = running_jobs(JOBS, NULL, NULL);
    OUTLINE renamed = running_jobs(JOBS, "another", same);
    OUTLINE fewer = running_jobs(JOBS - 1, NULL, same);

    assert_non_null(written);
    assert_non_null(same);
    assert_true(config_outlines_match(written, same, &words));
    assert_jobs_differ(written, renamed,
                       "runs \"another\" as scrape job 30000, \"team-26/job-29999\" is written");
    assert_jobs_differ(written, fewer, "runs 29999 scrape jobs, 30000 are written");
}

/* What Prometheus fills in makes much of little. */
static void an_answer_of_more_than_32_mebibytes_is_read(void **state) {
    skip_where_emulated();
    CLEANUP(buffer_free) struct buffer base = {0};
    CLEANUP(buffer_free) struct buffer words = {0};

    buffer_append_string(&base, "scrape_configs:\n");
    for (size_t i = 0; i < COMPACT_JOBS; i++) {
        buffer_printf(&base, "- job_name: team-%zu/job-%05zu\n", i % 97, i);
    }
    OUTLINE written = config_outline_of(buffer_bytes(&base));
    OUTLINE runs = running_jobs(COMPACT_JOBS, NULL, NULL);

    assert_non_null(written);
    assert_non_null(runs);
    assert_true(config_outlines_match(written, runs, &words));
}

static void a_config_that_cannot_be_read_is_not_judged(void **state) {
    static const char *const texts[] = {"a: [", "[1, 2]", "remote_write: 7", "remote_write: [7]",
                                        "scrape_configs: {a: b}"};

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        OUTLINE outline = config_outline_of(bytes_of(texts[i]));
        assert_null(outline);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_matches_its_marshalled_form),
        cmocka_unit_test(a_difference_is_named),
        cmocka_unit_test(what_is_the_same_matches),
        cmocka_unit_test(the_pieces_in_which_it_comes_do_not_matter),
        cmocka_unit_test(an_item_that_changed_is_seen_beside_the_last_answer),
        cmocka_unit_test(characters_are_unescaped),
        cmocka_unit_test(what_is_no_such_answer_is_not_judged),
        cmocka_unit_test(an_answer_without_end_is_cut_off),
        cmocka_unit_test(of_thirty_thousand_jobs_the_one_that_differs_is_told),
        cmocka_unit_test(an_answer_of_more_than_32_mebibytes_is_read),
        cmocka_unit_test(a_config_that_cannot_be_read_is_not_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
