/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass: manifests out of the snapshot (parsed anew only where the bytes are new), every
 * RemoteWrite judged, those that are taken merged into the base. A fault of one RemoteWrite is its
 * own: it gets an outcome, the pass goes on.
 */

#include "compile/compile.h"

#include "base/memory.h"
#include "compile/envsubst.h"
#include "compile/form.h"
#include "compile/history.h"
#include "compile/merge.h"
#include "compile/order.h"
#include "compile/proven.h"
#include "compile/translate.h"
#include "source/gzip.h"
#include "spec/manifest.h"
#include "spec/regex.h"
#include "spec/rules.h"
#include "spec/secrets.h"
#include "spec/selector.h"
#include "spec/url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A parsed file, kept while the file's bytes are the same. */
struct cached_manifest {
    uint64_t id;
    const struct volume_config *volume;
    struct manifest *manifest;
    uint64_t last_pass;
};

struct compiler {
    struct cached_manifest *cache; /* sorted by id, then volume */
    size_t count;
    uint64_t pass;
    struct proven *proven; /* of the last merge */
};

/* One RemoteWrite on its way through a pass. */
struct candidate {
    const struct remote_write *remote_write;
    const struct volume_config *volume;
    struct diagnostics diagnostics; /* of this pass: policy, secrets, gates, names */
    struct outcome outcome;
    struct translation translation;
    const char *lost;             /* why only its last good form is left of it; NULL: it is there */
    const struct form *good;      /* its last good form; NULL: none */
    const struct form *published; /* its form on disk; NULL: none, or not known */
    enum secret_names names;      /* of the secret files in its present form */
    const struct refusal *refusal; /* Prometheus refused it in its present form */
    struct form form;              /* what is served of it, when it is */
    bool served;
};

struct pass {
    struct compiler *compiler;
    const struct snapshot *snapshot;
    const struct compile_settings *settings;
    struct desired_state *state;
    struct arena *arena; /* the state's */
    struct version version;
    struct labels cluster;
    const struct selector *selector;
    struct secret_store *store;
    struct base *base;
    const struct manifest **manifests;
    const char **manifest_paths; /* of each manifest */
    size_t manifest_count;
    struct candidate *candidates;
    size_t candidate_count;
};

static const char *const state_names[REMOTE_WRITE_STATES] = {"active", "unselected", "pending",
                                                             "rejected", "quarantined"};

const char *remote_write_state_name(enum remote_write_state state) {
    return state_names[state];
}

/* The cache of parsed files. */

struct compiler *compiler_new(void) {
    struct compiler *compiler = memory_new(1, sizeof(*compiler));

    compiler->proven = proven_new();
    return compiler;
}

void compiler_free(struct compiler *compiler) {
    if (compiler == NULL)
        return;
    for (size_t i = 0; i < compiler->count; i++)
        manifest_free(compiler->cache[i].manifest);
    free(compiler->cache);
    proven_free(compiler->proven);
    free(compiler);
}

void compiler_freep(struct compiler **compiler) {
    compiler_free(*compiler);
}

static int compare_cached(const void *left, const void *right) {
    const struct cached_manifest *one = left;
    const struct cached_manifest *other = right;

    if (one->id != other->id)
        return one->id < other->id ? -1 : 1;
    return (one->volume > other->volume) - (one->volume < other->volume);
}

/* The parsed form of a file; new ones go to the end of the cache, behind the sorted part of
 * `sorted` entries. */
static struct manifest *manifest_of(struct compiler *compiler, size_t sorted,
                                    const struct source_file *file,
                                    const struct volume_config *volume,
                                    const struct compile_settings *settings) {
    const struct expansion expansion = {.enabled = settings->policy.expand_environment,
                                        .variables = settings->environment,
                                        .count = settings->environment_count};
    struct cached_manifest wanted = {.id = file->id, .volume = volume, .last_pass = compiler->pass};
    struct cached_manifest *found = NULL;

    if (sorted > 0)
        found = bsearch(&wanted, compiler->cache, sorted, sizeof(wanted), compare_cached);
    if (found != NULL) {
        found->last_pass = compiler->pass;
        return found->manifest;
    }
    wanted.manifest =
        manifest_read(file->content, file->path, volume->namespace, &settings->limits, &expansion);
    compiler->cache[compiler->count++] = wanted;
    return wanted.manifest;
}

static void read_manifests(struct pass *pass) {
    struct compiler *compiler = pass->compiler;
    const struct snapshot *snapshot = pass->snapshot;
    size_t sorted = compiler->count;
    size_t files = 0;

    for (size_t i = 0; i < snapshot->volume_count; i++)
        files += snapshot->volumes[i].file_count;
    compiler->cache =
        memory_resize(compiler->cache, compiler->count + files + 1, sizeof(*compiler->cache));
    pass->manifests = ARENA_NEW_ARRAY(pass->arena, const struct manifest *, files);
    pass->manifest_paths = ARENA_NEW_ARRAY(pass->arena, const char *, files);

    for (size_t i = 0; i < snapshot->volume_count; i++) {
        const struct snapshot_volume *volume = &snapshot->volumes[i];

        if (volume->config->kind != VOLUME_REMOTE_WRITE)
            continue;
        for (size_t j = 0; j < volume->file_count; j++) {
            struct manifest *manifest =
                manifest_of(compiler, sorted, volume->files[j], volume->config, pass->settings);

            pass->manifest_paths[pass->manifest_count] = volume->files[j]->path;
            pass->manifests[pass->manifest_count++] = manifest;
            diagnostics_append(&pass->state->diagnostics, &manifest->diagnostics);
        }
    }
}

