/* SPDX-License-Identifier: Apache-2.0 */

/* The web server on a loop, and clients of every kind on the same loop, byte by byte. */

#include "support/loop.h"
#include "support/web_house.h"

#include "base/compiler.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNECTIONS 4U

/* --- requests ------------------------------------------------------------------------------- */

static void each_endpoint_is_served(void **state) {
    struct house *house = *state;
    static const struct {
        const char *request;
        const char *status;
        const char *part;
    } cases[] = {
        {REQUEST("GET", "/"), "HTTP/1.1 200 ", "<!DOCTYPE html>"},
        {REQUEST("GET", "/?x=1"), "HTTP/1.1 200 ", "<!DOCTYPE html>"},
        {REQUEST("GET", "/metrics"), "HTTP/1.1 200 ", "\nreloader_watches 4\n"},
        {REQUEST("GET", "/healthz"), "HTTP/1.1 200 ", "\r\n\r\n{\"status\":\"up\"}"},
        {REQUEST("GET", "/readyz"), "HTTP/1.1 200 ", "\r\n\r\nready\n"},
        {REQUEST("GET", "/api/v1/status"), "HTTP/1.1 200 ", "Content-Type: application/json\r\n"},
        {REQUEST("POST", "/-/reload"), "HTTP/1.1 200 ", "reload requested"},
        {REQUEST("GET", "/-/reload"), "HTTP/1.1 405 ", "Allow: POST\r\n"},
        {REQUEST("DELETE", "/metrics"), "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n"},
        {REQUEST("GET", "/etc/passwd"), "HTTP/1.1 404 ", "not found"},
    };

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(leave) struct visitor visitor;
        const char *heard = ask(house, &visitor, cases[i].request);
        assert_ptr_equal(strstr(heard, cases[i].status), heard);
        assert_non_null(strstr(heard, cases[i].part));
    }
    assert_int_equal(house->reloads, 1);
}

static void a_head_request_gets_the_header_alone(void **state) {
    struct house *house = *state;
    CLEANUP(leave) struct visitor visitor;

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    const char *heard = ask(house, &visitor, REQUEST("HEAD", "/metrics"));

    assert_ptr_equal(strstr(heard, "HTTP/1.1 200 "), heard);
    assert_string_equal(strstr(heard, "\r\n\r\n"), "\r\n\r\n");
}

static void every_answer_has_the_security_headers(void **state) {
    struct house *house = *state;
    static const char *const requests[] = {REQUEST("GET", "/"), REQUEST("GET", "/metrics"),
                                           REQUEST("GET", "/no"), REQUEST("GET", "/-/reload")};

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        CLEANUP(leave) struct visitor visitor;
        const char *heard = ask(house, &visitor, requests[i]);
        assert_non_null(strstr(heard, "Content-Security-Policy: default-src 'none';"));
        assert_non_null(strstr(heard, "X-Content-Type-Options: nosniff\r\n"));
        assert_non_null(strstr(heard, "X-Frame-Options: DENY\r\n"));
        assert_non_null(strstr(heard, "Referrer-Policy: no-referrer\r\n"));
        assert_non_null(strstr(heard, "Cache-Control: no-store\r\n"));
    }
}

static void the_page_s_style_has_the_nonce_of_its_policy(void **state) {
    struct house *house = *state;
    CLEANUP(leave) struct visitor first;
    CLEANUP(leave) struct visitor second;
    const size_t length = strlen("nonce-") + 32;

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    const char *policy = strstr(ask(house, &first, REQUEST("GET", "/")), "nonce-");
    const char *other = strstr(ask(house, &second, REQUEST("GET", "/")), "nonce-");

    assert_non_null(policy);
    const char *style = strstr(policy, "<style nonce=\"");
    assert_non_null(style);
    assert_memory_equal(style + strlen("<style nonce=\""), policy + strlen("nonce-"), 32);
    assert_memory_not_equal(policy, other, length);
}

