/* SPDX-License-Identifier: Apache-2.0 */

/* Clients of the built sidecar that are slow, huge, malformed, in a hurry, half gone, or a
 * thousand: its memory and its descriptors stay within bounds, Prometheus is reloaded all the same,
 * and whoever comes afterwards is served. */

#include "support/assertions.h"
#include "support/crowd.h"
#include "support/deadline.h"
#include "support/served_sidecar.h"
#include "support/tempdir.h"

#include "base/memory.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* docs/http.md */
#define CONNECTIONS       ((size_t)64)
#define CONNECTION_MEMORY ((size_t)32)        /* KiB */
#define UNTAKEN_MAX       ((size_t)16 * 1024) /* KiB */

/* What all connections may hold, and as much again for answers, the allocator and what else a
 * first request brings in. Kilobytes. The address sanitizer keeps 256 MiB of what was freed. */
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_BOUND ((size_t)512 * 1024)
#else
#define MEMORY_BOUND (2 * CONNECTIONS * CONNECTION_MEMORY)
#endif

#define CORPUS "tests/fuzz/corpus/fuzz_request"

struct siege {
    struct served_sidecar *sidecar;
    size_t resident; /* before it began */
    size_t descriptors;
};

static int setup(void **state) {
    struct siege *siege = memory_new(1, sizeof(*siege));

    siege->sidecar = served_sidecar_new();
    *state = siege;
    served_sidecar_fill(siege->sidecar, 3);
    if (!served_sidecar_start(siege->sidecar)) {
        return -1;
    }
    /* What each page needs once, it has now. */
    (void)served_sidecar_says(siege->sidecar, "/", "");
    (void)served_sidecar_says(siege->sidecar, "/metrics", "");
    siege->resident = served_sidecar_resident(siege->sidecar);
    siege->descriptors = served_sidecar_descriptors(siege->sidecar);
    return 0;
}

static int teardown(void **state) {
    struct siege *siege = *state;

    served_sidecar_free(siege->sidecar);
    free(siege);
    return 0;
}

static void assert_within_bounds(const struct siege *siege) {
    size_t resident = served_sidecar_resident(siege->sidecar);

    assert_true(resident > 0);
    if (resident > siege->resident + MEMORY_BOUND) {
        fail_msg("%zu kB before, %zu kB now", siege->resident, resident);
    }
    /* The last one may be in the middle of its farewell. */
    assert_between(served_sidecar_descriptors(siege->sidecar), 0,
                   siege->descriptors + CONNECTIONS + 2);
}

static bool is_served(const struct siege *siege) {
    return served_sidecar_says(siege->sidecar, "/healthz", "up");
}

/* --- many ----------------------------------------------------------------------------------- */

static bool reloads_under(struct crowd *crowd, const struct siege *siege, size_t reloads) {
    crowd_turn(crowd);
    return served_sidecar_reloads(siege->sidecar) >= reloads;
}

static void a_thousand_slow_clients_hold_up_nothing_but_each_other(void **state) {
    const struct siege *siege = *state;
    struct crowd *crowd = crowd_new(siege->sidecar->port, 1000, "GET / HTTP/1.1\r\nX: ");
    if (crowd == NULL) {
        skip_because("the limit of open files is too low (ulimit -Hn)");
    }

    for (unsigned i = 0; i < 20; i++) {
        size_t reloads = served_sidecar_reloads(siege->sidecar);
        served_sidecar_drop(siege->sidecar, "team-a", i % 2 == 0 ? "one" : "other");
        assert_true(WAIT_UNTIL(reloads_under(crowd, siege, reloads + 1), DEADLINE_USUAL));
        assert_within_bounds(siege);
    }
    assert_int_equal(crowd_present(crowd), 1000);

    crowd_free(crowd);
    assert_true(WAIT_UNTIL(is_served(siege), DEADLINE_USUAL));
    assert_within_bounds(siege);
}

