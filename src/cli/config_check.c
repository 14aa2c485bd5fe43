// SPDX-License-Identifier: BSD-2-Clause
#include "cli/config_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complain.h"
#include "cli/option_list.h"
#include "util/parse.h"
#include "util/xalloc.h"
#include "view/report.h"

#define CREDENTIALS "${CREDENTIALS_DIRECTORY}"

struct checker {
	struct config_file *file;
	config_complain *tell;
	unsigned mistakes;
};

/* Of the command line alone. */
static const char *const not_in_files[] = {"config", "check",	"dump-config", "also", "help",
					   "usage",  "version", "ebpf",	       NULL};

static bool is_among(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

const struct report *config_report(const struct config_file *c, unsigned section,
				   const struct report *agent)
{
	const struct report *r = section ? command_find(c->section[section].name) : agent;

	return r == agent && section ? NULL : r;
}

static void mistake(struct checker *k, unsigned line, size_t at, const char *text)
{
	k->mistakes++;
	if (k->tell)
		k->tell(k->file, line, at, text);
}

static bool is_yes(const char *value)
{
	static const char *const yes[] = {"yes", "true", "on", "1", NULL};

	return is_among(yes, value);
}

static bool is_no(const char *value)
{
	static const char *const no[] = {"no", "false", "off", "0", NULL};

	return is_among(no, value);
}

/* What stands for the filter, or for the report's own word, is no option. */
static bool is_word(const struct report *r, const char *name)
{
	return r->word_name && !strcmp(r->word_name, name);
}

static const char *option_name(const char *name)
{
	return strcmp(name, "filter") ? name : "where";
}

static const struct option_def *find(const struct option_list *list, const char *name)
{
	name = option_name(name);
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->def[i]->name, name) && !is_among(not_in_files, name))
			return list->def[i];
	return NULL;
}

