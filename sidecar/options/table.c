/* SPDX-License-Identifier: Apache-2.0 */

/* The options, a row each, in the order in which --help lists them within their subject. A default
 * is written as a user would write it, so that one parser makes all values and --help cannot say
 * anything else. */

#include "options/options.h"

#include "base/address.h"
#include "options/settings.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* In the order of enum log_level. */
static const char *const log_level_words[] = {"debug", "info", "warn", "error",
                                              "none",  "all",  NULL};
static const char *const sandbox_words[] = {"auto", "require", "off", NULL};
static const char *const reload_method_words[] = {"http", "signal", NULL};
static const char *const log_format_words[] = {"logfmt", "json", NULL};

/* Far above what anybody wants, and far below where a sum could overflow. */
#define COUNT_MAX    INT32_MAX
#define SIZE_MOST    ((int64_t)1 << 30)
#define DURATION_MAX ((int64_t)365 * 24 * 60 * 60 * 1000)
/* A YAML parser recurses; this is what a stack surely holds. */
#define DEPTH_MAX 512

static bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_underscore(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A namespace's name is a DNS label (RFC 1123). */
static const char *namespace_fault(struct bytes text) {
    static const char fault[] = "is no name of a namespace";
    const size_t longest = 63;

    if (text.length == 0 || text.length > longest || text.data[0] == '-' ||
        text.data[text.length - 1] == '-') {
        return fault;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (!is_lower_or_digit(text.data[i]) && text.data[i] != '-') {
            return fault;
        }
    }
    return NULL;
}

static const char *directory_fault(struct bytes text) {
    size_t equals = bytes_find(text, BYTES("="), 0);
    struct bytes namespace = bytes_slice(text, 0, equals);

    /* A path may hold an equals sign too; a namespace holds no slash. */
    if (equals == SIZE_MAX || bytes_find(namespace, BYTES("/"), 0) != SIZE_MAX) {
        return text.length == 0 ? "is no directory" : NULL;
    }
    if (equals + 1 == text.length) {
        return "names no directory behind the namespace";
    }
    return namespace_fault(namespace) != NULL ? "does not begin with the name of a namespace"
                                              : NULL;
}

static const char *label_name_fault(struct bytes text) {
    static const char fault[] = "is no name of a Prometheus label";

    if (text.length == 0 || !is_letter_or_underscore(text.data[0])) {
        return fault;
    }
    for (size_t i = 1; i < text.length; i++) {
        char c = text.data[i];
        if (!is_letter_or_underscore(c) && !(c >= '0' && c <= '9')) {
            return fault;
        }
    }
    return NULL;
}

static const char *empty_fault(struct bytes text) {
    return text.length == 0 ? "is empty" : NULL;
}

/* A host name or an IP address. */
static const char *server_name_fault(struct bytes text) {
    size_t colons = 0; /* an IPv6 address has two at least */

    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        if (!isalnum((unsigned char)c) && strchr(".-_:", c) == NULL) {
            return "is neither a host name nor an IP address";
        }
        colons += c == ':' ? 1 : 0;
    }
    if (text.length == 0) {
        return "is empty";
    }
    return colons == 1 ? "has a port" : NULL;
}

static const char *program_fault(struct bytes text) {
    if (text.length == 0) {
        return "is empty";
    }
    return bytes_find(text, BYTES("/"), 0) != SIZE_MAX ? "is a path" : NULL;
}

static const char *address_fault(struct bytes text) {
    struct address address;

    /* Empty is off, as the reloader has it. */
    return text.length == 0 ? NULL : address_parse(text, &address);
}

/* As Go reads a floating-point number; what is out of bounds has a meaning there too. */
static const char *ratio_fault(struct bytes text) {
    char digits[64]; /* without the '_' that Go allows between digits */
    size_t length = 0;
    char *end = NULL;

    for (size_t i = 0; i < text.length && length + 1 < sizeof(digits); i++) {
        if (text.data[i] != '_') {
            digits[length++] = text.data[i];
        }
    }
    digits[length] = '\0';
    (void)strtod(digits, &end);
    return length == 0 || strchr(" \t\n\v\f\r", digits[0]) != NULL || *end != '\0' ? "is no number"
                                                                                   : NULL;
}

#define FIELD(name) .offset = offsetof(struct settings, name)

