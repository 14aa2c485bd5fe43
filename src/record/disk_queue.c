// SPDX-License-Identifier: BSD-2-Clause
#include "record/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "record/chunk.h"
#include "record/disk_room.h"
#include "util/xalloc.h"

/* Of each queue: the limit, the greatest chunk, and a few files that begin meanwhile. */
#define QUEUE_ROOM (DISK_QUEUE_BYTES + CHUNK_STORED_MAX + CHUNK_HEADER_MAX + 4096)
/* After a failure it is tried again so often, asked or not. */
#define RETRY_MS 1000
#define NAMES_TRIED 10000
#define NS_PER_S 1000000000ull

/* Stands in a queue before the bytes of a chunk. Without bytes: a new file begins at `wall_us`. */
struct job {
	int64_t wall_us;
	uint64_t time_s; /* of the recording's clock */
	uint32_t bytes, rows;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static size_t job_size(const struct job *job)
{
	return sizeof(*job) + ((size_t)job->bytes + 7) / 8 * 8;
}

/* Have the disk confirm. The descriptor is copied, since its file may end meanwhile. */
static void sync_file(void *context)
{
	struct disk *d = context;
	uint64_t start_ns = now_ns();
	int fd;

	if (!d->config.sync_ns || start_ns - d->synced_ns < d->config.sync_ns * 9 / 10)
		return;
	pthread_mutex_lock(&d->mutex);
	fd = d->fd < 0 ? -1 : fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&d->mutex);
	if (fd < 0)
		return;
	fdatasync(fd);
	close(fd);
	d->synced_ns = start_ns;
	pthread_mutex_lock(&d->mutex);
	if (now_ns() - start_ns > d->status.sync_max_ns)
		d->status.sync_max_ns = now_ns() - start_ns;
	pthread_mutex_unlock(&d->mutex);
}

static void set_file(struct disk *d, int fd, const char *name)
{
	int old;

	pthread_mutex_lock(&d->mutex);
	old = d->fd;
	d->fd = fd;
	strcpy(d->status.file, name);
	pthread_mutex_unlock(&d->mutex);
	d->good_bytes = 0;
	if (old < 0 || old == d->config.file_fd)
		return;
	/* Its end must not be lost because the other thread already confirms the next file. */
	if (d->config.sync_ns)
		fdatasync(old);
	close(old);
}

