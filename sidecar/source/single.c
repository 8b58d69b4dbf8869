/* SPDX-License-Identifier: Apache-2.0 */

/* The base config and the labels file. The operator named them, so that links are followed wherever
 * they lead; a file of a kubelet volume is of one generation because it is opened once. */

#include "source/single.h"

#include "source/fault.h"
#include "source/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Watches the folder of the file, and those of the links that lead to it. 0 or negative errno. */
static int watch(const struct single_request *request, struct resolution *ret) {
    struct resolver resolver = {
        .arena = request->scratch,
        .root = -1,
        .root_path = "",
        .directories = request->directories,
    };

    int error = path_resolve(&resolver, request->path, ret);
    if (error < 0) {
        return error;
    }
    const char *folder = ret->real;
    if (ret->exists) {
        folder = path_parent(request->scratch, ret->real);
    }
    directories_add(request->directories, "", folder);
    return 0;
}

static void say_unwatched(const struct single_request *request, int error) {
    diagnostics_add(request->diagnostics, SEVERITY_WARNING,
                    (struct location){.file = request->path}, NULL, NULL, "it is tried again",
                    "its folder cannot be watched: %s", strerror(-error));
}

/* The folder does not tell of every writer of it. */
static void watch_alone(const struct single_request *request, const struct resolution *where,
                        const struct file *file) {
    if (file != NULL && file->alone && where->exists) {
        directories_add(request->directories, "", where->real);
    }
}

int single_read(const struct single_request *request, struct file **ret_file, bool *ret_complete) {
    struct file_request wanted = {
        .folder = AT_FDCWD,
        .name = request->path,
        .follow = true,
        .path = request->path,
        .relative = request->path,
        .limit = request->limit,
        .decode = request->decode,
        .every_byte = request->every_byte,
        .started = request->started,
        .last_id = request->last_id,
        .writers = request->writers,
    };

    *ret_file = NULL;
    struct resolution where = {.exists = false};
    int unwatched = watch(request, &where);
    wanted.linked = where.links > 0;
    int error = file_load(&wanted, request->previous, ret_file);
    watch_alone(request, &where, error == 0 ? *ret_file : request->previous);
    if (error == 0 && unwatched < 0) {
        say_unwatched(request, unwatched);
        *ret_complete = false;
    }
    if (error == -ETXTBSY && request->previous != NULL) {
        *ret_file = file_reference(request->previous);
    }
    if (error == 0 || error == -ETXTBSY) {
        return error;
    }
    struct fault fault = {
        .path = request->path,
        .error = error,
        .kept = request->previous != NULL,
        .limit = request->limit,
        .limit_option = request->limit_option,
        .option = request->option,
        .sandboxed = request->sandboxed,
    };
    fault_report(request->diagnostics, &fault);
    if (fault.kept) {
        *ret_file = file_reference(request->previous);
    }
    if (fault_is_passing(error)) {
        *ret_complete = false;
    }
    return error;
}