/* Forgets the files that this pass did not see. */
static void cache_sweep(struct compiler *compiler) {
    size_t kept = 0;

    for (size_t i = 0; i < compiler->count; i++) {
        if (compiler->cache[i].last_pass == compiler->pass)
            compiler->cache[kept++] = compiler->cache[i];
        else
            manifest_free(compiler->cache[i].manifest);
    }
    compiler->count = kept;
    if (kept > 0)
        qsort(compiler->cache, kept, sizeof(*compiler->cache), compare_cached);
}

/* Candidates. */

/* Of several with one namespace and name the first is served: one whose directory vouches for the
 * namespace goes before those that only say so. */
static int compare_candidates(const void *left, const void *right) {
    const struct remote_write *one = ((const struct candidate *)left)->remote_write;
    const struct remote_write *other = ((const struct candidate *)right)->remote_write;
    int order = strcmp(one->namespace, other->namespace);

    if (order == 0)
        order = strcmp(one->name, other->name);
    if (order == 0)
        order = other->bound - one->bound;
    if (order == 0)
        order = strcmp(one->location.file, other->location.file);
    if (order == 0)
        order = (one->location.line > other->location.line) -
                (one->location.line < other->location.line);
    if (order == 0)
        order = (one->location.column > other->location.column) -
                (one->location.column < other->location.column);
    return order;
}

