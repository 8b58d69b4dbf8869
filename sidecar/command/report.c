/* SPDX-License-Identifier: Apache-2.0 */

/* Lines on stdout and stderr, and whether they got there. */

#include "command/report.h"

#include <errno.h>
#include <string.h>

void diagnostics_print(FILE *stream, const struct diagnostics *diagnostics) {
    CLEANUP(buffer_free) struct buffer line = {0};

    for (size_t i = 0; i < diagnostics->count; i++) {
        buffer_clear(&line);
        diagnostic_format(&diagnostics->items[i], &line);
        buffer_append_char(&line, '\n');
        fwrite(line.data, 1, line.length, stream);
    }
}

/* A remedy leads to the help already. */
static bool names_help(const struct diagnostics *diagnostics) {
    for (size_t i = 0; i < diagnostics->count; i++) {
        const char *remedy = diagnostics->items[i].remedy;
        if (remedy != NULL && (strstr(remedy, "remotewrite-sidecar --help") != NULL ||
                               strstr(remedy, "remotewrite-sidecar help") != NULL)) {
            return true;
        }
    }
    return false;
}

enum exit_status usage_fault(const struct diagnostics *diagnostics) {
    diagnostics_print(stderr, diagnostics);
    if (!names_help(diagnostics)) {
        fputs("remotewrite-sidecar --help says what there is.\n", stderr);
    }
    return STATUS_USAGE;
}

enum exit_status output_write(struct bytes bytes) {
    if ((bytes.length > 0 && fwrite(bytes.data, 1, bytes.length, stdout) != bytes.length) ||
        fflush(stdout) != 0) {
        /* A reader that has seen enough (head, less) wants no message. */
        if (errno != EPIPE) {
            fprintf(stderr, "error: standard output cannot be written: %s\n", strerror(errno));
        }
        return STATUS_FAULT;
    }
    return STATUS_OK;
}
