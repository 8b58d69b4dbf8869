/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_POD_WEB_H
#define TESTS_SUPPORT_POD_WEB_H

/* What the sidecar of a pod says over HTTP, on a port that it chose (POD_ANY_PORT). */

#include "support/http_request.h"
#include "support/pod.h"

#include <stdbool.h>

/* Status 0 where it does not listen yet. Free with http_reply_free. */
struct http_reply pod_web_get(struct pod *pod, const char *path) MUST_USE;

/* Is this text in the answer, a 200? */
bool pod_web_says(struct pod *pod, const char *path, const char *text);

/* promtool check metrics has nothing to say about /metrics. Where there is no promtool, that it is
 * answered. */
void pod_web_assert_valid_metrics(struct pod *pod);

#endif
