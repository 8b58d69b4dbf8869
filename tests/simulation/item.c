/* SPDX-License-Identifier: Apache-2.0 */

/* Packs and unpacks; a set bit 31 keeps a packed value from being 0, which is ABSENT. */

#include "simulation/item.h"

#include "compile/secret_file.h"

#include <string.h>

#define PRESENT (UINT32_C(1) << 31)

enum {
    DIGITS = 8,
    DIGIT_BITS = 4,
    REVISION_MASK = 0xfff
};

static const char *const kind_names[] = {
    [KIND_GOOD] = "good",         [KIND_BAD_PARSE] = "bad-parse", [KIND_BAD_APPLY] = "bad-apply",
    [KIND_OLDER] = "older",       [KIND_NEWER] = "newer",         [KIND_GATED] = "gated",
    [KIND_DELICATE] = "delicate",
};

static const char *const base_names[] = {
    [BASE_GOOD] = "good",
    [BASE_BAD] = "bad",
    [BASE_UNMERGEABLE] = "unmergeable",
};

static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f", "g", "h"};

#define PATHS_OF(name)                                              \
    "n_" name "_password", "n_" name "_password" SECRET_NAMES_MARK, \
        "n_" name "_password" SECRET_NAMES_THIRD_MARK
static const char *const paths[PATHS] = {
    PATHS_OF("a"), PATHS_OF("b"), PATHS_OF("c"), PATHS_OF("d"),
    PATHS_OF("e"), PATHS_OF("f"), PATHS_OF("g"), PATHS_OF("h"),
};

uint32_t item_pack(struct item item) {
    return PRESENT | (uint32_t)item.name | (uint32_t)item.kind << 3 | (uint32_t)item.url << 7 |
           (item.revision & REVISION_MASK) << 13 | (uint32_t)item.has_secret << 25 |
           (uint32_t)item.secret_names << 26;
}

struct item item_unpack(uint32_t packed) {
    return (struct item){
        .name = packed & 7,
        .kind = packed >> 3 & 15,
        .url = packed >> 7 & 63,
        .revision = packed >> 13 & REVISION_MASK,
        .has_secret = (packed >> 25 & 1) != 0,
        .secret_names = packed >> 26 & 3,
    };
}

uint32_t secret_pack(struct secret secret) {
    return PRESENT | (uint32_t)secret.name | (uint32_t)secret.url << 3 |
           (secret.rotation & REVISION_MASK) << 9 | (uint32_t)secret.is_bad << 21;
}

struct secret secret_unpack(uint32_t packed) {
    return (struct secret){
        .name = packed & 7,
        .url = packed >> 3 & 63,
        .rotation = packed >> 9 & REVISION_MASK,
        .is_bad = (packed >> 21 & 1) != 0,
    };
}

uint32_t base_pack(struct base_text base) {
    return PRESENT | (uint32_t)base.kind | (base.revision & REVISION_MASK) << 2;
}

struct base_text base_unpack(uint32_t packed) {
    return (struct base_text){.kind = packed & 3, .revision = packed >> 2 & REVISION_MASK};
}

struct bytes packed_text(struct arena *arena, uint32_t packed) {
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(arena, DIGITS + 1);

    for (int i = DIGITS - 1; i >= 0; i--) {
        text[i] = digits[packed & 15];
        packed >>= DIGIT_BITS;
    }
    return (struct bytes){text, DIGITS};
}

uint32_t packed_read(struct bytes text) {
    uint32_t packed = 0;

    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned char)text.data[i];
        packed = packed << DIGIT_BITS | (digit >= 'a' ? digit - 'a' + 10 : digit - '0');
    }
    return packed;
}

const char *name_text(unsigned name) {
    return names[name];
}

const char *path_text(unsigned path) {
    return paths[path];
}

unsigned path_read(const char *name) {
    const size_t mark = strlen("n_a_password.");
    const unsigned set = strlen(name) > mark ? (unsigned)(name[mark] - '1') : SECRET_NAMES_FIRST;

    return SECRET_NAMES * (unsigned)(name[2] - 'a') + set;
}

unsigned item_path(struct item item) {
    return SECRET_NAMES * item.name + item.secret_names;
}

const char *item_kind_name(enum item_kind kind) {
    return kind_names[kind];
}

const char *base_kind_name(enum base_kind kind) {
    return base_names[kind];
}
