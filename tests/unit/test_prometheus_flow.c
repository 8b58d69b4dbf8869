/* SPDX-License-Identifier: Apache-2.0 */

/* What is made of one look at a queue after another. */

#include "base/compiler.h"
#include "prometheus/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The newest sample that Prometheus has. */
#define NOW 1795630071.0

#define A_LOOK INT64_C(15000) /* milliseconds, from one to the next */

/* A look, in short; NOW is the newest. */
#define LOOK(attempted_, retried_, failed_, bytes_, pending_, newest_sent_)                   \
    {                                                                                         \
        .known = true, .attempted = (attempted_), .retried = (retried_), .failed = (failed_), \
        .bytes = (bytes_), .pending = (pending_), .shards = 1, .newest_sent = (newest_sent_), \
        .newest = NOW                                                                         \
    }

#define LOOKS_MAX 4

struct story {
    const char *title;
    struct queue_figures looks[LOOKS_MAX]; /* those that are known */
    enum flow verdict;                     /* at the last one */
};

/* Figures of a 2.42 and a 3.5 are among them, as they were seen. */
static const struct story stories[] = {
    {"a first look at one that is well", {LOOK(9500, 0, 0, 188967, 352, NOW)}, FLOW_FLOWING},
    {"a first look at one whose remote end was never there",
     {LOOK(5500, 5000, 0, 0, 3499, 0)},
     FLOW_RETRYING},
    {"a first look at one whose remote end refuses everything",
     {LOOK(9500, 0, 9500, 188967, 352, NOW)},
     FLOW_FAILING},
    {"a first look at one that had a bad time long ago",
     {LOOK(100000, 500, 5000, 188967, 0, NOW)},
     FLOW_FLOWING},
    {"a first look at one that has not begun", {LOOK(0, 0, 0, 0, 0, 0)}, FLOW_IDLE},
    {"a first look at one whose first batch is on its way",
     {LOOK(500, 0, 0, 0, 700, 0)},
     FLOW_UNKNOWN},
    {"a first look at one that stopped an hour ago",
     {LOOK(50000, 3000, 0, 999, 20000, NOW - 3600)},
     FLOW_BEHIND},
    {"samples go on being sent",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2000, 0, 0, 2000, 9, NOW)},
     FLOW_FLOWING},
    {"nothing happened, and nothing waits",
     {LOOK(1000, 0, 0, 1000, 0, NOW), LOOK(1000, 0, 0, 1000, 0, NOW)},
     FLOW_FLOWING},
    {"nothing happened, but a batch is being filled",
     {LOOK(1000, 0, 0, 1000, 0, NOW - 30), LOOK(1000, 0, 0, 1000, 400, NOW - 30)},
     FLOW_FLOWING},
    {"there has been nothing to send for an hour",
     {LOOK(1000, 0, 0, 1000, 0, NOW - 3600), LOOK(1000, 0, 0, 1000, 0, NOW - 3600)},
     FLOW_IDLE},
    {"its relabeling drops everything",
     {LOOK(0, 0, 0, 0, 0, 0), {.known = true, .dropped = 5000, .newest = NOW}},
     FLOW_IDLE},
    {"samples are sent, but late",
     {LOOK(1000, 0, 0, 1000, 9000, NOW - 180), LOOK(2000, 0, 0, 2000, 9000, NOW - 180)},
     FLOW_BEHIND},
    {"exactly two minutes are not late",
     {LOOK(1000, 0, 0, 1000, 9000, NOW - 120), LOOK(2000, 0, 0, 2000, 9000, NOW - 120)},
     FLOW_FLOWING},
    {"samples wait, and nothing is tried, for long",
     {LOOK(1000, 0, 0, 1000, 9000, NOW - 180), LOOK(1000, 0, 0, 1000, 9000, NOW - 180)},
     FLOW_BEHIND},
    {"the remote end went away",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2500, 1000, 0, 1000, 900, NOW)},
     FLOW_RETRYING},
    {"... and nobody tries for half a minute",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2500, 1000, 0, 1000, 900, NOW),
      LOOK(2500, 1000, 0, 1000, 900, NOW)},
     FLOW_RETRYING},
    {"... and came back",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2500, 1000, 0, 1000, 900, NOW),
      LOOK(3500, 1000, 0, 2000, 9, NOW)},
     FLOW_FLOWING},
    {"the remote end takes some, and the rest at the next try",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(3000, 1000, 0, 1500, 900, NOW)},
     FLOW_FLOWING},
    {"the remote end refuses everything",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2000, 0, 1000, 2000, 9, NOW)},
     FLOW_FAILING},
    {"... and then there is nothing to send",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2000, 0, 1000, 2000, 0, NOW),
      LOOK(2000, 0, 1000, 2000, 0, NOW)},
     FLOW_FAILING},
    {"... and then it takes them again",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2000, 0, 1000, 2000, 9, NOW),
      LOOK(3000, 0, 1000, 3000, 9, NOW)},
     FLOW_FLOWING},
    {"the remote end refuses two of a hundred",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2000, 0, 20, 2000, 9, NOW)},
     FLOW_FAILING},
    {"the remote end refuses one of a hundred",
     {LOOK(1000, 0, 0, 1000, 9, NOW), LOOK(2000, 0, 10, 2000, 9, NOW)},
     FLOW_FLOWING},
    {"the queue begins anew, as its entry was changed",
     {LOOK(9000, 8000, 0, 1000, 9, NOW - 3600), LOOK(500, 0, 0, 100, 9, NOW)},
     FLOW_FLOWING},
    {"the queue begins anew, and fails as before",
     {LOOK(9000, 0, 9000, 1000, 9, NOW), LOOK(500, 0, 500, 100, 9, NOW)},
     FLOW_FAILING},
};

