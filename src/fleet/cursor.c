// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/write_all.h"
#include "util/xalloc.h"

#define NAME "cursor.json"
#define TEMPORARY NAME ".tmp"
#define BYTES_MAX (1u << 20)
#define BLOCKS_MAX 65536

static json_t *put_position(const struct fleet_position *p)
{
	return json_pack("{sIsIsI}", "closes", (json_int_t)p->closes, "minute",
			 (json_int_t)p->minute, "notes", (json_int_t)p->notes);
}

static uint64_t number(const json_t *from, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(from, name));
}

static struct fleet_position get_position(const json_t *from)
{
	return (struct fleet_position){.closes = number(from, "closes"),
				       .minute = (int64_t)number(from, "minute"),
				       .notes = number(from, "notes")};
}

static void get_text(const json_t *from, const char *name, char *ret, size_t size)
{
	const char *text = json_string_value(json_object_get(from, name));

	snprintf(ret, size, "%s", text ? text : "");
}

static json_t *put_blocks(const struct fleet_cursor *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->count; i++) {
		const struct fleet_block *k = &c->block[i];

		json_array_append_new(
			list, json_pack("{sssIsIsIsIsIsIsb}", "table", fleet_table_name(k->table),
					"day", (json_int_t)k->day, "rows", (json_int_t)k->rows,
					"first", (json_int_t)k->first, "last", (json_int_t)k->last,
					"from", (json_int_t)k->time_first, "until",
					(json_int_t)k->time_last, "done", (int)k->is_done));
	}
	return list;
}

static int get_block(const json_t *from, struct fleet_block *ret)
{
	const char *name = json_string_value(json_object_get(from, "table"));

	*ret = (struct fleet_block){
		.day = (uint16_t)number(from, "day"),
		.rows = number(from, "rows"),
		.first = number(from, "first"),
		.last = number(from, "last"),
		.time_first = (uint32_t)number(from, "from"),
		.time_last = (uint32_t)number(from, "until"),
		.is_done = json_is_true(json_object_get(from, "done")),
	};
	for (unsigned t = 0; name && t < FLEET_TABLE_COUNT; t++)
		if (!strcmp(name, fleet_table_name((enum fleet_table)t))) {
			ret->table = (enum fleet_table)t;
			return 0;
		}
	return -EBADMSG;
}

static int get_batch(struct fleet_cursor *c, const json_t *sent)
{
	const json_t *list = json_object_get(sent, "blocks");
	size_t count = json_array_size(list);
	int err = 0;

	c->is_sent = json_is_object(sent);
	if (!c->is_sent)
		return 0;
	if (count > BLOCKS_MAX)
		return -EBADMSG;
	c->to = get_position(json_object_get(sent, "to"));
	c->block = xcalloc(count + 1, sizeof(*c->block));
	for (; c->count < count && !err; c->count++)
		err = get_block(json_array_get(list, c->count), &c->block[c->count]);
	return err;
}

static int get(struct fleet_cursor *c, const json_t *root)
{
	get_text(root, "server", c->server, sizeof(c->server));
	get_text(root, "file", c->file, sizeof(c->file));
	get_text(root, "host", c->host, sizeof(c->host));
	get_text(root, "run", c->run, sizeof(c->run));
	c->is_done = json_is_true(json_object_get(root, "file_is_done"));
	c->is_careful = json_is_true(json_object_get(root, "is_careful"));
	c->next_row = number(root, "next_row");
	c->lost_before = number(root, "lost_before");
	c->lost = number(root, "lost");
	c->unsent = number(root, "unsent");
	c->at = get_position(json_object_get(root, "at"));
	c->rows_total = number(root, "rows_total");
	c->batches_total = number(root, "batches_total");
	c->unsent_total = number(root, "unsent_total");
	c->rejected_total = number(root, "rejected_total");
	return get_batch(c, json_object_get(root, "sent"));
}

int fleet_cursor_load(struct fleet_cursor *c, int dir_fd)
{
	int fd = openat(dir_fd, NAME, O_RDONLY | O_CLOEXEC), err;
	char *text;
	ssize_t len;
	json_t *root;

	*c = (struct fleet_cursor){0};
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	text = xmalloc(BYTES_MAX);
	len = read(fd, text, BYTES_MAX);
	err = len < 0 ? -errno : 0;
	close(fd);
	root = err ? NULL : json_loadb(text, (size_t)len, 0, NULL);
	free(text);
	if (!err)
		err = json_is_object(root) ? get(c, root) : -EBADMSG;
	json_decref(root);
	return err;
}

static int replace(int dir_fd, const char *text, bool confirm)
{
	int fd = openat(dir_fd, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640), err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, text, strlen(text), confirm);
	close(fd);
	if (!err && renameat(dir_fd, TEMPORARY, dir_fd, NAME))
		err = -errno;
	if (!err && confirm && fsync(dir_fd))
		err = -errno;
	return err;
}

int fleet_cursor_save(const struct fleet_cursor *c, int dir_fd)
{
	json_t *root =
		json_pack("{sssssssssbsbsIsIsIsIsosIsIsIsI}", "server", c->server, "file", c->file,
			  "host", c->host, "run", c->run, "file_is_done", (int)c->is_done,
			  "is_careful", (int)c->is_careful, "next_row", (json_int_t)c->next_row,
			  "lost_before", (json_int_t)c->lost_before, "lost", (json_int_t)c->lost,
			  "unsent", (json_int_t)c->unsent, "at", put_position(&c->at), "rows_total",
			  (json_int_t)c->rows_total, "batches_total", (json_int_t)c->batches_total,
			  "unsent_total", (json_int_t)c->unsent_total, "rejected_total",
			  (json_int_t)c->rejected_total);
	char *text;
	int err;

	if (c->is_sent)
		json_object_set_new(
			root, "sent",
			json_pack("{soso}", "to", put_position(&c->to), "blocks", put_blocks(c)));
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	if (!text)
		return -ENOMEM;
	err = replace(dir_fd, text, c->is_sent);
	free(text);
	return err;
}

void fleet_cursor_send(struct fleet_cursor *c, const struct fleet_batch *b,
		       const struct fleet_position *to)
{
	free(c->block);
	c->block = xcalloc(b->count + 1, sizeof(*c->block));
	for (unsigned i = 0; i < b->count; i++) {
		c->block[i] = b->block[i];
		c->block[i].body = (struct rowbinary){0};
	}
	c->count = b->count;
	c->to = *to;
	c->is_sent = true;
}

void fleet_cursor_arrived(struct fleet_cursor *c)
{
	for (unsigned i = 0; i < c->count; i++)
		c->rows_total += c->block[i].rows;
	c->batches_total += c->count;
	c->at = c->to;
	c->is_sent = false;
	free(c->block);
	c->block = NULL;
	c->count = 0;
}

void fleet_cursor_done(struct fleet_cursor *c)
{
	free(c->block);
	c->block = NULL;
	c->count = 0;
}
