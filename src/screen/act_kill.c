// SPDX-License-Identifier: BSD-2-Clause
/* Close connections: only live ones, only with --allow-kill, only once the word was typed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/value.h"
#include "screen/act.h"
#include "screen/human.h"
#include "screen/killer.h"
#include "util/log.h"
#include "util/utf8.h"

#define COOKIE(id) ((id) & ((1ull << EV_ID_COOKIE_BITS) - 1))

/* "pid 2201 postgres 10.0.0.1:40112 > 10.4.4.7:5432" */
static void describe(const struct ev_ident *id, char *buf, size_t size)
{
	const struct value local = {.type = VALUE_ENDPOINT, .addr = &id->laddr, .port = id->lport};
	const struct value remote = {.type = VALUE_ENDPOINT, .addr = &id->raddr, .port = id->rport};
	char left[VALUE_TEXT_MAX + 4], right[VALUE_TEXT_MAX + 4], comm[32];

	comm[utf8_clean(comm, sizeof(comm) - 1, id->comm, strnlen(id->comm, 16), SIZE_MAX)] = '\0';
	human_address(&local, VALUE_TEXT_MAX, true, left);
	human_address(&remote, VALUE_TEXT_MAX, true, right);
	if (id->owner_source)
		snprintf(buf, size, "pid %u %s %s > %s", id->pid, comm, left, right);
	else
		snprintf(buf, size, "%s > %s (owner not known)", left, right);
}

static uint32_t find(const struct screen *s, uint64_t id)
{
	for (uint32_t i = 0; i < s->tracks.used; i++)
		if (s->tracks.hot[i].id == id && !s->tracks.hot[i].close_ns)
			return i;
	return UINT32_MAX;
}

/* Why not, in words; NULL: it can be asked. */
static const char *refusal(struct screen *s)
{
	const struct line *line = act_line(s);

	if (!s->options->allow_kill)
		return "Nothing is closed from here without --allow-kill on the command line.";
	if (s->ui.time != TIME_LIVE)
		return "This is the past; go back to LIVE (P) to close a connection.";
	if (s->ui.marks)
		return NULL;
	if (!line || line->kind == LINE_GROUP)
		return "The cursor is on no connection, and none is marked.";
	if (s->tracks.hot[line->index].close_ns)
		return "This connection has closed already.";
	if (s->tracks.hot[line->index].state == ST_LISTEN)
		return "Listeners are not closed from here.";
	return NULL;
}

static void ask(struct screen *s)
{
	const struct line *line = act_line(s);
	const char *why = refusal(s);
	char text[256];
	uint32_t first;

	if (why) {
		screen_say(s, "%s", why);
		return;
	}
	s->killing_count = s->ui.marks ? s->ui.marks : 1;
	if (s->ui.marks)
		memcpy(s->killing, s->ui.mark, s->ui.marks * sizeof(s->killing[0]));
	else
		s->killing[0] = line->id;
	first = find(s, s->killing[0]);
	if (first == UINT32_MAX) {
		screen_say(s, "It has gone already.");
		return;
	}
	describe(&s->tracks.cold[first].flow.ident, text, sizeof(text));
	act_prompt_open(s, PROMPT_KILL, "");
	if (s->killing_count > 1)
		screen_say(s, "%u connections get a RST, and their owners ECONNABORTED: %s, ...",
			   s->killing_count, text);
	else
		screen_say(s, "Gets a RST, and its owner ECONNABORTED: %s", text);
}

bool act_kill(struct screen *s, enum act act)
{
	if (act == ACT_KILL)
		ask(s);
	return act == ACT_KILL;
}

static const char *words_of(int err)
{
	switch (-err) {
	case EXDEV:
		return "in another network namespace than ours";
	case EOPNOTSUPP:
		return "this kernel cannot (CONFIG_INET_DIAG_DESTROY)";
	default:
		return strerror(-err);
	}
}

void act_kill_now(struct screen *s, const char *typed)
{
	unsigned killed = 0, gone = 0, refused = 0;
	const char *why = "";
	char text[256];

	if (strcmp(typed, "kill")) {
		screen_say(s, "Nothing was closed: the word is kill.");
		return;
	}
	for (unsigned i = 0; i < s->killing_count; i++) {
		uint32_t at = find(s, s->killing[i]);
		int err = at == UINT32_MAX ? -ENOENT
					   : killer_kill(s->killer, COOKIE(s->killing[i]),
							 &s->tracks.cold[at].flow.ident);

		killed += !err;
		gone += err == -ENOENT;
		refused += err && err != -ENOENT;
		if (err && err != -ENOENT)
			why = words_of(err);
		if (at == UINT32_MAX)
			continue;
		describe(&s->tracks.cold[at].flow.ident, text, sizeof(text));
		log_warn("%s %s%s%s", err ? "did not close" : "closed", text, err ? ": " : "",
			 err ? words_of(err) : "");
	}
	s->killing_count = 0;
	s->ui.marks = 0;
	screen_say(s, "closed %u, gone already %u, refused %u%s%s", killed, gone, refused,
		   refused ? ": " : "", why);
}
