/* SPDX-License-Identifier: Apache-2.0 */

/* The answer of /api/v1/status/config: whatever comes in, it does not matter where it is cut, nor
 * whether the last answer is known; and its outline matches itself. The first byte says how large
 * the pieces are. */

#include "base/memory.h"
#include "prometheus/running_config.h"

#include <stdint.h>
#include <stdlib.h>

static struct config_outline *read_all(struct bytes text, size_t piece,
                                       const struct config_outline *last) {
    struct running_config *reader = running_config_new(last);
    const char *fault = NULL;

    for (size_t at = 0; at < text.length && fault == NULL; at += piece) {
        /* A copy, so that a byte beyond its end is found. */
        struct bytes part = bytes_slice(text, at, at + piece);
        CLEANUP(memory_freep) char *copy = memory_new(part.length, 1);
        memcpy(copy, part.data, part.length);
        fault = running_config_feed(reader, (struct bytes){copy, part.length});
    }
    struct config_outline *outline = running_config_end(reader);
    if (fault != NULL && outline != NULL)
        abort();
    running_config_free(reader);
    return outline;
}

static void assert_same(const struct config_outline *left, const struct config_outline *right) {
    CLEANUP(buffer_free) struct buffer difference = {0};

    if ((left == NULL) != (right == NULL))
        abort();
    if (left != NULL && !config_outlines_match(left, right, &difference))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    size_t piece = (size_t)data[0] + 1;
    struct bytes text = {(const char *)data + 1, size - 1};
    CLEANUP(config_outline_freep)
    struct config_outline *whole = read_all(text, text.length + 1, NULL);
    CLEANUP(config_outline_freep) struct config_outline *pieces = read_all(text, piece, NULL);
    CLEANUP(config_outline_freep) struct config_outline *again = read_all(text, piece, whole);
    /* The same bytes as a config that was written. */
    CLEANUP(config_outline_freep) struct config_outline *written = config_outline_of(text);
    CLEANUP(buffer_free) struct buffer difference = {0};

    assert_same(whole, pieces);
    assert_same(whole, again);
    if (written != NULL && whole != NULL)
        (void)!config_outlines_match(written, whole, &difference);
    return 0;
}
