/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SOURCE_FIXTURE_H
#define TESTS_SUPPORT_SOURCE_FIXTURE_H

/*
 * A source over a temporary folder, and questions about its last snapshot. Volume 0 is `volume` in
 * that folder unless the test adds others.
 *
 *     SOURCE source = source_given(VOLUME_REMOTE_WRITE);
 *     file_write(source->volume, "rw.yaml", "a: 1\n");
 *     source_reads(source);
 *     assert_string_equal(names_of(source), "rw.yaml");
 */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>

#define SOURCE_VOLUMES_MAX 4

struct source_fixture {
    char *dir;    /* removes itself */
    char *volume; /* dir/volume; not made */
    char *base;   /* dir/etc/prometheus.yml; read only after source_with_base */
    char *labels; /* dir/podinfo/labels; read only after source_with_labels */
    struct volume_config volumes[SOURCE_VOLUMES_MAX];
    struct source_settings settings; /* may be changed until the first source_reads */
    struct source *source;
    struct snapshot *snapshot; /* of the last source_reads */
    struct arena *arena;       /* of the answers */
};

struct source_fixture *source_given(enum volume_kind kind);
void source_add_volume(struct source_fixture *fixture, enum volume_kind kind, const char *path);
void source_with_base(struct source_fixture *fixture);
void source_with_labels(struct source_fixture *fixture);
void source_fixture_freep(struct source_fixture **fixture);

#define SOURCE __attribute__((cleanup(source_fixture_freep))) struct source_fixture *

void source_reads(struct source_fixture *fixture);
void source_reads_every_byte(struct source_fixture *fixture);

/* Relative paths of the files of a volume, in its order, with a space between. */
const char *names_of(const struct source_fixture *fixture);
const char *names_of_volume(const struct source_fixture *fixture, size_t index);

/* Of volume 0; NULL when it is not there. */
const struct source_file *file_of(const struct source_fixture *fixture, const char *relative);
/* Its bytes as a string; "(none)". */
const char *content_of(const struct source_fixture *fixture, const char *relative);

/* Diagnostics, a line each, the temporary folder written as DIR. */
const char *messages_of(const struct source_fixture *fixture);
bool has_message(const struct source_fixture *fixture, enum severity severity, const char *part);

/* Is DIR/below among the directories to be watched? */
bool is_watched(const struct source_fixture *fixture, const char *below);

#endif
