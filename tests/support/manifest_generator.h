/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MANIFEST_GENERATOR_H
#define TESTS_SUPPORT_MANIFEST_GENERATOR_H

/* Makes RemoteWriteSpecs out of the schema table: most of them valid, some at the border, some
 * wrong; with every kind of odd string that a person or a template may put into one. The same seed
 * gives the same specs. */

#include "spec/schema.h"

#include <jansson.h>
#include <stdint.h>

struct generator {
    uint64_t state; /* xorshift64*; never 0 */
};

struct generator generator_new(uint64_t seed);

/* A RemoteWriteSpec as JSON, named by the caller. */
json_t *generator_spec(struct generator *generator);

/* Keys of the Secret and of the ConfigMap, both named "s", that references of the specs mean;
 * "absent" is not there. */
extern const struct generator_secret {
    const char *key;
    const char *value;
} generator_secrets[];
extern const size_t generator_secret_count;

#endif
