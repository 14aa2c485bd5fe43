// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each instruction jumps forward by `yes` or `no` bytes. A jump to the end accepts, one of four
 * bytes beyond it rejects. The kernel checks that every target is reached from the start by going
 * on with `yes` alone, so `yes` always leads to what follows, and alternatives are chained with JMP,
 * which always takes `no`. Where `no` leads is filled in when that place is known.
 */
#include "source/netlink_code.h"

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/question.h"
#include "engine/tuple_filter.h"

#define ANY_PORT (-1)
#define V4_MAPPED_BITS 96

/* Places that are not known yet, in place of `no`: real ones are multiples of four. */
enum place {
	NEXT_ALTERNATIVE = 1, /* if there is none: rejected */
	BEHIND_ALTERNATIVES,
};

struct writer {
	char *code;
	size_t used;
	size_t group, alternative; /* where the present ones begin */
};

static void put(struct writer *w, const void *from, size_t size)
{
	memcpy(w->code + w->used, from, size);
	w->used += size;
}

static void put_op(struct writer *w, uint8_t op, size_t size, enum place no)
{
	struct inet_diag_bc_op o = {.code = op, .yes = (uint8_t)size, .no = (uint16_t)no};

	put(w, &o, sizeof(o));
}

/* Let each `no` from `from` on that waits for `place` lead to `target`. */
static void settle(struct writer *w, size_t from, enum place place, size_t target)
{
	struct inet_diag_bc_op o;

	for (size_t at = from; at < w->used; at += o.yes) {
		memcpy(&o, w->code + at, sizeof(o));
		if (o.no != place)
			continue;
		o.no = (uint16_t)(target - at);
		memcpy(w->code + at, &o, sizeof(o));
	}
}

static void begin_group(struct writer *w)
{
	w->group = w->alternative = w->used;
}

/* What was put since the last one is an alternative; are there `more`? */
static void end_alternative(struct writer *w, bool more)
{
	if (!more) {
		settle(w, w->group, BEHIND_ALTERNATIVES, w->used);
		return;
	}
	put_op(w, INET_DIAG_BC_JMP, sizeof(struct inet_diag_bc_op), BEHIND_ALTERNATIVES);
	settle(w, w->alternative, NEXT_ALTERNATIVE, w->used);
	w->alternative = w->used;
}

static void put_port(struct writer *w, uint8_t op, unsigned port)
{
	struct inet_diag_hostcond condition = {.family = AF_UNSPEC, .port = (int)port};

	put_op(w, op, sizeof(struct inet_diag_bc_op) + sizeof(condition), NEXT_ALTERNATIVE);
	put(w, &condition, sizeof(condition));
}

/* An address of this family (with IPv4 also v4-mapped ones of IPv6 sockets), and perhaps a port. */
static void put_address(struct writer *w, uint8_t op, const struct tuple_bound *b)
{
	bool v4 = addr_is_v4(&b->addr);
	size_t bytes = v4 ? sizeof(b->addr.word_be[3]) : sizeof(b->addr.byte);
	struct inet_diag_hostcond condition = {
		.family = v4 ? AF_INET : AF_INET6,
		.prefix_len = (uint8_t)(v4 ? b->bits - V4_MAPPED_BITS : b->bits),
		.port = b->port,
	};

	put_op(w, op, sizeof(struct inet_diag_bc_op) + sizeof(condition) + bytes,
	       NEXT_ALTERNATIVE);
	put(w, &condition, sizeof(condition));
	put(w, v4 ? (const void *)&b->addr.word_be[3] : b->addr.byte, bytes);
}

/* One side of a filter of stat. */
static void put_bound(struct writer *w, uint8_t op, const struct tuple_bound *b)
{
	if (!b->any)
		put_address(w, op, b);
	else if (b->port != ANY_PORT)
		put_port(w, op, (unsigned)b->port);
}

static bool has_port(const uint8_t *set, unsigned port)
{
	return set[port / 8] >> (port % 8) & 1;
}

/* Any of these ports, if that is worth telling. */
static void put_ports(struct writer *w, uint8_t op, const uint8_t *set)
{
	size_t left = 0;

	for (unsigned port = 0; set && port < 65536; port++)
		left += has_port(set, port);
	if (!left || left > CODE_PORTS_MAX)
		return;
	begin_group(w);
	for (unsigned port = 0; port < 65536; port++) {
		if (!has_port(set, port))
			continue;
		put_port(w, op, port);
		end_alternative(w, --left);
	}
}

static void put_v4(struct writer *w)
{
	struct tuple_bound any_v4 = {.bits = V4_MAPPED_BITS, .port = ANY_PORT};

	addr_set_v4(&any_v4.addr, 0);
	begin_group(w);
	put_address(w, INET_DIAG_BC_D_COND, &any_v4);
	end_alternative(w, false);
}

static void put_tuples(struct writer *w, const struct tuple_filters *f)
{
	size_t count = f ? tuple_filters_count(f) : 0;
	size_t before = w->used;

	if (count > CODE_TUPLES_MAX)
		return;
	begin_group(w);
	for (size_t i = 0; i < count; i++) {
		size_t begin = w->used;
		struct tuple_bound local, remote;

		tuple_filters_bound(f, i, &local, &remote);
		put_bound(w, INET_DIAG_BC_S_COND, &local);
		put_bound(w, INET_DIAG_BC_D_COND, &remote);
		/* One that everything matches: there is nothing to tell. */
		if (w->used == begin) {
			w->used = before;
			return;
		}
		end_alternative(w, i + 1 < count);
	}
}

size_t code_compile(const struct question *question, void *code)
{
	struct writer w = {.code = code};

	put_ports(&w, INET_DIAG_BC_S_COND, question->lports);
	put_ports(&w, INET_DIAG_BC_D_COND, question->rports);
	if (question->only_v4)
		put_v4(&w);
	put_tuples(&w, question->tuples);
	/* Four bytes beyond the end rejects. */
	settle(&w, 0, NEXT_ALTERNATIVE, w.used + 4);
	return w.used;
}