static int open_file(struct disk *d, const struct job *job)
{
	char name[RECORD_FILE_NAME_MAX];
	int fd = -1;

	if (d->config.dir_fd < 0) {
		d->discard = false;
		return 0;
	}
	disk_room_expire(d, job->wall_us);
	for (unsigned i = 0; fd < 0 && i < NAMES_TRIED; i++) {
		record_file_name(name, job->wall_us, d->config.boot, (unsigned)job->time_s + i);
		fd = openat(d->config.dir_fd, name,
			    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		return -errno;
	set_file(d, fd, name);
	d->discard = false;
	/* The name too must outlive a power failure. */
	if (d->config.sync_ns)
		fsync(d->config.dir_fd);
	return 0;
}

/* The file is gone, or was changed by somebody: chunks have none until a new one begins. */
static void lose_file(struct disk *d)
{
	d->discard = true;
	pthread_mutex_lock(&d->mutex);
	d->status.file_is_lost = true;
	pthread_mutex_unlock(&d->mutex);
}

static bool file_is_ours(const struct disk *d)
{
	struct stat st;

	return !d->is_regular || d->fd == d->config.file_fd ||
	       (!fstat(d->fd, &st) && st.st_nlink && (uint64_t)st.st_size == d->good_bytes);
}

/* A pipe may take less than all, then it wants the rest. */
static int write_pipe(struct disk *d, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(d->fd, bytes, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int write_once(struct disk *d, const uint8_t *bytes, size_t len)
{
	ssize_t n;
	int err;

	if (!d->is_regular)
		return write_pipe(d, bytes, len);
	do
		n = write(d->fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	err = n < 0 ? errno : ENOSPC;
	if (n > 0 && (ftruncate(d->fd, (off_t)d->good_bytes) ||
		      lseek(d->fd, (off_t)d->good_bytes, SEEK_SET) < 0))
		lose_file(d);
	return -err;
}

static int write_chunk(struct disk *d, const struct job *job, const uint8_t *bytes)
{
	int err = disk_room_make(d, job->bytes);

	if (!err)
		err = write_once(d, bytes, job->bytes);
	while ((err == -ENOSPC || err == -EDQUOT) && !d->discard && disk_room_remove_oldest(d))
		err = write_once(d, bytes, job->bytes);
	if (err)
		return err;
	d->good_bytes += job->bytes;
	pthread_mutex_lock(&d->mutex);
	d->status.written_bytes += job->bytes;
	d->status.used_bytes += job->bytes;
	pthread_mutex_unlock(&d->mutex);
	return 0;
}

static int do_job(struct disk *d, const struct job *job, const uint8_t *bytes)
{
	if (!job->bytes)
		return open_file(d, job);
	if (!d->discard && d->fd >= 0)
		return write_chunk(d, job, bytes);
	pthread_mutex_lock(&d->mutex);
	d->status.dropped_rows += job->rows;
	pthread_mutex_unlock(&d->mutex);
	return 0;
}

static void set_status(struct disk *d, int err, size_t done_bytes)
{
	pthread_mutex_lock(&d->mutex);
	d->status.error = -err;
	d->status.queued_bytes -= done_bytes;
	pthread_mutex_unlock(&d->mutex);
}

/* Take what was put into the front queue, if the other is empty. Returns false if there is nothing.
 */
static bool take(struct disk *d)
{
	struct disk_queue empty = d->back;

	if (d->back.at < d->back.used)
		return true;
	pthread_mutex_lock(&d->mutex);
	empty.used = empty.at = 0;
	d->back = d->front;
	d->front = empty;
	pthread_mutex_unlock(&d->mutex);
	return d->back.used;
}

static void write_queue(void *context)
{
	struct disk *d = context;
	bool rescan;
	int err = 0;

	pthread_mutex_lock(&d->mutex);
	rescan = d->must_rescan;
	d->must_rescan = false;
	pthread_mutex_unlock(&d->mutex);
	if (rescan)
		disk_room_expire(d, INT64_MIN / 2);
	if (d->fd >= 0 && !d->discard && !file_is_ours(d))
		lose_file(d);
	while (!err && take(d)) {
		struct job *job = (struct job *)(d->back.bytes + d->back.at);

		err = do_job(d, job, (uint8_t *)(job + 1));
		if (!err)
			d->back.at += job_size(job);
		set_status(d, err, err ? 0 : job_size(job));
	}
	helper_ask(&d->syncer);
}

void disk_init(struct disk *d, const struct disk_config *config)
{
	struct stat st;

	*d = (struct disk){
		.config = *config,
		.fd = config->dir_fd < 0 ? config->file_fd : -1,
		.front.bytes = reserve(QUEUE_ROOM),
		.back.bytes = reserve(QUEUE_ROOM),
		.writer = {.work = write_queue, .context = d, .period_ms = RETRY_MS},
		.syncer = {.work = sync_file, .context = d},
	};
	pthread_mutex_init(&d->mutex, NULL);
	d->is_regular = d->fd < 0 || (!fstat(d->fd, &st) && S_ISREG(st.st_mode));
	if (d->fd >= 0 && d->is_regular)
		d->good_bytes = (uint64_t)st.st_size;
	if (config->dir_fd >= 0)
		record_files_clean(config->dir_fd);
}

int disk_start(struct disk *d)
{
	int err = d->config.sync_ns ? helper_start(&d->syncer) : 0;

	return err ? err : helper_start(&d->writer);
}

static uint64_t rows_of(const struct disk_queue *q)
{
	uint64_t rows = 0;

	for (size_t at = q->at; at < q->used;) {
		const struct job *job = (const struct job *)(q->bytes + at);

		rows += job->rows;
		at += job_size(job);
	}
	return rows;
}

void disk_done(struct disk *d)
{
	helper_stop(&d->writer);
	write_queue(d);
	helper_stop(&d->syncer);
	d->status.dropped_rows += rows_of(&d->front) + rows_of(&d->back);
	if (d->fd >= 0 && d->config.sync_ns)
		fdatasync(d->fd);
	if (d->fd >= 0 && d->fd != d->config.file_fd)
		close(d->fd);
	reserve_free(d->front.bytes, QUEUE_ROOM);
	reserve_free(d->back.bytes, QUEUE_ROOM);
	pthread_mutex_destroy(&d->mutex);
}

/* The place for a job at the end of the front queue; the mutex is held. */
static uint8_t *add_job(struct disk *d, const struct job *job)
{
	uint8_t *at = d->front.bytes + d->front.used;

	memcpy(at, job, sizeof(*job));
	d->front.used += job_size(job);
	d->status.queued_bytes += job_size(job);
	return at + sizeof(*job);
}

void disk_new_file(struct disk *d, int64_t wall_us, uint64_t time_s)
{
	const struct job job = {.wall_us = wall_us, .time_s = time_s};

	pthread_mutex_lock(&d->mutex);
	d->status.file_is_lost = false;
	/* While so many wait that there is no room, the last of them will do. */
	if (d->front.used + sizeof(struct job) <= QUEUE_ROOM)
		add_job(d, &job);
	pthread_mutex_unlock(&d->mutex);
}

int disk_put(struct disk *d, const uint8_t *header, size_t header_bytes, const uint8_t *payload,
	     size_t payload_bytes, uint32_t rows)
{
	struct job job = {.bytes = (uint32_t)(header_bytes + payload_bytes), .rows = rows};
	int err = 0;
	uint8_t *at;

	pthread_mutex_lock(&d->mutex);
	if (d->status.queued_bytes > DISK_QUEUE_BYTES) {
		err = -ENOSPC;
	} else {
		at = add_job(d, &job);
		memcpy(at, header, header_bytes);
		memcpy(at + header_bytes, payload, payload_bytes);
	}
	pthread_mutex_unlock(&d->mutex);
	return err;
}

void disk_flush(struct disk *d)
{
	helper_ask(&d->writer);
}

void disk_get_status(struct disk *d, struct disk_status *ret)
{
	pthread_mutex_lock(&d->mutex);
	*ret = d->status;
	pthread_mutex_unlock(&d->mutex);
}

void disk_rescan(struct disk *d)
{
	pthread_mutex_lock(&d->mutex);
	d->must_rescan = true;
	pthread_mutex_unlock(&d->mutex);
}
