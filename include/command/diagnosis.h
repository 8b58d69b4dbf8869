/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMMAND_DIAGNOSIS_H
#define SIDECAR_COMMAND_DIAGNOSIS_H

/* The diagnostics of a pass as the web server shows them: counted by source and severity, and the
 * worst of them, so many and so long that whoever writes manifests cannot make an answer endless.
 */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "source/source.h"
#include "web/view.h"

/* Diagnostics that are shown; the rest is counted. */
#define DIAGNOSIS_SHOWN_MAX 100

/* Bytes of one text that are shown. */
#define DIAGNOSIS_TEXT_MAX 1000

/* The source of errors outside of all that is configured. */
#define DIAGNOSIS_ELSEWHERE "(other)"

struct diagnosis {
    const struct web_source *sources;
    size_t source_count;
    const struct web_severity_count *severities;
    size_t severity_count;
    const struct web_diagnostic *items;
    size_t count;
    size_t left_out;
};

/* Everything in the result lives in the arena. diagnostics NULL: none yet. */
struct diagnosis diagnosis_of(struct arena *arena, const struct source_settings *settings,
                              const struct diagnostics *diagnostics);

#endif
