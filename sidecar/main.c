/* SPDX-License-Identifier: Apache-2.0 */

/* argv to a command, nothing else. */

#include "command/command.h"

#include <signal.h>

int main(int argc, char **argv) {
    /* A reader that goes away is an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    return (int)command_line_execute(count, argv + (count > 0));
}
