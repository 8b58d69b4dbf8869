/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Generated RemoteWrites, judged by us and by releases of Prometheus: by promtool, and by each
 * prometheus-config-loader that is at hand (make loaders). Every config that we would publish for a
 * release has to be loaded by it, every value in it has to stand as it was written, and what was
 * left out because the release does not know it has to be refused by it. The other way round, specs
 * that we reject are shown to it in a translation without judgement: reasons that it lets pass have
 * to be listed, with why, in docs/stricter.md.
 *
 * DIFFERENTIAL_COUNT (2000): how many. SEED (1). LOADERS: paths of loaders, separated by blanks.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "compile/compile.h"
#include "source/source.h"
#include "support/assertions.h"
#include "support/config_judge.h"
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
    REASONS_MAX = 512,
    LOADERS_MAX = 64,
    GATED_MAX = 128,
    FIELDS_MAX = 256,
    SECRETS_MAX = 16,
    /* how many specs of a reason promtool is asked about, and a loader of a field left out */
    SAMPLES_OF_A_REASON = 3,
    SAMPLES_OF_A_GATE = 20,
    /* so many specs have every field that a version knows in one that it takes */
    ENOUGH_FOR_EACH_FIELD = 20000,
};

struct reason {
    char *text;
    size_t count;
    size_t asked;
    size_t let_pass;
    char *sample; /* the first spec that Prometheus let pass */
};

/* A field that the version does not know. */
struct gated {
    const struct field *field;
    size_t asked;
};

struct tally {
    bool without_azuread; /* this Prometheus was built without it */
    size_t made;
    size_t states[REMOTE_WRITE_STATES];
    size_t configs;
    size_t disagreements;
    struct reason reasons[REASONS_MAX];
    size_t reason_count;
    struct gated gated[GATED_MAX];
    size_t gated_count;
    size_t gates_asked;
    const struct field *known[FIELDS_MAX]; /* by the version ... */
    bool served[FIELDS_MAX];               /* ... and set in an entry that it takes */
    size_t known_count;
    struct version version; /* that is rendered for: the judge's own, or one beside it */
    struct config_judge *judge;
    struct config_judge *older; /* of a version that has no judge: a config may pass either */
};

static const char *setting(const char *name, const char *fallback) {
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : fallback;
}

static bool is_accepted(struct tally *tally, struct bytes config, struct buffer *said) {
    if (config_judge_accepts(tally->judge, config, said))
        return true;
    if (tally->older == NULL)
        return false;
    buffer_clear(said);
    return config_judge_accepts(tally->older, config, said);
}

static struct buffer entry_config(const struct node *entry) {
    struct buffer config = {0};

    buffer_append_string(&config, "remote_write:\n");
    emit_sequence_item(&config, entry, 0, "\n");
    return config;
}

static bool is_entry_accepted(struct tally *tally, const struct node *entry, struct buffer *said) {
    struct buffer config = entry_config(entry);
    bool accepted = is_accepted(tally, buffer_bytes(&config), said);

    buffer_free(&config);
    return accepted;
}

/* By each release that is asked: where one beside the version refuses it, the version may as well.
 */
static bool is_entry_let_pass(struct tally *tally, const struct node *entry) {
    struct buffer config = entry_config(entry);
    struct buffer said = {0};
    bool accepted =
        config_judge_accepts(tally->judge, buffer_bytes(&config), &said) &&
        (tally->older == NULL || config_judge_accepts(tally->older, buffer_bytes(&config), &said));

    buffer_free(&said);
    buffer_free(&config);
    return accepted;
}

/* A build of Prometheus may leave azuread out, as Debian's do, whatever its version. */
static bool judge_lacks_azuread(struct config_judge *judge) {
    static const char config[] = "remote_write:\n"
                                 "- url: http://h\n"
                                 "  azuread:\n"
                                 "    managed_identity:\n"
                                 "      client_id: 00000000-0000-0000-0000-000000000000\n";
    struct buffer said = {0};
    bool lacks = version_compare(judge->version, (struct version){2, 45, 0}) >= 0 &&
                 !config_judge_accepts(judge, bytes_of(config), &said);

    buffer_free(&said);
    return lacks;
}

static void add_fields(struct tally *tally, const struct schema *schema) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];

        if (field->key != NULL && !field_known_by(field, tally->version)) {
            assert_true(tally->gated_count < GATED_MAX);
            tally->gated[tally->gated_count++].field = field;
            continue;
        }
        assert_true(tally->known_count < FIELDS_MAX);
        tally->known[tally->known_count++] = field;
        if (field->object != NULL)
            add_fields(tally, field->object);
    }
}

