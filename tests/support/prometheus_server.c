/* SPDX-License-Identifier: Apache-2.0 */

#include "support/prometheus_server.h"

#include "base/arena.h"
#include "base/memory.h"
#include "support/deadline.h"
#include "support/http_request.h"
#include "support/process.h"
#include "support/tempdir.h"
#include "yaml/tree.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <jansson.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* Below the ports that the kernel gives to connections, which come and go unasked. */
enum {
    PORT_FIRST = 20000,
    PORT_COUNT = 12000,
    PORT_TRIES = 1000,
    FLAGS_MAX = 4,
    PATIENCE_MILLISECONDS = 60000 /* for the start */
};

static const char log_name[] = "prometheus.log";

struct prometheus_server {
    struct arena *arena;
    struct prometheus_server_settings settings;
    unsigned port;
    struct process *process;
    const char *flags[FLAGS_MAX];
    size_t flag_count;
    unsigned revivals;
    const char *program; /* NULL: the usual one */
    bool no_lifecycle;
    const char *certificates; /* a folder; NULL: it serves plain HTTP */
};

static bool port_is_free(unsigned port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int on = 1;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* As Go does: what is left of an earlier connection is no hindrance. */
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool free_now = bind(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(descriptor);
    return free_now;
}

static unsigned free_port(void) {
    for (int i = 0; i < PORT_TRIES; i++) {
        uint32_t random = 0;
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
            break;
        }
        unsigned port = PORT_FIRST + random % PORT_COUNT;
        if (port_is_free(port)) {
            return port;
        }
    }
    fprintf(stderr, "tests: no free port\n");
    abort();
}

static const char *copied(struct arena *arena, const char *string) {
    return string != NULL ? arena_string(arena, bytes_of(string)) : NULL;
}

struct prometheus_server *prometheus_server_new(const struct prometheus_server_settings *settings) {
    struct prometheus_server *server = memory_new(1, sizeof(*server));

    server->arena = arena_new();
    server->settings = (struct prometheus_server_settings){
        .folder = copied(server->arena, settings->folder),
        .config = copied(server->arena, settings->config),
        .web_config = copied(server->arena, settings->web_config),
        .credentials = copied(server->arena, settings->credentials),
        .receives = settings->receives,
    };
    server->port = free_port();
    folder_make(settings->folder, "data");
    return server;
}

void prometheus_server_free(struct prometheus_server *server) {
    if (server != NULL) {
        process_free(server->process);
        arena_free(server->arena);
        free(server);
    }
}

void prometheus_server_use(struct prometheus_server *server, const char *credentials) {
    server->settings.credentials = copied(server->arena, credentials);
}

unsigned prometheus_server_port(const struct prometheus_server *server) {
    return server->port;
}

const char *prometheus_server_url(struct prometheus_server *server, const char *path) {
    return arena_format(server->arena, "%s://127.0.0.1:%u%s",
                        server->certificates != NULL ? "https" : "http", server->port, path);
}

static struct http_reply ask(struct prometheus_server *server, const char *path) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *folder = server->certificates;
    struct http_question question = {
        .url = arena_format(arena, "%s://127.0.0.1:%u%s", folder != NULL ? "https" : "http",
                            server->port, path),
        .credentials = server->settings.credentials,
    };

    if (folder != NULL) {
        question.authority = arena_format(arena, "%s/authority.pem", folder);
        question.certificate = arena_format(arena, "%s/client.pem", folder);
        question.key = arena_format(arena, "%s/client.key", folder);
    }
    return http_ask(&question);
}

static bool is_ready(struct prometheus_server *server) {
    struct http_reply reply = ask(server, "/-/ready");
    bool ready = reply.status == 200;

    http_reply_free(&reply);
    return ready;
}

static const char *program(void) {
    const char *path = getenv("PROMETHEUS");

    return path != NULL && path[0] != '\0' ? path : "build/peers/debian/usr/bin/prometheus";
}

