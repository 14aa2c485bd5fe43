// SPDX-License-Identifier: BSD-2-Clause
/* Who reported in a span, and who was silent: an answer about a fleet is worth no more than that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fleet/ask.h"
#include "util/xalloc.h"

#define DAY_S 86400
/* Hosts that were heard so long before or after the span are expected to be heard in it. */
#define AROUND_S (7 * DAY_S)
#define NAMES_MAX 20

static void take(const struct fleet_reply *reply, struct fleet_hosts *ret)
{
	struct rowbinary_reader in = {reply->body.byte, reply->body.byte + reply->body.len, false};
	unsigned size = 0;

	while (in.at < in.end && !in.failed) {
		struct fleet_host *h;

		if (ret->count == size) {
			size = size ? 2 * size : 64;
			ret->host = xrealloc(ret->host, size * sizeof(*ret->host));
		}
		h = &ret->host[ret->count];
		rowbinary_get_text(&in, h->name, sizeof(h->name));
		h->minutes = (uint32_t)rowbinary_get_uint(&in, 8);
		h->lost = rowbinary_get_uint(&in, 8);
		h->last_s = (int64_t)rowbinary_get_uint(&in, 4);
		ret->count += !in.failed;
		ret->reported += !in.failed && h->minutes;
	}
}

int fleet_ask_hosts(struct fleet_ask *a, struct fleet_hosts *ret)
{
	int64_t first = a->from_s > AROUND_S ? a->from_s - AROUND_S : 0, last = a->to_s + AROUND_S;
	struct sql q = {0};

	*ret = (struct fleet_hosts){0};
	sql_add(&q,
		"SELECT host, uniqExactIf(time, time >= toDateTime(%u) AND time < toDateTime(%u)) AS minutes,"
		" sumIf(lost, time >= toDateTime(%u) AND time < toDateTime(%u)), max(time)",
		(unsigned)a->from_s, (unsigned)a->to_s, (unsigned)a->from_s, (unsigned)a->to_s);
	sql_add(&q,
		" FROM %s.%s WHERE day >= toDate(%u) AND day <= toDate(%u) GROUP BY host"
		" ORDER BY host FORMAT RowBinary",
		a->database, fleet_table_name(FLEET_HOST), (unsigned)(first / DAY_S),
		(unsigned)(last / DAY_S));
	fleet_http_ask(a->http, q.text, NULL, NULL, false, &a->reply[0]);
	sql_done(&q);
	a->failed = &a->reply[0];
	if (a->reply[0].outcome != FLEET_OK)
		return -EIO;
	take(&a->reply[0], ret);
	return 0;
}

void fleet_hosts_done(struct fleet_hosts *h)
{
	free(h->host);
	*h = (struct fleet_hosts){0};
}

static const char *when(int64_t s, char buf[32])
{
	time_t t = (time_t)s;
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(buf, 32, "%Y-%m-%d %H:%M", &tm);
	return buf;
}

static void add_names(const struct fleet_hosts *h, struct sql *text, uint32_t minutes, bool silent)
{
	unsigned n = 0;
	char last[32];

	for (unsigned i = 0; i < h->count; i++) {
		const struct fleet_host *one = &h->host[i];

		if (silent ? one->minutes : !one->minutes || one->minutes >= minutes)
			continue;
		if (n++ >= NAMES_MAX)
			continue;
		sql_add(text, "%s%s", n == 1 ? silent ? "; silent: " : "; in part: " : ", ",
			one->name);
		if (silent)
			sql_add(text, " (last %s)", when(one->last_s, last));
		else
			sql_add(text, " (%u of %u minutes)", one->minutes, minutes);
	}
	if (n > NAMES_MAX)
		sql_add(text, " and %u more", n - NAMES_MAX);
}

char *fleet_hosts_text(const struct fleet_hosts *h, int64_t from_s, int64_t to_s)
{
	uint32_t minutes = (uint32_t)((to_s - from_s) / 60);
	uint64_t lost = 0;
	struct sql text = {0};
	char from[32], to[32];

	for (unsigned i = 0; i < h->count; i++)
		lost += h->host[i].lost;
	sql_add(&text, "%u of %u hosts reported from %s to %s", h->reported, h->count,
		when(from_s, from), when(to_s, to));
	add_names(h, &text, minutes, true);
	add_names(h, &text, minutes, false);
	if (lost)
		sql_add(&text, "; %" PRIu64 " rows were lost", lost);
	return text.text;
}
