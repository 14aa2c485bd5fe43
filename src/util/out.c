// SPDX-License-Identifier: BSD-2-Clause
#include "util/out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/decimal.h"
#include "util/utf8.h"
#include "util/xalloc.h"

#define OUT_SIZE (64 * 1024)
/* What waits for a slow reader: address space until it is used. */
#define QUEUE_SIZE (4u << 20)
/* How long a reader that takes nothing can hold us once a signal wants us to end. */
#define PATIENCE_MS 2000

void out_init(struct out *o, int fd)
{
	*o = (struct out){.fd = fd, .interrupt_fd = -1, .size = OUT_SIZE, .buf = xmalloc(OUT_SIZE)};
}

void out_init_queue(struct out *o, int fd, bool is_shared)
{
	struct stat st;

	*o = (struct out){.fd = fd,
			  .interrupt_fd = -1,
			  .size = QUEUE_SIZE,
			  .buf = reserve(QUEUE_SIZE),
			  .queues = true,
			  /* A file takes what it is given, whoever has it too. */
			  .is_shared = is_shared && (fstat(fd, &st) || !S_ISREG(st.st_mode))};
}

void out_done(struct out *o)
{
	if (o->queues)
		reserve_free(o->buf, o->size);
	else
		free(o->buf);
	o->buf = NULL;
}

void out_init_memory(struct out *o)
{
	out_init(o, -1);
}

char *out_take(struct out *o, size_t *ret_len)
{
	char *text = o->buf;

	*ret_len = o->used;
	*o = (struct out){.fd = -1};
	return text;
}

static void make_room(struct out *o)
{
	if (o->queues) {
		/* The record in hand goes, and what of it is still to come. */
		o->drops = true;
		o->used = o->record;
		return;
	}
	if (o->fd >= 0) {
		out_flush(o);
		return;
	}
	o->size *= 2;
	o->buf = xrealloc(o->buf, o->size);
}

/*
 * Wait until some of the output can be written without blocking, and return how much: of a pipe
 * PIPE_BUF bytes are sure. A signal must be able to end us although the reader sleeps.
 */
static size_t wait_for_room(struct out *o, size_t len)
{
	struct pollfd fds[] = {{.fd = o->fd, .events = POLLOUT}, {.fd = o->interrupt_fd, .events = POLLIN}};

	if (o->interrupt_fd < 0)
		return len;
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	/* A signal: the reader may only be slow, so it gets some time, but not for ever. */
	if (!fds[0].revents && poll(fds, 1, PATIENCE_MS) <= 0) {
		o->error = ECANCELED;
		return 0;
	}
	return len < PIPE_BUF ? len : PIPE_BUF;
}

/* Of an out that queues: as much of `len` as can be written now, or -errno. */
static ssize_t write_now(struct out *o, const char *from, size_t len)
{
	struct pollfd fd = {.fd = o->fd, .events = POLLOUT};
	ssize_t n;

	if (o->is_shared) {
		if (poll(&fd, 1, 0) <= 0)
			return -EAGAIN;
		len = len < PIPE_BUF ? len : PIPE_BUF;
	}
	n = write(o->fd, from, len);
	return n < 0 ? -errno : n;
}

static void note_written(struct out *o, const char *from, size_t len)
{
	const char *feed = memrchr(from, '\n', len);

	o->half_line = feed ? (size_t)(from + len - feed - 1) : o->half_line + len;
}

static bool may_yet_succeed(ssize_t err)
{
	return err == -EAGAIN || err == -EINTR || err == -ENOSPC || err == -EDQUOT;
}

static int flush_queue(struct out *o)
{
	size_t whole = o->record, at = 0;

	o->trouble = 0;
	while (at < whole && !o->error && !o->trouble) {
		ssize_t n = write_now(o, o->buf + at, whole - at);

		if (n >= 0) {
			note_written(o, o->buf + at, (size_t)n);
			at += (size_t)n;
		} else if (may_yet_succeed(n)) {
			o->trouble = (int)-n;
		} else {
			o->error = (int)-n;
		}
	}
	memmove(o->buf, o->buf + at, o->used - at);
	o->used -= at;
	o->record -= at;
	return -o->error;
}

void out_end_record(struct out *o)
{
	if (!o->queues)
		return;
	if (o->error)
		o->used = o->record;
	o->dropped += o->drops || (o->error && o->error != EPIPE);
	o->failed += o->drops && (o->trouble == ENOSPC || o->trouble == EDQUOT);
	o->drops = false;
	o->record = o->used;
	if (o->used >= OUT_SIZE && !o->trouble)
		flush_queue(o);
}

