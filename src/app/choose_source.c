// SPDX-License-Identifier: BSD-2-Clause
#include "app/choose_source.h"

#include <stdio.h>
#include <string.h>

#include "app/asked.h"
#include "app/sources.h"
#include "cli/complain.h"
#include "engine/column.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "probe/wish.h"

/* What --source names, or what a rung of --rung belongs to; `*ret` is NULL if neither is given. */
static int forced_source(const struct watch *watch, const char *program, const char **ret)
{
	const struct source_ops *ops;
	struct wish_error error;
	const char *of_rung;

	*ret = watch->source;
	if (!watch->rungs)
		return 0;
	if (wish_check(watch->rungs, &of_rung, &error)) {
		complain(program, watch->rungs, error.at, error.text);
		return -1;
	}
	ops = of_rung ? sources_choose(watch, of_rung) : NULL;
	/* What reads packets or a file does not read what others do. */
	if (ops && (*ret ? strcmp(*ret, of_rung) : !ops->suits(watch))) {
		snprintf(error.text, sizeof(error.text),
			 "argument --rung: this belongs to the source %s, which is not used here",
			 of_rung);
		complain(program, watch->rungs, 0, error.text);
		return -1;
	}
	if (of_rung)
		*ret = of_rung;
	return 0;
}

/* Shows a column what this source cannot read? */
static bool is_beyond(const struct column *column, const struct source_ops *ops)
{
	return column && column->needs & NEED_EXTRA &&
	       !(ops->causes && column->needs & NEEDS_OF_CAUSES);
}

/* A column that shows what only a source with counters reads; NULL if there is none. */
static const char *column_beyond(const struct asked *asked, const struct source_ops *ops)
{
	const struct view *view = &asked->view;

	for (int n = 0; n < LAYOUT_SECTIONS; n++)
		for (size_t k = 0; k < view->layout.section[n].count; k++)
			if (is_beyond(view->layout.section[n].column[k], ops))
				return view->layout.section[n].column[k]->name;
	if (is_beyond(view->sort, ops))
		return view->sort->name;
	/* Reports that are made of counters, whatever their columns are. */
	if (view->sums || view->sockets || (asked->consumer.needs & ~view->needs & NEED_EXTRA))
		return "state";
	return NULL;
}

static const char *any_column_beyond(const struct all_asked *asked, const struct source_ops *ops)
{
	const char *column = NULL;

	for (unsigned i = 0; i < asked->count && !column; i++)
		column = column_beyond(asked->one[i], ops);
	return column;
}

const char *choose_refusal(const struct source_ops *ops, const struct all_asked *asked)
{
	static char text[256];

	const char *beyond = ops->counters ? NULL : any_column_beyond(asked, ops);

	if (beyond)
		snprintf(
			text, sizeof(text),
			"the source '%s' cannot read the counters of sockets, which the column %s shows",
			ops->name, beyond);
	else if (asked->wants & WANT_HANDSHAKES && !ops->handshakes)
		snprintf(text, sizeof(text), "the source '%s' shows no handshakes: pcap and bpf do",
			 ops->name);
	else
		return NULL;
	return text;
}

/* An option about packets, of which this source sees none; NULL if there is none. */
static const char *option_about_packets(const struct watch *watch)
{
	if (watch->checksum)
		return "--checksum";
	return watch->local ? "--local" : NULL;
}

static int check_packets(const struct watch *watch, const struct source_ops *ops,
			 const char *program)
{
	const char *option = ops->packets ? NULL : option_about_packets(watch);
	char text[256];

	if (!option)
		return 0;
	snprintf(text, sizeof(text),
		 "argument %s: it is about packets: give --read CAPTURE or --interface DEV with it",
		 option);
	complain(program, NULL, 0, text);
	return -1;
}

static int check_connect(const struct watch *watch, const char *program)
{
	if (!watch->connect || (!watch->read_path && !watch->interface && !watch->fleet))
		return 0;
	complain(program, NULL, 0,
		 "argument --connect: not allowed with --read, --fleet or --interface: there is one source");
	return -1;
}

const struct source_ops *choose_source(const struct watch *watch, const struct all_asked *asked,
				       const char *program, const char **ret_forced)
{
	const struct source_ops *ops;
	const char *refusal;
	char text[256];

	if (forced_source(watch, program, ret_forced))
		return NULL;
	ops = sources_choose(watch, *ret_forced);
	if (!ops) {
		snprintf(text, sizeof(text), "no source '%s' (there are: %s)", *ret_forced,
			 sources_list());
		complain(program, NULL, 0, text);
		return NULL;
	}
	if (check_packets(watch, ops, program) || check_connect(watch, program))
		return NULL;
	refusal = choose_refusal(ops, asked);
	if (refusal)
		complain(program, NULL, 0, refusal);
	return refusal ? NULL : ops;
}
