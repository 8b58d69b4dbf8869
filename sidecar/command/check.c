/* SPDX-License-Identifier: Apache-2.0 */

/* Judges manifests without a Prometheus: those named on the command line (files, directories, "-"
 * for standard input) in place of the configured directories of manifests, with everything else as
 * configured. */

#include "base/log.h"
#include "base/memory.h"
#include "command/command.h"
#include "command/report.h"
#include "command/setup.h"
#include "command/verdict.h"
#include "source/fault.h"
#include "source/file.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The manifests of one check, gathered file by file. */
struct named_files {
    struct arena *arena;
    struct diagnostics *diagnostics;  /* what could not be read */
    size_t limit;                     /* bytes of one file */
    const struct source_file **files; /* room for every operand, here and in owned */
    size_t count;
    struct file **owned; /* those that file_load gave */
    size_t owned_count;
    struct buffer input; /* standard input */
    uint64_t last_id;
    void *given; /* of struct given: every file and directory so far */
};

/* A file or a directory, whatever names it has. */
struct given {
    dev_t device;
    ino_t inode;
    size_t by; /* which operand, or which of the volumes behind them, brought it first */
};

static int by_inode(const void *left_, const void *right_) {
    const struct given *left = left_;
    const struct given *right = right_;

    if (left->device != right->device) {
        return left->device < right->device ? -1 : 1;
    }
    return (left->inode > right->inode) - (left->inode < right->inode);
}

static void given_forget(void *given) {
    /* It lives in the arena. */
    (void)given;
}

/* Did another one bring it already? Two names in one directory are two, as they are for run. */
static bool given_before(struct named_files *named, const char *path, size_t by) {
    struct stat status;

    if (stat(path, &status) < 0) {
        return false;
    }
    struct given *given = ARENA_NEW(named->arena, struct given);
    *given = (struct given){.device = status.st_dev, .inode = status.st_ino, .by = by};
    struct given *const *found = tsearch(given, &named->given, by_inode);
    if (found == NULL) {
        memory_exhausted();
    }
    return (*found)->by != by;
}

static void named_files_free(struct named_files *named) {
    for (size_t i = 0; i < named->owned_count; i++) {
        file_release(named->owned[i]);
    }
    buffer_free(&named->input);
    tdestroy(named->given, given_forget);
}

static void add_file(struct named_files *named, const struct source_file *file) {
    named->files[named->count] = file;
    named->count++;
}

static void report_unreadable(struct named_files *named, const char *path, int error) {
    const struct fault fault = {
        .path = path, .error = error, .limit = named->limit, .limit_option = "--max-file-size"};

    if (error == -ENOENT) {
        diagnostics_add(named->diagnostics, SEVERITY_ERROR, (struct location){.file = path}, NULL,
                        NULL, "correct the path", "does not exist");
        return;
    }
    fault_report(named->diagnostics, &fault);
}

static void read_named_file(struct named_files *named, const char *path) {
    struct file *file = NULL;
    const struct file_request request = {
        .folder = AT_FDCWD,
        .name = path,
        .follow = true,
        .path = path,
        .relative = path,
        .limit = named->limit,
        .last_id = &named->last_id,
    };
    int error = file_load(&request, NULL, &file);

    if (error < 0) {
        report_unreadable(named, path, error);
        return;
    }
    named->owned[named->owned_count] = file;
    named->owned_count++;
    add_file(named, &file->view);
}

static int read_input(struct named_files *named) {
    const size_t step = 65536;

    while (named->input.length <= named->limit) {
        ssize_t count = read(STDIN_FILENO, buffer_reserve(&named->input, step), step);
        if (count == 0) {
            return 0;
        }
        if (count < 0 && errno != EINTR) {
            return -errno;
        }
        named->input.length += count > 0 ? (size_t)count : 0;
    }
    return -EFBIG;
}

static void read_standard_input(struct named_files *named) {
    static const char name[] = "<stdin>";
    int error = read_input(named);

    if (error < 0) {
        report_unreadable(named, name, error);
        return;
    }
    struct source_file *file = ARENA_NEW(named->arena, struct source_file);
    named->last_id++;
    *file = (struct source_file){
        .path = name,
        .relative = name,
        .content = buffer_bytes(&named->input),
        .id = named->last_id,
    };
    add_file(named, file);
}

/* Files are read at once; a directory becomes one more volume. What an operand before it named is
 * passed over. */
static void read_named(struct named_files *named, const char *path, size_t operand,
                       struct volume_config *volumes, size_t *count) {
    struct stat status;

    if (strcmp(path, "-") == 0) {
        if (named->input.length == 0) {
            read_standard_input(named);
        }
    } else if (given_before(named, path, operand)) {
        return;
    } else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        volumes[*count] = (struct volume_config){.kind = VOLUME_REMOTE_WRITE, .path = path};
        (*count)++;
    } else {
        read_named_file(named, path);
    }
}

