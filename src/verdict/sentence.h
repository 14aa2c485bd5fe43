// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verdicts in plain English. A template is text with facts in it: {busy_us} is a time, scaled for
 * people; {timeouts:timeout} is "3 timeouts", or "1 timeout"; {drops:SYN or ACK,SYNs and ACKs} has
 * a plural of its own. {peer}, {peer_port}, {local_port}, {error} and {icmp} are those of the
 * subject. What stands in [] is left out if a fact in it is not known or 0; such parts may be
 * nested.
 */
#pragma once
#include <stddef.h>

struct ev_ident;
struct facts;
struct subject;

/* Write `template` into `buf`, terminated, cut if it does not fit. Returns its length. */
size_t sentence_write(const char *template, const struct subject *s, const struct facts *f,
		      char *buf, size_t size);

/* The facts that `keys` lists and that are known, as "key value, ..." for people. */
size_t sentence_evidence(const char *keys, const struct facts *f, char *buf, size_t size);

/* The same as an object of JSON; shares as numbers from 0 to 1. */
size_t sentence_json(const char *keys, const struct facts *f, char *buf, size_t size);
