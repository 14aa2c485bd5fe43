// SPDX-License-Identifier: BSD-2-Clause
#include "packet/resend.h"

#include "packet/packet.h"
#include "packet/sequence.h"

/*
 * Linux waits for a round trip and 200 ms more (TCP_RTO_MIN) from the moment when a segment was
 * sent, and hears of others for a round trip at most. The rest is for how late a timer may be told.
 */
#define TIMEOUT_NS 150000000ull
/* More than a round trip since the first of what waits was sent: less than 200 ms, likewise. */
#define HEAD_NS 180000000ull
/* New data that is sent so soon after other is told apart by nothing. */
#define MARK_NS 10000000ull
/* A loss probe waits for two round trips and two ticks (tcp_schedule_loss_probe()). */
#define PROBE_NS 1000000ull
#define DUP_ACKS 3
#define DUP_ACKS_MAX 60000

/* When new data went */

static void merge_oldest(struct resend *r)
{
	for (int i = 0; i + 1 < RESEND_MARKS; i++)
		r->mark[i] = r->mark[i + 1];
	r->mark[RESEND_MARKS - 1] = (struct resend_mark){0};
}

static void mark_new(struct resend *r, uint64_t to, uint64_t time_ns)
{
	int i = 0;

	while (i < RESEND_MARKS && r->mark[i].to)
		i++;
	if (i && time_ns < r->mark[i - 1].time_ns + MARK_NS) {
		i--;
	} else if (i == RESEND_MARKS) {
		merge_oldest(r);
		i--;
	}
	r->mark[i] = (struct resend_mark){.to = to, .time_ns = time_ns};
}

/* When the first that waits was sent, the last time; 0: not known. */
static uint64_t head_ns(const struct resend *r, uint64_t acked)
{
	if (r->head_ns && r->head_at == acked)
		return r->head_ns;
	for (int i = 0; i < RESEND_MARKS; i++)
		if (r->mark[i].to > acked)
			return r->mark[i].time_ns;
	return 0;
}

/* Why something goes again */

/* Nothing was sent or heard for so long. */
static bool was_silent(const struct resend *r, uint64_t now_ns, uint64_t time_ns)
{
	uint64_t last_ns = r->sent_ns > r->heard_ns ? r->sent_ns : r->heard_ns;

	return now_ns >= last_ns + time_ns;
}

static bool is_probe(const struct resend *r, const struct resend_sent *s, uint64_t now_ns)
{
	return s->to >= s->highest && s->has_sack && !r->probe_to && !s->is_window_closed &&
	       was_silent(r, now_ns, PROBE_NS);
}

/* It waited for a round trip and the least timeout, and is not just answered. */
static bool is_aged(const struct resend *r, const struct resend_sent *s, uint64_t now_ns)
{
	uint64_t from_ns = head_ns(r, s->acked);

	return from_ns && now_ns >= from_ns + s->rtt_ns + HEAD_NS &&
	       was_silent(r, now_ns, PROBE_NS);
}

static enum ev_cause by_timer(const struct resend_sent *s)
{
	return s->is_window_closed ? CAUSE_ZERO_WINDOW : CAUSE_RTO;
}

/* Acknowledgements told of a loss. Without SACK those that follow a repair are of the repair. */
static bool is_told(const struct resend *r, const struct resend_sent *s)
{
	uint64_t from_ns = head_ns(r, s->acked);

	if (r->sack_to >= s->to && r->sack_to > s->acked)
		return true;
	/* What was sent later has arrived (RFC 8985). */
	if (s->has_sack && s->from <= s->acked && from_ns && from_ns < r->rack_ns)
		return true;
	return r->dup_acks >= DUP_ACKS && s->from <= s->acked &&
	       (!r->repair_until || s->acked > r->repair_until);
}

static enum ev_cause cause_of(const struct resend *r, const struct resend_sent *s, uint64_t now_ns)
{
	/* The timer sends the first of what waits, acknowledgements what they tell of. */
	bool is_first = s->from <= s->acked, was_resent = s->from < r->again_to;
	bool quiet = is_first && was_silent(r, now_ns, TIMEOUT_NS);
	bool timer = quiet || (is_first && is_aged(r, s, now_ns));

