/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_YAML_COMPLAINT_H
#define SIDECAR_YAML_COMPLAINT_H

/* What libyaml could not read, in words that say what to do. */

#include "yaml/build.h"

#include <yaml.h>

/* After yaml_parser_parse failed; first_byte is where the parser's text begins in the whole one. */
void complaint_add(struct build *build, const yaml_parser_t *parser, size_t first_byte);

#endif