static void mark_served(struct tally *tally, const struct schema *schema, const json_t *object) {
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const json_t *value = json_object_get(object, field->name);

        if (value == NULL || json_is_null(value))
            continue;
        for (size_t j = 0; j < tally->known_count; j++)
            tally->served[j] = tally->served[j] || tally->known[j] == field;
        if (field->type == FIELD_OBJECT)
            mark_served(tally, field->object, value);
        else if (field->type == FIELD_OBJECT_LIST)
            mark_served(tally, field->object, json_array_get(value, 0));
    }
}

static size_t count_unserved(const struct tally *tally) {
    size_t unserved = 0;

    for (size_t i = 0; i < tally->known_count; i++) {
        if (!tally->served[i] && !tally->without_azuread) {
            printf("  no entry that was taken sets %s (%s)\n", tally->known[i]->name,
                   tally->known[i]->key);
            unserved++;
        }
    }
    return unserved;
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

/* The last one has a name that YAML readers take for null. */
static const char null_name[] = "null";

static const char *name_of(struct arena *arena, size_t index) {
    return index + 1 == BATCH ? null_name : arena_format(arena, "rw-%03zu", index);
}

static size_t index_of(const char *name) {
    return strcmp(name, null_name) == 0 ? BATCH - 1 : strtoul(name + strlen("rw-"), NULL, 10);
}

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
                             "name", json_string(name_of(batch->arena, i)), "namespace", "d",
                             "spec", batch->specs[i]);
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

/* The order in which a snapshot has its files. */
static int by_relative(const void *left, const void *right) {
    return strcmp(((const struct source_file *)left)->relative,
                  ((const struct source_file *)right)->relative);
}

static struct desired_state *batch_compile(struct batch *batch, struct version version) {
    static const struct volume_config configs[] = {
        {.kind = VOLUME_REMOTE_WRITE, .path = "rw"},
        {.kind = VOLUME_SECRET, .path = "secrets"},
        {.kind = VOLUME_CONFIGMAP, .path = "configmaps"},
    };
    struct source_file manifest = {.path = "rw/a.yaml", .relative = "a.yaml", .id = 1};
    const struct source_file *manifests[] = {&manifest};
    struct source_file secrets[SECRETS_MAX] = {0};
    const struct source_file *secret_files[SECRETS_MAX];
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

    assert_between(generator_secret_count, 1, SECRETS_MAX);
    manifest.content = buffer_bytes(&batch->manifest);
    for (size_t i = 0; i < generator_secret_count; i++) {
        const struct generator_secret *secret = &generator_secrets[i];

        secrets[i].relative = secrets[i].path = arena_format(batch->arena, "s/%s", secret->key);
        secrets[i].content = bytes_of(secret->value);
        secrets[i].id = 10 + i;
    }
    qsort(secrets, generator_secret_count, sizeof(*secrets), by_relative);
    for (size_t i = 0; i < generator_secret_count; i++)
        secret_files[i] = &secrets[i];
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
        const json_t *spec = batch->specs[index_of(outcome->name)];
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

/* What was left out, because the version does not know it, is what it refuses. */
static void ask_about_gates(struct tally *tally, struct batch *batch, const struct outcome *outcome,
                            const json_t *spec) {
    const struct node *without = naive_entry(batch->arena, spec, outcome->name, tally->version);
    struct buffer said = {0};

    for (size_t i = 0; i < tally->gated_count; i++) {
        struct gated *gated = &tally->gated[i];
        const struct node *with;

        if (gated->asked >= SAMPLES_OF_A_GATE)
            continue;
        with = naive_entry_with(batch->arena, spec, outcome->name, tally->version, gated->field);
        if (node_equal(with, without))
            continue;
        gated->asked++;
        tally->gates_asked++;
        if (is_entry_accepted(tally, with, &said)) {
            struct buffer shown = {0};

            buffer_printf(&shown, "  field: %s (%s)\n", gated->field->name, gated->field->key);
            emit_block(&shown, with, 0, "\n");
            disagree(tally, "a field was left out that this Prometheus knows", spec,
                     buffer_bytes(&shown));
            buffer_free(&shown);
        }
    }
    buffer_free(&said);
}

static void ask_about_rejected(struct tally *tally, struct batch *batch,
                               const struct outcome *outcome, const json_t *spec) {
    struct reason *reason = reason_find(tally, outcome->reason);

    reason->count++;
    if (tally->judge->is_loader || reason->asked < SAMPLES_OF_A_REASON) {
        reason->asked++;
        if (is_entry_let_pass(tally,
                              naive_entry(batch->arena, spec, outcome->name, tally->version))) {
            reason->let_pass++;
            if (reason->sample == NULL)
                reason->sample = json_dumps(spec, JSON_COMPACT);
        }
    }
}

/* A config of many entries is refused: each entry is asked about by itself. */
static void find_refused(struct tally *tally, struct batch *batch,
                         const struct desired_state *state) {
    size_t before = tally->disagreements;
    struct buffer config = {0};
    struct buffer said = {0};

    for (size_t i = 0; i < state->outcome_count; i++) {
        const struct outcome *outcome = &state->outcomes[i];

        if (outcome->state != STATE_ACTIVE)
            continue;
        buffer_clear(&config);
        buffer_append_string(&config, "remote_write:\n");
        buffer_append(&config, outcome->entry);
        if (!is_accepted(tally, buffer_bytes(&config), &said)) {
            buffer_append_char(&said, '\n');
            buffer_append(&said, outcome->entry);
            disagree(tally, "Prometheus refuses an entry that we would publish",
                     batch->specs[index_of(outcome->name)], buffer_bytes(&said));
        }
    }
    if (tally->disagreements == before)
        disagree(tally, "Prometheus refuses a config, though none of its entries alone",
                 batch->specs[0], state->config);
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
        const json_t *spec = batch.specs[index_of(outcome->name)];

        tally->states[outcome->state]++;
        if (outcome->state == STATE_ACTIVE)
            mark_served(tally, &remote_write_schema, spec);
        if (outcome->state == STATE_REJECTED)
            ask_about_rejected(tally, &batch, outcome, spec);
        else if (outcome->state == STATE_ACTIVE && tally->judge->is_loader && tally->older == NULL)
            ask_about_gates(tally, &batch, outcome, spec);
    }
    tally->configs++;
    if (!is_accepted(tally, state->config, &said))
        find_refused(tally, &batch, state);
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

