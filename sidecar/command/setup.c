/* SPDX-License-Identifier: Apache-2.0 */

/* The one place that knows both the options and the rooms. The environment and the working
 * directory are read here, so that the rooms below get them as data. */

#include "command/setup.h"

#include "base/memory.h"
#include "command/path.h"
#include "options/options.h"
#include "options/value.h"
#include "prometheus/endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Folders below a volume of manifests. */
enum {
    VOLUME_DEPTH = 8
};

/* Of the base config, decompressed: it comes from whoever runs Prometheus, so this only keeps an
 * accident small. */
static const size_t largest_base = (size_t)64 << 20;

static const char secret_folder[] = "remote-write-secrets";

void setup_free(struct setup *setup) {
    if (setup != NULL) {
        settings_free(setup->settings);
        arena_free(setup->arena);
        free(setup);
    }
}

void setup_freep(struct setup **setup) {
    setup_free(*setup);
    *setup = NULL;
}

static struct string_list list_of(const struct text_list *list) {
    return (struct string_list){list->items, list->count};
}

static void append_volumes(struct volume_config *volumes, size_t *count, enum volume_kind kind,
                           const struct directory_list *directories) {
    for (size_t i = 0; i < directories->count; i++) {
        volumes[*count] = (struct volume_config){
            .kind = kind,
            .namespace = directories->items[i].namespace,
            .path = directories->items[i].path,
        };
        (*count)++;
    }
}

/* Only run has a use for them, and only run waits for those who are writing a file. Without an
 * output the config file is one of them: it may be of any program, and nothing becomes of what is
 * in it. */
static void setup_watched(struct setup *setup) {
    const struct settings *settings = setup->settings;
    struct source_settings *source = &setup->agent.source;
    const char **paths =
        ARENA_NEW_ARRAY(setup->arena, const char *, settings->watched_dirs.count + 1);

    source->patience = WRITER_PATIENCE;

    for (size_t i = 0; i < settings->watched_dirs.count; i++) {
        paths[source->watched_path_count++] = settings->watched_dirs.items[i];
    }
    source->watched_paths = paths;
    if (settings->output_file != NULL) {
        return;
    }
    if (settings->config_file != NULL) {
        paths[source->watched_path_count++] = settings->config_file;
        source->base_path = NULL;
    }
    setup->agent.ask_version = false;
}

static void setup_source(struct setup *setup) {
    const struct settings *settings = setup->settings;
    size_t total = settings->remote_write_dirs.count + settings->secret_dirs.count +
                   settings->configmap_dirs.count;
    struct volume_config *volumes = ARENA_NEW_ARRAY(setup->arena, struct volume_config, total);
    size_t count = 0;

    append_volumes(volumes, &count, VOLUME_REMOTE_WRITE, &settings->remote_write_dirs);
    append_volumes(volumes, &count, VOLUME_SECRET, &settings->secret_dirs);
    append_volumes(volumes, &count, VOLUME_CONFIGMAP, &settings->configmap_dirs);
    setup->agent.source = (struct source_settings){
        .volumes = volumes,
        .volume_count = count,
        .base_path = settings->config_file,
        .labels_path = settings->cluster_labels_file,
        .max_file_size = (size_t)settings->max_file_size,
        .max_volume_size = (size_t)settings->max_volume_size,
        .max_files = (size_t)settings->max_files,
        .max_depth = VOLUME_DEPTH,
        .max_base_size = largest_base,
    };
}

/* As Go's net/http reads the proxies of the environment: the upper-case name first. */
static const char *proxy_variable(const char *upper, const char *lower) {
    const char *value = getenv(upper);

    return value != NULL && value[0] != '\0' ? value : getenv(lower);
}

static const char *copied(struct arena *arena, const char *string) {
    return string != NULL ? arena_string(arena, bytes_of(string)) : NULL;
}

static struct policy policy_of(struct setup *setup) {
    const struct settings *settings = setup->settings;
    struct arena *arena = setup->arena;

