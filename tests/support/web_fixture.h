/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_WEB_FIXTURE_H
#define TESTS_SUPPORT_WEB_FIXTURE_H

/* What the web room shows, made up. */

#include "web/server.h"
#include "web/view.h"

#include <stddef.h>

/* Odd text that a manifest may hold. */
#define ODD_TEXT "<script>alert(1)</script> \"quoted\" 'single' & back\\slash\nnext line"

/* Everything that a secret of view_example stands in holds this. */
#define SECRET_TEXT "s3cr3t"

/* RemoteWrites in every state, two of one name, odd reasons and file names; entries with secrets.
 */
void view_example(struct web_view *ret);

/* One RemoteWrite, of which Prometheus does not tell whether its samples flow: for this reason, or
 * as nobody has asked yet (NULL). */
void view_without_health(struct web_view *ret, const char *fault);

/* A sidecar that has just started. */
void view_of_start(struct web_view *ret);

/* Shows view_example, and counts the reloads that are asked for in the unsigned at context. */
struct web_hooks hooks_example(unsigned *reloads);

#endif
