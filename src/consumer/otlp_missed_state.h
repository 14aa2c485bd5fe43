// SPDX-License-Identifier: BSD-2-Clause
/* What the files of otlp_missed share. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "consumer/otlp_log.h"
#include "consumer/otlp_missed.h"
#include "consumer/otlp_place.h"
#include "engine/clock.h"
#include "engine/consumer.h"
#include "engine/source.h"

#define US_PER_S 1000000
/* Connections are told of almost in the order of their ends; what is later than this is none. */
#define DISORDER_US US_PER_S

enum otlp_missed_state { TOLD, BEHIND, CATCHING_UP };

struct otlp_missed {
	const struct consumer *consumer;
	const struct source *source;
	const struct otlp_resource *here;
	int dir_fd;
	char name[OTLP_PLACE_NAME_MAX], boot[OTLP_PLACE_BOOT_SIZE];
	enum otlp_missed_state state;
	bool has_begun;
	bool is_broken;		  /* it cannot be read: what is missed is lost */
	bool is_not_kept;	  /* how far it got cannot be written */
	struct otlp_place place;  /* from here on, unless all is TOLD */
	struct otlp_place before; /* as the run before left it */
	uint64_t begun_us;	  /* of this run */
	uint64_t until_us;	  /* CATCHING_UP: what ends from then on is not read */
	uint64_t told_us;	  /* the latest that was told of */
	int64_t offset_us;	  /* to the wall clock, the least that there was */
	uint64_t maybe_us;	  /* of this run: what ended until then may have been sent */
	uint64_t maybe_then_us;	  /* when the reading began */
	uint64_t owed, lost;
	/* Of owed: what was dropped since the last reading began, and until when it ended. */
	uint64_t dropped, dropped_until_us;
	uint64_t saved_us;
	uint32_t pass; /* counts how often the reading began, from 1 */
	/* Of the reading. */
	struct recording *recording; /* NULL: not begun */
	struct cgroup_names *names;
	struct otlp_resource resource;
	struct event ev;
	bool is_kept; /* `ev` is still to be put into a batch */
};

static inline uint64_t otlp_missed_now_us(void)
{
	return clock_now_ns() / 1000;
}

static inline bool otlp_missed_is_of_this_boot(const struct otlp_missed *m,
					       const struct otlp_place *p)
{
	return !strcmp(p->boot, m->boot);
}

/* Begin with what the run before left unsent, as its file `m->name` says. 0 or -errno, logged. */
int otlp_missed_load(struct otlp_missed *m);

/* Forget the reading that was begun, if there is one. */
void otlp_missed_stop_reading(struct otlp_missed *m);

/* What ended until then may have been sent. */
void otlp_missed_mark_until(struct otlp_missed *m, uint64_t time_us);

/* May the connection that was read, of this boot if it `is_here`, have been sent before? */
bool otlp_missed_is_repeated(const struct otlp_missed *m, bool is_here, uint64_t time_us);