    return (struct policy){
        .enforced_namespace_label = settings->enforced_namespace_label,
        .allow_file_references = settings->allow_file_references,
        .allow_ambient_credentials = settings->allow_ambient_credentials,
        .send_metadata = settings->send_metadata,
        .expand_environment = settings->expand_environment,
        .inline_untrimmed_secrets = settings->inline_untrimmed_secrets,
        .allowed_urls = list_of(&settings->allowed_urls),
        .max_shards = settings->max_shards,
        .max_capacity = settings->max_capacity,
        .max_samples_per_send = settings->max_samples_per_send,
        .proxy_from_environment = settings->proxy_from_environment,
        .http_proxy = copied(arena, proxy_variable("HTTP_PROXY", "http_proxy")),
        .https_proxy = copied(arena, proxy_variable("HTTPS_PROXY", "https_proxy")),
        .no_proxy = copied(arena, proxy_variable("NO_PROXY", "no_proxy")),
    };
}

static int variable_compare(const void *left_, const void *right_) {
    const struct environment_variable *left = left_;
    const struct environment_variable *right = right_;

    return strcmp(left->name, right->name);
}

/* The number that a name ends in, as "12" of "prometheus-12"; "" where there is none. */
static const char *trailing_number(struct arena *arena, const char *name) {
    struct bytes text = bytes_of(name);
    size_t start = text.length;

    while (start > 0 && text.data[start - 1] >= '0' && text.data[start - 1] <= '9') {
        start--;
    }
    return arena_string(arena, bytes_slice(text, start, text.length));
}

/* prometheus-config-reloader sets STATEFULSET_ORDINAL_NUMBER for what it substitutes. One that was
 * set by hand stays where there is no name to take it from. */
static size_t add_ordinal(const struct setup *setup, struct environment_variable *variables,
                          size_t count) {
    static const char ordinal[] = "STATEFULSET_ORDINAL_NUMBER";
    const char *name = getenv(setup->settings->statefulset_ordinal_from);
    size_t at = 0;

    while (at < count && strcmp(variables[at].name, ordinal) != 0) {
        at++;
    }
    if (at < count && name == NULL) {
        return count;
    }
    variables[at] = (struct environment_variable){
        .name = ordinal,
        .value = trailing_number(setup->arena, name != NULL ? name : ""),
    };
    return at < count ? count : count + 1;
}

static void setup_environment(struct setup *setup) {
    struct compile_settings *compile = &setup->agent.compile;
    size_t total = 0;
    size_t count = 0;

    while (environ != NULL && environ[total] != NULL) {
        total++;
    }
    struct environment_variable *variables =
        ARENA_NEW_ARRAY(setup->arena, struct environment_variable, total + 1);
    for (size_t i = 0; i < total; i++) {
        struct bytes entry = bytes_of(environ[i]);
        size_t equals = bytes_find(entry, BYTES("="), 0);
        if (equals != SIZE_MAX) {
            variables[count].name = arena_string(setup->arena, bytes_slice(entry, 0, equals));
            variables[count].value =
                arena_string(setup->arena, bytes_slice(entry, equals + 1, SIZE_MAX));
            count++;
        }
    }
    count = add_ordinal(setup, variables, count);
    qsort(variables, count, sizeof(*variables), variable_compare);
    compile->environment = variables;
    compile->environment_count = count;
}

static void setup_compile(struct setup *setup) {
    const struct settings *settings = setup->settings;
    struct compile_settings *compile = &setup->agent.compile;

    compile->policy = policy_of(setup);
    compile->cluster_labels = list_of(&settings->cluster_labels);
    compile->remote_write_selector = settings->remote_write_selector;
    compile->namespaces = list_of(&settings->remote_write_namespaces);
    compile->limits = yaml_default_limits;
    compile->limits.depth = (size_t)settings->max_depth;
    compile->limits.documents = (size_t)settings->max_documents;
    compile->limits.nodes = (size_t)settings->max_values;
    compile->limits.scalar = (size_t)settings->max_scalar_size;
    compile->limits.adjustable = true;
    setup_environment(setup);
}

