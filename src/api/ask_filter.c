// SPDX-License-Identifier: BSD-2-Clause
/* Which words of a filter libpcap understands by itself. Any other it would look up as a name. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "api/ask.h"

static const char *const words[] = {
	"and",	 "or",	 "not",	     "src",  "dst",   "host", "net", "port", "portrange", "mask",
	"tcp",	 "ip",	 "ip6",	     "proto", "icmp",  "udp",  "less", "greater", "len",  "inet",
};

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || strchr("_.-:/\\@$%", c);
}

static bool is_known_word(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], text, len))
			return true;
	return false;
}

static size_t span(const char *text, size_t len, const char *set)
{
	size_t n = 0;

	while (n < len && text[n] && strchr(set, text[n]))
		n++;
	return n;
}

/* 10.0.0.0/8, 8000-8080, 0x50; or what has a colon, as IPv6 has it. */
static bool is_number(const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t n;

	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return span(text + 2, len - 2, hex) == len - 2;
	if (memchr(text, ':', len)) {
		n = span(text, len, "0123456789abcdefABCDEF:.");
		return n == len || (text[n] == '/' && n + 1 < len &&
				    span(text + n + 1, len - n - 1, "0123456789") == len - n - 1);
	}
	if (!isdigit((unsigned char)text[0]))
		return false;
	n = span(text, len, "0123456789.");
	return n == len || ((text[n] == '/' || text[n] == '-') && n + 1 < len &&
			    span(text + n + 1, len - n - 1, "0123456789") == len - n - 1);
}

int ask_filter_check(const char *text, size_t *ret_at)
{
	for (const char *p = text; *p;) {
		size_t len = 0;

		while (p[len] && is_word_byte(p[len]))
			len++;
		if (len && !is_known_word(p, len) && !is_number(p, len)) {
			*ret_at = (size_t)(p - text);
			return -EINVAL;
		}
		/* What libpcap takes for no blank and no operator is its own matter. */
		p += len ? len : 1;
	}
	return 0;
}
