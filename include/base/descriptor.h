/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_DESCRIPTOR_H
#define SIDECAR_BASE_DESCRIPTOR_H

/* An open file that ends with its scope:
 *
 *     CLEANUP(descriptor_closep) int descriptor = open(path, O_RDONLY | O_CLOEXEC);
 */

/* Negative: nothing is open. For what is written, close() itself is called, and its error heeded.
 */
void descriptor_closep(const int *descriptor);

#endif
