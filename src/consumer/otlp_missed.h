// SPDX-License-Identifier: BSD-2-Clause
/*
 * What did not get to the collector, from the recording that this run writes.
 *
 * A time divides the connections of a run: those that ended before it are sent or refused, the
 * others are in the recording. While there is no outage it is not needed: who is told of a
 * connection sends it. From the first one that found no place on, all pass by, and are read from
 * the recording as the collector takes them. When there is nothing more to read, a second time is
 * chosen, from which on they are sent at once again; what ended before it is read to the end.
 * Times are those of the machine's clock, which the recording keeps to the microsecond.
 *
 * Nothing that may have arrived is sent again without a mark (tcpsight.repeated): what was under
 * way when an outage, or the run, ended.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "push/link.h"

struct consumer;
struct otlp_batch;
struct otlp_missed;
struct otlp_resource;
struct source;

/*
 * Of this consumer; what the run before left unsent is read first. `endpoint` is the collector,
 * `here` this machine.
 * Gives; free with otlp_missed_close(). NULL, logged.
 */
struct otlp_missed *otlp_missed_open(const struct consumer *c, const struct source *source,
				     const struct otlp_resource *here, const char *endpoint);
void otlp_missed_close(struct otlp_missed *m);

/* Is this connection, which has just been told of, read later? Else it is to be sent now. */
bool otlp_missed_takes(struct otlp_missed *m, uint64_t time_us);

/* What becomes of jobs; `context` is the struct otlp_missed. */
struct push_observer otlp_missed_observer(struct otlp_missed *m);

/* Has an outage begun since the last call? Then what still waits comes from the recording too. */
bool otlp_missed_has_begun(struct otlp_missed *m);

/* Is there something to be read? */
bool otlp_missed_is_behind(const struct otlp_missed *m);

enum otlp_missed_next {
	OTLP_MISSED_BATCH, /* send it */
	OTLP_MISSED_MORE,  /* nothing yet, ask again soon */
	OTLP_MISSED_IDLE,  /* nothing more is written yet */
};

/* Read into `ret`, which is empty. Takes some milliseconds at most. */
enum otlp_missed_next otlp_missed_read(struct otlp_missed *m, struct otlp_batch *ret);

/* Complete the job of a batch that was read, which is sent now. */
void otlp_missed_sends(struct otlp_missed *m, struct push_job *job);

/* How many records were found to be in no recording, since the last call. */
uint64_t otlp_missed_lost(struct otlp_missed *m);

/*
 * Keep how far it got, not more often than once a second unless it `is_end`. `oldest_us`: the
 * earliest of what waits or is under way, UINT64_MAX if nothing is.
 */
void otlp_missed_save(struct otlp_missed *m, uint64_t oldest_us, bool is_end);
