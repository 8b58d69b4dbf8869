/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers of generations are as wide everywhere, and each kind has a letter before it: b for the
 * base, m for a manifest, s for a secret. What a config looks like is learned once, from the
 * program itself; a config of other generations then differs in these numbers only, in the names of
 * secret files, of which there are two each, and in the entries that are not there. */

#include "support/generations.h"

#include "base/arena.h"
#include "base/memory.h"
#include "compile/secret_file.h"
#include "publish/temporary.h"
#include "support/kubelet.h"
#include "support/tempdir.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLAIN = 5,
    SWAPPED = 3, /* by kubelet */
    ITEMS = PLAIN + SWAPPED,
    NUMBER_SIZE = 9,       /* a letter, and eight digits */
    BASE_LINES = 120,      /* more than one page */
    PASSWORD_NUMBERS = 500 /* the same */
};

struct range {
    unsigned low; /* the generation when all was settled */
    unsigned now;
};

struct item {
    char name[16];
    bool swapped;
    struct range manifest;
    struct range secret;
    bool present;
    bool was_absent; /* at some time since all was settled */
    bool was_present;
    struct bytes entry; /* in the config of generation 1 */
    struct bytes title; /* its first line */
};

struct generations {
    struct arena *arena;
    const char *folder;
    struct kubelet_volume *volume;
    struct range base;
    struct item items[ITEMS];
    struct bytes before; /* the entries, in the config of generation 1 */
    struct bytes behind;
};

static const char config_name[] = "prometheus.yml";
static const char secrets_name[] = "remote-write-secrets";
static const char state_name[] = ".remotewrite-sidecar";

/* --- what is written
 * ------------------------------------------------------------------------------- */

static void write_base(const struct generations *generations) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(memory_freep) char *folder = path_join(generations->folder, "base");
    unsigned number = generations->base.now;

    buffer_printf(&text, "# base b%08u\nglobal:\n  external_labels: {generation: b%08u}\n", number,
                  number);
    for (int i = 0; i < BASE_LINES; i++) {
        buffer_printf(&text, "# line %d of the base b%08u, to make it longer than a page\n", i,
                      number);
    }
    file_replace(folder, config_name, buffer_string(&text));
}

static const char *manifest_text(struct arena *arena, const struct item *item) {
    return arena_format(arena,
                        "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                        "kind: RemoteWrite\n"
                        "metadata: {name: %s, namespace: generations}\n"
                        "spec:\n"
                        "  clusterSelector: {}\n"
                        "  remoteWrite:\n"
                        "    url: http://%s.example/m%08u\n"
                        "    basicAuth:\n"
                        "      username: {name: %s, key: username}\n"
                        "      password: {name: %s, key: password}\n",
                        item->name, item->name, item->manifest.now, item->name, item->name);
}

static void password_of(const struct item *item, unsigned number, struct buffer *out) {
    buffer_printf(out, "password of %s", item->name);
    for (int i = 0; i < PASSWORD_NUMBERS; i++) {
        buffer_printf(out, " #s%08u", number);
    }
}

static void write_secret(const struct generations *generations, const struct item *item) {
    CLEANUP(buffer_free) struct buffer password = {0};
    CLEANUP(memory_freep) char *secrets = path_join(generations->folder, "secrets");
    CLEANUP(memory_freep) char *folder = path_join(secrets, item->name);
    char username[NUMBER_SIZE + 1];

    snprintf(username, sizeof(username), "s%08u", item->secret.now);
    password_of(item, item->secret.now, &password);
    folder_make(secrets, item->name);
    file_replace(folder, "username", username);
    file_replace(folder, "password", buffer_string(&password));
}

static void write_manifest(const struct generations *generations, const struct item *item) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(memory_freep) char *folder = path_join(generations->folder, "plain");

    file_replace(folder, arena_format(arena, "%s.yaml", item->name), manifest_text(arena, item));
}

static void swap(const struct generations *generations) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct kubelet_file files[SWAPPED];

    for (size_t i = 0; i < SWAPPED; i++) {
        const struct item *item = &generations->items[PLAIN + i];
        files[i] = (struct kubelet_file){arena_format(arena, "%s.yaml", item->name),
                                         manifest_text(arena, item)};
    }
    kubelet_volume_write_files(generations->volume, files, SWAPPED);
}

struct generations *generations_new(const char *folder) {
    struct generations *generations = memory_new(1, sizeof(*generations));
    CLEANUP(memory_freep) char *swapped = path_join(folder, "kubelet");

