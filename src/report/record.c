// SPDX-License-Identifier: BSD-2-Clause
/* What every connection did, kept on disk: to be asked tomorrow what happened tonight. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "consumer/recorder.h"
#include "engine/usage.h"
#include "util/xalloc.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct recorder_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECONDS_MAX 31536000
#define DIRECTORY RECORDER_DIRECTORY

static const char *const with_words[] = {"extra", "handshakes", "resets", NULL};
static const char *const without_words[] = {"samples", "host", NULL};

static const struct option_def options[] = {
	{'i', "interval", OPTION_UINT, OF_QUESTION(interval_s), "SEC",
	 "note what live connections moved every so many seconds; default 1", .min = 1, .max = 3600},
	{0, "sync", OPTION_UINT, OWN(sync_s), "SEC",
	 "have the disk confirm so often; default 1", .min = 1, .max = 3600},
	{0, "no-sync", OPTION_FLAG, OWN(no_sync), NULL, "leave that to the kernel"},
	{0, "quota", OPTION_TEXT, OWN(quota), "SIZE|N%",
	 "room for all recordings of DIR: 2G, or a part of the file system; default 2G, at most 10%"},
	{0, "keep", OPTION_UINT, OWN(keep_days), "DAYS", "remove what is older; default 30", .min = 1,
	 .max = 36500},
	{0, "keep-free", OPTION_TEXT, OWN(keep_free), "SIZE|N%",
	 "leave so much of the file system free; default 5%"},
	{0, "thin", OPTION_TEXT, OWN(thin), "AGE:SEC",
	 "sum up intervals of files so old: 1d:60; default that"},
	{0, "no-thin", OPTION_FLAG, OWN(no_thin), NULL, "keep every interval as it was"},
	{0, "rotate", OPTION_TEXT, OWN(rotate), "SIZE,TIME",
	 "begin a new file after so much; default 64M,1h"},
	{0, "with", OPTION_TEXT, OWN(with), "LIST", "also: extra (states and buffers of sockets, listeners and their queues), handshakes, resets",
	 .choices = with_words},
	{0, "without", OPTION_TEXT, OWN(without), "LIST", "leave out: samples, host",
	 .choices = without_words},
	{0, "check", OPTION_FLAG, OF_WATCH(check), NULL,
	 "look through recordings (files, directories) instead: every sum, what is missing; status 4 if "
	 "anything is"},
	{0, "stats", OPTION_FLAG, OF_WATCH(check_bytes), NULL,
	 "with --check: also how many bytes each column takes"},
};

static const char *const omitted[] = {"sort", "rows", "columns", "json", "csv", "append", NULL};

static const char *const examples[] = {
	"tcpsight record", "keep what happens in " DIRECTORY ", at most 2 GiB of it",
	"tcpsight record /tmp/r --duration 600 'port 5432'", "ten minutes of one service",
	"tcpsight top --also 'record /var/log/tcpsight'", "watch and keep",
	"tcpsight record --read capture.pcap --output capture.tsr", "a recording of a capture",
	"tcpsight record --check --stats /var/log/tcpsight", "is all of it whole, and where do the bytes go",
	"tcpsight life --read /var/log/tcpsight --json", "what was recorded, as any report shows it",
	NULL,
};

/* "64M", "2G", "5%" of `whole` bytes, "100000". */
static int take_size(const char *text, uint64_t whole, uint64_t *ret, size_t *ret_len)
{
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	n = strtoull(text, &end, 10);
	*ret_len = (size_t)(end - text) + (*end && strchr("KMGT%", *end));
	switch (*end) {
	case 'K':
		*ret = n << 10;
		return 0;
	case 'M':
		*ret = n << 20;
		return 0;
	case 'G':
		*ret = n << 30;
		return 0;
	case 'T':
		*ret = n << 40;
		return 0;
	case '%':
		*ret = whole / 100 * n;
		return n <= 100 ? 0 : -EINVAL;
	}
	*ret = n;
	return 0;
}

/* "1h", "60", "1d". */
static int take_time(const char *text, uint64_t *ret_s, size_t *ret_len)
{
	char *end;
	uint64_t n;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	n = strtoull(text, &end, 10);
	*ret_len = (size_t)(end - text) + (*end && strchr("smhd", *end));
	*ret_s = n * (*end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 86400 : 1);
	return n ? 0 : -EINVAL;
}

static int take_list(const char *list, const char *const *words, bool *const *flags,
		     struct usage_error *error)
{
	for (const char *p = list; p && *p;) {
		size_t len = strcspn(p, ","), i;

		for (i = 0; words[i]; i++)
			if (strlen(words[i]) == len && !strncmp(words[i], p, len))
				break;
		if (!words[i])
			return usage_refuse(error, list, (size_t)(p - list), "no such part of a recording");
		*flags[i] = true;
		p += len + (p[len] == ',');
	}
	return 0;
}

