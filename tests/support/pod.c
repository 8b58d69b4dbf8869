/* SPDX-License-Identifier: Apache-2.0 */

#include "support/pod.h"
#include "support/assertions.h"

#include "base/memory.h"
#include "publish/temporary.h"
#include "support/tempdir.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    FLAGS_MAX = 48,
    END_MILLISECONDS = 5000 /* from SIGTERM to the end: at once, but with sanitizers */
};

static const char config_name[] = "prometheus.yml";
static const char secrets_name[] = "remote-write-secrets";
static const char receiver_folder[] = "receiver";

/* --- the receiver --------------------------------------------------------------------------- */

struct known_password {
    const char *password;
    const char *hash; /* bcrypt, at its lowest cost: nobody is kept out */
};

static const struct known_password known_passwords[] = {
    {FIRST_PASSWORD, "$2b$04$p.tPGs3R.wkZbEp6MHDoC.bDdw7mnRXL8fqyoayzTO.L1TfMbT0I."},
    {SECOND_PASSWORD, "$2b$04$QyuL97dYLUKUso6oKaGhkuNqN.aHp51T16iySFikjlVDLSDOwvkci"},
};

static const char *hash_of(const char *password) {
    for (size_t i = 0; i < ARRAY_LENGTH(known_passwords); i++) {
        if (strcmp(known_passwords[i].password, password) == 0) {
            return known_passwords[i].hash;
        }
    }
    fprintf(stderr, "tests: no hash of that password\n");
    abort();
}

/* Prometheus reads its web configuration at every request. */
void pod_receiver_wants(struct pod *pod, const char *password) {
    const char *folder = arena_format(pod->arena, "%s/%s", pod->folder, receiver_folder);

    file_replace(folder, "web.yml",
                 arena_format(pod->arena, "basic_auth_users:\n  \"%s\": \"%s\"\n", RECEIVER_USER,
                              hash_of(password)));
    if (pod->receiver != NULL) {
        prometheus_server_use(pod->receiver,
                              arena_format(pod->arena, "%s:%s", RECEIVER_USER, password));
    }
}

/* --- the pod -------------------------------------------------------------------------------- */

static void make_receiver(struct pod *pod) {
    const char *folder = arena_format(pod->arena, "%s/%s", pod->folder, receiver_folder);

    file_write(folder, config_name, "global: {}\n");
    pod_receiver_wants(pod, FIRST_PASSWORD);
    pod->receiver = prometheus_server_new(&(struct prometheus_server_settings){
        .folder = folder,
        .config = arena_format(pod->arena, "%s/%s", folder, config_name),
        .web_config = arena_format(pod->arena, "%s/web.yml", folder),
        .credentials = RECEIVER_USER ":" FIRST_PASSWORD,
        .receives = true,
    });
}

static void make_prometheus(struct pod *pod) {
    pod->prometheus = prometheus_server_new(&(struct prometheus_server_settings){
        .folder = arena_format(pod->arena, "%s/prometheus", pod->folder),
        .config = pod->output,
    });
}

/* A new Prometheus scrapes nothing for five seconds, but it evaluates rules at once: that is where
 * the samples come from that tests wait for. */
static const char rules[] = "groups:\n"
                            "  - name: e2e\n"
                            "    interval: 200ms\n"
                            "    rules: [{record: heartbeat, expr: vector(1)}]\n";

static const char *usual_base(struct pod *pod) {
    return arena_format(pod->arena,
                        "# Written by those who run Prometheus.\n"
                        "global:\n"
                        "    scrape_interval: 15s   # of itself\n"
                        "    external_labels: {pod: e2e}\n"
                        "\n"
                        "rule_files: ['%s/base/rules.yml']\n"
                        "scrape_configs:\n"
                        "    - job_name: 'self'\n"
                        "      static_configs:\n"
                        "          - targets: [\"127.0.0.1:%u\"]\n"
                        /* a thousand queues would each remember the series of all of them */
                        "      metric_relabel_configs:\n"
                        "          - {source_labels: [__name__], regex: 'prometheus_remote_.*', "
                        "action: drop}\n"
                        "# The end.\n",
                        pod->folder, prometheus_server_port(pod->prometheus));
}

