/* SPDX-License-Identifier: Apache-2.0 */

/* argv to a command, nothing else. */

#include "base/memory.h"
#include "command/command.h"

#include <jansson.h>
#include <openssl/crypto.h>

#include <signal.h>
#include <stdlib.h>

/* libcrypto's forms of the same functions name the line that asks. */
static void *crypto_new(size_t size, const char *file UNUSED, int line UNUSED) {
    return memory_new(1, size);
}

static void *crypto_resize(void *old, size_t size, const char *file UNUSED, int line UNUSED) {
    return memory_erase_resize(old, size);
}

static void crypto_free(void *memory, const char *file UNUSED, int line UNUSED) {
    memory_erase_free(memory);
}

int main(int argc, char **argv) {
    /* A reader that goes away is an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    /* What is kept from run to run holds secrets, and jansson reads it. */
    json_set_alloc_funcs(malloc, memory_erase_free);
    /* Keys pass through libcrypto. It takes these only before its first allocation, which is never
     * earlier than this. */
    (void)CRYPTO_set_mem_functions(crypto_new, crypto_resize, crypto_free);
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    return (int)command_line_execute(argv[0], count, argv + (count > 0));
}
