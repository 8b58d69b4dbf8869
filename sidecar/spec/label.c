/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes labels and names, judged as apimachinery judges them; the downward API's labels file.
 */

#include "spec/label.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH      63
#define SUBDOMAIN_MAX_LENGTH 253

static bool is_lower_alphanumeric(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

static bool is_alphanumeric(char character) {
    return is_lower_alphanumeric(character) || (character >= 'A' && character <= 'Z');
}

/* Letters, digits, '-', '_', '.', with a letter or digit at both ends. */
static bool is_qualified_part(struct bytes text) {
    if (text.length == 0 || !is_alphanumeric(text.data[0]) ||
        !is_alphanumeric(text.data[text.length - 1]))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        char character = text.data[i];

        if (!is_alphanumeric(character) && character != '-' && character != '_' && character != '.')
            return false;
    }
    return true;
}

static bool is_dns_label(struct bytes text) {
    if (text.length == 0 || !is_lower_alphanumeric(text.data[0]) ||
        !is_lower_alphanumeric(text.data[text.length - 1]))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (!is_lower_alphanumeric(text.data[i]) && text.data[i] != '-')
            return false;
    }
    return true;
}

const char *dns_label_check(struct bytes text) {
    if (text.length > NAME_MAX_LENGTH)
        return "is longer than 63 characters";
    if (!is_dns_label(text))
        return "may have only lower-case letters, digits and '-', with a letter or digit at both ends";
    return NULL;
}

const char *dns_subdomain_check(struct bytes text) {
    size_t start = 0;

    if (text.length > SUBDOMAIN_MAX_LENGTH)
        return "is longer than 253 characters";
    while (start <= text.length) {
        size_t dot = bytes_find(text, BYTES("."), start);
        size_t end = dot == SIZE_MAX ? text.length : dot;

        if (!is_dns_label(bytes_slice(text, start, end)))
            return "may have only lower-case letters, digits, '-' and '.', with a letter or digit at both ends of "
                   "each part";
        start = end + 1;
    }
    return NULL;
}

const char *label_key_check(struct bytes key) {
    size_t slash = bytes_find(key, BYTES("/"), 0);
    struct bytes name = key;

    if (slash != SIZE_MAX) {
        if (dns_subdomain_check(bytes_slice(key, 0, slash)) != NULL)
            return "has a prefix before '/' that is no DNS name";
        name = bytes_slice(key, slash + 1, key.length);
    }
    if (name.length == 0)
        return "is empty";
    if (name.length > NAME_MAX_LENGTH)
        return "has a name of more than 63 characters";
    if (!is_qualified_part(name))
        return "may have only letters, digits, '-', '_' and '.', with a letter or digit at both ends";
    return NULL;
}

const char *label_value_check(struct bytes value) {
    if (value.length == 0)
        return NULL;
    if (value.length > NAME_MAX_LENGTH)
        return "is longer than 63 characters";
    if (!is_qualified_part(value))
        return "may have only letters, digits, '-', '_' and '.', with a letter or digit at both ends";
    return NULL;
}

static int compare_keys(const void *left, const void *right) {
    return strcmp(((const struct label *)left)->key, ((const struct label *)right)->key);
}

const char *labels_get(const struct labels *labels, const char *key) {
    struct label wanted = {.key = key};
    const struct label *found;

    if (labels->count == 0)
        return NULL;
    found = bsearch(&wanted, labels->items, labels->count, sizeof(wanted), compare_keys);
    return found != NULL ? found->value : NULL;
}

struct indexed_label {
    struct label label;
    size_t index;
};

static int compare_indexed(const void *left, const void *right) {
    const struct indexed_label *one = left;
    const struct indexed_label *other = right;
    int order = strcmp(one->label.key, other->label.key);

    return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

struct labels labels_new(struct arena *arena, const struct label *items, size_t count) {
    struct indexed_label *sorted = ARENA_NEW_ARRAY(arena, struct indexed_label, count);
    struct label *unique = ARENA_NEW_ARRAY(arena, struct label, count);
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct indexed_label){.label = items[i], .index = i};
    qsort(sorted, count, sizeof(*sorted), compare_indexed);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && strcmp(sorted[i].label.key, sorted[i + 1].label.key) == 0)
            continue;
        unique[length].key = arena_string(arena, bytes_of(sorted[i].label.key));
        unique[length].value = arena_string(arena, bytes_of(sorted[i].label.value));
        length++;
    }
    return (struct labels){.items = unique, .count = length};
}