static void make_folders(struct pod *pod) {
    pod->base = arena_format(pod->arena, "%s/base/%s", pod->folder, config_name);
    pod->output = arena_format(pod->arena, "%s/config/%s", pod->folder, config_name);
    pod->manifests = arena_format(pod->arena, "%s/remote-writes", pod->folder);
    pod->secrets = arena_format(pod->arena, "%s/secrets", pod->folder);
    pod->labels = arena_format(pod->arena, "%s/podinfo/labels", pod->folder);
    folder_make(pod->folder, "base");
    folder_make(pod->folder, "config");
    folder_make(pod->folder, "remote-writes");
    folder_make(pod->folder, "secrets");
    folder_make(pod->folder, "podinfo");
}

int pod_setup(void **state) {
    struct pod *pod = memory_new(1, sizeof(*pod));

    *state = pod;
    pod->arena = arena_new();
    CLEANUP(memory_freep) char *folder = tempdir_new();
    pod->folder = arena_string(pod->arena, bytes_of(folder));
    make_folders(pod);
    make_receiver(pod);
    make_prometheus(pod);
    file_write(pod->folder, "base/rules.yml", rules);
    pod_base(pod, usual_base(pod));
    file_write(pod->folder, "config/prometheus.yml", usual_base(pod));
    pod_secret(pod, RECEIVER_SECRET, FIRST_PASSWORD);
    pod->history =
        config_history_start(arena_format(pod->arena, "%s/config", pod->folder), config_name,
                             secrets_name, arena_format(pod->arena, "%s/history", pod->folder));
    return prometheus_server_start(pod->receiver) ? 0 : -1;
}