    printf("differential: Prometheus %u.%u.%u (%s): made %zu, accepted %zu, pending %zu, rejected "
           "%zu; %zu configs and %zu fields left out checked, %zu disagreements\n",
           tally->version.major, tally->version.minor, tally->version.patch,
           tally->older != NULL      ? "loaders beside it"
           : tally->judge->is_loader ? "loader"
                                     : "promtool",
           tally->made, tally->states[STATE_ACTIVE], tally->states[STATE_PENDING],
           tally->states[STATE_REJECTED], tally->configs, tally->gates_asked, tally->disagreements);
    for (size_t i = 0; i < tally->reason_count; i++) {
        const struct reason *reason = &tally->reasons[i];
        bool missing = reason->let_pass > 0 && !is_documented(docs, reason->text);

        if (missing || getenv("DIFFERENTIAL_VERBOSE") != NULL)
            printf("  %5zu rejected, Prometheus lets %zu of %zu pass: %s\n", reason->count,
                   reason->let_pass, reason->asked, reason->text);
        if (missing) {
            printf("        ^ not in docs/stricter.md: %s\n", reason->sample);
            undocumented++;
        }
    }
    fflush(stdout);
    free(docs);
    return undocumented;
}

/* Runs the generated specs for a version; older: see struct tally. Returns what was wrong. */
static size_t run_version(struct version version, struct config_judge *judge,
                          struct config_judge *older) {
    struct generator generator = generator_new(strtoull(setting("SEED", "1"), NULL, 10));
    size_t count = strtoul(setting("DIFFERENTIAL_COUNT", "2000"), NULL, 10);
    struct tally *tally = calloc(1, sizeof(*tally));
    size_t wrong;

    assert_non_null(tally);
    tally->version = version;
    tally->judge = judge;
    tally->older = older;
    tally->without_azuread = judge_lacks_azuread(judge);
    if (tally->without_azuread)
        printf("differential: this Prometheus was built without azuread: left out\n");
    add_fields(tally, &remote_write_schema);
    for (size_t done = 0; done < count; done += BATCH)
        run_batch(tally, &generator, count - done < BATCH ? count - done : BATCH);
    wrong = report(tally) + tally->disagreements;
    if (count >= ENOUGH_FOR_EACH_FIELD)
        wrong += count_unserved(tally);
    for (size_t i = 0; i < tally->reason_count; i++) {
        free(tally->reasons[i].text);
        free(tally->reasons[i].sample);
    }
    free(tally);
    return wrong;
}

static void what_we_publish_passes_promtool_and_says_what_was_written(void **state) {
    struct config_judge judge =
        config_judge_start(setting("PROMTOOL", "build/peers/debian/usr/bin/promtool"));
    size_t wrong = run_version(judge.version, &judge, NULL);

    config_judge_stop(&judge);
    assert_int_equal(wrong, 0);
}

