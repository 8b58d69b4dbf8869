/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_WEB_PROCESS_H
#define SIDECAR_WEB_PROCESS_H

/* What the kernel says of this process, for the process_* metrics. Its files are opened once,
 * before the sandbox closes the way to them. */

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct process_figures {
    bool known; /* of the four that /proc tells; the others always are */
    double start_seconds;
    uint64_t open_files;
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    double cpu_seconds;
    uint64_t max_files; /* UINT64_MAX: no limit, here and below */
    uint64_t max_virtual_bytes;
    bool network_known;
    uint64_t received_bytes; /* of the network namespace, since it was made */
    uint64_t sent_bytes;
    uint64_t failures; /* reads of /proc that failed, since the start */
};

struct process_source;

/* Never NULL: without /proc the figures are not known. */
struct process_source *process_source_new(void) MUST_USE;
void process_source_free(struct process_source *source);

void process_source_read(struct process_source *source, struct process_figures *ret);

/* InOctets and OutOctets of IpExt, out of the text of /proc/net/netstat. False: they are not there.
 */
bool network_octets_parse(const char *text, uint64_t *ret_received, uint64_t *ret_sent);

#endif
