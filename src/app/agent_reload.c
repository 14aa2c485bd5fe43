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

/* The file of the start, to which the sections of questions belong; NULL: there was none. */
static const struct config_file *first;

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

static unsigned find_section(const struct config_file *c, const struct config_section *wanted)
{
	for (unsigned i = 1; i < c->sections; i++)
		if (!strcmp(c->section[i].name, wanted->name) &&
		    !strcmp(c->section[i].label, wanted->label))
			return i;
	return 0;
}

/* Of one that knows nothing else the filter can change, unless a place in a recording goes by it. */
static bool has_filter_alone(const struct asked *a)
{
	return !a->consumer.ops->reload && can_change(a->report, "filter") &&
	       !a->consumer.wants_recording;
}

/* The question of a section, by whatever file; NULL if it is answered only from the next start on. */
static const struct asked *find_running(const struct all_asked *asked,
					const struct config_section *s)
{
	for (unsigned i = 1; i < asked->count; i++) {
		unsigned at = asked->one[i]->section;

		if (at && !strcmp(first->section[at].name, s->name) &&
		    !strcmp(first->section[at].label, s->label))
			return asked->one[i];
	}
	return NULL;
}

/* A section that came, or went, is told of as a whole. */
static bool is_told_as_section(const struct asked *running, const struct config_file *other,
			       const struct config_section *s, bool is_new)
{
	bool is_whole = is_new || (running && !running->consumer.ops->reload);

	return *s->name && is_whole && !(other && find_section(other, s));
}

/* Settings of `a` that are otherwise, or not at all, in `b`, and that need a new start: all are
 * told. */
static void tell_fixed(const struct config_file *a, const struct config_file *b, bool is_new,
		       const struct all_asked *asked)
{
	for (unsigned i = 0; a && i < a->settings; i++) {
		const struct config_setting *s = &a->setting[i];
		const struct config_section *section = &a->section[s->section];
		const struct report *r = config_report(a, s->section, asked->one[0]->report);
		const struct asked *running = find_running(asked, section);
		const char *other = value_of(b, section->name, section->label, s->name);
		char of[128] = "";

		if (is_same(s->value, other) || !r || (!is_new && other) ||
		    is_told_as_section(running, b, section, is_new))
			continue;
		if (can_change(r, s->name) && !(running && running->consumer.wants_recording))
			continue;
		if (*section->name)
			snprintf(of, sizeof(of), " of %s%s%s", section->name,
				 *section->label ? " " : "", section->label);
		if (is_new)
			log_warn("%s:%u: %s%s is for the next start: it cannot change in a run",
				 a->path, s->line, s->name, of);
		else
			log_warn("%s: %s%s was taken out: that is for the next start", a->path,
				 s->name, of);
	}
}

/* Sections that came, and those that went but go on: who is told of flows is settled at the start. */
static void tell_sections(const struct config_file *new, const struct config_file *old,
			  const struct all_asked *asked)
{
	for (unsigned i = 1; i < new->sections; i++) {
		const struct config_section *s = &new->section[i];

		if (!find_running(asked, s) && !(old && find_section(old, s)))
			log_warn("%s:%u: [%s%s%s] is new: it is for the next start", new->path,
				 s->line, s->name, *s->label ? " " : "", s->label);
	}
	for (unsigned i = 1; i < asked->count; i++) {
		const struct asked *a = asked->one[i];
		const struct config_section *s = a->section ? &first->section[a->section] : NULL;

		if (s && !a->consumer.ops->reload && !find_section(new, s))
			log_warn("%s: [%s%s%s] was taken out: it goes on as it is until the next start",
				 new->path, s->name, *s->label ? " " : "", s->label);
	}
}

/* The question of `a` as the new file has it. What the command line said stays. 0 or -EINVAL, told.
 */
static int make_change(struct config_file *c, struct asked *a, struct watch *scratch,
		       struct change *ret)
{
	unsigned section = a->report->is_agent ? 0 : find_section(c, &first->section[a->section]);
	struct filter_error wrong = {.at = 0};
	struct config_words words;
	char program[256];

	*ret = (struct change){.asked = a};
	if (!section && !a->report->is_agent && has_filter_alone(a))
		return 0;
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
	filter_free(ch->filter);
	if (!ch->question)
		return;
	options_done(ch->asked->report, ch->question);
	free(ch->question);
}

static bool is_of_file(const struct asked *a)
{
	return a->consumer.ops && (a->consumer.ops->reload || has_filter_alone(a)) &&
	       (a->section || a->report->is_agent);
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
		if (!now && a->consumer.ops->reload)
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

	if (!ch->question)
		return;
	ch->question->watch = watch;
	if (!c->ops->reload) {
		/* All else of the question that is answered stays, and so does it. */
		engine_set_filter(e, c, ch->filter);
		ch->filter = old_filter;
		old = ch->asked->filter_question;
		ch->asked->filter_question = ch->question;
		ch->question = old;
		return;
	}
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

	if (is_first)
		first = old;
	if (err == -ENOENT)
		log_warn("%s is missing: the settings stay as they were", path);
	if (!err)
		err = make_all(new, asked, &scratch, change);
	if (!err) {
		tell_sections(new, old, asked);
		tell_fixed(new, old, true, asked);
		tell_fixed(old, new, false, asked);
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
