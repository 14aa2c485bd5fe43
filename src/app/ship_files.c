// SPDX-License-Identifier: BSD-2-Clause
/* One file of a recording after the other, to the store. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/ship_part.h"
#include "fleet/reader.h"
#include "fleet/rejected.h"
#include "util/log.h"

#define LOOK_AGAIN_MS 1000
#define TELL_EVERY_S 60

static int64_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static bool wait_for(void *context, unsigned ms)
{
	(void)context;
	return ship_wait(ms);
}

static void tell(void *context, const struct fleet_reply *reply, unsigned ms)
{
	struct ship *s = context;
	char since[16];
	time_t begin;
	struct tm tm;

	if (!s->trouble_since) {
		s->trouble_since = now_s();
		s->told_at = s->trouble_since - TELL_EVERY_S;
	}
	if (now_s() - s->told_at < TELL_EVERY_S)
		return;
	s->told_at = now_s();
	ship_metrics(s);
	begin = time(NULL) - (now_s() - s->trouble_since);
	localtime_r(&begin, &tm);
	strftime(since, sizeof(since), "%H:%M:%S", &tm);
	log_warn("%s: %s; %" PRIu64 " rows wait (since %s); next try in %.1f s", s->server.host,
		 reply->why, s->waiting, since, ms / 1000.0);
}

static void tell_end(struct ship *s)
{
	if (s->trouble_since && now_s() - s->told_at >= 0)
		log_warn("%s: it goes on after %" PRId64 " s", s->server.host,
			 now_s() - s->trouble_since);
	s->trouble_since = 0;
}

/* Without a cursor on the disk nothing may go out: who comes after us would not know of it. */
static int save(struct ship *s)
{
	bool is_told = false;
	int err;

	while ((err = fleet_cursor_save(&s->cursor, s->state_fd))) {
		if (!is_told)
			log_errno(err, "cannot write the cursor in %s; it is tried again",
				  s->options->state);
		is_told = true;
		if (!ship_wait(LOOK_AGAIN_MS))
			return -EINTR;
	}
	if (is_told)
		log_warn("the cursor in %s is written again", s->options->state);
	return 0;
}

/* They are set aside, so that the others go on, and somebody can look at them and send them again.
 */
static void set_aside(void *context, const struct fleet_block *k, const char *insert,
		      const char *name, const char *why)
{
	struct ship *s = context;
	int err = fleet_rejected_keep(s->rejected_fd, name, insert, k);

	s->cursor.rejected_total += k->rows;
	s->refused += k->rows;
	if (err)
		log_error(
			"%s: %" PRIu64
			" rows of %s are refused: %s; they are left out, and cannot be kept in "
			"%s/rejected: %s",
			s->server.host, k->rows, fleet_table_name(k->table), why, s->options->state,
			err == -ENOSPC ? "there is no room, or 64 MiB are there" : strerror(-err));
	else
		log_error("%s: %" PRIu64
			  " rows of %s are refused: %s; they are kept in %s/rejected/%s",
			  s->server.host, k->rows, fleet_table_name(k->table), why,
			  s->options->state, name);
}

static int deliver_block(struct ship *s, const struct fleet_batch *b, struct fleet_block *k,
			 bool is_sent)
{
	switch (fleet_deliver(&s->delivery, &b->layout, k, is_sent)) {
	case FLEET_ARRIVED:
		tell_end(s);
		k->is_done = true;
		return 0;
	case FLEET_REJECTED:
		tell_end(s);
		return 0;
	case FLEET_INTERRUPTED:
		break;
	}
	return -EINTR;
}

