/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PUBLISH_REMEDY_H
#define SIDECAR_PUBLISH_REMEDY_H

#include "publish/publish.h"

/* What to do about a publishing that failed with this negative errno: an imperative; static. */
const char *publish_remedy(int error, const struct publish_error *failure);

#endif
