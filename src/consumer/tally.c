// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/event.h"
#include "util/out.h"
#include "util/xalloc.h"

#define LINE "------------------------------------\n"

int tally_init(struct tally *t, char *const *words, size_t count, size_t *ret_word,
	       struct expression_error *ret_error)
{
	static char *const defaults[] = {"RX:RX@%:%", "TX:TX@%:%"};

	*t = (struct tally){.filter = xcalloc(count + 2, sizeof(*t->filter))};
	for (size_t i = 0; i < count + 2; i++) {
		const char *text = i < 2 ? defaults[i] : words[i - 2];

		if (expression_parse(text, &t->filter[i].expression, ret_error)) {
			*ret_word = i - 2;
			return -EINVAL;
		}
		t->count++;
	}
	return 0;
}

void tally_done(struct tally *t)
{
	free(t->filter);
	*t = (struct tally){0};
}

/* Of one direction: whom is it with, and which port is the server's? */
struct view_of {
	enum expression_direction direction;
	const struct addr *remote;
	uint16_t server_port;
};

/* Both directions of a handshake between two local ends, else the one it has; how many. */
static int views_of(const struct event *ev, struct view_of view[2])
{
	bool is_server = ev->ident.role == ROLE_ACCEPT;
	const struct addr *client = is_server ? &ev->ident.raddr : &ev->ident.laddr;
	const struct addr *server = is_server ? &ev->ident.laddr : &ev->ident.raddr;
	uint16_t port = is_server ? ev->ident.lport : ev->ident.rport;
	int n = 0;

	if (ev->handshake.directions & DIRECTION_RX)
		view[n++] = (struct view_of){EXPRESSION_RX, client, port};
	if (ev->handshake.directions & DIRECTION_TX)
		view[n++] = (struct view_of){EXPRESSION_TX, server, port};
	return n;
}

static bool matches(const struct expression *e, const struct view_of *view, int n)
{
	for (int i = 0; i < n; i++)
		if (expression_matches(e, view[i].direction, view[i].remote, view[i].server_port))
			return true;
	return false;
}

static void add(struct tally_count *c, const struct ev_handshake *h)
{
	c->retries += h->retry;
	switch (h->outcome) {
	case OUTCOME_ESTABLISHED:
		c->success++;
		c->dup_syn += h->dup_syn > 0;
		c->dup_syn_ack += h->dup_syn_ack > 0;
		break;
	case OUTCOME_REJECTED:
		c->reject++;
		break;
	case OUTCOME_ABORTED:
		c->abort++;
		break;
	case OUTCOME_UNREACHABLE:
		c->unreach++;
		break;
	case OUTCOME_TIMED_OUT:
		c->timeout++;
		break;
	case OUTCOME_OVERFLOW:
		c->overflow++;
		break;
	case OUTCOME_GONE:
		c->gone++;
		break;
	case OUTCOME_NOT_SENT:
		c->not_sent++;
		break;
	case OUTCOME_LISTEN_DROP:
		c->dropped += h->dropped;
		break;
	default:
		c->pending++;
	}
}

bool tally_take(struct tally *t, const struct event *ev)
{
	struct view_of view[2];
	int n = views_of(ev, view);
	bool wanted = false;

	for (size_t i = 0; i < t->count; i++) {
		const struct expression *e = &t->filter[i].expression;

		if (expression_is_exclusion(e) && matches(e, view, n))
			return false;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct tally_filter *f = &t->filter[i];

		if (expression_is_exclusion(&f->expression) || !matches(&f->expression, view, n))
			continue;
		add(&f->count, &ev->handshake);
		wanted = true;
	}
	return wanted;
}

/* To tcpeek a client that gives up is a rejection too. */
static uint64_t rejected(const struct tally_count *c)
{
	return c->reject + c->abort;
}

/* What it cannot know is where it would have put it, after the packets that it saw. */
static uint64_t timed_out(const struct tally_count *c)
{
	return c->timeout + c->overflow + c->gone;
}

static uint64_t unreachable(const struct tally_count *c)
{
	return c->unreach + c->not_sent;
}

static uint64_t failed(const struct tally_count *c)
{
	return timed_out(c) + rejected(c) + unreachable(c);
}

static void put_name(struct out *out, const char *name, bool first)
{
	out_str(out, first ? "[{" : ",{");
	out_json_string(out, name, strlen(name));
}

