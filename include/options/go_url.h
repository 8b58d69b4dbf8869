/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_OPTIONS_GO_URL_H
#define SIDECAR_OPTIONS_GO_URL_H

/* What Go's url.Parse refuses: it takes far more than can be requested, such as "x" or "/path". */

#include "base/bytes.h"

/* NULL: it parses; or why not, in words that follow the quoted text: a static string. */
const char *go_url_fault(struct bytes text);

#endif
