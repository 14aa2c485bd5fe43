// SPDX-License-Identifier: BSD-2-Clause
#include "record/input.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/chunk.h"
#include "util/xalloc.h"

/* One reading for many small chunks. */
#define READ_BYTES (256u << 10)

const size_t input_window_bytes = CHUNK_HEADER_MAX + CHUNK_STORED_MAX + READ_BYTES;

void input_open(struct input *in, int fd)
{
	*in = (struct input){.fd = fd, .read_bytes = READ_BYTES};
	in->is_seekable = lseek(fd, 0, SEEK_CUR) >= 0;
	in->window = reserve(input_window_bytes);
}

void input_open_memory(struct input *in, const uint8_t *memory, size_t bytes)
{
	*in = (struct input){
		.fd = -1, .is_seekable = true, .memory = memory, .memory_bytes = bytes};
}

void input_close(struct input *in)
{
	reserve_free(in->window, input_window_bytes);
	if (in->fd >= 0)
		close(in->fd);
	*in = (struct input){.fd = -1};
}

/* Read behind the window. Returns false at the end, or if that fails. */
static bool read_more(struct input *in, size_t want)
{
	size_t len = want > in->read_bytes ? want : in->read_bytes;
	ssize_t n;

	if (len > input_window_bytes - in->used)
		len = input_window_bytes - in->used;
	do
		n = in->is_seekable ? pread(in->fd, in->window + in->used, len,
					    (off_t)(in->start + in->used))
				    : read(in->fd, in->window + in->used, len);
	while (n < 0 && errno == EINTR);
	in->error = n < 0 ? errno : 0;
	if (n > 0)
		in->used += (size_t)n;
	return n > 0;
}

/* Make `at` the beginning of the window. Returns false if it cannot be had. */
static bool move_window(struct input *in, uint64_t at)
{
	if (at >= in->start && at - in->start <= in->used) {
		in->used -= (size_t)(at - in->start);
		memmove(in->window, in->window + (at - in->start), in->used);
		in->start = at;
		return true;
	}
	if (in->is_seekable) {
		in->start = at;
		in->used = 0;
		return true;
	}
	while (at > in->start + in->used) {
		in->start += in->used;
		in->used = 0;
		if (!read_more(in, 1))
			return false;
	}
	return at >= in->start && move_window(in, at);
}

const uint8_t *input_get(struct input *in, uint64_t at, size_t want, size_t *ret_len)
{
	*ret_len = 0;
	if (in->memory || in->fd < 0) {
		if (at < in->memory_bytes)
			*ret_len = in->memory_bytes - (size_t)at;
		return *ret_len ? in->memory + at : NULL;
	}
	if (at < in->start || at - in->start > in->used || in->used - (at - in->start) < want) {
		if (!move_window(in, at))
			return NULL;
		while (in->used < want && read_more(in, want - in->used))
			;
	}
	*ret_len = in->used - (size_t)(at - in->start);
	return in->window + (at - in->start);
}

uint64_t input_size(const struct input *in)
{
	struct stat st;

	if (in->memory || in->fd < 0)
		return in->memory_bytes;
	return in->is_seekable && !fstat(in->fd, &st) ? (uint64_t)st.st_size : 0;
}
