// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/prepare.h"

#include <stdio.h>
#include <string.h>

#define TYPE_BYTES_MAX 4096

static void ask(struct fleet_http *h, const char *query, struct fleet_reply *reply)
{
	fleet_http_ask(h, query, NULL, NULL, false, reply);
}

void fleet_ask_version(struct fleet_http *h, char *ret, size_t size, struct fleet_reply *reply)
{
	ask(h, "SELECT version()", reply);
	if (reply->outcome == FLEET_OK)
		snprintf(ret, size, "%.*s", (int)strcspn((const char *)reply->body.byte, "\n"),
			 (const char *)reply->body.byte);
}

/* One after the other; the first that fails ends it. Frees them. */
static void run_all(struct fleet_http *h, struct sql *q, unsigned count, struct fleet_reply *reply)
{
	for (unsigned i = 0; i < count; i++) {
		if (reply->outcome == FLEET_OK)
			ask(h, q[i].text, reply);
		sql_done(&q[i]);
	}
}

/* What the server says of each column of a table, into `type`, "" for one that it has not. */
static unsigned ask_types(struct fleet_http *h, const char *database, enum fleet_table table,
			  const struct fleet_column *const *column, unsigned count,
			  char (*type)[TYPE_BYTES_MAX], struct fleet_reply *reply)
{
	struct rowbinary_reader in;
	struct sql q = {0};
	unsigned known = 0;

	sql_add(&q, "SELECT name, type FROM system.columns WHERE database = ");
	sql_add_text(&q, database);
	sql_add(&q, " AND table = ");
	sql_add_text(&q, fleet_table_name(table));
	sql_add(&q, " FORMAT RowBinary");
	ask(h, q.text, reply);
	sql_done(&q);
	if (reply->outcome != FLEET_OK)
		return 0;
	in = (struct rowbinary_reader){reply->body.byte, reply->body.byte + reply->body.len, false};
	for (unsigned i = 0; i < count; i++)
		type[i][0] = '\0';
	while (in.at < in.end && !in.failed) {
		char name[64], text[TYPE_BYTES_MAX];

		rowbinary_get_text(&in, name, sizeof(name));
		rowbinary_get_text(&in, text, sizeof(text));
		for (unsigned i = 0; i < count; i++)
			if (!strcmp(column[i]->name, name))
				strcpy(type[i], text);
		known++;
	}
	return known;
}

/* What is there already may be of an older version of ours. */
static unsigned mend(struct fleet_http *h, const struct fleet_schema *s, enum fleet_table table,
		     struct fleet_reply *reply)
{
	static char type[FLEET_COLUMNS_MAX][TYPE_BYTES_MAX];
	const struct fleet_column *column[FLEET_COLUMNS_MAX];
	unsigned count = fleet_columns(table, true, column), changes = 0;

	ask_types(h, s->database, table, column, count, type, reply);
	for (unsigned i = 0; i < count && reply->outcome == FLEET_OK; i++) {
		struct sql q[FLEET_CREATE_MAX];
		unsigned n = fleet_mend_column(table, column[i], type[i], s, q);

		changes += n;
		run_all(h, q, n, reply);
	}
	return changes;
}

static bool has_table(struct fleet_http *h, const struct fleet_schema *s, enum fleet_table table,
		      struct fleet_reply *reply)
{
	struct sql q = {0};

	sql_add(&q, "SELECT count() FROM system.tables WHERE database = ");
	sql_add_text(&q, s->database);
	sql_add(&q, " AND name = ");
	sql_add_text(&q, fleet_table_name(table));
	ask(h, q.text, reply);
	sql_done(&q);
	return reply->outcome == FLEET_OK && reply->body.len && reply->body.byte[0] == '1';
}

void fleet_prepare(struct fleet_http *h, const struct fleet_schema *s, unsigned *ret_changes,
		   struct fleet_reply *reply)
{
	struct sql database = {0};

	*ret_changes = 0;
	reply->outcome = FLEET_OK;
	sql_add(&database, "CREATE DATABASE IF NOT EXISTS %s", s->database);
	if (s->cluster)
		sql_add(&database, " ON CLUSTER %s", s->cluster);
	run_all(h, &database, 1, reply);
	for (unsigned t = 0; t < FLEET_TABLE_COUNT && reply->outcome == FLEET_OK; t++) {
		struct sql q[FLEET_CREATE_MAX];
		bool was_there = has_table(h, s, (enum fleet_table)t, reply);
		unsigned n;

		if (reply->outcome != FLEET_OK)
			return;
		n = fleet_create((enum fleet_table)t, s, q);
		*ret_changes += was_there ? 0 : n;
		run_all(h, q, n, reply);
		if (reply->outcome == FLEET_OK)
			*ret_changes += mend(h, s, (enum fleet_table)t, reply);
	}
}

void fleet_ask_lacks(struct fleet_http *h, const char *database, struct fleet_lacks *ret,
		     struct fleet_reply *reply)
{
	static char type[FLEET_COLUMNS_MAX][TYPE_BYTES_MAX];

	ret->count = 0;
	for (unsigned t = 0; t < FLEET_TABLE_COUNT; t++) {
		const struct fleet_column *column[FLEET_COLUMNS_MAX];
		unsigned count = fleet_columns((enum fleet_table)t, true, column);
		unsigned known =
			ask_types(h, database, (enum fleet_table)t, column, count, type, reply);

		if (reply->outcome != FLEET_OK)
			return;
		if (!known) {
			reply->outcome = FLEET_WRONG;
			snprintf(reply->why, sizeof(reply->why),
				 "there is no table %s.%s; `tcpsight ship --create` makes it",
				 database, fleet_table_name((enum fleet_table)t));
			return;
		}
		for (unsigned i = 0; i < count; i++)
			if (!type[i][0] && ret->count < FLEET_LACKS_MAX) {
				ret->item[ret->count].table = (enum fleet_table)t;
				ret->item[ret->count++].name = column[i]->name;
			}
	}
}
