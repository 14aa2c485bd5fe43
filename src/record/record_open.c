// SPDX-License-Identifier: BSD-2-Clause
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "record/record_state.h"
#include "util/xalloc.h"

#define NAMES_MAX 16384u

static void make_run_id(char ret[33])
{
	uint8_t bytes[16] = {0};

	if (getrandom(bytes, sizeof(bytes), 0) < 0)
		memcpy(bytes, &(uint64_t){(uintptr_t)ret}, 8);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		sprintf(ret + 2 * i, "%02x", bytes[i]);
}

static int init_streams(struct record *r)
{
	int err = 0;

	for (unsigned i = 0; i < STREAM_COUNT && !err; i++) {
		r->stream[i] = (struct stream_writer){
			.which = i,
			.extra = r->config.extra,
			.level = r->config.level,
			.emit = segment_emit,
			.new_local = record_name_local,
			.context = r,
		};
		err = stream_writer_init(&r->stream[i]);
	}
	return err;
}

static void free_all(struct record *r)
{
	disk_done(&r->disk);
	for (unsigned i = 0; i < STREAM_COUNT; i++)
		stream_writer_done(&r->stream[i]);
	dictionary_done(&r->named);
	free(r);
}

int record_open(struct record **ret, const struct record_config *config,
		const struct record_clock *now)
{
	struct record *r = xcalloc(1, sizeof(*r));
	struct disk_config disk = {
		.dir_fd = config->dir_fd,
		.file_fd = config->file_fd,
		.quota_bytes = config->quota_bytes,
		.keep_free_bytes = config->keep_free_bytes,
		.keep_us = config->keep_us,
		.sync_ns = config->sync_us * 1000,
	};
	int err;

	r->config = *config;
	r->clock = *now;
	r->meta = config->meta;
	r->meta.format = META_FORMAT;
	r->meta.extra = config->extra;
	r->meta.key_offset = META_NO_KEY;
	if (!r->meta.run[0])
		make_run_id(r->meta.run);
	r->next_row = r->meta.row;
	memcpy(disk.boot, r->meta.boot, sizeof(disk.boot));
	disk_init(&r->disk, &disk);
	dictionary_init(&r->named, NAMES_MAX, NAMES_MAX * 16);
	err = init_streams(r);
	if (err) {
		free_all(r);
		return err;
	}
	segment_begin_file(r, "");
	disk_flush(&r->disk);
	*ret = r;
	return 0;
}

int record_start(struct record *r)
{
	int err = disk_start(&r->disk);

	if (err || r->config.dir_fd < 0 || !r->config.thin_age_us)
		return err;
	r->thin.dir_fd = r->config.dir_fd;
	r->thin.age_us = r->config.thin_age_us;
	r->thin.interval_us = r->config.thin_interval_us;
	r->thin.disk = &r->disk;
	r->keeper = (struct helper){.work = thin_directory, .context = &r->thin};
	err = helper_start(&r->keeper);
	/* What grew old while nobody recorded. */
	if (!err)
		helper_ask(&r->keeper);
	return err;
}

void record_end(struct record *r)
{
	/* It looks at this after each file, and each interval, that it is done with. */
	atomic_store(&r->thin.must_end, true);
	helper_stop(&r->keeper);
	record_finish(r);
	segment_end_file(r, "stop");
	free_all(r);
}
