/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONFIG_HISTORY_H
#define TESTS_SUPPORT_CONFIG_HISTORY_H

/* Keeps every version of a config that comes to stand in a folder, with the secret files that stood
 * beside it, from a thread of its own; and asks promtool ($PROMTOOL) about them all. */

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct config_history;

/* Watches folder/name and folder/secrets from now on; what it keeps goes into the folder `kept`. */
struct config_history *config_history_start(const char *folder, const char *name,
                                            const char *secrets, const char *kept) MUST_USE;

/* Watches no more. How many versions it has. */
size_t config_history_stop(struct config_history *history);

/* After that: does `promtool check config` take every version? Shows what it says where it does
 * not. True where PROMTOOL is not set. */
bool config_history_is_valid(const struct config_history *history);

/* Leaves the folder `kept` as it is. NULL is fine. */
void config_history_free(struct config_history *history);

#endif