/* The loaders that are at hand, by version. */

struct loaders {
    struct config_judge judges[LOADERS_MAX];
    size_t count;
};

static int by_version(const void *left, const void *right) {
    return version_compare(((const struct config_judge *)left)->version,
                           ((const struct config_judge *)right)->version);
}

static int start_loaders(void **state) {
    struct loaders *loaders = calloc(1, sizeof(*loaders));
    static char paths[16384];
    char *rest = NULL;

    assert_non_null(loaders);
    snprintf(paths, sizeof(paths), "%s", setting("LOADERS", ""));
    for (char *path = strtok_r(paths, " ", &rest); path != NULL;
         path = strtok_r(NULL, " ", &rest)) {
        assert_true(loaders->count < LOADERS_MAX);
        loaders->judges[loaders->count++] = config_judge_start(path);
    }
    qsort(loaders->judges, loaders->count, sizeof(loaders->judges[0]), by_version);
    *state = loaders;
    return 0;
}

static int stop_loaders(void **state) {
    struct loaders *loaders = *state;

    for (size_t i = 0; i < loaders->count; i++)
        config_judge_stop(&loaders->judges[i]);
    free(loaders);
    return 0;
}

static void what_we_publish_loads_in_each_release(void **state) {
    struct loaders *loaders = *state;
    size_t wrong = 0;

    if (loaders->count == 0) {
        skip_because("no config loader is at hand (make loaders)");
    }
    for (size_t i = 0; i < loaders->count; i++)
        wrong += run_version(loaders->judges[i].version, &loaders->judges[i], NULL);
    assert_int_equal(wrong, 0);
}

static bool takes_expression(struct config_judge *judge, struct arena *arena, const char *written,
                             struct buffer *said) {
    const char *config = arena_format(arena,
                                      "remote_write: [{url: 'http://h', write_relabel_configs: "
                                      "[{source_labels: [a], action: drop, regex: %s}]}]\n",
                                      written);

    return config_judge_accepts(judge, bytes_of(config), said);
}

/* An expression that is a word that YAML readers take for null: in quotes alone a release refuses
 * it, or it harms the rules of others. As we write it each takes it. */
static void null_as_an_expression_is_harmless_as_we_write_it(void **state) {
    static const char *const words[] = {"null", "~"};
    struct loaders *loaders = *state;
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(buffer_free) struct buffer said = {0};

    if (loaders->count == 0)
        skip_because("no config loader is at hand (make loaders)");
    for (size_t i = 0; i < loaders->count * ARRAY_LENGTH(words); i++) {
        struct config_judge *judge = &loaders->judges[i / ARRAY_LENGTH(words)];
        const char *word = words[i % ARRAY_LENGTH(words)];
        CLEANUP(buffer_free) struct buffer written = {0};

        if (takes_expression(judge, arena, arena_format(arena, "\"%s\"", word), &said))
            fail_msg("%s sees no harm in \"%s\": build it anew (make loaders)", judge->program,
                     word);
        emit_string(&written, bytes_of(word));
        if (!takes_expression(judge, arena, buffer_string(&written), &said))
            fail_msg("%s refuses %s: %s", judge->program, buffer_string(&written),
                     buffer_string(&said));
    }
}

/* Versions that have no loader, between two that have: what is rendered for them loads in the newer
 * one, or else in the older. */
static void what_we_publish_for_a_release_between_loads_beside_it(void **state) {
    const unsigned last_of_2 = 55;
    struct loaders *loaders = *state;
    size_t wrong = 0;

    if (loaders->count < 2)
        skip_because("it takes two config loaders (make loaders)");
    for (size_t i = 1; i < loaders->count; i++) {
        struct config_judge *older = &loaders->judges[i - 1];
        struct config_judge *newer = &loaders->judges[i];
        struct version version = {older->version.major, older->version.minor + 1, 0};

        while (version_compare(
                   version, (struct version){newer->version.major, newer->version.minor, 0}) < 0) {
            if (version.major == 2 && version.minor > last_of_2) {
                version = (struct version){version.major + 1, 0, 0};
                continue;
            }
            wrong += run_version(version, newer, older);
            version.minor++;
        }
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_publish_passes_promtool_and_says_what_was_written),
        cmocka_unit_test(null_as_an_expression_is_harmless_as_we_write_it),
        cmocka_unit_test(what_we_publish_loads_in_each_release),
        cmocka_unit_test(what_we_publish_for_a_release_between_loads_beside_it),
    };

    return cmocka_run_group_tests(tests, start_loaders, stop_loaders);
}
