/* SPDX-License-Identifier: Apache-2.0 */

/* Basic authentication on a loop: how often a bcrypt is computed, and who waits for it. And TLS
 * handshakes that lead nowhere. */

#include "base/compiler.h"
#include "base/memory.h"
#include "spec/base64.h"
#include "support/assertions.h"
#include "support/certificates.h"
#include "support/loop.h"
#include "support/tempdir.h"
#include "support/web_fixture.h"
#include "support/web_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHEAP 4U
#define DEAR  12U /* long enough for others to come by meanwhile */

static void write_users(struct house *house, const char *password, unsigned cost) {
    CLEANUP(memory_freep) char *hash = bcrypt_hash(password, cost);
    CLEANUP(buffer_free) struct buffer text = {0};

    buffer_printf(&text, "basic_auth_users:\n  alice: %s\n", hash);
    house_config(house, buffer_string(&text));
}

/* alice has the password "right". */
static void opens(struct house *house, unsigned cost, struct web_limits limits) {
    write_users(house, "right", cost);
    house_opens(house, "127.0.0.1:0", limits);
}

static void append_request(struct buffer *out, struct bytes credentials) {
    buffer_append_string(out, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                              "Authorization: Basic ");
    base64_encode(credentials, out);
    buffer_append_string(out, "\r\n\r\n");
}

static void say_as(const struct visitor *visitor, const char *credentials) {
    CLEANUP(buffer_free) struct buffer request = {0};

    append_request(&request, bytes_of(credentials));
    say(visitor, buffer_string(&request));
}

/* The status that is answered to "user:password". */
static long asked_as_bytes(struct house *house, struct bytes credentials) {
    CLEANUP(buffer_free) struct buffer request = {0};
    CLEANUP(leave) struct visitor visitor;

    append_request(&request, credentials);
    const char *heard = ask(house, &visitor, buffer_string(&request));
    return strncmp(heard, "HTTP/1.1 ", 9) == 0 ? strtol(heard + 9, NULL, 10) : 0;
}

static long asked_as(struct house *house, const char *credentials) {
    return asked_as_bytes(house, bytes_of(credentials));
}

static bool has_computed(void *context) {
    const struct house *house = context;

    return web_server_bcrypts(house->server) > 0;
}

/* --- what is computed ----------------------------------------------------------------------- */

static void a_password_that_was_right_is_not_computed_again(void **state) {
    struct house *house = *state;
    opens(house, CHEAP, (struct web_limits){0});

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(asked_as(house, "alice:right"), 200);
    }

    assert_int_equal(web_server_bcrypts(house->server), 1);
}

static void nor_is_one_that_was_wrong(void **state) {
    struct house *house = *state;
    opens(house, CHEAP, (struct web_limits){0});

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(asked_as(house, "alice:wrong"), 401);
    }

    assert_int_equal(web_server_bcrypts(house->server), 1);
}

static void a_user_that_there_is_not_costs_as_much(void **state) {
    struct house *house = *state;
    opens(house, CHEAP, (struct web_limits){0});

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(asked_as(house, "bob:right"), 401);
    }
    assert_int_equal(web_server_bcrypts(house->server), 1);
    assert_int_equal(asked_as(house, "carol:right"), 401);

    assert_int_equal(web_server_bcrypts(house->server), 2);
}

static void what_is_no_credentials_costs_nothing(void **state) {
    struct house *house = *state;
    static const char *const headers[] = {
        "",
        "Authorization: Bearer YWxpY2U6cmlnaHQ=\r\n",
        "Authorization: Basic\r\n",
        "Authorization: Basic ???\r\n",
        "Authorization: Basic YWxpY2U=\r\n", /* no colon */
    };

    opens(house, CHEAP, (struct web_limits){0});
    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
        CLEANUP(buffer_free) struct buffer request = {0};
        CLEANUP(leave) struct visitor visitor;
        buffer_printf(&request, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
                      headers[i]);
        assert_non_null(strstr(ask(house, &visitor, buffer_string(&request)), " 401 "));
    }
    assert_int_equal(web_server_bcrypts(house->server), 0);
}

static void a_password_with_more_behind_it_is_wrong(void **state) {
    struct house *house = *state;
    CLEANUP(buffer_free) struct buffer endless = {0};

    opens(house, CHEAP, (struct web_limits){0});
    buffer_append_string(&endless, "alice:right");
    buffer_append_repeated(&endless, 'x', 10000);

    assert_int_equal(asked_as_bytes(house, BYTES("alice:right\0")), 401);
    assert_int_equal(asked_as_bytes(house, BYTES("alice\0:right")), 401);
    assert_int_equal(asked_as_bytes(house, buffer_bytes(&endless)), 401);
    assert_int_equal(asked_as(house, "alice:right"), 200);
}

static void a_new_hash_is_computed_anew(void **state) {
    struct house *house = *state;
    opens(house, CHEAP, (struct web_limits){0});
    assert_int_equal(asked_as(house, "alice:right"), 200);

    write_users(house, "other", CHEAP);

    assert_int_equal(asked_as(house, "alice:right"), 401);
    assert_int_equal(asked_as(house, "alice:other"), 200);
    assert_int_equal(web_server_bcrypts(house->server), 3);
}

