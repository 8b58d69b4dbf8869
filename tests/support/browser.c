/* SPDX-License-Identifier: Apache-2.0 */

/* The DevTools protocol over --remote-debugging-pipe: JSON objects that end in a zero byte. A
 * command has an id and gets an answer with it; what has none is an event. */

#include "support/browser.h"

#include "base/clock.h"
#include "base/memory.h"
#include "spec/base64.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PATIENCE_MILLISECONDS = 60000, /* of one answer: a browser that starts on a busy machine */
    PHONE_WIDTH_MAX = 600,
    READ_SIZE = 65536
};

struct browser {
    struct process *process;
    int socket;
    unsigned last_id;
    char *session; /* of the one page */
    char *url;     /* that was opened */
    bool loaded;
    struct buffer heard; /* and not dealt with */
    struct buffer complaints;
};

/* --- what it complains about ------------------------------------------------------------------ */

static void complain(struct browser *browser, const char *what, const char *words) {
    buffer_printf(&browser->complaints, "%s: %s\n", what, words != NULL ? words : "?");
}

static void complain_in_full(struct browser *browser, const char *what, const json_t *object) {
    CLEANUP(memory_freep) char *text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);

    complain(browser, what, text);
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* Does a word of the list stand there? */
static bool is_one_of(const char *word, const char *const *words) {
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *const bad_levels[] = {"error", "warning", "assert", NULL};

static void on_log_entry(struct browser *browser, const json_t *parameters) {
    const json_t *entry = json_object_get(parameters, "entry");

    if (is_one_of(text_of(entry, "level"), bad_levels)) {
        complain(browser, "log", text_of(entry, "text"));
    }
}

static void on_console(struct browser *browser, const json_t *parameters) {
    if (is_one_of(text_of(parameters, "type"), bad_levels)) {
        complain_in_full(browser, "console", json_object_get(parameters, "args"));
    }
}

static void on_exception(struct browser *browser, const json_t *parameters) {
    complain_in_full(browser, "exception", json_object_get(parameters, "exceptionDetails"));
}

static void on_issue(struct browser *browser, const json_t *parameters) {
    complain_in_full(browser, "issue", json_object_get(parameters, "issue"));
}

static void on_request(struct browser *browser, const json_t *parameters) {
    const char *url = text_of(json_object_get(parameters, "request"), "url");

    if (browser->url == NULL || strcmp(url, browser->url) != 0) {
        complain(browser, "request", url);
    }
}

static void send_command(struct browser *browser, const char *method, json_t *parameters);

/* It stands in the way of everything else until it is answered. */
static void on_dialog(struct browser *browser, const json_t *parameters) {
    complain(browser, "dialog", text_of(parameters, "message"));
    send_command(browser, "Page.handleJavaScriptDialog", json_pack("{s:b}", "accept", 1));
}

static void on_load(struct browser *browser, const json_t *parameters UNUSED) {
    browser->loaded = true;
}

static void on_event(struct browser *browser, const json_t *message) {
    static const struct {
        const char *method;
        void (*handler)(struct browser *browser, const json_t *parameters);
    } handlers[] = {
        {"Log.entryAdded", on_log_entry},          {"Runtime.consoleAPICalled", on_console},
        {"Runtime.exceptionThrown", on_exception}, {"Audits.issueAdded", on_issue},
        {"Network.requestWillBeSent", on_request}, {"Page.javascriptDialogOpening", on_dialog},
        {"Page.loadEventFired", on_load},
    };
    const char *method = text_of(message, "method");

    for (size_t i = 0; i < ARRAY_LENGTH(handlers); i++) {
        if (strcmp(handlers[i].method, method) == 0) {
            handlers[i].handler(browser, json_object_get(message, "params"));
        }
    }
}

const char *browser_complaints(struct browser *browser) {
    return buffer_string(&browser->complaints);
}

/* --- talking ---------------------------------------------------------------------------------- */

/* Takes parameters over; NULL: none. */
static void send_command(struct browser *browser, const char *method, json_t *parameters) {
    json_t *message = json_pack("{s:i, s:s, s:o*}", "id", (int)++browser->last_id, "method", method,
                                "params", parameters);

    if (browser->session != NULL) {
        json_object_set_new(message, "sessionId", json_string(browser->session));
    }
    CLEANUP(memory_freep) char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    size_t left = strlen(text) + 1;
    for (const char *at = text; left > 0;) {
        ssize_t sent = send(browser->socket, at, left, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return; /* it has ended: no answer will come */
        }
        at += sent > 0 ? sent : 0;
        left -= sent > 0 ? (size_t)sent : 0;
    }
}

/* The beginning of what was heard has been dealt with. */
static void forget_heard(struct buffer *heard, size_t count) {
    heard->length -= count;
    memmove(heard->data, heard->data + count, heard->length);
}

/* One message, waited for until then. NULL: none came. */
static json_t *next_message(struct browser *browser, int64_t latest) {
    for (;;) {
        size_t end = bytes_find(buffer_bytes(&browser->heard), BYTES("\0"), 0);
        if (end != SIZE_MAX) {
            json_t *message = json_loadb(browser->heard.data, end, 0, NULL);
            forget_heard(&browser->heard, end + 1);
            return message;
        }
        struct pollfd wait = {.fd = browser->socket, .events = POLLIN};
        int64_t left = (latest - clock_monotonic_nanoseconds()) / 1000000;
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0) {
            return NULL;
        }
        ssize_t count =
            recv(browser->socket, buffer_reserve(&browser->heard, READ_SIZE), READ_SIZE, 0);
        if (count <= 0) {
            return NULL;
        }
        browser->heard.length += (size_t)count;
    }
}