/* The path below a volume's; NULL: it is not below it. */
static const char *relative_to(const char *volume, const char *path) {
    size_t length = strlen(volume);

    while (length > 0 && volume[length - 1] == '/')
        length--;
    return strncmp(volume, path, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* Why a good form's RemoteWrite, of which no manifest speaks now, may still exist; NULL: it was
 * removed. */
static const char *why_lost(const struct pass *pass, const struct form *form) {
    const struct snapshot *snapshot = pass->snapshot;

    for (size_t i = 0; i < pass->manifest_count; i++) {
        if (strcmp(pass->manifest_paths[i], form->file) == 0)
            return pass->manifests[i]->unidentified > 0
                       ? "its manifest cannot be understood; correct the errors of its file"
                       : NULL;
    }
    for (size_t i = 0; i < snapshot->volume_count; i++) {
        const struct snapshot_volume *volume = &snapshot->volumes[i];
        const char *relative = relative_to(volume->config->path, form->file);

        if (relative == NULL || volume->config->kind != VOLUME_REMOTE_WRITE)
            continue;
        if (!volume->present)
            return "its directory is not there; mount it again, or remove it from the settings";
        if (volume_is_unread(volume, relative))
            return "its file, or a folder above it, was not read; see what is said about it";
    }
    return NULL;
}

/* A RemoteWrite of which only the last good form is left. */
static void add_lost(struct pass *pass, const struct form *form, const char *why) {
    struct candidate *candidate = &pass->candidates[pass->candidate_count++];
    struct remote_write *remote_write = ARENA_NEW(pass->arena, struct remote_write);

    remote_write->namespace = form->namespace;
    remote_write->name = form->name;
    remote_write->subject = form->namespace[0] != '\0'
                                ? arena_format(pass->arena, "%s/%s", form->namespace, form->name)
                                : form->name;
    remote_write->location.file = form->file;
    remote_write->diagnostics = diagnostics_in(pass->arena);
    candidate->remote_write = remote_write;
    candidate->diagnostics = diagnostics_in(pass->arena);
    candidate->lost = why;
}

/* What a search for a good form's RemoteWrite compares. */
static int compare_with_form(const void *form, const void *candidate) {
    const struct form *wanted = form;
    const struct remote_write *remote_write = ((const struct candidate *)candidate)->remote_write;
    int order = strcmp(wanted->namespace, remote_write->namespace);

    return order != 0 ? order : strcmp(wanted->name, remote_write->name);
}

static void sort_candidates(struct pass *pass) {
    if (pass->candidate_count > 0)
        qsort(pass->candidates, pass->candidate_count, sizeof(*pass->candidates),
              compare_candidates);
}

static bool is_candidate(const struct pass *pass, const struct form *form) {
    return pass->candidate_count > 0 &&
           bsearch(form, pass->candidates, pass->candidate_count, sizeof(*pass->candidates),
                   compare_with_form) != NULL;
}

/* What Prometheus refused and may still be there. */
static void collect_lost_refusals(struct pass *pass) {
    const struct history *history = pass->settings->history;
    struct desired_state *state = pass->state;
    struct form *lost;

    if (history == NULL)
        return;
    lost = ARENA_NEW_ARRAY(pass->arena, struct form, history->refusal_count);
    for (size_t i = 0; i < history->refusal_count; i++) {
        const struct form *form = &history->refusals[i].form;

        if (!is_candidate(pass, form) && why_lost(pass, form) != NULL)
            lost[state->lost_count++] = (struct form){
                .namespace = arena_string(pass->arena, bytes_of(form->namespace)),
                .name = arena_string(pass->arena, bytes_of(form->name)),
                .file = arena_string(pass->arena, bytes_of(form->file)),
            };
    }
    state->lost = lost;
}

static void collect_lost(struct pass *pass) {
    const struct form_set *good =
        pass->settings->history != NULL ? pass->settings->history->forms : NULL;
    size_t there = pass->candidate_count;

    for (size_t i = 0; good != NULL && i < good->count; i++) {
        const struct form *form = &good->forms[i];
        const char *why;

        if (there > 0 && bsearch(form, pass->candidates, there, sizeof(*pass->candidates),
                                 compare_with_form) != NULL)
            continue;
        why = why_lost(pass, form);
        if (why != NULL)
            add_lost(pass, form, why);
    }
    if (pass->candidate_count > there)
        sort_candidates(pass);
}

static void collect_candidates(struct pass *pass) {
    const struct history *history = pass->settings->history;
    size_t count = history != NULL && history->forms != NULL ? history->forms->count : 0;

    for (size_t i = 0; i < pass->manifest_count; i++)
        count += pass->manifests[i]->remote_write_count;
    pass->candidates = ARENA_NEW_ARRAY(pass->arena, struct candidate, count);
    for (size_t i = 0; i < pass->manifest_count; i++) {
        for (size_t j = 0; j < pass->manifests[i]->remote_write_count; j++) {
            struct candidate *candidate = &pass->candidates[pass->candidate_count++];

            candidate->remote_write = pass->manifests[i]->remote_writes[j];
            candidate->diagnostics = diagnostics_in(pass->arena);
        }
    }
    sort_candidates(pass);
    collect_lost(pass);
    collect_lost_refusals(pass);
}

static void collect_documents(struct pass *pass) {
    const struct keyed_document **documents;
    size_t count = 0;

    for (size_t i = 0; i < pass->manifest_count; i++)
        count += pass->manifests[i]->document_count;
    documents = ARENA_NEW_ARRAY(pass->arena, const struct keyed_document *, count);
    count = 0;
    for (size_t i = 0; i < pass->manifest_count; i++) {
        for (size_t j = 0; j < pass->manifests[i]->document_count; j++)
            documents[count++] = pass->manifests[i]->documents[j];
    }
    pass->store = secret_store_new(pass->arena, pass->snapshot, documents, count);
}

/* Judging one RemoteWrite. */

/* "a.yaml:7", or the file alone where the line is not known: of one whose manifest cannot be
 * understood any more. */
static const char *place_of(const struct pass *pass, const struct location *location) {
    return location->line > 0 ? arena_format(pass->arena, "%s:%u", location->file, location->line)
                              : location->file;
}

static struct scope candidate_scope(struct pass *pass, struct candidate *candidate) {
    return (struct scope){
        .arena = pass->arena,
        .diagnostics = &candidate->diagnostics,
        .file = candidate->remote_write->location.file,
        .subject = candidate->remote_write->subject,
        .about_remote_write = true,
    };
}

static const char *first_error(struct arena *arena, const struct diagnostics *diagnostics) {
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];

        if (item->severity == SEVERITY_ERROR)
            return arena_format(arena, "%s%s%s; %s", item->field != NULL ? item->field : "",
                                item->field != NULL ? ": " : "", item->problem,
                                item->remedy != NULL ? item->remedy : "");
    }
    return NULL;
}

static void decide(struct candidate *candidate, enum remote_write_state state, const char *reason) {
    candidate->outcome.state = state;
    candidate->outcome.reason = reason;
}

/* --remote-write-namespace and --remote-write-selector: whose RemoteWrites these are at all. */
static const char *not_ours(struct pass *pass, const struct remote_write *remote_write) {
    const struct string_list *namespaces = &pass->settings->namespaces;
    const char *mismatch;
    bool accepted = namespaces->count == 0;

    for (size_t i = 0; i < namespaces->count && !accepted; i++)
        accepted = strcmp(namespaces->items[i], remote_write->namespace) == 0;
    if (!accepted)
        return arena_format(pass->arena,
                            "namespace \"%s\" is not among those of --remote-write-namespace",
                            remote_write->namespace);
    mismatch = selector_mismatch(pass->arena, pass->selector, &remote_write->labels);
    if (mismatch != NULL)
        return arena_format(pass->arena, "its labels do not match --remote-write-selector: %s",
                            mismatch);
    return NULL;
}

static const char *not_this_cluster(struct pass *pass, const struct remote_write *remote_write) {
    const char *mismatch;

    if (remote_write->cluster_selector == NULL)
        return "it has no clusterSelector, which selects no cluster";
    mismatch = selector_mismatch(pass->arena, remote_write->cluster_selector, &pass->cluster);
    if (mismatch != NULL)
        return arena_format(pass->arena, "this cluster's labels do not match clusterSelector: %s",
                            mismatch);
    return NULL;
}