const char *label_parse(struct arena *arena, const char *text, struct label *ret) {
    struct bytes whole = bytes_of(text);
    size_t equals = bytes_find(whole, BYTES("="), 0);
    struct bytes key;
    struct bytes value;

    if (equals == SIZE_MAX)
        return "has no '='; write it as key=value";
    key = bytes_slice(whole, 0, equals);
    value = bytes_slice(whole, equals + 1, whole.length);
    if (label_key_check(key) != NULL)
        return "has a key that is no label key";
    if (label_value_check(value) != NULL)
        return "has a value that is no label value";

    ret->key = arena_string(arena, key);
    ret->value = arena_string(arena, value);
    return NULL;
}

/* One escape of Go's strconv.Quote that a label value can have; others do not occur in labels. */
static int unquote_escape(struct bytes text, size_t *at, char *ret) {
    static const char escapes[] = "abfnrtv\\\"'";
    static const char meanings[] = "\a\b\f\n\r\t\v\\\"'";
    const char *found;

    if (*at + 1 >= text.length || text.data[*at + 1] == '\0')
        return -EINVAL;
    found = strchr(escapes, text.data[*at + 1]);
    if (found == NULL)
        return -EINVAL;
    *ret = meanings[found - escapes];
    *at += 2;
    return 0;
}

/* "value" in its quotes, up to the end of the line. */
static int unquote(struct arena *arena, struct bytes text, const char **ret) {
    char *value = arena_alloc(arena, text.length + 1);
    size_t length = 0;
    size_t at = 1;

    if (text.length < 2 || text.data[0] != '"')
        return -EINVAL;
    while (at < text.length && text.data[at] != '"') {
        if (text.data[at] == '\\') {
            if (unquote_escape(text, &at, &value[length++]) < 0)
                return -EINVAL;
        } else {
            value[length++] = text.data[at++];
        }
    }
    if (at + 1 != text.length)
        return -EINVAL;
    *ret = value;
    return 0;
}

static const char *parse_line(struct arena *arena, struct bytes line, struct label *ret) {
    size_t equals = bytes_find(line, BYTES("="), 0);
    const char *value;

    if (equals == SIZE_MAX)
        return "has no '='";
    if (label_key_check(bytes_slice(line, 0, equals)) != NULL)
        return "has a key that is no label key";
    if (unquote(arena, bytes_slice(line, equals + 1, line.length), &value) < 0)
        return "has a value that is not in double quotes";
    if (label_value_check(bytes_of(value)) != NULL)
        return "has a value that is no label value";

    ret->key = arena_string(arena, bytes_slice(line, 0, equals));
    ret->value = value;
    return NULL;
}

void labels_file_parse(struct arena *arena, struct bytes text, const char *file,
                       struct diagnostics *diagnostics, struct label **items, size_t *count,
                       size_t *capacity) {
    size_t start = 0;
    unsigned number = 0;

    while (start < text.length) {
        size_t newline = bytes_find(text, BYTES("\n"), start);
        size_t end = newline == SIZE_MAX ? text.length : newline;
        struct bytes line = bytes_trim(bytes_slice(text, start, end));
        struct label label;
        const char *wrong;

        number++;
        start = end + 1;
        if (line.length == 0)
            continue;
        wrong = bytes_is_text(line) ? parse_line(arena, line, &label) : "is not UTF-8 text";
        if (wrong != NULL) {
            diagnostics_add(diagnostics, SEVERITY_ERROR,
                            (struct location){.file = file, .line = number, .column = 1}, NULL,
                            NULL, "write it as key=\"value\", as the downward API does",
                            "the line %s", wrong);
            continue;
        }
        *items = arena_grow(arena, *items, *count, capacity, sizeof(**items));
        (*items)[(*count)++] = label;
    }
}
