/* SPDX-License-Identifier: Apache-2.0 */

/* One line an event, in two formats. */

#include "base/log.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The last line, its time cut out so that it can be compared. */
static char last[1000];
static size_t lines;

static void keep(const char *line, void *context) {
    const char *from = strstr(line, context);

    assert_non_null(from);
    strncpy(last, from, sizeof(last) - 1);
    lines++;
}

static void use(enum log_format format) {
    static char logfmt[] = "level=";
    static char json[] = "\"level\":";

    last[0] = '\0';
    lines = 0;
    log_configure(LOG_LEVEL_DEBUG, format);
    log_redirect(keep, format == LOG_FORMAT_JSON ? json : logfmt);
}

static int put_back(void **state) {
    log_redirect(NULL, NULL);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    return 0;
}

static void a_logfmt_line_has_level_message_and_fields(void **state) {
    use(LOG_FORMAT_LOGFMT);
    log_info("config written", LOG_STRING("file", "/a/b.yml"), LOG_INT("bytes", 42),
             LOG_SECONDS("took", INT64_C(1500000000)), LOG_BOOL("changed", true),
             LOG_BOOL("new", false));
    assert_string_equal(
        last,
        "level=info msg=\"config written\" file=/a/b.yml bytes=42 took=1.5 changed=true new=false");
}

static void a_json_line_has_level_message_and_fields(void **state) {
    use(LOG_FORMAT_JSON);
    log_warn("config written", LOG_STRING("file", "/a/b.yml"), LOG_INT("bytes", -42),
             LOG_SECONDS("took", INT64_C(-20000000)), LOG_BOOL("changed", true));
    assert_string_equal(
        last, "\"level\":\"warn\",\"msg\":\"config written\",\"file\":\"/a/b.yml\",\"bytes\":-42,"
              "\"took\":-0.02,\"changed\":true}");
}

static void logfmt_values_are_quoted_where_they_could_be_misread(void **state) {
    use(LOG_FORMAT_LOGFMT);
    log_error("x", LOG_STRING("a", ""), LOG_STRING("b", "x=y"), LOG_STRING("c", "q\"\\"),
              LOG_STRING("d", NULL), LOG_STRING("e", "caf\xc3\xa9"));
    assert_string_equal(
        last, "level=error msg=x a=\"\" b=\"x=y\" c=\"q\\\"\\\\\" d=null e=\"caf\xc3\xa9\"");
}

static void no_value_can_begin_a_new_line(void **state) {
    use(LOG_FORMAT_LOGFMT);
    log_debug("a\nb\r\t\x1b", LOG_STRING("v", "\xe2\x80\xa8\xff\xf0\x9f\xbf\xbe"));
    assert_string_equal(
        last, "level=debug msg=\"a\\nb\\r\\t\\u001b\" v=\"\\u2028\\ufffd\\ud83f\\udffe\"");
    assert_null(strchr(last, '\n'));
}

static void a_line_below_the_level_is_not_written(void **state) {
    use(LOG_FORMAT_LOGFMT);
    log_configure(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
    log_debug("x");
    log_info("x");
    assert_int_equal(lines, 0);
    assert_false(log_enabled(LOG_LEVEL_INFO));
    assert_true(log_enabled(LOG_LEVEL_WARN));
    log_warn("x");
    log_error("x");
    assert_int_equal(lines, 2);
}

static void seconds_have_as_many_digits_as_they_need(void **state) {
    use(LOG_FORMAT_LOGFMT);
    log_info("x", LOG_SECONDS("a", 0), LOG_SECONDS("b", INT64_C(3000000000)), LOG_SECONDS("c", 1),
             LOG_SECONDS("d", INT64_MIN));
    assert_string_equal(last, "level=info msg=x a=0 b=3 c=0.000000001 d=-9223372036.854775808");
}

/* What log_info writes to stderr. */
static void written_line(char *line, size_t size) {
    int ends[2];
    int saved = dup(STDERR_FILENO);

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_info("hello");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t length = read(ends[0], line, size - 1);
    close(ends[0]);
    line[length > 0 ? length : 0] = '\0';
}

static void a_line_begins_with_the_time_and_ends_with_a_newline(void **state) {
    char line[200];

    written_line(line, sizeof(line));
    assert_int_equal(strlen(line), strlen("ts=2006-01-02T15:04:05.000Z level=info msg=hello\n"));
    assert_memory_equal(line, "ts=20", 5);
    assert_int_equal(line[13], 'T');
    assert_int_equal(line[22], '.');
    assert_string_equal(line + 26, "Z level=info msg=hello\n");
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    written_line(line, sizeof(line));
    assert_memory_equal(line, "{\"ts\":\"20", 9);
    assert_string_equal(line + strlen(line) - 3, "\"}\n");
}

static void a_line_that_cannot_be_written_is_dropped(void **state) {
    int saved = dup(STDERR_FILENO);

    close(STDERR_FILENO);
    log_info("hello");
    dup2(saved, STDERR_FILENO);
    close(saved);
}

static void the_clocks_go_forward(void **state) {
    int64_t monotonic = clock_monotonic_nanoseconds();
    int64_t wall = clock_wall_milliseconds();

    assert_true(monotonic > 0);
    assert_true(clock_monotonic_nanoseconds() >= monotonic);
    /* After 2020. */
    assert_true(wall > INT64_C(1577836800000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_logfmt_line_has_level_message_and_fields, put_back),
        cmocka_unit_test_teardown(a_json_line_has_level_message_and_fields, put_back),
        cmocka_unit_test_teardown(logfmt_values_are_quoted_where_they_could_be_misread, put_back),
        cmocka_unit_test_teardown(no_value_can_begin_a_new_line, put_back),
        cmocka_unit_test_teardown(a_line_below_the_level_is_not_written, put_back),
        cmocka_unit_test_teardown(seconds_have_as_many_digits_as_they_need, put_back),
        cmocka_unit_test_teardown(a_line_begins_with_the_time_and_ends_with_a_newline, put_back),
        cmocka_unit_test_teardown(a_line_that_cannot_be_written_is_dropped, put_back),
        cmocka_unit_test_teardown(the_clocks_go_forward, put_back),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
