// SPDX-License-Identifier: BSD-2-Clause
/* The limits of a directory of recordings, for its one writer (disk_queue.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct disk;

/*
 * Make sure that `bytes` more fit into the limits, by removing the oldest files. Returns 0, or
 * -ENOSPC if nothing is left to remove that would help. The file that is being written stays.
 */
int disk_room_make(struct disk *d, uint64_t bytes);

/* Remove the oldest file although the limits do not ask for it. False if there is none. */
bool disk_room_remove_oldest(struct disk *d);

/* Remove what is older than it may become, and count what is there. */
void disk_room_expire(struct disk *d, int64_t wall_us);
