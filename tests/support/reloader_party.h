/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RELOADER_PARTY_H
#define TESTS_SUPPORT_RELOADER_PARTY_H

/*
 * This program under the name prometheus-config-reloader, or the real one where that was built
 * (make peers): started with the same command line beside a stand-in for Prometheus. One scenario
 * is written for both, so that what it asserts is what both do:
 *
 *     static void a_config_is_a_reload(struct party *party) {
 *         party_answers(party, 200, 200);
 *         file_write(party->folder, "c.yml", "global: {}\n");
 *         party_starts(party, PARTY_CONFIG, NULL);
 *         PARTY_EVENTUALLY(party_reloads(party) == 1);
 *     }
 *     PARTY_BOTH(a_config_is_a_reload)
 *     ... PARTY_TESTS(a_config_is_a_reload),
 */

#include "base/arena.h"
#include "support/assertions.h"
#include "support/deadline.h"
#include "support/http_stub.h"
#include "support/process.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct party {
    struct arena *arena;
    char *folder;           /* with the folders out and rules */
    char program[PATH_MAX]; /* "": the real one was not built */
    bool real;
    bool tls; /* it is asked over https */
    struct http_stub *prometheus;
    const char *reload_url; /* of it */
    struct process *process;
    unsigned port; /* that it listens on, of localhost */
};

/* For cmocka. POD_NAME is prometheus-main-2 while it stands. */
int party_ours_setup(void **state);
int party_real_setup(void **state);
int party_teardown(void **state);

/* Where the real one was not built the test says so and is skipped. */
#define PARTY_BOTH(scenario)                                                       \
    static void ours_##scenario(void **state) {                                    \
        scenario(*state);                                                          \
    }                                                                              \
    static void real_##scenario(void **state) {                                    \
        struct party *party = *state;                                              \
        if (party->program[0] == '\0') {                                           \
            skip_because("prometheus-config-reloader was not built (make peers)"); \
        }                                                                          \
        scenario(party);                                                           \
    }

#define PARTY_TESTS(scenario)                                                           \
    cmocka_unit_test_setup_teardown(ours_##scenario, party_ours_setup, party_teardown), \
        cmocka_unit_test_setup_teardown(real_##scenario, party_real_setup, party_teardown)

#define PARTY_FORMAT(party, ...) arena_format((party)->arena, __VA_ARGS__)

/* The first "@" of a string becomes the folder. */
const char *party_placed(struct party *party, const char *text);

/* --- running it ------------------------------------------------------------------------------- */

/* @/c.yml in, @/out/prometheus.yml out. */
#define PARTY_CONFIG "--config-file=@/c.yml", "--config-envsubst-file=@/out/prometheus.yml"

/* Listens, reloads the stand-in over HTTP, and settles within 50 ms, but where one of these flags
 * says otherwise; "@" in each is the folder. NULL ends them. */
void party_starts(struct party *party, ...) __attribute__((sentinel));

/* The exit status after SIGTERM. */
int party_ends(struct party *party);

/* Nothing of what the happening does is seen before all of it was done. */
void party_misses(struct party *party, void (*happening)(struct party *party));

/* --- what a user sees ------------------------------------------------------------------------- */

#define PARTY_EVENTUALLY(condition) assert_true(WAIT_UNTIL(condition, DEADLINE_USUAL))

/* The reloads that the stand-in answers with these, in this order; the last goes on. */
void party_answers(struct party *party, int first, int then);
size_t party_reloads(struct party *party);

/* 200, and this text in the answer? */
bool party_says(struct party *party, const char *path, const char *text);
/* One whole line of /metrics. */
bool party_metric_is(struct party *party, const char *line);
/* Every change from now on is noticed. The real one counts its first reload before that. */
bool party_watches(struct party *party);

/* NULL: there is no such file. */
void party_output_is(struct party *party, const char *text);

struct party_sight {
    unsigned reloads; /* requests */
    unsigned failed;  /* ... that did not work */
    bool successful;  /* the last one */
    bool unread;      /* some config could not be taken */
    const char *method;
    const char *output; /* NULL: none */
};

/* It is healthy; its counters and gauges, and the output, are these. Waits for it. */
void party_shows(struct party *party, const struct party_sight *sight);

#define PARTY_SHOWS(party, ...) \
    party_shows((party), &(struct party_sight){.method = "http", __VA_ARGS__})

#endif
