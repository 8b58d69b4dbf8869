/* SPDX-License-Identifier: Apache-2.0 */

/* A line is read where it lies; only one that is cut by the end of the bytes is gathered. Most
 * lines of a Prometheus are of metrics that nobody here wants, so the name decides first. */

#include "prometheus/exposition.h"

#include "base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* The longest number that Go writes has 24 characters. */
#define NUMBER_MAX 64

struct exposition {
    struct exposition_reader reader;
    struct buffer line; /* the beginning of one that is not complete */
    bool passing_over;  /* until the end of a line that is too long */
    bool failed;
    bool has_sample;
    struct buffer values; /* the labels' values of one sample */
    struct exposition_label labels[EXPOSITION_LABELS_MAX];
};

struct exposition *exposition_new(const struct exposition_reader *reader) {
    struct exposition *exposition = memory_new(1, sizeof(*exposition));

    exposition->reader = *reader;
    return exposition;
}

void exposition_free(struct exposition *exposition) {
    if (exposition != NULL) {
        buffer_free(&exposition->line);
        buffer_free(&exposition->values);
        free(exposition);
    }
}

struct bytes exposition_label(const struct exposition_sample *sample, const char *name) {
    for (size_t i = 0; i < sample->label_count; i++) {
        if (bytes_equal_string(sample->labels[i].name, name)) {
            return sample->labels[i].value;
        }
    }
    return (struct bytes){0};
}

/* --- one line ------------------------------------------------------------------------------- */

/* What is left of a line. */
static bool at(struct bytes rest, char character) {
    return rest.length > 0 && rest.data[0] == character;
}

static void advance(struct bytes *rest, size_t count) {
    *rest = bytes_slice(*rest, count, rest->length);
}

static void skip_blanks(struct bytes *rest) {
    size_t count = 0;

    while (count < rest->length && (rest->data[count] == ' ' || rest->data[count] == '\t')) {
        count++;
    }
    advance(rest, count);
}

static bool is_name_character(char character, bool first) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_' || character == ':' || (!first && character >= '0' && character <= '9');
}

/* Of a metric or a label; of no length where there is none. */
static struct bytes take_name(struct bytes *rest) {
    size_t count = 0;

    while (count < rest->length && is_name_character(rest->data[count], count == 0)) {
        count++;
    }
    struct bytes name = bytes_slice(*rest, 0, count);
    advance(rest, count);
    return name;
}

/* Behind a backslash; '\0': there is no such escape. */
static char unescaped(char character) {
    switch (character) {
    case 'n':
        return '\n';
    case '"':
    case '\\':
        return character;
    default:
        return '\0';
    }
}

/* "..." to the end of values, in which there is room for all of the line. */
static bool take_value(struct bytes *rest, struct buffer *values, struct bytes *ret) {
    const size_t start = values->length;

    if (!at(*rest, '"')) {
        return false;
    }
    for (size_t i = 1; i < rest->length; i++) {
        char character = rest->data[i];
        if (character == '"') {
            advance(rest, i + 1);
            *ret = bytes_slice(buffer_bytes(values), start, values->length);
            return true;
        }
        if (character == '\\') {
            i++;
            character = i < rest->length ? unescaped(rest->data[i]) : '\0';
            if (character == '\0') {
                return false;
            }
        }
        values->data[values->length++] = character;
    }
    return false;
}

static bool take_label(struct exposition *exposition, struct bytes *rest, size_t count) {
    if (count == EXPOSITION_LABELS_MAX) {
        return false;
    }
    struct exposition_label *label = &exposition->labels[count];

    label->name = take_name(rest);
    skip_blanks(rest);
    if (label->name.length == 0 || !at(*rest, '=')) {
        return false;
    }
    advance(rest, 1);
    skip_blanks(rest);
    return take_value(rest, &exposition->values, &label->value);
}