/* `is_sent`: some of it may have arrived before. */
static int send_batch(struct ship *s, struct fleet_reader *r, struct fleet_batch *b, bool is_sent)
{
	struct fleet_position to = fleet_reader_position(r);
	int err;

	s->cursor.next_row = fleet_reader_next_row(r);
	s->cursor.lost = fleet_reader_lost(r);
	if (b->rows) {
		fleet_cursor_send(&s->cursor, b, &to);
		err = save(s);
		s->waiting = b->rows;
		for (unsigned i = 0; i < b->count && !err; i++)
			err = deliver_block(s, b, &b->block[i], is_sent || s->cursor.is_careful);
		if (err)
			return err;
		fleet_cursor_arrived(&s->cursor);
		s->cursor.rows_total -= s->refused;
		s->refused = 0;
		s->sent_until_us = fleet_reader_time_us(r);
	} else {
		s->cursor.at = to;
	}
	fleet_batch_clear(b);
	ship_metrics(s);
	return save(s);
}

/* What was on its way when the last ship ended: the same batch again, as far as it is missing. */
static int send_again(struct ship *s, struct fleet_reader *r, struct fleet_batch *b)
{
	int err = fleet_reader_fill(r, b);

	if (err < 0) {
		log_error("%s: %s", s->cursor.file, fleet_reader_why(r));
		return err;
	}
	if (fleet_reader_position(r).minute < s->cursor.to.minute)
		fleet_reader_finish(r, b);
	fleet_reader_go_on(r);
	return send_batch(s, r, b, true);
}

static bool is_over(struct ship *s, const struct fleet_reader *r)
{
	return !s->spool.is_directory || fleet_reader_has_ended(r) ||
	       fleet_spool_is_over(&s->spool, s->cursor.file);
}

static int end_file(struct ship *s, struct fleet_reader *r, struct fleet_batch *b)
{
	int err;

	fleet_reader_finish(r, b);
	err = send_batch(s, r, b, false);
	if (err)
		return err;
	s->cursor.is_done = true;
	s->cursor.unsent = 0;
	return save(s);
}

/* Read, and send what is due, until the file is over. 1: it is not, and --once was given. */
static int follow_file(struct ship *s, struct fleet_reader *r, struct fleet_batch *b)
{
	int64_t begin = now_s();

	for (;;) {
		/* Asked before it is read: what was written until then is read. */
		bool over = is_over(s, r);
		int fill = fleet_reader_fill(r, b), err = 0;

		if (fill < 0) {
			log_error("%s: %s", s->cursor.file, fleet_reader_why(r));
			return fill;
		}
		if (fill == FLEET_IDLE && (over || fleet_reader_has_ended(r)))
			return end_file(s, r, b);
		if (fill == FLEET_IDLE)
			s->cursor.is_careful = s->cursor.is_careful && b->rows;
		if (fill == FLEET_FULL ||
		    (b->rows &&
		     (s->options->once || now_s() - begin >= (int64_t)s->options->batch_s))) {
			err = send_batch(s, r, b, false);
			begin = now_s();
		}
		if (err)
			return err;
		if (fill == FLEET_IDLE && s->options->once)
			return 1;
		if (fill == FLEET_IDLE && !ship_wait(LOOK_AGAIN_MS))
			return -EINTR;
	}
}

/* Rows between what was read last and what is there now were deleted before they were sent. */
static void count_unsent(struct ship *s, struct fleet_reader *r)
{
	bool same_run = !strcmp(s->cursor.run, fleet_reader_run(r));
	uint64_t first = fleet_reader_first_row(r);

	if (s->cursor.run[0] && same_run && first > s->cursor.next_row) {
		s->cursor.unsent += first - s->cursor.next_row;
		s->cursor.unsent_total += first - s->cursor.next_row;
		log_warn("%" PRIu64
			 " rows were deleted before they were sent: the recorder's --quota is too "
			 "small, or the server was away for too long",
			 first - s->cursor.next_row);
	}
	if (!same_run)
		s->cursor.lost = 0;
	s->cursor.lost_before = s->cursor.lost;
	snprintf(s->cursor.host, sizeof(s->cursor.host), "%s", fleet_reader_host(r));
	snprintf(s->cursor.run, sizeof(s->cursor.run), "%s", fleet_reader_run(r));
}

