/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_SECRET_FILE_H
#define SIDECAR_COMPILE_SECRET_FILE_H

#include "base/bytes.h"

/* A secret that Prometheus reads from a file: its place in the secret directory and its bytes. */
struct secret_file {
    const char *name; /* NAMESPACE_NAME_FIELD: one path component, no '/', not beginning with '.' */
    struct bytes content;
};

#endif
