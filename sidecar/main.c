/* SPDX-License-Identifier: Apache-2.0 */

/* argv to a command, nothing else. */

#include "base/compiler.h"
#include "base/memory.h"
#include "command/command.h"
#include "command/healthcheck.h"

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

/* A signal that means nothing here must not end the process, which is what its default does.
 * SIGQUIT, SIGABRT and the signals of faults keep their meaning, and so do those that stop and
 * continue. Whoever handles one of these sets its handler after this. */
static void ignore_stray_signals(void) {
    static const int strays[] = {
        SIGPIPE, /* a reader that goes away is an error of the write */
        SIGUSR1, SIGUSR2,   SIGALRM, SIGVTALRM, SIGPROF, SIGIO,
        SIGPWR,  SIGSTKFLT, SIGXCPU, SIGXFSZ, /* a file that may not grow is an error of the write
                                               */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(strays); i++) {
        signal(strays[i], SIG_IGN);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
        signal(number, SIG_IGN);
    }
}

int main(int argc, char **argv) {
    ignore_stray_signals();
    /* What is kept from run to run holds secrets, and jansson reads it. */
    json_set_alloc_funcs(malloc, memory_erase_free);
    /* Keys pass through libcrypto. It takes these only before its first allocation, which is never
     * earlier than this. */
    (void)CRYPTO_set_mem_functions(crypto_new, crypto_resize, crypto_free);
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    if (healthcheck_is_tool(argv[0])) {
        return healthcheck_as_tool(argv[0], count, argv + (count > 0));
    }
    return (int)command_line_execute(argv[0], count, argv + (count > 0));
}