static void launch(struct prometheus_server *server) {
    const struct prometheus_server_settings *settings = &server->settings;
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *arguments[10 + FLAGS_MAX] = {server->program != NULL ? server->program : program()};
    size_t count = 1;

    arguments[count++] = arena_format(arena, "--config.file=%s", settings->config);
    arguments[count++] = arena_format(arena, "--storage.tsdb.path=%s/data", settings->folder);
    arguments[count++] = arena_format(arena, "--web.listen-address=127.0.0.1:%u", server->port);
    if (!server->no_lifecycle) {
        arguments[count++] = "--web.enable-lifecycle";
    }
    if (settings->web_config != NULL) {
        arguments[count++] = arena_format(arena, "--web.config.file=%s", settings->web_config);
    }
    if (settings->receives) {
        arguments[count++] = "--web.enable-remote-write-receiver";
    }
    for (size_t i = 0; i < server->flag_count; i++) {
        arguments[count++] = server->flags[i];
    }
    server->process =
        process_start(arguments, NULL, arena_format(arena, "%s/%s", settings->folder, log_name));
}

void prometheus_server_demands_certificates(struct prometheus_server *server, const char *folder,
                                            const char *web_config) {
    server->certificates = copied(server->arena, folder);
    server->settings.web_config = copied(server->arena, web_config);
}

void prometheus_server_reads(struct prometheus_server *server, const char *config) {
    server->settings.config = copied(server->arena, config);
}

bool prometheus_server_start(struct prometheus_server *server) {
    launch(server);
    /* One that ended has made its last word; another program may answer on its port. */
    bool ready =
        WAIT_UNTIL(!process_runs(server->process) || is_ready(server), PATIENCE_MILLISECONDS) &&
        process_runs(server->process);
    if (!ready) {
        prometheus_server_show_log(server);
    }
    return ready;
}

void prometheus_server_flag(struct prometheus_server *server, const char *flag) {
    if (server->flag_count == FLAGS_MAX) {
        abort();
    }
    server->flags[server->flag_count++] = copied(server->arena, flag);
}

void prometheus_server_is_called(struct prometheus_server *server, const char *name) {
    CLEANUP(memory_freep) char *target = realpath(program(), NULL);

    server->program = arena_format(server->arena, "%s/%s", server->settings.folder, name);
    if (target == NULL || symlink(target, server->program) != 0) {
        abort();
    }
}

void prometheus_server_has_no_lifecycle(struct prometheus_server *server) {
    server->no_lifecycle = true;
}

unsigned prometheus_server_supervise(struct prometheus_server *server) {
    if (server->process == NULL || !process_runs(server->process)) {
        process_free(server->process);
        launch(server);
        server->revivals++;
    }
    return server->revivals;
}

void prometheus_server_stop(struct prometheus_server *server) {
    process_free(server->process);
    server->process = NULL;
}

/* --- the config that it runs ---------------------------------------------------------------- */

/* The "data" of an answer of its API; NULL where there is none. The root is the caller's. */
static json_t *api_data(struct prometheus_server *server, const char *path, json_t **ret_root) {
    struct http_reply reply = ask(server, path);

    *ret_root = NULL;
    if (reply.status == 200) {
        *ret_root = json_loadb(reply.body.data, reply.body.length, 0, NULL);
    }
    http_reply_free(&reply);
    return json_object_get(*ret_root, "data");
}

/* In the arena; NULL: no answer. */
static const char *config_text(struct prometheus_server *server, struct arena *arena) {
    json_t *root = NULL;
    json_t *data = api_data(server, "/api/v1/status/config", &root);
    const char *text = copied(arena, json_string_value(json_object_get(data, "yaml")));

    json_decref(root);
    return text;
}

/* The list of entries; NULL: no answer, or no list. *ret_answered may be NULL. */
static const struct node *entries(struct prometheus_server *server, struct arena *arena,
                                  bool *ret_answered) {
    struct diagnostics diagnostics = diagnostics_in(arena);
    struct document *documents = NULL;
    size_t count = 0;
    const char *text = config_text(server, arena);

    if (ret_answered != NULL) {
        *ret_answered = text != NULL;
    }
    if (text == NULL ||
        tree_parse(arena, bytes_of(text), &yaml_default_limits, "status/config", &diagnostics,
                   &documents, &count) < 0 ||
        count == 0) {
        return NULL;
    }
    const struct node *list = node_get(documents[0].root, "remote_write");
    return list != NULL && list->type == NODE_SEQUENCE ? list : NULL;
}

