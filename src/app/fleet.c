// SPDX-License-Identifier: BSD-2-Clause
/* Asking the store of a fleet, and printing what it answers as a table, or as JSON. */
#include "app/fleet.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "app/status.h"
#include "app/window.h"
#include "engine/question.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "fleet/ask.h"
#include "fleet/prepare.h"
#include "fleet/questions.h"
#include "fleet/schema.h"
#include "util/log.h"
#include "util/utf8.h"
#include "util/xalloc.h"

#define MINUTE_S 60
#define COLUMNS_MAX 32
#define PATIENCE_S 600

/* What hosts sent may be anything. */
static const char *cell(const json_t *value)
{
	static char text[512], clean[512];
	size_t len;

	if (json_is_string(value))
		snprintf(text, sizeof(text), "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, sizeof(text), "%.3g", json_real_value(value));
	else
		text[0] = '\0';
	/* Addresses are stored in one form (abi/addr.h), and shown as people write them. */
	if (!strncmp(text, "::ffff:", 7) && strchr(text, '.'))
		memmove(text, text + 7, strlen(text + 7) + 1);
	utf8_clean_lines(clean, sizeof(clean), text);
	len = strlen(clean);
	while (len && clean[len - 1] == '\n')
		clean[--len] = '\0';
	return clean;
}

static bool is_number(const json_t *column)
{
	const char *type = json_string_value(json_object_get(column, "type"));

	return type && (strstr(type, "Int") || strstr(type, "Float"));
}

static void print_table(const json_t *meta, const json_t *data)
{
	size_t columns = json_array_size(meta), i, c, width[COLUMNS_MAX];
	json_t *row;

	columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
	for (c = 0; c < columns; c++) {
		width[c] =
			strlen(json_string_value(json_object_get(json_array_get(meta, c), "name")));
		json_array_foreach(data, i, row)
		{
			size_t len = strlen(cell(json_array_get(row, c)));

			width[c] = len > width[c] ? len : width[c];
		}
	}
	for (c = 0; c < columns; c++) {
		json_t *column = json_array_get(meta, c);
		char name[64];

		snprintf(name, sizeof(name), "%s",
			 json_string_value(json_object_get(column, "name")));
		for (char *p = name; *p; p++)
			*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
		printf(is_number(column) ? "%s%*s" : "%s%-*s", c ? " " : "",
		       c + 1 == columns && !is_number(column) ? 0 : (int)width[c], name);
	}
	putchar('\n');
	json_array_foreach(data, i, row)
	{
		for (c = 0; c < columns; c++) {
			bool number = is_number(json_array_get(meta, c));

			printf(number ? "%s%*s" : "%s%-*s", c ? " " : "",
			       c + 1 == columns && !number ? 0 : (int)width[c],
			       cell(json_array_get(row, c)));
		}
		putchar('\n');
	}
}

static void print_json(const json_t *meta, const json_t *data)
{
	size_t i, c;
	json_t *row, *value;

	json_array_foreach(data, i, row)
	{
		json_t *object = json_object();

		json_array_foreach(row, c, value)
		{
			const char *name =
				json_string_value(json_object_get(json_array_get(meta, c), "name"));

			/* Servers write numbers of 64 bits as texts, unless they are told
			 * otherwise. */
			if (json_is_string(value) && is_number(json_array_get(meta, c)))
				json_object_set_new(
					object, name,
					json_integer(strtoll(json_string_value(value), NULL, 10)));
			else if (json_is_string(value))
				json_object_set_new(object, name, json_string(cell(value)));
			else
				json_object_set(object, name, value);
		}
		json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		json_decref(object);
	}
}

static int print_answer(const struct fleet_reply *reply, bool as_json)
{
	json_error_t error;
	json_t *root = json_loadb((const char *)reply->body.byte, reply->body.len, 0, &error);
	const json_t *meta = json_object_get(root, "meta"), *data = json_object_get(root, "data");
	int err = 0;

	if (!json_is_array(meta) || !json_is_array(data)) {
		log_error("an answer that cannot be understood: %s",
			  root ? "no table" : error.text);
		err = -EPROTO;
	} else if (as_json) {
		print_json(meta, data);
	} else {
		print_table(meta, data);
	}
	json_decref(root);
	return err;
}

static int failed(const struct fleet_server *server, const struct fleet_reply *reply)
{
	log_error("%s: %s", server->host, reply->why);
	return -EIO;
}

/* To whom the answer applies: it stands before it, and with --json in a row of its own. */
static int say_hosts(struct fleet_ask *a, const struct fleet_server *server, bool as_json)
{
	struct fleet_hosts hosts;
	json_t *silent;
	char *text;

	if (fleet_ask_hosts(a, &hosts))
		return failed(server, a->failed);
	text = fleet_hosts_text(&hosts, a->from_s, a->to_s);
	fprintf(stderr, "%s\n", text);
	silent = json_array();
	for (unsigned i = 0; i < hosts.count && as_json; i++)
		if (!hosts.host[i].minutes)
			json_array_append_new(silent, json_string(hosts.host[i].name));
	if (as_json) {
		json_t *row =
			json_pack("{sssIsIso}", "type", "hosts", "known", (json_int_t)hosts.count,
				  "reported", (json_int_t)hosts.reported, "silent", silent);

		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		json_decref(row);
	} else {
		json_decref(silent);
	}
	free(text);
	fleet_hosts_done(&hosts);
	return 0;
}

static int ask(struct fleet_ask *a, const struct fleet_server *server, const struct question *q)
{
	const struct fleet_options *o = q->own;
	struct fleet_reply reply = {0};
	struct sql query = {0};
	char version[64] = "";
	int err;

	fleet_ask_version(a->http, version, sizeof(version), &reply);
	if (reply.outcome != FLEET_OK)
		return failed(server, &reply);
	a->is_modern = fleet_is_modern(version);
	fleet_question_sql(a, o, q->rows, &query);
	if (o->sql) {
		printf("%s\n", query.text);
		sql_done(&query);
		return 0;
	}
	err = say_hosts(a, server, q->json);
	sql_add(&query, " FORMAT JSONCompact");
	if (!err) {
		fleet_http_ask(a->http, query.text, NULL, NULL, false, &reply);
		err = reply.outcome == FLEET_OK ? print_answer(&reply, q->json)
						: failed(server, &reply);
	}
	sql_done(&query);
	rowbinary_done(&reply.body);
	return err;
}

static int open_server(const struct watch *w, struct fleet_server *server)
{
	char why[FLEET_WHY] = "";
	size_t at;

	if (fleet_server_parse(w->fleet, server, &at, why) ||
	    (w->credentials && fleet_server_take_credentials(server, w->credentials, why))) {
		log_error("%s", why);
		return -EINVAL;
	}
	server->cacert = w->cacert;
	if (!fleet_server_is_open(server))
		return 0;
	log_error(
		"--fleet: over http:// everybody on the way could read the password; use https://");
	return -EINVAL;
}

int fleet_run(struct question *question, const char *program)
{
	struct watch *w = question->watch;
	struct fleet_server server = {0};
	struct fleet_ask a = {0};
	uid_t uid;
	gid_t gid;
	int err = window_set(w, program);

	if (err)
		return err;
	if (open_server(w, &server))
		return RUN_FAILED;
	a.database = server.database;
	a.from_s = w->from_us / 1000000 / MINUTE_S * MINUTE_S;
	a.to_s = ((w->to_us ? w->to_us / 1000000 : (int64_t)time(NULL)) + MINUTE_S - 1) / MINUTE_S *
		 MINUTE_S;
	json_object_seed(0);
	a.http = fleet_http_open(&server, NULL);
	err = a.http ? 0 : -ENOMEM;
	if (!err)
		err = sandbox_find_user(w->user, &uid, &gid);
	if (!err)
		err = sandbox_enter(0, SYSCALLS_FETCH | SYSCALLS_FILES, uid, gid, w->user);
	if (!err) {
		fleet_http_set_patience(a.http, PATIENCE_S);
		err = ask(&a, &server, question);
	}
	fleet_ask_end(&a);
	fleet_http_close(a.http);
	fleet_server_done(&server);
	explicit_bzero(&server, sizeof(server));
	return err ? RUN_FAILED : RUN_DONE;
}
