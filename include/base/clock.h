/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_BASE_CLOCK_H
#define SIDECAR_BASE_CLOCK_H

/* Monotonic time for durations, wall time for what is shown. Only the agent, the log and main may
 * ask for it, and source: how old a file is decides whether its times can be trusted. */

#include <stdint.h>

int64_t clock_monotonic_nanoseconds(void);
int64_t clock_wall_milliseconds(void);

/* Since the machine was started, suspended time included: what the times of processes count. */
int64_t clock_boot_nanoseconds(void);

#endif