/* An error about an option that was given. */
static int setup_fault(const struct setup *setup, const char *flag, struct diagnostics *diagnostics,
                       const char *remedy, const char *problem) {
    value_fault(diagnostics, option_by_flag(bytes_of(flag)), settings_origin(setup->settings, flag),
                remedy, "%s", problem);
    return -EINVAL;
}

static int setup_version(struct setup *setup, struct diagnostics *diagnostics) {
    const char *text = setup->settings->prometheus_version;

    setup->agent.ask_version = text == NULL;
    if (text != NULL && version_parse(bytes_of(text), &setup->agent.compile.version) < 0) {
        const char *problem = arena_format(setup->arena, "\"%s\" is no version", text);
        return setup_fault(setup, "prometheus-version", diagnostics, "write it as in 2.42 or 3.1.0",
                           problem);
    }
    return 0;
}

/* Where Prometheus is: what says whether a reload worked stands beside what asks for it. */
static int setup_prometheus(struct setup *setup, struct diagnostics *diagnostics) {
    const struct settings *settings = setup->settings;
    CLEANUP(buffer_free) struct buffer derived = {0};
    bool given = settings_origin(settings, "runtimeinfo-url")->kind != ORIGIN_DEFAULT;

    setup->agent.prometheus = (struct prometheus_settings){
        .method = (enum reload_method)settings->reload_method,
        .process_name = settings->process_executable_name,
        .reload_url = settings->reload_url,
        .runtimeinfo_url = settings->runtimeinfo_url,
        .timeout_milliseconds = settings->reload_timeout,
        .username = settings->reload_username,
        .password_file = settings->reload_password_file,
        .bearer_token_file = settings->reload_bearer_token_file,
        .ca_file = settings->reload_ca_file,
        .cert_file = settings->reload_cert_file,
        .key_file = settings->reload_key_file,
        .server_name = settings->reload_server_name,
        /* Where it is the default, whoever names an authority wants it to be asked. */
        .insecure_skip_verify =
            settings->reload_insecure_skip_verify && settings->reload_ca_file == NULL,
    };
    if (given) {
        return 0;
    }
    if (runtimeinfo_url_from_reload(settings->reload_url, &derived) < 0) {
        /* By signal it is not used. */
        if (settings->reload_method == RELOAD_BY_SIGNAL) {
            return 0;
        }
        /* The reloader reloads without a record, so this does. */
        if (settings->as_reloader) {
            setup->agent.prometheus.runtimeinfo_url = NULL;
            return 0;
        }
        return setup_fault(setup, "reload-url", diagnostics, "give --runtimeinfo-url too",
                           "does not end in /-/reload, so the other URLs cannot be told from it");
    }
    setup->agent.prometheus.runtimeinfo_url = arena_string(setup->arena, buffer_bytes(&derived));
    return 0;
}

static int working_folder(struct arena *arena, const char **ret) {
    CLEANUP(memory_freep) char *folder = getcwd(NULL, 0);

    if (folder == NULL) {
        return -errno;
    }
    *ret = arena_string(arena, bytes_of(folder));
    return 0;
}

/* Where the merged config and the secret files go, and how the one names the others. */
static void setup_output(struct setup *setup, const char *here) {
    const struct settings *settings = setup->settings;
    struct arena *arena = setup->arena;
    struct agent_settings *agent = &setup->agent;
    const unsigned no_execute_no_world = 0660;

    agent->config_mode = settings->config_mode;
    agent->secret_mode = settings->config_mode & no_execute_no_world;
    agent->compile.secret_path = secret_folder;
    if (settings->secret_output_dir != NULL) {
        agent->secret_directory = settings->secret_output_dir;
        /* Without an output there is no folder to start from. */
        agent->compile.secret_path = path_absolute(arena, here, settings->secret_output_dir);
    }
    if (settings->output_file == NULL) {
        return;
    }
    const char *output = path_absolute(arena, here, settings->output_file);
    const char *folder = path_folder(arena, output);
    agent->output_path = settings->output_file;
    if (settings->secret_output_dir == NULL) {
        agent->secret_directory = path_absolute(arena, folder, secret_folder);
    } else {
        agent->compile.secret_path = path_relative(arena, folder, agent->compile.secret_path);
    }
    if (settings->config_file != NULL) {
        agent->compile.in_place =
            path_same_file(output, path_absolute(arena, here, settings->config_file));
        agent->source.base_as_it_is = agent->compile.in_place;
    }
}

