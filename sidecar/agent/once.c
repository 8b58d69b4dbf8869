/* SPDX-License-Identifier: Apache-2.0 */

/* The init container: Prometheus is not up yet, and has to start with whatever is good. What an
 * earlier process learned is used where the volume still has it; nothing is learned here. */

#include "agent/agent.h"
#include "agent/disk.h"
#include "agent/pass.h"
#include "agent/state_store.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#define NANOSECONDS_PER_MILLISECOND  1000000
#define MICROSECONDS_PER_MILLISECOND 1000

/* Passes, where somebody edits the base while it is merged in place. */
#define TRIES_MAX 5

/* For those who are still writing a file: there may be no second pass that makes up for it. */
#define WRITERS_MILLISECONDS_MAX 10000

static int64_t now_milliseconds(void) {
    return clock_monotonic_nanoseconds() / NANOSECONDS_PER_MILLISECOND;
}

static void rest(int64_t milliseconds) {
    (void)usleep((useconds_t)(milliseconds * MICROSECONDS_PER_MILLISECOND));
}

/* As soon as no file is being written any more, but for long at most. */
static struct pass_result run_pass(struct pass *pass, int64_t until) {
    struct pass_result result = pass_run(pass, NULL, true);

    while (pass_look_again(pass) > 0 && now_milliseconds() < until) {
        rest(pass_look_again(pass));
        result = pass_run(pass, NULL, true);
    }
    return result;
}

/* False: nothing can be published out of this. */
static bool is_publishable(const struct agent_settings *settings,
                           const struct pass_result *result) {
    if (result->base_being_written && (settings->compile.in_place || !result->mergeable)) {
        log_error("the base config is still being written: nothing is published",
                  LOG_STRING("file", settings->source.base_path),
                  LOG_STRING("remedy", "have its writer close it, or write another file and rename "
                                       "it over this one; then start the sidecar again"));
        return false;
    }
    return result->mergeable;
}

/* Is it worth another try? Waits for a process that has the output open, in place. */
static bool tries_again(int error, int64_t look_again, int64_t until, int *tries) {
    if (error == -ETXTBSY && now_milliseconds() < until) {
        rest(look_again);
        return true;
    }
    return error == -ESTALE && ++*tries < TRIES_MAX;
}

/* Out of what there is when the waiting is over. */
static int publish_once(const struct agent_settings *settings, struct disk *disk,
                        struct pass *pass) {
    const int64_t until = now_milliseconds() + WRITERS_MILLISECONDS_MAX;
    struct disk_result published;
    int tries = 0;

    do {
        const struct pass_result result = run_pass(pass, until);
        if (!is_publishable(settings, &result)) {
            return -EIO;
        }
        published = disk_publish_state(disk, pass_state(pass), pass_started(pass));
    } while (tries_again(published.error, published.look_again, until, &tries));
    if (published.error == -ETXTBSY) {
        log_error("a process has the output open for writing: nothing is published",
                  LOG_STRING("file", settings->output_path),
                  LOG_STRING("remedy", "have it close the file, and run this again"));
    }
    return published.error == 0 ? 0 : -EIO;
}

int agent_once(const struct agent_settings *settings) {
    if (settings->output_path == NULL) {
        log_info("one pass without an output: there is nothing to do");
        return 0;
    }
    CLEANUP(ledger_freep) struct ledger *ledger = ledger_new();
    CLEANUP(disk_freep) struct disk *disk = disk_new(settings);
    struct state_store store = {0};

    state_store_load(&store, ledger, settings->output_path, &settings->compile.limits);
    CLEANUP(pass_freep) struct pass *pass = pass_new(settings, ledger_history(ledger));
    pass_expect_version(pass, ledger_version(ledger));
    disk_clean(disk);
    return publish_once(settings, disk, pass);
}
