// SPDX-License-Identifier: BSD-2-Clause
#include "app/asked.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/descriptors.h"
#include "app/sources.h"
#include "app/status.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/config_check.h"
#include "cli/options.h"
#include "consumer/agent_options.h"
#include "engine/filter.h"
#include "engine/syscalls.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/xalloc.h"
#include "view/ask.h"
#include "view/show.h"
#include "view/sink.h"

static int complain_usage(const char *program, const struct usage_error *error)
{
	complain(program, error->argument, error->at, error->text);
	return error->status == 1 ? RUN_FAILED : RUN_USAGE;
}

static struct asked *add(struct all_asked *all)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	all->one[all->count++] = a;
	return a;
}

/* The view, the consumer and the filter of a question that was parsed. */
static int make(struct all_asked *all, struct asked *a, const char *program, struct clock *clock,
		struct cgroup_names *cgroups)
{
	struct usage_error error = {.at = 0};
	struct filter_error wrong = {.at = 0};
	struct consumer *c = &a->consumer;

	a->view.context.clock = clock;
	a->view.context.cgroups = cgroups;
	if (ask_view(a->report, a->question, &a->view, c, &error))
		return complain_usage(program, &error);
	c->filter = filter_new(a->question, cgroups, &wrong);
	if (!c->filter) {
		complain(program, wrong.argument, wrong.at, wrong.text);
		return RUN_USAGE;
	}
	if (filter_netns_is_unsure(c->filter))
		log_warn(
			"whether there is a network namespace %s cannot be seen: not all processes may "
			"be looked at",
			a->question->netns);
	c->states = filter_states(c->filter);
	if (!a->question->states) {
		c->counts = a->view.unlisted;
		c->states &= ~c->counts;
	}
	c->keep_syscalls |= filter_syscalls(c->filter);
	all->wants |= c->wants;
	all->needs |= c->needs;
	if (a->report->explain && a->question->watch->verbose)
		a->report->explain(a->question, log_debug);
	return 0;
}

static int complain_report(const char *program, const char *name, bool is_agent)
{
	const char *names[32], *nearest, *why = command_why_left_out(name);
	char text[256];
	size_t n = 0;

	if (why) {
		snprintf(text, sizeof(text), "argument --also: %s", why);
		complain(program, name, 0, text);
		return RUN_USAGE;
	}
	/* What makes no sense here is no advice. */
	for (size_t i = 0; i < report_count && n < 32; i++)
		if (!reports[i]->of_agent || is_agent)
			names[n++] = reports[i]->name;
	nearest = parse_nearest(name, names, n);
	snprintf(text, sizeof(text), "argument --also: no report '%.60s'%s%s%s", name,
		 nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "");
	complain(program, name, 0, text);
	return RUN_USAGE;
}

static int split(struct asked *a, const char *text, const char *program)
{
	const char *why = "expected a report and its options, such as 'life --json --output FILE'";
	char message[256];
	size_t at = 0;

	if (!also_split(text, &a->words, &at, &why) && a->words.count) {
		complain_know_text(&(struct complain_text){.text = text,
							   .words = a->words.buf,
							   .origin = a->words.origin,
							   .size = 2 * strlen(text) + 2});
		return 0;
	}
	snprintf(message, sizeof(message), "argument --also: %s", why);
	complain(program, text, at, message);
	return RUN_USAGE;
}

/* One text of --also. */
static int add_also(struct all_asked *all, const char *text, const char *program,
		    struct watch *watch)
{
	struct asked *a;
	int err;

	if (all->count == CONSUMERS_MAX) {
		complain(program, NULL, 0, "argument --also: too many questions: at most 64");
		return RUN_USAGE;
	}
	a = add(all);
	err = split(a, text, program);
	if (err)
		return err;
	a->report = command_find(a->words.word[0]);
	if (!a->report || a->report->runs_alone)
		return complain_report(program, a->words.word[0], all->one[0]->report->is_agent);
	if (a->report->of_agent && !all->one[0]->report->is_agent) {
		complain(program, a->words.word[0], 0,
			 "argument --also: this is a part of an agent: tcpsight agent");
		return RUN_USAGE;
	}
	a->question = xcalloc(1, sizeof(*a->question));
	a->question->watch = watch;
	a->question->is_also = true;
	a->words.word[0] = (char *)program;
	switch (options_parse(a->report, a->words.count, a->words.word, a->question)) {
	case OPTIONS_RUN:
		return 0;
	case OPTIONS_FAILED:
		return RUN_FAILED;
	case OPTIONS_DONE:
		return RUN_ASKED_HELP;
	case OPTIONS_WRONG:
		break;
	}
	return RUN_USAGE;
}

