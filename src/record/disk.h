// SPDX-License-Identifier: BSD-2-Clause
/*
 * Chunks on their way to the disk. The one who makes them never waits: they stand in a queue of
 * bounded size, which a thread of its own writes, one write() a chunk, while another has the disk
 * confirm what was written. What the disk does not take stays in the queue as it is and is tried
 * again, so a full disk breaks no stream; only when the queue is full are rows lost, and counted.
 *
 * After a write that failed or was cut short the file is cut back to its last whole chunk. Before
 * one that would exceed the quota the oldest recording of the directory is removed.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/directory.h"
#include "record/helper.h"

/* Chunks that wait take so much memory at most. */
#define DISK_QUEUE_BYTES (4u << 20)

struct disk_config {
	int dir_fd;  /* -1: write to file_fd alone */
	int file_fd; /* a file, a pipe, or -1; borrowed */
	char boot[37];
	uint64_t quota_bytes, keep_free_bytes; /* 0: none */
	uint64_t keep_us;		       /* remove what began so long ago; 0: never */
	uint64_t sync_ns;		       /* have the disk confirm so often; 0: never */
};

/* How it stands, for a status line and for messages. */
struct disk_status {
	int error;		/* errno of the last write or open, 0 if it went well */
	uint64_t written_bytes; /* in this run */
	uint64_t queued_bytes;
	uint64_t dropped_rows;
	uint64_t used_bytes;	/* by all recordings of the directory */
	uint64_t removed_files; /* to keep to the limits */
	uint64_t sync_max_ns;	/* the longest confirmation */
	bool file_is_lost;	/* what is written now has no file: begin a new one */
	char file[RECORD_FILE_NAME_MAX];
};

struct disk_queue {
	uint8_t *bytes;
	size_t used, at;
};

struct disk {
	struct disk_config config;
	/* What the threads share. */
	pthread_mutex_t mutex;
	struct disk_queue front; /* is filled */
	struct disk_status status;
	int fd;
	bool must_rescan; /* others changed the directory */
	/* Of the writing thread alone. */
	struct disk_queue back; /* is written */
	uint64_t good_bytes;	/* length of the file up to the end of its last whole chunk */
	bool is_regular, discard;
	/* Of the confirming thread alone. */
	uint64_t synced_ns;
	struct helper writer, syncer;
};

void disk_init(struct disk *d, const struct disk_config *config);

/* Start the threads; without this everything is done where it is asked for. 0 or -errno. */
int disk_start(struct disk *d);

/* Write what waits, have it confirmed, close the file. What could not be written is lost. */
void disk_done(struct disk *d);

/* From here on a new file, named after its first moment on both clocks; of a single file: nothing. */
void disk_new_file(struct disk *d, int64_t wall_us, uint64_t time_s);

/*
 * Append a chunk of `rows` rows whose header has room before it: `header` and `payload` are copied.
 * Returns 0, or -ENOSPC if the queue is full.
 */
int disk_put(struct disk *d, const uint8_t *header, size_t header_bytes, const uint8_t *payload,
	     size_t payload_bytes, uint32_t rows);

/* Write what waits. */
void disk_flush(struct disk *d);

void disk_get_status(struct disk *d, struct disk_status *ret);

/* The directory was changed by us elsewhere: count it again. */
void disk_rescan(struct disk *d);
