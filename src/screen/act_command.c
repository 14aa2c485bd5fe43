// SPDX-License-Identifier: BSD-2-Clause
/* The command that prints what is shown, as a shell takes it: it can be copied from the window. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/consumer.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "screen/act.h"
#include "screen/where.h"
#include "view/view.h"

#define NS_PER_S 1000000000ll
#define NS_PER_US 1000
#define WORD_MAX 600

struct command {
	char text[UI_MESSAGE_MAX];
	size_t used;
	int column, width;
	bool is_broken; /* it did not fit */
};

static void append(struct command *c, const char *text)
{
	size_t len = strlen(text);

	if (c->used + len >= sizeof(c->text)) {
		c->is_broken = true;
		return;
	}
	memcpy(c->text + c->used, text, len + 1);
	c->used += len;
	c->column += (int)len;
}

/* What is longer than a line goes on at the beginning of the next; out of quotes, which would keep the sign. */
static void append_long(struct command *c, const char *text)
{
	bool is_quoted = false;

	for (; *text; text++) {
		const char one[] = {*text, '\0'};

		if (c->column + 4 > c->width) {
			append(c, is_quoted ? "'\\\n'" : "\\\n");
			c->column = is_quoted;
		}
		is_quoted ^= *text == '\'';
		append(c, one);
	}
}

/* A line goes on below where a shell lets it. */
static void add(struct command *c, const char *word)
{
	if (c->used && c->column + (int)strlen(word) + 3 > c->width) {
		append(c, " \\\n ");
		c->column = 1;
	}
	if (c->used)
		append(c, " ");
	append_long(c, word);
}

static bool needs_quotes(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,@%+=";

	return !*text || text[strspn(text, plain)];
}

/* An option, and its value quoted for a shell. */
static void add_option(struct command *c, const char *option, const char *value)
{
	char word[WORD_MAX];
	size_t used;

	if (!value)
		return;
	used = (size_t)snprintf(word, sizeof(word), "%s ", option);
	if (!needs_quotes(value)) {
		c->is_broken |= (size_t)snprintf(word + used, sizeof(word) - used, "%s", value) >= sizeof(word) - used;
		add(c, word);
		return;
	}
	word[used++] = '\'';
	for (; *value && used + 6 < sizeof(word); value++) {
		if (*value == '\'') {
			memcpy(word + used, "'\\''", 4);
			used += 4;
		} else {
			word[used++] = *value;
		}
	}
	c->is_broken |= *value != 0;
	word[used++] = '\'';
	word[used] = '\0';
	add(c, word);
}

static void add_number(struct command *c, const char *option, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	add_option(c, option, text);
}

/* Each page has its report. */
static void add_report(struct command *c, const struct screen *s)
{
	const struct ui *ui = &s->ui;
	const struct fields *f = &ui->fields[ui->page];
	int sorted = ui->sort[ui->page].field;
	static const char *const reports[PAGE_COUNT] = {"top -C", "life", "why --all --no-group", "stat --listening"};
	char columns_text[512];
	size_t used = 0;

	add(c, "tcpsight");
	add(c, reports[ui->page]);
	for (size_t i = 0; i < f->count && used < sizeof(columns_text); i++)
		if (f->field[i].look != LOOK_HISTORY)
			used += (size_t)snprintf(columns_text + used, sizeof(columns_text) - used, "%s%s",
						 used ? "," : "", f->field[i].column->name);
	if (ui->page == PAGE_FLOWS && ui->by != BY_NONE)
		add_option(c, "--by", by_name(ui->by));
	else
		add_option(c, "-o", columns_text);
	/* The worst stands first there anyway. */
	if (sorted >= 0 && ui->page != PAGE_VERDICTS)
		add_option(c, "--sort", f->field[sorted].column->name);
}

/* What is watched, as this run was told. */
static void add_source(struct command *c, const struct screen *s)
{
	const struct question *q = s->consumer->question;
	const struct watch *w = s->source->watch;

	for (uint64_t i = 0; i < w->reads_count; i++)
		add_option(c, "--read", w->reads[i]);
	add_option(c, "--fleet", w->fleet);
	add_option(c, "--credentials", w->credentials);
	add_option(c, "--cacert", w->cacert);
	add_option(c, "--connect", w->connect);
	add_option(c, "--source", w->source);
	add_option(c, "--interface", w->interface);
	add_option(c, "--local", w->local);
	add_option(c, "--netns", q->netns);
	add_option(c, "--cgroup", q->cgroup);
	add_option(c, "--unit", q->unit);
	add_option(c, "--container", q->container);
	add_option(c, "--state", q->states);
	if (q->by_pid)
		add_number(c, "--pid", q->pid);
	if (q->only_v4)
		add(c, "-4");
	if (q->only_v6)
		add(c, "-6");
}

