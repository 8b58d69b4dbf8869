/* SPDX-License-Identifier: Apache-2.0 */

/* Asks Prometheus. But for the signal (hangup.c) that is HTTP: request.c says what is sent, curl
 * says which sockets to watch and when to be woken (socket_wanted, timer_wanted), libuv does it and
 * calls back (on_poll, on_timer), and what has ended is handed over (collect). Every request has a
 * connection of its own: a reload is rare, a connection kept alive would be one more thing that can
 * be stale. */

#include "prometheus/client.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "prometheus/endpoint.h"
#include "prometheus/hangup.h"
#include "prometheus/info.h"
#include "prometheus/request.h"
#include "spec/url.h"

#include <curl/curl.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

/* A socket of curl's that the loop watches. */
struct socket_watch {
    uv_poll_t poll;
    struct prometheus_client *client;
    curl_socket_t socket;
    int events;
    LIST_ENTRY(socket_watch) entries;
};

struct prometheus_client {
    const struct prometheus_settings *settings;
    struct target targets[QUESTIONS];
    CURLM *multi; /* NULL once closed */
    struct request *requests[QUESTIONS];
    uv_loop_t *loop;
    uv_timer_t timer;       /* curl's */
    uv_timer_t early_timer; /* reports what needs no transfer: it failed, or is a signal */
    const char *alert;      /* by which TLS refused the last request; NULL: it did not. Static */
    int64_t born; /* when Prometheus says that it began (clock_boot_nanoseconds); 0: unknown */
    pid_t chosen; /* of several processes, said in the log; 0: none yet */
    unsigned open_handles;
    LIST_HEAD(socket_list, socket_watch) sockets;
};

/* --- memory
 * ---------------------------------------------------------------------------------------- */

/* curl copies passwords and the headers that it makes of them: its memory is erased when it is
 * freed. */
static void *curl_malloc(size_t size) {
    return memory_new(1, size);
}

static void *curl_calloc(size_t count, size_t size) {
    return memory_new(count, size);
}

/* --- the end of a request
 * -------------------------------------------------------------------------- */

static void request_free(struct request *request) {
    if (request->easy != NULL) {
        curl_multi_remove_handle(request->client->multi, request->easy);
        curl_easy_cleanup(request->easy);
    }
    curl_slist_free_all(request->headers);
    curl_slist_free_all(request->connect_to);
    buffer_free(&request->early_error);
    buffer_free(&request->body);
    free(request);
}

/* Of the times since the machine was started, as those of processes. */
static void take_birth(struct prometheus_client *client, const struct http_answer *answer) {
    int64_t start = 0;

    if (answer->status == HTTP_STATUS_OK && runtimeinfo_start(answer->body, &start) == 0) {
        client->born = clock_boot_nanoseconds() -
                       (clock_wall_milliseconds() * NANOSECONDS_PER_MILLISECOND - start);
    }
}

/* Takes the request off the client, then calls back: a new one may be started from there, or the
 * client closed. */
static void request_end(struct request *request, CURLcode code) {
    CLEANUP(buffer_free) struct buffer error = {0};
    struct http_answer answer = {.body = BYTES("")};

    request->client->requests[request->question] = NULL;
    answer.nanoseconds = clock_monotonic_nanoseconds() - request->started;
    if (request->easy == NULL) {
        answer.error = buffer_string(&request->early_error);
        answer.remedy = request->early_remedy;
        answer.signalled = request->signalled;
        answer.maybe_received = request->signalled;
    } else {
        answer_judge(request, code, &request->client->alert, &answer, &error);
        curl_multi_remove_handle(request->client->multi, request->easy);
        curl_easy_cleanup(request->easy);
        request->easy = NULL;
    }
    if (request->question == QUESTION_RUNTIMEINFO) {
        take_birth(request->client, &answer);
    }
    request->done(&answer, request->context);
    request_free(request);
}

static void collect(struct prometheus_client *client) {
    /* A callback may close the client. */
    while (client->multi != NULL) {
        int left = 0;
        CURLMsg *message = curl_multi_info_read(client->multi, &left);
        if (message == NULL) {
            return;
        }
        if (message->msg == CURLMSG_DONE) {
            CURLcode code = message->data.result;
            struct request *request = NULL;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
            request_end(request, code);
        }
    }
}

