/* SPDX-License-Identifier: Apache-2.0 */

/* Compares one desired state with the one before, so that a pass that changes nothing says nothing.
 * Both lists of outcomes are sorted, so two fingers walk them. */

#include "agent/report.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const enum log_level level_of_severity[] = {
    [SEVERITY_INFO] = LOG_LEVEL_INFO,
    [SEVERITY_WARNING] = LOG_LEVEL_WARN,
    [SEVERITY_ERROR] = LOG_LEVEL_ERROR,
};

static const enum log_level level_of_state[] = {
    [STATE_ACTIVE] = LOG_LEVEL_INFO,       [STATE_UNSELECTED] = LOG_LEVEL_INFO,
    [STATE_PENDING] = LOG_LEVEL_WARN,      [STATE_REJECTED] = LOG_LEVEL_ERROR,
    [STATE_QUARANTINED] = LOG_LEVEL_ERROR,
};

/* --- diagnostics ---------------------------------------------------------------------------- */

static uint64_t fingerprint(const struct diagnostic *diagnostic) {
    CLEANUP(buffer_free) struct buffer text = {0};

    diagnostic_format(diagnostic, &text);
    return bytes_hash(buffer_bytes(&text));
}

static int compare_fingerprints(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

static bool was_said(const struct report *report, uint64_t print) {
    return report->said_count > 0 && bsearch(&print, report->said, report->said_count,
                                             sizeof(print), compare_fingerprints) != NULL;
}

enum {
    DIAGNOSTIC_FIELDS_MAX = 7
};

static void log_diagnostic(const struct diagnostic *diagnostic) {
    struct log_field fields[DIAGNOSTIC_FIELDS_MAX] = {{0}};
    size_t count = 0;

    if (diagnostic->location.file != NULL) {
        fields[count++] = LOG_STRING("file", diagnostic->location.file);
    }
    if (diagnostic->location.line > 0) {
        fields[count++] = LOG_INT("line", diagnostic->location.line);
    }
    if (diagnostic->location.column > 0) {
        fields[count++] = LOG_INT("column", diagnostic->location.column);
    }
    if (diagnostic->subject != NULL) {
        fields[count++] = LOG_STRING("remote_write", diagnostic->subject);
    }
    if (diagnostic->field != NULL) {
        fields[count++] = LOG_STRING("field", diagnostic->field);
    }
    if (diagnostic->remedy != NULL) {
        fields[count++] = LOG_STRING("remedy", diagnostic->remedy);
    }
    log_write(level_of_severity[diagnostic->severity], diagnostic->problem, fields);
}

void report_diagnostics(struct report *report, const struct diagnostics *diagnostics) {
    uint64_t *prints = memory_new(diagnostics->count, sizeof(uint64_t));
    size_t logged = 0;
    size_t left_out = 0;

    for (size_t i = 0; i < diagnostics->count; i++) {
        prints[i] = fingerprint(&diagnostics->items[i]);
        if (was_said(report, prints[i])) {
            continue;
        }
        if (logged < REPORT_LINES_MAX) {
            log_diagnostic(&diagnostics->items[i]);
            logged++;
        } else {
            left_out++;
        }
    }
    if (left_out > 0) {
        log_warn("more diagnostics than are logged at once", LOG_INT("left_out", left_out),
                 LOG_STRING("remedy", "the check command shows them all"));
    }
    qsort(prints, diagnostics->count, sizeof(uint64_t), compare_fingerprints);
    free(report->said);
    report->said = prints;
    report->said_count = diagnostics->count;
}

void report_free(struct report *report) {
    free(report->said);
    *report = (struct report){0};
}

/* --- outcomes ------------------------------------------------------------------------------- */

static int compare_names(const struct outcome *left, const struct outcome *right) {
    int order = strcmp(left->namespace, right->namespace);

    return order != 0 ? order : strcmp(left->name, right->name);
}

/* Two RemoteWrites of one name may exist (one is rejected): the file tells them apart. */
static int compare_identities(const struct outcome *left, const struct outcome *right) {
    int order = compare_names(left, right);

    if (order == 0 && left->location.file != NULL && right->location.file != NULL) {
        order = strcmp(left->location.file, right->location.file);
    }
    return order;
}

static void log_transition(const struct outcome *before, const struct outcome *after) {
    const struct log_field fields[] = {
        LOG_STRING("namespace", after->namespace),
        LOG_STRING("name", after->name),
        LOG_STRING("state", remote_write_state_name(after->state)),
        LOG_STRING("before", remote_write_state_name(before->state)),
        LOG_STRING("reason", after->reason),
        {0},
    };
    const struct log_field without_reason[] = {fields[0], fields[1], fields[2], fields[3], {0}};

    log_write(level_of_state[after->state], "RemoteWrite has another state",
              after->reason != NULL ? fields : without_reason);
}

void report_transitions(const struct desired_state *before, const struct desired_state *after) {
    size_t old = 0;
    size_t new = 0;
    size_t changed = 0;

    while (before != NULL && old < before->outcome_count && new < after->outcome_count) {
        const struct outcome *was = &before->outcomes[old];
        const struct outcome *is = &after->outcomes[new];
        int order = compare_identities(was, is);
        if (order == 0 && was->state != is->state && ++changed <= REPORT_LINES_MAX) {
            log_transition(was, is);
        }
        old += order <= 0 ? 1 : 0;
        new += order >= 0 ? 1 : 0;
    }
    if (changed > REPORT_LINES_MAX) {
        log_warn("more RemoteWrites changed their state than are logged at once",
                 LOG_INT("left_out", changed - REPORT_LINES_MAX));
    }
}

/* --- entries -------------------------------------------------------------------------------- */

static void change_note(struct entry_change *change, const struct form *form) {
    change->count++;
    if (change->count <= REPORT_NAMES_MAX) {
        buffer_append_string(&change->names, change->count > 1 ? ", " : "");
        buffer_printf(&change->names, "%s/%s", form->namespace, form->name);
    }
}

static void change_end(struct entry_change *change) {
    if (change->count > REPORT_NAMES_MAX) {
        buffer_printf(&change->names, " and %zu more", change->count - REPORT_NAMES_MAX);
    }
}

struct entry_changes entry_changes(const struct form_set *before, const struct form_set *after) {
    struct entry_changes changes = {0};
    size_t old_count = before != NULL ? before->count : 0;
    size_t old = 0;
    size_t new = 0;

    while (old < old_count || new < after->count) {
        const struct form *was = old < old_count ? &before->forms[old] : NULL;
        const struct form *is = new < after->count ? &after->forms[new] : NULL;
        int order = was == NULL ? 1 : is == NULL ? -1 : form_compare(was, is);
        if (order > 0 && is != NULL) {
            change_note(&changes.added, is);
        } else if (order < 0 && was != NULL) {
            change_note(&changes.removed, was);
        } else if (order == 0 && !form_same_entry(was, is)) {
            change_note(&changes.changed, is);
        }
        old += order <= 0 ? 1 : 0;
        new += order >= 0 ? 1 : 0;
    }
    change_end(&changes.added);
    change_end(&changes.changed);
    change_end(&changes.removed);
    return changes;
}

void entry_changes_free(struct entry_changes *changes) {
    buffer_free(&changes->added.names);
    buffer_free(&changes->changed.names);
    buffer_free(&changes->removed.names);
}