static void format_time(const struct screen *s, uint64_t time_ns, char *buf, size_t size)
{
	int64_t ns = (int64_t)time_ns + s->view->context.clock->realtime_offset_ns;
	time_t second = (time_t)(ns / NS_PER_S);
	struct tm tm;
	size_t used;

	localtime_r(&second, &tm);
	used = strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
	if (ns % NS_PER_S)
		snprintf(buf + used, size - used, ".%06lld", (long long)(ns % NS_PER_S) / NS_PER_US);
}

/* Of a recording the interval that is shown; what closed, up to its end. */
static void add_time(struct command *c, const struct screen *s, const struct moment *m)
{
	char at[64];
	uint64_t interval_ns = journal_interval(&s->journal, m->tick);

	if (s->ui.page != PAGE_CLOSED && m->time_ns > interval_ns) {
		format_time(s, m->time_ns - interval_ns, at, sizeof(at));
		add_option(c, "--since", at);
	}
	format_time(s, m->time_ns, at, sizeof(at));
	add_option(c, "--until", at);
}

/* Is one of the words of this part of a filter one that only the screen has? */
static bool has_word(const char *part)
{
	for (size_t i = 0; where_words[i]; i++) {
		size_t len = strlen(where_words[i]);

		for (const char *p = part; (p = strstr(p, where_words[i])) != NULL; p += len)
			if ((p == part || p[-1] == ' ') && (!p[len] || p[len] == ' '))
				return true;
	}
	return false;
}

/* Reports have options for some of them. */
static bool add_part(struct command *c, const char *part)
{
	static const char *const words[][2] = {
		{"pid ", "--pid"}, {"unit ", "--unit"}, {"container ", "--container"}, {"state ", "--state"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i][0]);

		if (strncmp(part, words[i][0], len) || strchr(part + len, ' '))
			continue;
		add_option(c, words[i][1], part + len);
		return true;
	}
	return false;
}

/* Where all parts of a filter have to hold, each can be an option. Returns false if it is more than that. */
static bool add_parts(struct command *c, const char *text)
{
	char rest[UI_TEXT_MAX] = "", part[UI_TEXT_MAX];

	if (strpbrk(text, "()!|&<>=\t") || strstr(text, " or ") || strstr(text, "not "))
		return false;
	while (*text) {
		const char *end = strstr(text, " and ");
		size_t len = end ? (size_t)(end - text) : strlen(text);

		snprintf(part, sizeof(part), "%.*s", (int)len, text);
		text += end ? len + strlen(" and ") : len;
		if (!has_word(part))
			strcat(strcat(rest, rest[0] ? " and " : ""), part);
		else if (!add_part(c, part))
			return false;
	}
	add_option(c, "--where", rest[0] ? rest : NULL);
	return true;
}

/* Returns what the command leaves out of it, or "". */
static const char *add_filter(struct command *c, const struct screen *s)
{
	struct command before = *c;

	if (!s->ui.where[0])
		return "";
	if (where_is_plain(s->where)) {
		add_option(c, "--where", s->ui.where);
		return "";
	}
	if (add_parts(c, s->ui.where))
		return "";
	*c = before;
	return "\nIt lacks the filter, whose words reports do not have, or do not join so.";
}

void act_command(struct screen *s)
{
	const struct moment m = screen_moment(s);
	struct command c = {.width = s->canvas.columns};
	const char *note, *when = "";
	char interval[32];

	add_report(&c, s);
	add_source(&c, s);
	note = add_filter(&c, s);
	if (screen_is_of_file(s) && s->source->ops->tells_ticks)
		add_time(&c, s, &m);
	else if (screen_is_of_file(s))
		when = "\nIt prints all intervals of the file, this one among them.";
	else if (s->ui.time != TIME_LIVE)
		when = "\nIt prints what is now, not the moment that is shown.";
	if (s->ui.page == PAGE_FLOWS && s->scene.interval_s > 1) {
		snprintf(interval, sizeof(interval), "%.0f", s->scene.interval_s);
		add(&c, interval);
	}
	if (c.is_broken)
		screen_say(s, "The command would be too long to be shown here.");
	else
		screen_say(s, "%s%s%s", c.text, note, when);
}
