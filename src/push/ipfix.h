// SPDX-License-Identifier: BSD-2-Clause
/* Records to an IPFIX collector. A job's body is an array of struct ipfix_flow. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "push/retry.h"
#include "push/transport.h"

struct ipfix_settings {
	struct transport_settings to;
	uint32_t domain, pen;
	unsigned give_up_s;
};

/* What it loads is there; else that is logged. */
bool ipfix_can_send(const struct ipfix_settings *s);

/* The work of the process: see push/link.h. `settings` is a struct ipfix_settings. */
int ipfix_work(int socket, const void *settings);

/* Deliver what comes on `socket`, until whoever watches has ended; tests have their own clock. */
void ipfix_serve(int socket, const struct ipfix_settings *settings, struct retry_clock clock);
