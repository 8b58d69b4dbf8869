/* SPDX-License-Identifier: Apache-2.0 */

/* sidecar.cfg, walked setting by setting, so that each one that no row of the table knows is found
 * and named with its line. The file is read by us and handed to libconfig as text: its own reader,
 * and its @include, end the whole process when a read fails, which a SIGHUP must never bring about.
 */

#include "options/config_file.h"

#include "base/descriptor.h"
#include "base/nearest.h"
#include "options/options.h"
#include "options/value.h"

#include <libconfig.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t largest_file = (size_t)1 << 20;

struct walk {
    const char *path; /* of sidecar.cfg */
    struct settings *settings;
    struct diagnostics *diagnostics;
    int error;
};

static void walk_fault(struct walk *walk, unsigned line, const char *key, const char *remedy,
                       const char *problem) {
    diagnostics_add(walk->diagnostics, SEVERITY_ERROR,
                    (struct location){.file = walk->path, .line = line}, NULL, key, remedy, "%s",
                    problem);
    walk->error = -EINVAL;
}

static const char *type_name(const config_setting_t *setting) {
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return "a group";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "an integer";
    case CONFIG_TYPE_FLOAT:
        return "a floating-point number";
    case CONFIG_TYPE_STRING:
        return "a string";
    case CONFIG_TYPE_BOOL:
        return "a boolean";
    case CONFIG_TYPE_ARRAY:
        return "an array";
    case CONFIG_TYPE_LIST:
        return "a list";
    default:
        return "of no known type";
    }
}

/* What a user has to write for an option of this type. */
static const char *type_remedy(const struct option *option) {
    switch (option->type) {
    case OPTION_BOOL:
        return "write true or false, without quotes";
    case OPTION_INTEGER:
        return "write an integer, without quotes";
    case OPTION_SIZE:
        return "write an integer, or a string as in \"4MiB\"";
    case OPTION_DURATION:
        return "write a string as in \"30s\"";
    case OPTION_MODE:
        return "write a string as in \"0640\"";
    case OPTION_STRING_LIST:
    case OPTION_PAIR_LIST:
    case OPTION_DIRECTORY_LIST:
        return "write an array of strings: [\"...\", \"...\"]";
    case OPTION_STRING:
    case OPTION_PATH:
    case OPTION_URL:
    case OPTION_ENUM:
        return "write a string, in double quotes";
    }
    return NULL;
}

static bool is_integer(const config_setting_t *setting) {
    int type = config_setting_type(setting);
    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

/* The value as a flag's text would give it. False: it has a type that the option does not take. */
static bool scalar_text(const struct option *option, const config_setting_t *setting,
                        struct buffer *out) {
    enum option_type type = option->type;

    if (type == OPTION_BOOL && config_setting_type(setting) == CONFIG_TYPE_BOOL) {
        buffer_append_string(out, config_setting_get_bool(setting) ? "true" : "false");
        return true;
    }
    if ((type == OPTION_INTEGER || type == OPTION_SIZE) && is_integer(setting)) {
        buffer_printf(out, "%lld", config_setting_get_int64(setting));
        return true;
    }
    if (type != OPTION_BOOL && type != OPTION_INTEGER &&
        config_setting_type(setting) == CONFIG_TYPE_STRING) {
        buffer_append_string(out, config_setting_get_string(setting));
        return true;
    }
    return false;
}

static void apply_scalar(struct walk *walk, const struct option *option,
                         const config_setting_t *setting) {
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct origin origin = {
        .kind = ORIGIN_FILE, .file = walk->path, .line = config_setting_source_line(setting)};

    if (!scalar_text(option, setting, &text)) {
        value_fault(walk->diagnostics, option, &origin, type_remedy(option), "is %s",
                    type_name(setting));
        walk->error = -EINVAL;
        return;
    }
    if (value_set(walk->settings, option, &origin, buffer_bytes(&text), walk->diagnostics) < 0) {
        walk->error = -EINVAL;
    }
}

static void apply_list(struct walk *walk, const struct option *option,
                       const config_setting_t *setting) {
    const struct origin origin = {
        .kind = ORIGIN_FILE, .file = walk->path, .line = config_setting_source_line(setting)};

    if (!config_setting_is_array(setting) && !config_setting_is_list(setting)) {
        value_fault(walk->diagnostics, option, &origin, type_remedy(option), "is %s",
                    type_name(setting));
        walk->error = -EINVAL;
        return;
    }
    for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++) {
        apply_scalar(walk, option, config_setting_get_elem(setting, i));
    }
}

/* Is there an option below this group? */
static bool is_group_of_options(const char *path) {
    struct bytes prefix = bytes_of(path);

    for (size_t i = 0; i < option_count; i++) {
        struct bytes key = bytes_of(options[i].key);
        if (key.length > prefix.length && bytes_starts_with(key, prefix) &&
            key.data[prefix.length] == '.') {
            return true;
        }
    }
    return false;
}

