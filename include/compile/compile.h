/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_COMPILE_H
#define SIDECAR_COMPILE_COMPILE_H

/*
 * From a snapshot to the desired state: which RemoteWrites are taken, what each becomes in
 * prometheus.yml, the merged config, the secret files, and what there is to say about all of it.
 * Pure: no file, clock, environment or network.
 *
 * What has not changed is not done again: a compiler keeps the parsed form of every file by its
 * source_file id.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/diagnostic.h"
#include "compile/form.h"
#include "compile/history.h"
#include "compile/secret_file.h"
#include "source/source.h"
#include "spec/expansion.h"
#include "spec/policy.h"
#include "spec/version.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>

struct compile_settings {
    struct policy policy;
    struct version version;            /* of Prometheus; not set: VERSION_NEWEST_KNOWN */
    struct string_list cluster_labels; /* "key=value", checked by compile_settings_check */
    const char *remote_write_selector; /* kubectl syntax; NULL or "": all */
    struct string_list namespaces;     /* empty: all */
    const char *secret_path; /* the secret directory as the merged config has to name it: relative
                                to the config's own folder ("remote-write-secrets"), or absolute */
    bool in_place; /* output = base: what is between the markers is replaced; $(NAME) is left */
    const struct environment_variable *environment; /* for $(NAME) in the base and, with
                                      policy.expand_environment, in manifests; sorted by name */
    size_t environment_count;
    struct yaml_limits limits;
    const struct history *history; /* NULL: nothing is known (render, check, a first pass) */
    /* A certificate or key that Prometheus could not load rejects the RemoteWrite. Otherwise it is
     * warned about: where manifests are judged without a Prometheus, their Secrets may be
     * stand-ins. */
    bool certificates_must_load;
};

/* Judges the settings themselves: cluster labels, selector, secret_path. 0, or -EINVAL with
 * diagnostics added. */
int compile_settings_check(const struct compile_settings *settings,
                           struct diagnostics *diagnostics);

enum remote_write_state {
    STATE_ACTIVE,
    STATE_UNSELECTED,
    STATE_PENDING,     /* a secret is missing */
    STATE_REJECTED,    /* its own fault */
    STATE_QUARANTINED, /* Prometheus refused it */
};
#define REMOTE_WRITE_STATES 5

const char *remote_write_state_name(enum remote_write_state state);

/* What became of one RemoteWrite. Strings live in the state's arena. */
struct outcome {
    const char *namespace;    /* "" where it has none */
    const char *name;         /* "" where it has none or an unusable one */
    struct location location; /* of the document */
    enum remote_write_state state;
    const char *reason; /* NULL when active */
    const char *url;    /* NULL where there is none; userinfo masked */
    /* Its text in the merged config, comment line included; empty where it is not served. */
    struct bytes entry;
    /* It is served, but in its last good form, because the present one cannot be. */
    bool earlier;
};

/* The arena holds everything here. */
struct desired_state {
    struct arena *arena;
    /* False: there is no base that can be merged into (absent, broken, of a form that cannot be
     * merged; an error diagnostic says why), and no last good one: config is empty and nothing may
     * be published. */
    bool mergeable;
    /* The present base is not what config is made of: it cannot be used, or Prometheus refused it,
     * and the last good one stands in. */
    bool base_faulty;
    bool base_refused; /* ... because Prometheus refused it */
    /* Why config is not made of the base as it is now, or is not made at all; NULL: it is. */
    const char *base_fault;
    struct bytes config;               /* the merged prometheus.yml */
    struct bytes section;              /* our block in it, markers included; may be empty */
    const struct secret_file *secrets; /* sorted by name */
    size_t secret_count;
    const struct form_set *served;  /* what config is made of; NULL unless mergeable */
    const struct form_span *spans;  /* of each form served, in config */
    const size_t *order;            /* the form that stands at each place of config */
    const struct outcome *outcomes; /* sorted by namespace, name, file, line */
    size_t outcome_count;
    /* What Prometheus refused (history->refusals) and has no outcome now, but may still be there:
     * its file, or a folder above it, was not read or understood. Sorted by namespace, name; only
     * namespace, name and file are set. */
    const struct form *lost;
    size_t lost_count;
    size_t state_counts[REMOTE_WRITE_STATES];
    size_t expansion_errors;        /* $(NAME) in the base that the environment does not have */
    struct diagnostics diagnostics; /* of snapshot, manifests and merge; sorted by place */
};

struct compiler;

struct compiler *compiler_new(void) MUST_USE;
void compiler_free(struct compiler *compiler);
void compiler_freep(struct compiler **compiler);

/* One pass. The state is the caller's (desired_state_free) and independent of snapshot and
 * compiler. Never NULL. */
struct desired_state *compiler_pass(struct compiler *compiler, const struct snapshot *snapshot,
                                    const struct compile_settings *settings) MUST_USE;

void desired_state_free(struct desired_state *state);
void desired_state_freep(struct desired_state **state);

#endif