static void unselect(struct pass *pass, struct candidate *candidate, const char *reason) {
    struct scope scope = candidate_scope(pass, candidate);

    scope_report(&scope, SEVERITY_INFO, candidate->remote_write->node, NULL, NULL,
                 "is not selected: %s", reason);
    decide(candidate, STATE_UNSELECTED, arena_string(pass->arena, bytes_of(reason)));
}

/* Whom a selector takes is not known as long as the labels file was never read: who was served goes
 * on being so. One without requirements takes every cluster. */
static bool waits_for_labels(const struct pass *pass, const struct remote_write *remote_write) {
    const struct snapshot_single *file = &pass->snapshot->labels;

    return file->path != NULL && file->file == NULL && remote_write->cluster_selector != NULL &&
           remote_write->cluster_selector->count > 0;
}

static void wait_for_labels(struct pass *pass, struct candidate *candidate) {
    const char *reason =
        arena_format(pass->arena, "the cluster's labels are not known: %s was not read so far",
                     pass->snapshot->labels.path);
    struct scope scope = candidate_scope(pass, candidate);

    scope_report(&scope, SEVERITY_WARNING, candidate->remote_write->node, NULL,
                 "put the labels file there, or correct --cluster-labels-file", "waits: %s",
                 reason);
    decide(candidate, STATE_PENDING, reason);
}

static void require_namespace(struct pass *pass, struct scope *scope,
                              const struct remote_write *remote_write) {
    const char *label = pass->settings->policy.enforced_namespace_label;

    if (label != NULL && label[0] != '\0' && remote_write->namespace[0] == '\0')
        scope_report(
            scope, SEVERITY_ERROR, remote_write->node, "metadata.namespace",
            "give it a namespace, or bind its directory to one",
            "is missing, and only series of its own namespace may be sent (--enforced-namespace-label)");
}

static void judge(struct pass *pass, struct candidate *candidate) {
    const struct remote_write *remote_write = candidate->remote_write;
    struct scope scope = candidate_scope(pass, candidate);
    const char *reason;

    if (candidate->lost != NULL) {
        decide(candidate, STATE_REJECTED, candidate->lost);
        return;
    }
    reason = not_ours(pass, remote_write);
    if (reason != NULL) {
        unselect(pass, candidate, reason);
        return;
    }
    diagnostics_append(&pass->state->diagnostics, &remote_write->diagnostics);
    if (remote_write->fault != NULL) {
        decide(candidate, STATE_REJECTED, arena_string(pass->arena, bytes_of(remote_write->fault)));
        return;
    }

    rules_check(&scope, remote_write->spec, pass->version);
    policy_check(&scope, remote_write->spec, &pass->settings->policy);
    require_namespace(pass, &scope, remote_write);
    if (scope.errors == 0 && waits_for_labels(pass, remote_write)) {
        wait_for_labels(pass, candidate);
        return;
    }
    reason = not_this_cluster(pass, remote_write);
    if (scope.errors == 0 && reason != NULL) {
        unselect(pass, candidate, reason);
        return;
    }
    if (scope.errors == 0)
        translate(&scope, remote_write, pass->store, pass->settings, pass->version,
                  candidate->names, &candidate->translation);

    if (scope.errors > 0)
        decide(candidate, STATE_REJECTED, first_error(pass->arena, &candidate->diagnostics));
    else if (candidate->translation.pending != NULL)
        decide(candidate, STATE_PENDING, candidate->translation.pending);
    else
        decide(candidate, STATE_ACTIVE, NULL);
}

/* What is known from earlier passes: a form that Prometheus refused is refused again without
 * asking; one that it took stands in for a present one that cannot be served. */

static int compare_refusal(const void *form, const void *refusal) {
    return form_compare(form, &((const struct refusal *)refusal)->form);
}

/* Of its RemoteWrite, in whatever form; NULL: there is none. */
static const struct refusal *find_refusal(const struct history *history, const struct form *form) {
    return history->refusal_count == 0 ? NULL
                                       : bsearch(form, history->refusals, history->refusal_count,
                                                 sizeof(*history->refusals), compare_refusal);
}

/* Its secret files have the names of its form on disk, else of its last good form, or where there
 * is none those of the one that was refused: what has not changed is the same form again. */
static void remember(struct pass *pass, struct candidate *candidate) {
    const struct remote_write *remote_write = candidate->remote_write;
    const struct history *history = pass->settings->history;
    const struct form wanted = {.namespace = remote_write->namespace, .name = remote_write->name};
    const struct refusal *refusal;

    if (history == NULL || remote_write->name[0] == '\0')
        return;
    candidate->good = form_set_find(history->forms, wanted.namespace, wanted.name);
    candidate->published = form_set_find(history->published, wanted.namespace, wanted.name);
    refusal = find_refusal(history, &wanted);
    if (candidate->published != NULL)
        candidate->names = form_secret_names(candidate->published);
    else if (candidate->good != NULL)
        candidate->names = form_secret_names(candidate->good);
    else if (refusal != NULL)
        candidate->names = form_secret_names(&refusal->form);
}