static bool has_report(const struct all_asked *all, const char *name)
{
	for (unsigned i = 0; i < all->count; i++)
		if (!strcmp(all->one[i]->report->name, name))
			return true;
	return false;
}

/* A section of an agent's file: a question too. The command line's own takes its place. */
static int add_section(struct all_asked *all, struct config_file *c, unsigned section,
		       struct watch *watch)
{
	const struct report *report = config_report(c, section, all->one[0]->report);
	struct config_words words;
	char program[256];
	struct asked *a;

	if ((!strcmp(report->name, "metrics") || !strcmp(report->name, "api")) &&
	    has_report(all, report->name))
		return 0;
	if (all->count == CONSUMERS_MAX) {
		log_error("%s: too many sections: at most 63 questions", c->path);
		return RUN_USAGE;
	}
	snprintf(program, sizeof(program), "%s:%u: [%s]", c->path, c->section[section].line, report->name);
	a = add(all);
	a->report = report;
	a->section = section;
	a->question = xcalloc(1, sizeof(*a->question));
	a->question->watch = watch;
	a->question->is_also = true;
	config_make_words(c, section, report, program, NULL, &words);
	a->is_broken = options_parse(report, words.count, words.word, a->question) != OPTIONS_RUN;
	return a->is_broken ? RUN_USAGE : 0;
}

static int add_sections(struct all_asked *all, struct watch *watch)
{
	int err = 0, now;

	for (unsigned i = 1; watch->config && i < watch->config->sections; i++) {
		if (watch->config->section[i].is_wrong)
			continue;
		now = add_section(all, watch->config, i, watch);
		err = err ? err : now;
	}
	return err;
}

/* What an agent does by itself. */
static int add_usual(struct all_asked *all, const char *program, struct watch *watch)
{
	const struct agent_options *o = all->one[0]->question->own;
	static const char *const usual[] = {"metrics", "api"};
	int err = 0;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && !err; i++)
		if (command_find(usual[i]) && !has_report(all, usual[i]) &&
		    !(o->without && strstr(o->without, usual[i])))
			err = add_also(all, usual[i], program, watch);
	return err;
}

static bool writes_stdout(const struct asked *a)
{
	const char *output = a->question->output;

	return !a->report->keeps_to_itself && (!output || !strcmp(output, "-"));
}

/* Rows of two questions on one stdout can be told apart only if each says whose it is. */
static int check_stdout(struct all_asked *all, const char *program)
{
	unsigned there = 0, text = 0;

	for (unsigned i = 0; i < all->count; i++) {
		const struct question *q = all->one[i]->question;

		if (q->append && writes_stdout(all->one[i])) {
			complain(program, NULL, 0, "argument --append: it needs --output FILE");
			return RUN_USAGE;
		}
		there += writes_stdout(all->one[i]);
		text += writes_stdout(all->one[i]) && !q->json;
	}
	if (there > 1 && text) {
		complain(program, NULL, 0,
			 "argument --also: two questions cannot both write text to the standard "
			 "output; give one --output FILE, or all of them --json");
		return RUN_USAGE;
	}
	for (unsigned i = 0; i < all->count && there > 1; i++)
		if (writes_stdout(all->one[i]))
			all->one[i]->view.tag = all->one[i]->report->name;
	return 0;
}