    generations->arena = arena_new();
    generations->folder = arena_string(generations->arena, bytes_of(folder));
    generations->volume = kubelet_volume_new(swapped);
    generations->base.now = 1;
    folder_make(folder, "base");
    folder_make(folder, "plain");
    folder_make(folder, "secrets");
    write_base(generations);
    for (size_t i = 0; i < ITEMS; i++) {
        struct item *item = &generations->items[i];
        item->swapped = i >= PLAIN;
        snprintf(item->name, sizeof(item->name), "%s-%zu", item->swapped ? "swapped" : "plain", i);
        item->manifest.now = 1;
        item->secret.now = 1;
        item->present = true;
        write_secret(generations, item);
        if (!item->swapped) {
            write_manifest(generations, item);
        }
    }
    swap(generations);
    generations_settle(generations);
    return generations;
}

void generations_free(struct generations *generations) {
    if (generations != NULL) {
        kubelet_volume_free(generations->volume);
        arena_free(generations->arena);
        free(generations);
    }
}

void generations_freep(struct generations **generations) {
    generations_free(*generations);
    *generations = NULL;
}

/* --- changes
 * --------------------------------------------------------------------------------------- */

void generations_settle(struct generations *generations) {
    generations->base.low = generations->base.now;
    for (size_t i = 0; i < ITEMS; i++) {
        struct item *item = &generations->items[i];
        item->manifest.low = item->manifest.now;
        item->secret.low = item->secret.now;
        item->was_present = item->present;
        item->was_absent = !item->present;
    }
}

static void change_base(struct generations *generations) {
    generations->base.now++;
    write_base(generations);
}

static void change_secret(struct generations *generations, struct item *item) {
    item->secret.now++;
    write_secret(generations, item);
}

static void remove_manifest(struct generations *generations, struct item *item) {
    CLEANUP(memory_freep) char *folder = path_join(generations->folder, "plain");
    CLEANUP(buffer_free) struct buffer name = {0};

    item->present = false;
    item->was_absent = true;
    buffer_printf(&name, "%s.yaml", item->name);
    file_remove(folder, buffer_string(&name));
}

static void change_manifest(struct generations *generations, struct item *item) {
    item->manifest.now++;
    item->present = true;
    item->was_present = true;
    write_manifest(generations, item);
}

static void swap_manifests(struct generations *generations) {
    for (size_t i = PLAIN; i < ITEMS; i++) {
        generations->items[i].manifest.now++;
    }
    swap(generations);
}

void generations_change(struct generations *generations, unsigned random) {
    enum {
        KINDS = 8
    };
    struct item *item = &generations->items[random / KINDS % ITEMS];
    struct item *plain = &generations->items[random / KINDS % PLAIN];

    switch (random % KINDS) {
    case 0:
        change_base(generations);
        break;
    case 1:
    case 2:
        change_secret(generations, item);
        break;
    case 3:
    case 4:
        swap_manifests(generations);
        break;
    case 5:
        plain->present ? remove_manifest(generations, plain) : change_manifest(generations, plain);
        break;
    default:
        change_manifest(generations, plain);
        break;
    }
}

void generations_change_all(struct generations *generations) {
    struct item *last = &generations->items[PLAIN - 1];

    change_base(generations);
    for (size_t i = 0; i < ITEMS; i++) {
        change_secret(generations, &generations->items[i]);
    }
    for (size_t i = 0; i + 1 < PLAIN; i++) {
        change_manifest(generations, &generations->items[i]);
    }
    swap_manifests(generations);
    if (last->present) {
        remove_manifest(generations, last);
    } else {
        change_manifest(generations, last);
    }
}

/* --- what a config has to look like
 * ---------------------------------------------------------------- */

static struct bytes title_in(struct bytes config, const struct item *item) {
    char start[64];
    int length = snprintf(start, sizeof(start), "  # RemoteWrite generations/%s\n", item->name);
    size_t at = bytes_find(config, (struct bytes){start, (size_t)length}, 0);

    if (at == SIZE_MAX) {
        return (struct bytes){0};
    }
    size_t end = bytes_find(config, BYTES("\n"), at);
    return bytes_slice(config, at, end == SIZE_MAX ? config.length : end + 1);
}

/* From the title to the next one, or to the end of our block. */
static struct bytes entry_in(struct bytes config, struct bytes title) {
    size_t start = (size_t)(title.data - config.data);
    size_t next = bytes_find(config, BYTES("  # RemoteWrite "), start + 1);
    size_t last = bytes_find(config, BYTES("# END remotewrite-sidecar"), start);

    return bytes_slice(config, start, next < last ? next : last);
}

