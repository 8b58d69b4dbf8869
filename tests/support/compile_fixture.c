/* SPDX-License-Identifier: Apache-2.0 */

/* A snapshot made by hand: compile is pure, so nothing else is needed. */

#include "support/compile_fixture.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct compile_fixture *compile_given(void) {
    struct compile_fixture *fixture = memory_new(1, sizeof(*fixture));

    fixture->arena = arena_new();
    fixture->compiler = compiler_new();
    fixture->settings = (struct compile_settings){
        .policy = {.allow_ambient_credentials = true, .send_metadata = true},
        .secret_path = "remote-write-secrets",
        .limits = yaml_default_limits,
    };
    fixture->snapshot = (struct snapshot){.volumes = fixture->contents, .complete = true};
    fixture->snapshot.diagnostics = diagnostics_in(fixture->arena);
    return fixture;
}

void compile_fixture_freep(struct compile_fixture **fixture) {
    if (*fixture == NULL) {
        return;
    }
    desired_state_free((*fixture)->state);
    compiler_free((*fixture)->compiler);
    arena_free((*fixture)->arena);
    free(*fixture);
    *fixture = NULL;
}

void compile_file(struct compile_fixture *fixture, enum volume_kind kind, const char *namespace,
                  const char *relative, const char *content) {
    size_t index = fixture->snapshot.volume_count;
    struct source_file *file = ARENA_NEW(fixture->arena, struct source_file);
    const struct source_file **files =
        ARENA_NEW_ARRAY(fixture->arena, const struct source_file *, 1);

    assert(index < COMPILE_FILES_MAX);
    fixture->last_id++;
    *file = (struct source_file){
        .path = arena_format(fixture->arena, "v%zu/%s", index, relative),
        .relative = relative,
        .content = bytes_of(content),
        .id = fixture->last_id,
    };
    files[0] = file;
    fixture->volumes[index] = (struct volume_config){
        .kind = kind,
        .namespace = namespace,
        .path = arena_format(fixture->arena, "v%zu", index),
    };
    fixture->contents[index] = (struct snapshot_volume){
        .config = &fixture->volumes[index], .present = true, .files = files, .file_count = 1};
    fixture->snapshot.volume_count++;
}

void compile_manifest(struct compile_fixture *fixture, const char *name, const char *content) {
    compile_file(fixture, VOLUME_REMOTE_WRITE, NULL, name, content);
}

void compile_remote_write(struct compile_fixture *fixture, const char *name, const char *fields) {
    compile_manifest(fixture, arena_format(fixture->arena, "%s.yaml", name),
                     arena_format(fixture->arena,
                                  "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                                  "kind: RemoteWrite\n"
                                  "metadata: {name: %s, namespace: team-a}\n"
                                  "spec:\n"
                                  "  clusterSelector: {}\n"
                                  "  remoteWrite:\n"
                                  "    url: https://metrics.example/write\n"
                                  "%s",
                                  name, fields));
}

void compile_runs(struct compile_fixture *fixture) {
    desired_state_free(fixture->state);
    fixture->state = compiler_pass(fixture->compiler, &fixture->snapshot, &fixture->settings);
}

const char *compile_config(const struct compile_fixture *fixture) {
    return arena_string(fixture->arena, fixture->state->config);
}

const struct outcome *compile_outcome(const struct compile_fixture *fixture, const char *name) {
    for (size_t i = 0; i < fixture->state->outcome_count; i++) {
        if (strcmp(fixture->state->outcomes[i].name, name) == 0) {
            return &fixture->state->outcomes[i];
        }
    }
    return NULL;
}

const char *compile_state_of(const struct compile_fixture *fixture, const char *name) {
    const struct outcome *outcome = compile_outcome(fixture, name);

    return outcome != NULL ? remote_write_state_name(outcome->state) : "(none)";
}

const char *compile_messages(const struct compile_fixture *fixture) {
    CLEANUP(buffer_free) struct buffer out = {0};

    for (size_t i = 0; i < fixture->state->diagnostics.count; i++) {
        diagnostic_format(&fixture->state->diagnostics.items[i], &out);
        buffer_append_char(&out, '\n');
    }
    return arena_string(fixture->arena, buffer_bytes(&out));
}

const char *compile_secret(const struct compile_fixture *fixture, const char *name) {
    for (size_t i = 0; i < fixture->state->secret_count; i++) {
        if (strcmp(fixture->state->secrets[i].name, name) == 0) {
            return arena_string(fixture->arena, fixture->state->secrets[i].content);
        }
    }
    return NULL;
}
