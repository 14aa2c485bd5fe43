// SPDX-License-Identifier: BSD-2-Clause
/*
 * The live lines of tcpeek, as wide as it printed them. A source that knows the owner adds a column
 * to the right of them.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/clock.h"
#include "engine/row.h"
#include "view/sink.h"
#include "engine/value.h"
#include "view/view.h"
#include "util/out.h"

static void tcpeek_nothing(struct view *view)
{
	(void)view;
}

static void put_header(struct out *out)
{
	out_str(out, " TIME(s) |       TIMESTAMP       |      SRC IP:PORT            DST IP:PORT   "
		     "  |      RESULTS      | DUP SYN  DUP S/A \n");
	for (int i = 0; i < 118; i++)
		out_char(out, '-');
	out_char(out, '\n');
}

static const char *result(unsigned outcome)
{
	static const char *const text[OUTCOME_COUNT] = {
		[OUTCOME_PENDING] = "     pending     ",
		[OUTCOME_ESTABLISHED] = "     success     ",
		[OUTCOME_REJECTED] = "failure (reject) ",
		[OUTCOME_ABORTED] = "failure (abort)  ",
		[OUTCOME_UNREACHABLE] = "failure (unreach)",
		[OUTCOME_TIMED_OUT] = "failure (timeout)",
		[OUTCOME_SUPERSEDED] = "   superseded    ",
		[OUTCOME_OVERFLOW] = "failure (queue)  ",
		[OUTCOME_GONE] = "failure (gone)   ",
		[OUTCOME_NOT_SENT] = "failure (unsent) ",
	};

	return text[outcome < OUTCOME_COUNT ? outcome : OUTCOME_PENDING];
}

static void put_when(struct out *out, const struct clock *clock, uint64_t first_ns)
{
	int64_t ns = (int64_t)first_ns + clock->realtime_offset_ns;
	time_t second = (time_t)(ns / 1000000000);
	struct tm tm;

	localtime_r(&second, &tm);
	out_format(out, "%02d-%02d-%02d %02d:%02d:%02d.%03d", tm.tm_year % 100, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ns % 1000000000 / 1000000));
}

static void put_end(struct out *out, const struct addr *a, unsigned port)
{
	char text[VALUE_TEXT_MAX + 1];

	text[value_format_addr(a, text)] = '\0';
	out_format(out, " %15s:%-5u", text, port);
}

/* What takes the place of the numbers of segments: nobody knows whose they were. */
static void put_dropped(struct out *out, const struct row *row)
{
	char result[32];

	snprintf(result, sizeof(result), "%u dropped", row->handshake->dropped);
	out_format(out, " %15s %-5s", "?", "");
	put_end(out, &row->ident->laddr, row->ident->lport);
	out_format(out, " | %-17s | %7s  %7s ", result, "", "");
}

static void put_owner(struct out *out, const struct row *row)
{
	const struct ev_ident *id = row->ident;

	if (id->owner_source != OWNER_NONE) {
		out_str(out, "| ");
		out_clean(out, id->comm, strnlen(id->comm, sizeof(id->comm)));
		out_format(out, "[%u] ", id->pid);
	}
	out_char(out, '\n');
}

static void tcpeek_row(struct view *view, const struct row *row)
{
	const struct ev_handshake *h = row->handshake;
	const struct ev_ident *id = row->ident;
	bool is_server = id->role == ROLE_ACCEPT;
	uint64_t first_ns = h->first_ns ? h->first_ns : row->time_ns;
	uint64_t ms = row->time_ns > first_ns ? (row->time_ns - first_ns) / 1000000 : 0;
	struct out *out = view->out;

	if (!view->header_printed)
		put_header(out);
	view->header_printed = true;
	out_format(out, "%4llu.%03llu | ", (unsigned long long)(ms / 1000),
		   (unsigned long long)(ms % 1000));
	put_when(out, row->context->clock, first_ns);
	out_str(out, " |");
	if (h->outcome == OUTCOME_LISTEN_DROP) {
		put_dropped(out, row);
		put_owner(out, row);
		return;
	}
	put_end(out, is_server ? &id->raddr : &id->laddr, is_server ? id->rport : id->lport);
	put_end(out, is_server ? &id->laddr : &id->raddr, is_server ? id->lport : id->rport);
	out_format(out, " | %s | %7u  %7u ", result(h->outcome), h->dup_syn, h->dup_syn_ack);
	put_owner(out, row);
}

static void tcpeek_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

const struct sink sink_tcpeek = {
	.name = "tcpeek",
	.summary = "tcpeek's lines, of handshakes",
	.begin = tcpeek_nothing,
	.tick_begin = tcpeek_nothing,
	.tick_end = tcpeek_nothing,
	.row = tcpeek_row,
	.end = tcpeek_end,
};
