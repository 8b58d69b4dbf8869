/* SPDX-License-Identifier: Apache-2.0 */

/* Says in the log what was written and what could not be, and nothing where nothing changed. */

#include "agent/disk.h"

#include "agent/report.h"
#include "base/clock.h"
#include "base/incident.h"
#include "base/log.h"
#include "base/memory.h"
#include "compile/inline_secret.h"
#include "compile/merge.h"
#include "compile/order.h"
#include "publish/publish.h"
#include "publish/remedy.h"
#include "source/writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NANOSECONDS_PER_MILLISECOND 1000000

enum {
    CONFIG_FIELDS = 9 /* of the line that says what was written, names apart */
};

/* What stands there. */
struct edition {
    struct arena *arena;
    struct form_set *set;
    const size_t *order; /* the form of set that stands at each place */
    struct bytes config;
    struct secret_file *secrets; /* their names: for what is to be kept */
    size_t secret_count;
};

struct disk {
    const struct agent_settings *settings;
    struct edition edition; /* zeroed before the first */
    char **left;            /* folders of secret files under earlier settings: files may be there */
    size_t left_count;
    struct publish_debt secrets_debt;
    struct publish_debt config_debt;
    struct incident publishing;
    struct incident writer; /* in place, somebody has the output open for writing */
    bool writer_said;
    bool writer_repeats;     /* once more */
    const char *unkept_said; /* of the person's file, in place: what it lost and was warned of */
    bool exposure_said;      /* in place, everybody may read a secret in the output */
    mode_t mode_in_place;    /* of the person's file; 0: it was not seen yet */
    uint64_t failed; /* fingerprint of what could not be published; while there is an incident */
    bool confirmed;  /* Prometheus has loaded what stands there */
    bool good; /* the config is one that Prometheus has loaded, whatever the secret files are */
    struct buffer spare; /* the config that was good last, while its file has a second name */
    bool moved;          /* nothing was published yet where the settings want it now */
    struct incident pruning;
};

struct disk *disk_new(const struct agent_settings *settings) {
    struct disk *disk = memory_new(1, sizeof(*disk));

    disk->settings = settings;
    return disk;
}

/* What is in the folder is in use until another config is confirmed. Where the output is another
 * one, the earlier one stays as it is, and so do its secret files. */
static void leave_folder(struct disk *disk, const struct agent_settings *settings) {
    const struct agent_settings *before = disk->settings;

    if (before->output_path == NULL || settings->output_path == NULL ||
        strcmp(before->output_path, settings->output_path) != 0 ||
        strcmp(before->secret_directory, settings->secret_directory) == 0) {
        return;
    }
    disk->left = memory_resize(disk->left, disk->left_count + 1, sizeof(*disk->left));
    disk->left[disk->left_count++] = memory_string(before->secret_directory);
}

/* Another output: what was kept of the earlier one is of no use any more. */
static void leave_output(struct disk *disk, const struct agent_settings *settings) {
    const char *before = disk->settings->output_path;

    if (before != NULL &&
        (settings->output_path == NULL || strcmp(before, settings->output_path) != 0)) {
        (void)spare_remove(before, NULL);
        disk->good = false;
        disk->moved = true;
    }
}

void disk_configure(struct disk *disk, const struct agent_settings *settings) {
    leave_folder(disk, settings);
    leave_output(disk, settings);
    disk->settings = settings;
}

static void edition_free(struct edition *edition) {
    form_set_free(edition->set);
    arena_free(edition->arena);
    *edition = (struct edition){0};
}

void disk_free(struct disk *disk) {
    if (disk != NULL) {
        edition_free(&disk->edition);
        buffer_free(&disk->spare);
        for (size_t i = 0; i < disk->left_count; i++) {
            free(disk->left[i]);
        }
        free(disk->left);
        free(disk);
    }
}

void disk_freep(struct disk **disk) {
    disk_free(*disk);
}

const struct form_set *disk_set(const struct disk *disk) {
    return disk->edition.set;
}

const struct incident *disk_publishing(const struct disk *disk) {
    return &disk->publishing;
}

const struct incident *disk_pruning(const struct disk *disk) {
    return &disk->pruning;
}