static void quarantine(struct pass *pass, struct candidate *candidate,
                       const struct refusal *refusal) {
    struct scope scope = candidate_scope(pass, candidate);

    scope_report(&scope, SEVERITY_ERROR, candidate->remote_write->node, NULL,
                 "change the manifest or its secrets; SIGHUP asks Prometheus again",
                 "Prometheus refused it: %s", refusal->words);
    decide(candidate, STATE_QUARANTINED,
           arena_format(pass->arena, "Prometheus refused it: %s", refusal->words));
}

static struct form present_form(struct pass *pass, const struct candidate *candidate) {
    const struct remote_write *remote_write = candidate->remote_write;

    return form_of(pass->arena, remote_write->namespace, remote_write->name,
                   remote_write->location.file, candidate->translation.entry,
                   candidate->translation.secrets, candidate->translation.secret_count);
}

static bool overwrites(const struct candidate *candidate, const struct form *running) {
    return running != NULL && form_overwrites(&candidate->form, running);
}

/* The last good form is what Prometheus runs until it has loaded another one, and it may have
 * loaded the form on disk at a start: a new password must not go where the old one went. The same
 * entry with other secrets is a rotation, which is meant to reach the queue that runs. Two forms
 * use two sets of names at most, so one of the three is free. */
static void spare_good_files(struct pass *pass, struct candidate *candidate) {
    const enum secret_names before = candidate->names;
    struct diagnostics said_before = diagnostics_in(pass->arena);
    struct scope scope = candidate_scope(pass, candidate);

    scope.diagnostics = &said_before;
    for (unsigned i = 0; i < SECRET_NAMES; i++) {
        if (!overwrites(candidate, candidate->good) && !overwrites(candidate, candidate->published))
            return;
        if ((enum secret_names)i == before)
            continue;
        candidate->names = (enum secret_names)i;
        translate(&scope, candidate->remote_write, pass->store, pass->settings, pass->version,
                  candidate->names, &candidate->translation);
        candidate->form = present_form(pass, candidate);
    }
}

static void recall(struct pass *pass, struct candidate *candidate) {
    const struct history *history = pass->settings->history;
    const struct refusal *refusal;

    if (candidate->outcome.state != STATE_ACTIVE)
        return;
    candidate->form = present_form(pass, candidate);
    spare_good_files(pass, candidate);
    refusal = history != NULL ? find_refusal(history, &candidate->form) : NULL;
    if (refusal != NULL && form_same(&refusal->form, &candidate->form))
        quarantine(pass, candidate, refusal);
}

static void say_earlier(struct pass *pass, struct candidate *candidate) {
    struct scope scope = candidate_scope(pass, candidate);

    scope_report(&scope, SEVERITY_WARNING, candidate->remote_write->node, NULL,
                 "mend what is said about it, or remove it",
                 "goes on being served in its last good form");
    /* one that is lost has no node, but a file */
    candidate->outcome.earlier = true;
}

/* The present form where it is good, else the last good one; nothing of what is not selected. */
static void serve(struct pass *pass, struct candidate *candidate) {
    enum remote_write_state state = candidate->outcome.state;

    if (state == STATE_UNSELECTED)
        return;
    if (state != STATE_ACTIVE) {
        if (candidate->good == NULL)
            return;
        candidate->form = *candidate->good;
        say_earlier(pass, candidate);
    }
    candidate->served = true;
}

/* Names: remote_write entries of one name are refused by Prometheus. The base's own have theirs;
 * then come RemoteWrites that are being served (nobody takes a running queue's name), then the
 * others in their order. One that waits for its secret keeps its name; one that is rejected or not
 * selected has none to keep, unless its last good form is served. */

struct name_owner {
    const char *name;
    const char *owner; /* for the message */
    const struct candidate *candidate;
};

static int compare_owners(const void *left, const void *right) {
    const struct name_owner *one = left;
    const struct name_owner *other = right;
    int order = strcmp(one->name, other->name);

    if (order != 0)
        return order;
    if (one->candidate != NULL && other->candidate != NULL)
        order = (other->candidate->good != NULL) - (one->candidate->good != NULL);
    if (order != 0)
        return order;
    return (one->candidate > other->candidate) - (one->candidate < other->candidate);
}

static void reject_named(struct pass *pass, struct candidate *candidate) {
    decide(candidate, STATE_REJECTED, first_error(pass->arena, &candidate->diagnostics));
    candidate->good = NULL;
}

static void refuse_name(struct pass *pass, const struct name_owner *refused,
                        const struct name_owner *owner) {
    struct candidate *candidate = &pass->candidates[refused->candidate - pass->candidates];
    struct scope scope = candidate_scope(pass, candidate);

    scope_report(&scope, SEVERITY_ERROR, candidate->remote_write->node, "metadata.name",
                 "rename one of them", "%s and %s would both be the remote_write entry \"%s\"",
                 refused->owner, owner->owner, refused->name);
    reject_named(pass, candidate);
}

