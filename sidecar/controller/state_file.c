/* SPDX-License-Identifier: Apache-2.0 */

/* Written by hand, so that secrets pass through memory that is erased; read by jansson, and then
 * judged as if it came from a stranger: the folder is not ours alone. */

#include "controller/state_file.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "spec/base64.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define FORMAT_NAME    "remotewrite-sidecar state"
#define FORMAT_VERSION 1

/* Of more confirmations nobody has heard: there has to be room for the next number. */
#define CONFIRMED_MAX (INT64_C(1) << 53)

/* --- writing ---------------------------------------------------------------------------------- */

static void put_bytes(struct buffer *out, const char *key, struct bytes value) {
    buffer_printf(out, "\"%s\": \"", key);
    base64_encode(value, out);
    buffer_append_char(out, '"');
}

static void put_string(struct buffer *out, const char *key, const char *value) {
    put_bytes(out, key, bytes_of(value));
}

static void put_separator(struct buffer *out, size_t index) {
    buffer_append_string(out, index > 0 ? ",\n  " : "\n  ");
}

static void put_form(struct buffer *out, const struct form *form) {
    put_string(out, "namespace", form->namespace);
    buffer_append_string(out, ", ");
    put_string(out, "name", form->name);
    buffer_append_string(out, ", ");
    put_string(out, "file", form->file);
    buffer_append_string(out, ", ");
    put_bytes(out, "entry", form->entry);
    buffer_append_string(out, ", \"secrets\": [");
    for (size_t i = 0; i < form->secret_count; i++) {
        buffer_append_string(out, i > 0 ? ", {" : "{");
        put_string(out, "name", form->secrets[i].name);
        buffer_append_string(out, ", ");
        put_bytes(out, "content", form->secrets[i].content);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
}

static void put_good(struct buffer *out, const struct form_set *good) {
    buffer_append_string(out, ",\n\"good\": {");
    put_string(out, "base_path", good->base_path);
    buffer_append_string(out, ", ");
    put_bytes(out, "base", good->base);
    buffer_append_string(out, ", \"forms\": [");
    for (size_t i = 0; i < good->count; i++) {
        put_separator(out, i);
        buffer_append_char(out, '{');
        put_form(out, &good->forms[i]);
        buffer_printf(out, ", \"confirmed\": %llu}", (unsigned long long)good->forms[i].confirmed);
    }
    buffer_append_string(out, "]}");
}

/* Those that good does not have, or has with other secret files. */
static void put_forms(struct buffer *out, const struct history *history) {
    size_t count = 0;

    buffer_append_string(out, ",\n\"forms\": [");
    for (size_t i = 0; history->forms != history->good && i < history->forms->count; i++) {
        const struct form *form = &history->forms->forms[i];
        const struct form *good = form_set_find(history->good, form->namespace, form->name);
        if (good == NULL || !form_same(form, good)) {
            put_separator(out, count++);
            buffer_append_char(out, '{');
            put_form(out, form);
            buffer_append_char(out, '}');
        }
    }
    buffer_append_char(out, ']');
}

static void put_refusals(struct buffer *out, const struct history *history) {
    buffer_append_string(out, ",\n\"refusals\": [");
    for (size_t i = 0; i < history->refusal_count; i++) {
        put_separator(out, i);
        buffer_append_char(out, '{');
        put_string(out, "words", history->refusals[i].words);
        buffer_append_string(out, ", ");
        put_form(out, &history->refusals[i].form);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
    if (history->refused_base.data != NULL) {
        buffer_append_string(out, ",\n\"refused_base\": {");
        put_bytes(out, "text", history->refused_base);
        buffer_append_string(out, ", ");
        put_string(out, "words", history->base_words);
        buffer_append_char(out, '}');
    }
}

static void put_earlier(struct buffer *out, const struct agent_memory *memory) {
    buffer_append_string(out, ",\n\"earlier\": [");
    for (size_t i = 0; i < memory->earlier_count; i++) {
        put_separator(out, i);
        buffer_append_char(out, '{');
        put_string(out, "namespace", memory->earlier[i].namespace);
        buffer_append_string(out, ", ");
        put_string(out, "name", memory->earlier[i].name);
        buffer_printf(out, ", \"since\": %lld}", (long long)memory->earlier[i].since);
    }
    buffer_append_char(out, ']');
}

void state_encode(const struct agent_memory *memory, const char *output, struct buffer *out) {
    buffer_printf(out, "{\"format\": \"%s\", \"version\": %d,\n", FORMAT_NAME, FORMAT_VERSION);
    put_string(out, "output", output);
    buffer_append_string(out, ", ");
    put_string(out, "prometheus", memory->prometheus_version);
    if (memory->history.good != NULL) {
        put_good(out, memory->history.good);
        put_forms(out, &memory->history);
    }
    put_refusals(out, &memory->history);
    put_earlier(out, memory);
    buffer_append_string(out, "}\n");
}

/* --- reading ---------------------------------------------------------------------------------- */

/* jansson frees its strings as they are. */
static void erase_strings(json_t *json) {
    const char *key = NULL;
    json_t *value = NULL;
    size_t index = 0;

    if (json_is_string(json)) {
        memory_erase((void *)(uintptr_t)json_string_value(json), json_string_length(json));
        return;
    }
    json_object_foreach(json, key, value) {
        erase_strings(value);
    }
    json_array_foreach(json, index, value) {
        erase_strings(value);
    }
}

static void json_releasep(json_t **json) {
    erase_strings(*json);
    json_decref(*json);
}

static bool take_bytes(struct arena *arena, const json_t *object, const char *key,
                       struct bytes *ret) {
    const json_t *value = json_object_get(object, key);
    struct bytes text = {json_string_value(value), json_string_length(value)};

    return json_is_string(value) && base64_decode(arena, text, ret) == 0;
}

static bool take_string(struct arena *arena, const json_t *object, const char *key,
                        const char **ret) {
    struct bytes bytes = {0};

    if (!take_bytes(arena, object, key, &bytes) || !bytes_is_text(bytes)) {
        return false;
    }
    *ret = arena_string(arena, bytes);
    return true;
}

/* As publish wants it: the name of a file in the secret folder, and of nothing else. */
static bool is_file_name(const char *name) {
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static bool take_secrets(struct arena *arena, const json_t *list, struct form *form) {
    struct secret_file *secrets = ARENA_NEW_ARRAY(arena, struct secret_file, json_array_size(list));
    const json_t *item = NULL;
    size_t index = 0;

    if (!json_is_array(list)) {
        return false;
    }
    json_array_foreach(list, index, item) {
        if (!take_string(arena, item, "name", &secrets[index].name) ||
            !is_file_name(secrets[index].name) ||
            !take_bytes(arena, item, "content", &secrets[index].content)) {
            return false;
        }
    }
    form->secrets = secrets;
    form->secret_count = json_array_size(list);
    return true;
}

/* As forms are written: a mapping of one line. */
static bool is_entry(struct bytes text) {
    return bytes_is_text(text) && bytes_starts_with(text, BYTES("{")) &&
           bytes_find(text, BYTES("\n"), 0) == SIZE_MAX;
}

static bool take_form(struct arena *arena, const json_t *object, struct form *form) {
    return take_string(arena, object, "namespace", &form->namespace) &&
           take_string(arena, object, "name", &form->name) && form->name[0] != '\0' &&
           take_string(arena, object, "file", &form->file) &&
           take_bytes(arena, object, "entry", &form->entry) && is_entry(form->entry) &&
           take_secrets(arena, json_object_get(object, "secrets"), form);
}

static bool is_after(const struct form *previous, const struct form *form) {
    return form_compare(previous, form) < 0;
}

static bool take_forms(struct arena *arena, const json_t *list, struct form_set *set) {
    const json_t *item = NULL;
    size_t index = 0;

    if (!json_is_array(list)) {
        return false;
    }
    set->forms = ARENA_NEW_ARRAY(arena, struct form, json_array_size(list));
    json_array_foreach(list, index, item) {
        if (!take_form(arena, item, &set->forms[index]) ||
            (index > 0 && !is_after(&set->forms[index - 1], &set->forms[index]))) {
            return false;
        }
    }
    set->count = json_array_size(list);
    return true;
}

/* Of each form: when it was confirmed, which older files do not say, and whether it reads something
 * from outside. */
static bool take_order(const json_t *list, const struct yaml_limits *limits, struct form_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        const json_t *confirmed = json_object_get(json_array_get(list, i), "confirmed");
        if (confirmed != NULL &&
            (!json_is_integer(confirmed) || json_integer_value(confirmed) < 0 ||
             json_integer_value(confirmed) > CONFIRMED_MAX)) {
            return false;
        }
        set->forms[i].confirmed = (uint64_t)json_integer_value(confirmed);
        form_look_outside(&set->forms[i], limits);
    }
    return true;
}

/* A set that cannot be merged would keep everything else from being published. */
static bool can_be_merged(const struct form_set *set, const struct yaml_limits *limits) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    struct diagnostics diagnostics = diagnostics_in(arena);

    return form_set_compose(arena, set, NULL, limits, &diagnostics).mergeable;
}

static bool take_good(struct arena *arena, const json_t *object, const struct yaml_limits *limits,
                      struct history *history) {
    struct form_set *good = ARENA_NEW(arena, struct form_set);

    if (object == NULL) {
        return true;
    }
    if (!take_string(arena, object, "base_path", &good->base_path) ||
        !take_bytes(arena, object, "base", &good->base) ||
        !take_forms(arena, json_object_get(object, "forms"), good) ||
        !take_order(json_object_get(object, "forms"), limits, good) ||
        !can_be_merged(good, limits)) {
        return false;
    }
    history->good = good;
    return true;
}

/* Each of them has to make a config with the good base: one that does not would keep everything
 * else from being published when it is served. */
static bool take_others(struct arena *arena, const json_t *list, const struct yaml_limits *limits,
                        struct history *history) {
    struct form_set *forms = ARENA_NEW(arena, struct form_set);

    forms->base_path = "";
    forms->base = BYTES("");
    if (list != NULL && (history->good == NULL || !take_forms(arena, list, forms) ||
                         !take_order(list, limits, forms) || !can_be_merged(forms, limits))) {
        return false;
    }
    history->forms = forms;
    return true;
}

static bool take_refusals(struct arena *arena, const json_t *list, struct history *history) {
    struct refusal *refusals = ARENA_NEW_ARRAY(arena, struct refusal, json_array_size(list));
    const json_t *item = NULL;
    size_t index = 0;

    if (!json_is_array(list)) {
        return false;
    }
    json_array_foreach(list, index, item) {
        if (!take_string(arena, item, "words", &refusals[index].words) ||
            !take_form(arena, item, &refusals[index].form) ||
            (index > 0 && !is_after(&refusals[index - 1].form, &refusals[index].form))) {
            return false;
        }
    }
    history->refusals = refusals;
    history->refusal_count = json_array_size(list);
    return true;
}

static bool take_base(struct arena *arena, const json_t *object, struct history *history) {
    return object == NULL || (take_bytes(arena, object, "text", &history->refused_base) &&
                              take_string(arena, object, "words", &history->base_words));
}

static bool take_earlier(struct arena *arena, const json_t *list, struct agent_memory *memory) {
    struct earlier_form *forms = ARENA_NEW_ARRAY(arena, struct earlier_form, json_array_size(list));
    const json_t *item = NULL;
    size_t index = 0;

    if (!json_is_array(list)) {
        return false;
    }
    json_array_foreach(list, index, item) {
        const json_t *since = json_object_get(item, "since");
        if (!take_string(arena, item, "namespace", &forms[index].namespace) ||
            !take_string(arena, item, "name", &forms[index].name) || !json_is_integer(since) ||
            json_integer_value(since) < 0) {
            return false;
        }
        forms[index].since = json_integer_value(since);
    }
    memory->earlier = forms;
    memory->earlier_count = json_array_size(list);
    return true;
}

static bool is_format(const json_t *root) {
    const char *format = json_string_value(json_object_get(root, "format"));

    return format != NULL && strcmp(format, FORMAT_NAME) == 0 &&
           json_integer_value(json_object_get(root, "version")) == FORMAT_VERSION;
}

int state_decode(struct arena *arena, struct bytes text, const char *output,
                 const struct yaml_limits *limits, struct agent_memory *ret,
                 struct state_fault *ret_fault) {
    struct agent_memory memory = {0};
    const char *about = NULL;
    CLEANUP(json_releasep)
    json_t *root =
        text.length > 0 ? json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL) : NULL;

    *ret_fault = (struct state_fault){"it is damaged", STATE_DAMAGED_REMEDY};
    if (root == NULL) {
        return -EINVAL;
    }
    if (!is_format(root)) {
        *ret_fault = (struct state_fault){
            "it is of another format",
            "if another release of the sidecar wrote it, ignore this: it is written anew; else remove it"};
        return -EINVAL;
    }
    if (!take_string(arena, root, "output", &about)) {
        return -EINVAL;
    }
    if (strcmp(about, output) != 0) {
        *ret_fault = (struct state_fault){
            "it is about another output file",
            "give each sidecar a folder of its own for its --output-file; where the output was only "
            "renamed there is nothing to do: the file is written anew"};
        return -EINVAL;
    }
    if (!take_string(arena, root, "prometheus", &memory.prometheus_version) ||
        !take_refusals(arena, json_object_get(root, "refusals"), &memory.history) ||
        !take_base(arena, json_object_get(root, "refused_base"), &memory.history) ||
        !take_earlier(arena, json_object_get(root, "earlier"), &memory) ||
        !take_good(arena, json_object_get(root, "good"), limits, &memory.history) ||
        !take_others(arena, json_object_get(root, "forms"), limits, &memory.history)) {
        return -EINVAL;
    }
    *ret = memory;
    *ret_fault = (struct state_fault){0};
    return 0;
}