struct bytes disk_config(const struct disk *disk) {
    return disk->edition.config;
}

bool disk_stands(const struct disk *disk) {
    CLEANUP(buffer_free) struct buffer text = {0};
    struct publish_error failure = {.step = ""};

    return file_read_back(disk->settings->output_path, disk->edition.config.length, &text,
                          &failure) == 0 &&
           bytes_equal(buffer_bytes(&text), disk->edition.config);
}

const size_t *disk_order(const struct disk *disk) {
    return disk->edition.order;
}

static struct edition edition_of(const struct form_set *set,
                                 const struct composition *composition) {
    struct edition edition = {.arena = arena_new(), .set = form_set_copy(set)};
    size_t *order = ARENA_NEW_ARRAY(edition.arena, size_t, set->count);

    for (size_t i = 0; i < set->count; i++) {
        order[i] = composition->order[i];
    }
    edition.order = order;
    edition.config = arena_bytes(edition.arena, composition->config);
    edition.secret_count = composition->secret_count;
    edition.secrets = ARENA_NEW_ARRAY(edition.arena, struct secret_file, edition.secret_count);
    for (size_t i = 0; i < edition.secret_count; i++) {
        edition.secrets[i].name =
            arena_string(edition.arena, bytes_of(composition->secrets[i].name));
    }
    return edition;
}

/* --- what is said ----------------------------------------------------------------------------- */

static void say_failure(struct incident *incident, const char *message, int error,
                        const struct publish_error *failure) {
    CLEANUP(buffer_free) struct buffer words = {0};
    const struct log_field fields[] = {
        LOG_STRING("step", failure->step),
        LOG_STRING("file", failure->path),
        LOG_STRING("err", strerror(-error)),
        LOG_STRING("remedy", publish_remedy(error, failure)),
        {0},
    };

    buffer_printf(&words, "%s: %s %s: %s", message, failure->step, failure->path, strerror(-error));
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
    bool config_tried;
    size_t secrets;
};

/* The one line of a pass that changed something: what, and how long it took. */
static void say_config(const struct disk *disk, const struct form_set *set, size_t bytes,
                       const struct written *written, int64_t duration) {
    CLEANUP(entry_changes_free)
    struct entry_changes changes = entry_changes(disk->edition.set, set);
    struct {
        const char *key;
        struct entry_change *change;
    } names[] = {
        {"added_names", &changes.added},
        {"changed_names", &changes.changed},
        {"removed_names", &changes.removed},
    };
    struct log_field fields[CONFIG_FIELDS + ARRAY_LENGTH(names) + 1] = {
        LOG_STRING("file", disk->settings->output_path),
        LOG_INT("added", changes.added.count),
        LOG_INT("changed", changes.changed.count),
        LOG_INT("removed", changes.removed.count),
        LOG_INT("served", set->count),
        LOG_BOOL("base_changed",
                 disk->edition.set == NULL || !bytes_equal(disk->edition.set->base, set->base)),
        LOG_INT("secret_files", written->secrets),
        LOG_INT("bytes", bytes),
        LOG_SECONDS("duration", duration),
    };
    size_t count = CONFIG_FIELDS;

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (names[i].change->count > 0) {
            fields[count++] = LOG_STRING(names[i].key, buffer_string(&names[i].change->names));
        }
    }
    log_write(LOG_LEVEL_INFO, "config written", fields);
}

static void say_written(const struct disk *disk, const struct form_set *set, size_t bytes,
                        const struct written *written, int64_t started) {
    int64_t duration = clock_monotonic_nanoseconds() - started;

    if (written->config) {
        say_config(disk, set, bytes, written, duration);
    } else if (written->secrets > 0) {
        log_info("secret files written", LOG_STRING("directory", disk->settings->secret_directory),
                 LOG_INT("secret_files", written->secrets), LOG_SECONDS("duration", duration));
    }
}

/* --- publishing ------------------------------------------------------------------------------- */

/* A network file system's ESTALE is a fault as others are: ours means that somebody has edited the
 * base. */
static int of_disk(int error) {
    return error == -ESTALE ? -EIO : error;
}