static void put_number(struct out *out, const char *before, uint64_t n)
{
	out_str(out, before);
	out_uint(out, n);
}

static void put_counts(struct out *out, const struct tally_count *c, uint64_t reject)
{
	put_number(out, ":{\"success\":{\"total\":", c->success);
	put_number(out, ",\"dupsyn\":", c->dup_syn);
	put_number(out, ",\"dupsynack\":", c->dup_syn_ack);
	put_number(out, "},\"failure\":{\"total\":", failed(c));
	put_number(out, ",\"timeout\":", timed_out(c));
	put_number(out, ",\"reject\":", reject);
}

void tally_put_get(const struct tally *t, const struct tally_packets *packets, struct out *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct tally_filter *f = &t->filter[i];

		if (expression_is_exclusion(&f->expression))
			continue;
		put_name(out, f->expression.name, !i);
		put_counts(out, &f->count, rejected(&f->count));
		put_number(out, ", \"unreach\":", unreachable(&f->count));
		out_str(out, "}}}");
	}
	put_number(out, ",{\"pcap\":{\"stats\":{\"recv\":", packets->received);
	put_number(out, ",\"drop\":", packets->dropped);
	put_number(out, ",\"ifdrop\":", packets->interface_dropped);
	out_str(out, "}}}]");
}

static struct tally_count since(const struct tally_count *now, const struct tally_count *then)
{
	return (struct tally_count){
		.success = now->success - then->success,
		.dup_syn = now->dup_syn - then->dup_syn,
		.dup_syn_ack = now->dup_syn_ack - then->dup_syn_ack,
		.timeout = now->timeout - then->timeout,
		.reject = now->reject - then->reject,
		.abort = now->abort - then->abort,
		.unreach = now->unreach - then->unreach,
		.overflow = now->overflow - then->overflow,
		.gone = now->gone - then->gone,
		.not_sent = now->not_sent - then->not_sent,
	};
}

void tally_put_refresh(struct tally *t, struct out *out)
{
	for (size_t i = 0; i < t->count; i++) {
		struct tally_filter *f = &t->filter[i];
		struct tally_count c = since(&f->count, &f->refreshed);

		if (expression_is_exclusion(&f->expression))
			continue;
		put_name(out, f->expression.name, !i);
		put_counts(out, &c, rejected(&c) + unreachable(&c));
		out_str(out, "}}}");
		f->refreshed = f->count;
	}
	out_char(out, ']');
}

static void put_line(struct out *out, const char *label, uint64_t n)
{
	out_format(out, "     %-22s: %6llu\n", label, (unsigned long long)n);
}

static void put_filter(const struct tally_filter *f, bool with_icmp, struct out *out)
{
	const struct tally_count *c = &f->count;

	out_char(out, ' ');
	out_clean(out, f->expression.name, strlen(f->expression.name));
	out_format(out, "\n   Success: %llu session\n", (unsigned long long)c->success);
	put_line(out, "SYN Segment Duplicate", c->dup_syn);
	put_line(out, "S/A Segment Duplicate", c->dup_syn_ack);
	out_format(out, "   Failure: %llu session\n", (unsigned long long)failed(c));
	put_line(out, "Connection Timed Out", c->timeout);
	put_line(out, "Connection Rejected", c->reject);
	if (c->abort)
		put_line(out, "Aborted by Client", c->abort);
	if (with_icmp)
		put_line(out, "ICMP Unreachable", c->unreach);
	if (c->overflow)
		put_line(out, "Accept Queue Full", c->overflow);
	if (c->gone)
		put_line(out, "Request Given Up", c->gone);
	if (c->not_sent)
		put_line(out, "SYN Not Sent", c->not_sent);
	if (c->retries)
		out_format(out, "   Retries: %llu session\n", (unsigned long long)c->retries);
	if (c->pending)
		out_format(out, "   Pending: %llu session\n", (unsigned long long)c->pending);
	if (c->dropped)
		out_format(out, "   Dropped by listeners: %llu segments\n",
			   (unsigned long long)c->dropped);
}

void tally_put_summary(const struct tally *t, bool with_icmp, struct out *out)
{
	for (size_t i = 0; i < t->count; i++) {
		if (expression_is_exclusion(&t->filter[i].expression))
			continue;
		out_str(out, LINE);
		put_filter(&t->filter[i], with_icmp, out);
	}
	out_str(out, LINE);
}
