/* SPDX-License-Identifier: Apache-2.0 */

/* The endpoints, a row each. */

#include "web/respond.h"

#include "web/metrics.h"
#include "web/page.h"
#include "web/status.h"

#include <sys/random.h>

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

enum {
    STATUS_OK = 200,
    STATUS_NOT_FOUND = 404,
    STATUS_METHOD_NOT_ALLOWED = 405,
    STATUS_UNAVAILABLE = 503
};

struct request {
    const struct web_hooks *hooks;
    const struct web_view *view; /* NULL where the endpoint needs none */
};

struct endpoint {
    const char *path;
    bool any;    /* any method, as prometheus-config-reloader has it; otherwise */
    bool post;   /* POST; otherwise GET and HEAD */
    bool viewed; /* needs the view */
    bool large;  /* grows with the number of RemoteWrites */
    void (*answer)(const struct request *request, struct web_answer *answer);
};

static void answer_metrics(const struct request *request, struct web_answer *answer) {
    answer->content_type = METRICS_CONTENT_TYPE;
    metrics_render(request->view, &answer->body);
}

static void answer_health(const struct request *request UNUSED, struct web_answer *answer) {
    answer->content_type = JSON;
    /* These bytes, as prometheus-config-reloader has them. */
    buffer_append_string(&answer->body, "{\"status\":\"up\"}");
}

static void answer_ready(const struct request *request, struct web_answer *answer) {
    answer->content_type = TEXT;
    if (request->view->not_ready == NULL) {
        buffer_append_string(&answer->body, "ready\n");
    } else {
        answer->status = STATUS_UNAVAILABLE;
        buffer_printf(&answer->body, "not ready: %s\n", request->view->not_ready);
    }
}

static void answer_status(const struct request *request, struct web_answer *answer) {
    answer->content_type = JSON;
    status_render(request->view, &answer->body);
}

static void answer_reload(const struct request *request, struct web_answer *answer) {
    answer->content_type = TEXT;
    request->hooks->reload(request->hooks->context);
    buffer_append_string(&answer->body, "reload requested\n");
}

/* A nonce for each page, so that nobody's style but ours counts. */
static void make_nonce(char *out, size_t size) {
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16] = {0};

    /* Where it fails, every escape still holds: the policy is the second line. */
    if (getrandom(random, sizeof(random), 0) < 0) {
        memset(random, 0, sizeof(random));
    }
    for (size_t i = 0; i + 1 < size; i++) {
        out[i] = digits[i % 2 == 0 ? random[i / 2] >> 4 : random[i / 2] & 0xf];
    }
    out[size - 1] = '\0';
}

static void answer_page(const struct request *request, struct web_answer *answer) {
    answer->content_type = "text/html; charset=utf-8";
    make_nonce(answer->nonce, sizeof(answer->nonce));
    page_render(request->view, answer->nonce, &answer->body);
}

static const struct endpoint endpoints[] = {
    {.path = "/", .viewed = true, .large = true, .answer = answer_page},
    {.path = "/metrics", .viewed = true, .large = true, .answer = answer_metrics},
    {.path = "/healthz", .any = true, .answer = answer_health},
    {.path = "/readyz", .viewed = true, .answer = answer_ready},
    {.path = "/api/v1/status", .viewed = true, .large = true, .answer = answer_status},
    {.path = "/-/reload", .post = true, .answer = answer_reload},
};

static const struct endpoint *find(const char *path) {
    for (size_t i = 0; i < ARRAY_LENGTH(endpoints); i++) {
        if (strcmp(endpoints[i].path, path) == 0) {
            return &endpoints[i];
        }
    }
    return NULL;
}

static bool takes(const struct endpoint *endpoint, const char *method) {
    if (endpoint->any) {
        return true;
    }
    if (endpoint->post) {
        return strcmp(method, "POST") == 0;
    }
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

bool web_shows_view(const char *method, const char *path) {
    const struct endpoint *endpoint = find(path);

    return endpoint != NULL && endpoint->viewed && takes(endpoint, method);
}

bool web_answer_is_large(const char *method, const char *path) {
    const struct endpoint *endpoint = find(path);

    return endpoint != NULL && endpoint->large && takes(endpoint, method);
}

void web_respond(const struct web_hooks *hooks, const char *method, const char *path,
                 struct web_answer *ret) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const struct endpoint *endpoint = find(path);
    struct web_view view = {0};
    const struct request request = {.hooks = hooks, .view = &view};
    struct web_answer answer = {.status = STATUS_OK, .content_type = TEXT};

    if (endpoint == NULL) {
        answer.status = STATUS_NOT_FOUND;
        buffer_append_string(&answer.body, "not found\n");
    } else if (!takes(endpoint, method)) {
        answer.status = STATUS_METHOD_NOT_ALLOWED;
        answer.allow = endpoint->post ? "POST" : "GET, HEAD";
        buffer_printf(&answer.body, "method not allowed: use %s\n", answer.allow);
    } else {
        if (endpoint->viewed) {
            hooks->view(&view, arena, hooks->context);
        }
        endpoint->answer(&request, &answer);
    }
    *ret = answer;
}
