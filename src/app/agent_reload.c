// SPDX-License-Identifier: BSD-2-Clause
#include "app/agent_reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/agent_config.h"
#include "app/asked.h"
#include "cli/complain.h"
#include "cli/config_check.h"
#include "cli/options.h"
#include "consumer/agent.h"
#include "engine/engine.h"
#include "engine/filter.h"
#include "util/log.h"
#include "util/xalloc.h"
#include "view/report.h"

/* A question as the file has it now, and the one that is being answered. */
struct change {
	struct asked *asked;
	struct question *question;
	struct filter *filter;
};

/* The text of a setting, NULL if it is not there. */
static const char *value_of(const struct config_file *c, const char *section, const char *label,
			    const char *name)
{
	for (unsigned i = 0; c && i < c->settings; i++) {
		const struct config_section *s = &c->section[c->setting[i].section];

		if (!strcmp(s->name, section) && !strcmp(s->label, label) &&
		    !strcmp(c->setting[i].name, name))
			return c->setting[i].value;
	}
	return NULL;
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool can_change(const struct report *r, const char *name)
{
	for (const char *const *n = r->reloads; n && *n; n++)
		if (!strcmp(*n, name))
			return true;
	return false;
}

/* Settings of `a` that are otherwise, or not at all, in `b`, and that need a new start: all are
 * told. */
static void tell_fixed(const struct config_file *a, const struct config_file *b, bool is_new,
		       const struct report *agent)
{
	for (unsigned i = 0; a && i < a->settings; i++) {
		const struct config_setting *s = &a->setting[i];
		const struct config_section *section = &a->section[s->section];
		const struct report *r = config_report(a, s->section, agent);
		const char *other = value_of(b, section->name, section->label, s->name);

		if (is_same(s->value, other) || !r || can_change(r, s->name) || (!is_new && other))
			continue;
		if (is_new)
			log_warn("%s:%u: %s%s%s is for the next start: it cannot change in a run",
				 a->path, s->line, s->name, *section->name ? " of " : "",
				 section->name);
		else
			log_warn("%s: %s%s%s was taken out: that is for the next start", a->path,
				 s->name, *section->name ? " of " : "", section->name);
	}
}

static unsigned find_section(const struct config_file *c, const char *name)
{
	for (unsigned i = 1; i < c->sections; i++)
		if (!strcmp(c->section[i].name, name))
			return i;
	return 0;
}

/* The question of `a` as the new file has it. What the command line said stays. 0 or -EINVAL, told.
 */
static int make_change(struct config_file *c, struct asked *a, struct watch *scratch,
		       struct change *ret)
{
	unsigned section = a->report->is_agent ? 0 : find_section(c, a->report->name);
	struct filter_error wrong = {.at = 0};
	struct config_words words;
	char program[256];

	*ret = (struct change){.asked = a};
	ret->question = xcalloc(1, sizeof(*ret->question));
	ret->question->watch = scratch;
	ret->question->is_also = !a->report->is_agent;
	snprintf(program, sizeof(program), "%s: [%s]", c->path, a->report->name);
	if (a->report->is_agent) {
		agent_config_words(c, a->report, &words);
	} else if (section) {
		config_make_words(c, section, a->report, program, NULL, &words);
	} else {
		words.count = 1;
		words.word = config_keep(c, xcalloc(2, sizeof(*words.word)));
		words.word[0] = config_keep(c, xstrdup(program));
	}
	if (options_parse(a->report, words.count, words.word, ret->question) != OPTIONS_RUN)
		return -EINVAL;
	ret->filter = filter_new(ret->question, a->view.context.cgroups, &wrong);
	if (ret->filter)
		return 0;
	complain(program, wrong.argument, wrong.at, wrong.text);
	return -EINVAL;
}

static void drop_change(struct change *ch)
{
	if (!ch->question)
		return;
	filter_free(ch->filter);
	options_done(ch->asked->report, ch->question);
	free(ch->question);
}

static bool is_of_file(const struct asked *a)
{
	return a->consumer.ops && a->consumer.ops->reload && (a->section || a->report->is_agent);
}

static int make_all(struct config_file *c, struct all_asked *asked, struct watch *scratch,
		    struct change *change)
{
	struct usage_error error = {.at = 0};
	int err = 0;

	for (unsigned i = 0; i < asked->count; i++) {
		struct asked *a = asked->one[i];
		int now;

		if (!is_of_file(a))
			continue;
		now = make_change(c, a, scratch, &change[i]);
		/* First of all it is only looked at: all parts agree, or nothing changes. */
		if (!now)
			now = a->consumer.ops->reload(&a->consumer, change[i].question, true,
						      &error);
		if (now && *error.text)
			complain(c->path, error.argument, error.at, error.text);
		error.text[0] = '\0';
		err = err ? err : now;
	}
	return err;
}

/*
 * From now on the new question is the one that is answered; the engine sees the new filter. What
 * the old one points to may still be in use until here.
 */
static void take(struct engine *e, struct change *ch, struct watch *watch)
{
	struct consumer *c = &ch->asked->consumer;
	struct usage_error error = {.at = 0};
	struct filter *old_filter = c->filter;
	struct question *old = ch->asked->question;

	ch->question->watch = watch;
	c->ops->reload(c, ch->question, false, &error);
	/* The first question belongs to whoever called: its contents change place. It has no filter. */
	if (ch->asked->report->is_agent) {
		struct question kept = *old;

		*old = *ch->question;
		*ch->question = kept;
		return;
	}
	/* A filter points to its question. */
	engine_set_filter(e, c, ch->filter);
	ch->filter = old_filter;
	if (ch->question->interval_s != old->interval_s && c->pace)
		engine_set_interval(e, c, ch->question->interval_s * 1000000000ull);
	ch->asked->question = ch->question;
	ch->asked->view.question = ch->question;
	c->question = ch->question;
	ch->question = old;
}

static void drop_file(struct config_file *c)
{
	char *path = (char *)c->path;

	config_forget(c);
	config_done(c);
	free(path);
	free(c);
}

bool agent_reload(struct all_asked *asked)
{
	const struct report *report = asked->one[0]->report;
	struct watch *watch = asked->one[0]->question->watch;
	static bool is_first = true;
	struct config_file *old = watch->config;
	struct change change[CONSUMERS_MAX] = {{.asked = NULL}};
	struct watch scratch = {.agent = watch->agent};
	struct config_file *new = xcalloc(1, sizeof(*new));
	char *path = xstrdup(old ? old->path : agent_config_path(asked->one[0]->question));
	int err = agent_config_read(path, report, new);

	if (err == -ENOENT)
		log_warn("%s is missing: the settings stay as they were", path);
	if (!err)
		err = make_all(new, asked, &scratch, change);
	if (!err) {
		tell_fixed(new, old, true, report);
		tell_fixed(old, new, false, report);
		for (unsigned i = 0; i < asked->count; i++)
			if (change[i].question)
				take(watch->agent->engine, &change[i], watch);
		watch->config = new;
	} else if (err != -ENOENT) {
		log_warn("%s has mistakes: the settings stay as they were", path);
	}
	for (unsigned i = 0; i < asked->count; i++)
		drop_change(&change[i]);
	free(scratch.also);
	/* The first file stays: what cannot change still points into it. */
	if (err || !is_first)
		drop_file(err ? new : old);
	is_first &= err != 0;
	return !err;
}
