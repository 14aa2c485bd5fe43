// SPDX-License-Identifier: BSD-2-Clause
#include "util/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define US_PER_S 1000000ll
#define DAY_S 86400
#define SECONDS_MAX (INT64_MAX / US_PER_S / 4)

struct reader {
	const char *text;
	size_t at;
};

static bool take(struct reader *r, char c)
{
	if (r->text[r->at] != c)
		return false;
	r->at++;
	return true;
}

/* A number of `digits` digits, or of any if that is 0. */
static bool take_number(struct reader *r, int digits, int64_t max, int64_t *ret)
{
	int n = 0;

	*ret = 0;
	for (; isdigit((unsigned char)r->text[r->at]) && (!digits || n < digits); n++, r->at++) {
		if (*ret > SECONDS_MAX / 10)
			return false;
		*ret = *ret * 10 + (r->text[r->at] - '0');
	}
	return n && (!digits || n == digits) && *ret <= max;
}

static void take_fraction(struct reader *r, int64_t *us)
{
	int64_t unit = US_PER_S / 10;

	*us = 0;
	for (; isdigit((unsigned char)r->text[r->at]); r->at++, unit /= 10)
		*us += (r->text[r->at] - '0') * unit;
}

/* HH:MM[:SS[.F]] */
static bool take_clock(struct reader *r, struct tm *tm, int64_t *ret_us)
{
	int64_t hour, minute, second = 0;

	*ret_us = 0;
	if (!take_number(r, 2, 23, &hour) || !take(r, ':') || !take_number(r, 2, 59, &minute))
		return false;
	if (take(r, ':')) {
		if (!take_number(r, 2, 59, &second))
			return false;
		if (take(r, '.'))
			take_fraction(r, ret_us);
	}
	tm->tm_hour = (int)hour;
	tm->tm_min = (int)minute;
	tm->tm_sec = (int)second;
	return true;
}

static bool take_date(struct reader *r, struct tm *tm)
{
	int64_t year, month, day;

	if (!take_number(r, 4, 9999, &year) || !take(r, '-') || !take_number(r, 2, 12, &month) ||
	    !take(r, '-') || !take_number(r, 2, 31, &day) || !month || !day)
		return false;
	tm->tm_year = (int)year - 1900;
	tm->tm_mon = (int)month - 1;
	tm->tm_mday = (int)day;
	return true;
}

/* Z or +HH:MM; false if there is none, and it is local time. */
static bool take_zone(struct reader *r, int64_t *ret_s)
{
	int64_t hours, minutes;
	bool minus;

	*ret_s = 0;
	if (take(r, 'Z'))
		return true;
	minus = r->text[r->at] == '-';
	if (!minus && r->text[r->at] != '+')
		return false;
	r->at++;
	if (!take_number(r, 2, 23, &hours) || !take(r, ':') || !take_number(r, 2, 59, &minutes))
		return false;
	*ret_s = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
	return true;
}

/* Local time: the first of two hours, and none that clocks passed over. */
static int from_local(const struct tm *wanted, int64_t *ret_s)
{
	for (int summer = 1; summer >= 0; summer--) {
		struct tm tm = *wanted;
		time_t t;

		tm.tm_isdst = summer;
		t = mktime(&tm);
		if (tm.tm_hour == wanted->tm_hour && tm.tm_min == wanted->tm_min &&
		    tm.tm_isdst == summer && tm.tm_mday == wanted->tm_mday) {
			*ret_s = t;
			return 0;
		}
	}
	return -ERANGE;
}

/* The last such time of day. */
static int last_of_day(const struct tm *clock, int64_t us, int64_t reference_us, int64_t *ret_us)
{
	time_t reference_s = (time_t)(reference_us / US_PER_S);

	for (int back = 0; back < 3; back++) {
		time_t day = reference_s - back * DAY_S;
		struct tm tm;
		int64_t s;

		localtime_r(&day, &tm);
		tm.tm_hour = clock->tm_hour;
		tm.tm_min = clock->tm_min;
		tm.tm_sec = clock->tm_sec;
		if (from_local(&tm, &s))
			continue;
		*ret_us = s * US_PER_S + us;
		if (*ret_us <= reference_us)
			return 0;
	}
	return -ERANGE;
}

static int parse_date(struct reader *r, int64_t *ret_us)
{
	struct tm tm = {0};
	int64_t us = 0, zone, s;

	if (!take_date(r, &tm))
		return -EINVAL;
	if ((take(r, 'T') || take(r, ' ')) && !take_clock(r, &tm, &us))
		return -EINVAL;
	if (take_zone(r, &zone)) {
		*ret_us = ((int64_t)timegm(&tm) - zone) * US_PER_S + us;
		return 0;
	}
	if (from_local(&tm, &s))
		return -ERANGE;
	*ret_us = s * US_PER_S + us;
	return 0;
}

static bool take_span(struct reader *r, int64_t *ret_us)
{
	static const struct {
		char letter;
		int seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY_S}};
	int64_t n, factor = 1;

	if (!take_number(r, 0, SECONDS_MAX / DAY_S, &n))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (take(r, units[i].letter)) {
			factor = units[i].seconds;
			break;
		}
	*ret_us = n * factor * US_PER_S;
	return true;
}

static int parse_any(struct reader *r, int64_t reference_us, int64_t *ret_us)
{
	const char *ago = strstr(r->text, " ago");
	struct tm tm = {0};
	int64_t n, us;

	if (take(r, '@')) {
		if (!take_number(r, 0, SECONDS_MAX, &n))
			return -EINVAL;
		*ret_us = n * US_PER_S;
		return 0;
	}
	if (ago && !ago[4]) {
		if (!take_span(r, &n) || r->text + r->at != ago)
			return -EINVAL;
		r->at += 4;
		*ret_us = reference_us - n;
		return 0;
	}
	if (strlen(r->text) > 4 && r->text[4] == '-')
		return parse_date(r, ret_us);
	if (!take_clock(r, &tm, &us))
		return -EINVAL;
	return r->text[r->at] ? -EINVAL : last_of_day(&tm, us, reference_us, ret_us);
}

int when_parse(const char *text, int64_t reference_us, int64_t *ret_us, size_t *ret_at)
{
	struct reader r = {.text = text};
	int err = parse_any(&r, reference_us, ret_us);

	if (!err && text[r.at])
		err = -EINVAL;
	*ret_at = r.at;
	return err;
}

int when_parse_span(const char *text, int64_t *ret_us, size_t *ret_at)
{
	struct reader r = {.text = text};
	bool good = take_span(&r, ret_us) && !text[r.at] && *ret_us;

	*ret_at = r.at;
	return good ? 0 : -EINVAL;
}
