// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/match.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 128
#define TEXT_MAX 4096
/* A longer list of ports would cost the server more than it saves. */
#define PORTS_MAX 64

/* One term: [tcp] [src|dst] port N | host ADDRESS. False if it is not that. */
static bool take_term(struct fleet_match *m, char **word, unsigned count)
{
	struct fleet_term t = {.is_local = true, .is_remote = true};
	struct in_addr v4;
	unsigned i = 0;
	char *end;

	if (i < count && !strcmp(word[i], "tcp"))
		i++;
	if (i < count && !strcmp(word[i], "src")) {
		t.is_remote = false;
		i++;
	} else if (i < count && !strcmp(word[i], "dst")) {
		t.is_local = false;
		i++;
	}
	if (i + 2 != count || m->count == FLEET_TERMS_MAX)
		return false;
	if (!strcmp(word[i], "port")) {
		unsigned long port = strtoul(word[i + 1], &end, 10);

		if (*end || !port || port > 65535)
			return false;
		t.port = (uint16_t)port;
	} else if (strcmp(word[i], "host")) {
		return false;
	} else if (inet_pton(AF_INET, word[i + 1], &v4) == 1) {
		addr_set_v4(&t.addr, v4.s_addr);
	} else if (inet_pton(AF_INET6, word[i + 1], &t.addr) != 1) {
		return false;
	}
	m->term[m->count++] = t;
	return true;
}

void fleet_match_add(struct fleet_match *m, const char *expression)
{
	char text[TEXT_MAX], *word[WORDS_MAX + 1], *save = NULL;
	unsigned count = 0, begin = 0;

	if (strlen(expression) >= sizeof(text) || strpbrk(expression, "()!|&[]=<>"))
		return;
	strcpy(text, expression);
	for (char *w = strtok_r(text, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save)) {
		if (count == WORDS_MAX || !strcmp(w, "or") || !strcmp(w, "not"))
			return;
		word[count++] = w;
	}
	word[count] = NULL;
	for (unsigned i = 0; i <= count; i++) {
		if (i < count && strcmp(word[i], "and"))
			continue;
		take_term(m, word + begin, i - begin);
		begin = i + 1;
	}
}

static void add_side(const struct fleet_term *t, char side, bool is_modern, struct sql *q)
{
	if (t->port) {
		sql_add(q, "%cport = %u", side, t->port);
		return;
	}
	sql_add(q, "%caddr = ", side);
	sql_add_addr(q, &t->addr, is_modern);
}

static void add_ports(const uint8_t *set, char side, struct sql *q)
{
	unsigned count = 0;

	for (unsigned i = 0; set && i < 65536; i++)
		count += set[i / 8] >> i % 8 & 1;
	if (!count || count > PORTS_MAX)
		return;
	sql_add(q, " AND %cport IN (", side);
	for (unsigned i = 0, n = 0; i < 65536; i++)
		if (set[i / 8] >> i % 8 & 1)
			sql_add(q, "%s%u", n++ ? "," : "", i);
	sql_add(q, ")");
}

void fleet_match_sql(const struct fleet_match *m, bool is_modern, struct sql *q)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct fleet_term *t = &m->term[i];

		sql_add(q, " AND (");
		if (t->is_local)
			add_side(t, 'l', is_modern, q);
		if (t->is_local && t->is_remote)
			sql_add(q, " OR ");
		if (t->is_remote)
			add_side(t, 'r', is_modern, q);
		sql_add(q, ")");
	}
	if (m->pid)
		sql_add(q, " AND pid = %u", (unsigned)m->pid);
	add_ports(m->lports, 'l', q);
	add_ports(m->rports, 'r', q);
}