/* In place a person writes to the output, too. 0: what stands there, in *ret, has the base that the
 * config was made of; -ESTALE: it has another one; -ENOENT, ...: it cannot be read. */
static int read_present(const struct disk *disk, struct bytes base, struct buffer *ret,
                        struct publish_error *failure) {
    const struct agent_settings *settings = disk->settings;
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics unheard = diagnostics_in(arena);
    int error = file_read_back(settings->output_path, settings->source.max_base_size, ret, failure);

    if (error != 0) {
        return of_disk(error);
    }
    const struct base *present = base_read(arena, buffer_bytes(ret), settings->output_path,
                                           &settings->compile.limits, &unheard);
    return present != NULL && bytes_equal(base_text(present), base) ? 0 : -ESTALE;
}

/* It has lost its owner, say: Prometheus may not be able to read it any more. */
static void say_unkept(struct disk *disk) {
    const char *unkept = disk->config_debt.unkept;
    const char *said = disk->unkept_said;

    if (unkept != NULL && (said == NULL || strcmp(unkept, said) != 0)) {
        log_warn("the output, in place, cannot keep all that it had: check that Prometheus can "
                 "still read it",
                 LOG_STRING("file", disk->settings->output_path), LOG_STRING("lost", unkept),
                 LOG_STRING("remedy", "run the sidecar as the user that the file belongs to, or "
                                      "give it the capabilities CHOWN and FOWNER"));
    }
    disk->unkept_said = unkept;
}

static bool has_inline_secret(const struct form_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        if (form_has_inline_secret(&set->forms[i])) {
            return true;
        }
    }
    return false;
}

static void say_exposure(struct disk *disk, const struct form_set *set) {
    const bool exposed = (disk->mode_in_place & S_IROTH) != 0 && has_inline_secret(set);

    if (exposed && !disk->exposure_said) {
        log_warn("every user may read the output, in place: user names and keys of Secrets are "
                 "written into it",
                 LOG_STRING("file", disk->settings->output_path),
                 LOG_STRING("remedy", "give it to Prometheus's group (chgrp) and take it from the "
                                      "others (chmod o-r); that stays so"));
    }
    disk->exposure_said = exposed;
}

/* After a writing. */
static void look_at_attributes(struct disk *disk, const struct form_set *set) {
    struct stat status;

    if (stat(disk->settings->output_path, &status) == 0) {
        disk->mode_in_place = status.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
    }
    say_unkept(disk);
    say_exposure(disk, set);
}

static int write_in_place(struct disk *disk, struct bytes base, struct bytes config,
                          struct publish_error *failure, bool *ret_written) {
    const struct agent_settings *settings = disk->settings;
    CLEANUP(buffer_free) struct buffer present = {0};
    int error = read_present(disk, base, &present, failure);

    if (error == -ENOENT) { /* it is brought back out of what was read of it */
        mode_t mode = disk->mode_in_place != 0 ? disk->mode_in_place : settings->config_mode;
        return of_disk(file_publish(settings->output_path, config, mode, &disk->config_debt,
                                    failure, ret_written));
    }
    if (error != 0) {
        return error;
    }
    error = file_publish_over(settings->output_path, buffer_bytes(&present), config,
                              &disk->config_debt, failure, ret_written);
    return error == -ECANCELED ? -ESTALE : of_disk(error);
}

void disk_repeat_warnings(struct disk *disk) {
    disk->writer_repeats = disk->writer_said;
}

/* Most writers take a moment; a longer one is logged once. */
static struct disk_result wait_for_writer(struct disk *disk) {
    const int64_t patience = disk->settings->source.patience.report;
    int64_t now = clock_monotonic_nanoseconds();

    (void)incident_report(&disk->writer, BYTES(""), now);
    int64_t waited = (now - disk->writer.since) / NANOSECONDS_PER_MILLISECOND;
    if (disk->writer_repeats ||
        (!disk->writer_said && waited >= (patience > 0 ? patience : WRITER_PATIENCE.report))) {
        disk->writer_said = true;
        disk->writer_repeats = false;
        log_warn("a process has the output open for writing: nothing is published until it closes "
                 "it",
                 LOG_STRING("file", disk->settings->output_path),
                 LOG_STRING("remedy", "have it close the file, or write another one and rename it "
                                      "over this one"));
    }
    return (struct disk_result){.error = -ETXTBSY, .look_again = writers_next_look(waited)};
}

