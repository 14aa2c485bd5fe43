// SPDX-License-Identifier: BSD-2-Clause
#include "app/window.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/status.h"
#include "cli/complain.h"
#include "engine/watch.h"
#include "record/recording.h"
#include "util/when.h"

/* Around --at, if nothing says how long. */
#define SPAN_DEFAULT_US 60000000ll
/* More than the microsecond that a tick has to be later than the beginning. */
#define AT_EARLIER_US 2

/* "03:12" is the last one that the recording holds; of what cannot be read the source will tell. */
static int64_t reference_us(const char *path)
{
	const struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
						.to_wall_us = RECORDING_NO_TO,
						.edges_only = true,
						.flows_max = 1};
	int64_t from, to = (int64_t)time(NULL) * 1000000;
	struct recording *r;
	char why[256];

	if (!strcmp(path, "-") || recording_open(&r, path, &config, why, sizeof(why)))
		return to;
	if (recording_span(r, &from, &to))
		to = (int64_t)time(NULL) * 1000000;
	recording_close(r);
	return to;
}

static int complain_time(const char *program, const char *option, const char *text, size_t at, int err)
{
	char message[256];

	if (err == -ERANGE)
		snprintf(message, sizeof(message),
			 "argument %s: there is no such time on that day: clocks were set forward", option);
	else
		snprintf(message, sizeof(message),
			 "argument %s: expected a time such as 03:12, '2026-11-24 03:12', "
			 "2026-11-24T03:12:00Z, '5m ago' or @1764000000", option);
	complain(program, text, at, message);
	return RUN_USAGE;
}

static int set_time(const char *program, const char *option, const char *text, int64_t reference,
		    int64_t *ret_us)
{
	size_t at = 0;
	int err = text ? when_parse(text, reference, ret_us, &at) : 0;

	return err ? complain_time(program, option, text, at, err) : 0;
}

static const char *option_given(const struct watch *w)
{
	return w->at ? "--at" : w->span ? "--for" : w->since ? "--since" : w->until ? "--until" : NULL;
}

int window_set(struct watch *w, const char *program)
{
	const char *option = option_given(w);
	int64_t reference, span = SPAN_DEFAULT_US;
	char message[256];
	size_t at;
	int err;

	if (w->fleet && w->read_path) {
		complain(program, NULL, 0, "argument --fleet: not allowed with --read");
		return RUN_USAGE;
	}
	if (w->fleet && (!option || w->follow)) {
		complain(program, NULL, 0,
			 "argument --fleet: say when: --at TIME, --since TIME or --for SPAN (up to now)");
		return RUN_USAGE;
	}
	if (!w->fleet && (w->credentials || w->cacert)) {
		complain(program, NULL, 0, "argument --credentials, --cacert: they are about --fleet");
		return RUN_USAGE;
	}
	if (!option && !w->follow)
		return 0;
	if (!w->read_path && !w->fleet) {
		snprintf(message, sizeof(message),
			 "argument %s: it is about recordings; --read FILE or DIR names one, --fleet URL many",
			 option ? option : "--follow");
		complain(program, NULL, 0, message);
		return RUN_USAGE;
	}
	if (w->at && (w->since || w->until)) {
		complain(program, NULL, 0, "argument --at: not allowed with --since and --until");
		return RUN_USAGE;
	}
	if (w->span && when_parse_span(w->span, &span, &at)) {
		complain(program, w->span, at, "argument --for: expected a span such as 90, 2m, 1h or 1d");
		return RUN_USAGE;
	}
	reference = w->fleet ? (int64_t)time(NULL) * 1000000 : reference_us(w->read_path);
	for (uint64_t i = 1; i < w->reads_count; i++) {
		int64_t one = reference_us(w->reads[i]);

		reference = one > reference ? one : reference;
	}
	err = set_time(program, "--at", w->at, reference, &w->from_us);
	if (!err)
		err = set_time(program, "--since", w->since, reference, &w->from_us);
	if (!err)
		err = set_time(program, "--until", w->until, reference, &w->to_us);
	if (err)
		return err;
	if ((w->at && (w->span || !w->at_is_begin)) || (w->span && w->since))
		w->to_us = w->from_us + span;
	else if (w->span)
		w->from_us = (w->to_us ? w->to_us : reference) - span;
	/* The end of an interval is part of it. */
	if (w->at && w->at_is_begin && !w->to_us)
		w->from_us -= AT_EARLIER_US;
	if (w->to_us && w->from_us >= w->to_us) {
		complain(program, w->until, 0, "argument --until: it is not after --since");
		return RUN_USAGE;
	}
	return 0;
}
