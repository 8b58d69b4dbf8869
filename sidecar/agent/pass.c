/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the volumes and compiles what they hold. Says in the log what is new, and nothing when
 * nothing is. */

#include "agent/pass.h"

#include "agent/report.h"
#include "base/clock.h"
#include "base/incident.h"
#include "base/log.h"
#include "base/memory.h"
#include "compile/merge.h"

#include <stdlib.h>
#include <string.h>

/* Each new folder asks for one more reading; a tree that grows faster than it is read is left to
 * the next pass. */
#define READS_MAX 8

struct pass {
    const struct agent_settings *settings;
    const struct history *history;
    struct compile_settings compile; /* the settings', with the version that Prometheus said */
    struct source *source;
    struct compiler *compiler;
    struct desired_state *state;
    /* What the state was made of. */
    struct snapshot *snapshot;
    uint64_t revision; /* of the history */
    struct report report;
    struct incident merging;
    bool watched_known;
    uint64_t watched; /* of the last snapshot */
    int64_t started;
    int64_t look_again; /* of the last snapshot */
    bool repeats;       /* the next pass says again what it waits for */
};

struct pass *pass_new(const struct agent_settings *settings, const struct history *history) {
    struct pass *pass = memory_new(1, sizeof(*pass));

    pass->history = history;
    pass_configure(pass, settings);
    return pass;
}

void pass_configure(struct pass *pass, const struct agent_settings *settings) {
    source_free(pass->source);
    compiler_free(pass->compiler);
    pass->settings = settings;
    pass->compile = settings->compile;
    pass->compile.history = pass->history;
    pass->compile.certificates_must_load = true;
    pass->source = source_new(&settings->source);
    pass->compiler = compiler_new();
    snapshot_releasep(&pass->snapshot);
}

void pass_set_version(struct pass *pass, struct version version) {
    pass->compile.version = version;
    snapshot_releasep(&pass->snapshot);
}

void pass_expect_version(struct pass *pass, struct bytes version) {
    struct version there = {0};

    if (pass->settings->ask_version && version_parse(version, &there) == 0) {
        pass_set_version(pass, there);
    }
}

void pass_free(struct pass *pass) {
    if (pass == NULL) {
        return;
    }
    desired_state_free(pass->state);
    snapshot_release(pass->snapshot);
    source_free(pass->source);
    compiler_free(pass->compiler);
    report_free(&pass->report);
    free(pass);
}

void pass_freep(struct pass **pass) {
    pass_free(*pass);
}

const struct desired_state *pass_state(const struct pass *pass) {
    return pass->state;
}

int64_t pass_look_again(const struct pass *pass) {
    return pass->look_again;
}