/* True where Prometheus may give the name to an entry of the base. */
static bool refuse_generated(struct pass *pass, struct candidate *candidate) {
    const char *name = candidate->remote_write->name;
    struct scope scope = candidate_scope(pass, candidate);
    struct location entry;

    if (pass->base == NULL || !base_may_generate(pass->base, name, &entry))
        return false;
    scope_report(
        &scope, SEVERITY_ERROR, candidate->remote_write->node, "metadata.name",
        "choose another name, or give that entry one",
        "\"%s\" is as the names that Prometheus makes for entries without one, as the base "
        "config has (%s)",
        name, place_of(pass, &entry));
    reject_named(pass, candidate);
    return true;
}

static bool keeps_its_name(const struct candidate *candidate) {
    enum remote_write_state state = candidate->outcome.state;

    return state == STATE_ACTIVE || state == STATE_PENDING ||
           (candidate->good != NULL && state != STATE_UNSELECTED);
}

static void settle_names(struct pass *pass) {
    size_t base_count = 0;
    const struct base_name *base_name =
        pass->base != NULL ? base_names(pass->base, &base_count) : NULL;
    struct name_owner *owners =
        ARENA_NEW_ARRAY(pass->arena, struct name_owner, base_count + pass->candidate_count);
    size_t count = 0;

    for (size_t i = 0; i < base_count; i++) {
        owners[count].name = base_name[i].name;
        owners[count++].owner = arena_format(pass->arena, "the base config's entry (%s)",
                                             place_of(pass, &base_name[i].location));
    }
    for (size_t i = 0; i < pass->candidate_count; i++) {
        struct candidate *candidate = &pass->candidates[i];

        if (!keeps_its_name(candidate) || refuse_generated(pass, candidate))
            continue;
        owners[count].name = candidate->remote_write->name;
        owners[count].owner =
            arena_format(pass->arena, "RemoteWrite %s (%s)", candidate->remote_write->subject,
                         place_of(pass, &candidate->remote_write->location));
        owners[count++].candidate = candidate;
    }
    if (count > 0)
        qsort(owners, count, sizeof(*owners), compare_owners);
    for (size_t i = 0, first = 0; i < count; i++) {
        if (strcmp(owners[i].name, owners[first].name) != 0)
            first = i;
        if (i != first && owners[i].candidate != NULL)
            refuse_name(pass, &owners[i], &owners[first]);
    }
}

/* The base. */

/* The present base as a text: what is configured, with the environment's values. False where it
 * cannot be had: the snapshot's diagnostics say why. */
static bool base_source(struct pass *pass, const char *path, struct diagnostics *faults,
                        struct bytes *ret) {
    const struct snapshot_single *base = &pass->snapshot->base;
    struct desired_state *state = pass->state;

    *ret = BYTES("");
    if (base->path != NULL && base->file == NULL)
        return false;
    if (base->file != NULL)
        *ret = base->file->content;
    if (pass->settings->in_place && gzip_begins(*ret)) {
        diagnostics_add(faults, SEVERITY_ERROR, (struct location){.file = path}, NULL, NULL,
                        "unpack it (gunzip), or name another --output-file",
                        "is gzip, and is the output as well, which Prometheus cannot read");
        return false;
    }
    if (!pass->settings->in_place)
        *ret = environment_substitute(pass->arena, *ret, pass->settings->environment,
                                      pass->settings->environment_count, path, faults,
                                      &state->expansion_errors);
    return true;
}

static bool is_refused_base(const struct pass *pass, const char *path, struct diagnostics *faults) {
    const struct history *history = pass->settings->history;

    if (history == NULL || history->refused_base.data == NULL || pass->settings->in_place ||
        !bytes_equal(base_text(pass->base), history->refused_base))
        return false;
    diagnostics_add(faults, SEVERITY_ERROR, (struct location){.file = path}, NULL, NULL,
                    "correct it; SIGHUP asks Prometheus again",
                    "Prometheus refused the base config: %s", history->base_words);
    return true;
}

static void say_base_fault(struct pass *pass, const char *place, const char *why) {
    pass->state->base_fault = arena_format(
        pass->arena, "the base config cannot be used as it is now: %s: %s", place, why);
}

/* The first error of faults, if there is one, with file and line. */
static void say_base_error(struct pass *pass, const char *path, const struct diagnostics *faults) {
    for (size_t i = 0; i < faults->count; i++) {
        const struct location *location = &faults->items[i].location;

        if (faults->items[i].severity == SEVERITY_ERROR) {
            say_base_fault(pass, location->file != NULL ? place_of(pass, location) : path,
                           first_error(pass->arena, faults));
            return;
        }
    }
}

/* The present base; where it cannot be used, the last good one: nobody else's changes wait for it.
 * (In place there is only the present one: it is somebody's, and not ours to bring back.) */
