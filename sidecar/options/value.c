/* SPDX-License-Identifier: Apache-2.0 */

/* Each type's parser. A value that comes from a flag, from sidecar.cfg or from the table's own
 * default takes the same way, so a check that holds for one holds for all. */

#include "options/value.h"

#include "base/duration.h"
#include "base/number.h"

#include <curl/curl.h>

#include <errno.h>
#include <stdarg.h>
#include <strings.h>

/* Longer values are cut in messages. */
enum {
    SHOWN_LENGTH = 200
};

static struct bytes shown(struct bytes text) {
    return bytes_slice(text, 0, SHOWN_LENGTH);
}

void value_fault(struct diagnostics *diagnostics, const struct option *option,
                 const struct origin *origin, const char *remedy, const char *format, ...) {
    CLEANUP(buffer_free) struct buffer problem = {0};
    CLEANUP(buffer_free) struct buffer name = {0};
    struct location location = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(&problem, format, arguments);
    va_end(arguments);
    switch (origin->kind) {
    case ORIGIN_FLAG:
        buffer_append_string(&name, origin->flag);
        break;
    case ORIGIN_FILE:
        buffer_append_string(&name, option->key);
        location = (struct location){.file = origin->file, .line = origin->line};
        break;
    case ORIGIN_DEFAULT:
        buffer_printf(&name, "--%s", option->flag);
        break;
    }
    diagnostics_add(diagnostics, SEVERITY_ERROR, location, NULL, buffer_string(&name), remedy, "%s",
                    buffer_string(&problem));
}

/* What a parser is handed. */
struct input {
    struct settings *settings;
    const struct option *option;
    const struct origin *origin;
    struct bytes text;
    struct diagnostics *diagnostics;
};

static void *field_of(struct settings *settings, const struct option *option) {
    return (char *)settings + option->offset;
}

/* "abc" is no duration; write it as ... */
static int reject(const struct input *input, const char *what, const char *remedy) {
    struct bytes text = shown(input->text);

    value_fault(input->diagnostics, input->option, input->origin, remedy, "\"%.*s\" %s",
                BYTES_ARG(text), what);
    return -EINVAL;
}

static int string_set(const struct input *input) {
    const char **field = field_of(input->settings, input->option);

    *field = arena_string(input->settings->arena, input->text);
    return 0;
}

static int path_set(const struct input *input) {
    if (input->text.length == 0) {
        value_fault(input->diagnostics, input->option, input->origin,
                    "write a path, or leave the option out", "is empty");
        return -EINVAL;
    }
    return string_set(input);
}

static void free_url(CURLU **url) {
    curl_url_cleanup(*url);
}

static void free_part(char **part) {
    curl_free(*part);
}

bool url_has_user(const char *text) {
    CLEANUP(free_url) CURLU *url = curl_url();
    CLEANUP(free_part) char *user = NULL;

    return url != NULL && text != NULL &&
           curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;
}

/* libcurl is what makes the request, so libcurl is asked. NULL: nothing is wrong. */
static const char *url_fault(const char *text) {
    CLEANUP(free_url) CURLU *url = curl_url();
    CLEANUP(free_part) char *scheme = NULL;
    CLEANUP(free_part) char *fragment = NULL;

    if (url == NULL ||
        curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        return "is no URL";
    }
    if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        return "is no http or https URL";
    }
    if (curl_url_get(url, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK) {
        return "has a fragment ('#')";
    }
    return NULL;
}

/* What may be a password in a URL is not repeated. For the reloader a URL may be one that nothing
 * can be sent to: then each reload fails. */
static int url_set(const struct input *input) {
    const char *fault = url_fault(arena_string(input->settings->arena, input->text));

    if (fault == NULL || input->settings->as_reloader) {
        return string_set(input);
    }
    if (bytes_find(input->text, BYTES("@"), 0) != SIZE_MAX) {
        value_fault(
            input->diagnostics, input->option, input->origin,
            "write it as in http://USER:PASSWORD@127.0.0.1:9090/-/reload, special characters "
            "percent-encoded",
            "the URL %s", fault);
        return -EINVAL;
    }
    return reject(input, fault, "write it as in http://127.0.0.1:9090/-/reload");
}

static int bool_set(const struct input *input) {
    bool *field = field_of(input->settings, input->option);

    if (bytes_equal_string(input->text, "true")) {
        *field = true;
    } else if (bytes_equal_string(input->text, "false")) {
        *field = false;
    } else {
        return reject(input, "is neither true nor false", "write true or false");
    }
    return 0;
}

