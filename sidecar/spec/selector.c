/* SPDX-License-Identifier: Apache-2.0 */
/* Label selectors, read from a LabelSelector object or from kubectl's text, and matched. */

#include "spec/selector.h"

#include "base/compiler.h"

#include <stdint.h>
#include <string.h>

struct requirement_list {
    struct arena *arena;
    struct requirement *items;
    size_t count;
    size_t capacity;
};

static void append(struct requirement_list *list, struct requirement requirement) {
    list->items =
        arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = requirement;
}

static const struct selector *finish(struct requirement_list *list) {
    struct selector *selector = ARENA_NEW(list->arena, struct selector);

    selector->requirements = list->items;
    selector->count = list->count;
    return selector;
}

/* From an object. */

static void check_key(struct scope *scope, const struct node *node, const char *path,
                      struct bytes key) {
    const char *wrong = label_key_check(key);

    if (wrong != NULL)
        scope_report(scope, SEVERITY_ERROR, node, path, "write a label key: [prefix/]name",
                     "\"%.*s\" is no label key: it %s", BYTES_ARG(bytes_slice(key, 0, 80)), wrong);
}

static void check_value(struct scope *scope, const struct node *node, const char *path,
                        struct bytes value) {
    const char *wrong = label_value_check(value);

    if (wrong != NULL)
        scope_report(
            scope, SEVERITY_ERROR, node, path, "write a label value: at most 63 characters",
            "\"%.*s\" is no label value: it %s", BYTES_ARG(bytes_slice(value, 0, 80)), wrong);
}

static void read_match_labels(struct scope *scope, const struct value *match,
                              struct requirement_list *list) {
    for (size_t i = 0; i < match->as.map.count; i++) {
        const struct key_bytes *pair = &match->as.map.items[i];
        const char *path = arena_format(scope->arena, "%s.%s", match->path, pair->key);
        const char **values = ARENA_NEW_ARRAY(scope->arena, const char *, 1);

        check_key(scope, pair->node, path, bytes_of(pair->key));
        check_value(scope, pair->node, path, pair->value);
        values[0] = pair->value.data;
        append(list,
               (struct requirement){
                   .key = pair->key, .operation = SELECTOR_IN, .values = values, .value_count = 1});
    }
}

static enum selector_operator operator_of(const char *word) {
    if (strcmp(word, "In") == 0)
        return SELECTOR_IN;
    if (strcmp(word, "NotIn") == 0)
        return SELECTOR_NOT_IN;
    return strcmp(word, "Exists") == 0 ? SELECTOR_EXISTS : SELECTOR_DOES_NOT_EXIST;
}

static void read_expression(struct scope *scope, const struct object *object,
                            struct requirement_list *list) {
    const struct value *key = object_find(object, "key");
    const struct value *operation = object_find(object, "operator");
    const struct value *values = object_find(object, "values");
    size_t count = values != NULL ? values->as.list.count : 0;
    struct requirement requirement = {.value_count = count};
    const char **texts = ARENA_NEW_ARRAY(scope->arena, const char *, count);

    if (key == NULL || operation == NULL)
        return; /* reported by object_read */
    requirement.key = key->as.text.data;
    requirement.operation = operator_of(operation->as.word->word);
    requirement.values = texts;
    check_key(scope, key->node, key->path, key->as.text);
    for (size_t i = 0; i < count; i++) {
        texts[i] = values->as.list.items[i].data;
        check_value(scope, values->node->sequence.items[i],
                    arena_format(scope->arena, "%s[%zu]", values->path, i),
                    values->as.list.items[i]);
    }

    if (requirement.operation == SELECTOR_IN || requirement.operation == SELECTOR_NOT_IN) {
        if (count == 0)
            scope_report(scope, SEVERITY_ERROR, object->node,
                         arena_format(scope->arena, "%s.values", object->path),
                         "list at least one value", "must not be empty for %s",
                         operation->as.word->word);
    } else if (count > 0) {
        scope_report(scope, SEVERITY_ERROR, values->node, values->path, "remove the values",
                     "must be empty for %s", operation->as.word->word);
    }
    append(list, requirement);
}

