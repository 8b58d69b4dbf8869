/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONFIG_JUDGE_H
#define TESTS_SUPPORT_CONFIG_JUDGE_H

/* Asks a release of Prometheus whether it would load a config: by `promtool check config`, or by a
 * prometheus-config-loader (tests/differential/loader), which is some hundred times as quick. */

#include "base/bytes.h"
#include "spec/version.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct config_judge {
    const char *program;
    struct version version;
    /* a loader's process and its ends; promtool is started for each question */
    bool is_loader;
    pid_t pid;
    FILE *questions;
    FILE *answers;
    char *folder; /* promtool's: where the config is written */
};

/* Starts the program (the string is not copied): PATH/promtool or PATH/prometheus-config-loader.
 * Fails the test where it does not run. */
struct config_judge config_judge_start(const char *program);
void config_judge_stop(struct config_judge *judge);

/* Whether the release loads the config; said is what it had to say. */
bool config_judge_accepts(struct config_judge *judge, struct bytes config, struct buffer *said);

#endif
