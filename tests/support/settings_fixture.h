/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SETTINGS_FIXTURE_H
#define TESTS_SUPPORT_SETTINGS_FIXTURE_H

/* A command line, and optionally a sidecar.cfg, read as the program reads them. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "options/flags.h"
#include "options/settings.h"

struct settings_fixture {
    struct arena *arena;
    struct diagnostics diagnostics;
    struct flags flags;
    struct settings *settings; /* NULL where there was an error */
    int error;
    char *path; /* of the sidecar.cfg, or NULL */
};

/* Arguments end with NULL: settings_given(NULL, "--config-file=a", NULL). file: what sidecar.cfg
 * holds (handed over as --sidecar-config), or NULL. */
struct settings_fixture *settings_given(const char *file, ...) __attribute__((sentinel));
void settings_fixture_free(struct settings_fixture *fixture);
void settings_fixture_freep(struct settings_fixture **fixture);

/* Every diagnostic a line, the path of the sidecar.cfg as "sidecar.cfg". Lives in the fixture. */
const char *settings_messages(const struct settings_fixture *fixture);

#define SETTINGS __attribute__((cleanup(settings_fixture_freep))) struct settings_fixture *

#endif
