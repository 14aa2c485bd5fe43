// SPDX-License-Identifier: BSD-2-Clause
/* What a recording holds beside flows: the host's own counters, its load, and what was lost. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "record/rows.h"
#include "verdict/subject.h"

struct account;
struct consumer;
struct record;
struct source;

struct recorder_host {
	bool is_recorded;
	int load;	       /* /proc/loadavg; -1: not read */
	uint32_t load_told[3]; /* hundredths */
	struct host_reading reading; /* the last one */
	bool levels_are_told; /* as they were in `reading` and `load_told` */
};

/* While files may be opened. */
void recorder_host_open(struct recorder_host *h, const struct consumer *c, struct source *s,
			bool is_left_out);
void recorder_host_close(struct recorder_host *h);

/* The interval ends: put what grew in it, and levels that changed. */
void recorder_host_put(struct recorder_host *h, struct record *record, const struct consumer *c,
		       struct source *s);

/* A key frame was written: who begins to read there is told all levels again. */
static inline void recorder_host_key(struct recorder_host *h)
{
	h->levels_are_told = false;
}

/* The account as a row. */
struct record_loss recorder_loss(const struct account *a, uint64_t time_ns);

/* What is known by now to be lost. */
void recorder_losses(struct record *record, const struct consumer *c, struct source *s,
		     uint64_t time_ns);