static int bounded_set(const struct input *input, int64_t value, const char *minimum,
                       const char *maximum) {
    const struct option *option = input->option;
    int64_t *field = field_of(input->settings, option);

    if (value < option->minimum || value > option->maximum) {
        CLEANUP(buffer_free) struct buffer remedy = {0};
        buffer_printf(&remedy, "use a value from %s to %s", minimum, maximum);
        return reject(input, value < option->minimum ? "is too small" : "is too large",
                      buffer_string(&remedy));
    }
    *field = value;
    return 0;
}

/* A number beyond int64 is out of every option's bounds. */
static int64_t saturated(int error, int64_t value, bool negative) {
    if (error != -ERANGE) {
        return value;
    }
    return negative ? INT64_MIN : INT64_MAX;
}

static int integer_set(const struct input *input) {
    CLEANUP(buffer_free) struct buffer minimum = {0};
    CLEANUP(buffer_free) struct buffer maximum = {0};
    int64_t value = 0;
    int error = number_parse(input->text, &value);

    if (error == -EINVAL) {
        return reject(input, "is no whole number", "write digits only, as in 1000");
    }
    buffer_printf(&minimum, "%lld", (long long)input->option->minimum);
    buffer_printf(&maximum, "%lld", (long long)input->option->maximum);
    value = saturated(error, value, bytes_starts_with(input->text, BYTES("-")));
    return bounded_set(input, value, buffer_string(&minimum), buffer_string(&maximum));
}

static int size_set(const struct input *input) {
    CLEANUP(buffer_free) struct buffer minimum = {0};
    CLEANUP(buffer_free) struct buffer maximum = {0};
    uint64_t value = 0;
    int error = size_parse(input->text, &value);

    if (error == -EINVAL) {
        return reject(input, "is no size", "write it as in 65536, 64KiB or 4MiB");
    }
    buffer_printf(&minimum, "%lld", (long long)input->option->minimum);
    buffer_printf(&maximum, "%lldMiB", (long long)(input->option->maximum >> 20));
    bool huge = error == -ERANGE || value > INT64_MAX;
    return bounded_set(input, huge ? INT64_MAX : (int64_t)value, buffer_string(&minimum),
                       buffer_string(&maximum));
}

static int duration_set(const struct input *input) {
    CLEANUP(buffer_free) struct buffer minimum = {0};
    CLEANUP(buffer_free) struct buffer maximum = {0};
    int64_t value = 0;
    int error = duration_parse(input->text, &value);

    if (error == -EINVAL) {
        error = go_duration_parse(input->text, &value);
    }
    if (error == -EINVAL) {
        return reject(input, "is no duration", "write it as in 500ms, 30s, 3m or 1h30m");
    }
    duration_format(input->option->minimum, &minimum);
    duration_format(input->option->maximum, &maximum);
    return bounded_set(input, saturated(error, value, false), buffer_string(&minimum),
                       buffer_string(&maximum));
}

static int mode_set(const struct input *input) {
    static const char remedy[] = "write an octal number up to 0777, as in 0640";
    const size_t longest = 4;
    unsigned *field = field_of(input->settings, input->option);
    unsigned mode = 0;

    if (input->text.length == 0 || input->text.length > longest) {
        return reject(input, "is no file mode", remedy);
    }
    for (size_t i = 0; i < input->text.length; i++) {
        char digit = input->text.data[i];
        if (digit < '0' || digit > '7') {
            return reject(input, "is no file mode", remedy);
        }
        mode = mode * 8 + (unsigned)(digit - '0');
    }
    if (mode > 0777) {
        return reject(input, "has bits that a config cannot use", remedy);
    }
    *field = mode;
    return 0;
}

/* Words are lower-case. */
static bool same_word(struct bytes text, const char *word) {
    return text.length == strlen(word) && strncasecmp(text.data, word, text.length) == 0;
}

static int enum_set(const struct input *input) {
    CLEANUP(buffer_free) struct buffer remedy = {0};
    const char *const *words = input->option->words;
    unsigned *field = field_of(input->settings, input->option);

    buffer_append_string(&remedy, "use one of");
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (same_word(input->text, words[i])) {
            *field = i;
            return 0;
        }
        buffer_printf(&remedy, "%s %s", i > 0 ? "," : "", words[i]);
    }
    return reject(input, "is unknown here", buffer_string(&remedy));
}