/* Those in a hurry: they leave before they are answered, and come again. */
static void clients_that_come_and_go_leave_nothing_behind(void **state) {
    const struct siege *siege = *state;

    for (unsigned i = 0; i < 50; i++) {
        struct crowd *crowd = crowd_new(siege->sidecar->port, 100, "GET / HTTP/1.1\r\n\r\n");
        assert_non_null(crowd);
        crowd_turn(crowd);
        crowd_turn(crowd);
        crowd_free(crowd);
    }

    assert_true(WAIT_UNTIL(is_served(siege), DEADLINE_USUAL));
    assert_true(WAIT_UNTIL(served_sidecar_descriptors(siege->sidecar) <= siege->descriptors + 1,
                           DEADLINE_USUAL));
    assert_within_bounds(siege);
}

/* --- deaf ----------------------------------------------------------------------------------- */

/* A page of more than the kernel keeps for a client: the first ones are kept until they are taken;
 * beyond the bound others are told to come again, and hear it at once. */
static void answers_that_nobody_takes_do_not_pile_up(void **state) {
    struct siege *siege = *state;
    int clients[CONNECTIONS - 2]; /* somebody else has to come in */
    CLEANUP(buffer_free) struct buffer heard = {0};
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append_repeated(&path, 'a', (size_t)3 * 1024 * 1024);
    served_sidecar_drop(siege->sidecar, "team-a", buffer_string(&path));
    assert_true(
        WAIT_UNTIL(served_sidecar_says(siege->sidecar, "/", "monitoring/team-a"), DEADLINE_USUAL));
    const size_t resident = served_sidecar_resident(siege->sidecar);

    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
        clients[i] = client_connect_hard_of_hearing(siege->sidecar->port);
        assert_true(clients[i] >= 0);
        client_say(clients[i], BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    const int last = clients[ARRAY_LENGTH(clients) - 1];
    assert_true(WAIT_UNTIL(!client_hear(last, &heard) || heard.length > 0, DEADLINE_USUAL));
    assert_non_null(strstr(buffer_string(&heard), "HTTP/1.1 503 "));
    /* One more came on top, and the last one was there twice while it was made. */
    print_message("%zu kB before, %zu kB with answers that nobody takes\n", resident,
                  served_sidecar_resident(siege->sidecar));
    assert_between(served_sidecar_resident(siege->sidecar), 0,
                   resident + 2 * UNTAKEN_MAX + MEMORY_BOUND);
    assert_true(is_served(siege));

    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
        close(clients[i]);
    }
    assert_true(
        WAIT_UNTIL(served_sidecar_says(siege->sidecar, "/", "monitoring/team-a"), DEADLINE_USUAL));
}

/* --- huge ----------------------------------------------------------------------------------- */

/* Says the same again and again, until it is sent away or has said so much. */
static void pour(int client, const char *first, size_t limit) {
    CLEANUP(buffer_free) struct buffer piece = {0};
    CLEANUP(buffer_free) struct buffer heard = {0};
    struct deadline deadline = deadline_in(DEADLINE_USUAL);
    size_t said = 0;

    buffer_append_repeated(&piece, 'a', 65536);
    client_say(client, bytes_of(first));
    while (said < limit) {
        ssize_t count = client_say(client, buffer_bytes(&piece));
        if (count < 0 || !client_hear(client, &heard)) {
            return;
        }
        said += (size_t)count;
        assert_true(count > 0 || deadline_wait(&deadline));
    }
}

