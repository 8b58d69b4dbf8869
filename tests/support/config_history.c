/* SPDX-License-Identifier: Apache-2.0 */

/* A version is taken together with its secret files: both are read, and then the config again; had
 * it changed meanwhile, the secrets may be the next version's. */

#include "support/config_history.h"

#include "base/memory.h"
#include "support/process.h"
#include "support/tempdir.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    PROMTOOL_MILLISECONDS = 60000
};

struct config_history {
    char *folder;
    char *name;
    char *secrets;
    char *kept;
    char *last; /* the version that was kept last */
    size_t count;
    int notify;
    int stop;
    pthread_t thread;
    bool running;
};

static void keep_secrets(const struct config_history *history) {
    CLEANUP(memory_freep) char *from = path_join(history->folder, history->secrets);
    CLEANUP(memory_freep) char *to = path_join(history->kept, history->secrets);
    DIR *stream = opendir(from);
    const struct dirent *entry = NULL;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        /* Temporary files begin with a dot as well. */
        if (entry->d_name[0] != '.') {
            CLEANUP(memory_freep) char *content = file_read(from, entry->d_name);
            file_write(to, entry->d_name, content != NULL ? content : "");
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

static void keep(struct config_history *history) {
    for (;;) {
        CLEANUP(memory_freep) char *content = file_read(history->folder, history->name);
        if (content == NULL || (history->last != NULL && strcmp(content, history->last) == 0)) {
            return;
        }
        keep_secrets(history);
        CLEANUP(memory_freep) char *again = file_read(history->folder, history->name);
        if (again == NULL || strcmp(content, again) != 0) {
            continue;
        }
        char name[32];
        snprintf(name, sizeof(name), "%06zu.yml", history->count++);
        file_write(history->kept, name, content);
        free(history->last);
        history->last = TAKE_PTR(content);
        return;
    }
}

static void *watch(void *context) {
    struct config_history *history = context;
    struct pollfd sources[] = {{.fd = history->notify, .events = POLLIN},
                               {.fd = history->stop, .events = POLLIN}};
    char events[4096];

    keep(history);
    while (poll(sources, ARRAY_LENGTH(sources), -1) > 0 && sources[1].revents == 0) {
        if (read(history->notify, events, sizeof(events)) > 0) {
            keep(history);
        }
    }
    keep(history);
    return NULL;
}

struct config_history *config_history_start(const char *folder, const char *name,
                                            const char *secrets, const char *kept) {
    struct config_history *history = memory_new(1, sizeof(*history));

    history->folder = memory_string(folder);
    history->name = memory_string(name);
    history->secrets = memory_string(secrets);
    history->kept = memory_string(kept);
    history->notify = inotify_init1(IN_CLOEXEC);
    history->stop = eventfd(0, EFD_CLOEXEC);
    if (history->notify < 0 || history->stop < 0 ||
        inotify_add_watch(history->notify, folder, IN_MOVED_TO | IN_CLOSE_WRITE) < 0 ||
        pthread_create(&history->thread, NULL, watch, history) != 0) {
        perror("tests: watching the config");
        abort();
    }
    history->running = true;
    return history;
}

size_t config_history_stop(struct config_history *history) {
    if (history->running) {
        eventfd_write(history->stop, 1);
        pthread_join(history->thread, NULL);
        history->running = false;
    }
    return history->count;
}

bool config_history_is_valid(const struct config_history *history) {
    const char *promtool = getenv("PROMTOOL");
    CLEANUP(memory_freep) char *log = path_join(history->kept, "promtool.log");
    size_t count = 0;

    if (promtool == NULL || history->count == 0) {
        return true;
    }
    const char **arguments = memory_new(history->count + 4, sizeof(*arguments));
    arguments[count++] = promtool;
    arguments[count++] = "check";
    arguments[count++] = "config";
    for (size_t i = 0; i < history->count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%06zu.yml", i);
        arguments[count++] = path_join(history->kept, name);
    }
    bool valid = process_run(arguments, NULL, log, PROMTOOL_MILLISECONDS) == 0;
    for (size_t i = 3; i < count; i++) {
        free((void *)(uintptr_t)arguments[i]);
    }
    free(arguments);
    if (!valid) {
        CLEANUP(memory_freep) char *said = file_read(history->kept, "promtool.log");
        fprintf(stderr, "tests: promtool check config:\n%s\n", said != NULL ? said : "(nothing)");
    }
    return valid;
}

void config_history_free(struct config_history *history) {
    if (history == NULL) {
        return;
    }
    config_history_stop(history);
    close(history->notify);
    close(history->stop);
    free(history->folder);
    free(history->name);
    free(history->secrets);
    free(history->kept);
    free(history->last);
    free(history);
}