/* The items of a list with room for one more. Lists double, so that they are full exactly at powers
 * of two. */
static void *list_room(struct arena *arena, void *items, size_t count, size_t size) {
    if (count > 0 && (count & (count - 1)) != 0) {
        return items;
    }
    void *grown = arena_alloc_array(arena, count > 0 ? 2 * count : 1, size);
    if (count > 0) {
        memcpy(grown, items, count * size);
    }
    return grown;
}

static int text_append(const struct input *input) {
    struct text_list *list = field_of(input->settings, input->option);
    struct arena *arena = input->settings->arena;
    const char **items = list_room(arena, list->items, list->count, sizeof(*items));

    items[list->count] = arena_string(arena, input->text);
    list->items = items;
    list->count++;
    return 0;
}

static int pair_append(const struct input *input) {
    size_t equals = bytes_find(input->text, BYTES("="), 0);

    if (equals == SIZE_MAX || equals == 0) {
        return reject(input, "is no key=value", "write it as in region=eu-west-1");
    }
    return text_append(input);
}

static int directory_append(const struct input *input) {
    struct directory_list *list = field_of(input->settings, input->option);
    struct arena *arena = input->settings->arena;
    struct bound_directory *items = list_room(arena, list->items, list->count, sizeof(*items));
    struct bound_directory directory = {0};
    size_t equals = bytes_find(input->text, BYTES("="), 0);
    struct bytes namespace = bytes_slice(input->text, 0, equals);

    if (equals != SIZE_MAX && bytes_find(namespace, BYTES("/"), 0) == SIZE_MAX) {
        directory.namespace = arena_string(arena, namespace);
        directory.path = arena_string(arena, bytes_slice(input->text, equals + 1, SIZE_MAX));
    } else {
        directory.path = arena_string(arena, input->text);
    }
    items[list->count] = directory;
    list->items = items;
    list->count++;
    return 0;
}

typedef int (*value_setter)(const struct input *input);

static const value_setter setters[] = {
    [OPTION_STRING] = string_set,     [OPTION_PATH] = path_set,
    [OPTION_URL] = url_set,           [OPTION_BOOL] = bool_set,
    [OPTION_INTEGER] = integer_set,   [OPTION_SIZE] = size_set,
    [OPTION_DURATION] = duration_set, [OPTION_MODE] = mode_set,
    [OPTION_ENUM] = enum_set,         [OPTION_STRING_LIST] = text_append,
    [OPTION_PAIR_LIST] = pair_append, [OPTION_DIRECTORY_LIST] = directory_append,
};

/* An empty value is as none: what a template makes of a value that is not set. Of a list it is no
 * item. */
static int value_reset(struct settings *settings, const struct option *option,
                       struct diagnostics *diagnostics) {
    const struct origin origin = {.kind = ORIGIN_DEFAULT};

    if (option_is_list(option)) {
        return 0;
    }
    if (option->default_value != NULL) {
        return value_set(settings, option, &origin, bytes_of(option->default_value), diagnostics);
    }
    *(const char **)field_of(settings, option) = NULL;
    settings->origins[option - options] = origin;
    return 0;
}

int value_set(struct settings *settings, const struct option *option, const struct origin *origin,
              struct bytes text, struct diagnostics *diagnostics) {
    const struct input input = {settings, option, origin, text, diagnostics};
    const char *fault = NULL;

    if (text.length == 0 && option->empty_is_absent) {
        return value_reset(settings, option, diagnostics);
    }

    if (!bytes_is_text(text)) {
        return reject(&input, "is not UTF-8", "write it in UTF-8, without NUL");
    }
    fault = option->fault != NULL ? option->fault(text) : NULL;
    if (fault != NULL) {
        return reject(&input, fault, option->remedy);
    }
    int error = setters[option->type](&input);
    if (error == 0) {
        settings->origins[option - options] = *origin;
    }
    return error;
}

void value_clear_list(struct settings *settings, const struct option *option) {
    if (option->type == OPTION_DIRECTORY_LIST) {
        *(struct directory_list *)field_of(settings, option) = (struct directory_list){0};
    } else if (option_is_list(option)) {
        *(struct text_list *)field_of(settings, option) = (struct text_list){0};
    }
}