bool generations_learn(struct generations *generations, const char *config) {
    struct bytes text = arena_bytes(generations->arena, bytes_of(config != NULL ? config : ""));
    size_t first = SIZE_MAX;
    size_t end = bytes_find(text, BYTES("# END remotewrite-sidecar"), 0);

    for (size_t i = 0; i < ITEMS; i++) {
        struct item *item = &generations->items[i];
        item->title = title_in(text, item);
        if (item->title.length == 0 || end == SIZE_MAX) {
            return false;
        }
        item->entry = entry_in(text, item->title);
        size_t at = (size_t)(item->title.data - text.data);
        first = at < first ? at : first;
    }
    generations->before = bytes_slice(text, 0, first);
    generations->behind = bytes_slice(text, end, text.length);
    return true;
}

/* Appends a text of generation 1 with the numbers of another. */
static void renumber(struct bytes text, char letter, unsigned number, struct buffer *out) {
    char first[NUMBER_SIZE + 1];
    size_t at = 0;
    size_t found = 0;

    snprintf(first, sizeof(first), "%c%08u", letter, 1U);
    while ((found = bytes_find(text, bytes_of(first), at)) != SIZE_MAX) {
        buffer_append(out, bytes_slice(text, at, found));
        buffer_printf(out, "%c%08u", letter, number);
        at = found + NUMBER_SIZE;
    }
    buffer_append(out, bytes_slice(text, at, text.length));
}

/* The name of its secret file as the config has it: one of three, by the forms that were good and
 * on disk before. The first where the config has none. */
static void secret_name_in(struct bytes config, const struct item *item, struct buffer *out) {
    static const char *const marks[] = {SECRET_NAMES_MARK, SECRET_NAMES_THIRD_MARK};

    buffer_printf(out, "generations_%s_basicAuth.password", item->name);
    const size_t length = out->length;
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++) {
        buffer_append_string(out, marks[i]);
        if (bytes_find(config, buffer_bytes(out), 0) != SIZE_MAX) {
            return;
        }
        out->length = length;
    }
}

/* The items in the order of their entries in the config: the newest is first there. Those that it
 * does not have come last. */
static void order_in(const struct generations *generations, struct bytes config,
                     const struct item *ret[ITEMS]) {
    size_t places[ITEMS];

    for (size_t i = 0; i < ITEMS; i++) {
        const struct item *item = &generations->items[i];
        const struct bytes title = title_in(config, item);
        const size_t place = title.length > 0 ? (size_t)(title.data - config.data) : SIZE_MAX;
        size_t at = i;
        for (; at > 0 && places[at - 1] > place; at--) {
            places[at] = places[at - 1];
            ret[at] = ret[at - 1];
        }
        places[at] = place;
        ret[at] = item;
    }
}

static void append_entry(const struct item *item, unsigned manifest, unsigned secret,
                         struct bytes config, struct buffer *out) {
    CLEANUP(buffer_free) struct buffer name = {0};
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer text = {0};

    secret_name_in(config, item, &name);
    secret_name_in(item->entry, item, &first);
    size_t at = bytes_find(item->entry, buffer_bytes(&first), 0);
    size_t start = at == SIZE_MAX ? item->entry.length : at;
    size_t end = at == SIZE_MAX ? item->entry.length : at + first.length;
    renumber(bytes_slice(item->entry, 0, start), 'm', manifest, &text);
    buffer_append(&text, buffer_bytes(&name));
    renumber(bytes_slice(item->entry, end, item->entry.length), 'm', manifest, &text);
    renumber(buffer_bytes(&text), 's', secret, out);
}

/* The number behind the first such text; 0: none. */
static unsigned number_behind(struct bytes text, const char *before) {
    size_t at = bytes_find(text, bytes_of(before), 0);
    unsigned number = 0;
    char digits[NUMBER_SIZE] = "";

    if (at == SIZE_MAX || text.length < at + strlen(before) + sizeof(digits) - 1) {
        return 0;
    }
    memcpy(digits, text.data + at + strlen(before), sizeof(digits) - 1);
    for (size_t i = 0; i + 1 < sizeof(digits); i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return 0;
        }
        number = number * 10 + (unsigned)(digits[i] - '0');
    }
    return number;
}

static bool is_possible(struct range range, unsigned number) {
    return number >= range.low && number <= range.now;
}