/* --- curl on the loop
 * ------------------------------------------------------------------------------ */

static void drive(struct prometheus_client *client, curl_socket_t socket, int flags) {
    int running = 0;

    /* A transfer's own fault comes with its message; anything else would be misuse. */
    curl_multi_socket_action(client->multi, socket, flags, &running);
    collect(client);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct socket_watch *watch = poll->data;
    int flags = 0;

    if (status < 0) {
        /* libuv has stopped the handle. Without flags curl asks the socket itself what is wrong
         * (told CURL_CSELECT_ERR it would not say), and it may want to go on watching it. */
        uv_poll_start(poll, watch->events, on_poll);
    }
    flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    drive(watch->client, watch->socket, flags);
}

static void on_timer(uv_timer_t *timer) {
    drive(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void client_free(struct prometheus_client *client) {
    for (size_t i = 0; i < QUESTIONS; i++) {
        free(client->targets[i].url);
        free(client->targets[i].shown);
    }
    free(client);
    curl_global_cleanup();
}

static void client_unref(struct prometheus_client *client) {
    client->open_handles--;
    if (client->open_handles == 0) {
        client_free(client);
    }
}

static void on_watch_closed(uv_handle_t *handle) {
    struct socket_watch *watch = handle->data;

    client_unref(watch->client);
    free(watch);
}

static void on_timer_closed(uv_handle_t *handle) {
    client_unref(handle->data);
}

/* uv_poll_stop takes the socket out of epoll at once, so that curl may close it. */
static void watch_close(struct socket_watch *watch) {
    uv_poll_stop(&watch->poll);
    LIST_REMOVE(watch, entries);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void handle_set_up(const struct prometheus_client *client, uv_handle_t *handle) {
    if (client->settings->background) {
        uv_unref(handle);
    }
}

static struct socket_watch *watch_new(struct prometheus_client *client, curl_socket_t socket) {
    struct socket_watch *watch = memory_new(1, sizeof(*watch));

    if (uv_poll_init_socket(client->loop, &watch->poll, socket) != 0) {
        free(watch);
        return NULL;
    }
    handle_set_up(client, (uv_handle_t *)&watch->poll);
    watch->poll.data = watch;
    watch->client = client;
    watch->socket = socket;
    client->open_handles++;
    LIST_INSERT_HEAD(&client->sockets, watch, entries);
    curl_multi_assign(client->multi, socket, watch);
    return watch;
}

/* CURLMOPT_SOCKETFUNCTION */
static int socket_wanted(CURL *easy UNUSED, curl_socket_t socket, int what, void *context,
                         void *socket_context) {
    struct prometheus_client *client = context;
    struct socket_watch *watch = socket_context;

    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            curl_multi_assign(client->multi, socket, NULL);
            watch_close(watch);
        }
        return 0;
    }
    if (watch == NULL) {
        watch = watch_new(client, socket);
    }
    if (watch != NULL) {
        watch->events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                        ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
        uv_poll_start(&watch->poll, watch->events, on_poll);
    }
    /* A socket that cannot be watched is left to the request's timeout: -1 would end every request
     * that this client will ever make. */
    return 0;
}

/* CURLMOPT_TIMERFUNCTION; never calls back into curl from here: 0 means soon, not now. */
static int timer_wanted(CURLM *multi UNUSED, long milliseconds, void *context) {
    struct prometheus_client *client = context;

    if (milliseconds < 0) {
        uv_timer_stop(&client->timer);
    } else {
        uv_timer_start(&client->timer, on_timer, (uint64_t)milliseconds, 0);
    }
    return 0;
}

/* --- a request ----------------------------------------------------------------------------- */

static void on_early_timer(uv_timer_t *timer) {
    struct prometheus_client *client = timer->data;

    for (size_t i = 0; i < QUESTIONS && client->multi != NULL; i++) {
        if (client->requests[i] != NULL && client->requests[i]->easy == NULL) {
            request_end(client->requests[i], CURLE_OK);
        }
    }
}

static struct request *request_new(struct prometheus_client *client, enum question question,
                                   http_done done, void *context) {
    struct request *request = memory_new(1, sizeof(*request));

    *request = (struct request){
        .client = client,
        .settings = client->settings,
        .target = &client->targets[question],
        .question = question,
        .started = clock_monotonic_nanoseconds(),
        .done = done,
        .context = context,
    };
    client->requests[question] = request;
    return request;
}

static int ask(struct prometheus_client *client, enum question question, http_part part,
               http_done done, void *context) {
    if (client->targets[question].url == NULL) {
        return -EINVAL;
    }
    if (client->requests[question] != NULL) {
        return -EALREADY;
    }
    struct request *request = request_new(client, question, done, context);
    request->easy = curl_easy_init();
    request->part = part;
    if (request->easy == NULL) {
        memory_exhausted();
    }
    if (request_prepare(request)) {
        curl_multi_add_handle(client->multi, request->easy);
    } else {
        curl_easy_cleanup(request->easy);
        request->easy = NULL;
        uv_timer_start(&client->early_timer, on_early_timer, 0, 0);
    }
    return 0;
}

/* --- a signal
 * ------------------------------------------------------------------------------------- */

static void say_choice(struct prometheus_client *client, const struct found_process *process) {
    CLEANUP(buffer_free) struct buffer others = {0};

    for (size_t i = 0; i < process->others && i < OTHERS_MAX; i++) {
        buffer_printf(&others, "%s%d", i > 0 ? ", " : "", (int)process->other_pids[i]);
    }
    if (process->others > OTHERS_MAX) {
        buffer_append_string(&others, ", ...");
    }
    if (process->others > 0 && process->pid != client->chosen) {
        log_warn("several processes may be the one that is meant; the oldest of them is signalled",
                 LOG_STRING("name", client->settings->process_name), LOG_INT("pid", process->pid),
                 LOG_STRING("others", buffer_string(&others)),
                 LOG_STRING("remedy", "see that --runtimeinfo-url has the port on which Prometheus "
                                      "itself listens; or give Prometheus's program a name of its "
                                      "own, and --process-executable-name with it"));
    }
    client->chosen = process->pid;
}

/* What tells Prometheus's process from others of its name. */
static struct process_hint hint_of(const struct prometheus_client *client) {
    const char *url = client->targets[QUESTION_RUNTIMEINFO].url;
    struct process_hint hint = {.born = client->born, .ticks_per_second = sysconf(_SC_CLK_TCK)};

    if (url == NULL || endpoint_port(url, &hint.port) != 0) {
        hint.port = 0;
    }
    return hint;
}

static int signal_process(struct prometheus_client *client, http_done done, void *context) {
    const struct prometheus_settings *settings = client->settings;
    const char *proc = settings->proc_path != NULL ? settings->proc_path : "/proc";
    struct found_process process = {0};

    if (client->requests[QUESTION_RELOAD] != NULL) {
        return -EALREADY;
    }
    struct request *request = request_new(client, QUESTION_RELOAD, done, context);
    const struct process_hint hint = hint_of(client);
    int error = hangup_send(proc, settings->process_name, &hint, &process);
    if (error == 0) {
        say_choice(client, &process);
        request->signalled = true;
        buffer_printf(&request->early_error, "SIGHUP to process %d (%s) is not answered",
                      (int)process.pid, settings->process_name);
    } else {
        hangup_describe(error, settings->process_name, &process, &request->early_error);
        request->early_remedy = hangup_remedy(error);
    }
    uv_timer_start(&client->early_timer, on_early_timer, 0, 0);
    return 0;
}

static const char *const method_names[] = {
    [RELOAD_BY_HTTP] = "http",
    [RELOAD_BY_SIGNAL] = "signal",
};

const char *reload_method_name(enum reload_method method) {
    return method_names[method];
}

int prometheus_reload(struct prometheus_client *client, http_done done, void *context) {
    return client->settings->method == RELOAD_BY_SIGNAL
               ? signal_process(client, done, context)
               : ask(client, QUESTION_RELOAD, NULL, done, context);
}

int prometheus_runtimeinfo(struct prometheus_client *client, http_done done, void *context) {
    return ask(client, QUESTION_RUNTIMEINFO, NULL, done, context);
}

int prometheus_buildinfo(struct prometheus_client *client, http_done done, void *context) {
    return ask(client, QUESTION_BUILDINFO, NULL, done, context);
}

int prometheus_metrics(struct prometheus_client *client, http_part part, http_done done,
                       void *context) {
    return ask(client, QUESTION_METRICS, part, done, context);
}

int prometheus_config(struct prometheus_client *client, http_part part, http_done done,
                      void *context) {
    return ask(client, QUESTION_CONFIG, part, done, context);
}

/* --- the client
 * ------------------------------------------------------------------------------------ */

static void target_set(struct target *target, const char *method, const char *url) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    target->url = memory_string(url);
    target->shown =
        memory_string(arena_format(arena, "%s %s", method, url_masked(arena, bytes_of(url))));
}

