/* SPDX-License-Identifier: Apache-2.0 */

/* Answers that come later: the hook holds requests, and ends the holds when a test says so. */

#include "support/loop.h"
#include "support/web_fixture.h"
#include "support/web_house.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOLDS 80U

/* The hook. */
struct doorman {
    struct house *house;
    struct web_hold *holds[HOLDS];
    unsigned count; /* of the holds that were taken */
    unsigned asked;
    unsigned wanted; /* what is_full waits for */
    bool at_once;    /* a hold ends in the call that takes it */
    bool never;      /* none is taken */
    char path[64];   /* of the last request */
};

static void fill(struct web_view *ret, struct arena *arena UNUSED, void *context UNUSED) {
    view_example(ret);
}

static void ignore_reload(void *context UNUSED) {
}

static bool on_prepare(struct web_hold *hold, const char *path, void *context) {
    struct doorman *doorman = context;

    doorman->asked++;
    strncpy(doorman->path, path, sizeof(doorman->path) - 1);
    if (doorman->never) {
        return false;
    }
    if (doorman->at_once) {
        web_hold_end(hold);
        return true;
    }
    assert_true(doorman->count < HOLDS);
    doorman->holds[doorman->count++] = hold;
    return true;
}

static void opens(struct house *house, struct doorman *doorman, struct web_limits limits) {
    const struct web_hooks hooks = {
        .view = fill, .prepare = on_prepare, .reload = ignore_reload, .context = doorman};

    doorman->house = house;
    /* Later than what the tests wait for: nothing but the end of a hold may wake the server. */
    limits.request_timeout = 10 * LOOP_DEADLINE;
    house_opens_with(house, "127.0.0.1:0", limits, &hooks);
}

static void end_all(struct doorman *doorman) {
    for (unsigned i = 0; i < doorman->count; i++) {
        web_hold_end(doorman->holds[i]);
    }
    doorman->count = 0;
}

static bool is_full(void *context) {
    const struct doorman *doorman = context;

    return doorman->count >= doorman->wanted;
}

static void until_held(struct doorman *doorman, unsigned count) {
    doorman->wanted = count;
    assert_true(loop_until(&doorman->house->loop, is_full, doorman, LOOP_DEADLINE));
}

/* Says the request, and waits until one more is held. */
static struct visitor held(struct doorman *doorman, const char *request) {
    struct visitor visitor = visit(doorman->house);

    say(&visitor, request);
    until_held(doorman, doorman->count + 1);
    return visitor;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void a_held_answer_comes_when_the_hold_ends(void **state) {
    struct house *house = *state;
    struct doorman doorman = {0};
    opens(house, &doorman, (struct web_limits){0});
    CLEANUP(leave) struct visitor visitor = held(&doorman, REQUEST("GET", "/metrics?x=1"));
    loop_for(&house->loop, 20);
    assert_false(has_heard(&visitor));

    end_all(&doorman);

    assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));
    assert_non_null(strstr(buffer_string(&visitor.heard), "\nreloader_watches 4\n"));
    assert_string_equal(doorman.path, "/metrics");
    assert_int_equal(doorman.asked, 1);
}

static void others_are_served_while_answers_are_held(void **state) {
    struct house *house = *state;
    struct doorman doorman = {0};
    CLEANUP(leave) struct visitor other;
    opens(house, &doorman, (struct web_limits){0});
    CLEANUP(leave) struct visitor visitor = held(&doorman, REQUEST("GET", "/"));

    const char *heard = ask(house, &other, REQUEST("GET", "/healthz"));

    assert_ptr_equal(strstr(heard, "HTTP/1.1 200 "), heard);
    assert_false(has_heard(&visitor));
    end_all(&doorman);
    assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));
}

static void only_what_shows_a_view_is_asked_about(void **state) {
    struct house *house = *state;
    struct doorman doorman = {.never = true};
    static const struct {
        const char *request;
        unsigned asked;
    } cases[] = {
        {REQUEST("GET", "/"), 1},           {REQUEST("HEAD", "/metrics"), 1},
        {REQUEST("GET", "/readyz"), 1},     {REQUEST("GET", "/api/v1/status"), 1},
        {REQUEST("GET", "/healthz"), 0},    {REQUEST("POST", "/-/reload"), 0},
        {REQUEST("DELETE", "/metrics"), 0}, {REQUEST("GET", "/nowhere"), 0},
    };

    opens(house, &doorman, (struct web_limits){0});
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(leave) struct visitor visitor;
        doorman.asked = 0;
        ask(house, &visitor, cases[i].request);
        assert_int_equal(doorman.asked, cases[i].asked);
        assert_true(visitor.heard.length > 0);
    }
}

