// SPDX-License-Identifier: BSD-2-Clause
/*
 * Telling whoever started us that everything is attached: a "READY=1" datagram to $NOTIFY_SOCKET, as
 * sd_notify(3) describes it.
 */
#pragma once

/*
 * Connect, while the privileges to reach the socket are there. Returns a descriptor for
 * notify_ready(), or -1 if nobody wants to be told.
 */
int notify_open(void);

/* Tell `text`, such as "WATCHDOG=1", if there is room for it just now; does nothing with -1. */
void notify_tell(int fd, const char *text);

/*
 * The same of what comes once: "READY=1", "STOPPING=1". systemd would wait for a lost one without an end, so
 * room is waited for, up to two seconds.
 */
void notify_turn(int fd, const char *text);

/* Tell, and close; does nothing with -1. */
void notify_ready(int fd);