static void read_base(struct pass *pass) {
    const struct history *history = pass->settings->history;
    const char *path =
        pass->snapshot->base.path != NULL ? pass->snapshot->base.path : "(no base config)";
    struct diagnostics faults = diagnostics_in(pass->arena);
    struct bytes text;

    if (base_source(pass, path, &faults, &text))
        pass->base = base_read(pass->arena, text, path, &pass->settings->limits, &faults);
    pass->state->base_refused = pass->base != NULL && is_refused_base(pass, path, &faults);
    diagnostics_append(&pass->state->diagnostics, &faults);
    if (pass->snapshot->base.error != 0)
        say_base_fault(pass, path,
                       pass->snapshot->base.being_written ? "it is still being written"
                                                          : strerror(-pass->snapshot->base.error));
    if (pass->base != NULL && !pass->state->base_refused)
        return;
    pass->state->base_faulty = true;
    say_base_error(pass, path, &faults);
    if (history != NULL && history->good != NULL && !pass->settings->in_place)
        pass->base = base_read(pass->arena, history->good->base, history->good->base_path,
                               &pass->settings->limits, &pass->state->diagnostics);
}

/* The merged config out of what is served. */

static void merge(struct pass *pass) {
    struct desired_state *state = pass->state;
    struct form_set *served = ARENA_NEW(pass->arena, struct form_set);
    struct diagnostics faults = diagnostics_in(pass->arena);
    const struct history *history = pass->settings->history;
    struct composition composition;
    const size_t *order;

    if (pass->base == NULL)
        return;
    served->base_path = arena_string(
        pass->arena, bytes_of(pass->snapshot->base.path != NULL ? pass->snapshot->base.path : ""));
    served->base = arena_bytes(pass->arena, base_text(pass->base));
    served->forms = ARENA_NEW_ARRAY(pass->arena, struct form, pass->candidate_count);
    for (size_t i = 0; i < pass->candidate_count; i++) {
        const struct candidate *candidate = &pass->candidates[i];

        if (!candidate->served)
            continue;
        served->forms[served->count] = form_copy(pass->arena, &candidate->form);
        if (candidate->outcome.state == STATE_ACTIVE)
            served->forms[served->count].node = candidate->translation.entry;
        served->count++;
    }
    order = form_set_order(pass->arena, served, history != NULL ? history->good : NULL);
    composition = compose(pass->arena, pass->base, served->forms, served->count, order,
                          pass->compiler->proven, &pass->settings->limits, &faults);
    diagnostics_append(&state->diagnostics, &faults);
    if (!composition.mergeable) {
        say_base_error(pass, served->base_path, &faults);
        return;
    }

    state->mergeable = true;
    state->config = composition.config;
    state->section = composition.section;
    state->secrets = composition.secrets;
    state->secret_count = composition.secret_count;
    state->spans = composition.spans;
    state->order = composition.order;
    state->served = served;
    for (size_t i = 0, at = 0; i < pass->candidate_count; i++) {
        if (!pass->candidates[i].served)
            continue;
        pass->candidates[i].outcome.entry =
            bytes_slice(state->config, composition.spans[at].start, composition.spans[at].end);
        at++;
    }
}

/* The result. */

static void collect_outcomes(struct pass *pass) {
    struct desired_state *state = pass->state;
    struct outcome *outcomes = ARENA_NEW_ARRAY(pass->arena, struct outcome, pass->candidate_count);

    for (size_t i = 0; i < pass->candidate_count; i++) {
        struct candidate *candidate = &pass->candidates[i];
        const struct remote_write *remote_write = candidate->remote_write;
        struct outcome *outcome = &candidate->outcome;

        outcome->namespace = arena_string(pass->arena, bytes_of(remote_write->namespace));
        outcome->name = arena_string(pass->arena, bytes_of(remote_write->name));
        outcome->location = remote_write->location;
        outcome->location.file = arena_string(pass->arena, bytes_of(remote_write->location.file));
        if (remote_write->spec != NULL && object_find(remote_write->spec, "url") != NULL)
            outcome->url = url_masked(pass->arena, object_text(remote_write->spec, "url"));
        outcomes[i] = *outcome;
        state->state_counts[outcome->state]++;
        diagnostics_append(&state->diagnostics, &candidate->diagnostics);
    }
    state->outcomes = outcomes;
    state->outcome_count = pass->candidate_count;
}

/* Makes the state independent of the manifests and the snapshot: the strings that it shares with
 * them are copied. */
static void detach_diagnostics(struct desired_state *state) {
    for (size_t i = 0; i < state->diagnostics.count; i++) {
        struct diagnostic *item = &state->diagnostics.items[i];
        const char **strings[] = {&item->location.file, &item->subject, &item->field,
                                  &item->problem, &item->remedy};

        for (size_t j = 0; j < ARRAY_LENGTH(strings); j++) {
            if (*strings[j] != NULL)
                *strings[j] = arena_string(state->arena, bytes_of(*strings[j]));
        }
    }
}

static void warn_of_unbound(struct pass *pass) {
    const char *label = pass->settings->policy.enforced_namespace_label;

    for (size_t i = 0; label != NULL && label[0] != '\0' && i < pass->snapshot->volume_count; i++) {
        const struct volume_config *config = pass->snapshot->volumes[i].config;

        /* a directory; files that `check` was given by name have none */
        if (config->kind == VOLUME_REMOTE_WRITE && config->namespace == NULL &&
            config->path[0] != '\0')
            diagnostics_add(
                &pass->state->diagnostics, SEVERITY_WARNING,
                (struct location){.file = config->path}, NULL, NULL,
                "bind it: --remote-write-dir=NAMESPACE=DIR",
                "the directory is bound to no namespace, so --enforced-namespace-label trusts what its "
                "manifests say of themselves");
    }
}