/* The configured volumes but those of manifests, behind the named ones. */
static void keep_other_volumes(const struct source_settings *configured,
                               struct volume_config *volumes, size_t *count) {
    for (size_t i = 0; i < configured->volume_count; i++) {
        if (configured->volumes[i].kind != VOLUME_REMOTE_WRITE) {
            volumes[*count] = configured->volumes[i];
            (*count)++;
        }
    }
}

static enum exit_status judge(const struct setup *setup, const struct snapshot *snapshot) {
    CLEANUP(compiler_freep) struct compiler *compiler = compiler_new();
    CLEANUP(desired_state_freep)
    struct desired_state *state = compiler_pass(compiler, snapshot, &setup->agent.compile);
    CLEANUP(buffer_free) struct buffer summary = {0};

    diagnostics_print(stdout, &state->diagnostics);
    enum exit_status written = output_write(BYTES(""));
    verdict_summary(state, &summary);
    fprintf(stderr, "%s\n", buffer_string(&summary));
    return written != STATUS_OK ? written : verdict_of(state);
}

/* A volume without the files that were named, or stand in a volume before it. */
static struct snapshot_volume without_given(struct named_files *named,
                                            const struct snapshot_volume *volume, size_t by) {
    const struct source_file **files =
        ARENA_NEW_ARRAY(named->arena, const struct source_file *, volume->file_count);
    struct snapshot_volume rest = *volume;

    rest.files = files;
    rest.file_count = 0;
    for (size_t i = 0; i < volume->file_count; i++) {
        if (!given_before(named, volume->files[i]->path, by)) {
            files[rest.file_count] = volume->files[i];
            rest.file_count++;
        }
    }
    return rest;
}

/* A snapshot with the named files as a volume of their own. */
static enum exit_status judge_named(const struct setup *setup,
                                    const struct source_settings *settings,
                                    struct named_files *named, size_t operand_count) {
    static const struct volume_config named_volume = {.kind = VOLUME_REMOTE_WRITE, .path = ""};
    CLEANUP(source_freep) struct source *source = source_new(settings);
    CLEANUP(snapshot_releasep) struct snapshot *read = source_read(source, true);
    struct snapshot snapshot = *read;
    struct snapshot_volume *volumes =
        ARENA_NEW_ARRAY(named->arena, struct snapshot_volume, read->volume_count + 1);

    for (size_t i = 0; i < read->volume_count; i++) {
        volumes[i] = read->volumes[i];
        if (volumes[i].config->kind == VOLUME_REMOTE_WRITE) {
            volumes[i] = without_given(named, &read->volumes[i], operand_count + i);
        }
    }
    volumes[read->volume_count] = (struct snapshot_volume){
        .config = &named_volume,
        .present = true,
        .files = named->files,
        .file_count = named->count,
    };
    snapshot.volumes = volumes;
    snapshot.volume_count = read->volume_count + 1;
    diagnostics_append(named->diagnostics, &read->diagnostics);
    snapshot.diagnostics = *named->diagnostics;
    return judge(setup, &snapshot);
}

static enum exit_status check_named(const struct setup *setup,
                                    const struct invocation *invocation) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct source_settings settings = setup->agent.source;
    size_t most = settings.volume_count + invocation->operand_count;
    struct volume_config *volumes = ARENA_NEW_ARRAY(arena, struct volume_config, most);
    CLEANUP(named_files_free)
    struct named_files named = {
        .arena = arena,
        .diagnostics = &diagnostics,
        .limit = settings.max_file_size,
        .files = ARENA_NEW_ARRAY(arena, const struct source_file *, invocation->operand_count),
        .owned = ARENA_NEW_ARRAY(arena, struct file *, invocation->operand_count),
        /* The source counts from 1. */
        .last_id = UINT64_MAX / 2,
    };

    size_t count = 0;
    for (size_t i = 0; i < invocation->operand_count; i++) {
        read_named(&named, invocation->operands[i], i, volumes, &count);
    }
    keep_other_volumes(&setup->agent.source, volumes, &count);
    settings.volumes = volumes;
    settings.volume_count = count;
    return judge_named(setup, &settings, &named, invocation->operand_count);
}

static enum exit_status check_configured(const struct setup *setup) {
    CLEANUP(source_freep) struct source *source = source_new(&setup->agent.source);
    CLEANUP(snapshot_releasep) struct snapshot *snapshot = source_read(source, true);

    return judge(setup, snapshot);
}

enum exit_status check_execute(const struct invocation *invocation) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(setup_freep) struct setup *setup = NULL;
    struct diagnostics diagnostics = diagnostics_in(arena);

    if (setup_new(invocation->flags, NEED_NOTHING, &diagnostics, &setup) < 0) {
        return usage_fault(&diagnostics);
    }
    if (invocation->operand_count > 0) {
        return check_named(setup, invocation);
    }
    if (setup->settings->remote_write_dirs.count == 0) {
        diagnostics_add(&diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, NULL,
                        "name files or directories, or give --remote-write-dir",
                        "there is nothing to check");
        return usage_fault(&diagnostics);
    }
    return check_configured(setup);
}
