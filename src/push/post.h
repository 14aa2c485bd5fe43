// SPDX-License-Identifier: BSD-2-Clause
/* One HTTP POST after the other to one server, by libcurl; gzip, TLS that verifies, no redirects.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/tls.h"

#define POST_ANSWER_MAX 65536
#define POST_PROBLEM_MAX 256

/* All borrowed. */
struct post_settings {
	const char *type;    /* Content-Type */
	const char *headers; /* lines of "Name: value"; "" for none */
	const char *token;   /* of "Authorization: Bearer"; "" for none */
	struct push_tls tls;
	bool is_insecure;   /* certificates are not verified */
	unsigned timeout_s; /* of one attempt */
};

struct post;

/* Gives; free with post_free(). NULL if there is no memory. */
struct post *post_new(const struct post_settings *settings);
void post_free(struct post *p);

struct post_result {
	unsigned status;		/* of HTTP; 0 if there was no whole answer */
	uint64_t retry_after_s;		/* 0: the server did not ask for it */
	const char *answer;		/* terminated; cut at POST_ANSWER_MAX */
	char problem[POST_PROBLEM_MAX]; /* why there was none */
};

/* Send `len` bytes, packed. `ret` borrows until the next call. */
void post_send(struct post *p, const char *url, const void *body, size_t len,
	       struct post_result *ret);
