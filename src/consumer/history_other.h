// SPDX-License-Identifier: BSD-2-Clause
/*
 * The span that another one is compared with: the same question, asked of the same source with an
 * earlier window. It is opened while files may be, and read in the end, within the sandbox.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "consumer/history_sums.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/engine.h"
#include "engine/source.h"
#include "engine/watch.h"

struct history_other {
	struct watch watch;
	struct clock clock;
	struct source source;
	struct engine engine;
	struct consumer consumer;
	struct history_sums sums;
	uint64_t last_ns;
	bool is_open;
};

/* `c` asks, `source` is what it asks; the window begins `back_us` earlier (later, if that is
 * negative). 0 or -errno, logged. */
int history_other_open(struct history_other *o, const struct consumer *c, const struct view *view,
		       const struct source *source, int64_t back_us);

/* Read it all. 0 or -errno, logged. */
int history_other_read(struct history_other *o);
void history_other_close(struct history_other *o);
