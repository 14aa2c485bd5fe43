// SPDX-License-Identifier: BSD-2-Clause
/* The socket filter, loaded, and given frames one by one as the kernel would; for tests. */
#pragma once
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../packet/wire.h"
#include "handshake_filter.skel.h"
#include "probe/handshake_filter.h"

#define ETHERNET_LEN 14

/* Skips the test for those who may not load programs. */
static inline struct handshake_filter *filter_begin(enum pending_link link, uint32_t room)
{
	const struct handshake_filter_config config = {
		.link = link, .snaplen = 192, .max_pending = room, .timeout_ns = 60000000000ull};
	struct handshake_filter *f = NULL;
	int err = handshake_filter_load(&f, &config);

	if (err && geteuid() != 0) {
		handshake_filter_free(f);
		skip();
	}
	assert_int_equal(err, 0);
	return f;
}

/*
 * Does a packet pass? The kernel's test run takes an Ethernet header off, as it is on a "cooked"
 * socket; `ethertype` is in that header.
 */
static inline bool filter_passes(const struct handshake_filter *f, unsigned int ethertype,
				 const uint8_t *bytes, uint32_t len)
{
	struct wire w = {.len = 0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = w.bytes);

	put_zeros(&w, 12);
	put16(&w, ethertype);
	memcpy(w.bytes + w.len, bytes, len);
	run.data_size_in = w.len + len;
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(f->progs.pass_handshakes), &run),
			 0);
	assert_true(run.retval == 0 || run.retval == 192);
	return run.retval;
}

static inline bool filter_knows(const struct handshake_filter *f, const struct packet *p)
{
	struct pending_key key;

	pending_key_set(&key, &p->src, &p->dst, htons(p->src_port), htons(p->dst_port));
	return handshake_filter_remembers(f, &key);
}