static int64_t patience(void) {
    return clock_monotonic_nanoseconds() + (int64_t)PATIENCE_MILLISECONDS * 1000000;
}

/* What comes of a command, the caller's; NULL: an error, or no answer. Events on the way are dealt
 * with. Takes parameters over; NULL: none. */
static json_t *command(struct browser *browser, const char *method, json_t *parameters) {
    int64_t latest = patience();

    send_command(browser, method, parameters);
    const json_int_t id = browser->last_id;
    for (;;) {
        json_t *message = next_message(browser, latest);
        if (message == NULL) {
            fprintf(stderr, "tests: the browser does not answer %s\n", method);
            return NULL;
        }
        json_t *result = NULL;
        bool answers = json_integer_value(json_object_get(message, "id")) == id;
        if (answers) {
            result = json_incref(json_object_get(message, "result"));
            if (result == NULL) {
                CLEANUP(memory_freep) char *error = json_dumps(message, JSON_COMPACT);
                fprintf(stderr, "tests: the browser does not do %s: %s\n", method, error);
            }
        } else {
            on_event(browser, message);
        }
        json_decref(message);
        if (answers) {
            return result;
        }
    }
}

/* A command of which only matters that it is done. */
static bool done(struct browser *browser, const char *method, json_t *parameters) {
    json_t *result = command(browser, method, parameters);
    bool is_done = result != NULL;

    json_decref(result);
    return is_done;
}

