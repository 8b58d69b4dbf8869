/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_COMPILE_FIXTURE_H
#define TESTS_SUPPORT_COMPILE_FIXTURE_H

/*
 * A pass over files that stand in memory, and questions about what came out.
 *
 *     COMPILE pass = compile_given();
 *     compile_manifest(pass, "rw.yaml", "...");
 *     compile_runs(pass);
 *     assert_string_equal(compile_state_of(pass, "name"), "active");
 */

#include "compile/compile.h"
#include "source/source.h"

#define COMPILE_FILES_MAX 16

struct compile_fixture {
    struct arena *arena;
    struct compile_settings settings; /* may be changed until compile_runs */
    struct volume_config volumes[COMPILE_FILES_MAX];
    struct snapshot_volume contents[COMPILE_FILES_MAX];
    struct snapshot snapshot;
    uint64_t last_id;
    struct compiler *compiler;
    struct desired_state *state;
};

struct compile_fixture *compile_given(void);
void compile_fixture_freep(struct compile_fixture **fixture);

#define COMPILE __attribute__((cleanup(compile_fixture_freep))) struct compile_fixture *

/* A file of a volume of its own; namespace: what the volume is bound to, or NULL. */
void compile_file(struct compile_fixture *fixture, enum volume_kind kind, const char *namespace,
                  const char *relative, const char *content);
/* An unbound manifest. */
void compile_manifest(struct compile_fixture *fixture, const char *name, const char *content);
/* A RemoteWrite of team-a that selects every cluster, with this spec.remoteWrite (beside its url),
 * each line indented by four. */
void compile_remote_write(struct compile_fixture *fixture, const char *name, const char *fields);

/* One pass; may be called again, with the same compiler. */
void compile_runs(struct compile_fixture *fixture);

const char *compile_config(const struct compile_fixture *fixture);
/* "active", ...; "(none)" where there is no RemoteWrite of this name. */
const char *compile_state_of(const struct compile_fixture *fixture, const char *name);
const struct outcome *compile_outcome(const struct compile_fixture *fixture, const char *name);
/* Every diagnostic, a line each. */
const char *compile_messages(const struct compile_fixture *fixture);
/* The content of a secret file; NULL where there is none. */
const char *compile_secret(const struct compile_fixture *fixture, const char *name);

#endif
