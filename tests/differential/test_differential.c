/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Made-up RemoteWrites, judged by us and by promtool. Every merged config that we would publish has
 * to pass `promtool check config`, and every value in it has to stand as it was written. The other
 * way round, of each reason for which we reject, a few are shown to promtool in a translation
 * without judgement: reasons that promtool lets pass have to be listed, with why, in
 * docs/stricter.md.
 *
 * DIFFERENTIAL_COUNT (2000): how many. SEED (1). DIFFERENTIAL_VERBOSE=1: print the reasons in full.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "compile/compile.h"
#include "source/source.h"
#include "support/manifest_generator.h"
#include "support/naive_translation.h"
#include "support/tempdir.h"
#include "yaml/emit.h"
#include "yaml/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    BATCH = 100,
    SAMPLES_OF_A_REASON = 3,
    REASONS_MAX = 512,
};

struct reason {
    char *text;
    size_t count;
    size_t asked;
    size_t let_pass;
};

struct tally {
    bool without_azuread; /* this promtool was built without it */
    size_t made;
    size_t states[REMOTE_WRITE_STATES];
    size_t configs;
    size_t disagreements;
    struct reason reasons[REASONS_MAX];
    size_t reason_count;
    struct version version;
    const char *folder;
};

static const char *setting(const char *name, const char *fallback) {
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : fallback;
}

static const char *promtool(void) {
    return setting("PROMTOOL", "build/peers/debian/usr/bin/promtool");
}

/* What promtool says of a config; true: it passes. */
static bool promtool_passes(const char *folder, struct bytes config, struct buffer *said) {
    char command[4096];
    char line[1024];
    FILE *pipe;

    file_write_bytes(folder, "prometheus.yml", config);
    snprintf(command, sizeof(command), "'%s' check config '%s/prometheus.yml' 2>&1", promtool(),
             folder);
    pipe = popen(command, "r"); /* NOLINT(cert-env33-c): both paths are our own */
    assert_non_null(pipe);
    buffer_clear(said);
    while (fgets(line, sizeof(line), pipe) != NULL)
        buffer_append_string(said, line);
    return pclose(pipe) == 0;
}

static struct version promtool_version(void) {
    char command[4096];
    char line[256] = "";
    struct version version = {0};
    const char *number;
    FILE *pipe;

    snprintf(command, sizeof(command), "'%s' --version 2>&1", promtool());
    pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof(line), pipe));
    while (fgetc(pipe) != EOF)
        ;
    pclose(pipe);
    number = strstr(line, "version ");
    assert_non_null(number);
    number += strlen("version ");
    assert_int_equal(version_parse((struct bytes){number, strcspn(number, " ")}, &version), 0);
    return version;
}

/* A build of Prometheus may leave azuread out, as Debian's do, whatever its version. */
static bool promtool_lacks_azuread(const char *folder) {
    static const char config[] = "remote_write:\n"
                                 "- url: http://h\n"
                                 "  azuread:\n"
                                 "    managed_identity:\n"
                                 "      client_id: 00000000-0000-0000-0000-000000000000\n";
    struct buffer said = {0};
    bool lacks = !promtool_passes(folder, bytes_of(config), &said);

    buffer_free(&said);
    return lacks;
}

/* JSON as a YAML reader takes it for the same: what YAML 1.1 has for a line break, or for
 * unprintable, is escaped. */
static void append_json(struct buffer *out, const json_t *document, size_t flags) {
    static const struct {
        const char *raw;
        const char *escaped;
    } escapes[] = {{"\xc2\x85", "\\u0085"},
                   {"\xe2\x80\xa8", "\\u2028"},
                   {"\x7f", "\\u007f"},
                   {"\xef\xbb\xbf", "\\ufeff"}};
    char *text = json_dumps(document, flags);

    assert_non_null(text);
    for (const char *at = text; *at != '\0';) {
        size_t i = 0;

        while (i < ARRAY_LENGTH(escapes) &&
               strncmp(at, escapes[i].raw, strlen(escapes[i].raw)) != 0)
            i++;
        if (i < ARRAY_LENGTH(escapes)) {
            buffer_append_string(out, escapes[i].escaped);
            at += strlen(escapes[i].raw);
        } else {
            buffer_append_char(out, *at++);
        }
    }
    free(text);
}

/* One batch: its specs, its manifest file and its pass. */

struct batch {
    struct arena *arena;
    json_t *specs[BATCH];
    size_t count;
    struct buffer manifest;
};

static void batch_make(struct batch *batch, struct generator *generator, size_t count,
                       bool without_azuread) {
    batch->count = count;
    for (size_t i = 0; i < count; i++) {
        json_t *document;

        batch->specs[i] = generator_spec(generator);
        if (without_azuread)
            json_object_del(batch->specs[i], "azureAd");
        document = json_pack("{s:s, s:s, s:{s:o, s:s}, s:O}", "apiVersion",
                             "monitoring.coreos.com/v1alpha1", "kind", "RemoteWrite", "metadata",
                             "name", json_string(arena_format(batch->arena, "rw-%03zu", i)),
                             "namespace", "d", "spec", batch->specs[i]);
        assert_non_null(document);
        buffer_append_string(&batch->manifest, "---\n");
        append_json(&batch->manifest, document, i % 2 == 0 ? JSON_INDENT(2) : JSON_COMPACT);
        buffer_append_char(&batch->manifest, '\n');
        json_decref(document);
    }
}

