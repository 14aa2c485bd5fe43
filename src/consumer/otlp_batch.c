// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_batch.h"

#include "consumer/otlp_log.h"
#include "push/job.h"
#include "push/otlp.h"

/* A body is handed over when it has so many records, or so many bytes. */
#define BATCH_RECORDS 500
#define BATCH_BYTES (3u << 20)

bool otlp_batch_put(struct otlp_batch *b, const struct otlp_record *r, uint64_t time_us,
		    bool is_other)
{
	bool is_first = !b->records;

	if (is_first) {
		out_init_memory(&b->body);
		otlp_log_begin(&b->body, r->resource);
		b->first_us = b->last_us = time_us;
	} else if (is_other) {
		otlp_log_next(&b->body, r->resource);
	}
	otlp_log_put(&b->body, r, is_first || is_other);
	b->first_us = time_us < b->first_us ? time_us : b->first_us;
	b->last_us = time_us > b->last_us ? time_us : b->last_us;
	return ++b->records >= BATCH_RECORDS || b->body.used >= BATCH_BYTES;
}

void *otlp_batch_take(struct otlp_batch *b, struct push_job *ret)
{
	size_t len;
	char *body;

	otlp_log_end(&b->body);
	body = out_take(&b->body, &len);
	*ret = (struct push_job){.kind = OTLP_LOGS,
				 .records = b->records,
				 .bytes = len,
				 .first_us = b->first_us,
				 .last_us = b->last_us};
	*b = (struct otlp_batch){.records = 0};
	return body;
}

void otlp_batch_done(struct otlp_batch *b)
{
	if (b->records)
		out_done(&b->body);
}
