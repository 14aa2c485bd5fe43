// SPDX-License-Identifier: BSD-2-Clause
/* Bodies of OTLP/HTTP with JSON to a collector, each once, or until it is no use any more. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "push/retry.h"
#include "push/tls.h"

struct post_result;
struct push_answer;
struct push_taken;

enum otlp_kind {
	OTLP_LOGS,
	OTLP_METRICS,
	OTLP_KINDS,
};

#define OTLP_URL_MAX 2048

/* Texts are the process's own, copied by fork. */
struct otlp_settings {
	char url[OTLP_KINDS][OTLP_URL_MAX];
	char port[8];		     /* of the server */
	const char *headers, *token; /* "" for none */
	struct push_tls tls;
	bool is_insecure;
	unsigned timeout_s, give_up_s;
};

/* What it loads is there; else that is logged. */
bool otlp_can_send(void);

/* The work of the process: see push/link.h. `settings` is a struct otlp_settings. */
int otlp_work(int socket, const void *settings);

/* What it works with; tests have their own clock and server. */
struct otlp_delivery {
	const struct otlp_settings *settings;
	struct retry_clock clock;
	void (*post)(void *context, const char *url, const void *body, size_t len,
		     struct post_result *ret);
	void *context;
	struct seldom trouble;
};

/*
 * Send one body until it is known what became of it, which `ret` says; false if whoever watches has
 * ended.
 */
bool otlp_deliver(struct otlp_delivery *d, const struct push_taken *taken, struct push_answer *ret);

/* Deliver what comes on `socket`, until whoever watches has ended. */
void otlp_serve(int socket, struct otlp_delivery *d);