void out_finish(struct out *o)
{
	struct pollfd fd = {.fd = o->fd, .events = POLLOUT};
	off_t size;

	if (!o->queues)
		return;
	for (flush_queue(o); o->record && o->trouble == EAGAIN && !o->error; flush_queue(o))
		if (poll(&fd, 1, PATIENCE_MS) <= 0)
			break;
	/* A reader that has gone misses nothing. */
	for (size_t i = 0; i < o->record && o->error != EPIPE; i++)
		o->dropped += o->buf[i] == '\n';
	if (!o->half_line)
		return;
	/* A pipe or a terminal keeps what it has; it cannot be mended. */
	size = lseek(o->fd, 0, SEEK_END);
	if (size >= (off_t)o->half_line && ftruncate(o->fd, size - (off_t)o->half_line))
		o->error = errno;
}

int out_flush(struct out *o)
{
	size_t at = 0;

	if (o->queues)
		return flush_queue(o);

	while (at < o->used && !o->error) {
		size_t len = wait_for_room(o, o->used - at);
		ssize_t n = len ? write(o->fd, o->buf + at, len) : 0;

		if (n >= 0)
			at += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			o->error = errno;
	}
	o->used = 0;
	return -o->error;
}

void out_clip(struct out *o, unsigned lines, unsigned columns)
{
	o->clip_lines = lines;
	o->clip_columns = columns;
	o->line = o->column = 0;
}

/* Is this byte inside the window? Continuation bytes of UTF-8 go with their character. */
static int in_window(struct out *o, char c)
{
	int inside;

	if (c == '\n') {
		inside = o->line < o->clip_lines;
		o->line++;
		o->column = 0;
		return inside;
	}
	if ((c & 0xc0) != 0x80)
		o->column++;
	return o->line < o->clip_lines && o->column <= o->clip_columns;
}

static void append(struct out *o, char c)
{
	if (o->used == o->size)
		make_room(o);
	if (!o->drops)
		o->buf[o->used++] = c;
}

void out_mem(struct out *o, const char *mem, size_t len)
{
	if (o->clip_lines) {
		for (size_t i = 0; i < len; i++)
			if (in_window(o, mem[i]))
				append(o, mem[i]);
		return;
	}
	if (o->drops)
		return;
	if (len <= o->size - o->used) {
		memcpy(o->buf + o->used, mem, len);
		o->used += len;
		return;
	}
	if (o->queues) {
		make_room(o);
		return;
	}
	while (len > o->size - o->used) {
		size_t part = o->size - o->used;

		memcpy(o->buf + o->used, mem, part);
		o->used += part;
		mem += part;
		len -= part;
		make_room(o);
	}
	memcpy(o->buf + o->used, mem, len);
	o->used += len;
}

void out_str(struct out *o, const char *text)
{
	out_mem(o, text, strlen(text));
}

void out_char(struct out *o, char c)
{
	if (!o->clip_lines || in_window(o, c))
		append(o, c);
}

void out_uint(struct out *o, uint64_t n)
{
	char text[DECIMAL_MAX];

	out_mem(o, text, decimal_put(text, n));
}

void out_format(struct out *o, const char *format, ...)
{
	char text[1024];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		out_mem(o, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

static void out_spaces(struct out *o, size_t n)
{
	char *to = out_room(o, n);

	if (to) {
		memset(to, ' ', n);
		out_took(o, n);
		return;
	}
	while (n--)
		out_char(o, ' ');
}

void out_field(struct out *o, const char *text, size_t len, int width)
{
	size_t want = (size_t)(width < 0 ? -width : width), count = utf8_count(text, len);
	size_t blanks = want > count ? want - count : 0;

	if (width > 0)
		out_spaces(o, blanks);
	out_mem(o, text, len);
	if (width < 0)
		out_spaces(o, blanks);
}

void out_clean(struct out *o, const char *text, size_t len)
{
	size_t plain = utf8_plain_length(text, len);

	out_mem(o, text, plain);
	for (size_t i = plain, n; i < len; i += n ? n : 1) {
		uint32_t c;

		n = utf8_decode(text + i, len - i, &c);
		if (n && utf8_is_harmless(c))
			out_mem(o, text + i, n);
		else
			out_char(o, '?');
	}
}
