/* SPDX-License-Identifier: Apache-2.0 */

/* argv to a command, nothing else. */

#include "base/memory.h"
#include "command/command.h"

#include <jansson.h>

#include <signal.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    /* A reader that goes away is an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    /* What is kept from run to run holds secrets, and jansson reads it. */
    json_set_alloc_funcs(malloc, memory_erase_free);
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    return (int)command_line_execute(count, argv + (count > 0));
}