static void a_body_that_is_sent_is_thrown_away(void **state) {
    struct house *house = *state;
    CLEANUP(leave) struct visitor visitor;

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    const char *heard = ask(house, &visitor,
                            "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            "Content-Length: 5\r\n\r\nhello");

    assert_ptr_equal(strstr(heard, "HTTP/1.1 200 "), heard);
    assert_int_equal(house->reloads, 1);
}

static void every_address_means_ipv4_too(void **state) {
    struct house *house = *state;
    CLEANUP(leave) struct visitor visitor;

    house_opens(house, ":0", (struct web_limits){0});
    const char *heard = ask(house, &visitor, REQUEST("GET", "/healthz"));

    assert_ptr_equal(strstr(heard, "HTTP/1.1 200 "), heard);
}

/* Prometheus Operator passes localhost:8080 for listenLocal. */
static void host_names_are_listened_on(void **state) {
    struct house *house = *state;
    CLEANUP(leave) struct visitor visitor;

    house_opens(house, "localhost:0", (struct web_limits){0});
    const char *heard = ask(house, &visitor, REQUEST("GET", "/healthz"));

    assert_ptr_equal(strstr(heard, "HTTP/1.1 200 "), heard);
}

static void what_cannot_be_resolved_or_bound_says_why(void **state) {
    static const struct {
        const char *address;
        const char *words;
    } cases[] = {
        {"no-such-host.invalid:0", "Name or service not known"},
        {"localhost:no-such-service", "Servname not supported for ai_socktype"},
        {"192.0.2.1:0", "Cannot assign requested address"},
        {"256.0.0.1:0", "Name or service not known"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct address address;
        int socket = -1;
        assert_null(address_parse(bytes_of(cases[i].address), &address));
        assert_string_equal(web_listen(&address, &socket), cases[i].words);
    }
}

static void a_port_that_is_taken_is_an_error(void **state) {
    struct house *house = *state;
    struct address address;
    int socket = -1;

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    assert_null(address_parse(BYTES("127.0.0.1:0"), &address));
    snprintf(address.service, sizeof(address.service), "%u", house->port);

    assert_string_equal(web_listen(&address, &socket), "Address already in use");
}

/* --- clients that are no friends ------------------------------------------------------------ */

static void what_is_no_http_is_refused_and_the_next_one_is_served(void **state) {
    struct house *house = *state;
    static const char *const streams[] = {
        "\r\n\r\n\r\n\r\nnonsense\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 tls?\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    };

    house_opens(house, "127.0.0.1:0", (struct web_limits){.request_timeout = 300});
    for (size_t i = 0; i < ARRAY_LENGTH(streams); i++) {
        CLEANUP(leave) struct visitor visitor = visit(house);
        say(&visitor, streams[i]);
        assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));
        assert_null(strstr(buffer_string(&visitor.heard), " 200 "));
        CLEANUP(leave) struct visitor next;
        assert_non_null(strstr(ask(house, &next, REQUEST("GET", "/healthz")), " 200 "));
    }
    assert_int_equal(house->reloads, 0);
}

static void a_path_or_a_header_beyond_bounds_is_refused(void **state) {
    struct house *house = *state;
    static const size_t lengths[] = {2000, 60000};

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        CLEANUP(buffer_free) struct buffer request = {0};
        CLEANUP(leave) struct visitor visitor;
        buffer_append_string(&request, "GET /");
        buffer_append_repeated(&request, 'a', lengths[i]);
        buffer_append_string(&request, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        const char *heard = ask(house, &visitor, buffer_string(&request));
        /* The longer one may be cut off before its answer is read. */
        assert_null(strstr(heard, " 200 "));
        assert_null(strstr(heard, " 404 "));
    }
}

static void a_body_beyond_bounds_is_cut_off(void **state) {
    struct house *house = *state;
    CLEANUP(buffer_free) struct buffer request = {0};
    CLEANUP(leave) struct visitor visitor;

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    buffer_append_string(&request,
                         "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
    buffer_append_repeated(&request, 'a', 200000);
    ask(house, &visitor, buffer_string(&request));

    assert_int_equal(house->reloads, 0);
}

static void a_client_that_says_nothing_is_sent_away(void **state) {
    struct house *house = *state;
    CLEANUP(leave) struct visitor visitor;

    house_opens(house, "127.0.0.1:0", (struct web_limits){.request_timeout = 100});
    ask(house, &visitor, "");

    assert_int_equal(visitor.heard.length, 0);
}

struct dripping {
    struct visitor *visitor;
    unsigned drops;
};

/* A byte every few milliseconds: never idle, never done. */
static bool drips_until_closed(void *context) {
    struct dripping *dripping = context;

    say(dripping->visitor, dripping->drops++ == 0 ? "GET / HTTP/1.1\r\nX: " : "a");
    return is_closed(dripping->visitor);
}

static void a_client_that_drips_bytes_is_sent_away(void **state) {
    struct house *house = *state;
    struct dripping dripping = {.visitor = NULL};

    house_opens(house, "127.0.0.1:0", (struct web_limits){.request_timeout = 200});
    CLEANUP(leave) struct visitor visitor = visit(house);
    dripping.visitor = &visitor;

    assert_true(loop_until(&house->loop, drips_until_closed, &dripping, LOOP_DEADLINE));
    assert_true(dripping.drops > 2);
}

static void a_request_on_a_kept_connection_has_its_own_time(void **state) {
    struct house *house = *state;

    house_opens(house, "127.0.0.1:0", (struct web_limits){.request_timeout = 2000});
    CLEANUP(leave) struct visitor visitor = visit(house);
    for (unsigned i = 0; i < 3; i++) {
        buffer_clear(&visitor.heard);
        say(&visitor, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(loop_until(&house->loop, has_heard, &visitor, LOOP_DEADLINE));
        assert_false(visitor.closed);
    }
    assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));
}

static void those_beyond_the_limit_wait_until_one_is_free(void **state) {
    struct house *house = *state;
    struct visitor idle[CONNECTIONS];

    house_opens(house, "127.0.0.1:0",
                (struct web_limits){.connections = CONNECTIONS, .request_timeout = 60000});
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        idle[i] = visit(house);
    }
    loop_for(&house->loop, 20);
    CLEANUP(leave) struct visitor late = visit(house);
    say(&late, REQUEST("GET", "/healthz"));
    loop_for(&house->loop, 50);
    assert_false(has_heard(&late));

    leave(&idle[0]);

    assert_true(loop_until(&house->loop, has_heard, &late, LOOP_DEADLINE));
    for (unsigned i = 1; i < CONNECTIONS; i++) {
        leave(&idle[i]);
    }
}