static struct flow_history seen(const struct story *story) {
    struct flow_history history = {.verdict = FLOW_UNKNOWN};

    for (size_t i = 0; i < LOOKS_MAX && story->looks[i].known; i++) {
        flow_see(&history, &story->looks[i], (int64_t)i * A_LOOK);
    }
    return history;
}

static void a_verdict_says_what_has_come_to_pass(void **state) {
    for (size_t i = 0; i < ARRAY_LENGTH(stories); i++) {
        struct flow_history history = seen(&stories[i]);
        if (history.verdict != stories[i].verdict) {
            fail_msg("%s: %s", stories[i].title, flow_name(history.verdict));
        }
    }
}

static void a_queue_that_is_gone_is_unknown_and_forgotten(void **state) {
    static const struct queue_figures failing = LOOK(9500, 0, 9500, 188967, 352, NOW);
    static const struct queue_figures gone = {.known = false};
    static const struct queue_figures back = LOOK(0, 0, 0, 0, 0, 0);
    struct flow_history history = {.verdict = FLOW_UNKNOWN};

    flow_see(&history, &failing, 0);
    flow_see(&history, &gone, A_LOOK);
    assert_int_equal(history.verdict, FLOW_UNKNOWN);
    flow_see(&history, &back, 2 * A_LOOK);

    assert_int_equal(history.verdict, FLOW_IDLE);
}

/* Somebody who looks every second sees no retry in most of them, but one within the window. */
static void who_looks_often_is_told_the_same(void **state) {
    struct queue_figures figures = LOOK(1000, 0, 0, 1000, 9, NOW);
    struct flow_history history = {.verdict = FLOW_UNKNOWN};

    flow_see(&history, &figures, 0);
    for (int64_t second = 1; second <= 60; second++) {
        if (second % 5 == 0) {
            figures.attempted += 500;
            figures.retried += 500;
        }
        flow_see(&history, &figures, second * 1000);
        if (second >= 5) {
            assert_int_equal(history.verdict, FLOW_RETRYING);
        }
    }
    figures.bytes += 100;
    flow_see(&history, &figures, 61000);

    assert_int_equal(history.verdict, FLOW_FLOWING);
}

static void what_was_sent_long_ago_counts_no_more(void **state) {
    struct queue_figures figures = LOOK(1000, 0, 0, 1000, 9, NOW);
    struct flow_history history = {.verdict = FLOW_UNKNOWN};

    flow_see(&history, &figures, 0);
    figures.bytes += 100;
    flow_see(&history, &figures, 4000);
    for (int64_t second = 5; second <= 20; second++) {
        figures.attempted += 500;
        figures.retried += 500;
        flow_see(&history, &figures, second * 1000);
    }

    assert_int_equal(history.verdict, FLOW_RETRYING);
}

/* --- what was sent -------------------------------------------------------------------------- */

static void attempts_in_vain_are_not_sent(void **state) {
    static const struct queue_figures never = LOOK(5500, 5000, 0, 0, 3499, 0);
    static const struct queue_figures some = LOOK(5500, 1000, 500, 100, 9, NOW);
    struct flow_history history = {.verdict = FLOW_UNKNOWN};

    flow_see(&history, &never, 0);
    assert_true(history.sent == 0);
    flow_see(&history, &some, A_LOOK);

    assert_true(history.sent == 4000);
}

/* A batch on its way counts until it is refused: a counter that went back would be taken for one
 * that began anew. */
static void what_was_sent_goes_back_only_as_the_queue_begins_anew(void **state) {
    static const struct queue_figures on_its_way = LOOK(1500, 0, 0, 1000, 500, NOW);
    static const struct queue_figures refused = LOOK(1500, 0, 500, 1500, 0, NOW);
    static const struct queue_figures anew = LOOK(200, 0, 0, 100, 0, NOW);
    struct flow_history history = {.verdict = FLOW_UNKNOWN};

    flow_see(&history, &on_its_way, 0);
    flow_see(&history, &refused, A_LOOK);
    assert_true(history.sent == 1500);
    flow_see(&history, &anew, 2 * A_LOOK);

    assert_true(history.sent == 200);
}

static void only_flowing_and_idle_are_good(void **state) {
    assert_true(flow_is_good(FLOW_FLOWING));
    assert_true(flow_is_good(FLOW_IDLE));
    assert_false(flow_is_good(FLOW_BEHIND));
    assert_false(flow_is_good(FLOW_RETRYING));
    assert_false(flow_is_good(FLOW_FAILING));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_says_what_has_come_to_pass),
        cmocka_unit_test(a_queue_that_is_gone_is_unknown_and_forgotten),
        cmocka_unit_test(who_looks_often_is_told_the_same),
        cmocka_unit_test(what_was_sent_long_ago_counts_no_more),
        cmocka_unit_test(attempts_in_vain_are_not_sent),
        cmocka_unit_test(what_was_sent_goes_back_only_as_the_queue_begins_anew),
        cmocka_unit_test(only_flowing_and_idle_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