/* Appends the entry as it has to be, by the numbers that it has. */
static bool expect_entry(const struct item *item, struct bytes config, struct buffer *expected,
                         unsigned *ret_manifest, struct buffer *why) {
    struct bytes title = title_in(config, item);

    *ret_manifest = 0;
    if (title.length == 0) {
        if (!item->was_absent) {
            buffer_printf(why, "%s is missing", item->name);
        }
        return item->was_absent;
    }
    struct bytes entry = entry_in(config, title);
    unsigned manifest = number_behind(entry, ".example/m");
    unsigned secret = number_behind(entry, "username: s");
    if (!item->was_present || !is_possible(item->manifest, manifest) ||
        !is_possible(item->secret, secret)) {
        buffer_printf(why, "%s is of generation m%u s%u; possible are m%u..%u s%u..%u%s",
                      item->name, manifest, secret, item->manifest.low, item->manifest.now,
                      item->secret.low, item->secret.now, item->was_present ? "" : ", or none");
        return false;
    }
    *ret_manifest = manifest;
    append_entry(item, manifest, secret, config, expected);
    return true;
}

void generations_sort(const struct generations *generations, struct bytes config,
                      struct buffer *out) {
    const size_t end = bytes_find(config, BYTES("# END remotewrite-sidecar"), 0);
    const size_t first = bytes_find(config, BYTES("  # RemoteWrite "), 0);

    if (first == SIZE_MAX || end == SIZE_MAX) {
        buffer_append(out, config);
        return;
    }
    buffer_append(out, bytes_slice(config, 0, first));
    for (size_t i = 0; i < ITEMS; i++) {
        const struct bytes title = title_in(config, &generations->items[i]);
        if (title.length > 0) {
            buffer_append(out, entry_in(config, title));
        }
    }
    buffer_append(out, bytes_slice(config, end, config.length));
}

static bool config_is_whole(const struct generations *generations, struct bytes config, bool atomic,
                            struct buffer *why) {
    CLEANUP(buffer_free) struct buffer expected = {0};
    const struct item *items[ITEMS];
    unsigned base = number_behind(config, "# base b");
    unsigned swapped = 0;

    if (!is_possible(generations->base, base)) {
        buffer_printf(why, "the base is of generation %u; possible are %u..%u", base,
                      generations->base.low, generations->base.now);
        return false;
    }
    renumber(generations->before, 'b', base, &expected);
    order_in(generations, config, items);
    for (size_t i = 0; i < ITEMS; i++) {
        const struct item *item = items[i];
        unsigned manifest = 0;
        if (!expect_entry(item, config, &expected, &manifest, why)) {
            return false;
        }
        if (item->swapped && atomic && swapped != 0 && swapped != manifest) {
            buffer_printf(why, "%s is of generation m%u, its volume of m%u", item->name, manifest,
                          swapped);
            return false;
        }
        swapped = item->swapped ? manifest : swapped;
    }
    renumber(generations->behind, 'b', base, &expected);
    if (!bytes_equal(config, buffer_bytes(&expected))) {
        buffer_printf(why, "the config is %zu bytes, and not as the %zu that were expected",
                      config.length, expected.length);
        return false;
    }
    return true;
}

/* --- what lies in the folder
 * ----------------------------------------------------------------------- */

/* Calls look with each name; false as soon as that gave false. An absent folder has no names. */
static bool each_name(const char *folder,
                      bool (*look)(const char *folder, const char *name, void *context),
                      void *context) {
    DIR *stream = opendir(folder);
    const struct dirent *entry = NULL;
    bool good = true;

    while (good && stream != NULL && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            good = look(folder, entry->d_name, context);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return good;
}

static bool count_temporary(const char *folder, const char *name, void *context) {
    size_t *count = context;

    (void)folder;
    *count += temporary_is_one(name, NULL) || strstr(name, ".last-good") != NULL ? 1 : 0;
    return true;
}

size_t generations_temporaries(const char *out) {
    CLEANUP(memory_freep) char *secrets = path_join(out, secrets_name);
    CLEANUP(memory_freep) char *state = path_join(out, state_name);
    size_t count = 0;

    each_name(out, count_temporary, &count);
    each_name(secrets, count_temporary, &count);
    each_name(state, count_temporary, &count);
    return count;
}

struct judgement {
    const struct generations *generations;
    struct bytes config;
    struct buffer *why;
    bool current; /* only what is now is good */
    size_t seen;
};

static const struct item *item_of_secret(const struct generations *generations, const char *name) {
    for (size_t i = 0; i < ITEMS; i++) {
        char start[64];
        snprintf(start, sizeof(start), "generations_%s_", generations->items[i].name);
        if (strncmp(name, start, strlen(start)) == 0) {
            return &generations->items[i];
        }
    }
    return NULL;
}

static bool judge_secret(const char *folder, const char *name, void *context) {
    struct judgement *judgement = context;
    CLEANUP(memory_freep) char *content = file_read(folder, name);
    CLEANUP(buffer_free) struct buffer expected = {0};
    CLEANUP(buffer_free) struct buffer named = {0};

    if (temporary_is_one(name, NULL) && !judgement->current) {
        return true;
    }
    const struct item *item = item_of_secret(judgement->generations, name);
    unsigned number = number_behind(bytes_of(content), " #s");
    bool possible =
        item != NULL && (judgement->current ? item->present && number == item->secret.now
                                            : is_possible(item->secret, number));
    if (possible) {
        password_of(item, number, &expected);
        secret_name_in(judgement->config, item, &named);
        possible = !judgement->current || bytes_equal_string(buffer_bytes(&named), name);
    }
    judgement->seen++;
    if (!possible || !bytes_equal(bytes_of(content), buffer_bytes(&expected))) {
        buffer_printf(judgement->why,
                      "secret file %s is of generation s%u, or not whole (%zu bytes)", name, number,
                      bytes_of(content).length);
        return false;
    }
    return true;
}

/* Whatever is kept there as JSON can be read. */
static bool judge_state(const char *folder, const char *name, void *context) {
    struct judgement *judgement = context;
    CLEANUP(memory_freep) char *path = path_join(folder, name);
    json_error_t error;

    if (temporary_is_one(name, NULL) || !bytes_ends_with(bytes_of(name), BYTES(".json"))) {
        return true;
    }
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL) {
        buffer_printf(judgement->why, "%s: %s", path, error.text);
        return false;
    }
    json_decref(json);
    return true;
}