static bool says(const struct node *node, const char *value) {
    return node != NULL && node->type == NODE_SCALAR &&
           bytes_equal_string(node->scalar.text, value);
}

bool prometheus_server_runs_with(struct prometheus_server *server, const char *name,
                                 const char *path, const char *value) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct node *list = entries(server, arena, NULL);

    for (size_t i = 0; list != NULL && i < list->sequence.count; i++) {
        const struct node *entry = list->sequence.items[i];
        if (says(node_get(entry, "name"), name)) {
            return says(node_find(entry, path), value);
        }
    }
    return false;
}

bool prometheus_server_runs(struct prometheus_server *server, const char *name) {
    return prometheus_server_runs_with(server, name, "name", name);
}

size_t prometheus_server_entries(struct prometheus_server *server) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    bool answered = false;
    const struct node *list = entries(server, arena, &answered);

    if (!answered) {
        return SIZE_MAX;
    }
    return list != NULL ? list->sequence.count : 0;
}

bool prometheus_server_config_has(struct prometheus_server *server, const char *text) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *config = config_text(server, arena);

    return config != NULL && strstr(config, text) != NULL;
}

/* --- what it counts ------------------------------------------------------------------------- */

/* The value of a line of /metrics, when it is one of this metric's series with such labels. */
static double series_value(char *line, const char *name, const char *label) {
    size_t length = strlen(name);

    if (strncmp(line, name, length) != 0 || (line[length] != '{' && line[length] != ' ')) {
        return 0;
    }
    /* A label's value may hold blanks; the sample's does not. */
    const char *blank = strrchr(line, ' ');
    if (blank == NULL || (label != NULL && strstr(line, label) == NULL)) {
        return 0;
    }
    return strtod(blank + 1, NULL);
}

double prometheus_server_metric(struct prometheus_server *server, const char *name,
                                const char *label) {
    struct http_reply reply = ask(server, "/metrics");
    CLEANUP(memory_freep) char *text = memory_string(buffer_string(&reply.body));
    double sum = 0;
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        sum += series_value(line, name, label);
    }
    http_reply_free(&reply);
    return sum;
}

unsigned prometheus_server_reloads(struct prometheus_server *server) {
    return (unsigned)prometheus_server_metric(server, "prometheus_http_requests_total",
                                              "handler=\"/-/reload\"");
}

double prometheus_server_query(struct prometheus_server *server, const char *promql) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    char *escaped = curl_easy_escape(NULL, promql, 0);
    json_t *root = NULL;
    const json_t *data =
        api_data(server, arena_format(arena, "/api/v1/query?query=%s", escaped), &root);
    const json_t *first = json_array_get(json_object_get(data, "result"), 0);
    const char *value = json_string_value(json_array_get(json_object_get(first, "value"), 1));
    double number = value != NULL ? strtod(value, NULL) : NAN;

    json_decref(root);
    curl_free(escaped);
    return number;
}

bool prometheus_server_fires(struct prometheus_server *server, const char *alert) {
    json_t *root = NULL;
    const json_t *alerts = json_object_get(api_data(server, "/api/v1/alerts", &root), "alerts");
    bool firing = false;
    const json_t *item = NULL;
    size_t i = 0;

    json_array_foreach(alerts, i, item) {
        const char *state = json_string_value(json_object_get(item, "state"));
        const char *name =
            json_string_value(json_object_get(json_object_get(item, "labels"), "alertname"));
        firing |= state != NULL && name != NULL && strcmp(state, "firing") == 0 &&
                  strcmp(name, alert) == 0;
    }
    json_decref(root);
    return firing;
}

/* --- its log -------------------------------------------------------------------------------- */

size_t prometheus_server_logged(const struct prometheus_server *server, const char *text) {
    CLEANUP(memory_freep) char *log = file_read(server->settings.folder, log_name);
    size_t count = 0;

    for (const char *at = log; at != NULL && (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

void prometheus_server_show_log(const struct prometheus_server *server) {
    CLEANUP(memory_freep) char *log = file_read(server->settings.folder, log_name);

    fprintf(stderr, "--- %s/%s\n%s---\n", server->settings.folder, log_name,
            log != NULL ? log : "(none)\n");
}
