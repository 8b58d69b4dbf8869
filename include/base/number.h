/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_NUMBER_H
#define SIDECAR_BASE_NUMBER_H

/* Numbers out of text, checked: no sign surprises, no overflow, no trailing bytes. */

#include "base/bytes.h"

#include <stdint.h>

/* Decimal with an optional '-'. 0; -EINVAL; -ERANGE. */
int number_parse(struct bytes text, int64_t *ret);

/* Bytes with an optional unit: 512, 64KiB, 4MiB, 1GiB (powers of 1024), 4MB, 10k (powers of 1000).
 * 0; -EINVAL; -ERANGE. */
int size_parse(struct bytes text, uint64_t *ret);

#endif
