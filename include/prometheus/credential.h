/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_PROMETHEUS_CREDENTIAL_H
#define SIDECAR_PROMETHEUS_CREDENTIAL_H

/* Passwords, tokens, certificates and keys out of their files. */

#include "base/bytes.h"

/* Most bytes that such a file may hold. */
#define CREDENTIAL_MAX ((size_t)64 * 1024)

/* Appends the file's bytes to out, one trailing newline dropped. Never blocks: a FIFO or a device
 * is no credential. 0; negative errno, out untouched: -EINVAL when it is no regular file or holds a
 * control character (it would end the header that it is sent in), -EFBIG when it is larger than
 * CREDENTIAL_MAX. */
int credential_read(const char *path, struct buffer *out);

/* The same of all the file's bytes, whatever they are: a certificate, a key. */
int credential_read_file(const char *path, struct buffer *out);

#endif
