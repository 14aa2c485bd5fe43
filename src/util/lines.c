// SPDX-License-Identifier: BSD-2-Clause
#include "util/lines.h"

#include <errno.h>
#include <string.h>

void lines_init(struct lines *l, ssize_t (*read)(void *context, void *bytes, size_t len),
		int (*waits_on)(void *context), void *context)
{
	*l = (struct lines){.read = read, .waits_on = waits_on, .context = context};
}

/* Length of the line at hand, or of what is too long for one; 0: there is none yet. */
static size_t at_hand(const struct lines *l, const char **ret_feed)
{
	size_t len = l->end - l->begin;
	const char *feed = memchr(l->buf + l->begin, '\n', len);

	*ret_feed = feed;
	if (feed)
		return (size_t)(feed - l->buf) - l->begin + 1;
	return l->is_over || len > LINES_LENGTH_MAX ? len : 0;
}

static int read_more(struct lines *l)
{
	ssize_t n;

	memmove(l->buf, l->buf + l->begin, l->end - l->begin);
	l->end -= l->begin;
	l->begin = 0;
	n = l->read(l->context, l->buf + l->end, sizeof(l->buf) - l->end);
	if (n < 0)
		return (int)n;
	l->end += (size_t)n;
	l->is_over = !n;
	return 0;
}

int lines_next(struct lines *l, char *ret)
{
	const char *feed;
	size_t len = at_hand(l, &feed), text_len;

	while (!len && !l->is_over) {
		int err = l->waits_on(l->context) >= 0 ? -EAGAIN : read_more(l);

		if (err)
			return err;
		len = at_hand(l, &feed);
	}
	if (!len)
		return 0;
	text_len = len - (feed != NULL);
	memcpy(ret, l->buf + l->begin, text_len < LINES_LENGTH_MAX ? text_len : LINES_LENGTH_MAX);
	ret[text_len < LINES_LENGTH_MAX ? text_len : LINES_LENGTH_MAX] = '\0';
	l->begin += len;
	return text_len > LINES_LENGTH_MAX ? -E2BIG : 1;
}

int lines_fd(const struct lines *l)
{
	const char *feed;

	return l->is_over || at_hand(l, &feed) ? -1 : l->waits_on(l->context);
}