/* A string of what comes of a command; free(). NULL: there is none. */
static char *asked(struct browser *browser, const char *method, json_t *parameters,
                   const char *key) {
    json_t *result = command(browser, method, parameters);
    const char *value = json_string_value(json_object_get(result, key));
    char *copy = value != NULL ? memory_string(value) : NULL;

    json_decref(result);
    return copy;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static struct process *launch(const char *folder, int *ret_socket) {
    const char *const chosen = getenv("CHROMIUM");
    CLEANUP(memory_freep) char *log = path_join(folder, "browser.log");
    CLEANUP(buffer_free) struct buffer profile = {0};

    buffer_printf(&profile, "--user-data-dir=%s/browser", folder);
    /* It asks nobody for updates and keeps to the folder. No sandbox: that needs rights that a
     * container may not have, and the only page is ours. */
    const char *const arguments[] = {
        chosen != NULL ? chosen : "/usr/bin/chromium",
        "--headless",
        "--remote-debugging-pipe",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
        buffer_string(&profile),
        NULL,
    };
    return process_start_talking(arguments, log, ret_socket);
}

/* One page, and all that may be said of it. */
static bool attach(struct browser *browser) {
    static const char *const domains[] = {"Page.enable", "Runtime.enable", "Log.enable",
                                          "Network.enable", "Audits.enable"};
    CLEANUP(memory_freep)
    char *target =
        asked(browser, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"), "targetId");

    if (target == NULL) {
        return false;
    }
    browser->session =
        asked(browser, "Target.attachToTarget",
              json_pack("{s:s, s:b}", "targetId", target, "flatten", 1), "sessionId");
    bool ready = browser->session != NULL;
    for (size_t i = 0; ready && i < ARRAY_LENGTH(domains); i++) {
        ready = done(browser, domains[i], NULL);
    }
    return ready;
}

struct browser *browser_new(const char *folder) {
    struct browser *browser = memory_new(1, sizeof(*browser));

    browser->process = launch(folder, &browser->socket);
    if (!attach(browser)) {
        CLEANUP(memory_freep) char *log = file_read(folder, "browser.log");
        fprintf(stderr, "tests: no browser\n%s", log != NULL ? log : "");
        browser_free(browser);
        return NULL;
    }
    return browser;
}

void browser_free(struct browser *browser) {
    if (browser == NULL) {
        return;
    }
    process_free(browser->process);
    close(browser->socket);
    free(browser->session);
    free(browser->url);
    buffer_free(&browser->heard);
    buffer_free(&browser->complaints);
    free(browser);
}

/* --- a page ------------------------------------------------------------------------------------
 */

static bool look_as(struct browser *browser, struct browser_look look) {
    json_t *metrics =
        json_pack("{s:i, s:i, s:i, s:b}", "width", (int)look.width, "height", (int)look.height,
                  "deviceScaleFactor", 1, "mobile", look.width < PHONE_WIDTH_MAX);
    json_t *media = json_pack("{s:[{s:s, s:s}]}", "features", "name", "prefers-color-scheme",
                              "value", look.dark ? "dark" : "light");

    return done(browser, "Emulation.setDeviceMetricsOverride", metrics) &&
           done(browser, "Emulation.setEmulatedMedia", media);
}

/* Events until the page is loaded. */
static bool await_load(struct browser *browser) {
    int64_t latest = patience();

    while (!browser->loaded) {
        json_t *message = next_message(browser, latest);
        if (message == NULL) {
            return false;
        }
        on_event(browser, message);
        json_decref(message);
    }
    return true;
}

bool browser_open(struct browser *browser, const char *url, struct browser_look look) {
    if (!look_as(browser, look)) {
        return false;
    }
    free(browser->url);
    browser->url = memory_string(url);
    browser->loaded = false;
    buffer_clear(&browser->complaints);
    if (!done(browser, "Page.navigate", json_pack("{s:s}", "url", url)) || !await_load(browser)) {
        return false;
    }
    /* Two frames later it is drawn, and what it had to complain about has been heard. */
    json_t *drawn = browser_evaluate(browser, "new Promise(done => requestAnimationFrame(() => "
                                              "requestAnimationFrame(() => done(location.href))))");
    bool is_drawn = drawn != NULL;
    json_decref(drawn);
    return is_drawn;
}

json_t *browser_evaluate(struct browser *browser, const char *expression) {
    json_t *result = command(browser, "Runtime.evaluate",
                             json_pack("{s:s, s:b, s:b}", "expression", expression, "returnByValue",
                                       1, "awaitPromise", 1));
    const json_t *exception = json_object_get(result, "exceptionDetails");
    json_t *value = NULL;

    if (exception != NULL) {
        CLEANUP(memory_freep) char *text = json_dumps(exception, JSON_COMPACT);
        fprintf(stderr, "tests: the page throws %s\n", text);
    } else {
        value = json_incref(json_object_get(json_object_get(result, "result"), "value"));
    }
    json_decref(result);
    return value;
}

bool browser_screenshot(struct browser *browser, const char *path) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(memory_freep)
    char *encoded =
        asked(browser, "Page.captureScreenshot", json_pack("{s:s}", "format", "png"), "data");
    struct bytes image = {0};

    if (encoded == NULL || base64_decode(arena, bytes_of(encoded), &image) < 0) {
        return false;
    }
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    bool written = fwrite(image.data, 1, image.length, file) == image.length;
    return fclose(file) == 0 && written;
}
