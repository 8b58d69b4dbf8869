/* SPDX-License-Identifier: Apache-2.0 */

/* Defaults, then sidecar.cfg, then flags; and what can be judged only when all of them are known.
 */

#include "options/settings.h"

#include "base/memory.h"
#include "options/config_file.h"
#include "options/options.h"
#include "options/value.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void settings_free(struct settings *settings) {
    if (settings != NULL) {
        arena_free(settings->arena);
        free(settings);
    }
}

void settings_freep(struct settings **settings) {
    settings_free(*settings);
    *settings = NULL;
}

const struct origin *settings_origin(const struct settings *settings, const char *flag) {
    const struct option *option = option_by_flag(bytes_of(flag));

    assert(option != NULL);
    return &settings->origins[option - options];
}

static const char *default_of(const struct option *option, bool reloader) {
    return reloader && option->reloader_default != NULL ? option->reloader_default
                                                        : option->default_value;
}

static struct settings *settings_new(bool reloader, struct diagnostics *diagnostics) {
    const struct origin origin = {.kind = ORIGIN_DEFAULT};
    struct settings *settings = memory_new(1, sizeof(*settings));

    settings->arena = arena_new();
    settings->as_reloader = reloader;
    settings->origins = ARENA_NEW_ARRAY(settings->arena, struct origin, option_count);
    for (size_t i = 0; i < option_count; i++) {
        const char *text = default_of(&options[i], reloader);
        if (text != NULL) {
            /* A default that its own parser refuses is a mistake in the table; a test reads every
             * row. */
            (void)value_set(settings, &options[i], &origin, bytes_of(text), diagnostics);
        }
    }
    return settings;
}

static int apply_flag(struct settings *settings, const struct flag_use *use,
                      struct diagnostics *diagnostics) {
    const struct origin origin = {
        .kind = ORIGIN_FLAG,
        .flag = arena_string(settings->arena, bytes_of(use->flag)),
    };

    /* The first use of a list's flag puts the file's list away. */
    if (settings->origins[use->option - options].kind != ORIGIN_FLAG) {
        value_clear_list(settings, use->option);
    }
    return value_set(settings, use->option, &origin, use->value, diagnostics);
}

/* The last --sidecar-config; NULL: none. */
static const struct flag_use *file_flag(const struct flags *flags) {
    const struct option *option = option_by_flag(BYTES("sidecar-config"));
    const struct flag_use *found = NULL;

    for (size_t i = 0; i < flags->count; i++) {
        if (flags->uses[i].option == option) {
            found = &flags->uses[i];
        }
    }
    return found;
}

/* The first directory option of those that RemoteWrites are made of; NULL: none is given. */
static const char *source_given(const struct settings *settings) {
    const struct {
        const char *flag;
        const struct directory_list *list;
    } sources[] = {
        {"--remote-write-dir", &settings->remote_write_dirs},
        {"--secret-dir", &settings->secret_dirs},
        {"--configmap-dir", &settings->configmap_dirs},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(sources); i++) {
        if (sources[i].list->count > 0) {
            return sources[i].flag;
        }
    }
    return NULL;
}

/* Without a config the reloader has nothing to write. */
static void settle_as_reloader(struct settings *settings) {
    if (settings->as_reloader && settings->config_file == NULL && source_given(settings) == NULL) {
        settings->output_file = NULL;
    }
}

int settings_read(const struct flags *flags, struct diagnostics *diagnostics,
                  struct settings **ret) {
    CLEANUP(settings_freep) struct settings *settings = settings_new(flags->reloader, diagnostics);
    const struct flag_use *file = file_flag(flags);
    int error = 0;

    if (file != NULL && file->value.length > 0) {
        error = config_file_read(arena_string(settings->arena, file->value), settings, diagnostics);
    }
    for (size_t i = 0; i < flags->count; i++) {
        int result = apply_flag(settings, &flags->uses[i], diagnostics);
        error = result < 0 ? result : error;
    }
    if (error == 0) {
        settle_as_reloader(settings);
        *ret = TAKE_PTR(settings);
    }
    return error;
}

/* An error about an option that was given. */
static int conflict(const struct settings *settings, const char *flag, const char *problem,
                    const char *remedy, struct diagnostics *diagnostics) {
    value_fault(diagnostics, option_by_flag(bytes_of(flag)), settings_origin(settings, flag),
                remedy, "%s", problem);
    return -EINVAL;
}

static int missing(const char *flag, const char *problem, const char *remedy,
                   struct diagnostics *diagnostics) {
    diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, flag, remedy, "%s",
                    problem);
    return -EINVAL;
}

static const char name_base[] = "name the base prometheus.yml, or set base.config_file";

