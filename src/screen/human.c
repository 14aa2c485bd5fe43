// SPDX-License-Identifier: BSD-2-Clause
#include "screen/human.h"

#include <stdio.h>
#include <string.h>

#define US_PER_MS 1000.0
#define US_PER_S 1000000ull

size_t human_number(double n, bool binary, char buf[HUMAN_MAX])
{
	static const char *const decimal[] = {"", " k", " M", " G", " T", " P", " E"};
	static const char *const powers[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	double step = binary ? 1024 : 1000;
	unsigned unit = 0;

	while (n >= 999.5 && unit < 6) {
		n /= step;
		unit++;
	}
	return (size_t)snprintf(buf, HUMAN_MAX, unit && n < 9.95 ? "%.1f%s" : "%.0f%s", n,
				binary ? powers[unit] : decimal[unit]);
}

size_t human_ms(double us, char buf[HUMAN_MAX])
{
	double ms = us / US_PER_MS;

	return (size_t)snprintf(buf, HUMAN_MAX,
				ms < 9.995   ? "%.2f"
				: ms < 99.95 ? "%.1f"
					     : "%.0f",
				ms);
}

size_t human_age(uint64_t us, char buf[HUMAN_MAX])
{
	unsigned long long s = us / US_PER_S;

	if (us < US_PER_S)
		return (size_t)snprintf(buf, HUMAN_MAX, "%llu ms", (unsigned long long)us / 1000);
	if (s < 60)
		return (size_t)snprintf(buf, HUMAN_MAX, "%llu s", s);
	if (s < 3600)
		return (size_t)snprintf(buf, HUMAN_MAX, "%llu:%02llu", s / 60, s % 60);
	if (s < 86400)
		return (size_t)snprintf(buf, HUMAN_MAX, "%llu h %02llu", s / 3600, s / 60 % 60);
	return (size_t)snprintf(buf, HUMAN_MAX, "%llu d %02llu", s / 86400, s / 3600 % 24);
}

size_t human_count(uint64_t n, char buf[HUMAN_MAX + 8])
{
	char digits[HUMAN_MAX];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[used++] = ',';
		buf[used++] = digits[i];
	}
	buf[used] = '\0';
	return used;
}

/* The address without its middle: "2001:db8:" and ":1f" around a mark. */
static size_t cut_middle(char *text, size_t len, size_t width, bool ascii)
{
	const char *mark = ascii ? "~" : "\xe2\x80\xa6";
	size_t mark_len = strlen(mark), keep = width > 1 ? width - 1 : 0;
	size_t head = (keep + 1) / 2, tail = keep / 2;
	char end[VALUE_TEXT_MAX];

	memcpy(end, text + len - tail, tail);
	memcpy(text + head, mark, mark_len);
	memcpy(text + head + mark_len, end, tail);
	return head + mark_len + tail;
}

size_t human_address(const struct value *v, size_t width, bool ascii, char *buf)
{
	size_t len = value_format_addr(v->addr, buf), port_len = 0;
	char port[8];

	if (v->type == VALUE_ENDPOINT)
		port_len = (size_t)snprintf(port, sizeof(port), ":%u", v->port);
	if (len + port_len > width)
		len = cut_middle(buf, len, width > port_len ? width - port_len : 1, ascii);
	memcpy(buf + len, port, port_len);
	buf[len + port_len] = '\0';
	return len + port_len;
}

size_t human_fit(const char *text, int room)
{
	size_t at = 0, space = 0;

	for (int used = 0; text[at] && used < room; used++) {
		if (text[at] == ' ')
			space = at;
		do
			at++;
		while ((text[at] & 0xc0) == 0x80);
	}
	return text[at] && text[at] != ' ' && space ? space : at;
}
