// SPDX-License-Identifier: BSD-2-Clause
#include "verdict/units.h"

#include <stdio.h>

/* A step of a scale: from `from` on, in units of `one`. */
struct step {
	int64_t from;
	double one;
	const char *name;
};

static const struct step byte_steps[] = {
	{999500000000, 1e12, "TB"},
	{999500000, 1e9, "GB"},
	{999500, 1e6, "MB"},
	{100000, 1e3, "kB"},
};

static const struct step rate_steps[] = {
	{999500000, 1e9, "Gbit/s"},
	{999500, 1e6, "Mbit/s"},
	{1000, 1e3, "kbit/s"},
};

#define US_PER_S 1000000ll
#define MINUTE (60 * US_PER_S)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static size_t with_commas(int64_t n, char *buf)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return at;
}

/* Two digits, or three if there are three before the point. */
static size_t scaled(double n, const char *name, char *buf)
{
	return (size_t)snprintf(buf, UNIT_TEXT_MAX, n < 9.95 ? "%.1f %s" : "%.0f %s", n, name);
}

static size_t by_steps(int64_t n, const struct step *step, size_t count, char *buf)
{
	for (size_t i = 0; i < count; i++)
		if (n >= step[i].from)
			return scaled((double)n / step[i].one, step[i].name, buf);
	return 0;
}

static size_t format_bytes(int64_t n, char *buf)
{
	size_t len = by_steps(n, byte_steps, sizeof(byte_steps) / sizeof(byte_steps[0]), buf);

	if (len)
		return len;
	len = with_commas(n, buf);
	return len + (size_t)snprintf(buf + len, UNIT_TEXT_MAX - len, n == 1 ? " byte" : " bytes");
}

static size_t format_rate(int64_t n, char *buf)
{
	size_t len = by_steps(n, rate_steps, sizeof(rate_steps) / sizeof(rate_steps[0]), buf);

	return len ? len : (size_t)snprintf(buf, UNIT_TEXT_MAX, "%lld bit/s", (long long)n);
}

static size_t format_us(int64_t us, char *buf)
{
	long long n = us;

	if (n < 1000)
		return (size_t)snprintf(buf, UNIT_TEXT_MAX, "%lld us", n);
	if (n < US_PER_S)
		return scaled((double)n / 1000, "ms", buf);
	if (n < MINUTE)
		return scaled((double)n / US_PER_S, "s", buf);
	if (n < HOUR)
		return (size_t)snprintf(buf, UNIT_TEXT_MAX, "%lld min %lld s", n / MINUTE,
					n % MINUTE / US_PER_S);
	if (n < 3 * DAY)
		return (size_t)snprintf(buf, UNIT_TEXT_MAX, "%lld h %lld min", n / HOUR,
					n % HOUR / MINUTE);
	return (size_t)snprintf(buf, UNIT_TEXT_MAX, "%lld days", n / DAY);
}

size_t unit_format(int64_t n, enum fact_unit unit, char buf[UNIT_TEXT_MAX])
{
	switch (unit) {
	case UNIT_COUNT:
		return with_commas(n, buf);
	case UNIT_BYTES:
		return format_bytes(n, buf);
	case UNIT_US:
		return format_us(n, buf);
	case UNIT_SHARE:
		return (size_t)snprintf(buf, UNIT_TEXT_MAX, n < 100 ? "%.1f %%" : "%.0f %%",
					(double)n / 10);
	case UNIT_RATE:
		return format_rate(n, buf);
	}
	return 0;
}
