// SPDX-License-Identifier: BSD-2-Clause
#include "view/group_by.h"

#include <stdio.h>
#include <string.h>

#include "engine/column_group.h"
#include "engine/value.h"
#include "engine/workload_of.h"
#include "util/cgroup.h"

/* The prefix lengths of `subnet`: what is mostly one network of one owner. */
#define SUBNET_V4 24
#define SUBNET_V6 48

typedef unsigned keys_fn(const struct view *view, const struct flow *flow, uint32_t *note,
			 struct group_key *ret);

static unsigned by_flow(const struct view *view, const struct flow *f, uint32_t *note,
			struct group_key *ret)
{
	(void)view;
	(void)note;
	/* After its close an id names another flow. */
	*ret = (struct group_key){.hash = {f->id}, .lport = f->ident.lport};
	return 1;
}

static unsigned by_tuple(const struct view *view, const struct flow *f, uint32_t *note,
			 struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.laddr = f->ident.laddr,
				  .raddr = f->ident.raddr,
				  .lport = f->ident.lport,
				  .rport = f->ident.rport,
				  .number = f->ident.netns};
	return 1;
}

static unsigned by_laddr(const struct view *view, const struct flow *f, uint32_t *note,
			 struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.laddr = f->ident.laddr};
	return 1;
}

static unsigned by_raddr(const struct view *view, const struct flow *f, uint32_t *note,
			 struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.raddr = f->ident.raddr};
	return 1;
}

static unsigned by_lport(const struct view *view, const struct flow *f, uint32_t *note,
			 struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.lport = f->ident.lport};
	return 1;
}

static unsigned by_rport(const struct view *view, const struct flow *f, uint32_t *note,
			 struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.rport = f->ident.rport};
	return 1;
}

static unsigned by_pid(const struct view *view, const struct flow *f, uint32_t *note,
		       struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.number = f->ident.owner_source ? f->ident.pid : 0};
	return 1;
}

static unsigned by_comm(const struct view *view, const struct flow *f, uint32_t *note,
			struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.number = f->ident.owner_source != OWNER_NONE};
	if (f->ident.owner_source)
		strncpy(ret->text, f->ident.comm, sizeof(ret->text));
	return 1;
}

static unsigned by_unit(const struct view *view, const struct flow *f, uint32_t *note,
			struct group_key *ret)
{
	(void)note;
	*ret = (struct group_key){.number = 0};
	workload_key(workload_of(view->context.cgroups, &f->ident)->workload.unit, ret->hash);
	return 1;
}

static unsigned by_container(const struct view *view, const struct flow *f, uint32_t *note,
			     struct group_key *ret)
{
	(void)note;
	*ret = (struct group_key){.number = 0};
	workload_key(workload_of(view->context.cgroups, &f->ident)->workload.container, ret->hash);
	return 1;
}

static unsigned by_state(const struct view *view, const struct flow *f, uint32_t *note,
			 struct group_key *ret)
{
	(void)view;
	(void)note;
	*ret = (struct group_key){.number = f->state};
	return 1;
}

static unsigned by_port(const struct view *view, const struct flow *f, uint32_t *note,
			struct group_key *ret)
{
	const struct ev_ident *id = &f->ident;

	(void)view;
	(void)note;
	*ret = (struct group_key){.number = column_service_is_remote(id) ? id->rport : id->lport};
	return 1;
}

static unsigned by_subnet(const struct view *view, const struct flow *f, uint32_t *note,
			  struct group_key *ret)
{
	unsigned bits = addr_is_v4(&f->ident.raddr) ? 96 + SUBNET_V4 : SUBNET_V6;

	(void)view;
	(void)note;
	*ret = (struct group_key){.number = bits};
	memcpy(&ret->raddr, &f->ident.raddr, bits / 8);
	return 1;
}

/* Any group is of one host alone: this one is of nothing else. */
static unsigned by_host(const struct view *view, const struct flow *f, uint32_t *note,
			struct group_key *ret)
{
	(void)view;
	(void)f;
	(void)note;
	*ret = (struct group_key){.number = 0};
	return 1;
}

static void name_port(const struct view *view, const struct group *g, struct row *row)
{
	(void)view;
	row->service_port = (uint16_t)g->key.number;
}

/* The text lives until the next row is named: a row is borrowed for a call. */
static void name_subnet(const struct view *view, const struct group *g, struct row *row)
{
	static char text[VALUE_TEXT_MAX + 8];
	bool v4 = addr_is_v4(&g->key.raddr);
	size_t len = value_format_addr(&g->key.raddr, text);

	(void)view;
	snprintf(text + len, sizeof(text) - len, "/%d", v4 ? SUBNET_V4 : SUBNET_V6);
	row->group = row->prefix = text;
}

