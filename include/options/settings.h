/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_SETTINGS_H
#define SIDECAR_OPTIONS_SETTINGS_H

/* Every option's value, after defaults, sidecar.cfg and flags. Which field belongs to which flag
 * and key is said by the table in options/options.h and nowhere else. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "options/flags.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_list {
    const char **items;
    size_t count;
};

/* [NAMESPACE=]DIR */
struct bound_directory {
    const char *namespace; /* NULL: not bound */
    const char *path;
};

struct directory_list {
    struct bound_directory *items;
    size_t count;
};

/* Who gave an option its value: for the messages about it. */
enum origin_kind {
    ORIGIN_DEFAULT,
    ORIGIN_FILE,
    ORIGIN_FLAG,
};

struct origin {
    enum origin_kind kind;
    const char *flag; /* ORIGIN_FLAG: as it was written, "--output-file" */
    const char *file; /* ORIGIN_FILE */
    unsigned line;
};

/* Strings and lists live in the arena. Paths are as the user wrote them; NULL: not given. */
struct settings {
    struct arena *arena;
    struct origin *origins; /* one for each row of the table */
    bool as_reloader;       /* started under the name prometheus-config-reloader: what that runs
                               with is enough */

    const char *sidecar_config;
    const char *config_file;
    const char *output_file;
    const char *secret_output_dir;
    unsigned config_mode;
    const char *statefulset_ordinal_from; /* name of an environment variable */

    struct directory_list remote_write_dirs;
    struct directory_list secret_dirs;
    struct directory_list configmap_dirs;

    struct text_list cluster_labels; /* key=value */
    const char *cluster_labels_file;
    const char *remote_write_selector;
    struct text_list remote_write_namespaces;

    const char *prometheus_version;
    const char *enforced_namespace_label;
    bool allow_file_references;
    struct text_list allowed_urls;
    bool allow_ambient_credentials;
    int64_t max_shards; /* 0: no bound, here and in the next two */
    int64_t max_capacity;
    int64_t max_samples_per_send;
    bool proxy_from_environment;
    bool send_metadata;
    bool inline_untrimmed_secrets;
    bool expand_environment;

    unsigned reload_method; /* enum reload_method */
    const char *process_executable_name;
    const char *reload_url;
    const char *runtimeinfo_url;
    int64_t reload_timeout; /* milliseconds, as all durations */
    int64_t startup_grace;
    const char *reload_username;
    const char *reload_password_file;
    const char *reload_bearer_token_file;
    const char *reload_ca_file;
    const char *reload_cert_file;
    const char *reload_key_file;
    const char *reload_server_name;
    bool reload_insecure_skip_verify;

    int64_t watch_interval;
    int64_t delay_interval;
    int64_t retry_interval;
    struct text_list watched_dirs;

    const char *listen_address; /* NULL or "": none */
    const char *web_config_file;

    int64_t max_file_size;   /* bytes */
    int64_t max_volume_size; /* bytes */
    int64_t max_files;
    int64_t max_documents;
    int64_t max_depth;
    int64_t max_values;
    int64_t max_scalar_size; /* bytes */

    unsigned sandbox;    /* enum sandbox_mode */
    unsigned log_level;  /* enum log_level */
    unsigned log_format; /* enum log_format */

    const char *healthcheck_ca_file;   /* of the healthcheck command only */
    const char *auto_gomemlimit_ratio; /* of no use */
};

/*
 * Defaults, then the file that --sidecar-config names, then the flags. May be called again with the
 * same flags when the file has changed. 0 and *ret (settings_free); -EINVAL with an error in
 * diagnostics for each fault.
 */
int settings_read(const struct flags *flags, struct diagnostics *diagnostics,
                  struct settings **ret);

/* What a command needs beyond what every command needs. */
enum settings_need {
    NEED_NOTHING = 0,
    NEED_BASE = 1, /* --config-file */
    NEED_WORK = 2, /* something to watch, and an output where RemoteWrites are merged */
};

/* What only the options together can tell: missing ones, ones that exclude or need each other.
 * need: a set of enum settings_need. 0; -EINVAL with an error for each fault. */
int settings_check(const struct settings *settings, unsigned need, struct diagnostics *diagnostics);

void settings_free(struct settings *settings);
void settings_freep(struct settings **settings);

/* The origin of the option that has this flag (without dashes), which must exist. */
const struct origin *settings_origin(const struct settings *settings, const char *flag);

#endif