static const struct {
    enum question question;
    int (*derive)(const char *runtimeinfo_url, struct buffer *out);
} beside_runtimeinfo[] = {
    {QUESTION_BUILDINFO, buildinfo_url_from_runtimeinfo},
    {QUESTION_METRICS, metrics_url_from_runtimeinfo},
    {QUESTION_CONFIG, config_url_from_runtimeinfo},
};

static void targets_set(struct prometheus_client *client) {
    const struct prometheus_settings *settings = client->settings;
    CLEANUP(buffer_free) struct buffer runtimeinfo = {0};

    if (settings->method == RELOAD_BY_HTTP) {
        target_set(&client->targets[QUESTION_RELOAD], "POST", settings->reload_url);
    }
    if (settings->runtimeinfo_url != NULL) {
        buffer_append_string(&runtimeinfo, settings->runtimeinfo_url);
    } else if (settings->reload_url == NULL ||
               runtimeinfo_url_from_reload(settings->reload_url, &runtimeinfo) != 0) {
        return;
    }
    target_set(&client->targets[QUESTION_RUNTIMEINFO], "GET", buffer_string(&runtimeinfo));
    for (size_t i = 0; i < ARRAY_LENGTH(beside_runtimeinfo); i++) {
        CLEANUP(buffer_free) struct buffer url = {0};
        if (beside_runtimeinfo[i].derive(buffer_string(&runtimeinfo), &url) == 0) {
            target_set(&client->targets[beside_runtimeinfo[i].question], "GET",
                       buffer_string(&url));
        }
    }
}