/* {a="b",c="d"} or nothing. */
static bool take_labels(struct exposition *exposition, struct bytes *rest, size_t *ret_count) {
    size_t count = 0;

    *ret_count = 0;
    if (!at(*rest, '{')) {
        return true;
    }
    buffer_clear(&exposition->values);
    (void)buffer_reserve(&exposition->values, rest->length);
    advance(rest, 1);
    skip_blanks(rest);
    while (!at(*rest, '}')) {
        if (!take_label(exposition, rest, count)) {
            return false;
        }
        count++;
        skip_blanks(rest);
        if (at(*rest, ',')) {
            advance(rest, 1);
            skip_blanks(rest);
        } else if (!at(*rest, '}')) {
            return false;
        }
    }
    advance(rest, 1);
    *ret_count = count;
    return true;
}

/* What may follow (a time, an exemplar) is nobody's business here. */
static bool take_number(struct bytes rest, double *ret) {
    char text[NUMBER_MAX] = "";
    char *end = NULL;
    size_t length = 0;

    while (length < rest.length && rest.data[length] != ' ' && rest.data[length] != '\t') {
        length++;
    }
    /* strtod would pass over blanks of other kinds. */
    if (length == 0 || length >= sizeof(text) || isspace((unsigned char)rest.data[0])) {
        return false;
    }
    memcpy(text, rest.data, length);
    double value = strtod(text, &end);
    if (end != text + length) {
        return false;
    }
    *ret = value;
    return true;
}

static bool take_sample(struct exposition *exposition, struct bytes name, struct bytes rest) {
    struct exposition_sample sample = {.name = name, .labels = exposition->labels};

    if (!take_labels(exposition, &rest, &sample.label_count)) {
        return false;
    }
    skip_blanks(&rest);
    if (!take_number(rest, &sample.value)) {
        return false;
    }
    exposition->reader.take(&sample, exposition->reader.context);
    return true;
}

/* False: no line of the format. */
static bool take_line(struct exposition *exposition, struct bytes line) {
    skip_blanks(&line);
    if (line.length == 0 || at(line, '#')) {
        return true;
    }
    if (at(line, '{')) {
        /* A name in quotes, of other characters: nobody wants one. */
        exposition->has_sample = true;
        return true;
    }
    struct bytes name = take_name(&line);
    if (name.length == 0 || (!at(line, '{') && !at(line, ' ') && !at(line, '\t'))) {
        return false;
    }
    exposition->has_sample = true;
    skip_blanks(&line);
    return !exposition->reader.wants(name, exposition->reader.context) ||
           take_sample(exposition, name, line);
}

/* --- line by line --------------------------------------------------------------------------- */

/* The end of a line, of which the beginning may have come before. */
static bool end_line(struct exposition *exposition, struct bytes end) {
    bool good = true;

    if (exposition->passing_over || end.length > EXPOSITION_LINE_MAX - exposition->line.length) {
        exposition->passing_over = false;
    } else if (exposition->line.length == 0) {
        good = take_line(exposition, end);
    } else {
        buffer_append(&exposition->line, end);
        good = take_line(exposition, buffer_bytes(&exposition->line));
    }
    buffer_clear(&exposition->line);
    return good;
}

/* A part without an end. */
static void gather(struct exposition *exposition, struct bytes part) {
    if (exposition->passing_over) {
        return;
    }
    if (part.length > EXPOSITION_LINE_MAX - exposition->line.length) {
        exposition->passing_over = true;
        buffer_clear(&exposition->line);
        return;
    }
    buffer_append(&exposition->line, part);
}

int exposition_feed(struct exposition *exposition, struct bytes bytes) {
    while (bytes.length > 0 && !exposition->failed) {
        const char *end = memchr(bytes.data, '\n', bytes.length);
        if (end == NULL) {
            gather(exposition, bytes);
            break;
        }
        size_t length = (size_t)(end - bytes.data);
        exposition->failed = !end_line(exposition, bytes_slice(bytes, 0, length));
        advance(&bytes, length + 1);
    }
    return exposition->failed ? -EBADMSG : 0;
}

int exposition_end(const struct exposition *exposition) {
    bool complete = exposition->line.length == 0 && !exposition->passing_over;

    return exposition->failed || !complete || !exposition->has_sample ? -EBADMSG : 0;
}