/* Offers the names of all options, and of their groups. */
static const char *nearest_key(struct arena *arena, const char *path) {
    struct nearest nearest = nearest_to(bytes_of(path));

    for (size_t i = 0; i < option_count; i++) {
        struct bytes key = bytes_of(options[i].key);
        if (key.length > 0) {
            nearest_offer(&nearest, options[i].key);
            nearest_offer(&nearest,
                          arena_string(arena, bytes_slice(key, 0, bytes_find(key, BYTES("."), 0))));
        }
    }
    return nearest.best;
}

static void unknown_key(struct walk *walk, unsigned line, const char *path) {
    struct arena *arena = walk->settings->arena;
    const char *nearest = nearest_key(arena, path);
    const char *remedy = "remotewrite-sidecar --help lists all settings";

    if (nearest != NULL) {
        remedy = arena_format(arena, "did you mean %s?", nearest);
    }
    walk_fault(walk, line, path, remedy, "unknown setting");
}

static void walk_setting(struct walk *walk, const config_setting_t *setting, const char *path);

static void walk_group(struct walk *walk, const config_setting_t *group, const char *path) {
    for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, i);
        const char *name = config_setting_name(member);
        walk_setting(walk, member,
                     path[0] == '\0' ? name
                                     : arena_format(walk->settings->arena, "%s.%s", path, name));
    }
}

static void walk_setting(struct walk *walk, const config_setting_t *setting, const char *path) {
    const struct option *option = option_by_key(bytes_of(path));
    unsigned line = config_setting_source_line(setting);

    if (option != NULL && option_is_list(option)) {
        apply_list(walk, option, setting);
    } else if (option != NULL) {
        apply_scalar(walk, option, setting);
    } else if (!is_group_of_options(path)) {
        unknown_key(walk, line, path);
    } else if (config_setting_is_group(setting)) {
        /* One deep at most: no option's key has more than two parts. */
        walk_group(walk, setting, path);
    } else {
        walk_fault(walk, line, path,
                   arena_format(walk->settings->arena, "write it as %s: { ... }", path),
                   "is a group of settings");
    }
}

/* The line of an @include, or 0. libconfig takes one wherever a line begins with it. */
static unsigned include_line(struct bytes text) {
    unsigned line = 1;
    size_t start = 0;

    while (start < text.length) {
        size_t end = bytes_find(text, BYTES("\n"), start);
        if (bytes_starts_with(bytes_trim(bytes_slice(text, start, end)), BYTES("@include"))) {
            return line;
        }
        if (end == SIZE_MAX) {
            break;
        }
        start = end + 1;
        line++;
    }
    return 0;
}

int config_text_read(const char *path, struct bytes text, struct settings *settings,
                     struct diagnostics *diagnostics) {
    CLEANUP(config_destroy) config_t config = {0};
    struct walk walk = {.path = path, .settings = settings, .diagnostics = diagnostics};
    unsigned included = include_line(text);

    config_init(&config);
    if (!bytes_is_text(text)) {
        walk_fault(&walk, 0, NULL, "write the file in UTF-8, without NUL", "is no text");
        return walk.error;
    }
    if (included > 0) {
        walk_fault(&walk, included, NULL, "write all settings into one file",
                   "@include is not supported");
        return walk.error;
    }
    if (config_read_string(&config, arena_string(settings->arena, text)) != CONFIG_TRUE) {
        walk_fault(&walk, (unsigned)config_error_line(&config), NULL,
                   "see libconfig's syntax: name = value;", config_error_text(&config));
        return walk.error;
    }
    walk_group(&walk, config_root_setting(&config), "");
    return walk.error;
}

/* At most one byte more than largest_file. A FIFO that nobody writes to would look like an empty
 * file. */
int config_file_load(const char *path, struct buffer *out) {
    CLEANUP(descriptor_closep)
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const size_t step = 4096;
    struct stat status;

    if (descriptor < 0 || fstat(descriptor, &status) < 0) {
        /* A socket can be no more than looked at. */
        return errno == ENXIO ? -EINVAL : -errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return -EINVAL;
    }
    while (out->length <= largest_file) {
        ssize_t count = read(descriptor, buffer_reserve(out, step), step);
        if (count == 0) {
            return 0;
        }
        if (count < 0 && errno != EINTR) {
            return -errno;
        }
        out->length += count > 0 ? (size_t)count : 0;
    }
    return -EFBIG;
}

int config_file_read(const char *path, struct settings *settings, struct diagnostics *diagnostics) {
    CLEANUP(buffer_free) struct buffer text = {0};
    int error = config_file_load(path, &text);

    if (error == -EINVAL) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){.file = path}, NULL, NULL,
                        "check the path that --sidecar-config gives", "is no regular file");
        return -EINVAL;
    }
    if (error < 0) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){.file = path}, NULL, NULL,
                        "check the path that --sidecar-config gives", "cannot be read: %s",
                        strerror(-error));
        return -EINVAL;
    }
    return config_text_read(path, buffer_bytes(&text), settings, diagnostics);
}
