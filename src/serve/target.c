// SPDX-License-Identifier: BSD-2-Clause
#include "serve/target.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"
#include "util/xalloc.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place, up to the end of the text. Returns false if an escape is not whole, or a zero byte. */
static bool decode(char *text, bool is_query)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high, low;

		if (*from == '+' && is_query) {
			*to++ = ' ';
			continue;
		}
		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = digit(from[1]);
		low = high < 0 ? -1 : digit(from[2]);
		if (low < 0 || !(high << 4 | low))
			return false;
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return true;
}

static bool is_utf8(const char *text)
{
	uint32_t character;

	for (size_t left = strlen(text), len; left; text += len, left -= len) {
		len = utf8_decode(text, left, &character);
		if (!len)
			return false;
	}
	return true;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* Of the target as it came: visible ASCII, as RFC 3986 has it. */
static bool is_plain(const char *raw)
{
	for (; *raw; raw++)
		if (*raw <= 0x20 || *raw >= 0x7f || *raw == '#')
			return false;
	return true;
}

static const char *take_parameter(struct target *t, char *text)
{
	char *value = strchr(text, '=');

	if (!*text)
		return NULL;
	if (value)
		*value++ = '\0';
	else
		value = text + strlen(text);
	if (!decode(text, true) || !decode(value, true))
		return "the query has an escape that is not whole, or that stands for a zero byte";
	if (!is_utf8(text) || !is_utf8(value))
		return "the query is no UTF-8";
	if (target_find(t, text))
		return "a parameter of the query occurs twice";
	if (t->parameters == TARGET_PARAMETERS_MAX)
		return "the query has too many parameters";
	t->parameter[t->parameters++] = (struct target_parameter){text, value};
	return NULL;
}

const char *target_parse(const char *raw, struct target *ret)
{
	const char *wrong = NULL;
	char *query;

	*ret = (struct target){.text = xstrdup(raw)};
	ret->path = ret->text;
	if (*raw != '/' || !is_plain(raw))
		return "the target of a request begins with / and is of visible ASCII characters";
	query = strchr(ret->text, '?');
	if (query)
		*query++ = '\0';
	if (!decode(ret->text, false))
		return "the path has an escape that is not whole, or that stands for a zero byte";
	if (!is_utf8(ret->path) || has_control(ret->path))
		return "the path is no UTF-8, or has control characters";
	while (query && !wrong) {
		char *next = strchr(query, '&');

		if (next)
			*next++ = '\0';
		wrong = take_parameter(ret, query);
		query = next;
	}
	return wrong;
}

void target_done(struct target *t)
{
	free(t->text);
	*t = (struct target){.text = NULL};
}

const char *target_find(const struct target *t, const char *name)
{
	for (size_t i = 0; i < t->parameters; i++)
		if (!strcmp(t->parameter[i].name, name))
			return t->parameter[i].value;
	return NULL;
}
