// SPDX-License-Identifier: BSD-2-Clause
#include "serve/negotiate.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

struct piece {
	const char *text;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next piece of `*text` up to `separator`, without blanks around it; false at the end. */
static bool next_piece(const char **text, const char *end, char separator, struct piece *ret)
{
	const char *from = *text, *to;

	if (from >= end)
		return false;
	to = memchr(from, separator, (size_t)(end - from));
	to = to ? to : end;
	*text = to + 1;
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	*ret = (struct piece){from, (size_t)(to - from)};
	return true;
}

static bool is_word(const struct piece *p, const char *word)
{
	return strlen(word) == p->len && !strncasecmp(p->text, word, p->len);
}

/* The value of a parameter of `item`, in thousandths for "q"; empty if it is not there. */
static struct piece parameter(const struct piece *item, const char *name)
{
	const char *at = item->text, *end = item->text + item->len;
	struct piece p, none = {"", 0};
	size_t len = strlen(name);

	next_piece(&at, end, ';', &p);
	while (next_piece(&at, end, ';', &p))
		if (p.len > len && p.text[len] == '=' && !strncasecmp(p.text, name, len)) {
			p.text += len + 1;
			p.len -= len + 1;
			if (p.len >= 2 && *p.text == '"' && p.text[p.len - 1] == '"')
				p = (struct piece){p.text + 1, p.len - 2};
			return p;
		}
	return none;
}

/* "0.75": 750; what is none is 0, what is missing 1000. */
static int quality(const struct piece *item)
{
	struct piece q = parameter(item, "q");
	int value, scale = 100;

	if (!q.len)
		return 1000;
	if (*q.text != '0' && *q.text != '1')
		return 0;
	value = (*q.text - '0') * 1000;
	if (q.len > 1 && q.text[1] != '.')
		return 0;
	for (size_t i = 2; i < q.len && i < 5; i++, scale /= 10) {
		if (q.text[i] < '0' || q.text[i] > '9')
			return 0;
		value += (q.text[i] - '0') * scale;
	}
	return value > 1000 ? 0 : value;
}

/* How exactly `item` names the type: 0 not at all, 1 by any, 2 by its half, 3 whole, 4 with its
 * version. */
static int fits(const struct piece *item, const char *type)
{
	struct piece whole = {type, strlen(type)}, name, wanted, version, asked;
	const char *at = item->text, *mine = type, *slash;

	if (!next_piece(&at, item->text + item->len, ';', &wanted) ||
	    !next_piece(&mine, type + whole.len, ';', &name))
		return 0;
	if (is_word(&wanted, "*/*"))
		return 1;
	slash = memchr(name.text, '/', name.len);
	if (slash && wanted.len == (size_t)(slash - name.text) + 2 &&
	    wanted.text[wanted.len - 1] == '*' &&
	    !strncasecmp(wanted.text, name.text, wanted.len - 1))
		return 2;
	if (wanted.len != name.len || strncasecmp(wanted.text, name.text, name.len))
		return 0;
	version = parameter(&whole, "version");
	asked = parameter(item, "version");
	if (!asked.len || !version.len)
		return 3;
	return asked.len == version.len && !memcmp(asked.text, version.text, asked.len) ? 4 : 0;
}

/* The quality of `type`: that of the item which names it most exactly. */
static int liking(const char *accept, const char *type)
{
	const char *at = accept, *end = accept + strlen(accept);
	int best = 0, result = 0;
	struct piece item;

	while (next_piece(&at, end, ',', &item)) {
		int fit = item.len ? fits(&item, type) : 0;

		/* Of two that are equally exact the better one. */
		if (fit && (fit > best || (fit == best && quality(&item) > result))) {
			best = fit;
			result = quality(&item);
		}
	}
	return result;
}

size_t negotiate_type(const char *accept, const char *const *types)
{
	size_t found = SIZE_MAX;
	int best = 0;

	for (size_t i = 0; accept && types[i]; i++) {
		int now = liking(accept, types[i]);

		if (now > best) {
			best = now;
			found = i;
		}
	}
	return found;
}

bool negotiate_coding(const char *accept_encoding, const char *coding)
{
	const char *at = accept_encoding, *end;
	bool any = false;
	struct piece item, name;

	if (!accept_encoding)
		return false;
	end = accept_encoding + strlen(accept_encoding);
	while (next_piece(&at, end, ',', &item)) {
		const char *from = item.text;

		if (!next_piece(&from, item.text + item.len, ';', &name))
			continue;
		if (is_word(&name, coding))
			return quality(&item) > 0;
		if (is_word(&name, "*"))
			any = quality(&item) > 0;
	}
	return any;
}
