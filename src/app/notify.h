// SPDX-License-Identifier: BSD-2-Clause
#pragma once

/*
 * Tell whoever started us that everything is attached: a "READY=1" datagram to $NOTIFY_SOCKET, as
 * sd_notify(3) describes it. Does nothing if the variable is not set.
 */
void notify_ready(void);
