/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_SECRET_FILE_H
#define SIDECAR_COMPILE_SECRET_FILE_H

#include "base/bytes.h"

/* A queue reads its secret files at each request, and goes on doing so until Prometheus has loaded
 * the next config. So there are two sets of names: another entry with other secrets has them under
 * the names that the one before does not use. All secret files of a form have names of one set. */
enum secret_names {
    SECRET_NAMES_FIRST,  /* NAMESPACE_NAME_FIELD */
    SECRET_NAMES_SECOND, /* ... with SECRET_NAMES_MARK at the end */
};
#define SECRET_NAMES_MARK ".2"

/* A secret that Prometheus reads from a file: its place in the secret directory and its bytes. */
struct secret_file {
    const char *name; /* as above: one path component, no '/', not beginning with '.' */
    struct bytes content;
};

#endif
