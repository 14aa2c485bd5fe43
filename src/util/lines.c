// SPDX-License-Identifier: BSD-2-Clause
#include "util/lines.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef __GLIBC__
#include <stdio_ext.h>
#endif

size_t lines_read_ahead(FILE *file)
{
#ifdef __GLIBC__
	return (size_t)(file->_IO_read_end - file->_IO_read_ptr);
#else
	return __freadahead(file);
#endif
}

void lines_init(struct lines *l, FILE *file)
{
	size_t ahead = lines_read_ahead(file);
	struct stat st;

	*l = (struct lines){.fd = fileno(file)};
	l->waits = fstat(l->fd, &st) || !S_ISREG(st.st_mode);
	l->end = fread(l->buf, 1, ahead < sizeof(l->buf) ? ahead : sizeof(l->buf), file);
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
	do
		n = read(l->fd, l->buf + l->end, sizeof(l->buf) - l->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	l->end += (size_t)n;
	l->is_over = !n;
	return 0;
}

int lines_next(struct lines *l, char *ret)
{
	const char *feed;
	size_t len = at_hand(l, &feed), text_len;

	while (!len && !l->is_over) {
		int err = read_more(l);

		if (err)
			return err;
		len = at_hand(l, &feed);
		if (!len && !l->is_over && l->waits)
			return -EAGAIN;
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

	return !l->waits || l->is_over || at_hand(l, &feed) ? -1 : l->fd;
}