static void wrong_ones_push_no_right_one_out(void **state) {
    struct house *house = *state;
    const unsigned flood = 150;
    opens(house, CHEAP, (struct web_limits){0});
    assert_int_equal(asked_as(house, "alice:right"), 200);

    for (unsigned i = 0; i < flood; i++) {
        char credentials[32];
        snprintf(credentials, sizeof(credentials), "alice:%u", i);
        assert_int_equal(asked_as(house, credentials), 401);
    }

    assert_int_equal(asked_as(house, "alice:right"), 200);
    assert_int_equal(web_server_bcrypts(house->server), flood + 1);
}

static void many_that_come_at_once_with_one_password_need_one_computation(void **state) {
    struct house *house = *state;
    struct visitor visitors[8];
    opens(house, CHEAP, (struct web_limits){0});

    for (size_t i = 0; i < ARRAY_LENGTH(visitors); i++) {
        visitors[i] = visit(house);
        say_as(&visitors[i], "alice:right");
    }

    for (size_t i = 0; i < ARRAY_LENGTH(visitors); i++) {
        assert_true(loop_until(&house->loop, is_closed, &visitors[i], LOOP_DEADLINE));
        assert_non_null(strstr(buffer_string(&visitors[i].heard), " 200 "));
        leave(&visitors[i]);
    }
    assert_int_equal(web_server_bcrypts(house->server), 1);
}

/* --- who waits ------------------------------------------------------------------------------ */

static void a_flood_of_wrong_passwords_keeps_no_known_one_waiting(void **state) {
    struct house *house = *state;
    struct visitor flood[20];
    opens(house, DEAR, (struct web_limits){0});
    assert_int_equal(asked_as(house, "alice:right"), 200);
    for (size_t i = 0; i < ARRAY_LENGTH(flood); i++) {
        char credentials[32];
        flood[i] = visit(house);
        snprintf(credentials, sizeof(credentials), "alice:%zu", i);
        say_as(&flood[i], credentials);
    }

    assert_int_equal(asked_as(house, "alice:right"), 200);
    CLEANUP(leave) struct visitor nobody;
    assert_non_null(strstr(ask(house, &nobody, REQUEST("GET", "/")), " 401 "));

    /* Most of the flood still stood in line. */
    assert_between(web_server_bcrypts(house->server), 1, ARRAY_LENGTH(flood));
    assert_false(has_heard(&flood[ARRAY_LENGTH(flood) - 1]));
    for (size_t i = 0; i < ARRAY_LENGTH(flood); i++) {
        leave(&flood[i]);
    }
}

static void nobody_computes_for_those_that_were_cut_off(void **state) {
    struct house *house = *state;
    struct visitor flood[10];
    opens(house, DEAR, (struct web_limits){.answer_timeout = 1});
    for (size_t i = 0; i < ARRAY_LENGTH(flood); i++) {
        char credentials[32];
        flood[i] = visit(house);
        snprintf(credentials, sizeof(credentials), "alice:%zu", i);
        say_as(&flood[i], credentials);
    }

    for (size_t i = 0; i < ARRAY_LENGTH(flood); i++) {
        assert_true(loop_until(&house->loop, is_closed, &flood[i], LOOP_DEADLINE));
        leave(&flood[i]);
    }
    assert_between(web_server_bcrypts(house->server), 1, ARRAY_LENGTH(flood) - 1);
}

static void a_client_may_go_while_its_password_is_computed(void **state) {
    struct house *house = *state;
    opens(house, CHEAP, (struct web_limits){0});
    struct visitor visitor = visit(house);
    say_as(&visitor, "alice:right");
    assert_true(loop_until(&house->loop, has_computed, house, LOOP_DEADLINE));

    leave(&visitor);

    assert_int_equal(asked_as(house, "alice:right"), 200);
    assert_int_equal(web_server_bcrypts(house->server), 1);
}

static void a_server_may_be_closed_while_a_password_is_computed(void **state) {
    struct house *house = *state;
    opens(house, DEAR, (struct web_limits){0});
    CLEANUP(leave) struct visitor first = visit(house);
    CLEANUP(leave) struct visitor second = visit(house);
    say_as(&first, "alice:right");
    say_as(&second, "alice:wrong");
    assert_true(loop_until(&house->loop, has_computed, house, LOOP_DEADLINE));

    web_server_close(house->server);
    house->server = NULL;

    assert_true(loop_until(&house->loop, is_closed, &first, LOOP_DEADLINE));
    assert_true(loop_until(&house->loop, is_closed, &second, LOOP_DEADLINE));
    assert_int_equal(first.heard.length, 0);
}

/* The hook of a held view, after the password's hold on the same request. */
static bool on_prepare(struct web_hold *hold, const char *path UNUSED, void *context) {
    struct web_hold **kept = context;

    *kept = hold;
    return true;
}

static void fill(struct web_view *ret, struct arena *arena UNUSED, void *context UNUSED) {
    view_example(ret);
}

