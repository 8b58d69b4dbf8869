/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the volumes, compiles what they hold and brings the disk to it: secret files first, so that
 * a config never names one that is not there. Says in the log what is new, and nothing when nothing
 * is. */

#include "agent/pass.h"

#include "agent/incident.h"
#include "agent/report.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "publish/publish.h"

#include <stdlib.h>
#include <string.h>

/* Each new folder asks for one more reading; a tree that grows faster than it is read is left to
 * the next pass. */
#define READS_MAX 8

struct pass {
    const struct agent_settings *settings;
    struct compile_settings compile; /* the settings', with the version that Prometheus said */
    struct source *source;
    struct compiler *compiler;
    struct desired_state *state;
    struct desired_state *published; /* may be the same */
    struct report report;
    struct incident publishing;
    struct incident merging;
    struct incident pruning;
};

struct pass *pass_new(const struct agent_settings *settings) {
    struct pass *pass = memory_new(1, sizeof(*pass));

    pass_configure(pass, settings);
    return pass;
}

void pass_configure(struct pass *pass, const struct agent_settings *settings) {
    source_free(pass->source);
    compiler_free(pass->compiler);
    pass->settings = settings;
    pass->compile = settings->compile;
    pass->source = source_new(&settings->source);
    pass->compiler = compiler_new();
}

void pass_set_version(struct pass *pass, struct version version) {
    pass->compile.version = version;
}

static void keep_state(struct pass *pass, struct desired_state *state) {
    if (pass->state != pass->published) {
        desired_state_free(pass->state);
    }
    pass->state = state;
}

static void keep_published(struct pass *pass) {
    if (pass->published != pass->state) {
        desired_state_free(pass->published);
    }
    pass->published = pass->state;
}