/* Without an output the config file and the watched directories are only watched; RemoteWrites have
 * to go somewhere. */
static int check_work(const struct settings *settings, struct diagnostics *diagnostics) {
    const char *source = source_given(settings);
    bool merges = source != NULL || settings->output_file != NULL;
    int error = 0;

    if (!merges && !settings->as_reloader && settings->config_file == NULL &&
        settings->watched_dirs.count == 0) {
        return missing("--config-file", "is required: there is nothing to watch",
                       "name the base prometheus.yml, or give --watched-dir", diagnostics);
    }
    if (merges && settings->config_file == NULL) {
        error = missing("--config-file", "is required", name_base, diagnostics);
    }
    if (source != NULL && settings->output_file == NULL) {
        diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, "--output-file",
                        "name the file that Prometheus reads (--config-envsubst-file is the same "
                        "option), or set output.config_file",
                        "is required with %s", source);
        error = -EINVAL;
    }
    return error;
}

static int check_needs(const struct settings *settings, unsigned need,
                       struct diagnostics *diagnostics) {
    if ((need & NEED_WORK) != 0) {
        return check_work(settings, diagnostics);
    }
    if ((need & NEED_BASE) != 0 && settings->config_file == NULL) {
        return missing("--config-file", "is required", name_base, diagnostics);
    }
    return 0;
}

static int check_credentials(const struct settings *settings, struct diagnostics *diagnostics) {
    int error = 0;

    if (settings->reload_username != NULL && settings->reload_password_file == NULL) {
        error = conflict(settings, "reload-username", "has no password",
                         "give --reload-password-file too", diagnostics);
    }
    if (settings->reload_password_file != NULL && settings->reload_username == NULL) {
        error = conflict(settings, "reload-password-file", "has no user name",
                         "give --reload-username too", diagnostics);
    }
    if (settings->reload_bearer_token_file != NULL && settings->reload_username != NULL) {
        error =
            conflict(settings, "reload-bearer-token-file", "cannot be used with --reload-username",
                     "leave one of the two out", diagnostics);
    }
    if (settings->reload_cert_file != NULL && settings->reload_key_file == NULL) {
        error = conflict(settings, "reload-cert-file", "has no key", "give --reload-key-file too",
                         diagnostics);
    }
    if (settings->reload_key_file != NULL && settings->reload_cert_file == NULL) {
        error = conflict(settings, "reload-key-file", "has no certificate",
                         "give --reload-cert-file too", diagnostics);
    }
    if (settings->reload_username != NULL && url_has_user(settings->reload_url)) {
        error =
            conflict(settings, "reload-username", "cannot be used with a user name in --reload-url",
                     "leave one of the two out", diagnostics);
    }
    if (settings->reload_bearer_token_file != NULL && url_has_user(settings->reload_url)) {
        error = conflict(settings, "reload-bearer-token-file",
                         "cannot be used with a user name in --reload-url",
                         "leave one of the two out", diagnostics);
    }
    if (settings->reload_ca_file != NULL && settings->reload_insecure_skip_verify &&
        settings_origin(settings, "reload-insecure-skip-verify")->kind != ORIGIN_DEFAULT) {
        error =
            conflict(settings, "reload-ca-file", "has no use with --reload-insecure-skip-verify",
                     "leave one of the two out", diagnostics);
    }
    return error;
}

static int check_web(const struct settings *settings, struct diagnostics *diagnostics) {
    if (settings->web_config_file != NULL && settings->listen_address == NULL &&
        !settings->as_reloader) {
        return conflict(settings, "web-config-file", "has no use without --listen-address",
                        "give --listen-address too, or leave it out", diagnostics);
    }
    return 0;
}

static bool list_has(const struct directory_list *list, const char *path) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Files that no RemoteWrite needs are removed from the secret directory: it must be nobody else's.
 */
static int check_directories(const struct settings *settings, struct diagnostics *diagnostics) {
    const char *directory = settings->secret_output_dir;

    if (directory != NULL && (list_has(&settings->remote_write_dirs, directory) ||
                              list_has(&settings->secret_dirs, directory) ||
                              list_has(&settings->configmap_dirs, directory))) {
        return conflict(settings, "secret-output-dir", "is a directory that is read from too",
                        "give it a directory of its own", diagnostics);
    }
    return 0;
}

int settings_check(const struct settings *settings, unsigned need,
                   struct diagnostics *diagnostics) {
    int needs = check_needs(settings, need, diagnostics);
    int credentials = check_credentials(settings, diagnostics);
    int web = check_web(settings, diagnostics);
    int directories = check_directories(settings, diagnostics);

    return needs < 0 || credentials < 0 || web < 0 || directories < 0 ? -EINVAL : 0;
}