#define DIRECTORY_REMEDY \
    "write DIR or NAMESPACE=DIR (a directory with '=' in its first part is written ./DIR)"

const struct option options[] = {
    {
        .flag = "config-file",
        .key = "base.config_file",
        .type = OPTION_PATH,
        .group = GROUP_FILES,
        .metavar = "FILE",
        .help = "Base prometheus.yml, plain or gzip. Without an output a change of it only makes "
                "Prometheus reload.",
        .empty_is_absent = true,
        FIELD(config_file),
    },
    {
        .flag = "config-envsubst-file",
        .alias = "output-file",
        .key = "output.config_file",
        .type = OPTION_PATH,
        .group = GROUP_FILES,
        .metavar = "FILE",
        .help = "The merged config, which Prometheus reads. May be the base file itself: then only "
                "what stands between the markers is replaced.",
        .empty_is_absent = true,
        FIELD(output_file),
    },
    {
        .flag = "secret-output-dir",
        .key = "output.secret_dir",
        .type = OPTION_PATH,
        .group = GROUP_FILES,
        .metavar = "DIR",
        .default_help = "remote-write-secrets beside the output file",
        .help =
            "Where the secret files go that the merged config points to. Made where it is absent: "
            "by run as it starts, as the sandbox may forbid it later.",
        FIELD(secret_output_dir),
    },
    {
        .flag = "config-file-mode",
        .key = "output.mode",
        .type = OPTION_MODE,
        .group = GROUP_FILES,
        .metavar = "MODE",
        .default_value = "0640",
        .help = "Mode of the merged config. Secret files get the same without execute and world "
                "bits, and a folder that is made for them lets look up whom they let read (0750 of "
                "0640), whatever the umask. In place the config file keeps the mode that it has.",
        FIELD(config_mode),
    },
    {
        .flag = "statefulset-ordinal-from-envvar",
        .key = "base.statefulset_ordinal_from",
        .type = OPTION_STRING,
        .group = GROUP_FILES,
        .metavar = "NAME",
        .default_value = "POD_NAME",
        .help = "The environment variable whose trailing number becomes "
                "$(STATEFULSET_ORDINAL_NUMBER) in the base config.",
        FIELD(statefulset_ordinal_from),
    },
    {
        .flag = "remote-write-dir",
        .key = "sources.remote_write_dirs",
        .type = OPTION_DIRECTORY_LIST,
        .group = GROUP_SOURCES,
        .metavar = "[NAMESPACE=]DIR",
        .help = "A directory of RemoteWrite manifests, walked to a depth of 8. With NAMESPACE, "
                "what it holds belongs to that namespace, whatever the manifests say.",
        .fault = directory_fault,
        .remedy = DIRECTORY_REMEDY,
        FIELD(remote_write_dirs),
    },
    {
        .flag = "secret-dir",
        .key = "sources.secret_dirs",
        .type = OPTION_DIRECTORY_LIST,
        .group = GROUP_SOURCES,
        .metavar = "[NAMESPACE=]DIR",
        .help = "A directory that holds one folder for each Secret: DIR/NAME/KEY. With NAMESPACE, "
                "it serves only RemoteWrites of that namespace.",
        .fault = directory_fault,
        .remedy = DIRECTORY_REMEDY,
        FIELD(secret_dirs),
    },
    {
        .flag = "configmap-dir",
        .key = "sources.configmap_dirs",
        .type = OPTION_DIRECTORY_LIST,
        .group = GROUP_SOURCES,
        .metavar = "[NAMESPACE=]DIR",
        .help = "The same for ConfigMaps.",
        .fault = directory_fault,
        .remedy = DIRECTORY_REMEDY,
        FIELD(configmap_dirs),
    },
    {
        .flag = "cluster-label",
        .key = "cluster.labels",
        .type = OPTION_PAIR_LIST,
        .group = GROUP_SELECTION,
        .metavar = "KEY=VALUE",
        .help = "A label of this cluster: what each RemoteWrite's clusterSelector is matched "
                "against.",
        FIELD(cluster_labels),
    },
    {
        .flag = "cluster-labels-file",
        .key = "cluster.labels_file",
        .type = OPTION_PATH,
        .group = GROUP_SELECTION,
        .metavar = "FILE",
        .help = "The same, in the downward API's format: key=\"escaped value\", one a line.",
        FIELD(cluster_labels_file),
    },
    {
        .flag = "remote-write-selector",
        .key = "select.labels",
        .type = OPTION_STRING,
        .group = GROUP_SELECTION,
        .metavar = "SELECTOR",
        .default_help = "all",
        .help = "Take only RemoteWrites whose own labels match, written as for kubectl.",
        FIELD(remote_write_selector),
    },
    {
        .flag = "remote-write-namespace",
        .key = "select.namespaces",
        .type = OPTION_STRING_LIST,
        .group = GROUP_SELECTION,
        .metavar = "NAMESPACE",
        .default_help = "all",
        .help = "Take only RemoteWrites of this namespace.",
        .fault = namespace_fault,
        .remedy = "use lower-case letters, digits and '-', at most 63",
        FIELD(remote_write_namespaces),
    },
    {
        .flag = "prometheus-version",
        .key = "prometheus.version",
        .type = OPTION_STRING,
        .group = GROUP_POLICY,
        .metavar = "VERSION",
        .default_help = "asked of Prometheus; the newest known where it cannot be asked",
        .help =
            "The Prometheus version to write for. A field that it does not know is left out; one that "
            "a credential or a check depends on rejects its RemoteWrite.",
        .fault = empty_fault,
        .remedy = "write it as in 2.42 or 3.1.0",
        FIELD(prometheus_version),
    },
    {
        .flag = "enforced-namespace-label",
        .key = "policy.enforced_namespace_label",
        .type = OPTION_STRING,
        .group = GROUP_POLICY,
        .metavar = "LABEL",
        .help = "Let a RemoteWrite send only series that carry its own namespace in this label.",
        .fault = label_name_fault,
        .remedy = "use letters, digits and '_', and begin with no digit",
        FIELD(enforced_namespace_label),
    },
    {
        .flag = "allow-file-references",
        .key = "policy.allow_file_references",
        .type = OPTION_BOOL,
        .group = GROUP_POLICY,
        .default_value = "false",
        .help = "Accept fields that name files of the Prometheus container (bearerTokenFile, "
                "credentialsFile, caFile, certFile, keyFile).",
        FIELD(allow_file_references),
    },
    {
        .flag = "allowed-url",
        .key = "policy.allowed_urls",
        .type = OPTION_STRING_LIST,
        .group = GROUP_POLICY,
        .metavar = "PATTERN",
        .default_help = "all",
        .help = "Accept only URLs that match this shell pattern over scheme://host[:port]/path.",
        .fault = empty_fault,
        .remedy = "write it as in https://*.example.com/*",
        FIELD(allowed_urls),
    },
    {
        .flag = "allow-ambient-credentials",
        .key = "policy.allow_ambient_credentials",
        .type = OPTION_BOOL,
        .group = GROUP_POLICY,
        .default_value = "true",
        .help = "Accept authentication by the pod's own cloud identity.",
        FIELD(allow_ambient_credentials),
    },
    {
        .flag = "max-shards",
        .key = "policy.max_shards",
        .type = OPTION_INTEGER,
        .group = GROUP_POLICY,
        .metavar = "N",
        .default_help = "no bound",
        .help =
            "Upper bound of queueConfig.maxShards; a larger value is lowered. Without it only what "
            "would end Prometheus is: above 2000 shards, or 4 GiB of full queues.",
        .minimum = 1,
        .maximum = COUNT_MAX,
        FIELD(max_shards),
    },
    {
        .flag = "max-capacity",
        .key = "policy.max_capacity",
        .type = OPTION_INTEGER,
        .group = GROUP_POLICY,
        .metavar = "N",
        .default_help = "no bound",
        .help =
            "Upper bound of queueConfig.capacity; a larger value is lowered. 10,000,000 in any case.",
        .minimum = 1,
        .maximum = COUNT_MAX,
        FIELD(max_capacity),
    },
    {
        .flag = "max-samples-per-send",
        .key = "policy.max_samples_per_send",
        .type = OPTION_INTEGER,
        .group = GROUP_POLICY,
        .metavar = "N",
        .default_help = "no bound",
        .help =
            "Upper bound of queueConfig.maxSamplesPerSend; a larger value is lowered. 100,000 in any "
            "case.",
        .minimum = 1,
        .maximum = COUNT_MAX,
        FIELD(max_samples_per_send),
    },
    {
        .flag = "proxy-from-environment",
        .key = "policy.proxy_from_environment",
        .type = OPTION_BOOL,
        .group = GROUP_POLICY,
        .default_value = "false",
        .help = "Give a RemoteWrite without proxy settings the proxy that the sidecar's "
                "HTTPS_PROXY, HTTP_PROXY and NO_PROXY say for its URL.",
        FIELD(proxy_from_environment),
    },
    {
        .flag = "send-metadata",
        .key = "policy.send_metadata",
        .type = OPTION_BOOL,
        .group = GROUP_POLICY,
        .default_value = "true",
        .help = "false turns metadata sending off for every RemoteWrite.",
        FIELD(send_metadata),
    },
    {
        .flag = "inline-untrimmed-secrets",
        .key = "policy.inline_untrimmed_secrets",
        .type = OPTION_BOOL,
        .group = GROUP_POLICY,
        .default_value = "false",
        .help =
            "Write a password, token or client secret that begins or ends with white space into "
            "the config itself: Prometheus drops the white space of what it reads from a file. "
            "Without it such a secret rejects its RemoteWrite.",
        FIELD(inline_untrimmed_secrets),
    },
    {
        .flag = "expand-environment",
        .key = "policy.expand_environment",
        .type = OPTION_BOOL,
        .group = GROUP_POLICY,
        .default_value = "false",
        .help =
            "Replace $(NAME) in the spec of a RemoteWrite by the sidecar's environment variable "
            "NAME, in directories that are bound to no namespace: whoever writes there can read "
            "every variable.",
        FIELD(expand_environment),
    },
    {
        .flag = "reload-method",
        .key = "reload.method",
        .type = OPTION_ENUM,
        .group = GROUP_RELOAD,
        .metavar = "METHOD",
        .default_value = "http",
        .help =
            "How Prometheus is made to load its config anew: http asks it at --reload-url, which "
            "needs its --web.enable-lifecycle; signal sends SIGHUP to its process, which has "
            "to be seen (shareProcessNamespace), and reads at --runtimeinfo-url what came of it.",
        .words = reload_method_words,
        FIELD(reload_method),
    },
    {
        .flag = "process-executable-name",
        .key = "reload.process_executable_name",
        .type = OPTION_STRING,
        .group = GROUP_RELOAD,
        .metavar = "NAME",
        .default_value = "prometheus",
        .help = "The name of Prometheus's program, without its folder: whose process signal means.",
        .fault = program_fault,
        .remedy = "write the name of the program without its folder, as in prometheus",
        .empty_is_absent = true,
        FIELD(process_executable_name),
    },
    {
        .flag = "reload-url",
        .key = "reload.url",
        .type = OPTION_URL,
        .group = GROUP_RELOAD,
        .metavar = "URL",
        .default_value = "http://127.0.0.1:9090/-/reload",
        .help = "Where Prometheus is asked to load its config anew, by http.",
        .empty_is_absent = true,
        FIELD(reload_url),
    },
    {
        .flag = "runtimeinfo-url",
        .key = "reload.runtimeinfo_url",
        .type = OPTION_URL,
        .group = GROUP_RELOAD,
        .metavar = "URL",
        .default_value = "http://127.0.0.1:9090/api/v1/status/runtimeinfo",
        .default_help = "beside --reload-url: "
                        "http://127.0.0.1:9090/api/v1/status/runtimeinfo",
        .help = "Where Prometheus says whether its last reload worked. Its version is asked "
                "beside it.",
        .empty_is_absent = true,
        FIELD(runtimeinfo_url),
    },
    {
        .flag = "reload-timeout",
        .key = "reload.timeout",
        .type = OPTION_DURATION,
        .group = GROUP_RELOAD,
        .metavar = "DURATION",
        .default_value = "30s",
        .help = "How long an answer of Prometheus may take.",
        .minimum = 1,
        .maximum = DURATION_MAX,
        FIELD(reload_timeout),
    },
    {
        .flag = "startup-grace",
        .key = "reload.startup_grace",
        .type = OPTION_DURATION,
        .group = GROUP_RELOAD,
        .metavar = "DURATION",
        .default_value = "60s",
        .help = "How long a Prometheus that is not up may take, on a config that it never "
                "confirmed, before the last good one, or else the base alone, takes its place.",
        .minimum = 0,
        .maximum = DURATION_MAX,
        FIELD(startup_grace),
    },
    {
        .flag = "reload-username",
        .key = "reload.username",
        .type = OPTION_STRING,
        .group = GROUP_RELOAD,
        .metavar = "NAME",
        .help = "User name for a Prometheus behind basic authentication.",
        .fault = empty_fault,
        .remedy = "write a user name, or leave the option out",
        FIELD(reload_username),
    },
    {
        .flag = "reload-password-file",
        .key = "reload.password_file",
        .type = OPTION_PATH,
        .group = GROUP_RELOAD,
        .metavar = "FILE",
        .help = "Holds the password, and is read at every request.",
        FIELD(reload_password_file),
    },
    {
        .flag = "reload-bearer-token-file",
        .key = "reload.bearer_token_file",
        .type = OPTION_PATH,
        .group = GROUP_RELOAD,
        .metavar = "FILE",
        .help = "Holds a bearer token instead, and is read at every request.",
        FIELD(reload_bearer_token_file),
    },
    {
        .flag = "reload-ca-file",
        .key = "reload.ca_file",
        .type = OPTION_PATH,
        .group = GROUP_RELOAD,
        .metavar = "FILE",
        .default_help = "those of the system",
        .help = "Certificate authorities that Prometheus's certificate is checked with.",
        FIELD(reload_ca_file),
    },
    {
        .flag = "reload-cert-file",
        .key = "reload.cert_file",
        .type = OPTION_PATH,
        .group = GROUP_RELOAD,
        .metavar = "FILE",
        .help = "Client certificate for a Prometheus that demands one (client_auth_type of its web "
                "configuration), PEM; read at every request.",
        FIELD(reload_cert_file),
    },
    {
        .flag = "reload-key-file",
        .key = "reload.key_file",
        .type = OPTION_PATH,
        .group = GROUP_RELOAD,
        .metavar = "FILE",
        .help = "Private key of --reload-cert-file, PEM and not encrypted; read at every request.",
        FIELD(reload_key_file),
    },
    {
        .flag = "reload-server-name",
        .key = "reload.server_name",
        .type = OPTION_STRING,
        .group = GROUP_RELOAD,
        .metavar = "NAME",
        .default_help = "the host of the URL",
        .help = "Name that Prometheus's certificate has to be for, also sent to it (SNI).",
        .fault = server_name_fault,
        .remedy = "write a host name or an IP address, without a port",
        FIELD(reload_server_name),
    },
    {
        .flag = "reload-insecure-skip-verify",
        .key = "reload.insecure_skip_verify",
        .type = OPTION_BOOL,
        .group = GROUP_RELOAD,
        .default_value = "false",
        .reloader_default = "true",
        .help =
            "Do not check Prometheus's certificate. Under the name prometheus-config-reloader it "
            "is not checked unless --reload-ca-file is given.",
        FIELD(reload_insecure_skip_verify),
    },
    {
        .flag = "watch-interval",
        .key = "watch.interval",
        .type = OPTION_DURATION,
        .group = GROUP_WATCH,
        .metavar = "DURATION",
        .default_value = "3m",
        .help = "Read everything anew this often, even without an event. 0: one pass, write, exit "
                "(for an init container).",
        .minimum = 0,
        .maximum = DURATION_MAX,
        FIELD(watch_interval),
    },
    {
        .flag = "delay-interval",
        .key = "watch.delay",
        .type = OPTION_DURATION,
        .group = GROUP_WATCH,
        .metavar = "DURATION",
        .default_value = "50ms",
        .help = "Act on a change once it has been quiet for this long.",
        .minimum = 0,
        .maximum = DURATION_MAX,
        FIELD(delay_interval),
    },
    {
        .flag = "retry-interval",
        .key = "watch.retry",
        .type = OPTION_DURATION,
        .group = GROUP_WATCH,
        .metavar = "DURATION",
        .default_value = "5s",
        .help = "First wait after a failed reload; it doubles up to 1m.",
        .minimum = 1,
        .maximum = DURATION_MAX,
        FIELD(retry_interval),
    },
    {
        .flag = "watched-dir",
        .key = "watch.dirs",
        .type = OPTION_STRING_LIST,
        .group = GROUP_WATCH,
        .metavar = "DIR",
        .help =
            "A directory of files that Prometheus reads by itself (rules, for example), with all "
            "that is below it: where what they hold changes, Prometheus is asked to reload.",
        .fault = empty_fault,
        .remedy = "write a path, or leave the option out",
        .empty_is_absent = true,
        FIELD(watched_dirs),
    },
    {
        .flag = "listen-address",
        .key = "web.listen_address",
        .type = OPTION_STRING,
        .group = GROUP_WEB,
        .metavar = "ADDRESS",
        .default_help = "off",
        .help = "Serve metrics, health checks and a status page over HTTP here: :8080, "
                "127.0.0.1:8080, [::]:8080, localhost:8080. Another one in the settings file needs "
                "a restart.",
        .fault = address_fault,
        .remedy = "write it as in :8080, 127.0.0.1:8080, [::]:8080 or localhost:8080",
        FIELD(listen_address),
    },
    {
        .flag = "web-config-file",
        .key = "web.config_file",
        .type = OPTION_PATH,
        .group = GROUP_WEB,
        .metavar = "FILE",
        .help = "Serve by TLS, and only those with a certificate or a password, as this file says "
                "in Prometheus's web configuration format. It and the files that it names are read "
                "again when they change; another one in the settings file needs a restart.",
        .empty_is_absent = true,
        FIELD(web_config_file),
    },
    {
        .flag = "max-file-size",
        .key = "limits.max_file_size",
        .type = OPTION_SIZE,
        .group = GROUP_LIMITS,
        .metavar = "SIZE",
        .default_value = "4MiB",
        .help = "Pass over a larger file.",
        .minimum = 1,
        .maximum = SIZE_MOST,
        FIELD(max_file_size),
    },
    {
        .flag = "max-volume-size",
        .key = "limits.max_volume_size",
        .type = OPTION_SIZE,
        .group = GROUP_LIMITS,
        .metavar = "SIZE",
        .default_value = "32MiB",
        .help = "Pass over files with which one directory of --remote-write-dir, --secret-dir or "
                "--configmap-dir would hold more in all; links count each time.",
        .minimum = 1,
        .maximum = SIZE_MOST,
        FIELD(max_volume_size),
    },
    {
        .flag = "max-files",
        .key = "limits.max_files",
        .type = OPTION_INTEGER,
        .group = GROUP_LIMITS,
        .metavar = "N",
        .default_value = "10000",
        .help =
            "Pass over what a directory of manifests, Secrets or ConfigMaps holds beyond this many files.",
        .minimum = 1,
        .maximum = COUNT_MAX,
        FIELD(max_files),
    },
    {
        .flag = "max-documents",
        .key = "limits.max_documents",
        .type = OPTION_INTEGER,
        .group = GROUP_LIMITS,
        .metavar = "N",
        .default_value = "100000",
        .help = "Pass over a file with more YAML documents.",
        .minimum = 1,
        .maximum = COUNT_MAX,
        FIELD(max_documents),
    },
    {
        .flag = "max-depth",
        .key = "limits.max_depth",
        .type = OPTION_INTEGER,
        .group = GROUP_LIMITS,
        .metavar = "N",
        .default_value = "64",
        .help = "Pass over a YAML document that is nested deeper.",
        .minimum = 1,
        .maximum = DEPTH_MAX,
        FIELD(max_depth),
    },
    {
        .flag = "max-values",
        .key = "limits.max_values",
        .type = OPTION_INTEGER,
        .group = GROUP_LIMITS,
        .metavar = "N",
        .default_value = "250000",
        .help = "Pass over a YAML document with more values: keys, texts, lists and mappings, what "
                "an alias stands for counted again at each use, and 64 bytes of text as one more. "
                "All documents of a file may have as many, aliases counted as one; what follows is "
                "not read. The base config may have five million in any case.",
        .minimum = 1,
        .maximum = COUNT_MAX,
        FIELD(max_values),
    },
    {
        .flag = "max-scalar-size",
        .key = "limits.max_scalar_size",
        .type = OPTION_SIZE,
        .group = GROUP_LIMITS,
        .metavar = "SIZE",
        .default_value = "2MiB",
        .help = "Pass over a YAML document with a longer text in it.",
        .minimum = 1,
        .maximum = SIZE_MOST,
        FIELD(max_scalar_size),
    },
    {
        .flag = "sandbox",
        .key = "sandbox",
        .type = OPTION_ENUM,
        .group = GROUP_GENERAL,
        .metavar = "MODE",
        .default_value = "auto",
        .help = "What the process takes from itself before it runs, by no_new_privs, Landlock and "
                "seccomp: auto takes as much as the kernel can, require refuses to run with less.",
        .words = sandbox_words,
        FIELD(sandbox),
    },
    {
        .flag = "log-level",
        .key = "log.level",
        .type = OPTION_ENUM,
        .group = GROUP_LOG,
        .metavar = "LEVEL",
        .default_value = "info",
        .help = "The least that is logged, on stderr; all is debug, none is nothing.",
        .words = log_level_words,
        FIELD(log_level),
    },
    {
        .flag = "log-format",
        .key = "log.format",
        .type = OPTION_ENUM,
        .group = GROUP_LOG,
        .metavar = "FORMAT",
        .default_value = "logfmt",
        .help = "How a line of the log is written.",
        .words = log_format_words,
        FIELD(log_format),
    },
    {
        .flag = "ca-file",
        .type = OPTION_PATH,
        .group = GROUP_HEALTHCHECK,
        .metavar = "FILE",
        .default_help = "the system's authorities",
        .help = "PEM certificates of the authorities that the healthcheck command checks the "
                "certificate of an https URL against.",
        FIELD(healthcheck_ca_file),
    },
    {
        .flag = "sidecar-config",
        .type = OPTION_PATH,
        .group = GROUP_GENERAL,
        .metavar = "FILE",
        .help = "Read settings from this file, in libconfig's syntax. A flag wins over it, and a "
                "list given by flags replaces the file's.",
        FIELD(sidecar_config),
    },
    {
        .flag = "auto-gomemlimit-ratio",
        .type = OPTION_STRING,
        .group = GROUP_GENERAL,
        .metavar = "RATIO",
        .default_value = "0.0",
        .help =
            "Accepted as prometheus-config-reloader has it, and without effect: it is about Go's "
            "memory.",
        .no_effect = true,
        .fault = ratio_fault,
        .remedy = "write a number, as in 0.9",
        FIELD(auto_gomemlimit_ratio),
    },
};

