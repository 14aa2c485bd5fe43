// SPDX-License-Identifier: BSD-2-Clause
#include "probe/wish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/ladder.h"

/* One NEED=RUNG of the words. */
struct part {
	const char *need, *rung;
	size_t need_len, rung_len;
	const char *next; /* the part after it, or NULL */
};

static struct part split(const char *words)
{
	size_t len = strcspn(words, ","), need_len = strcspn(words, "=,");
	struct part p = {.need = words, .need_len = need_len, .rung = words + need_len};

	if (words[need_len] == '=') {
		p.rung++;
		p.rung_len = len - need_len - 1;
	}
	p.next = words[len] ? words + len + 1 : NULL;
	return p;
}

static const struct rung *find_rung(const struct need *need, const struct part *p)
{
	for (size_t r = 0; need_has(need, r); r++)
		if (strlen(need->rung[r].name) == p->rung_len &&
		    !memcmp(need->rung[r].name, p->rung, p->rung_len))
			return &need->rung[r];
	return NULL;
}

static void add_word(char *text, size_t size, const char *word, bool first)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", first ? "" : ", ", word);
}

static int complain_need(const struct part *p, struct wish_error *ret)
{
	snprintf(ret->text, sizeof(ret->text),
		 "argument --rung: no need '%.*s' (there are: ", (int)p->need_len, p->need);
	for (size_t n = 0; n < ladder_count; n++)
		add_word(ret->text, sizeof(ret->text), ladder[n].name, n == 0);
	add_word(ret->text, sizeof(ret->text), ")", true);
	return -EINVAL;
}

static int complain_rung(const struct need *need, const struct part *p, struct wish_error *ret)
{
	snprintf(ret->text, sizeof(ret->text),
		 "argument --rung: no rung '%.*s' of %s (there are: ", (int)p->rung_len, p->rung,
		 need->name);
	for (size_t r = 0; need_has(need, r); r++)
		add_word(ret->text, sizeof(ret->text), need->rung[r].name, r == 0);
	add_word(ret->text, sizeof(ret->text), ")", true);
	return -EINVAL;
}

static bool is_named_before(const char *words, const struct part *p)
{
	for (const char *at = words; at && at != p->need;) {
		struct part before = split(at);

		if (before.need_len == p->need_len && !memcmp(before.need, p->need, p->need_len))
			return true;
		at = before.next;
	}
	return false;
}

static int check_part(const char *words, const struct part *p, const char **source,
		      struct wish_error *ret)
{
	const struct need *need = ladder_need(p->need, p->need_len);
	const struct rung *rung;

	ret->at = (size_t)(p->need - words);
	if (!need)
		return complain_need(p, ret);
	if (is_named_before(words, p)) {
		snprintf(ret->text, sizeof(ret->text), "argument --rung: %s is named twice",
			 need->name);
		return -EINVAL;
	}
	ret->at = (size_t)(p->rung - words);
	rung = find_rung(need, p);
	if (!rung)
		return complain_rung(need, p, ret);
	if (rung->source && !strcmp(rung->source, OF_SCREEN)) {
		snprintf(ret->text, sizeof(ret->text),
			 "argument --rung: %s has one way only, which --allow-kill asks for",
			 need->name);
		return -EINVAL;
	}
	if (rung->source && *source && strcmp(rung->source, *source)) {
		snprintf(
			ret->text, sizeof(ret->text),
			"argument --rung: %s=%s belongs to the source %s, those before it to %s",
			need->name, rung->name, rung->source, *source);
		return -EINVAL;
	}
	if (rung->source)
		*source = rung->source;
	return 0;
}

int wish_check(const char *words, const char **ret_source, struct wish_error *ret_error)
{
	*ret_source = NULL;
	for (const char *at = words; at;) {
		struct part p = split(at);

		if (check_part(words, &p, ret_source, ret_error))
			return -EINVAL;
		at = p.next;
	}
	return 0;
}

const struct rung *wish_of(const char *words, const struct need *need)
{
	for (const char *at = words; at;) {
		struct part p = split(at);

		if (strlen(need->name) == p.need_len && !memcmp(need->name, p.need, p.need_len))
			return find_rung(need, &p);
		at = p.next;
	}
	return NULL;
}

bool wish_is(const char *words, const char *need, const char *rung)
{
	const struct rung *forced = wish_of(words, ladder_need(need, strlen(need)));

	return forced && !strcmp(forced->name, rung);
}
