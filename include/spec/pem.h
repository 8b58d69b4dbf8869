/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_PEM_H
#define SIDECAR_SPEC_PEM_H

/* PEM, as Go's encoding/pem reads it and so Prometheus: lines of any length, blanks inside the
 * base64, text around the blocks; a damaged block is passed over. Pure. */

#include "base/arena.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct pem_block {
    struct bytes name; /* "CERTIFICATE"; a view of the text */
    bool headers;      /* there are header lines (RFC 1421), as an encrypted key has them */
    struct bytes data; /* decoded; in the arena */
};

/* A text that is walked block by block. {.text = ...} stands before the first. */
struct pem_walk {
    struct bytes text;
    size_t at;
    size_t end; /* where the next line that ends a block begins, once it was searched */
};

/* The next block that is whole; false where there is none. */
bool pem_next(struct pem_walk *walk, struct arena *arena, struct pem_block *ret);

#endif