static bool is_kept(void *context) {
    struct web_hold *const *kept = context;

    return *kept != NULL;
}

static void the_hook_is_asked_after_the_password(void **state) {
    struct house *house = *state;
    struct web_hold *kept = NULL;
    const struct web_hooks hooks = {.view = fill, .prepare = on_prepare, .context = &kept};
    CLEANUP(leave) struct visitor stranger;
    write_users(house, "right", CHEAP);
    house_opens_with(house, "127.0.0.1:0", (struct web_limits){0}, &hooks);
    assert_non_null(strstr(ask(house, &stranger, REQUEST("GET", "/")), " 401 "));
    assert_null(kept);

    CLEANUP(leave) struct visitor visitor = visit(house);
    say(&visitor, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Authorization: basic YWxpY2U6cmlnaHQ=\r\n\r\n");
    assert_true(loop_until(&house->loop, is_kept, &kept, LOOP_DEADLINE));
    web_hold_end(kept);

    assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));
    assert_non_null(strstr(buffer_string(&visitor.heard), " 200 "));
}

/* --- handshakes ----------------------------------------------------------------------------- */

#define HELLO "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

static void opens_with_tls(struct house *house, struct web_limits limits) {
    house->folder = tempdir_new();
    certificate_make(house->folder, &(struct certificate){.name = "server"});
    house_config(house, "tls_server_config: {cert_file: server.pem, key_file: server.key}\n");
    house_opens(house, "127.0.0.1:0", limits);
}

static void a_handshake_that_never_begins_is_ended(void **state) {
    struct house *house = *state;
    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    opens_with_tls(house, (struct web_limits){.request_timeout = 100});
    CLEANUP(leave) struct visitor visitor = visit(house);

    assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));

    assert_int_equal(visitor.heard.length, 0);
}

struct dripping {
    struct visitor *visitor;
    unsigned drops;
};

static bool drips_until_closed(void *context) {
    struct dripping *dripping = context;

    say(dripping->visitor, dripping->drops++ == 0 ? HELLO : "a");
    return is_closed(dripping->visitor);
}

static void a_handshake_that_drips_is_ended(void **state) {
    struct house *house = *state;
    struct dripping dripping = {0};
    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    opens_with_tls(house, (struct web_limits){.request_timeout = 200});
    CLEANUP(leave) struct visitor visitor = visit(house);
    dripping.visitor = &visitor;

    assert_true(loop_until(&house->loop, drips_until_closed, &dripping, LOOP_DEADLINE));

    assert_true(dripping.drops > 2);
}

static void what_is_no_handshake_is_ended_and_the_next_one_comes(void **state) {
    struct house *house = *state;
    static const char *const streams[] = {REQUEST("GET", "/healthz"), "\r\n\r\n\r\n\r\n\r\n\r\n",
                                          "\x16\x03\x01\xff\xff garbage garbage garbage garbage",
                                          "SSH-2.0-OpenSSH_9.2\r\n"};
    if (!certificates_can_be_made()) {
        skip_because("openssl is not installed");
    }
    opens_with_tls(house, (struct web_limits){.connections = 1, .request_timeout = 200});

    for (size_t i = 0; i < ARRAY_LENGTH(streams); i++) {
        CLEANUP(leave) struct visitor visitor = visit(house);
        say(&visitor, streams[i]);
        assert_true(loop_until(&house->loop, is_closed, &visitor, LOOP_DEADLINE));
        assert_null(strstr(buffer_string(&visitor.heard), "HTTP"));
    }
}

/* --- idle ----------------------------------------------------------------------------------- */

static void count_turn(uv_check_t *handle) {
    unsigned *turns = handle->data;

    (*turns)++;
}

static void on_end(uv_timer_t *timer) {
    (void)timer;
}

static void an_idle_server_with_users_wakes_nobody(void **state) {
    struct house *house = *state;
    unsigned turns = 0;
    uv_check_t check;
    uv_timer_t end;
    opens(house, CHEAP, (struct web_limits){.request_timeout = 50});
    assert_int_equal(asked_as(house, "alice:right"), 200);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_password_that_was_right_is_not_computed_again),
        TEST(nor_is_one_that_was_wrong),
        TEST(a_user_that_there_is_not_costs_as_much),
        TEST(what_is_no_credentials_costs_nothing),
        TEST(a_password_with_more_behind_it_is_wrong),
        TEST(a_new_hash_is_computed_anew),
        TEST(wrong_ones_push_no_right_one_out),
        TEST(many_that_come_at_once_with_one_password_need_one_computation),
        TEST(a_flood_of_wrong_passwords_keeps_no_known_one_waiting),
        TEST(nobody_computes_for_those_that_were_cut_off),
        TEST(a_client_may_go_while_its_password_is_computed),
        TEST(a_server_may_be_closed_while_a_password_is_computed),
        TEST(the_hook_is_asked_after_the_password),
        TEST(a_handshake_that_never_begins_is_ended),
        TEST(a_handshake_that_drips_is_ended),
        TEST(what_is_no_handshake_is_ended_and_the_next_one_comes),
        TEST(an_idle_server_with_users_wakes_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