int64_t pass_started(const struct pass *pass) {
    return pass->started;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Once for each that was warned of. */
static void say_finished(const struct writers_report *writers) {
    for (size_t i = 0; i < writers->finished_count && i < REPORT_LINES_MAX; i++) {
        log_info("a file is not being written any more", LOG_STRING("file", writers->finished[i]));
    }
}

static void say_overdue(const struct writers_report *writers) {
    for (size_t i = 0; i < writers->overdue_count && i < REPORT_LINES_MAX; i++) {
        log_warn(WRITERS_PROBLEM, LOG_STRING("file", writers->overdue[i]),
                 LOG_STRING("remedy", WRITERS_REMEDY));
    }
}

void pass_repeat_warnings(struct pass *pass) {
    pass->repeats = true;
}

static struct snapshot *read_source(struct pass *pass, bool every_byte) {
    struct snapshot *snapshot = source_read(pass->source, every_byte);

    say_finished(&snapshot->writers);
    return snapshot;
}

/* Watches first, then the reading that counts: what changes after it is an event. *ret_watched is
 * false when new directories kept appearing. */
static struct snapshot *read_watched(struct pass *pass, struct watcher *watcher, bool every_byte,
                                     bool *ret_watched) {
    struct snapshot *snapshot = read_source(pass, every_byte);
    size_t fresh = 0;

    for (int reads = 1; watcher != NULL && reads <= READS_MAX; reads++) {
        fresh = watcher_sync(watcher, snapshot->directories, snapshot->directory_count);
        if (fresh == 0) {
            break;
        }
        snapshot_release(snapshot);
        snapshot = read_source(pass, false);
    }
    *ret_watched = fresh == 0;
    return snapshot;
}

/* --- compiling -------------------------------------------------------------------------------- */

static void say_recovery(struct incident *incident, const char *message) {
    struct incident ended = {0};

    if (incident_end(incident, &ended)) {
        log_info(message, LOG_INT("failures", ended.count),
                 LOG_SECONDS("after", clock_monotonic_nanoseconds() - ended.since));
    }
}

/* Of a base that is still being written the writers tell (source/writers.h). */
static void say_mergeable(struct pass *pass, const struct snapshot *snapshot) {
    const bool was_read = snapshot->base.path == NULL || snapshot->base.file != NULL;

    if (snapshot->base.being_written && !pass->state->mergeable) {
        return;
    }
    if (pass->state->mergeable) {
        say_recovery(&pass->merging, "the base config can be merged again");
    } else if (incident_report(&pass->merging, BYTES(""), clock_monotonic_nanoseconds())) {
        log_error("the base config cannot be merged; the output stays as it is",
                  LOG_STRING("base", pass->settings->source.base_path),
                  LOG_STRING("output", pass->settings->output_path),
                  LOG_STRING("remedy",
                             was_read ? "correct the base config, as the error before this says: "
                                        "it is read again when it changes"
                                      : "see that --config-file is right, that its volume is "
                                        "mounted, and that the sidecar's user may read it"));
    }
}

static bool wants_the_same(const struct desired_state *before, const struct desired_state *after) {
    if (before == NULL || before->served == NULL || after->served == NULL) {
        return before != NULL && before->served == after->served;
    }
    return form_set_same(before->served, after->served);
}

/* Out of the same comes the same. */
static bool is_compiled(const struct pass *pass, const struct snapshot *snapshot) {
    return pass->state != NULL && pass->snapshot != NULL &&
           pass->revision == pass->history->revision && snapshot_same(pass->snapshot, snapshot);
}

/* True when something else is wanted than before. */
static bool compile(struct pass *pass, struct snapshot *snapshot) {
    struct desired_state *state = compiler_pass(pass->compiler, snapshot, &pass->compile);
    bool changed = !wants_the_same(pass->state, state);

    report_diagnostics(&pass->report, &state->diagnostics);
    report_transitions(pass->state, state);
    desired_state_free(pass->state);
    pass->state = state;
    snapshot_release(pass->snapshot);
    pass->snapshot = snapshot_hold(snapshot);
    pass->revision = pass->history->revision;
    say_mergeable(pass, snapshot);
    return changed;
}

/* The first time it is nothing that changed: Prometheus is asked anyway. */
static bool watched_changes(struct pass *pass, const struct snapshot *snapshot) {
    bool changed = pass->watched_known && pass->watched != snapshot->watched;

    pass->watched_known = true;
    pass->watched = snapshot->watched;
    return changed;
}

/* The writers' last event may have come long before they close the file. */
static void look_again(struct pass *pass, struct watcher *watcher,
                       const struct snapshot *snapshot) {
    pass->look_again = snapshot->writers.look_again;
    if (watcher != NULL) {
        watcher_look_again(watcher, pass->look_again);
    }
}

struct pass_result pass_run(struct pass *pass, struct watcher *watcher, bool every_byte) {
    bool watched = true;

    pass->started = clock_monotonic_nanoseconds();
    CLEANUP(snapshot_releasep)
    struct snapshot *snapshot = read_watched(pass, watcher, every_byte, &watched);
    bool compiled = is_compiled(pass, snapshot);
    bool changed = !compiled && compile(pass, snapshot);
    struct pass_result result = {
        .mergeable = pass->state->mergeable && pass->settings->output_path != NULL,
        .changed = changed,
        .watched_changed = watched_changes(pass, snapshot),
        .complete = snapshot->complete && watched,
        .base_being_written = snapshot->base.being_written,
    };

    look_again(pass, watcher, snapshot);
    if (pass->repeats) {
        say_overdue(&snapshot->writers);
        pass->repeats = false;
    }

    log_debug("pass", LOG_BOOL("every_byte", every_byte), LOG_BOOL("complete", result.complete),
              LOG_BOOL("compiled", !compiled), LOG_BOOL("changed", result.changed),
              LOG_BOOL("watched_changed", result.watched_changed),
              LOG_INT("active", pass->state->state_counts[STATE_ACTIVE]),
              LOG_SECONDS("duration", clock_monotonic_nanoseconds() - pass->started));
    return result;
}

bool pass_base_is(struct pass *pass, struct bytes base) {
    CLEANUP(snapshot_releasep) struct snapshot *snapshot = read_source(pass, false);
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    const struct base *present = NULL;

    if (snapshot->base.file != NULL && snapshot->base.error == 0 && !snapshot->base.being_written) {
        present = base_read(arena, snapshot->base.file->content, snapshot->base.path,
                            &pass->settings->compile.limits, &diagnostics);
    }
    return present != NULL && bytes_equal(base_text(present), base);
}