static void clients_that_hold_every_connection_do_not_hold_them_for_long(void **state) {
    struct house *house = *state;
    struct visitor idle[3 * CONNECTIONS];

    house_opens(house, "127.0.0.1:0",
                (struct web_limits){.connections = CONNECTIONS, .request_timeout = 50});
    for (unsigned i = 0; i < ARRAY_LENGTH(idle); i++) {
        idle[i] = visit(house);
        say(&idle[i], "GET / HTTP/1.1\r\n");
    }
    CLEANUP(leave) struct visitor late;
    const char *heard = ask(house, &late, REQUEST("GET", "/healthz"));

    assert_ptr_equal(strstr(heard, "HTTP/1.1 200 "), heard);
    for (unsigned i = 0; i < ARRAY_LENGTH(idle); i++) {
        leave(&idle[i]);
    }
}

/* --- idle, and the end ---------------------------------------------------------------------- */

static void count_turn(uv_check_t *handle) {
    unsigned *turns = handle->data;

    (*turns)++;
}

static void on_end(uv_timer_t *timer) {
    (void)timer;
}

static void an_idle_server_wakes_nobody(void **state) {
    struct house *house = *state;
    CLEANUP(leave) struct visitor visitor;
    unsigned turns = 0;
    uv_check_t check;
    uv_timer_t end;

    house_opens(house, "127.0.0.1:0", (struct web_limits){.request_timeout = 50});
    ask(house, &visitor, REQUEST("GET", "/metrics"));
    loop_for(&house->loop, 20);
    uv_check_init(&house->loop, &check);
    check.data = &turns;
    uv_check_start(&check, count_turn);
    uv_unref((uv_handle_t *)&check);
    uv_timer_init(&house->loop, &end);
    uv_timer_start(&end, on_end, 300, 0);
    uv_run(&house->loop, UV_RUN_DEFAULT);

    /* The timer's own turn. */
    assert_true(turns <= 2);
    uv_close((uv_handle_t *)&check, NULL);
    uv_close((uv_handle_t *)&end, NULL);
    uv_run(&house->loop, UV_RUN_NOWAIT);
}

static void a_server_that_is_closed_ends_its_connections(void **state) {
    struct house *house = *state;

    house_opens(house, "127.0.0.1:0", (struct web_limits){0});
    CLEANUP(leave) struct visitor visitor = visit(house);
    say(&visitor, "GET / HTTP/1.1\r\n");
    loop_for(&house->loop, 20);
    web_server_close(house->server);
    house->server = NULL;

    assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_endpoint_is_served),
        TEST(a_head_request_gets_the_header_alone),
        TEST(every_answer_has_the_security_headers),
        TEST(the_page_s_style_has_the_nonce_of_its_policy),
        TEST(a_body_that_is_sent_is_thrown_away),
        TEST(every_address_means_ipv4_too),
        TEST(host_names_are_listened_on),
        TEST(what_cannot_be_resolved_or_bound_says_why),
        TEST(a_port_that_is_taken_is_an_error),
        TEST(what_is_no_http_is_refused_and_the_next_one_is_served),
        TEST(a_path_or_a_header_beyond_bounds_is_refused),
        TEST(a_body_beyond_bounds_is_cut_off),
        TEST(a_client_that_says_nothing_is_sent_away),
        TEST(a_client_that_drips_bytes_is_sent_away),
        TEST(a_request_on_a_kept_connection_has_its_own_time),
        TEST(those_beyond_the_limit_wait_until_one_is_free),
        TEST(clients_that_hold_every_connection_do_not_hold_them_for_long),
        TEST(an_idle_server_wakes_nobody),
        TEST(a_server_that_is_closed_ends_its_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
