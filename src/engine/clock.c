// SPDX-License-Identifier: BSD-2-Clause
#include "engine/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000LL
#define SAME_NS 1000
/* Of these the one that took the shortest time counts. */
#define READINGS 5

static int64_t read_clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_follow_host(struct clock *c)
{
	int64_t was = c->realtime_offset_ns, width = INT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		int64_t before = read_clock_ns(CLOCK_MONOTONIC);
		int64_t now = read_clock_ns(CLOCK_REALTIME);
		int64_t after = read_clock_ns(CLOCK_MONOTONIC);

		/* The offset lies between the two, which may be far apart: we can be interrupted.
		 */
		if (c->follows_host && was >= now - after - SAME_NS &&
		    was <= now - before + SAME_NS) {
			c->realtime_offset_ns = was;
			return 0;
		}
		if (after - before >= width)
			continue;
		width = after - before;
		c->realtime_offset_ns = now - before - width / 2;
	}
	if (!c->follows_host)
		was = c->realtime_offset_ns;
	c->follows_host = true;
	return c->realtime_offset_ns - was;
}

uint64_t clock_now_ns(void)
{
	return (uint64_t)read_clock_ns(CLOCK_MONOTONIC);
}

/* Into c->rfc3339_text; the second is that of the last time more often than not. */
static void make_rfc3339(struct clock *c, int64_t ns)
{
	int64_t second = ns / NS_PER_S;
	unsigned us = (unsigned)(ns % NS_PER_S / 1000);
	char *text = c->rfc3339_text;

	if (second != c->rfc3339_second || !*text) {
		time_t t = (time_t)second;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(text, sizeof(c->rfc3339_text), "%Y-%m-%dT%H:%M:%S", &tm);
		c->rfc3339_second = second;
	}
	text[19] = '.';
	for (int i = 25; i >= 20; i--, us /= 10)
		text[i] = (char)('0' + us % 10);
	text[26] = 'Z';
	text[27] = '\0';
	c->rfc3339_ns = ns;
}

size_t clock_format_rfc3339(struct clock *c, uint64_t time_ns, char *buf)
{
	int64_t ns = (int64_t)time_ns + c->realtime_offset_ns;

	if (ns != c->rfc3339_ns || !c->rfc3339_text[0])
		make_rfc3339(c, ns);
	memcpy(buf, c->rfc3339_text, sizeof(c->rfc3339_text));
	return sizeof(c->rfc3339_text) - 1;
}

static void put_2(char *at, int n)
{
	at[0] = (char)('0' + n / 10);
	at[1] = (char)('0' + n % 10);
}

static struct tm local_time(const struct clock *c, uint64_t time_ns)
{
	time_t t = (time_t)(((int64_t)time_ns + c->realtime_offset_ns) / NS_PER_S);
	struct tm tm;

	localtime_r(&t, &tm);
	return tm;
}

size_t clock_format_mdy(const struct clock *c, uint64_t time_ns, char *buf)
{
	struct tm tm = local_time(c, time_ns);

	/* Not strftime(), which gcc warns of where a year has two digits. */
	for (int i = 0; i < 8; i++)
		buf[i] = '/';
	put_2(buf, tm.tm_mon + 1);
	put_2(buf + 3, tm.tm_mday);
	put_2(buf + 6, tm.tm_year % 100);
	buf[8] = '\0';
	return 8;
}

size_t clock_format_hms(const struct clock *c, uint64_t time_ns, char *buf)
{
	struct tm tm = local_time(c, time_ns);

	return strftime(buf, 9, "%H:%M:%S", &tm);
}