/* Settings as data: the cluster's labels and the selector. */

static struct labels cluster_labels(struct arena *arena, const struct snapshot *snapshot,
                                    const struct compile_settings *settings,
                                    struct diagnostics *diagnostics) {
    const struct snapshot_single *file = &snapshot->labels;
    struct label *items = NULL;
    size_t count = 0;
    size_t capacity = 0;

    /* of one that could not be read, the snapshot's diagnostics say why */
    if (file->file != NULL)
        labels_file_parse(arena, file->file->content, file->path, diagnostics, &items, &count,
                          &capacity);
    /* a flag wins over the file */
    for (size_t i = 0; i < settings->cluster_labels.count; i++) {
        struct label label;

        if (label_parse(arena, settings->cluster_labels.items[i], &label) != NULL)
            continue; /* compile_settings_check said so */
        items = arena_grow(arena, items, count, &capacity, sizeof(*items));
        items[count++] = label;
    }
    return labels_new(arena, items, count);
}

static const struct selector *own_selector(struct arena *arena,
                                           const struct compile_settings *settings,
                                           const char **ret_wrong) {
    return selector_parse(arena, bytes_of(settings->remote_write_selector), ret_wrong);
}

int compile_settings_check(const struct compile_settings *settings,
                           struct diagnostics *diagnostics) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    size_t before = diagnostics_count(diagnostics, SEVERITY_ERROR);
    const char *wrong = NULL;
    const char *label = settings->policy.enforced_namespace_label;

    for (size_t i = 0; i < settings->cluster_labels.count; i++) {
        struct label parsed;

        wrong = label_parse(arena, settings->cluster_labels.items[i], &parsed);
        if (wrong != NULL)
            diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL,
                            "--cluster-label", "write it as key=value, both as Kubernetes labels",
                            "\"%s\" %s", settings->cluster_labels.items[i], wrong);
    }
    if (own_selector(arena, settings, &wrong) == NULL)
        diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL,
                        "--remote-write-selector",
                        "write it as for kubectl: a=b,c!=d,e in (f, g),!h", "\"%s\": %s",
                        settings->remote_write_selector, wrong);
    for (size_t i = 0; i < settings->policy.allowed_urls.count; i++) {
        wrong = url_pattern_check(settings->policy.allowed_urls.items[i]);
        if (wrong != NULL)
            diagnostics_add(diagnostics, SEVERITY_ERROR, (struct location){0}, NULL,
                            "--allowed-url", "write it as scheme://host[:port]/path", "\"%s\" %s",
                            settings->policy.allowed_urls.items[i], wrong);
    }
    if (label != NULL && label[0] != '\0' &&
        !regex_matches("^[a-zA-Z_][a-zA-Z0-9_]*$", bytes_of(label)))
        diagnostics_add(
            diagnostics, SEVERITY_ERROR, (struct location){0}, NULL, "--enforced-namespace-label",
            "write the name of a label, such as namespace", "\"%s\" is no label name", label);
    return diagnostics_count(diagnostics, SEVERITY_ERROR) == before ? 0 : -EINVAL;
}

struct desired_state *compiler_pass(struct compiler *compiler, const struct snapshot *snapshot,
                                    const struct compile_settings *settings) {
    struct arena *arena = arena_new();
    struct desired_state *state = ARENA_NEW(arena, struct desired_state);
    const char *wrong = NULL;
    struct pass pass = {
        .compiler = compiler,
        .snapshot = snapshot,
        .settings = settings,
        .state = state,
        .arena = arena,
        .version = version_is_set(settings->version) ? settings->version : VERSION_NEWEST_KNOWN,
    };

    compiler->pass++;
    state->arena = arena;
    state->diagnostics = diagnostics_in(arena);
    diagnostics_append(&state->diagnostics, &snapshot->diagnostics);
    pass.cluster = cluster_labels(arena, snapshot, settings, &state->diagnostics);
    pass.selector = own_selector(arena, settings, &wrong);
    if (pass.selector == NULL)
        pass.selector = ARENA_NEW(arena, struct selector); /* never: settings were checked */

    read_manifests(&pass);
    collect_candidates(&pass);
    collect_documents(&pass);
    read_base(&pass);
    warn_of_unbound(&pass);
    for (size_t i = 0; i < pass.candidate_count; i++) {
        remember(&pass, &pass.candidates[i]);
        judge(&pass, &pass.candidates[i]);
        recall(&pass, &pass.candidates[i]);
    }
    settle_names(&pass);
    for (size_t i = 0; i < pass.candidate_count; i++)
        serve(&pass, &pass.candidates[i]);
    merge(&pass);
    collect_outcomes(&pass);
    diagnostics_sort(&state->diagnostics);
    detach_diagnostics(state);
    cache_sweep(compiler);
    return state;
}

void desired_state_free(struct desired_state *state) {
    if (state != NULL)
        arena_free(state->arena);
}

void desired_state_freep(struct desired_state **state) {
    desired_state_free(*state);
}
