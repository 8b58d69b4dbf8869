/* SPDX-License-Identifier: Apache-2.0 */

/* The way from argv to settings, for tests. */

#include "support/settings_fixture.h"

#include "base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    MOST_ARGUMENTS = 64
};

static char *file_written(struct bytes content) {
    char *path = memory_string("/tmp/settings-XXXXXX");
    int descriptor = mkstemp(path);

    assert(descriptor >= 0);
    ssize_t written = write(descriptor, content.data, content.length);
    assert(written == (ssize_t)content.length);
    (void)written;
    close(descriptor);
    return path;
}

struct settings_fixture *settings_given(const char *file, ...) {
    struct settings_fixture *fixture = memory_new(1, sizeof(*fixture));
    char *arguments[MOST_ARGUMENTS] = {NULL};
    size_t count = 0;
    va_list list;

    fixture->arena = arena_new();
    fixture->diagnostics = diagnostics_in(fixture->arena);
    if (file != NULL) {
        fixture->path = file_written(bytes_of(file));
        arguments[count++] = arena_format(fixture->arena, "--sidecar-config=%s", fixture->path);
    }
    va_start(list, file);
    for (const char *argument = va_arg(list, const char *); argument != NULL;
         argument = va_arg(list, const char *)) {
        assert(count < MOST_ARGUMENTS);
        arguments[count++] = arena_string(fixture->arena, bytes_of(argument));
    }
    va_end(list);
    fixture->error =
        flags_parse(fixture->arena, count, arguments, &fixture->diagnostics, &fixture->flags);
    if (fixture->error == 0) {
        fixture->error = settings_read(&fixture->flags, &fixture->diagnostics, &fixture->settings);
    }
    return fixture;
}

void settings_fixture_free(struct settings_fixture *fixture) {
    if (fixture == NULL) {
        return;
    }
    if (fixture->path != NULL) {
        unlink(fixture->path);
        free(fixture->path);
    }
    settings_free(fixture->settings);
    arena_free(fixture->arena);
    free(fixture);
}

void settings_fixture_freep(struct settings_fixture **fixture) {
    settings_fixture_free(*fixture);
    *fixture = NULL;
}

const char *settings_messages(const struct settings_fixture *fixture) {
    CLEANUP(buffer_free) struct buffer text = {0};

    for (size_t i = 0; i < fixture->diagnostics.count; i++) {
        struct diagnostic diagnostic = fixture->diagnostics.items[i];
        if (fixture->path != NULL && diagnostic.location.file != NULL) {
            diagnostic.location.file = "sidecar.cfg";
        }
        diagnostic_format(&diagnostic, &text);
        buffer_append_char(&text, '\n');
    }
    return arena_string(fixture->arena, buffer_bytes(&text));
}
