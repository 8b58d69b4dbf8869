/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_FORM_H
#define SIDECAR_COMPILE_FORM_H

/*
 * A RemoteWrite in the form in which it is served: its entry and its secret files, free of the
 * manifest that they came from. A set of forms and a base are all that a merged config is made of;
 * so one that was good can be kept, compared, and taken apart to find out which part of a new one
 * Prometheus refuses.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/diagnostic.h"
#include "compile/secret_file.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct base;   /* compile/merge.h */
struct proven; /* compile/proven.h */

struct form {
    const char *namespace; /* "" where it has none */
    const char *name;
    const char *file;        /* the manifest, for diagnostics */
    struct bytes entry;      /* one line of flow style: equal texts, equal entries */
    const struct node *node; /* the same as a tree; NULL: read it out of the text */
    const struct secret_file *secrets;
    size_t secret_count;
    bool reads_outside; /* compile/order.h */
    /* Of a form in the last good set: the number of the confirmation in which it got its present
     * entry and secret files; 0: not known. */
    uint64_t confirmed;
};

/* Sorted by namespace, then name; each pair once. */
struct form_set {
    struct arena *arena;   /* holds everything here */
    const char *base_path; /* for diagnostics */
    struct bytes base;     /* the base config without a block of ours */
    struct form *forms;
    size_t count;
};

/* A form out of a translated entry; strings and bytes are shared with what is passed, the entry's
 * text is the arena's. */
struct form form_of(struct arena *arena, const char *namespace, const char *name, const char *file,
                    const struct node *entry, const struct secret_file *secrets,
                    size_t secret_count);

int form_compare(const struct form *left, const struct form *right); /* by namespace, then name */
bool form_same_entry(const struct form *left,
                     const struct form *right);                    /* what the config has of it */
bool form_same(const struct form *left, const struct form *right); /* and the secret files' bytes */

/* Finds out reads_outside of a form that is known by its text alone. */
void form_look_outside(struct form *form, const struct yaml_limits *limits);

enum secret_names form_secret_names(const struct form *form);
/* Would writing the form's secret files give a queue of the other form, which is another entry,
 * secrets that are not its own? */
bool form_overwrites(const struct form *form, const struct form *other);

/* A deep copy into the arena, without the tree. */
struct form form_copy(struct arena *arena, const struct form *form);

/* An empty set with a base (copied), room for count forms to be filled in by the caller. */
struct form_set *form_set_new(const char *base_path, struct bytes base, size_t count) MUST_USE;
struct form_set *form_set_copy(const struct form_set *set) MUST_USE;
void form_set_free(struct form_set *set);
void form_set_freep(struct form_set **set);

/* The same base, and the same forms by form_same. Neither may be NULL. */
bool form_set_same(const struct form_set *left, const struct form_set *right);

/* A copy of both sets' forms (base of the second): of a name that both have, the second's. */
struct form_set *form_set_overlay(const struct form_set *under,
                                  const struct form_set *over) MUST_USE;

/* NULL where there is none. */
const struct form *form_set_find(const struct form_set *set, const char *namespace,
                                 const char *name);

/* Where the text of a form stands in the merged config. */
struct form_span {
    size_t start;
    size_t end;
};

/* A merged config and what it needs beside it. */
struct composition {
    bool mergeable; /* false: an error diagnostic says why; the rest is empty */
    struct bytes config;
    struct bytes section;          /* our block in it; empty where there is no form */
    const struct form_span *spans; /* one for each form; empty for one that is left out (below) */
    const size_t *order;           /* the form that stands at each place */
    size_t count;                  /* of the forms */
    const struct secret_file *secrets; /* sorted by name */
    size_t secret_count;
};

/* Forms + base, in the arena. base may be NULL (not mergeable). A form whose name the base's own
 * entries have is left out: Prometheus takes no two of one name. order: the form that stands at
 * each place (form_set_order); NULL: as they are. proven: as in base_merge. secrets, texts and
 * order are shared with what is passed. */
struct composition compose(struct arena *arena, const struct base *base, const struct form *forms,
                           size_t count, const size_t *order, struct proven *proven,
                           const struct yaml_limits *limits, struct diagnostics *diagnostics);

/* The same of a set, its base read anew. */
struct composition form_set_compose(struct arena *arena, const struct form_set *set,
                                    const size_t *order, const struct yaml_limits *limits,
                                    struct diagnostics *diagnostics);

#endif
