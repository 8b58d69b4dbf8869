/* SPDX-License-Identifier: Apache-2.0 */

/* Closing what was only read. */

#include "base/descriptor.h"

#include <unistd.h>

void descriptor_closep(const int *descriptor) {
    if (*descriptor >= 0) {
        close(*descriptor);
    }
}
