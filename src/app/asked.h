// SPDX-License-Identifier: BSD-2-Clause
/* The questions of a run, each with the consumer that answers it. */
#pragma once
#include <stdbool.h>

#include "app/outputs.h"
#include "cli/also.h"
#include "engine/account.h"
#include "engine/consumer.h"
#include "engine/question.h"
#include "view/view.h"

struct cgroup_names;
struct clock;
struct report;

struct asked {
	const struct report *report;
	struct question *question; /* the first one's belongs to the caller */
	struct also_words words;   /* of --also */
	struct view view;
	struct consumer consumer;
	struct output *output;
	/* Of a file: the account when it wanted nothing more, which is where its run alone ends. */
	struct account account;
	uint64_t refused; /* likewise: flow_table.refused */
	bool is_over;
	bool is_broken; /* something was wrong with it, and was told */
	unsigned section; /* of the agent's file; 0: of the command line */
	struct question *filter_question; /* whose filter it has since it was reloaded; NULL: its own */
};

struct all_asked {
	struct asked *one[CONSUMERS_MAX]; /* [0] is the command line's own */
	unsigned count;
	struct outputs outputs;
	unsigned wants, needs;
};

/* Of all that are asked, in nanoseconds; 0 if all are told at the end only. */
uint64_t asked_shortest_interval(const struct all_asked *all);

/* Is there one that cannot go on? */
bool asked_has_failed(const struct all_asked *asked);

/*
 * Make the consumers: that of `first`, and those of the texts of --also. Mistakes are printed;
 * returns an exit status, 0 if all is well. Free with asked_done() in any case.
 */
int asked_make(struct all_asked *all, const struct report *report, struct question *first,
	       const char *program, struct clock *clock, struct cgroup_names *cgroups);
void asked_done(struct all_asked *all);

/* Open their outputs, once nothing else can be wrong with the command line; as asked_make(). */
int asked_open_outputs(struct all_asked *all, const char *program);