const struct selector *selector_from_object(struct scope *scope, const struct object *object) {
    struct requirement_list list = {.arena = scope->arena};
    const struct value *match_labels = object_find(object, "matchLabels");
    const struct value *expressions = object_find(object, "matchExpressions");
    size_t before = scope->errors;

    if (match_labels != NULL)
        read_match_labels(scope, match_labels, &list);
    if (expressions != NULL) {
        for (size_t i = 0; i < expressions->as.objects.count; i++)
            read_expression(scope, expressions->as.objects.items[i], &list);
    }
    return scope->errors == before ? finish(&list) : NULL;
}

/* From kubectl's text. */

struct parser {
    struct arena *arena;
    struct bytes text;
    size_t at;
    const char *wrong;
};

static void skip_blanks(struct parser *parser) {
    while (parser->at < parser->text.length && parser->text.data[parser->at] != '\0' &&
           strchr(" \t\r\n", parser->text.data[parser->at]) != NULL)
        parser->at++;
}

static char next_character(struct parser *parser) {
    skip_blanks(parser);
    return parser->at < parser->text.length ? parser->text.data[parser->at] : '\0';
}

static bool take(struct parser *parser, char wanted) {
    if (next_character(parser) != wanted)
        return false;
    parser->at++;
    return true;
}

/* A run of characters that are no operator; may be empty. */
static struct bytes take_word(struct parser *parser) {
    size_t start;

    skip_blanks(parser);
    start = parser->at;
    while (parser->at < parser->text.length && parser->text.data[parser->at] != '\0' &&
           strchr(" \t\r\n=!(),<>", parser->text.data[parser->at]) == NULL)
        parser->at++;
    return bytes_slice(parser->text, start, parser->at);
}

static void fail(struct parser *parser, const char *wrong, struct bytes about) {
    if (parser->wrong == NULL)
        parser->wrong = arena_format(parser->arena, "%s (at character %zu, \"%.*s\")", wrong,
                                     parser->at + 1, BYTES_ARG(about));
}

static const char *take_key(struct parser *parser) {
    struct bytes word = take_word(parser);
    const char *wrong = label_key_check(word);

    if (wrong != NULL)
        fail(parser, arena_format(parser->arena, "a label key is expected, but it %s", wrong),
             word);
    return arena_string(parser->arena, word);
}

static void take_value(struct parser *parser, struct requirement *requirement, size_t *capacity) {
    struct bytes word = take_word(parser);
    const char *wrong = label_value_check(word);
    const char **values;

    if (wrong != NULL)
        fail(parser, arena_format(parser->arena, "a label value is expected, but it %s", wrong),
             word);
    /* the list was built here: const is only for those who read it */
    values = arena_grow(parser->arena, (void *)(uintptr_t)requirement->values,
                        requirement->value_count, capacity, sizeof(*values));
    values[requirement->value_count++] = arena_string(parser->arena, word);
    requirement->values = values;
}

static void take_set(struct parser *parser, struct requirement *requirement) {
    size_t capacity = 0;

    if (!take(parser, '(')) {
        fail(parser, "'(' is expected after in or notin", take_word(parser));
        return;
    }
    do
        take_value(parser, requirement, &capacity);
    while (parser->wrong == NULL && take(parser, ','));
    if (!take(parser, ')'))
        fail(parser, "',' or ')' is expected", take_word(parser));
}