const size_t option_count = ARRAY_LENGTH(options);

const struct option *option_by_flag(struct bytes name) {
    for (size_t i = 0; i < option_count; i++) {
        if (bytes_equal_string(name, options[i].flag) ||
            (options[i].alias != NULL && bytes_equal_string(name, options[i].alias))) {
            return &options[i];
        }
    }
    return NULL;
}

const struct option *option_by_key(struct bytes key) {
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].key != NULL && bytes_equal_string(key, options[i].key)) {
            return &options[i];
        }
    }
    return NULL;
}

bool option_is_list(const struct option *option) {
    switch (option->type) {
    case OPTION_STRING_LIST:
    case OPTION_PAIR_LIST:
    case OPTION_DIRECTORY_LIST:
        return true;
    case OPTION_STRING:
    case OPTION_PATH:
    case OPTION_URL:
    case OPTION_BOOL:
    case OPTION_INTEGER:
    case OPTION_SIZE:
    case OPTION_DURATION:
    case OPTION_MODE:
    case OPTION_ENUM:
        return false;
    }
    return false;
}

const char *option_group_title(enum option_group group) {
    static const char *const titles[OPTION_GROUPS] = {
        [GROUP_FILES] = "Config files",
        [GROUP_SOURCES] = "Sources",
        [GROUP_SELECTION] = "Selection",
        [GROUP_POLICY] = "Prometheus and guard rails",
        [GROUP_RELOAD] = "Reload",
        [GROUP_WATCH] = "Watching",
        [GROUP_WEB] = "HTTP server",
        [GROUP_LIMITS] = "Bounds on input",
        [GROUP_LOG] = "Log",
        [GROUP_HEALTHCHECK] = "Health check",
        [GROUP_GENERAL] = "Settings and help",
    };
    return titles[group];
}
