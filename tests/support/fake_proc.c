/* SPDX-License-Identifier: Apache-2.0 */

/* stat has the fields of proc(5) in their order; those that nobody asks for are made up. */

#include "support/fake_proc.h"

#include "base/arena.h"
#include "support/tempdir.h"

#include <inttypes.h>

static const char *name_of(struct arena *arena, pid_t pid) {
    return arena_format(arena, "%d", (int)pid);
}

static const char *stat_of(struct arena *arena, const struct fake_process *process) {
    return arena_format(
        arena,
        "%d (%s) %c 1 1 1 0 -1 %u 100 0 0 0 5 3 0 0 20 0 9 0 %" PRIu64
        " 1000000 500 18446744073709551615 1 1 0 0 0 0 0 0 %d 0 0 0 17 1 0 0 0 0 0\n",
        (int)process->pid, process->name != NULL ? process->name : "prometheus",
        process->state != 0 ? process->state : 'S', process->flags, process->started,
        process->mortal ? 0 : 0x7fc1feff);
}

void fake_process_add(const char *proc, struct fake_process process) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    const char *folder = name_of(arena, process.pid);

    fake_process_remove(proc, process.pid);
    file_write(proc, arena_format(arena, "%s/stat", folder), stat_of(arena, &process));
    /* Arguments end in NUL each. */
    struct bytes arguments = {0};
    if (process.argument != NULL) {
        const char *flag = process.flag != NULL ? process.flag : "--flag";
        const char *text = arena_format(arena, "%s%c%s%c", process.argument, 0, flag, 0);
        arguments =
            (struct bytes){text, bytes_of(process.argument).length + bytes_of(flag).length + 2};
    }
    file_write_bytes(proc, arena_format(arena, "%s/cmdline", folder), arguments);
    if (process.tcp != NULL) {
        file_write(proc, arena_format(arena, "%s/net/tcp", folder), process.tcp);
    }
    if (process.socket != NULL) {
        folder_make(proc, arena_format(arena, "%s/fd", folder));
        link_make(proc, arena_format(arena, "%s/fd/3", folder), process.socket);
    }
    if (process.executable != NULL) {
        link_make(proc, arena_format(arena, "%s/exe", folder), process.executable);
    }
}

void fake_process_remove(const char *proc, pid_t pid) {
    CLEANUP(arena_freep) struct arena *arena = arena_new();

    tree_remove(arena_format(arena, "%s/%d", proc, (int)pid));
}