static void take_operation(struct parser *parser, struct requirement *requirement) {
    size_t capacity = 0;
    struct bytes word;

    if (take(parser, '=')) {
        if (parser->at < parser->text.length && parser->text.data[parser->at] == '=')
            parser->at++;
        requirement->operation = SELECTOR_IN;
        take_value(parser, requirement, &capacity);
    } else if (take(parser, '!')) {
        if (!take(parser, '='))
            fail(parser, "'!=' is expected", take_word(parser));
        requirement->operation = SELECTOR_NOT_IN;
        take_value(parser, requirement, &capacity);
    } else if (next_character(parser) == ',' || next_character(parser) == '\0') {
        requirement->operation = SELECTOR_EXISTS;
    } else {
        word = take_word(parser);
        requirement->operation = bytes_equal_string(word, "in") ? SELECTOR_IN : SELECTOR_NOT_IN;
        if (bytes_equal_string(word, "in") || bytes_equal_string(word, "notin"))
            take_set(parser, requirement);
        else
            fail(parser, "=, ==, !=, in or notin is expected", word);
    }
}

const struct selector *selector_parse(struct arena *arena, struct bytes text,
                                      const char **ret_wrong) {
    struct parser parser = {.arena = arena, .text = text};
    struct requirement_list list = {.arena = arena};

    if (next_character(&parser) == '\0' && parser.at == text.length)
        return finish(&list);
    do {
        struct requirement requirement = {0};

        if (take(&parser, '!')) {
            requirement.operation = SELECTOR_DOES_NOT_EXIST;
            requirement.key = take_key(&parser);
        } else {
            requirement.key = take_key(&parser);
            if (parser.wrong == NULL)
                take_operation(&parser, &requirement);
        }
        append(&list, requirement);
    } while (parser.wrong == NULL && take(&parser, ','));
    if (parser.wrong == NULL && parser.at < text.length)
        fail(&parser, "',' is expected", take_word(&parser));

    if (parser.wrong != NULL) {
        *ret_wrong = parser.wrong;
        return NULL;
    }
    return finish(&list);
}

/* Matching. */

static bool has_value(const struct requirement *requirement, const char *value) {
    for (size_t i = 0; i < requirement->value_count; i++) {
        if (strcmp(requirement->values[i], value) == 0)
            return true;
    }
    return false;
}

static bool requirement_holds(const struct requirement *requirement, const struct labels *labels) {
    const char *value = labels_get(labels, requirement->key);

    switch (requirement->operation) {
    case SELECTOR_IN:
        return value != NULL && has_value(requirement, value);
    case SELECTOR_NOT_IN:
        return value == NULL || !has_value(requirement, value);
    case SELECTOR_EXISTS:
        return value != NULL;
    case SELECTOR_DOES_NOT_EXIST:
        return value == NULL;
    }
    return false;
}

bool selector_matches(const struct selector *selector, const struct labels *labels) {
    for (size_t i = 0; i < selector->count; i++) {
        if (!requirement_holds(&selector->requirements[i], labels))
            return false;
    }
    return true;
}

static const char *requirement_text(struct arena *arena, const struct requirement *requirement) {
    CLEANUP(buffer_free) struct buffer text = {0};

    if (requirement->operation == SELECTOR_DOES_NOT_EXIST)
        buffer_append_char(&text, '!');
    buffer_append_string(&text, requirement->key);
    if (requirement->value_count == 1) {
        buffer_printf(&text, "%s%s",
                      requirement->operation == SELECTOR_IN ? "=" : "!=", requirement->values[0]);
    } else if (requirement->value_count > 1) {
        buffer_append_string(&text, requirement->operation == SELECTOR_IN ? " in (" : " notin (");
        for (size_t i = 0; i < requirement->value_count; i++)
            buffer_printf(&text, "%s%s", i > 0 ? "," : "", requirement->values[i]);
        buffer_append_char(&text, ')');
    }
    return arena_string(arena, buffer_bytes(&text));
}

const char *selector_mismatch(struct arena *arena, const struct selector *selector,
                              const struct labels *labels) {
    for (size_t i = 0; i < selector->count; i++) {
        if (!requirement_holds(&selector->requirements[i], labels))
            return requirement_text(arena, &selector->requirements[i]);
    }
    return NULL;
}
