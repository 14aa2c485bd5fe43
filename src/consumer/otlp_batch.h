// SPDX-License-Identifier: BSD-2-Clause
/* Log records on their way to become one body of OTLP. Begins zeroed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "util/out.h"

struct otlp_record;
struct push_job;

struct otlp_batch {
	struct out body;
	uint32_t records;
	uint64_t first_us, last_us; /* times of the earliest and the latest */
};

/*
 * `time_us` is the end of the connection by the clock of its machine; `is_other`: of another
 * resource than the record before. True if the batch is as large as one may be: it must be taken
 * before more is put. */
bool otlp_batch_put(struct otlp_batch *b, const struct otlp_record *r, uint64_t time_us,
		    bool is_other);

/* The body, from malloc(), and what it is; the batch is empty then. It must have a record. */
void *otlp_batch_take(struct otlp_batch *b, struct push_job *ret);

void otlp_batch_done(struct otlp_batch *b);