/* A config names no secret file that is not there. */
static bool has_its_secrets(const struct generations *generations, struct bytes config,
                            const char *out, struct buffer *why) {
    for (size_t i = 0; i < ITEMS; i++) {
        struct bytes title = title_in(config, &generations->items[i]);
        CLEANUP(buffer_free) struct buffer name = {0};

        buffer_printf(&name, "%s/", secrets_name);
        secret_name_in(config, &generations->items[i], &name);
        if (title.length > 0 && !file_exists(out, buffer_string(&name))) {
            buffer_printf(why, "%s is named and not there", buffer_string(&name));
            return false;
        }
    }
    return true;
}

bool generations_are_whole(const struct generations *generations, const char *out, bool atomic,
                           struct buffer *why) {
    CLEANUP(memory_freep) char *secrets = path_join(out, secrets_name);
    CLEANUP(memory_freep) char *state = path_join(out, state_name);
    CLEANUP(memory_freep) char *config = file_read(out, config_name);
    struct judgement judgement = {
        .generations = generations, .config = bytes_of(config), .why = why};

    if (config == NULL) {
        buffer_append_string(why, "there is no config");
        return false;
    }
    return config_is_whole(generations, bytes_of(config), atomic, why) &&
           has_its_secrets(generations, bytes_of(config), out, why) &&
           each_name(secrets, judge_secret, &judgement) &&
           each_name(state, judge_state, &judgement);
}

static size_t append_current(const struct generations *generations, struct bytes config,
                             struct buffer *out) {
    const struct item *items[ITEMS];
    size_t present = 0;

    renumber(generations->before, 'b', generations->base.now, out);
    order_in(generations, config, items);
    for (size_t i = 0; i < ITEMS; i++) {
        const struct item *item = items[i];
        if (item->present) {
            append_entry(item, item->manifest.now, item->secret.now, config, out);
            present++;
        }
    }
    renumber(generations->behind, 'b', generations->base.now, out);
    return present;
}

bool generations_are_current(const struct generations *generations, const char *out,
                             struct buffer *why) {
    CLEANUP(memory_freep) char *secrets = path_join(out, secrets_name);
    CLEANUP(memory_freep) char *state = path_join(out, state_name);
    CLEANUP(memory_freep) char *config = file_read(out, config_name);
    CLEANUP(buffer_free) struct buffer expected = {0};
    struct judgement judgement = {
        .generations = generations, .config = bytes_of(config), .why = why, .current = true};

    buffer_clear(why);
    size_t present = append_current(generations, bytes_of(config), &expected);
    if (!bytes_equal(bytes_of(config), buffer_bytes(&expected))) {
        buffer_append_string(why, "the config is not that of now");
        return false;
    }
    if (!each_name(secrets, judge_secret, &judgement) ||
        !each_name(state, judge_state, &judgement)) {
        return false;
    }
    if (judgement.seen != present || generations_temporaries(out) != 0) {
        buffer_printf(why, "%zu secret files for %zu entries, %zu temporary files", judgement.seen,
                      present, generations_temporaries(out));
        return false;
    }
    return true;
}
