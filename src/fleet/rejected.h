// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows that a server refuses for good are set aside in a folder, each block as a file that is a
 * whole request: `curl --data-binary @FILE http://SERVER:8123/` sends it again.
 */
#pragma once
#include "fleet/batch.h"

/* Of all that is set aside; what would be more is not kept. */
#define FLEET_REJECTED_MAX_BYTES (64u << 20)

/*
 * Keep `block` as `name` in the folder; the disk has confirmed it then. The same block twice is one
 * file. 0, -ENOSPC if there is no room, or -errno.
 */
int fleet_rejected_keep(int dir_fd, const char *name, const char *insert,
			const struct fleet_block *block);