static void batch_free(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++)
        json_decref(batch->specs[i]);
    buffer_free(&batch->manifest);
    arena_free(batch->arena);
}

static struct desired_state *batch_compile(struct batch *batch, struct version version) {
    static const struct volume_config configs[] = {
        {.kind = VOLUME_REMOTE_WRITE, .path = "rw"},
        {.kind = VOLUME_SECRET, .path = "secrets"},
        {.kind = VOLUME_CONFIGMAP, .path = "configmaps"},
    };
    struct source_file manifest = {.path = "rw/a.yaml", .relative = "a.yaml", .id = 1};
    const struct source_file *manifests[] = {&manifest};
    struct source_file secrets[8] = {0};
    const struct source_file *secret_files[8];
    struct snapshot_volume volumes[3] = {0};
    struct snapshot snapshot = {.volumes = volumes, .volume_count = 3, .complete = true};
    struct compile_settings settings = {
        .version = version,
        .secret_path = "secrets",
        .limits = yaml_default_limits,
        .policy = {.send_metadata = true,
                   .allow_file_references = true,
                   .allow_ambient_credentials = true},
    };
    struct compiler *compiler = compiler_new();
    struct desired_state *state;
    /* sorted, as a snapshot has them */
    static const size_t order[] = {1, 3, 2, 0};

    manifest.content = buffer_bytes(&batch->manifest);
    for (size_t i = 0; i < generator_secret_count; i++) {
        const struct generator_secret *secret = &generator_secrets[order[i]];

        secrets[i].relative = secrets[i].path = arena_format(batch->arena, "s/%s", secret->key);
        secrets[i].content = bytes_of(secret->value);
        secrets[i].id = 10 + i;
        secret_files[i] = &secrets[i];
    }
    for (size_t i = 0; i < 3; i++) {
        volumes[i].config = &configs[i];
        volumes[i].present = true;
        volumes[i].files = i == 0 ? manifests : secret_files;
        volumes[i].file_count = i == 0 ? 1 : generator_secret_count;
    }
    state = compiler_pass(compiler, &snapshot, &settings);
    compiler_free(compiler);
    assert_true(state->mergeable);
    return state;
}

/* The kind of a reason, "FIELD: PROBLEM; REMEDY": its problem, without what differs from one
 * manifest to the next (numbers, quoted text, fields, what stood there instead). */
static char *reason_class(const char *reason) {
    struct buffer out = {0};
    const char *at = strstr(reason, ": ");
    const char *end;
    char *text;

    at = at != NULL ? at + 2 : reason;
    end = strstr(at, "; ");
    end = end != NULL ? end : at + strlen(at);
    if (strncmp(at, "must be ", 8) == 0 && strstr(at, ", but ") != NULL)
        end = strstr(at, ", but ");
    while (at < end) {
        if (*at == '"') {
            const char *close = strchr(at + 1, '"');

            buffer_append_string(&out, "\"...\"");
            at = close != NULL && close < end ? close + 1 : end;
        } else if (strncmp(at, "spec.", 5) == 0) {
            buffer_append_string(&out, "FIELD");
            at += strcspn(at, " ,");
        } else if (*at >= '0' && *at <= '9') {
            buffer_append_char(&out, 'N');
            at += strspn(at, "0123456789.");
        } else {
            buffer_append_char(&out, *at++);
        }
    }
    text = strdup(buffer_string(&out));
    buffer_free(&out);
    return text;
}

static struct reason *reason_find(struct tally *tally, const char *text) {
    char *class = reason_class(text);

    for (size_t i = 0; i < tally->reason_count; i++) {
        if (strcmp(tally->reasons[i].text, class) == 0) {
            free(class);
            return &tally->reasons[i];
        }
    }
    assert_true(tally->reason_count < REASONS_MAX);
    tally->reasons[tally->reason_count].text = class;
    return &tally->reasons[tally->reason_count++];
}

static void disagree(struct tally *tally, const char *what, const json_t *spec,
                     struct bytes shown) {
    char *text = json_dumps(spec, JSON_COMPACT);

    tally->disagreements++;
    if (tally->disagreements <= 10)
        fprintf(stderr, "DISAGREEMENT: %s\n  spec: %s\n%.*s\n", what, text, BYTES_ARG(shown));
    free(text);
}

