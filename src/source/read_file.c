// SPDX-License-Identifier: BSD-2-Clause
#include "source/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "util/log.h"
#include "util/xalloc.h"

#define PACKED_BYTES 65536
/* inflateInit2(): the largest window, and gzip's header. */
#define GZIP_WINDOW (15 + 16)
/* Enough to tell how it is compressed. */
#define MAGIC_BYTES 6

struct read_file {
	const char *path; /* borrowed */
	FILE *stream;
	int fd, err; /* err: why it cannot be read */
	bool is_waited_for, is_gzip, has_ended;
	bool in_member, had_member; /* of gzip: several may follow one another */
	bool has_more;		    /* unpacked, that found no room */
	const char *packer;	    /* a program that could unpack it */
	z_stream zip;
	/* What was read and not given yet: packed, or the first bytes of a file that is not. */
	uint8_t packed[PACKED_BYTES];
	size_t from, to;
	uint8_t head[READ_FILE_HEAD]; /* looked at, and not given yet */
	size_t head_from, head_to;
};

/* A pipe cannot be opened again. */
static struct read_file *current;

/* How a file is compressed that has these first bytes. */
static const struct packer {
	const char *program, *magic;
	size_t len;
} packers[] = {
	{"zstd", "\x28\xb5\x2f\xfd", 4},
	{"xz",
	 "\xfd"
	 "7zXZ",
	 5},
	{"bzip2", "BZh", 3},
	{"lz4", "\x04\x22\x4d\x18", 4},
};

static const char *find_packer(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
		if (len >= packers[i].len && !memcmp(bytes, packers[i].magic, packers[i].len))
			return packers[i].program;
	return NULL;
}

/* One read(), after what is left of the last. */
static ssize_t fill(struct read_file *f)
{
	ssize_t n;

	if (f->from == f->to)
		f->from = f->to = 0;
	do
		n = read(f->fd, f->packed + f->to, sizeof(f->packed) - f->to);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	f->has_ended = !n;
	f->to += (size_t)n;
	return n;
}

static void look(struct read_file *f)
{
	const uint8_t *bytes = f->packed;

	while (!f->err && !f->has_ended && f->to < MAGIC_BYTES) {
		ssize_t n = fill(f);

		if (n < 0)
			f->err = (int)n;
	}
	if (f->err)
		return;
	f->is_gzip = f->to >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
	f->packer = find_packer(bytes, f->to);
	if (f->packer)
		f->err = -ENOTSUP;
	else if (f->is_gzip && inflateInit2(&f->zip, GZIP_WINDOW) != Z_OK)
		f->err = -ENOMEM;
	f->in_member = f->is_gzip;
}

struct read_file *read_file_get(const char *path)
{
	struct read_file *f = current;
	struct stat about;

	if (f && !strcmp(f->path, path))
		return f;
	f = current = xcalloc(1, sizeof(*f));
	f->path = path;
	f->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (f->fd < 0 || fstat(f->fd, &about))
		f->err = -errno;
	else if (S_ISDIR(about.st_mode))
		f->err = -EISDIR;
	else
		f->is_waited_for = !S_ISREG(about.st_mode);
	look(f);
	return f;
}

int read_file_error(struct read_file *f)
{
	if (!f->err)
		return 0;
	if (!f->packer)
		return log_errno(-f->err, "cannot read %s", f->path);
	log_error("%s is compressed with %s: unpack it (%s -dc %s | tcpsight ... --read -)",
		  f->path, f->packer, f->packer, f->path);
	return f->err;
}

static ssize_t take_plain(struct read_file *f, void *bytes, size_t len)
{
	size_t n = f->to - f->from;
	ssize_t got;

	if (n) {
		n = n < len ? n : len;
		memcpy(bytes, f->packed + f->from, n);
		f->from += n;
		return (ssize_t)n;
	}
	do
		got = read(f->fd, bytes, len);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* What was unpacked out of `packed`, which may be nothing. */
static ssize_t inflate_some(struct read_file *f, void *bytes, size_t len)
{
	int result;

	if (!f->in_member && inflateReset(&f->zip) != Z_OK)
		return -EIO;
	f->in_member = true;
	f->zip.next_in = f->packed + f->from;
	f->zip.avail_in = (uInt)(f->to - f->from);
	f->zip.next_out = bytes;
	f->zip.avail_out = (uInt)len;
	result = inflate(&f->zip, Z_NO_FLUSH);
	f->from = f->to - f->zip.avail_in;
	f->has_more = !f->zip.avail_out;
	if (result == Z_STREAM_END)
		f->in_member = false;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return -EILSEQ;
	f->had_member |= !f->in_member;
	return (ssize_t)(len - f->zip.avail_out);
}

/* As gzip does, leave alone what follows the last member. What breaks off in one is an error. */
static ssize_t end_unpacking(struct read_file *f, ssize_t err)
{
	if (err == -EILSEQ && (!f->had_member || f->zip.total_out))
		return err;
	f->has_ended = true;
	f->from = f->to;
	f->in_member = false;
	return err == -EILSEQ ? 0 : err;
}

static ssize_t take_unpacked(struct read_file *f, void *bytes, size_t len)
{
	for (;;) {
		ssize_t n = 0;

		if (f->from < f->to || f->has_more)
			n = inflate_some(f, bytes, len);
		if (n > 0)
			return n;
		if (n < 0)
			return end_unpacking(f, n);
		if (f->from < f->to)
			continue;
		if (f->has_ended)
			return f->in_member ? end_unpacking(f, -ENODATA) : 0;
		n = fill(f);
		if (n < 0)
			return n;
	}
}

static ssize_t take(struct read_file *f, void *bytes, size_t len)
{
	return f->is_gzip ? take_unpacked(f, bytes, len) : take_plain(f, bytes, len);
}

size_t read_file_head(struct read_file *f, uint8_t *bytes)
{
	while (!f->err && f->head_to < sizeof(f->head)) {
		ssize_t n = take(f, f->head + f->head_to, sizeof(f->head) - f->head_to);

		if (n <= 0)
			break;
		f->head_to += (size_t)n;
	}
	memcpy(bytes, f->head, f->head_to);
	return f->head_to;
}

ssize_t read_file_read(struct read_file *f, void *bytes, size_t len)
{
	size_t n = f->head_to - f->head_from;

	if (f->err)
		return f->err;
	if (!n)
		return take(f, bytes, len);
	n = n < len ? n : len;
	memcpy(bytes, f->head + f->head_from, n);
	f->head_from += n;
	return (ssize_t)n;
}

int read_file_waits_on(const struct read_file *f)
{
	struct pollfd p = {.fd = f->fd, .events = POLLIN};

	if (!f->is_waited_for || f->err || f->has_ended || f->head_from < f->head_to ||
	    f->from < f->to || f->has_more)
		return -1;
	return poll(&p, 1, 0) > 0 ? -1 : f->fd;
}

static ssize_t read_cookie(void *cookie, char *bytes, size_t len)
{
	ssize_t n = read_file_read(cookie, bytes, len);

	if (n >= 0)
		return n;
	errno = (int)-n;
	return -1;
}

FILE *read_file_stream(struct read_file *f)
{
	const cookie_io_functions_t functions = {.read = read_cookie};

	if (!f->stream)
		f->stream = fopencookie(f, "r", functions);
	return f->stream;
}

void read_file_close(struct read_file *f)
{
	if (!f)
		return;
	if (f == current)
		current = NULL;
	if (f->stream)
		fclose(f->stream);
	if (f->is_gzip)
		inflateEnd(&f->zip);
	if (f->fd > STDERR_FILENO)
		close(f->fd);
	free(f);
}