struct prometheus_client *prometheus_client_new(uv_loop_t *loop,
                                                const struct prometheus_settings *settings) {
    struct prometheus_client *client = memory_new(1, sizeof(*client));

    /* Counted by curl: only the first one of the process decides about the memory functions. */
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, memory_erase_free,
                             memory_erase_resize, memory_string, curl_calloc) != CURLE_OK) {
        memory_exhausted();
    }
    client->settings = settings;
    client->loop = loop;
    client->multi = curl_multi_init();
    if (client->multi == NULL) {
        memory_exhausted();
    }
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    targets_set(client);
    LIST_INIT(&client->sockets);
    uv_timer_init(loop, &client->timer);
    uv_timer_init(loop, &client->early_timer);
    handle_set_up(client, (uv_handle_t *)&client->timer);
    handle_set_up(client, (uv_handle_t *)&client->early_timer);
    client->timer.data = client;
    client->early_timer.data = client;
    client->open_handles = 2;
    return client;
}

void prometheus_client_close(struct prometheus_client *client) {
    if (client->multi == NULL) {
        return;
    }
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (client->requests[i] != NULL) {
            request_free(client->requests[i]);
            client->requests[i] = NULL;
        }
    }
    while (!LIST_EMPTY(&client->sockets)) {
        watch_close(LIST_FIRST(&client->sockets));
    }
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, NULL);
    curl_multi_cleanup(client->multi);
    client->multi = NULL;
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
    uv_close((uv_handle_t *)&client->early_timer, on_timer_closed);
}
