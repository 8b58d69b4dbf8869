/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PEER_VERSION_H
#define TESTS_SUPPORT_PEER_VERSION_H

#include "spec/version.h"

/* What PROGRAM --version prints ("NAME, version 3.2.1 (...)"). Fails the test where it does not
 * run. */
struct version peer_version(const char *program);

#endif