	if (s->acked < r->loss_until)
		return (was_resent ? timer : quiet) ? by_timer(s) : CAUSE_SLOW_START;
	if (s->acked < r->pmtu_until)
		return (was_resent ? timer : quiet) ? by_timer(s) : CAUSE_PMTU;
	/* What the repair has not sent yet may wait for reordering to end; what it sent may be
	 * lost. */
	if (s->acked < r->repair_until)
		return timer && was_resent ? by_timer(s) : CAUSE_FAST;
	/* Told of it the sender waits for reordering to end, which is soon. */
	if (is_told(r, s))
		return quiet ? by_timer(s) : CAUSE_FAST;
	if (is_probe(r, s, now_ns))
		return CAUSE_TLP;
	return timer ? by_timer(s) : CAUSE_OTHER;
}

static bool is_repairing(const struct resend *r, uint64_t acked)
{
	return acked < r->loss_until || acked < r->repair_until || acked < r->pmtu_until;
}

static void begin_episode(struct resend *r, const struct packet *p)
{
	r->episode = 0;
	r->again_to = 0;
	r->has_tsval = p->options & PACKET_TIMESTAMP;
	r->episode_tsval = p->tsval;
}

/* tcp_enter_loss(): a timeout within a repair is real, unless it is one of a row. */
static void enter_loss(struct resend *r, const struct resend_sent *s, bool was_repairing)
{
	r->doubts_loss = !was_repairing || r->has_timed_out;
	r->has_timed_out = true;
	r->loss_until = s->highest;
	r->repair_until = r->pmtu_until = r->again_to = r->probe_to = 0;
	r->dup_acks = 0;
	r->has_sent_beyond = false;
}

static void note_again(struct resend *r, const struct resend_sent *s, const struct packet *p,
		       enum ev_cause cause)
{
	bool was_repairing = is_repairing(r, s->acked);

	r->cause[cause] += s->again;
	r->resent_to = s->to;
	r->resent_ns = p->time_ns;
	if (s->from <= s->acked) {
		r->head_at = s->acked;
		r->head_ns = p->time_ns;
	}
	if (cause == CAUSE_OTHER)
		return;
	if (cause == CAUSE_TLP) {
		r->probe_to = s->highest;
		return;
	}
	if (!was_repairing)
		begin_episode(r, p);
	if (cause == CAUSE_RTO || cause == CAUSE_ZERO_WINDOW)
		enter_loss(r, s, was_repairing);
	else
		r->doubts_loss = false;
	if (cause == CAUSE_FAST && s->acked >= r->repair_until) {
		r->repair_until = s->highest;
		r->probe_to = 0;
	}
	if (s->to > r->again_to)
		r->again_to = s->to;
	/* Smaller pieces are sent with nothing to take back. */
	if (cause != CAUSE_PMTU)
		r->episode += s->again;
}

void resend_sent(struct resend *r, const struct resend_sent *s, const struct packet *p)
{
	if (p->payload_len > r->segment_bytes)
		r->segment_bytes = p->payload_len;
	if (s->to > s->highest)
		mark_new(r, s->to, p->time_ns);
	if (s->again)
		note_again(r, s, p, cause_of(r, s, p->time_ns));
	else if (s->acked < r->loss_until)
		r->has_sent_beyond = true;
	r->sent_ns = p->time_ns;
}

/* Nothing was lost: the sender forgets the repair. */
static void take_back(struct resend *r)
{
	r->undone += r->episode;
	r->episode = 0;
	r->has_tsval = false;
	r->loss_until = r->repair_until = 0;
}

/* What arrived was sent before the repair began, says its time stamp (RFC 3522). */
static bool is_older(const struct resend *r, const struct packet *p)
{
	return p->options & PACKET_TIMESTAMP && r->has_tsval &&
	       (int32_t)(p->tsecr - r->episode_tsval) < 0;
}

/*
 * More arrived than was sent again: then the timeout was needless (RFC 5682). `had` is up to where
 * the peer had something before.
 */
