/* SPDX-License-Identifier: Apache-2.0 */

/* The log has one sink for the whole process; so has its gatherer. */

#include "support/log_lines.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char **items;
    size_t count;
} lines;

static void keep(const char *line, void *context) {
    (void)context;
    lines.items = memory_resize(lines.items, lines.count + 1, sizeof(*lines.items));
    lines.items[lines.count++] = memory_string(line);
}

void log_lines_start(void) {
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
    log_redirect(keep, NULL);
}

void log_lines_stop(void) {
    log_redirect(NULL, NULL);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    for (size_t i = 0; i < lines.count; i++) {
        free(lines.items[i]);
    }
    free(lines.items);
    lines.items = NULL;
    lines.count = 0;
}

size_t log_lines_count(const char *a, const char *b) {
    size_t count = 0;

    for (size_t i = 0; i < lines.count; i++) {
        if (strstr(lines.items[i], a) != NULL && (b == NULL || strstr(lines.items[i], b) != NULL)) {
            count++;
        }
    }
    return count;
}

void log_lines_show(void) {
    for (size_t i = 0; i < lines.count; i++) {
        fprintf(stderr, "%s\n", lines.items[i]);
    }
}
