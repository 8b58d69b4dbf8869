/* SPDX-License-Identifier: Apache-2.0 */

/* Passwords and tokens live in files that kubelet may swap at any moment: they are read when a
 * request needs them and never kept. What passed through memory here is erased (struct buffer does
 * it). */

#include "prometheus/credential.h"

#include "base/compiler.h"
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for one byte more than allowed is asked for, so that a file that grew meanwhile is noticed.
 */
static int read_all(int fd, struct buffer *out) {
    while (out->length <= CREDENTIAL_MAX) {
        size_t room = CREDENTIAL_MAX + 1 - out->length;
        ssize_t count = read(fd, buffer_reserve(out, room), room);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -errno;
        }
        if (count == 0) {
            return 0;
        }
        out->length += (size_t)count;
    }
    return -EFBIG;
}

static struct bytes without_newline(struct bytes text) {
    if (bytes_ends_with(text, BYTES("\r\n"))) {
        return bytes_slice(text, 0, text.length - 2);
    }
    if (bytes_ends_with(text, BYTES("\n"))) {
        return bytes_slice(text, 0, text.length - 1);
    }
    return text;
}

static bool has_control_character(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < ' ' || c == 0x7f) {
            return true;
        }
    }
    return false;
}

int credential_read_file(const char *path, struct buffer *out) {
    CLEANUP(buffer_free) struct buffer content = {0};
    struct stat status = {0};

    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    CLEANUP(descriptor_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) != 0) {
        return -errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return -EINVAL;
    }
    int result = read_all(fd, &content);
    if (result == 0) {
        buffer_append(out, buffer_bytes(&content));
    }
    return result;
}

int credential_read(const char *path, struct buffer *out) {
    CLEANUP(buffer_free) struct buffer content = {0};
    int result = credential_read_file(path, &content);

    if (result != 0) {
        return result;
    }
    struct bytes credential = without_newline(buffer_bytes(&content));
    if (has_control_character(credential)) {
        return -EINVAL;
    }
    buffer_append(out, credential);
    return 0;
}
