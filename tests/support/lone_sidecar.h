/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LONE_SIDECAR_H
#define TESTS_SUPPORT_LONE_SIDECAR_H

/* The built sidecar ($SIDECAR) over a world of generations (generations.h), with a stand-in for
 * Prometheus that takes every config: for tests that ask what it leaves on disk. */

#include "base/bytes.h"
#include "base/compiler.h"
#include "support/generations.h"
#include "support/http_stub.h"
#include "support/process.h"

#include <stdbool.h>
#include <stddef.h>

struct lone_sidecar {
    char *top;    /* the log is in it: a folder that nobody watches */
    char *folder; /* TOP/world, of the generations */
    char *out;    /* FOLDER/out: prometheus.yml, and what goes with it */
    char *log;    /* TOP/sidecar.log */
    struct generations *generations;
    struct http_stub *prometheus;
    char **arguments; /* argv of `run`, ending in NULL */
    struct process *process;
    struct buffer why;
};

/* Starts nothing. */
struct lone_sidecar *lone_sidecar_new(void) MUST_USE;
/* Kills it where it still runs. */
void lone_sidecar_free(struct lone_sidecar *sidecar);

void lone_sidecar_start(struct lone_sidecar *sidecar);

/* Starts it, waits until the output is there and that of now, and learns from it. */
bool lone_sidecar_runs(struct lone_sidecar *sidecar) MUST_USE;

/* Waits until the output is that of now; then nothing else was. False where it ended, or took too
 * long: why is shown, with the end of the log. */
bool lone_sidecar_converges(struct lone_sidecar *sidecar) MUST_USE;

/* Shows why it is not what it should be, and the end of its log. */
void lone_sidecar_show(struct lone_sidecar *sidecar);

/* Kills it with a signal or waits for its end: as process_wait. It can be started again. */
int lone_sidecar_end(struct lone_sidecar *sidecar, int number);

/* What `render` makes of the same files, from nothing; NULL where it fails. free(). */
char *lone_sidecar_render(const struct lone_sidecar *sidecar) MUST_USE;

/* How many lines of its log hold both texts; b may be NULL. */
size_t lone_sidecar_logged(const struct lone_sidecar *sidecar, const char *a, const char *b);

#endif
