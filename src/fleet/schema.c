// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/columns.h"

/*
 * In every key: seq, by which rows that were sent twice are told to be one. Who asks, asks for a
 * time; then the host, or the port of a service.
 */
static const char *const order[FLEET_TABLE_COUNT] = {
	[FLEET_CLOSED] = "host, time, run, seq",
	[FLEET_VOLUME] = "host, time, run, seq",
	[FLEET_MINUTE] = "port, role, comm, host, time, run, seq",
	[FLEET_HOST] = "host, time, run, seq",
	[FLEET_RECORDER] = "host, time, run, seq",
};

bool fleet_is_modern(const char *version)
{
	int major = 0, minor = 0;

	/* LowCardinality, column codecs, TTL and IPv6 are all there, and no trial any more. */
	return sscanf(version, "%d.%d", &major, &minor) == 2 &&
	       (major > 20 || (major == 20 && minor >= 3));
}

static void add_words(struct sql *q, const char *words)
{
	const char *word;
	unsigned len;

	sql_add(q, "Enum8(");
	for (unsigned i = 0; (word = record_word(words, i, &len)); i++)
		sql_add(q, "%s'%.*s'=%u", i ? "," : "", (int)len, word, i);
	sql_add(q, ")");
}

/* Numbers that grow from row to row are stored as differences. */
static const char *codec(const struct fleet_column *c)
{
	if (c->type == FLEET_TIME || c->type == FLEET_DATE || !strcmp(c->name, "time_us") ||
	    !strcmp(c->name, "seq"))
		return " CODEC(Delta, ZSTD)";
	return " CODEC(ZSTD)";
}

static void add_type(struct sql *q, const struct fleet_column *c, bool is_modern)
{
	switch (c->type) {
	case FLEET_DATE:
		sql_add(q, "Date");
		break;
	case FLEET_TIME:
		sql_add(q, "DateTime");
		break;
	case FLEET_UINT:
		sql_add(q, "UInt%u", 8 * c->size);
		break;
	case FLEET_INT:
		sql_add(q, "Int64");
		break;
	case FLEET_TEXT:
		sql_add(q, is_modern ? "LowCardinality(String)" : "String");
		return;
	case FLEET_ADDR:
		sql_add(q, is_modern ? "IPv6" : "FixedString(16)");
		break;
	case FLEET_WORD:
		add_words(q, c->words);
		break;
	}
	if (is_modern)
		sql_add(q, "%s", codec(c));
}

static void add_columns(struct sql *q, enum fleet_table table, bool is_modern)
{
	const struct fleet_column *column[FLEET_COLUMNS_MAX];
	unsigned count = fleet_columns(table, true, column);

	for (unsigned i = 0; i < count; i++) {
		sql_add(q, "%s\n  `%s` ", i ? "," : "", column[i]->name);
		add_type(q, column[i], is_modern);
	}
}

static const char *on_cluster(const struct fleet_schema *s)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s%s", s->cluster ? " ON CLUSTER " : "",
		 s->cluster ? s->cluster : "");
	return text;
}

static void add_engine(struct sql *q, enum fleet_table table, const struct fleet_schema *s)
{
	if (s->cluster)
		sql_add(q,
			"ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/%s/%s', '{replica}')",
			s->database, fleet_table_name(table));
	else
		sql_add(q, "ENGINE = ReplacingMergeTree()");
	sql_add(q, "\nPARTITION BY day ORDER BY (%s)", order[table]);
	if (!s->is_modern)
		return;
	if (s->keep_days)
		sql_add(q, "\nTTL day + INTERVAL %u DAY", s->keep_days);
	/* Inserts that are sent twice in a row are one there, before any merge. */
	if (!s->cluster)
		sql_add(q, "\nSETTINGS non_replicated_deduplication_window = 10000");
}

unsigned fleet_create(enum fleet_table table, const struct fleet_schema *s,
		      struct sql ret[FLEET_CREATE_MAX])
{
	const char *name = fleet_table_name(table), *suffix = s->cluster ? "_local" : "";

	ret[0] = ret[1] = (struct sql){0};
	sql_add(&ret[0], "CREATE TABLE IF NOT EXISTS %s.%s%s%s (", s->database, name, suffix,
		on_cluster(s));
	add_columns(&ret[0], table, s->is_modern);
	sql_add(&ret[0], ")\n");
	add_engine(&ret[0], table, s);
	if (!s->cluster)
		return 1;
	/* All rows of a host go to one shard: a batch stays one insert, which is there or not. */
	sql_add(&ret[1],
		"CREATE TABLE IF NOT EXISTS %s.%s%s AS %s.%s_local\n"
		"ENGINE = Distributed(%s, %s, %s_local, cityHash64(host))",
		s->database, name, on_cluster(s), s->database, name, s->cluster, s->database, name);
	return 2;
}

/* Does a column of words have all of ours? They are only ever added at the end. */
static bool has_words(const char *server_type, const struct fleet_column *c)
{
	const char *word, *last = "";
	unsigned len, last_len = 0, count = 0;
	char text[96];

	for (; (word = record_word(c->words, count, &len)); count++) {
		last = word;
		last_len = len;
	}
	snprintf(text, sizeof(text), "'%.*s' = %u", (int)last_len, last, count - 1);
	return strstr(server_type, text);
}

unsigned fleet_mend_column(enum fleet_table table, const struct fleet_column *column,
			   const char *server_type, const struct fleet_schema *s,
			   struct sql ret[FLEET_CREATE_MAX])
{
	unsigned count = s->cluster ? 2 : 1;

	if (server_type[0] && (column->type != FLEET_WORD || has_words(server_type, column)))
		return 0;
	ret[0] = ret[1] = (struct sql){0};
	for (unsigned i = 0; i < count; i++) {
		sql_add(&ret[i], "ALTER TABLE %s.%s%s%s %s COLUMN `%s` ", s->database,
			fleet_table_name(table), s->cluster && !i ? "_local" : "", on_cluster(s),
			server_type[0] ? "MODIFY" : "ADD", column->name);
		add_type(&ret[i], column, s->is_modern);
	}
	return count;
}

void fleet_print(const struct fleet_schema *s, struct sql *ret)
{
	struct sql one[FLEET_CREATE_MAX];

	sql_add(ret, "CREATE DATABASE IF NOT EXISTS %s%s;\n", s->database, on_cluster(s));
	for (unsigned t = 0; t < FLEET_TABLE_COUNT; t++) {
		unsigned count = fleet_create((enum fleet_table)t, s, one);

		for (unsigned i = 0; i < count; i++) {
			sql_add(ret, "\n%s;\n", one[i].text);
			sql_done(&one[i]);
		}
	}
}