static void end_wait_for_writer(struct disk *disk) {
    (void)incident_end(&disk->writer, NULL);
    if (disk->writer_said) {
        disk->writer_said = false;
        disk->writer_repeats = false;
        log_info("no process has the output open for writing any more",
                 LOG_STRING("file", disk->settings->output_path));
    }
}

/* What Prometheus has loaded stays within reach until it has loaded something else: a full disk
 * must not keep it from going back. */
static void keep_spare(struct disk *disk, struct bytes config) {
    struct publish_error failure = {.step = ""};

    if (!disk->good || bytes_equal(disk->edition.config, config)) {
        return;
    }
    int error = spare_keep(disk->settings->output_path, &failure);
    buffer_clear(&disk->spare);
    if (error == 0) {
        buffer_append(&disk->spare, disk->edition.config);
    } else {
        log_debug("the last good config has no second name: to go back it is written anew",
                  LOG_STRING("step", failure.step), LOG_STRING("file", failure.path),
                  LOG_STRING("err", strerror(-error)));
    }
}

static int write_config(struct disk *disk, const struct form_set *set, struct bytes config,
                        struct publish_error *failure, struct written *ret) {
    const struct agent_settings *settings = disk->settings;

    keep_spare(disk, config);
    ret->config_tried = true;
    if (settings->compile.in_place) {
        int error = write_in_place(disk, set->base, config, failure, &ret->config);
        if (ret->config) {
            look_at_attributes(disk, set);
        }
        return error;
    }
    return of_disk(file_publish(settings->output_path, config, settings->config_mode,
                                &disk->config_debt, failure, &ret->config));
}

/* What is to be published, and how. */
struct publishing {
    const struct form_set *set;
    const struct composition *composition;
    bool rolls_back;
    int64_t started;
};

static int write_files(struct disk *disk, const struct publishing *publishing,
                       struct publish_error *failure, struct written *ret) {
    const struct agent_settings *settings = disk->settings;
    const struct composition *composition = publishing->composition;
    int error =
        secrets_publish(settings->secret_directory, composition->secrets, composition->secret_count,
                        settings->secret_mode, &disk->secrets_debt, failure, &ret->secrets);

    if (error == 0) {
        return write_config(disk, publishing->set, composition->config, failure, ret);
    }
    if (publishing->rolls_back && secrets_exist(settings->secret_directory, composition->secrets,
                                                composition->secret_count)) {
        (void)write_config(disk, publishing->set, composition->config, NULL, ret);
    }
    return of_disk(error);
}

static uint64_t fingerprint_of(const struct composition *composition) {
    uint64_t fingerprint = bytes_hash(composition->config);

    for (size_t i = 0; i < composition->secret_count; i++) {
        const struct secret_file *secret = &composition->secrets[i];
        fingerprint = fingerprint * 31 + bytes_hash(bytes_of(secret->name));
        fingerprint = fingerprint * 31 + bytes_hash(secret->content);
    }
    return fingerprint;
}

/* The new config is in place, but the folder could not be synced. */
static bool is_unsynced(const struct disk *disk, const struct written *written,
                        const struct publish_error *failure) {
    return written->config_tried && disk->config_debt.sync &&
           strcmp(failure->step, "syncing the folder") == 0;
}

static void note_failure(struct disk *disk, const struct publishing *publishing, int error,
                         const struct written *written, const struct publish_error *failure) {
    const char *message = "cannot publish; the output stays as it is";

    if (disk->edition.set != NULL && !disk->moved) {
        message = "cannot publish; the config that was published before stays";
    }
    if (written->config) {
        message = "cannot publish every secret file; the config goes back all the same";
    } else if (is_unsynced(disk, written, failure)) {
        message = "cannot publish; the new config is in place, but may not outlast a crash";
        disk->confirmed = false;
        disk->good = false;
    }
    say_failure(&disk->publishing, message, error, failure);
    disk->failed = fingerprint_of(publishing->composition);
}