static void what_does_not_end_is_cut_off(void **state) {
    const struct siege *siege = *state;
    static const char *const beginnings[] = {
        "GET /",
        "GET / HTTP/1.1\r\nX: ",
        "a",
        "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    };
    const size_t reloads = served_sidecar_reloads(siege->sidecar);

    for (size_t i = 0; i < ARRAY_LENGTH(beginnings); i++) {
        int client = client_connect(siege->sidecar->port);
        assert_true(client >= 0);
        pour(client, beginnings[i], SIZE_MAX);
        assert_within_bounds(siege);
        assert_true(is_served(siege));
        close(client);
    }
    assert_int_equal(served_sidecar_reloads(siege->sidecar), reloads);
}

/* --- in a hurry ----------------------------------------------------------------------------- */

static size_t count_of(struct buffer *heard, const char *text) {
    size_t count = 0;

    for (const char *at = buffer_string(heard); (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static bool says_and_hears(int client, struct bytes *words, struct buffer *heard) {
    ssize_t said = words->length > 0 ? client_say(client, *words) : 0;

    if (said > 0) {
        *words = bytes_slice(*words, (size_t)said, words->length);
    }
    return client_hear(client, heard);
}

static void pipelined_requests_are_answered_one_after_the_other(void **state) {
    const struct siege *siege = *state;
    const size_t count = 1000;
    CLEANUP(buffer_free) struct buffer requests = {0};
    CLEANUP(buffer_free) struct buffer heard = {0};
    for (size_t i = 1; i < count; i++) {
        buffer_append_string(&requests, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    buffer_append_string(&requests,
                         "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    struct bytes words = buffer_bytes(&requests);
    int client = client_connect(siege->sidecar->port);
    assert_true(client >= 0);

    /* First without hearing any: nothing piles up but in the kernel. */
    struct bytes unheard = words;
    for (unsigned i = 0; i < 100; i++) {
        ssize_t said = client_say(client, unheard);
        assert_true(said >= 0);
        unheard = bytes_slice(unheard, (size_t)said, unheard.length);
        assert_true(is_served(siege));
    }
    assert_within_bounds(siege);
    words = unheard;
    assert_true(WAIT_UNTIL(!says_and_hears(client, &words, &heard), DEADLINE_USUAL));
    assert_int_equal(count_of(&heard, "HTTP/1.1 200 "), count);
    assert_within_bounds(siege);
    close(client);
}

/* --- half gone ------------------------------------------------------------------------------ */

static void a_client_that_has_said_all_is_answered(void **state) {
    const struct siege *siege = *state;
    CLEANUP(buffer_free) struct buffer heard = {0};
    int client = client_connect(siege->sidecar->port);
    assert_true(client >= 0);

    client_say(client, BYTES("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    shutdown(client, SHUT_WR);

    assert_true(WAIT_UNTIL(!client_hear(client, &heard), DEADLINE_USUAL));
    assert_int_equal(count_of(&heard, "{\"status\":\"up\"}"), 1);
    close(client);
}

/* As many as there are places: they have them until the time of a request is over. */
static void clients_that_stop_in_the_middle_give_their_places_back(void **state) {
    const struct siege *siege = *state;
    int clients[CONNECTIONS];

    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
        clients[i] = client_connect(siege->sidecar->port);
        assert_true(clients[i] >= 0);
        client_say(clients[i], BYTES("GET /healthz HTTP/1.1\r\nHos"));
        shutdown(clients[i], SHUT_WR);
    }
    assert_within_bounds(siege);

    assert_true(WAIT_UNTIL(is_served(siege), DEADLINE_USUAL));
    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
        close(clients[i]);
    }
}

/* --- malformed ------------------------------------------------------------------------------ */

/* One kept input of the fuzzer, without its first byte, which is for the fuzz target. */
static void send_kept(const struct siege *siege, const char *name) {
    CLEANUP(buffer_free) struct buffer heard = {0};
    CLEANUP(memory_freep) char *path = path_join(CORPUS, name);
    char words[16384];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(words, 1, sizeof(words), file);
    fclose(file);
    int client = client_connect(siege->sidecar->port);
    assert_true(client >= 0);
    if (length > 1) {
        client_say(client, (struct bytes){words + 1, length - 1});
    }
    client_hear(client, &heard);
    close(client);
}

static void what_the_fuzzer_kept_harms_nothing(void **state) {
    const struct siege *siege = *state;
    DIR *stream = opendir(CORPUS);
    const struct dirent *entry = NULL;
    size_t count = 0;
    assert_non_null(stream);

    while ((entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] != '.') {
            send_kept(siege, entry->d_name);
            count++;
        }
    }
    closedir(stream);

    assert_true(count > 0);
    assert_true(WAIT_UNTIL(is_served(siege), DEADLINE_USUAL));
    assert_within_bounds(siege);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_slow_clients_hold_up_nothing_but_each_other),
        TEST(clients_that_come_and_go_leave_nothing_behind),
        TEST(answers_that_nobody_takes_do_not_pile_up),
        TEST(what_does_not_end_is_cut_off),
        TEST(pipelined_requests_are_answered_one_after_the_other),
        TEST(a_client_that_has_said_all_is_answered),
        TEST(clients_that_stop_in_the_middle_give_their_places_back),
        TEST(what_the_fuzzer_kept_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
