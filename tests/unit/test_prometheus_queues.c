/* SPDX-License-Identifier: Apache-2.0 */

/* What Prometheus's metrics say of its queues. The texts are those of 2.42 and 3.5, shortened. */

#include "prometheus/queues.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define METRIC "prometheus_remote_storage_"
#define UP     "{remote_name=\"up\",url=\"http://127.0.0.1:9091/api/v1/write\"} "
#define DOWN   "{remote_name=\"down\",url=\"http://127.0.0.1:1/api/v1/write\"} "

static const char *const both[] = {"down", "up"};

/* Of the names in both: down, up. Free with queues_free. */
static struct queues *read_both(const char *text, const struct queue_figures **ret) {
    struct queues *queues = queues_new(both, 2);

    assert_int_equal(queues_feed(queues, bytes_of(text)), 0);
    assert_int_equal(queues_end(queues, ret), 0);
    return queues;
}

static void each_figure_is_its_metric_of_that_name(void **state) {
    const struct queue_figures *figures = NULL;
    struct queues *queues =
        read_both(METRIC "bytes_total" DOWN "1\n" METRIC "bytes_total" UP "188967\n" METRIC
                         "samples_total" UP "9500\n" METRIC "samples_retried_total" UP "5\n" METRIC
                         "samples_failed_total" UP "6\n" METRIC "samples_dropped_total" UP
                         "7\n" METRIC "samples_pending" UP "352\n" METRIC "shards" UP "1\n" METRIC
                         "shards_max" UP "200\n" METRIC "samples_in_total 9852\n" METRIC
                         "queue_highest_sent_timestamp_seconds" UP "1.795630071e+09\n",
                  &figures);

    assert_true(figures[1].known);
    assert_true(figures[1].bytes == 188967);
    assert_true(figures[1].attempted == 9500);
    assert_true(figures[1].retried == 5);
    assert_true(figures[1].failed == 6);
    assert_true(figures[1].dropped == 7);
    assert_true(figures[1].pending == 352);
    assert_true(figures[1].shards == 1);
    assert_true(figures[1].newest_sent == 1795630071);
    assert_true(figures[0].bytes == 1);
    assert_true(figures[0].attempted == 0);
    queues_free(queues);
}

static void native_histograms_count_as_samples(void **state) {
    const struct queue_figures *figures = NULL;
    struct queues *queues =
        read_both(METRIC "samples_total" UP "10\n" METRIC "histograms_total" UP "5\n" METRIC
                         "histograms_pending" UP "2\n" METRIC "exemplars_total" UP "100\n" METRIC
                         "metadata_total" UP "100\n",
                  &figures);

    assert_true(figures[1].attempted == 15);
    assert_true(figures[1].pending == 2);
    queues_free(queues);
}

static void series_with_a_reason_each_are_summed_up(void **state) {
    const struct queue_figures *figures = NULL;
    struct queues *queues = read_both(
        METRIC
        "samples_dropped_total{reason=\"dropped_series\",remote_name=\"up\",url=\"x\"} 3\n" METRIC
        "samples_dropped_total{reason=\"too_old\",remote_name=\"up\",url=\"x\"} 4\n",
        &figures);

    assert_true(figures[1].dropped == 7);
    queues_free(queues);
}

static void a_name_of_no_queue_is_not_known(void **state) {
    const struct queue_figures *figures = NULL;
    struct queues *queues =
        read_both(METRIC "samples_total" UP "1\n" METRIC
                         "samples_total{remote_name=\"base\",url=\"x\"} 2\n" METRIC
                         "samples_total{remote_name=\"dow\",url=\"x\"} 2\n" METRIC
                         "highest_timestamp_in_seconds 12\n",
                  &figures);

    assert_false(figures[0].known);
    assert_true(figures[0].attempted == 0);
    assert_true(figures[0].newest == 0);
    assert_true(figures[1].known);
    queues_free(queues);
}

static void the_newest_sample_is_that_of_the_queue_where_it_is_told(void **state) {
    const struct queue_figures *figures = NULL;
    struct queues *queues = read_both(METRIC "shards" UP "1\n" METRIC "shards" DOWN "1\n" METRIC
                                             "queue_highest_timestamp_seconds" UP "90\n" METRIC
                                             "highest_timestamp_in_seconds 100\n",
                                      &figures);

    assert_true(figures[0].newest == 100);
    assert_true(figures[1].newest == 90);
    queues_free(queues);
}

static void numbers_that_cannot_be_are_passed_over(void **state) {
    const struct queue_figures *figures = NULL;
    struct queues *queues = read_both(
        METRIC "samples_total" UP "NaN\n" METRIC "samples_failed_total" UP "-1\n" METRIC
               "samples_pending" UP "+Inf\n" METRIC
               "highest_timestamp_in_seconds -9.223372036854776e+15\n" METRIC "shards" UP "2\n",
        &figures);

    assert_true(figures[1].attempted == 0);
    assert_true(figures[1].failed == 0);
    assert_true(figures[1].pending == 0);
    assert_true(figures[1].newest == 0);
    assert_true(figures[1].shards == 2);
    queues_free(queues);
}

static void odd_names_are_found(void **state) {
    static const char *const names[] = {"a \"quoted\"\\\n", "z"};
    const struct queue_figures *figures = NULL;
    struct queues *queues = queues_new(names, 2);

    assert_int_equal(queues_feed(queues, BYTES(METRIC "shards{remote_name=\"a \\\"quoted\\\"\\\\\\n"
                                                      "\"} 3\n")),
                     0);
    assert_int_equal(queues_end(queues, &figures), 0);

    assert_true(figures[0].shards == 3);
    queues_free(queues);
}

static void a_text_that_is_cut_gives_no_figures(void **state) {
    const struct queue_figures *figures = NULL;
    struct queues *queues = queues_new(both, 2);

    assert_int_equal(queues_feed(queues, BYTES(METRIC "shards" UP "2\n" METRIC "sha")), 0);

    assert_int_equal(queues_end(queues, &figures), -EBADMSG);
    assert_null(figures);
    queues_free(queues);
}

static void what_are_no_metrics_gives_no_figures(void **state) {
    struct queues *queues = queues_new(both, 2);

    assert_int_equal(queues_feed(queues, BYTES("<html>\n")), -EBADMSG);

    queues_free(queues);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_figure_is_its_metric_of_that_name),
        cmocka_unit_test(native_histograms_count_as_samples),
        cmocka_unit_test(series_with_a_reason_each_are_summed_up),
        cmocka_unit_test(a_name_of_no_queue_is_not_known),
        cmocka_unit_test(the_newest_sample_is_that_of_the_queue_where_it_is_told),
        cmocka_unit_test(numbers_that_cannot_be_are_passed_over),
        cmocka_unit_test(odd_names_are_found),
        cmocka_unit_test(a_text_that_is_cut_gives_no_figures),
        cmocka_unit_test(what_are_no_metrics_gives_no_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
