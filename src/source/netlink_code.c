// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each instruction jumps forward by `yes` or `no` bytes. A jump to the end accepts, one of four
 * bytes beyond it rejects. The kernel checks that every target is reached from the start by going
 * on with `yes` alone, so alternatives are chained with JMP, which always takes `no`.
 */
#include "source/netlink_code.h"

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/settings.h"

#define CONDITION_BYTES (sizeof(struct inet_diag_bc_op) + sizeof(struct inet_diag_hostcond))
/* A condition on a family carries an address, even if no bit of it counts. */
#define FAMILY_BYTES (CONDITION_BYTES + sizeof(__be32))
#define JUMP_BYTES sizeof(struct inet_diag_bc_op)
#define ANY_PORT (-1)

struct writer {
	char *code;
	size_t used;
};

static void put(struct writer *w, uint8_t op, size_t yes, size_t no)
{
	struct inet_diag_bc_op o = {.code = op, .yes = (uint8_t)yes, .no = (uint16_t)no};

	memcpy(w->code + w->used, &o, sizeof(o));
	w->used += sizeof(o);
}

static void put_port(struct writer *w, uint8_t op, unsigned port, size_t no)
{
	struct inet_diag_hostcond condition = {.family = AF_UNSPEC, .port = (int)port};

	put(w, op, CONDITION_BYTES, no);
	memcpy(w->code + w->used, &condition, sizeof(condition));
	w->used += sizeof(condition);
}

/* Any IPv4 address: a prefix of no bits. Also matches v4-mapped addresses of an IPv6 socket. */
static void put_v4(struct writer *w, uint8_t op)
{
	struct inet_diag_hostcond condition = {.family = AF_INET, .port = ANY_PORT};

	put(w, op, FAMILY_BYTES, FAMILY_BYTES + 4);
	memcpy(w->code + w->used, &condition, sizeof(condition));
	memset(w->code + w->used + sizeof(condition), 0, sizeof(__be32));
	w->used += sizeof(condition) + sizeof(__be32);
}

static size_t count_ports(const uint8_t *set)
{
	size_t count = 0;

	for (unsigned port = 0; set && port < 65536; port++)
		count += set[port / 8] >> (port % 8) & 1;
	return count;
}

static bool worth_telling(const uint8_t *set)
{
	size_t count = count_ports(set);

	return count && count <= CODE_PORTS_MAX;
}

/* Any of these ports; `after` bytes of conditions follow. */
static void put_ports(struct writer *w, uint8_t op, const uint8_t *set, size_t after)
{
	size_t left = count_ports(set);

	for (unsigned port = 0; port < 65536; port++) {
		if (!(set[port / 8] >> (port % 8) & 1))
			continue;
		left--;
		if (!left) {
			put_port(w, op, port, CONDITION_BYTES + after + 4);
			return;
		}
		put_port(w, op, port, CONDITION_BYTES + JUMP_BYTES);
		/* It matched: go to what follows the last port. */
		put(w, INET_DIAG_BC_JMP, JUMP_BYTES,
		    JUMP_BYTES + left * CONDITION_BYTES + (left - 1) * JUMP_BYTES);
	}
}

static size_t ports_bytes(const uint8_t *set)
{
	size_t count = count_ports(set);

	return worth_telling(set) ? count * CONDITION_BYTES + (count - 1) * JUMP_BYTES : 0;
}

size_t code_compile(const struct settings *settings, void *code)
{
	struct writer w = {.code = code};
	size_t remote = ports_bytes(settings->rports);
	size_t family = settings->only_v4 ? FAMILY_BYTES : 0;

	if (worth_telling(settings->lports))
		put_ports(&w, INET_DIAG_BC_S_COND, settings->lports, remote + family);
	if (remote)
		put_ports(&w, INET_DIAG_BC_D_COND, settings->rports, family);
	if (family)
		put_v4(&w, INET_DIAG_BC_D_COND);
	return w.used;
}