static bool is_forward(const struct resend *r, const struct resend_heard *h, uint64_t had)
{
	uint64_t has = h->acked > r->sack_to ? h->acked : r->sack_to;

	/* Without SACK it tells something only where none of what was sent again is among it. */
	if (!h->has_sack && h->before < r->again_to)
		return false;
	return r->doubts_loss && h->before < r->loss_until && has > had && has > r->again_to &&
	       has <= r->loss_until;
}

static bool is_needless(const struct resend *r, const struct resend_heard *h, uint64_t had,
			const struct packet *p)
{
	if (!r->episode || !is_repairing(r, h->before))
		return false;
	return (h->acked > h->before && is_older(r, p)) || is_forward(r, h, had);
}

/* tcp_process_tlp_ack(): it was lost and is repaired, or the peer had it twice. */
static void note_probe(struct resend *r, const struct resend_heard *h, bool is_dup,
		       const struct packet *p)
{
	if (h->acked > r->probe_to ||
	    (h->acked == r->probe_to && (p->dsack_len || (is_dup && !(p->options & PACKET_SACK)))))
		r->probe_to = 0;
}

static void note_dsack(struct resend *r, const struct packet *p)
{
	uint32_t segment = r->segment_bytes ? r->segment_bytes : 1;

	if (p->dsack_len)
		r->dsacks += (p->dsack_len + segment - 1) / segment;
}

static void note_sack(struct resend *r, const struct resend_heard *h, const struct packet *p)
{
	uint64_t to = sequence_unwrap(h->highest, p->sack_end);

	if (p->options & PACKET_SACK && to <= h->highest && to > r->sack_to)
		r->sack_to = to;
}

/*
 * tcp_remove_reno_sacks(): an acknowledgement fills one hole, and the duplicates were of what it
 * takes along. The end of a repair, and one within it after a timeout, forget them.
 */
static void eat_dups(struct resend *r, const struct resend_heard *h)
{
	uint64_t segment = r->segment_bytes ? r->segment_bytes : 1;
	uint64_t eaten = (h->acked - h->before + segment - 1) / segment - 1;
	bool ends_repair = h->before < r->repair_until && h->acked >= r->repair_until;

	if (ends_repair || h->acked < r->loss_until || h->has_sack || eaten >= r->dup_acks)
		r->dup_acks = 0;
	else
		r->dup_acks -= (uint16_t)eaten;
}

/* tcp_may_update_window(): a segment that offers another window is no duplicate. */
static bool takes_window(struct resend *r, const struct resend_heard *h, const struct packet *p)
{
	bool is_newer = h->acked > h->before || (int32_t)(p->seq - r->window_seq) > 0;
	bool is_larger = p->seq == r->window_seq && (p->window > r->window || !p->window);

	if (!is_newer && !is_larger)
		return false;
	r->window = p->window;
	r->window_seq = p->seq;
	return true;
}

void resend_heard(struct resend *r, const struct resend_heard *h, const struct packet *p)
{
	bool is_bare = !p->payload_len && !(p->flags & (TCP_SYN | TCP_FIN));
	bool is_dup =
		!takes_window(r, h, p) && is_bare && h->acked == h->before && h->acked < h->highest;
	uint64_t had = h->before > r->sack_to ? h->before : r->sack_to, sack_to = r->sack_to;

	note_dsack(r, p);
	note_sack(r, h, p);
	if (is_needless(r, h, had, p))
		take_back(r);
	/* It got what was sent since, and not what is missing: that is lost. */
	if (r->has_sent_beyond && (is_dup || r->sack_to > sack_to))
		r->doubts_loss = false;
	if (r->probe_to)
		note_probe(r, h, h->acked == h->before && !p->payload_len, p);
	if (h->acked > h->before) {
		eat_dups(r, h);
		if (h->before < r->resent_to && h->acked >= r->resent_to)
			r->rack_ns = r->resent_ns;
		r->has_timed_out = false;
	} else if (is_dup && r->dup_acks < DUP_ACKS_MAX &&
		   (h->acked >= r->loss_until || r->has_sent_beyond)) {
		r->dup_acks++;
	}
	r->heard_ns = p->time_ns;
}

void resend_too_big(struct resend *r, uint64_t acked, uint64_t highest)
{
	if (acked < highest && acked >= r->loss_until)
		r->pmtu_until = highest;
}
