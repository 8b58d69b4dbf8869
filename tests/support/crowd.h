/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CROWD_H
#define TESTS_SUPPORT_CROWD_H

/* Many clients at once, none of them a friend: each connects, begins a request and goes on with a
 * byte now and then; who is sent away comes again. */

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct crowd;

/* They connect as soon as they are turned. begins: what each says first (NULL: nothing). NULL where
 * this process may not have so many descriptors. */
struct crowd *crowd_new(uint16_t port, size_t count, const char *begins) MUST_USE;

/* They leave, each with a reset. NULL is fine. */
void crowd_free(struct crowd *crowd);

/* Each does what it can do now: connect, begin, say a byte, hear what it is told, come again. */
void crowd_turn(struct crowd *crowd);

/* How many are connected, as far as they know (some wait in the kernel's queue). */
size_t crowd_present(const struct crowd *crowd);

/* How often one was sent away. */
size_t crowd_sent_away(const struct crowd *crowd);

/* A client by itself, connected (and waited for). -1: it cannot be. */
int client_connect(uint16_t port);

/* The same, but it hears little at a time: what is not heard stays with the other side, and not in
 * the kernel. */
int client_connect_hard_of_hearing(uint16_t port);

/* Says all that it can without waiting; what is left is not said. The count of bytes, or -1 where
 * the other side has closed. */
ssize_t client_say(int client, struct bytes words);

/* Adds to heard what has come. False as soon as the other side has closed. */
bool client_hear(int client, struct buffer *heard);

#endif
