// SPDX-License-Identifier: BSD-2-Clause
/* Verdicts for people: how bad, who, the sentence; below it the evidence, and what to look at next.
 */
#include <ctype.h>
#include <string.h>

#include "engine/column_host.h"
#include "engine/question.h"
#include "engine/row.h"
#include "engine/value.h"
#include "engine/watch.h"
#include "sink/cells.h"
#include "util/out.h"
#include "verdict/sentence.h"
#include "verdict/verdict.h"
#include "view/sink.h"
#include "view/view.h"

#define TEXT_MAX 512
#define INDENT "         "

static void why_nothing(struct view *view)
{
	(void)view;
}

static void why_tick_begin(struct view *view)
{
	if (view->layout.heading)
		view->layout.heading(view, view->out);
}

static void why_tick_end(struct view *view)
{
	if (view->layout.footing)
		view->layout.footing(view, view->out);
}

static void put_severity(struct out *out, enum severity severity)
{
	const char *name = severity_name(severity);

	for (const char *p = name; *p; p++)
		out_char(out, (char)toupper((unsigned char)*p));
	for (size_t len = strlen(name); len < sizeof(INDENT) - 1; len++)
		out_char(out, ' ');
}

static void put_process(struct out *out, const struct ev_ident *id)
{
	if (id->owner_source == OWNER_NONE) {
		out_str(out, "an unknown process");
		return;
	}
	out_clean(out, id->comm, strnlen(id->comm, sizeof(id->comm)));
	out_format(out, "[%u]", id->pid);
}

static void put_end(struct out *out, const struct addr *a, unsigned port)
{
	char text[VALUE_TEXT_MAX + 1];

	text[value_format_addr(a, text)] = '\0';
	out_format(out, addr_is_v4(a) ? "%s:%u" : "[%s]:%u", text, port);
}

/* One connection: who, and both ends, the client first. */
static void put_flow(struct out *out, const struct ev_ident *id)
{
	bool is_server = id->role == ROLE_ACCEPT;

	if (id->owner_source != OWNER_NONE) {
		put_process(out, id);
		out_char(out, ' ');
	}
	put_end(out, is_server ? &id->raddr : &id->laddr, is_server ? id->rport : id->lport);
	out_str(out, " > ");
	put_end(out, is_server ? &id->laddr : &id->raddr, is_server ? id->lport : id->rport);
}

/* "postgres[5, 6, 7, 8 and others]". */
static void put_processes(struct out *out, const struct row *row)
{
	const struct row_owners *o = row->owners;

	if (!o || o->count < 2) {
		put_process(out, row->ident);
		return;
	}
	out_clean(out, row->ident->comm, strnlen(row->ident->comm, sizeof(row->ident->comm)));
	for (unsigned i = 0; i < o->count; i++)
		out_format(out, "%s%u", i ? ", " : "[", o->pid[i]);
	out_str(out, o->has_more ? " and others]" : "]");
}

/* Several, which have the name of the process and the service in common. */
static void put_flows(struct out *out, const struct row *row)
{
	const struct ev_ident *id = row->ident;

	out_format(out, "%llu connections of ", (unsigned long long)row->flows);
	put_processes(out, row);
	if (id->role == ROLE_ACCEPT) {
		out_format(out, " on port %u", id->lport);
		return;
	}
	out_str(out, " to ");
	put_end(out, &id->raddr, id->rport);
}

static void put_who(struct out *out, const struct row *row)
{
	if (!row->ident) {
		out_str(out, "this host");
	} else if (row->state == ST_LISTEN && !row->handshake) {
		put_process(out, row->ident);
		out_str(out, " listener ");
		put_end(out, &row->ident->laddr, row->ident->lport);
	} else if (row->flows > 1) {
		put_flows(out, row);
	} else {
		put_flow(out, row->ident);
	}
}

/* Where several hosts are looked at. */
static void put_host(const struct view *view, const struct row *row)
{
	struct value host = column_host(row);

	if (!watch_has_hosts(view->question->watch) || host.type != VALUE_TEXT)
		return;
	out_clean(view->out, host.text, host.text_len);
	out_str(view->out, ": ");
}

static void put_template(struct out *out, const char *template, const struct row *row)
{
	struct subject s = {.ident = row->ident, .error = row->error};
	char text[TEXT_MAX];

	subject_set_extra(&s, row->extra);
	out_mem(out, text, sentence_write(template, &s, &row->verdict->facts, text, sizeof(text)));
}

static void put_evidence(struct out *out, const struct verdict *v)
{
	char text[TEXT_MAX];

	if (!sentence_evidence(v->rule->keys, &v->facts, text, sizeof(text)))
		return;
	out_format(out, "\n" INDENT "%s%s: %s", certainty_name(v->certainty),
		   v->facts.is_life ? " over its life" : "", text);
	for (unsigned i = 0; i < v->also_count; i++)
		out_format(out, "%s%s", i ? " " : "; also ", v->also[i]->code);
}

static void why_row(struct view *view, const struct row *row)
{
	struct out *out = view->out;
	const struct verdict *v = row->verdict;

	put_severity(out, v->severity);
	put_host(view, row);
	put_who(out, row);
	out_str(out, ": ");
	put_template(out, v->rule->sentence, row);
	if (row->flows > 1) {
		out_str(out, "; these figures are of the worst, ");
		put_flow(out, row->ident);
	}
	put_evidence(out, v);
	if (v->rule->next[0]) {
		out_str(out, "\n" INDENT "next: ");
		put_template(out, v->rule->next, row);
	}
	out_char(out, '\n');
}

static void why_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

const struct sink sink_why = {
	.name = "why",
	.summary = "verdicts in sentences, for people",
	.begin = why_nothing,
	.tick_begin = why_tick_begin,
	.tick_end = why_tick_end,
	.row = why_row,
	.end = why_end,
};
