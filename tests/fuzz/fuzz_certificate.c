/* SPDX-License-Identifier: Apache-2.0 */

/* A Secret's certificate and key, in one text. */

#include "spec/certificate.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bytes text = {(const char *)data, size};
    bool certified = certificate_verdict(text).fault == NULL;

    /* The first certificate is one of all. */
    if (certified && bytes_find(text, BYTES(":"), 0) == SIZE_MAX &&
        authorities_verdict(text).fault != NULL)
        abort();
    if (certified && private_key_verdict(text).fault == NULL)
        (void)key_pair_verdict(text, text);
    return 0;
}
