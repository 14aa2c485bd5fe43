// SPDX-License-Identifier: BSD-2-Clause
/* A way to a collector: UDP, TCP, or TLS over TCP that verifies. One at a time, blocking, with a
 * limit. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "push/tls.h"

enum transport_kind {
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
};

#define TRANSPORT_NAME_MAX 256
#define TRANSPORT_PROBLEM_MAX 256

struct transport_settings {
	enum transport_kind kind;
	char host[TRANSPORT_NAME_MAX], port[8];
	struct push_tls tls;
	unsigned timeout_s; /* for each step: name, connection, handshake, write */
};

struct transport;

/* Gives; NULL, and why to `problem` (TRANSPORT_PROBLEM_MAX bytes), printable. */
struct transport *transport_open(const struct transport_settings *settings, char *problem);
void transport_close(struct transport *t);

/* All of it: true, or false and why. A datagram that nobody hears is sent all the same. */
bool transport_send(struct transport *t, const void *data, size_t len, char *problem);

/*
 * Wait until the other end has acknowledged all that was sent, at most as long as a step may take.
 * False, and why, if the connection ended before. Nobody acknowledges a datagram: only a refusal
 * that has come already is seen.
 */
bool transport_settle(struct transport *t, char *problem);

/* The other end has closed the connection: what is written now would get nowhere. */
bool transport_has_ended(const struct transport *t);
