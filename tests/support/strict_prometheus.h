/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_STRICT_PROMETHEUS_H
#define TESTS_SUPPORT_STRICT_PROMETHEUS_H

/*
 * Makes the stand-in of an agent_fixture behave as Prometheus does: at each request to reload it
 * reads the output, refuses it where a guilty text is in it or in a secret file beside it, and
 * keeps a record that it tells under runtimeinfo. It remembers what it was asked about.
 */

#include "support/agent_fixture.h"

#include <stdbool.h>
#include <stddef.h>

#define RUNTIMEINFO_PATH "/api/v1/status/runtimeinfo"

enum strict_mode {
    STRICT_ANSWERS,
    STRICT_HANGS,  /* no answer; the reload goes on until strict_finishes */
    STRICT_RESETS, /* the connection breaks; the reload is done */
    STRICT_STARTS, /* 503 */
};

struct strict_prometheus;

/* Of the fixture's stub, before the agent starts. */
struct strict_prometheus *strict_prometheus_new(struct agent_fixture *fixture);
void strict_prometheus_free(struct strict_prometheus *prometheus);
void strict_prometheus_freep(struct strict_prometheus **prometheus);

#define STRICT __attribute__((cleanup(strict_prometheus_freep))) struct strict_prometheus *

/* Texts that it refuses, from now on, besides those before. */
void strict_refuses(struct strict_prometheus *prometheus, const char *text);
/* ... no more. */
void strict_forgives(struct strict_prometheus *prometheus);
/* Refuses everything: a file that the config names is broken. */
void strict_refuses_all(struct strict_prometheus *prometheus, bool all);
/* It says which lines are wrong. */
void strict_cites(struct strict_prometheus *prometheus);

/* From the next request on. */
void strict_is(struct strict_prometheus *prometheus, enum strict_mode mode);
/* What hung is done: judged now, in the record. */
void strict_finishes(struct strict_prometheus *prometheus);
/* Its record is there, or not (404). */
void strict_keeps_a_record(struct strict_prometheus *prometheus, bool keeps);

/* The next so many looks at its record get 500. */
void strict_record_fails(struct strict_prometheus *prometheus, size_t looks);

/* Its successes happen in the second in which they do; else a second later than the last each. */
void strict_tells_the_time(struct strict_prometheus *prometheus);

/* What it was asked about, from 0: the text of the output; NULL: it was not. As long as it lives.
 */
const char *strict_question(struct strict_prometheus *prometheus, size_t index);
size_t strict_questions(struct strict_prometheus *prometheus);
/* What it ran then, and what it would have sent: the content of the first credentials_file in it.
 * NULL: nothing. */
const char *strict_ran(struct strict_prometheus *prometheus, size_t index);
const char *strict_sent(struct strict_prometheus *prometheus, size_t index);
/* It refused something behind an entry that it runs. A real one that does so while it applies a
 * config has a queue half taken over then, and dies of the next config that it takes. */
bool strict_is_broken(struct strict_prometheus *prometheus);
/* What it runs: the last that it took; NULL: none. */
const char *strict_runs(struct strict_prometheus *prometheus);

#endif
