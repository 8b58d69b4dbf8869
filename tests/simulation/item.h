/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIMULATION_ITEM_H
#define TESTS_SIMULATION_ITEM_H

/*
 * What the simulated configs are made of, packed into integers so that a comparison costs nothing:
 * the text of an entry, the content of a secret file, the text of a base config. Each says by
 * itself how the simulated Prometheus judges it.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "compile/secret_file.h"

#include <stdbool.h>
#include <stdint.h>

#define NAMES      8 /* RemoteWrites that there can be: a to h */
#define PATHS      (SECRET_NAMES * NAMES)
#define TEXT_SIZE  16
#define ABSENT     0 /* no secret file, no base */
#define VERSIONS   3 /* of Prometheus: 1 to 3 */
#define KIND_COUNT 7

enum item_kind {
    KIND_GOOD,
    KIND_BAD_PARSE, /* Prometheus refuses it while it parses the config */
    KIND_BAD_APPLY, /* Prometheus refuses it while it applies the config */
    KIND_OLDER,     /* versions below 2 refuse it while parsing; the compiler does not know that */
    KIND_NEWER,     /* versions above 2 refuse it while parsing; the compiler does not know that */
    KIND_GATED,     /* the compiler rejects it for versions below 2 */
    KIND_DELICATE,  /* may start to fail by itself, while Prometheus applies the config */
};

/* An entry of the config. */
struct item {
    unsigned name;
    enum item_kind kind;
    unsigned url;
    unsigned revision;
    bool has_secret;
    unsigned secret_names; /* of its secret file: enum secret_names */
};

/* The content of a secret file. */
struct secret {
    unsigned name;
    unsigned url; /* the destination that it is for */
    unsigned rotation;
    bool is_bad; /* Prometheus refuses it while it applies the config */
};

enum base_kind {
    BASE_GOOD,
    BASE_BAD,         /* Prometheus refuses it while parsing */
    BASE_UNMERGEABLE, /* the compiler cannot merge into it */
};

struct base_text {
    enum base_kind kind;
    unsigned revision;
};

uint32_t item_pack(struct item item);
struct item item_unpack(uint32_t packed);
uint32_t secret_pack(struct secret secret);
struct secret secret_unpack(uint32_t packed);
uint32_t base_pack(struct base_text base);
struct base_text base_unpack(uint32_t packed);

/* The text of any of them, eight digits; and back. */
struct bytes packed_text(struct arena *arena, uint32_t packed);
uint32_t packed_read(struct bytes text);

/* "a" */
const char *name_text(unsigned name);
/* "n_a_password", "n_a_password.2" by the number of the path. */
const char *path_text(unsigned path);
unsigned path_read(const char *name);
unsigned item_path(struct item item);

const char *item_kind_name(enum item_kind kind);
const char *base_kind_name(enum base_kind kind);

#endif