void pass_free(struct pass *pass) {
    if (pass == NULL) {
        return;
    }
    keep_state(pass, NULL);
    keep_published(pass);
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

const struct desired_state *pass_published(const struct pass *pass) {
    return pass->published;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Watches first, then the reading that counts: what changes after it is an event. *ret_watched is
 * false when new directories kept appearing. */
static struct snapshot *read_watched(struct pass *pass, struct watcher *watcher, bool every_byte,
                                     bool *ret_watched) {
    struct snapshot *snapshot = source_read(pass->source, every_byte);
    size_t fresh = 0;

    for (int reads = 1; watcher != NULL && reads <= READS_MAX; reads++) {
        fresh = watcher_sync(watcher, snapshot->directories, snapshot->directory_count);
        if (fresh == 0) {
            break;
        }
        snapshot_release(snapshot);
        snapshot = source_read(pass->source, false);
    }
    *ret_watched = fresh == 0;
    return snapshot;
}

/* --- publishing ----------------------------------------------------------------------------- */

static void say_failure(struct incident *incident, const char *message, int error,
                        const struct publish_error *failure) {
    CLEANUP(buffer_free) struct buffer words = {0};
    const struct log_field fields[] = {
        LOG_STRING("step", failure->step),
        LOG_STRING("file", failure->path),
        LOG_STRING("err", strerror(-error)),
        {0},
    };

    buffer_printf(&words, "%s %s %d", failure->step, failure->path, error);
    bool news = incident_report(incident, buffer_bytes(&words), clock_monotonic_nanoseconds());
    log_write(news ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, message, fields);
}

static void say_recovery(struct incident *incident, const char *message) {
    struct incident ended = {0};

    if (incident_end(incident, &ended)) {
        log_info(message, LOG_INT("failures", ended.count),
                 LOG_SECONDS("after", clock_monotonic_nanoseconds() - ended.since));
    }
}

/* What one publishing wrote. */
struct written {
    bool config;
    size_t secrets;
};

static int publish(const struct pass *pass, struct publish_error *failure, struct written *ret) {
    const struct agent_settings *settings = pass->settings;
    const struct desired_state *state = pass->state;

    int error = secrets_publish(settings->secret_directory, state->secrets, state->secret_count,
                                settings->secret_mode, failure, &ret->secrets);
    if (error != 0) {
        return error;
    }
    return file_publish(settings->output_path, state->config, settings->config_mode, failure,
                        &ret->config);
}

static void say_written(const struct pass *pass, const struct written *written, int64_t started) {
    const struct desired_state *state = pass->state;
    int64_t duration = clock_monotonic_nanoseconds() - started;

    if (written->config) {
        struct entry_changes changes = entry_changes(pass->published, state);
        log_info("config written", LOG_STRING("file", pass->settings->output_path),
                 LOG_INT("added", changes.added), LOG_INT("changed", changes.changed),
                 LOG_INT("removed", changes.removed),
                 LOG_INT("active", state->state_counts[STATE_ACTIVE]),
                 LOG_INT("pending", state->state_counts[STATE_PENDING]),
                 LOG_INT("rejected", state->state_counts[STATE_REJECTED]),
                 LOG_INT("secret_files", written->secrets), LOG_INT("bytes", state->config.length),
                 LOG_SECONDS("duration", duration));
    } else if (written->secrets > 0) {
        log_info("secret files written", LOG_STRING("directory", pass->settings->secret_directory),
                 LOG_INT("secret_files", written->secrets), LOG_SECONDS("duration", duration));
    }
}

static void publish_state(struct pass *pass, int64_t started, struct pass_result *result) {
    struct publish_error failure = {.step = ""};
    struct written written = {0};

    result->error = publish(pass, &failure, &written);
    if (result->error != 0) {
        say_failure(&pass->publishing, "cannot publish; what was published before stays",
                    result->error, &failure);
        return;
    }
    say_recovery(&pass->publishing, "publishing works again");
    say_written(pass, &written, started);
    result->written = written.config || written.secrets > 0;
    result->config_changed = written.config || pass->published == NULL ||
                             !bytes_equal(pass->published->config, pass->state->config);
    keep_published(pass);
}

static void say_mergeable(struct pass *pass) {
    if (pass->state->mergeable) {
        say_recovery(&pass->merging, "the base config can be merged again");
    } else if (incident_report(&pass->merging, BYTES(""), clock_monotonic_nanoseconds())) {
        log_error("the base config cannot be merged; the output stays as it is",
                  LOG_STRING("base", pass->settings->source.base_path),
                  LOG_STRING("output", pass->settings->output_path));
    }
}

struct pass_result pass_run(struct pass *pass, struct watcher *watcher, bool every_byte) {
    int64_t started = clock_monotonic_nanoseconds();
    bool watched = true;
    CLEANUP(snapshot_releasep)
    struct snapshot *snapshot = read_watched(pass, watcher, every_byte, &watched);
    struct desired_state *state = compiler_pass(pass->compiler, snapshot, &pass->compile);
    struct pass_result result = {
        .mergeable = state->mergeable,
        .complete = snapshot->complete && watched,
    };

    report_diagnostics(&pass->report, &state->diagnostics);
    report_transitions(pass->state, state);
    keep_state(pass, state);
    say_mergeable(pass);
    if (state->mergeable) {
        publish_state(pass, started, &result);
    }
    log_debug("pass", LOG_BOOL("every_byte", every_byte), LOG_BOOL("complete", result.complete),
              LOG_BOOL("written", result.written),
              LOG_SECONDS("duration", clock_monotonic_nanoseconds() - started));
    return result;
}

/* --- cleaning up ---------------------------------------------------------------------------- */

void pass_clean(struct pass *pass) {
    struct publish_error failure = {.step = ""};
    int error = temporaries_remove(pass->settings->output_path, &failure);

    if (error != 0) {
        log_warn("cannot remove temporary files", LOG_STRING("step", failure.step),
                 LOG_STRING("file", failure.path), LOG_STRING("err", strerror(-error)));
    }
}

void pass_prune(struct pass *pass) {
    struct publish_error failure = {.step = ""};
    size_t removed = 0;

    if (pass->published == NULL) {
        return;
    }
    int error = secrets_prune(pass->settings->secret_directory, pass->published->secrets,
                              pass->published->secret_count, &failure, &removed);
    if (error != 0) {
        say_failure(&pass->pruning, "cannot remove secret files that are no longer named", error,
                    &failure);
        return;
    }
    say_recovery(&pass->pruning, "secret files that are no longer named can be removed again");
    if (removed > 0) {
        log_info("secret files removed", LOG_INT("secret_files", removed));
    }
}
