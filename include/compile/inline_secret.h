/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_COMPILE_INLINE_SECRET_H
#define SIDECAR_COMPILE_INLINE_SECRET_H

/* Whether the config itself shows a secret: the schema table says which values are secrets; those
 * that travel as files leave only a path in it. */

#include "compile/form.h"

#include <stdbool.h>

/* A value of a Secret, a value that the schema calls sensitive, or user information in a URL stands
 * in the form's entry. An entry that cannot be read counts as one with a secret. */
bool form_has_inline_secret(const struct form *form);

#endif
