/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_HANGUP_TARGET_H
#define TESTS_SUPPORT_HANGUP_TARGET_H

/* A process that can be sent SIGHUP, and asks a stand-in for Prometheus to reload then: one request
 * at a time, as Prometheus takes one signal after another. It ends with the test. */

#include "base/compiler.h"

#include <sys/types.h>

struct hangup_target;

/* port: of the stand-in, on 127.0.0.1; 0: it only takes the signal. */
struct hangup_target *hangup_target_new(unsigned port) MUST_USE;
/* Kills it. NULL is fine. */
void hangup_target_free(struct hangup_target *target);
void hangup_target_freep(struct hangup_target **target);

pid_t hangup_target_id(const struct hangup_target *target);

#define HANGUP_TARGET __attribute__((cleanup(hangup_target_freep))) struct hangup_target *

#endif