static bool has_temporary(const char *folder) {
    DIR *stream = opendir(folder);
    const struct dirent *entry = NULL;
    bool found = false;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (temporary_is_one(entry->d_name, NULL)) {
            fprintf(stderr, "tests: %s/%s was left behind\n", folder, entry->d_name);
            found = true;
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return found;
}

/* The sidecar went as it should, and what it wrote is what Prometheus's own tool takes. */
static bool ended_well(struct pod *pod) {
    bool well = true;

    if (pod->sidecar != NULL) {
        int status = pod_stop_sidecar(pod);
        if (status != 0) {
            fprintf(stderr, "tests: the sidecar ended with %d at SIGTERM\n", status);
            pod_show_logs(pod);
            well = false;
        }
    }
    config_history_stop(pod->history);
    const char *config = arena_format(pod->arena, "%s/config", pod->folder);
    const char *secrets = arena_format(pod->arena, "%s/%s", config, secrets_name);
    well &= !has_temporary(config);
    well &= !has_temporary(secrets);
    well &= pod->refused_on_purpose || config_history_is_valid(pod->history);
    return well;
}

int pod_teardown(void **state) {
    struct pod *pod = *state;
    bool well = ended_well(pod);
    config_history_free(pod->history);
    process_free(pod->sidecar);
    prometheus_server_free(pod->prometheus);
    prometheus_server_free(pod->receiver);
    tree_remove(pod->folder);
    arena_free(pod->arena);
    free(pod);
    return well ? 0 : -1;
}

/* --- processes ------------------------------------------------------------------------------ */

void pod_start_prometheus(struct pod *pod) {
    assert_true(prometheus_server_start(pod->prometheus));
}

/* "--flag=" of "--flag=value" */
static bool same_flag(const char *left, const char *right) {
    size_t length = strcspn(left, "=");

    return strncmp(left, right, length) == 0 && (right[length] == '=' || right[length] == '\0');
}

/* The command, the usual flags that the list does not have, and the list. */
static const char *const *command_line(struct pod *pod, const char *command, va_list list) {
    const char **arguments = ARENA_NEW_ARRAY(pod->arena, const char *, FLAGS_MAX + 1);
    const char *const sandbox = getenv("SANDBOX");
    const char *const usual[] = {
        arena_format(pod->arena, "--config-file=%s", pod->base),
        arena_format(pod->arena, "--output-file=%s", pod->output),
        arena_format(pod->arena, "--remote-write-dir=%s", pod->manifests),
        arena_format(pod->arena, "--secret-dir=%s", pod->secrets),
        arena_format(pod->arena, "--reload-url=%s",
                     prometheus_server_url(pod->prometheus, "/-/reload")),
        "--retry-interval=100ms",
        "--log-level=debug",
        arena_format(pod->arena, "--sandbox=%s", sandbox != NULL ? sandbox : "auto"),
    };
    const char *const binary = getenv("SIDECAR");
    size_t count = 0;

    arguments[count++] = binary != NULL ? binary : "build/remotewrite-sidecar";
    arguments[count++] = command;
    const size_t first = count;
    for (const char *flag = va_arg(list, const char *); flag != NULL;
         flag = va_arg(list, const char *)) {
        assert_between(count, 0, FLAGS_MAX - ARRAY_LENGTH(usual) - 1);
        arguments[count++] = flag;
    }
    const size_t given = count;
    for (size_t i = 0; i < ARRAY_LENGTH(usual); i++) {
        bool replaced = false;
        for (size_t k = first; k < given; k++) {
            replaced |= same_flag(usual[i], arguments[k]);
        }
        if (!replaced) {
            arguments[count++] = usual[i];
        }
    }
    return arguments;
}

static const char *log_path(struct pod *pod) {
    return arena_format(pod->arena, "%s/sidecar.log", pod->folder);
}

void pod_start_sidecar(struct pod *pod, ...) {
    va_list list;

    va_start(list, pod);
    const char *const *arguments = command_line(pod, "run", list);
    va_end(list);
    pod->sidecar = process_start(arguments, NULL, log_path(pod));
}

int pod_stop_sidecar(struct pod *pod) {
    process_signal(pod->sidecar, SIGTERM);
    int status = process_wait(pod->sidecar, END_MILLISECONDS);
    process_free(pod->sidecar);
    pod->sidecar = NULL;
    return status;
}

int pod_execute(struct pod *pod, const char *command, ...) {
    va_list list;

    va_start(list, command);
    const char *const *arguments = command_line(pod, command, list);
    va_end(list);
    tree_remove(arena_format(pod->arena, "%s/stdout", pod->folder));
    return process_run(arguments, arena_format(pod->arena, "%s/stdout", pod->folder), log_path(pod),
                       DEADLINE_USUAL);
}

const char *pod_web_url(struct pod *pod, const char *path) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, "sidecar.log");
    const char *at = log != NULL ? strstr(log, "msg=listening") : NULL;

    at = at != NULL ? strstr(at, " port=") : NULL;
    return at != NULL ? arena_format(pod->arena, "http://127.0.0.1:%lu%s",
                                     strtoul(at + strlen(" port="), NULL, 10), path)
                      : NULL;
}

size_t pod_logged(const struct pod *pod, const char *text) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, "sidecar.log");
    size_t count = 0;

    for (const char *at = log; at != NULL && (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

bool pod_is_well(const struct pod *pod) {
    return pod->sidecar == NULL || process_runs(pod->sidecar);
}

void pod_show_logs(const struct pod *pod) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, "sidecar.log");
    CLEANUP(memory_freep) char *output = file_read(pod->folder, "config/prometheus.yml");

    fprintf(stderr, "--- sidecar.log\n%s", log != NULL ? log : "(none)\n");
    fprintf(stderr, "--- config/prometheus.yml\n%s", output != NULL ? output : "(none)\n");
    prometheus_server_show_log(pod->prometheus);
}

/* --- what the user does --------------------------------------------------------------------- */

