/* SPDX-License-Identifier: Apache-2.0 */

/* Reads and writes the state file, and logs what fails. */

#include "agent/state_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "controller/state_file.h"

#include <errno.h>
#include <string.h>

/* Upper bound for a plausible state file (10,000 RemoteWrites take about 10 MB). */
#define STATE_SIZE_MAX ((size_t)256 << 20)

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The folder beside the output, and the file in it. */
static void paths_of(const char *output_path, struct buffer *folder, struct buffer *file) {
    size_t beside = (size_t)(file_name(output_path) - output_path);

    buffer_append(folder, (struct bytes){output_path, beside});
    buffer_append_string(folder, STATE_FOLDER);
    buffer_append(file, buffer_bytes(folder));
    buffer_append_string(file, "/" STATE_FILE);
}

static const char *failure_words(int error, const struct publish_error *failure) {
    return failure->wrong != NULL ? failure->wrong : strerror(-error);
}

/* True when it is news. */
static bool report_failure(struct incident *incident, const char *words,
                           const struct publish_error *failure) {
    CLEANUP(buffer_free) struct buffer full = {0};
    bool news = incident_report(incident, bytes_of(words), clock_monotonic_nanoseconds());

    buffer_printf(&full, "%s %s: %s", failure->step, failure->path, words);
    incident_describe(incident, buffer_bytes(&full));
    return news;
}

static void say_unsaved(struct state_store *store, int error, const struct publish_error *failure) {
    const char *words = failure_words(error, failure);
    bool news = report_failure(&store->saving, words, failure);

    log_write(news ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
              "cannot keep what was learned; a restart would have to learn it anew",
              (const struct log_field[]){LOG_STRING("file", failure->path),
                                         LOG_STRING("step", failure->step),
                                         LOG_STRING("err", words),
                                         {0}});
}

static void say_forgotten(const char *path, const char *wrong, const char *remedy) {
    log_warn("what was learned before cannot be used; it is forgotten", LOG_STRING("file", path),
             LOG_STRING("err", wrong), LOG_STRING("remedy", remedy));
}

/* It was read, or there is nothing to be read. */
static void note_read(struct state_store *store) {
    store->unread = false;
    incident_end(&store->reading, NULL);
}

/* The file could not be read. What that says of it: that it is damaged, or nothing. */
static void note_failure(struct state_store *store, const char *path, int error,
                         const struct publish_error *failure) {
    const char *words = failure_words(error, failure);
    bool damaged = error == -EINVAL || error == -EFBIG;

    (void)report_failure(&store->reading, words, failure);
    if (failure->wrong != NULL && !damaged) { /* the folder: nothing can be kept there either */
        say_unsaved(store, error, failure);
    } else if (damaged) {
        say_forgotten(path, words, STATE_DAMAGED_REMEDY);
    } else if (!store->unread) {
        log_warn("what was learned before cannot be read now; it is tried again, and not written "
                 "over",
                 LOG_STRING("file", failure->path), LOG_STRING("step", failure->step),
                 LOG_STRING("err", words));
        store->unread = true;
        return;
    }
    if (damaged || !store->unread) {
        note_read(store);
    }
}

/* What the text says, or what is wrong with it. */
static void take_text(struct state_store *store, struct ledger *ledger, struct bytes text,
                      const char *path, const char *output_path, const struct yaml_limits *limits) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct agent_memory memory = {0};
    struct state_fault fault = {0};

    note_read(store);
    if (state_decode(arena, text, file_name(output_path), limits, &memory, &fault) != 0) {
        say_forgotten(path, fault.wrong, fault.remedy);
        return;
    }
    ledger_take(ledger, &memory);
    store->saved = bytes_hash(text) ^ bytes_hash(bytes_of(path));
    ledger_set_dirty(ledger, false);
    log_info("what was learned before is known", LOG_STRING("file", path),
             LOG_INT("remote_writes", memory.history.good != NULL ? memory.history.good->count : 0),
             LOG_INT("quarantined", memory.history.refusal_count));
}

void state_store_load(struct state_store *store, struct ledger *ledger, const char *output_path,
                      const struct yaml_limits *limits) {
    CLEANUP(buffer_free) struct buffer folder = {0};
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    struct publish_error failure = {.step = ""};

    paths_of(output_path, &folder, &path);
    /* Of a process that was killed. What cannot be removed will not be read either. */
    (void)private_clean(buffer_string(&folder), STATE_FILE, NULL);
    int error = private_read(buffer_string(&folder), STATE_FILE, STATE_SIZE_MAX, &text, &failure);
    if (error == -ENOENT) {
        note_read(store);
    } else if (error != 0) {
        note_failure(store, buffer_string(&path), error, &failure);
    } else {
        take_text(store, ledger, buffer_bytes(&text), buffer_string(&path), output_path, limits);
    }
}

void state_store_retry(struct state_store *store, struct ledger *ledger, const char *output_path,
                       const struct yaml_limits *limits) {
    CLEANUP(buffer_free) struct buffer version = {0};

    if (!store->unread || ledger_has_learned(ledger)) {
        return;
    }
    buffer_append_string(&version, ledger_memory(ledger)->prometheus_version);
    state_store_load(store, ledger, output_path, limits);
    if (version.length > 0) { /* of the Prometheus that is there */
        (void)ledger_meet(ledger, buffer_string(&version));
    }
}

/* What could not be read may be worth more to a person than to us. */
static int set_aside(struct state_store *store, const char *folder, struct publish_error *failure) {
    int error = private_rename(folder, STATE_FILE, STATE_FILE_UNREADABLE, failure);

    if (error == 0) {
        note_read(store);
        log_warn("what was learned before could not be read; it is kept beside what is learned now",
                 LOG_STRING("directory", folder), LOG_STRING("file", STATE_FILE_UNREADABLE));
    }
    return error;
}

void state_store_save(struct state_store *store, struct ledger *ledger, const char *output_path) {
    CLEANUP(buffer_free) struct buffer folder = {0};
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    struct publish_error failure = {.step = ""};
    int error = 0;

    if (!ledger_is_dirty(ledger) || (store->unread && !ledger_has_learned(ledger))) {
        return;
    }
    paths_of(output_path, &folder, &path);
    state_encode(ledger_memory(ledger), file_name(output_path), &text);
    uint64_t fingerprint = bytes_hash(buffer_bytes(&text)) ^ bytes_hash(buffer_bytes(&path));
    if (store->unread) {
        error = set_aside(store, buffer_string(&folder), &failure);
    }
    if (error == 0 && (fingerprint != store->saved || store->debt.sync)) {
        error = private_publish(buffer_string(&folder), STATE_FILE, buffer_bytes(&text),
                                &store->debt, &failure);
    }
    if (error != 0) {
        say_unsaved(store, error, &failure);
        return;
    }
    if (incident_end(&store->saving, NULL)) {
        log_info("what was learned is kept again", LOG_STRING("file", buffer_string(&path)));
    }
    store->saved = fingerprint;
    ledger_set_dirty(ledger, false);
}

const struct incident *state_store_fault(const struct state_store *store) {
    return store->saving.count > 0 || !store->unread ? &store->saving : &store->reading;
}
