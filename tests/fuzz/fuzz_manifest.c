/* SPDX-License-Identifier: Apache-2.0 */

/* A manifest from anywhere, through the whole pass: whatever it holds, the pass ends, the merged
 * config is one, and it has an entry for each active RemoteWrite and for no other. The first byte
 * chooses version and policy. */

#include "base/arena.h"
#include "compile/compile.h"
#include "source/source.h"
#include "yaml/tree.h"

#include <stdint.h>
#include <stdlib.h>

static const struct version versions[] = {{2, 42, 0}, {2, 55, 0}, {3, 1, 0}, {3, 16, 0}};

static struct compile_settings settings_of(uint8_t choice) {
    static const char *const cluster[] = {"environment=prod", "team=a"};
    static const char *const urls[] = {"https://*.example.com/*"};
    struct compile_settings settings = {
        .version = versions[choice % 4],
        .secret_path = "remote-write-secrets",
        .cluster_labels = {cluster, 2},
        .limits = yaml_default_limits,
    };

    settings.policy.send_metadata = (choice & 4) == 0;
    settings.policy.allow_file_references = (choice & 8) != 0;
    settings.policy.allow_ambient_credentials = (choice & 16) != 0;
    settings.policy.allowed_urls = (struct string_list){urls, (choice & 32) != 0};
    settings.policy.max_shards = (choice & 64) != 0 ? 10 : 0;
    settings.policy.enforced_namespace_label = (choice & 128) != 0 ? "namespace" : NULL;
    settings.policy.proxy_from_environment = (choice & 64) != 0;
    settings.policy.https_proxy = "http://proxy:3128";
    settings.policy.no_proxy = "example.com,10.0.0.0/8";
    return settings;
}

static void check(const struct desired_state *state) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;
    const struct node *list;
    size_t entries = 0;

    if (!state->mergeable || tree_parse(arena, state->config, &yaml_default_limits, "out",
                                        &diagnostics, &documents, &count) < 0)
        abort();
    list =
        count > 0 && documents[0].root != NULL ? node_get(documents[0].root, "remote_write") : NULL;
    if (list != NULL)
        entries = list->sequence.count;
    if (diagnostics.count > 0 || entries != state->state_counts[STATE_ACTIVE])
        abort();
    for (size_t i = 0; i < state->outcome_count; i++) {
        const struct outcome *outcome = &state->outcomes[i];

        if ((outcome->state == STATE_ACTIVE) != (outcome->entry.length > 0) ||
            (outcome->state == STATE_ACTIVE) != (outcome->reason == NULL))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct volume_config config = {.kind = VOLUME_REMOTE_WRITE, .path = "rw"};
    struct source_file file = {.path = "rw/a.yaml", .relative = "a.yaml", .id = 1};
    const struct source_file *files[] = {&file};
    struct snapshot_volume volume = {
        .config = &config, .present = true, .files = files, .file_count = 1};
    struct snapshot snapshot = {.volumes = &volume, .volume_count = 1, .complete = true};
    CLEANUP(compiler_freep) struct compiler *compiler = compiler_new();
    struct compile_settings settings;

    if (size == 0)
        return 0;
    settings = settings_of(data[0]);
    if ((data[0] & 2) != 0)
        config.namespace = "team-a";
    file.content = (struct bytes){.data = (const char *)data + 1, .length = size - 1};

    /* twice: the second pass takes the parsed form from the first */
    for (int i = 0; i < 2; i++) {
        CLEANUP(desired_state_freep)
        struct desired_state *state = compiler_pass(compiler, &snapshot, &settings);

        check(state);
    }
    return 0;
}
