// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/why_cases.h"

#include "engine/column_host.h"
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

void why_cases_init(struct why_cases *c, uint32_t limit, bool each)
{
	*c = (struct why_cases){.each = each};
	group_table_init(&c->table, limit, sizeof(struct why_case));
	c->order = reserve((size_t)limit * sizeof(*c->order));
}

void why_cases_done(struct why_cases *c)
{
	if (!c->order)
		return;
	reserve_free(c->order, (size_t)c->table.limit * sizeof(*c->order));
	group_table_done(&c->table);
	c->order = NULL;
}

void why_cases_clear(struct why_cases *c)
{
	group_table_clear(&c->table);
}

static uint32_t hash_of(const char *name, size_t size)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < size && name[i]; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h;
}

static void note_owner(struct row_owners *o, uint32_t pid)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->pid[i] == pid)
			return;
	if (o->count < ROW_OWNERS_MAX)
		o->pid[o->count++] = pid;
	else
		o->has_more = true;
}

/* Accepted ones have our port in common, others the peer's address and port. */
static struct group_key key_of(const struct why_cases *c, uint64_t id, const struct subject *s,
			       const struct verdict *v)
{
	struct group_key key = {0};
	const struct ev_ident *ident = s->ident;

	memcpy(&key.laddr, &v->rule->code, sizeof(v->rule->code));
	key.number = v->severity;
	key.host = c->context ? column_host_of(c->context, id) : 0;
	if (!ident)
		return key;
	/* Workers that share a service do so under one name. */
	key.laddr.word_be[2] = ident->owner_source ? hash_of(ident->comm, sizeof(ident->comm)) : 0;
	key.laddr.word_be[3] = ident->netns;
	if (c->each || ident->role == ROLE_LISTEN || s->state == ST_LISTEN) {
		memcpy(&key.raddr, &id, sizeof(id));
		return key;
	}
	if (ident->role == ROLE_ACCEPT) {
		key.lport = ident->lport;
		return key;
	}
	key.raddr = ident->raddr;
	key.rport = ident->rport;
	return key;
}

void why_cases_put(struct why_cases *c, uint64_t id, const struct subject *s,
		   const struct verdict *v)
{
	const struct group_key key = key_of(c, id, s, v);
	const struct ev_extra *extra = s->extra ? s->extra : s->packets;
	struct group *g = group_table_add(&c->table, &key);
	double harm = verdict_harm(v);
	struct row_owners owners;
	struct why_case *worst;

	if (!g)
		return;
	g->flows++;
	worst = group_payload(&c->table, g);
	if (s->ident && s->ident->owner_source)
		note_owner(&worst->owners, s->ident->pid);
	if (g->flows > 1 && (harm < worst->harm || (harm == worst->harm && id > worst->id)))
		return;
	owners = worst->owners;
	*worst = (struct why_case){.harm = harm,
				   .owners = owners,
				   .id = id,
				   .time_ns = s->time_ns,
				   .verdict = *v,
				   .error = s->error,
				   .state = s->state,
				   .end_reason = s->end_reason,
				   .has_ident = s->ident,
				   .has_extra = extra};
	if (s->ident)
		worst->ident = *s->ident;
	if (s->count)
		worst->count = *s->count;
	if (extra)
		worst->extra = *extra;
}

static const struct why_case *case_at(const struct why_cases *c, uint32_t place)
{
	return group_payload(&c->table, &c->table.group[place]);
}

static int by_harm(const void *a, const void *b, void *context)
{
	const struct why_case *one = case_at(context, *(const uint32_t *)a);
	const struct why_case *other = case_at(context, *(const uint32_t *)b);

	if (one->harm != other->harm)
		return one->harm < other->harm ? 1 : -1;
	return one->id < other->id ? -1 : one->id > other->id;
}

void why_cases_sort(struct why_cases *c)
{
	for (uint32_t i = 0; i < c->table.used; i++)
		c->order[i] = i;
	qsort_r(c->order, c->table.used, sizeof(*c->order), by_harm, c);
}

const struct why_case *why_cases_at(const struct why_cases *c, size_t i, uint64_t *ret_flows)
{
	*ret_flows = c->table.group[c->order[i]].flows;
	return case_at(c, c->order[i]);
}
