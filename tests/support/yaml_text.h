/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_YAML_TEXT_H
#define TESTS_SUPPORT_YAML_TEXT_H

/* A YAML text, read for a test, with all that was said about it. */

#include "base/arena.h"
#include "base/diagnostic.h"
#include "yaml/tree.h"

struct yaml_text {
    struct arena *arena;
    struct diagnostics diagnostics;
    int result; /* tree_parse's */
    struct document *documents;
    size_t count;
};

/* The file is called t.yaml. */
struct yaml_text yaml_text_read(const char *text);
struct yaml_text yaml_text_read_bytes(struct bytes text, const struct yaml_limits *limits);
void yaml_text_free(struct yaml_text *text);

/* The root of the only document, which must be good. */
const struct node *yaml_text_root(const struct yaml_text *text);

/* One diagnostic as it is shown; "" where there is none. Lives as long as the text. */
const char *yaml_text_message(const struct yaml_text *text, size_t index);

/* A scalar's text as a string, for assertions; "(none)" for NULL, "(list)" and "(mapping)". */
const char *yaml_text_value(const struct node *node);

#endif