/* Every value of an active RemoteWrite stands in its entry as it was written. */
static void compare_values(struct tally *tally, struct batch *batch,
                           const struct desired_state *state) {
    struct diagnostics diagnostics = diagnostics_in(batch->arena);
    struct document *documents = NULL;
    size_t count = 0;
    const struct node *list;
    size_t at = 0;

    assert_int_equal(tree_parse(batch->arena, state->config, &yaml_default_limits, "out",
                                &diagnostics, &documents, &count),
                     0);
    list =
        count > 0 && documents[0].root != NULL ? node_get(documents[0].root, "remote_write") : NULL;
    for (size_t i = 0; i < state->outcome_count; i++) {
        const struct outcome *outcome = &state->outcomes[i];
        const json_t *spec = batch->specs[strtoul(outcome->name + 3, NULL, 10)];
        struct node *expected;

        if (outcome->state != STATE_ACTIVE)
            continue;
        assert_non_null(list);
        expected = naive_entry(batch->arena, spec, outcome->name, tally->version);
        if (!node_equal(expected, list->sequence.items[at])) {
            struct buffer shown = {0};

            buffer_append_string(&shown, "expected:\n");
            emit_block(&shown, expected, 0, "\n");
            buffer_append_string(&shown, "published:\n");
            buffer_append(&shown, outcome->entry);
            disagree(tally, "a value did not arrive as written", spec, buffer_bytes(&shown));
            buffer_free(&shown);
        }
        at++;
    }
}

static void ask_about_rejected(struct tally *tally, struct batch *batch,
                               const struct outcome *outcome, const json_t *spec) {
    struct reason *reason = reason_find(tally, outcome->reason);
    struct buffer config = {0};
    struct buffer said = {0};

    reason->count++;
    if (reason->asked < SAMPLES_OF_A_REASON) {
        buffer_append_string(&config, "remote_write:\n");
        emit_sequence_item(&config, naive_entry(batch->arena, spec, outcome->name, tally->version),
                           0, "\n");
        reason->asked++;
        reason->let_pass += promtool_passes(tally->folder, buffer_bytes(&config), &said);
    }
    buffer_free(&config);
    buffer_free(&said);
}

static void run_batch(struct tally *tally, struct generator *generator, size_t count) {
    struct batch batch = {.arena = arena_new()};
    struct desired_state *state;
    struct buffer said = {0};

    batch_make(&batch, generator, count, tally->without_azuread);
    state = batch_compile(&batch, tally->version);
    assert_int_equal(state->outcome_count, count);
    tally->made += count;
    for (size_t i = 0; i < state->outcome_count; i++) {
        const struct outcome *outcome = &state->outcomes[i];

        tally->states[outcome->state]++;
        if (outcome->state == STATE_REJECTED)
            ask_about_rejected(tally, &batch, outcome,
                               batch.specs[strtoul(outcome->name + 3, NULL, 10)]);
    }
    tally->configs++;
    if (!promtool_passes(tally->folder, state->config, &said)) {
        buffer_append(&said, state->config);
        disagree(tally, "promtool refuses a config that we would publish", batch.specs[0],
                 buffer_bytes(&said));
    }
    compare_values(tally, &batch, state);
    buffer_free(&said);
    desired_state_free(state);
    batch_free(&batch);
}

static bool is_documented(const char *docs, const char *reason) {
    return docs != NULL && strstr(docs, reason) != NULL;
}

static size_t report(struct tally *tally) {
    char *docs = file_read(".", "docs/stricter.md");
    size_t undocumented = 0;

    printf(
        "differential: promtool %u.%u.%u: made %zu, accepted %zu, pending %zu, rejected %zu; %zu configs checked, "
        "%zu disagreements\n",
        tally->version.major, tally->version.minor, tally->version.patch, tally->made,
        tally->states[STATE_ACTIVE], tally->states[STATE_PENDING], tally->states[STATE_REJECTED],
        tally->configs, tally->disagreements);
    for (size_t i = 0; i < tally->reason_count; i++) {
        const struct reason *reason = &tally->reasons[i];

        printf("  %5zu rejected, promtool lets %zu of %zu pass: %s\n", reason->count,
               reason->let_pass, reason->asked, reason->text);
        if (reason->let_pass > 0 && !is_documented(docs, reason->text)) {
            printf("        ^ not in docs/stricter.md\n");
            undocumented++;
        }
    }
    free(docs);
    return undocumented;
}

static void what_we_publish_passes_promtool_and_says_what_was_written(void **state) {
    struct generator generator = generator_new(strtoull(setting("SEED", "1"), NULL, 10));
    size_t count = strtoul(setting("DIFFERENTIAL_COUNT", "2000"), NULL, 10);
    char *folder = tempdir_new();
    struct tally *tally = calloc(1, sizeof(*tally));
    size_t undocumented;
    size_t disagreements;

    tally->folder = folder;
    tally->version = promtool_version();
    tally->without_azuread = version_compare(tally->version, (struct version){2, 45, 0}) >= 0 &&
                             promtool_lacks_azuread(folder);
    if (tally->without_azuread)
        printf("differential: this promtool was built without azuread: left out\n");
    for (size_t done = 0; done < count; done += BATCH)
        run_batch(tally, &generator, count - done < BATCH ? count - done : BATCH);
    undocumented = report(tally);
    disagreements = tally->disagreements;
    for (size_t i = 0; i < tally->reason_count; i++)
        free(tally->reasons[i].text);
    free(tally);
    tempdir_remove(folder);
    assert_int_equal(disagreements, 0);
    assert_int_equal(undocumented, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_publish_passes_promtool_and_says_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