static int take_parts(struct recorder_options *o, struct usage_error *error)
{
	bool *const with_flags[] = {&o->extra, &o->handshakes, &o->resets};
	bool *const without_flags[] = {&o->no_samples, &o->no_host};

	return take_list(o->with, with_words, with_flags, error) ||
			       take_list(o->without, without_words, without_flags, error)
		       ? -EINVAL
		       : 0;
}

/* SIZE,TIME and AGE:SEC: two amounts, with `between` between them. */
static int take_pairs(struct recorder_options *o, struct usage_error *error)
{
	size_t len = 0, more = 0;

	if (o->rotate && (take_size(o->rotate, 0, &o->rotate_bytes, &len) || o->rotate[len] != ',' ||
			  take_time(o->rotate + len + 1, &o->rotate_s, &more) ||
			  o->rotate[len + 1 + more]))
		return usage_refuse(error, o->rotate, len, "argument --rotate: expected SIZE,TIME such as 64M,1h");
	len = more = 0;
	if (o->no_thin)
		return 0;
	if (!o->thin) {
		o->thin_age_s = 86400;
		o->thin_s = 60;
	} else if (take_time(o->thin, &o->thin_age_s, &len) || o->thin[len] != ':' ||
		   take_time(o->thin + len + 1, &o->thin_s, &more) || o->thin[len + 1 + more]) {
		return usage_refuse(error, o->thin, len, "argument --thin: expected AGE:SEC such as 1d:60");
	}
	return 0;
}

static int take_room(struct recorder_options *o, struct usage_error *error)
{
	struct statvfs fs = {0};
	uint64_t whole;
	size_t len;

	statvfs(o->directory, &fs);
	whole = (uint64_t)fs.f_blocks * fs.f_frsize;
	if (o->quota && (take_size(o->quota, whole, &o->quota_bytes, &len) || o->quota[len]))
		return usage_refuse(error, o->quota, 0, "argument --quota: expected a size such as 2G, or 10%");
	if (!o->quota) {
		o->quota_bytes = 2ull << 30;
		if (whole && o->quota_bytes > whole / 10)
			o->quota_bytes = whole / 10;
	}
	o->keep_free_bytes = whole / 20;
	if (o->keep_free &&
	    (take_size(o->keep_free, whole, &o->keep_free_bytes, &len) || o->keep_free[len]))
		return usage_refuse(error, o->keep_free, 0,
			      "argument --keep-free: expected a size such as 1G, or 5%");
	return 0;
}

/* Whoever owns the directory can still write there when privileges are gone. */
static int take_directory(struct question *q, const char *path, struct usage_error *error)
{
	struct recorder_options *o = q->own;
	struct stat st;

	if (stat(path, &st) && (errno != ENOENT || mkdir(path, 0750) || stat(path, &st))) {
		snprintf(error->text, sizeof(error->text), "cannot use the directory %.200s: %s", path,
			 strerror(errno));
		error->status = 1;
		return -EINVAL;
	}
	if (!S_ISDIR(st.st_mode))
		return usage_refuse(error, path, 0, "this is no directory; --output FILE makes a single file");
	o->directory = path;
	snprintf(o->user, sizeof(o->user), "%u", st.st_uid);
	if (!q->watch->user)
		q->watch->user = o->user;
	return take_room(o, error);
}

/* All words are recordings. */
static int take_checked(struct question *q, int count, char **word, struct usage_error *error)
{
	struct watch *w = q->watch;

	if (q->is_also)
		return usage_refuse(error, NULL, 0, "argument --check: it is no question of a run");
	if (count && w->reads_count)
		return usage_refuse(error, word[0], 0, "argument --check: give recordings as words, or with --read");
	for (int i = 0; i < count; i++) {
		w->reads = xrealloc(w->reads, (w->reads_count + 1) * sizeof(*w->reads));
		w->reads[w->reads_count++] = word[i];
	}
	return 0;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct recorder_options *o = q->own;
	int used = count && strchr(word[0], '/') ? 1 : 0;

	if (q->watch->check)
		return take_checked(q, count, word, error);
	if (q->watch->check_bytes)
		return usage_refuse(error, NULL, 0, "argument --stats: it needs --check");
	if (take_parts(o, error) || take_pairs(o, error))
		return -EINVAL;
	if (q->output && used)
		return usage_refuse(error, word[0], 0, "there is an --output FILE already");
	if (!q->output && take_directory(q, used ? word[0] : DIRECTORY, error))
		return -EINVAL;
	return report_take_filter(q, count - used, word + used, error);
}

static void defaults(struct question *q)
{
	struct recorder_options *o = q->own;

	q->interval_s = 1;
	o->sync_s = 1;
	o->keep_days = 30;
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	view->when = VIEW_ON_TICK;
}

const struct report report_record = {
	.name = "record",
	.summary = "keep what every connection does, to be asked later",
	.positional = "[DIR] [filter]",
	.examples = examples,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct recorder_options),
	.keeps_to_itself = true,
	.word_name = "folder",
	.defaults = defaults,
	.words = words,
	.done = report_filter_done,
	.setup = setup,
	.wrap = recorder_wrap,
};
