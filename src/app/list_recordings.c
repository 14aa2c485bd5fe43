// SPDX-License-Identifier: BSD-2-Clause
#include "app/list_recordings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "app/status.h"
#include "consumer/recorder_options.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "record/check.h"
#include "record/directory.h"
#include "record/meta.h"
#include "util/log.h"
#include "util/out.h"

#define US_PER_S 1000000
#define KIB 1024
#define MIB 1048576
/* Files of one run follow each other within so many intervals. */
#define INTERVALS_APART 2

struct list {
	struct out out;
	bool json;
	int status;
	/* The file before, to see what is missing between the two. */
	char host[65], run[33];
	int64_t to_wall_us;
	uint64_t lost_flows, dropped_rows;
	/* Sums. */
	uint64_t files, bytes, closes, gaps, lost;
};

static const char *time_text(int64_t wall_us, char buf[48])
{
	time_t second = (time_t)(wall_us / US_PER_S);
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(buf, 48, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

static const char *why_of(enum recording_gap_kind kind)
{
	static const char *const words[] = {
		[GAP_DAMAGE] = "damaged",
		[GAP_TORN] = "ends in the middle of a chunk",
		[GAP_MISSING] = "rows are missing",
		[GAP_REPEATED] = "rows stand there twice",
		[GAP_STOPPED] = "the recorder did not run",
	};

	return words[kind];
}

/* `rows` of them are lost; -1: nobody knows how many. */
static void put_gap(struct list *l, int64_t from_wall_us, int64_t to_wall_us, const char *why, int64_t rows)
{
	char from[48], to[48];

	l->gaps++;
	if (l->json) {
		out_format(&l->out, "{\"type\":\"gap\",\"host\":");
		out_json_string(&l->out, l->host, strlen(l->host));
		out_format(&l->out, ",\"from_us\":%" PRId64 ",\"to_us\":%" PRId64 ",\"why\":\"%s\",\"rows\":",
			   from_wall_us, to_wall_us, why);
		if (rows < 0)
			out_str(&l->out, "null}\n");
		else
			out_format(&l->out, "%" PRId64 "}\n", rows);
		return;
	}
	out_format(&l->out, "  gap from %s to %s: %s", time_text(from_wall_us, from),
		   time_text(to_wall_us, to), why);
	if (rows > 0)
		out_format(&l->out, "; %" PRId64 " rows", rows);
	out_char(&l->out, '\n');
}

static void put_file(struct list *l, const char *name, const struct record_contents *c, uint64_t lost)
{
	char from[48], to[48], size[32];

	if (l->json) {
		out_str(&l->out, "{\"host\":");
		out_json_string(&l->out, c->meta->host, strlen(c->meta->host));
		out_str(&l->out, ",\"file\":");
		out_json_string(&l->out, name, strlen(name));
		out_format(&l->out,
			   ",\"run\":\"%s\",\"from_us\":%" PRId64 ",\"to_us\":%" PRId64 ",\"interval_us\":%" PRIu64
			   ",\"thinned\":%s,\"bytes\":%" PRIu64 ",\"closed\":%" PRIu64 ",\"gaps\":%u,\"lost\":%" PRIu64 "}\n",
			   c->meta->run, c->from_wall_us, c->to_wall_us, (uint64_t)c->meta->interval_us,
			   c->meta->thinned ? "true" : "false", c->bytes, c->closes, c->gaps, lost);
		return;
	}
	if (!l->files)
		out_format(&l->out, "%-16s %-19s %-19s %6s %10s %12s %6s %8s  %s\n", "HOST", "FROM", "TO", "EVERY",
			   "SIZE", "CLOSED", "GAPS", "LOST", "FILE");
	snprintf(size, sizeof(size), "%.1f %s", (double)c->bytes / (double)(c->bytes < MIB ? KIB : MIB),
		 c->bytes < MIB ? "KiB" : "MiB");
	out_clean(&l->out, c->meta->host, strlen(c->meta->host));
	out_format(&l->out, "%*s %-19s %-19s %4" PRIu64 " s %10s %12" PRIu64 " %6u %8" PRIu64 "  ",
		   (int)(strlen(c->meta->host) < 16 ? 16 - strlen(c->meta->host) : 0), "",
		   time_text(c->from_wall_us, from),
		   time_text(c->to_wall_us, to), (uint64_t)c->meta->interval_us / US_PER_S, size,
		   c->closes, c->gaps, lost);
	out_clean(&l->out, name, strlen(name));
	out_char(&l->out, '\n');
}

/* The recorder counts over its run; a file tells what was lost until its end. */
static uint64_t lost_in(const struct list *l, const struct record_contents *c)
{
	bool is_same = !strcmp(l->run, c->meta->run);
	uint64_t before = is_same ? l->lost_flows + l->dropped_rows : 0, now = c->lost_flows + c->dropped_rows;

	return (now > before ? now - before : 0) + c->lost_rows;
}

static void take_file(struct list *l, const char *name, const struct record_contents *c)
{
	int64_t apart_us = INTERVALS_APART * (int64_t)c->meta->interval_us;
	bool is_same_run = !strcmp(l->run, c->meta->run);
	uint64_t lost = lost_in(l, c);

	if (l->to_wall_us && !strcmp(l->host, c->meta->host) && c->from_wall_us > l->to_wall_us + apart_us)
		put_gap(l, l->to_wall_us, c->from_wall_us, why_of(is_same_run ? GAP_MISSING : GAP_STOPPED), -1);
	put_file(l, name, c, lost);
	snprintf(l->host, sizeof(l->host), "%s", c->meta->host);
	snprintf(l->run, sizeof(l->run), "%s", c->meta->run);
	for (unsigned i = 0; i < c->gaps; i++)
		put_gap(l, c->gap[i].from_wall_us, c->gap[i].to_wall_us, why_of(c->gap[i].kind),
			c->gap[i].rows_are_known ? (int64_t)c->gap[i].rows : -1);
	l->to_wall_us = c->to_wall_us;
	if (!is_same_run || c->lost_flows || c->dropped_rows) {
		l->lost_flows = c->lost_flows;
		l->dropped_rows = c->dropped_rows;
	}
	l->files++;
	l->bytes += c->bytes;
	l->closes += c->closes;
	l->lost += lost;
	/* Of a large directory the first are shown while the others are read. */
	out_flush(&l->out);
}

static void list_file(struct list *l, const char *path)
{
	struct record_contents contents;
	struct record_check *c;
	char why[256] = "";
	int err = record_check(&c, path, false, why, sizeof(why));

	if (err) {
		log_error("%s: %s", path, why[0] ? why : strerror(-err));
		l->status = RUN_FAILED;
		return;
	}
	record_check_contents(c, &contents);
	take_file(l, path, &contents);
	record_check_free(c);
}

static void list_path(struct list *l, const char *path)
{
	struct record_files files;
	char name[PATH_MAX];
	struct stat st;
	int dir, err;

	l->to_wall_us = 0;
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		list_file(l, path);
		return;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir < 0 ? -errno : record_files_list(dir, &files);
	if (dir >= 0)
		close(dir);
	if (err) {
		log_errno(-err, "cannot list %s", path);
		l->status = RUN_FAILED;
		return;
	}
	if (!files.count)
		log_warn("%s: no recording is there", path);
	for (size_t i = 0; i < files.count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, files.file[i].name);
		list_file(l, name);
	}
	record_files_free(&files);
}

static void put_sums(struct list *l)
{
	if (l->json)
		out_format(&l->out,
			   "{\"type\":\"summary\",\"files\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"closed\":%" PRIu64
			   ",\"gaps\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n",
			   l->files, l->bytes, l->closes, l->gaps, l->lost);
	else if (l->files)
		out_format(&l->out,
			   "files: %" PRIu64 ", %.1f MiB; connections that ended: %" PRIu64 "; gaps: %" PRIu64 "; lost: %" PRIu64 "\n",
			   l->files, (double)l->bytes / MIB, l->closes, l->gaps, l->lost);
}

int list_recordings(const struct watch *watch, bool json)
{
	struct list l = {.json = json};

	/* Files may be readable by this user alone; capabilities and other calls go all the same. */
	if (sandbox_enter(0, SYSCALLS_FILES, geteuid(), getegid(), false))
		return RUN_FAILED;
	out_init(&l.out, STDOUT_FILENO);
	if (!watch->reads_count)
		list_path(&l, watch->read_path ? watch->read_path : RECORDER_DIRECTORY);
	for (uint64_t i = 0; i < watch->reads_count; i++)
		list_path(&l, watch->reads[i]);
	put_sums(&l);
	out_flush(&l.out);
	if (l.out.error) {
		log_errno(l.out.error, "cannot write the output");
		l.status = RUN_FAILED;
	}
	out_done(&l.out);
	return l.status;
}