const char *manifest_text(struct pod *pod, struct manifest manifest) {
    const char *secret = manifest.secret != NULL ? manifest.secret : RECEIVER_SECRET;

    return arena_format(pod->arena,
                        "apiVersion: monitoring.giantswarm.io/v1alpha1\n"
                        "kind: RemoteWrite\n"
                        "metadata:\n"
                        "  name: %s\n"
                        "  namespace: monitoring\n"
                        "spec:\n"
                        "  clusterSelector: %s\n"
                        "  remoteWrite:\n"
                        "    url: %s\n"
                        "    basicAuth:\n"
                        "      username: {name: %s, key: username}\n"
                        "      password: {name: %s, key: password}\n"
                        "    queueConfig: {capacity: %u, batchSendDeadline: 100ms}\n",
                        manifest.name, manifest.selector != NULL ? manifest.selector : "{}",
                        prometheus_server_url(pod->receiver, "/api/v1/write"), secret, secret,
                        manifest.capacity != 0 ? manifest.capacity : 2500);
}

static const char *manifest_name(struct pod *pod, const char *name) {
    return arena_format(pod->arena, "%s.yaml", name);
}

void pod_drop(struct pod *pod, struct manifest manifest) {
    file_replace(pod->manifests, manifest_name(pod, manifest.name), manifest_text(pod, manifest));
}

void pod_remove(struct pod *pod, const char *name) {
    file_remove(pod->manifests, manifest_name(pod, name));
}

void pod_secret(struct pod *pod, const char *name, const char *password) {
    const char *folder = arena_format(pod->arena, "%s/%s", pod->secrets, name);

    folder_make(pod->secrets, name);
    file_replace(folder, "username", RECEIVER_USER);
    file_replace(folder, "password", password);
}

void pod_base(struct pod *pod, const char *text) {
    file_replace(arena_format(pod->arena, "%s/base", pod->folder), config_name, text);
}

void pod_cluster_labels(struct pod *pod, const char *text) {
    file_replace(arena_format(pod->arena, "%s/podinfo", pod->folder), "labels", text);
}

/* --- what comes of it ----------------------------------------------------------------------- */

const char *pod_output(struct pod *pod) {
    CLEANUP(memory_freep) char *text = file_read(pod->folder, "config/prometheus.yml");

    return text != NULL ? arena_string(pod->arena, bytes_of(text)) : NULL;
}

/* Told once more, by other means than the splicer's: whole lines from BEGIN's to END's. */
const char *pod_output_without_block(struct pod *pod) {
    const char *output = pod_output(pod);
    const char *begin = strstr(output, "# BEGIN remotewrite-sidecar");
    const char *end = strstr(output, "# END remotewrite-sidecar\n");

    if (begin == NULL || end == NULL) {
        return output;
    }
    while (begin > output && begin[-1] != '\n') {
        begin--;
    }
    return arena_format(pod->arena, "%.*s%s", (int)(begin - output), output, strchr(end, '\n') + 1);
}

bool pod_is_at_rest(const struct pod *pod) {
    CLEANUP(memory_freep) char *log = file_read(pod->folder, "sidecar.log");
    const char *last = NULL;

    for (const char *at = log; at != NULL && (at = strstr(at, "msg=phase ")) != NULL; at++) {
        last = at;
    }
    return last != NULL && strncmp(strstr(last, " to="), " to=idle\n", 9) == 0;
}

void pod_catch_up(struct pod *pod) {
    const char *name = arena_format(pod->arena, "catch-up-%u", ++pod->caught_up);

    pod_drop(pod, (struct manifest){.name = name});
    EVENTUALLY(pod, prometheus_server_runs(pod->prometheus, name));
    EVENTUALLY(pod, pod_is_at_rest(pod));
}

double pod_newest_sample(struct pod *pod) {
    return prometheus_server_query(pod->receiver, "timestamp(heartbeat{pod=\"e2e\"})");
}

double pod_failed_samples(struct pod *pod, const char *name) {
    return prometheus_server_metric(pod->prometheus,
                                    "prometheus_remote_storage_samples_failed_total",
                                    arena_format(pod->arena, "remote_name=\"%s\"", name));
}