static const struct kind {
	const char *by;
	keys_fn *keys;
	void (*name)(const struct view *view, const struct group *g, struct row *row);
	unsigned shares;
	const char *key_columns;
	struct cell cell[2]; /* of a table */
} kinds[] = {
	{"tuple", by_tuple, NULL, SHARE_ALL, "laddr,lport,raddr,rport,netns", {{0}}},
	{"laddr", by_laddr, NULL, SHARE_LADDR, "laddr", {{0}}},
	{"raddr", by_raddr, NULL, SHARE_RADDR, "raddr", {{0}}},
	{"lport", by_lport, NULL, SHARE_LPORT, "lport", {{0}}},
	{"rport", by_rport, NULL, SHARE_RPORT, "rport", {{0}}},
	{"state", by_state, NULL, SHARE_STATE, "state", {{0}}},
	{"pid", by_pid, NULL, SHARE_PROCESS | SHARE_COMM, "pid,comm", {{0}}},
	{"comm", by_comm, NULL, SHARE_COMM, "comm", {{"comm", -16, .cut = 16}}},
	{"flow",
	 by_flow,
	 NULL,
	 SHARE_ALL,
	 "pid,comm,laddr,lport,raddr,rport,role,end_reason,cookie",
	 {{"local", -21}, {"remote", -21}}},
	{"process",
	 by_pid,
	 NULL,
	 SHARE_PROCESS | SHARE_COMM,
	 "pid,comm",
	 {{"pid", -7}, {"comm", -16, .cut = 16}}},
	{"unit", by_unit, NULL, SHARE_UNIT, "unit", {{"unit", -32}}},
	{"container", by_container, NULL, SHARE_CONTAINER, "container", {{"container", -32}}},
	{"remote", by_raddr, NULL, SHARE_RADDR, "raddr", {{"raddr", -32}}},
	{"port", by_port, name_port, 0, "port", {{"port", -7}}},
	{"subnet", by_subnet, name_subnet, 0, "subnet", {{"subnet", -32}}},
	{"host", by_host, NULL, 0, "host", {{"host", -16, .cut = 16}}},
};

static const struct kind *find(const char *by)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].by, by))
			return &kinds[i];
	return &kinds[0];
}

void group_by_set(const char *by, struct view *view)
{
	const struct kind *k = find(by);

	view->grouping = (struct grouping){.keys = k->keys, .name = k->name, .shares = k->shares};
	if (k->shares & (SHARE_UNIT | SHARE_CONTAINER))
		view->needs |= NEED_CGROUPS;
	if (k->shares & (SHARE_PROCESS | SHARE_COMM))
		view->needs |= NEED_OWNER;
}

const char *group_by_key_columns(const char *by)
{
	return find(by)->key_columns;
}

const char *group_by_columns(const char *by)
{
	static char list[256];

	snprintf(list, sizeof(list),
		 "time,%s,flows,tx_bytes,rx_bytes,srtt_us,min_rtt_us,retrans,bytes_retrans,"
		 "busiest,busiest_pid,busiest_comm",
		 find(by)->key_columns);
	return list;
}

/* Where rows are of several hosts, they have said of which already. */
static bool is_there(const struct section *section, const char *column)
{
	return section->count && !strcmp(section->column[0]->name, column);
}

void group_by_key_cells(const char *by, struct section *section)
{
	const struct kind *k = find(by);

	for (size_t i = 0; i < 2 && k->cell[i].column; i++)
		if (!is_there(section, k->cell[i].column))
			section_set(section, &k->cell[i], 1);
}

void group_by_layout(const char *by, struct section *section)
{
	static const struct cell sums[] = {
		{"flows", 6},	{"rx_kb", 8},	{"tx_kb", 8},
		{"srtt_us", 8}, {"retrans", 7}, {"busiest", -32},
	};
	static const struct cell whose = {"busiest_comm", CELL_BARE};
	const struct kind *k = find(by);

	group_by_key_cells(by, section);
	section_set(section, sums, sizeof(sums) / sizeof(sums[0]));
	if (k->shares != (SHARE_PROCESS | SHARE_COMM))
		section_set(section, &whose, 1);
}

void group_by_count_layout(const char *by, struct section *section)
{
	static const struct cell count = {"flows", 7};
	size_t at;

	section_set(section, &count, 1);
	section_parse(section, find(by)->key_columns, &at);
}