static void a_hold_may_end_in_the_call_that_takes_it(void **state) {
    struct house *house = *state;
    struct doorman doorman = {.at_once = true};
    CLEANUP(leave) struct visitor visitor;
    opens(house, &doorman, (struct web_limits){0});

    const char *heard = ask(house, &visitor, REQUEST("GET", "/metrics"));

    assert_ptr_equal(strstr(heard, "HTTP/1.1 200 "), heard);
    assert_int_equal(doorman.asked, 1);
}

static void each_request_of_a_kept_connection_is_held_anew(void **state) {
    struct house *house = *state;
    struct doorman doorman = {0};
    opens(house, &doorman, (struct web_limits){0});
    CLEANUP(leave) struct visitor visitor = visit(house);

    for (unsigned i = 0; i < 3; i++) {
        buffer_clear(&visitor.heard);
        say(&visitor, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
        until_held(&doorman, 1);
        end_all(&doorman);
        assert_true(loop_until(&house->loop, has_heard, &visitor, LOOP_DEADLINE));
    }
    assert_int_equal(doorman.asked, 3);
}

static void a_client_may_go_while_it_is_held(void **state) {
    struct house *house = *state;
    struct doorman doorman = {0};
    CLEANUP(leave) struct visitor next;
    opens(house, &doorman, (struct web_limits){0});
    struct visitor visitor = held(&doorman, REQUEST("GET", "/metrics"));

    leave(&visitor);
    loop_for(&house->loop, 20);
    end_all(&doorman);

    doorman.never = true;
    assert_non_null(strstr(ask(house, &next, REQUEST("GET", "/metrics")), " 200 "));
}

static void as_many_as_there_may_be_are_held_at_once(void **state) {
    struct house *house = *state;
    struct doorman doorman = {0};
    struct visitor visitors[HOLDS];
    const unsigned connections = 64;
    opens(house, &doorman, (struct web_limits){.connections = connections});
    for (unsigned i = 0; i < HOLDS; i++) {
        visitors[i] = visit(house);
        say(&visitors[i], REQUEST("GET", "/"));
    }
    until_held(&doorman, connections);

    end_all(&doorman);
    until_held(&doorman, HOLDS - connections);
    end_all(&doorman);

    for (unsigned i = 0; i < HOLDS; i++) {
        assert_true(loop_until(&house->loop, is_closed, &visitors[i], LOOP_DEADLINE));
        assert_non_null(strstr(buffer_string(&visitors[i].heard), "</html>"));
        leave(&visitors[i]);
    }
    assert_int_equal(doorman.asked, HOLDS);
}

static void one_that_is_held_for_too_long_is_cut_off(void **state) {
    struct house *house = *state;
    struct doorman doorman = {0};
    CLEANUP(leave) struct visitor next;
    opens(house, &doorman, (struct web_limits){.connections = 1, .answer_timeout = 50});
    CLEANUP(leave) struct visitor visitor = held(&doorman, REQUEST("GET", "/metrics"));

    assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));

    assert_int_equal(visitor.heard.length, 0);
    assert_non_null(strstr(ask(house, &next, REQUEST("GET", "/healthz")), " 200 "));
    end_all(&doorman);
}

static void a_server_may_be_closed_while_requests_are_held(void **state) {
    struct house *house = *state;
    struct doorman doorman = {0};
    opens(house, &doorman, (struct web_limits){0});
    CLEANUP(leave) struct visitor first = held(&doorman, REQUEST("GET", "/metrics"));
    CLEANUP(leave) struct visitor second = held(&doorman, REQUEST("GET", "/"));

    web_server_close(house->server);
    house->server = NULL;
    loop_for(&house->loop, 20);
    end_all(&doorman);

    assert_true(loop_until(&house->loop, is_closed, &first, LOOP_DEADLINE));
    assert_true(loop_until(&house->loop, is_closed, &second, LOOP_DEADLINE));
    assert_int_equal(first.heard.length, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_held_answer_comes_when_the_hold_ends),
        TEST(others_are_served_while_answers_are_held),
        TEST(only_what_shows_a_view_is_asked_about),
        TEST(a_hold_may_end_in_the_call_that_takes_it),
        TEST(each_request_of_a_kept_connection_is_held_anew),
        TEST(a_client_may_go_while_it_is_held),
        TEST(as_many_as_there_may_be_are_held_at_once),
        TEST(one_that_is_held_for_too_long_is_cut_off),
        TEST(a_server_may_be_closed_while_requests_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