static void tell_unknown(struct checker *k, const struct config_setting *s, const char *section,
			 const struct option_list *list)
{
	const char *names[OPTIONS_MAX + 1], *nearest;
	size_t n = 0;
	char text[256], where[80] = "";

	for (size_t i = 0; i < list->count; i++)
		if (list->def[i]->help && !is_among(not_in_files, list->def[i]->name))
			names[n++] = list->def[i]->name;
	names[n++] = "filter";
	nearest = parse_nearest(s->name, names, n);
	if (*section)
		snprintf(where, sizeof(where), " in [%.64s]", section);
	snprintf(text, sizeof(text), "unknown option '%.64s'%s%s%s%s", s->name, where,
		 nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	mistake(k, s->line, s->name_at, text);
}

static void check_value(struct checker *k, const struct config_setting *s,
			const struct option_def *o)
{
	uint64_t number;
	char text[512];
	size_t at, used;

	switch (o->type) {
	case OPTION_FLAG:
		if (!is_yes(s->value) && !is_no(s->value))
			mistake(k, s->line, s->value_at, "expected yes or no");
		return;
	case OPTION_UINT:
		if (!parse_uint(s->value, o->min, o->max, &number, &at))
			return;
		snprintf(text, sizeof(text), "expected a whole number from %llu to %llu", o->min,
			 o->max);
		mistake(k, s->line, s->origin[at], text);
		return;
	case OPTION_CHOICE:
		if (is_among(o->choices, s->value))
			return;
		used = (size_t)snprintf(text, sizeof(text), "expected one of");
		for (const char *const *c = o->choices; *c && used < sizeof(text); c++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", *c);
		mistake(k, s->line, s->value_at, text);
		return;
	default:
		if (!*s->value)
			mistake(k, s->line, s->value_at, "expected a value");
		if (!strncmp(s->value, CREDENTIALS, strlen(CREDENTIALS)) &&
		    !getenv("CREDENTIALS_DIRECTORY"))
			mistake(k, s->line, s->value_at,
				"there are no credentials of systemd: $CREDENTIALS_DIRECTORY is not set");
	}
}

/* A name that stands twice, where a list does not allow it, is a mistake: which one is meant? */
static void check_twice(struct checker *k, unsigned number, const struct option_def *o)
{
	const struct config_setting *s = &k->file->setting[number];

	for (unsigned i = 0; i < number && (!o || o->type != OPTION_LIST); i++)
		if (k->file->setting[i].section == s->section &&
		    !strcmp(option_name(k->file->setting[i].name), option_name(s->name))) {
			char text[128];

			snprintf(text, sizeof(text), "'%.64s' stands twice, first in line %u",
				 s->name, k->file->setting[i].line);
			mistake(k, s->line, s->name_at, text);
			return;
		}
}

static void check_setting(struct checker *k, unsigned number, const struct report *r)
{
	const struct config_setting *s = &k->file->setting[number];
	const struct config_section *section = &k->file->section[s->section];
	struct option_list list = {.count = 0};
	const struct option_def *o;

	option_list_of(r, &list);
	o = find(&list, s->name);
	if (is_word(r, s->name)) {
		if (!*s->value)
			mistake(k, s->line, s->value_at, "expected a value");
	} else if (!o) {
		tell_unknown(k, s, section->name, &list);
		return;
	} else if (section->name[0] && o->part == OPTION_OF_WATCH) {
		mistake(k, s->line, s->name_at,
			"it is about the whole run: it stands before the first section");
	} else {
		check_value(k, s, o);
	}
	check_twice(k, number, o);
}

/* What is right is looked at further, so that all mistakes of a file are told at once. */
static void check_one(struct checker *k, unsigned number, const struct report *r)
{
	struct config_setting *s = &k->file->setting[number];
	unsigned mistakes = k->mistakes;

	check_setting(k, number, r);
	s->is_wrong = k->mistakes != mistakes;
	k->file->section[s->section].is_wrong |= s->is_wrong;
}

/* True if it makes no sense. */
static bool check_section(struct checker *k, unsigned number, const struct report *agent)
{
	const struct config_section *s = &k->file->section[number];
	unsigned mistakes = k->mistakes;
	const char *names[64], *nearest;
	char text[256];
	size_t n = 0;

	for (unsigned i = 1; i < number; i++)
		if (!strcmp(k->file->section[i].name, s->name) &&
		    !strcmp(k->file->section[i].label, s->label)) {
			snprintf(
				text, sizeof(text),
				"[%.64s] stands twice, first in line %u; a label tells two apart: [%.64s NAME]",
				s->name, k->file->section[i].line, s->name);
			mistake(k, s->line, s->name_at, text);
		}
	if (config_report(k->file, number, agent))
		return k->mistakes != mistakes;
	if (command_why_left_out(s->name)) {
		mistake(k, s->line, s->name_at, command_why_left_out(s->name));
		return true;
	}
	for (size_t i = 0; i < report_count && n < 64; i++)
		if (reports[i] != agent)
			names[n++] = reports[i]->name;
	nearest = parse_nearest(s->name, names, n);
	snprintf(text, sizeof(text), "unknown section [%.64s]%s%s%s", s->name,
		 nearest ? ", did you mean [" : "", nearest ? nearest : "", nearest ? "]?" : "");
	mistake(k, s->line, s->name_at, text);
	return true;
}

unsigned config_check(struct config_file *c, const struct report *agent,
		      config_complain *tell)
{
	struct checker k = {.file = c, .tell = tell};
	unsigned setting = 0;

	/* In the order of the file. */
	for (unsigned i = 0; i < c->sections; i++) {
		const struct report *r = config_report(c, i, agent);

		if (i && check_section(&k, i, agent))
			c->section[i].is_wrong = true;
		for (; setting < c->settings && c->setting[setting].section <= i; setting++)
			if (r && c->setting[setting].section == i)
				check_one(&k, setting, r);
	}
	return k.mistakes;
}

/* "--name=value", or the value alone, known to complain() as what stands in the file. */
static char *make_word(struct config_file *c, const struct config_setting *s, const char *prefix)
{
	bool has_folder = !strncmp(s->value, CREDENTIALS, strlen(CREDENTIALS));
	const char *folder = has_folder ? getenv("CREDENTIALS_DIRECTORY") : "";
	const char *value = s->value + (has_folder ? strlen(CREDENTIALS) : 0);
	size_t before = strlen(prefix) + strlen(folder), len = strlen(value),
	       size = before + len + 1;
	char *word = config_keep(c, xmalloc(size));
	size_t *origin = config_keep(c, xcalloc(size, sizeof(*origin)));

	snprintf(word, size, "%s%s%s", prefix, folder, value);
	for (size_t i = 0; i < size; i++)
		origin[i] = i < before ? s->value_at
				       : s->origin[i - before + (size_t)(value - s->value)];
	complain_know_text(&(struct complain_text){.text = c->line[s->line],
						   .words = word,
						   .origin = origin,
						   .size = size,
						   .file = c->path,
						   .line = s->line});
	return word;
}

static void add(struct config_words *w, char *word)
{
	w->word[w->count++] = word;
}

void config_make_words(struct config_file *c, unsigned section, const struct report *report,
		       const char *program, const char *const *leave_out, struct config_words *ret)
{
	struct option_list list = {.count = 0};
	char prefix[80];

	*ret = (struct config_words){
		.word = config_keep(c, xcalloc(c->settings + 2, sizeof(*ret->word)))};
	option_list_of(report, &list);
	add(ret, config_keep(c, xstrdup(program)));
	for (unsigned i = 0; i < c->settings; i++) {
		const struct config_setting *s = &c->setting[i];
		const struct option_def *o = find(&list, s->name);

		if (s->section != section || s->is_wrong || is_among(leave_out, s->name))
			continue;
		snprintf(prefix, sizeof(prefix), "--%.64s%s", option_name(s->name),
			 o && o->type == OPTION_FLAG ? "" : "=");
		if (is_word(report, s->name))
			add(ret, make_word(c, s, ""));
		else if (o->type != OPTION_FLAG)
			add(ret, make_word(c, s, prefix));
		else if (is_yes(s->value))
			add(ret, config_keep(c, xstrdup(prefix)));
	}
}

void config_forget(const struct config_file *c)
{
	for (size_t i = 0; i < c->kept_count; i++)
		complain_forget_text(c->kept[i]);
}