static int open_reader(struct ship *s, struct fleet_reader **ret)
{
	struct fleet_reader_config config = {
		.from = s->cursor.at,
		.to = s->cursor.is_sent ? s->cursor.to : (struct fleet_position){0},
		.rows_max = s->options->batch_rows,
		.lost_before = s->cursor.lost_before,
		.from_wall_us = s->from_us,
		.lacks = &s->lacks,
		.no_volume = s->options->no_volume,
		.flows_max = s->flows_max,
	};
	char path[4096], why[256] = "";
	int err;

	fleet_spool_file(&s->spool, s->cursor.file, path, sizeof(path));
	config.path = path;
	err = fleet_reader_open(ret, &config, why, sizeof(why));
	if (err && err != -ENOENT)
		log_error("%s: %s", path, why[0] ? why : strerror(-err));
	return err;
}

static int send_file(struct ship *s, bool is_new)
{
	struct fleet_batch batch = {0};
	struct fleet_reader *r;
	int err = open_reader(s, &r);

	if (err)
		return err;
	if (is_new)
		count_unsent(s, r);
	fleet_reader_set_unsent(r, s->cursor.unsent);
	if (s->cursor.is_sent)
		err = send_again(s, r, &batch);
	if (!err)
		err = follow_file(s, r, &batch);
	fleet_batch_clear(&batch);
	fleet_reader_close(r);
	return err;
}

/* The file of the cursor was deleted: its last batch has arrived, or never will. */
static int give_up_file(struct ship *s)
{
	log_warn("%s was deleted before all of it was sent", s->cursor.file);
	for (unsigned i = 0; i < s->cursor.count; i++) {
		int64_t found = fleet_find(&s->delivery, &s->cursor.block[i]);
		uint64_t rows = s->cursor.block[i].rows;

		if (found < 0)
			return (int)found;
		s->cursor.unsent += rows - ((uint64_t)found < rows ? (uint64_t)found : rows);
	}
	s->cursor.unsent_total += s->cursor.unsent;
	fleet_cursor_done(&s->cursor);
	s->cursor.is_sent = false;
	s->cursor.is_done = true;
	return save(s);
}

/* 1: a file was chosen; 0: there is none yet. */
static int next_file(struct ship *s)
{
	char name[SPOOL_NAME_MAX];
	int found = fleet_spool_next(&s->spool, s->cursor.file, s->from_us, name);

	if (found < 0)
		return log_errno(found, "cannot list %s", s->read_path);
	if (!found)
		return 0;
	snprintf(s->cursor.file, sizeof(s->cursor.file), "%s", name);
	s->cursor.is_done = false;
	s->cursor.at = (struct fleet_position){0};
	return 1;
}

/* 1: nothing is left, and --once was given. */
static int step(struct ship *s)
{
	bool is_new = !s->cursor.file[0] || s->cursor.is_done;
	int found = is_new ? next_file(s) : 1, err;

	if (found < 0)
		return found;
	if (!found && s->options->once)
		return 1;
	if (!found)
		return ship_wait(LOOK_AGAIN_MS) ? 0 : -EINTR;
	err = send_file(s, is_new);
	return err == -ENOENT ? give_up_file(s) : err;
}

int ship_files(struct ship *s)
{
	int err = 0;

	s->delivery = (struct fleet_delivery){.http = s->http,
					      .database = s->server.database,
					      .host = s->cursor.host,
					      .run = s->cursor.run,
					      .gzip = s->options->gzip,
					      .wait = wait_for,
					      .tell = tell,
					      .reject = set_aside,
					      .context = s};
	while (!err)
		err = step(s);
	log_debug("%" PRIu64 " blocks sent, %" PRIu64 " questions, %" PRIu64 " found, %" PRIu64
		  " in part, %" PRIu64 " tried again",
		  s->delivery.sent, s->delivery.asked, s->delivery.found, s->delivery.parts,
		  s->delivery.retries);
	return err < 0 ? err : 0;
}
