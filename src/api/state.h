// SPDX-License-Identifier: BSD-2-Clause
/*
 * The consumer behind /api/v1/: what a run knows, kept ready for whoever asks. It is told each second
 * what moved, keeps what was (five minutes of each flow that moves, the latest closes), and answers
 * from that: a request costs a look, never a reading of the kernel.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api/judging.h"
#include "api/live.h"
#include "api/lately.h"
#include "api/minutes.h"
#include "engine/consumer.h"
#include "engine/question.h"

struct agent;
struct api_options;
struct api_streams;
struct http_request;
struct tap;
struct view;

struct api {
	const struct api_options *options;
	struct agent *agent;
	struct consumer *consumer;
	struct view *view; /* makes rows of events; its context is that of all rows */

	struct live live;
	struct lately closed, opened;
	struct live_left left; /* of the flow that closed last */
	struct minutes minutes;
	struct judging judging;
	bool has_new_filter;
	uint64_t filtered_ns; /* when the filter changed: what it takes now may be older */
	uint64_t number; /* of the latest event that was put into a log */

	/* Asks for a reading of all flows, now and then, since verdicts need levels. */
	struct consumer reader;
	struct question reader_question;

	struct api_streams *streams; /* clients that are told of events as they come */
	LIST_HEAD(, tap) taps;	     /* other programs that make their own rows */
};
