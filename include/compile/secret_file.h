/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_SECRET_FILE_H
#define SIDECAR_COMPILE_SECRET_FILE_H

#include "base/bytes.h"

/* A queue reads its secret files at each request, and goes on doing so until Prometheus has loaded
 * the next config. So there are several sets of names: another entry with other secrets has them
 * under names that those before do not use: the last known good one, and the one on disk, which
 * Prometheus may have loaded at a start. All secret files of a form have names of one set. */
enum secret_names {
    SECRET_NAMES_FIRST,  /* NAMESPACE_NAME_FIELD */
    SECRET_NAMES_SECOND, /* ... with SECRET_NAMES_MARK at the end */
    SECRET_NAMES_THIRD,  /* ... with SECRET_NAMES_THIRD_MARK at the end */
};
#define SECRET_NAMES            3
#define SECRET_NAMES_MARK       ".2"
#define SECRET_NAMES_THIRD_MARK ".3"

/* A secret that Prometheus reads from a file: its place in the secret directory and its bytes. */
struct secret_file {
    const char *name; /* as above: one path component, no '/', not beginning with '.' */
    struct bytes content;
};

#endif
