/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CANARY_H
#define TESTS_SUPPORT_CANARY_H

/* Secrets that can be recognised wherever they turn up: in every place where a RemoteWrite may have
 * one, and in manifests that are wrong just where the secret stands. */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* Each secret is made of many of these, so that a part of one is found too. */
#define CANARY         "c4n4ryc4n4ry"
#define CANARY_ENCODED "YzRuNHJ5YzRuNHJ5" /* in base64 */
#define CANARY_SECRET  CANARY CANARY CANARY CANARY CANARY CANARY CANARY CANARY
#define CANARY_SECRET_ENCODED                                                                 \
    CANARY_ENCODED CANARY_ENCODED CANARY_ENCODED CANARY_ENCODED CANARY_ENCODED CANARY_ENCODED \
        CANARY_ENCODED CANARY_ENCODED

bool canary_is_in(struct bytes bytes);

/* Is it in the file? False where there is none. */
bool canary_is_in_file(const char *path);

/* Writes good manifests into VOLUME and the folder of a Secret into SECRETS: the RemoteWrites
 * `inlined`, `bearer`, `from-document`, `from-file` of namespace team-a become active. */
void canary_write(const char *volume, const char *secrets);

/* Writes manifests that are wrong at their secrets. How many. */
size_t canary_write_wrong(const char *volume);

/* Takes all of that away; `from-file` gets another secret, and stays. */
void canary_forget(const char *volume, const char *secrets);

#endif
