// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "source/read_file.h"
#include "util/log.h"
#include "util/xalloc.h"

/* It grows if a record needs more. */
#define BYTES_MIN (256u << 10)

_Static_assert(READ_FILE_HEAD == CAPTURE_MAGIC_LEN, "what is looked at tells what a file is");

bool pcap_file_is_capture(const char *path)
{
	uint8_t head[READ_FILE_HEAD];

	return read_file_head(read_file_get(path), head) == sizeof(head) && capture_is_magic(head);
}

/* Reading a pipe takes as long as whoever writes it: then a signal has to be seen. They are
 * blocked, since the loop takes them; so they show here alone, and stay there for it. */
static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Room for `want` bytes in a row. */
static void make_room(struct pcap_file *f, size_t want)
{
	if (f->from) {
		memmove(f->bytes, f->bytes + f->from, f->to - f->from);
		f->to -= f->from;
		f->from = 0;
	}
	if (want <= f->size)
		return;
	f->bytes = xrealloc(f->bytes, want);
	f->size = want;
}

/* What stops it after a frame was found stands in the way of the next one alone. */
static int stop(struct pcap_file *f, const char *error)
{
	f->has_ended = true;
	f->error = error;
	return error ? -EIO : 0;
}

/* 1: there is more now. Otherwise as pcap_file_next(). */
static int read_more(struct pcap_file *f)
{
	ssize_t n;

	if (read_file_waits_on(f->file) >= 0)
		return -EAGAIN;
	make_room(f, f->capture->want);
	n = read_file_read(f->file, f->bytes + f->to, f->size - f->to);
	if (n > 0) {
		f->to += (size_t)n;
		return 1;
	}
	if (n < 0 && n != -ENODATA)
		return stop(f, strerror((int)-n));
	f->is_truncated = n || capture_is_truncated(f->capture, f->to - f->from);
	return stop(f, f->is_truncated ? "the file breaks off within a packet" : NULL);
}

int pcap_file_next(struct pcap_file *f, struct frame *ret)
{
	int result = 1;

	if (f->has_first) {
		f->has_first = false;
		*ret = f->first;
		return 1;
	}
	while (result > 0) {
		size_t used;
		enum capture_step step;

		if (f->has_ended)
			return 0;
		step = capture_next(f->capture, f->bytes + f->from, f->to - f->from, &used, ret);
		f->from += used;
		if (step == CAPTURE_FRAME)
			return 1;
		if (step == CAPTURE_BROKEN)
			return stop(f, f->capture->error);
		result = read_more(f);
	}
	return result;
}

int pcap_file_wait(struct pcap_file *f)
{
	struct pollfd p[] = {
		{.fd = read_file_waits_on(f->file), .events = POLLIN},
		{.fd = f->signals, .events = POLLIN},
	};

	if (p[0].fd < 0)
		return 0;
	if (poll(p, 2, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	return p[1].revents ? -EINTR : 0;
}

int pcap_file_waits_on(const struct pcap_file *f)
{
	return f->has_ended ? -1 : read_file_waits_on(f->file);
}

/* Up to the first interface, or to the end: without one it is empty. 0, or -EIO. */
static int read_head(struct pcap_file *f)
{
	int result = 0;

	while (!capture_first_interface(f->capture)) {
		result = pcap_file_next(f, &f->first);
		f->has_first = result > 0;
		if (result == -EAGAIN && !capture_first_interface(f->capture))
			result = pcap_file_wait(f);
		if (result == -EINTR)
			return stop(f, "interrupted");
		if (result <= 0 && f->has_ended)
			break;
	}
	return result == -EIO ? result : 0;
}

int pcap_file_open(struct pcap_file *f, const char *path)
{
	int err;

	f->file = read_file_get(path);
	f->signals = -1;
	err = read_file_error(f->file);
	if (err)
		return err;
	f->capture = capture_new();
	if (!f->capture)
		return log_errno(ENOMEM, "cannot read %s", path);
	f->size = BYTES_MIN;
	f->bytes = xmalloc(f->size);
	f->signals = watch_signals();
	if (!read_head(f))
		return 0;
	log_error("cannot read %s: %s", path, f->error);
	return -EINVAL;
}

void pcap_file_close(struct pcap_file *f)
{
	if (!f->file)
		return;
	if (f->signals >= 0)
		close(f->signals);
	read_file_close(f->file);
	capture_free(f->capture);
	free(f->bytes);
	*f = (struct pcap_file){.signals = -1};
}