/* That nothing had to be written proves nothing: it may be what another publishing should have
 * taken the place of. */
static void note_success(struct disk *disk, const struct publishing *publishing, bool wrote) {
    if (disk->publishing.count == 0) {
        return;
    }
    if (wrote || disk->failed == fingerprint_of(publishing->composition)) {
        say_recovery(&disk->publishing, "publishing works again");
    } else if (disk->confirmed) {
        say_recovery(&disk->publishing, "what could not be published is not wanted any more");
    }
}

static struct disk_result publish(struct disk *disk, const struct publishing *publishing) {
    const struct composition *composition = publishing->composition;
    const bool owed = disk->config_debt.sync || disk->secrets_debt.sync;
    struct publish_error failure = {.step = ""};
    struct written written = {0};
    struct disk_result result = {0};

    result.error = write_files(disk, publishing, &failure, &written);
    if (result.error == -ETXTBSY && disk->settings->compile.in_place) {
        return wait_for_writer(disk);
    }
    end_wait_for_writer(disk);
    if (result.error == -ESTALE) {
        log_debug("the output has another base than was merged: it is read again",
                  LOG_STRING("file", disk->settings->output_path));
        return result;
    }
    result.written = written.config || written.secrets > 0;
    disk->confirmed = disk->confirmed && !result.written;
    disk->good = disk->good && !written.config;
    if (result.error != 0) {
        note_failure(disk, publishing, result.error, &written, &failure);
        if (!written.config && !is_unsynced(disk, &written, &failure)) {
            return (struct disk_result){.error = result.error};
        }
    } else {
        note_success(disk, publishing, result.written || owed);
    }
    say_written(disk, publishing->set, composition->config.length, &written, publishing->started);
    result.changed = written.config || disk->edition.set == NULL ||
                     !bytes_equal(disk->edition.config, composition->config);
    struct edition edition = edition_of(publishing->set, composition);
    edition_free(&disk->edition);
    disk->edition = edition;
    disk->moved = false;
    return result;
}

static struct disk_result publish_set(struct disk *disk, const struct form_set *set,
                                      const size_t *order, bool rolls_back, int64_t started) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct composition composition =
        form_set_compose(arena, set, order, &disk->settings->compile.limits, &diagnostics);

    if (!composition.mergeable) {
        /* Never: it was merged before. */
        log_error("a config that was good cannot be merged any more",
                  LOG_STRING("base", set->base_path));
        return (struct disk_result){.error = -EINVAL};
    }
    if (rolls_back) {
        (void)composition_follow(arena, &composition, buffer_bytes(&disk->spare));
    }
    return publish(disk, &(struct publishing){set, &composition, rolls_back, started});
}

struct disk_result disk_publish(struct disk *disk, const struct form_set *set, const size_t *order,
                                int64_t started) {
    return publish_set(disk, set, order, false, started);
}

struct disk_result disk_roll_back(struct disk *disk, const struct form_set *set,
                                  const size_t *order, int64_t started) {
    return publish_set(disk, set, order, true, started);
}

/* What stands in the output. Appended to an empty buffer; nothing where it cannot be read, or is
 * longer than limit. */
static void read_standing(const struct disk *disk, size_t limit, struct buffer *ret) {
    struct publish_error failure = {.step = ""};

    if (disk->edition.set != NULL && !disk->moved) {
        buffer_append(ret, disk->edition.config);
    } else if (file_read_back(disk->settings->output_path, limit, ret, &failure) != 0) {
        buffer_clear(ret);
    }
}

struct disk_result disk_publish_state(struct disk *disk, const struct desired_state *state,
                                      int64_t started) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer standing = {0};
    struct composition composition = {
        .mergeable = true,
        .config = state->config,
        .section = state->section,
        .spans = state->spans,
        .order = state->order,
        .count = state->served->count,
        .secrets = state->secrets,
        .secret_count = state->secret_count,
    };

    read_standing(disk, composition.config.length, &standing);
    (void)composition_follow(arena, &composition, buffer_bytes(&standing));
    return publish(disk, &(struct publishing){state->served, &composition, false, started});
}

/* --- cleaning up ------------------------------------------------------------------------------ */