/* Who reads what this run records must be told where that is. */
static int find_recording(struct all_asked *all, const char *program)
{
	const char *folder = NULL;

	for (unsigned i = 0; i < all->count; i++)
		if (all->one[i]->consumer.writes_below)
			folder = all->one[i]->consumer.writes_below;
	for (unsigned i = 0; i < all->count; i++) {
		struct consumer *c = &all->one[i]->consumer;

		if (c->wants_recording && (!folder || c->question->watch->read_path)) {
			complain(program, NULL, 0,
				 folder ? "argument --from-recording: what is read with --read is no run "
					  "that records"
					: "argument --from-recording: this run records nothing; add [record] "
					  "to the settings of an agent, or --also 'record DIR'");
			return RUN_USAGE;
		}
		c->recording = folder;
	}
	return 0;
}

int asked_make(struct all_asked *all, const struct report *report, struct question *first,
	       const char *program, struct clock *clock, struct cgroup_names *cgroups)
{
	struct watch *watch = first->watch;
	struct asked *a = add(all);
	int err = 0;

	a->report = report;
	a->question = first;
	for (uint64_t i = 0; i < watch->also_count && !err; i++)
		err = add_also(all, watch->also[i], program, watch);
	/* All that is wrong is told, not the first alone. */
	if (!err)
		err = add_sections(all, watch);
	if (!err && report->is_agent)
		err = add_usual(all, program, watch);
	for (unsigned i = 0; i < all->count && (!err || watch->config); i++) {
		int now = all->one[i]->is_broken ? 0 : make(all, all->one[i], program, clock, cgroups);

		err = err ? err : now;
	}
	if (watch->config && watch->config->mistakes)
		return RUN_USAGE;
	if (!err)
		err = find_recording(all, program);
	return err ? err : check_stdout(all, program);
}

int asked_open_outputs(struct all_asked *all, const char *program)
{
	struct usage_error error = {.at = 0};

	all->outputs.is_single = all->count == 1 && !all->one[0]->report->keeps_to_itself;
	for (unsigned i = 0; i < all->count; i++)
		all->outputs.takes_stdout |= writes_stdout(all->one[i]);
	for (unsigned i = 0; i < all->count; i++) {
		struct asked *a = all->one[i];
		bool is_screen;

		if (a->report->keeps_to_itself)
			continue;
		if (outputs_open(&all->outputs, a->question, &a->output, &error))
			return complain_usage(program, &error);
		is_screen = !i && !a->output->path && !a->view.tag && isatty(STDOUT_FILENO);
		a->view.sink = sinks_find(ask_sink(a->report, &a->view, is_screen));
		/* tcpeek speaks to the terminal only. */
		if (!strcmp(a->view.sink->name, "tcpeek") && !a->output->path)
			a->output->out.fd = STDERR_FILENO;
		if (descriptors_was_closed(a->output->out.fd)) {
			log_error("cannot write the output: the standard %s is closed",
				  a->output->out.fd == STDERR_FILENO ? "error" : "output");
			return RUN_FAILED;
		}
		a->view.out = a->consumer.out = &a->output->out;
		a->consumer.keep_syscalls |= a->view.sink->keep_syscalls;
		/* Half a line that found the disk full is cut off in the end. */
		if (a->output->is_regular)
			a->consumer.keep_syscalls |= SYSCALLS_CUT;
	}
	return 0;
}

uint64_t asked_shortest_interval(const struct all_asked *asked)
{
	uint64_t shortest = 0;

	for (unsigned i = 0; i < asked->count; i++) {
		const struct question *q = asked->one[i]->question;
		uint64_t ns = q->tick_ms ? q->tick_ms * 1000000 : q->interval_s * 1000000000;

		if (ns && (!shortest || ns < shortest))
			shortest = ns;
	}
	return shortest;
}

bool asked_has_failed(const struct all_asked *asked)
{
	for (unsigned i = 0; i < asked->count; i++)
		if (asked->one[i]->consumer.has_failed)
			return true;
	return false;
}

void asked_done(struct all_asked *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct asked *a = all->one[i];

		if (a->consumer.ops && a->consumer.ops->free && a->consumer.state)
			a->consumer.ops->free(&a->consumer);
		view_done(&a->view);
		filter_free(a->consumer.filter);
		if (a->filter_question) {
			options_done(a->report, a->filter_question);
			free(a->filter_question);
		}
		if (i && a->question) {
			options_done(a->report, a->question);
			free(a->question);
		}
		also_done(&a->words);
		free(a);
	}
	outputs_done(&all->outputs);
	all->count = 0;
}
