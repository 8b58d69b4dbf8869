/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_RESOLVE_H
#define SIDECAR_YAML_RESOLVE_H

/* What a plain scalar means, as gopkg.in/yaml.v2 decides it. */

#include "base/bytes.h"
#include "yaml/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct resolution {
    enum scalar_kind kind;
    bool boolean;    /* SCALAR_BOOL */
    int64_t integer; /* SCALAR_INTEGER */
    double number;   /* SCALAR_FLOAT, and SCALAR_INTEGER as a double */
    bool large;      /* SCALAR_FLOAT that is an integer beyond int64 */
};

struct resolution resolve_plain(struct bytes text);

/* With an explicit tag in full ("tag:yaml.org,2002:int"). 0; -EINVAL when the text is none of the
 * tag's type; -ENOTSUP for !!binary. Tags that are not YAML's own, and those without a meaning
 * here, make a string. */
int resolve_tagged(const char *tag, struct bytes text, struct resolution *ret);

#endif