void disk_clean(const struct disk *disk) {
    struct publish_error failure = {.step = ""};
    int error = temporaries_remove(disk->settings->output_path, &failure);

    if (error != 0) {
        log_warn("cannot remove temporary files", LOG_STRING("step", failure.step),
                 LOG_STRING("file", failure.path), LOG_STRING("err", strerror(-error)));
    }
}

/* In the text of an entry a path begins behind a quote or a blank. */
static bool entry_names(struct bytes entry, struct bytes path) {
    size_t at = bytes_find(entry, path, 0);

    while (at != SIZE_MAX && (at == 0 || strchr(" \"'", entry.data[at - 1]) == NULL)) {
        at = bytes_find(entry, path, at + 1);
    }
    return at != SIZE_MAX;
}

/* The secret files that an entry does not name in the present folder: it is of earlier settings,
 * and may name them in an earlier one. *ret_count of them, in the arena. */
static struct secret_file *named_elsewhere(const struct disk *disk, struct arena *arena,
                                           size_t *ret_count) {
    const struct form_set *set = disk->edition.set;
    const char *folder = disk->settings->compile.secret_path;
    struct secret_file *files = NULL;
    size_t count = 0;
    size_t capacity = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct form *form = &set->forms[i];
        for (size_t j = 0; j < form->secret_count; j++) {
            const char *name = form->secrets[j].name;
            if (!entry_names(form->entry, bytes_of(arena_format(arena, "%s/%s", folder, name)))) {
                files = arena_grow(arena, files, count, &capacity, sizeof(*files));
                files[count++] = (struct secret_file){.name = name};
            }
        }
    }
    *ret_count = count;
    return files;
}

static bool same_folder(const char *left, const char *right) {
    struct stat left_status;
    struct stat right_status;

    return strcmp(left, right) == 0 ||
           (stat(left, &left_status) == 0 && stat(right, &right_status) == 0 &&
            left_status.st_dev == right_status.st_dev && left_status.st_ino == right_status.st_ino);
}

/* The folders of earlier settings, until nothing of ours is needed there any more. 0 or the first
 * negative errno; *removed grows. */
static int prune_left(struct disk *disk, struct publish_error *failure, size_t *removed) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    size_t needed = 0;
    size_t kept = 0;
    int first = 0;

    if (disk->left_count == 0) {
        return 0;
    }
    const struct secret_file *files = named_elsewhere(disk, arena, &needed);
    for (size_t i = 0; i < disk->left_count; i++) {
        char *folder = disk->left[i];
        size_t count = 0;
        int error = 0;
        if (!same_folder(folder, disk->settings->secret_directory)) {
            error = secrets_prune(folder, files, needed, first == 0 ? failure : NULL, &count);
        }
        *removed += count;
        first = first == 0 ? error : first;
        if (error != 0 || needed > 0) {
            disk->left[kept++] = folder;
        } else {
            free(folder);
        }
    }
    disk->left_count = kept;
    return first;
}

bool disk_prune(struct disk *disk) {
    struct publish_error failure = {.step = ""};
    size_t removed = 0;
    size_t removed_elsewhere = 0;

    if (disk->edition.set == NULL) {
        return true;
    }
    disk->confirmed = true;
    disk->good = true;
    say_recovery(&disk->publishing, "what could not be published is not wanted any more");
    int error = secrets_prune(disk->settings->secret_directory, disk->edition.secrets,
                              disk->edition.secret_count, &failure, &removed);
    int second = prune_left(disk, error == 0 ? &failure : NULL, &removed_elsewhere);
    error = error == 0 ? second : error;
    second = spare_remove(disk->settings->output_path, error == 0 ? &failure : NULL);
    buffer_free(&disk->spare);
    error = error == 0 ? second : error;
    removed += removed_elsewhere;
    if (error != 0) {
        say_failure(&disk->pruning, "cannot remove files that are no longer needed", error,
                    &failure);
        return false;
    }
    say_recovery(&disk->pruning, "files that are no longer needed can be removed again");
    if (removed > 0) {
        log_info("secret files removed", LOG_INT("secret_files", removed));
    }
    return true;
}