static int setup_paths(struct setup *setup, struct diagnostics *diagnostics) {
    const char *here = NULL;
    int error = working_folder(setup->arena, &here);

    if (error < 0) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, NULL,
                        "start the program in a directory that exists",
                        "the working directory is unknown: %s", strerror(-error));
        return -EINVAL;
    }
    setup_output(setup, here);
    return 0;
}

static void setup_watch(struct setup *setup) {
    setup->agent.watch_milliseconds = setup->settings->watch_interval;
    setup->agent.delay_milliseconds = setup->settings->delay_interval;
    setup->agent.retry_milliseconds = setup->settings->retry_interval;
    setup->agent.startup_grace_milliseconds = setup->settings->startup_grace;
    setup->agent.starts_without_reload =
        setup->settings->as_reloader && setup->settings->config_file == NULL;
}

/* What compile says about a flag's value is said about the line of sidecar.cfg, where that is where
 * it stands. */
static void place_by_origin(const struct settings *settings, struct diagnostic *diagnostic) {
    const struct bytes dashes = BYTES("--");
    struct bytes field = bytes_of(diagnostic->field);
    const struct option *option = option_by_flag(bytes_slice(field, dashes.length, SIZE_MAX));

    if (diagnostic->location.file != NULL || !bytes_starts_with(field, dashes) || option == NULL) {
        return;
    }
    const struct origin *origin = &settings->origins[option - options];
    if (origin->kind == ORIGIN_FILE) {
        diagnostic->location = (struct location){.file = origin->file, .line = origin->line};
        diagnostic->field = option->key;
    }
}

/* The settings are freed before the diagnostics are printed: file names go where the diagnostics
 * are. */
static void check_compile(const struct setup *setup, struct diagnostics *diagnostics) {
    size_t before = diagnostics->count;

    (void)compile_settings_check(&setup->agent.compile, diagnostics);
    for (size_t i = before; i < diagnostics->count; i++) {
        struct diagnostic *diagnostic = &diagnostics->items[i];
        place_by_origin(setup->settings, diagnostic);
        if (diagnostic->location.file != NULL) {
            diagnostic->location.file =
                arena_string(diagnostics->arena, bytes_of(diagnostic->location.file));
        }
    }
}

int setup_new(const struct flags *flags, unsigned need, struct diagnostics *diagnostics,
              struct setup **ret) {
    CLEANUP(setup_freep) struct setup *setup = memory_new(1, sizeof(*setup));
    size_t errors = diagnostics_count(diagnostics, SEVERITY_ERROR);

    setup->arena = arena_new();
    if (settings_read(flags, diagnostics, &setup->settings) < 0) {
        return -EINVAL;
    }
    (void)settings_check(setup->settings, need, diagnostics);
    setup_source(setup);
    setup_compile(setup);
    setup_watch(setup);
    (void)setup_version(setup, diagnostics);
    if ((need & NEED_WORK) != 0) {
        setup_watched(setup);
    }
    (void)setup_prometheus(setup, diagnostics);
    (void)setup_paths(setup, diagnostics);
    if (diagnostics_count(diagnostics, SEVERITY_ERROR) == errors) {
        check_compile(setup, diagnostics);
    }
    if (diagnostics_count(diagnostics, SEVERITY_ERROR) > errors) {
        return -EINVAL;
    }
    *ret = TAKE_PTR(setup);
    return 0;
}
