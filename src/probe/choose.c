// SPDX-License-Identifier: BSD-2-Clause
#include "probe/choose.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/column.h"
#include "probe/ladder.h"
#include "probe/reason.h"
#include "probe/try.h"
#include "probe/wish.h"
#include "tcp.skel.h"
#include "util/log.h"

#define TAKEN_MAX 64

/* The ways that were taken, in the ladder's order, for who asks what this run does. */
static struct {
	const char *need, *way;
} taken[TAKEN_MAX];
static size_t taken_count;

/* The length of a jiffy, which no header tells, is the resolution of the coarse clock. */
static unsigned jiffies_hz(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || !tick.tv_nsec)
		return 250;
	return (unsigned)((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec);
}

static void load_program(struct tcp *skeleton, const struct hook *hook)
{
	struct bpf_program *p =
		hook->program ? bpf_object__find_program_by_name(skeleton->obj, hook->program)
			      : NULL;

	if (p)
		bpf_program__set_autoload(p, true);
}

static void note(const struct need *need, const char *way)
{
	if (taken_count == TAKEN_MAX)
		return;
	taken[taken_count].need = need->name;
	taken[taken_count++].way = way;
}

bool probe_way(size_t i, const char **ret_need, const char **ret_way)
{
	if (i >= taken_count)
		return false;
	*ret_need = taken[i].need;
	*ret_way = taken[i].way;
	return true;
}

static void take(struct tcp *skeleton, const struct rung *rung)
{
	struct refusal ignored = {.err = 0};

	if (rung->either) {
		load_program(skeleton, try_variant(rung, &ignored));
	} else {
		for (size_t h = 0; h < HOOKS_MAX && rung->hook[h].where; h++)
			load_program(skeleton, &rung->hook[h]);
	}
	if (rung->take)
		rung->take(skeleton);
}

/* Was that way, "NEED=RUNG", taken? */
static bool is_taken(const char *way)
{
	for (size_t i = 0; way && i < taken_count; i++) {
		size_t len = strlen(taken[i].need);

		if (!strncmp(way, taken[i].need, len) && way[len] == '=' &&
		    !strcmp(way + len + 1, taken[i].way))
			return true;
	}
	return false;
}

static bool is_of_bpf(const struct rung *rung)
{
	return !rung->source || !strcmp(rung->source, "bpf");
}

/* Loading all is the trial of those that the source needs; only nonsense would pass it. */
static void try_rung(const struct rung *rung, struct refusal *ret)
{
	*ret = (struct refusal){.err = 0};
	if (rung->vital)
		try_before(rung, ret);
	else
		ladder_try(rung, ret);
	if (!ret->err && is_taken(rung->not_with))
		ret->err = -EBUSY;
}

static int complain(const struct need *need, const struct rung *rung, const struct refusal *refusal)
{
	/* Doing without stands on nothing. */
	const char *where = rung->hook[0].where;
	struct reason reason;

	reason_find(rung, refusal, &reason);
	log_error("%s=%s%s%s%s cannot be had here: %s; what helps: %s", need->name, rung->name,
		  where ? " (" : "", where ? where : "", where ? ")" : "", reason.why,
		  reason.advice);
	return refusal->err == -EPERM ? -EPERM : -ENOTSUP;
}

static void warn_of_lack(const struct need *need, const struct refusal *refusal)
{
	struct reason reason;

	reason_find(&need->rung[0], refusal, &reason);
	log_warn("no %s: %s", need->columns, reason.why);
}

/* Is there another way to it, if this one is refused? */
static bool is_last(const struct need *need, size_t rung)
{
	for (size_t r = rung + 1; need_has(need, r); r++)
		if (is_of_bpf(&need->rung[r]))
			return false;
	return true;
}

static int climb(struct tcp *skeleton, const struct need *need, const char *wish, bool trusting,
		 unsigned *ret_lacks)
{
	const struct rung *forced = wish_of(wish, need);
	struct refusal first = {.err = 0}, refusal;

	for (size_t r = 0; need_has(need, r); r++) {
		const struct rung *rung = &need->rung[r];

		if (!is_of_bpf(rung) || (forced && rung != forced))
			continue;
		try_rung(rung, &refusal);
		if (refusal.err && (forced || (rung->vital && is_last(need, r))))
			return trusting ? -EAGAIN : complain(need, rung, &refusal);
		if (refusal.err) {
			first = first.err ? first : refusal;
			continue;
		}
		log_debug("%s: %s (%s)", need->name, rung->name, rung->gives);
		take(skeleton, rung);
		if (!rung->hook[0].where)
			break;
		note(need, rung->name);
		return 0;
	}
	/* Nothing holds but "none". */
	note(need, "none");
	*ret_lacks |= need->asked;
	if (!need->asked || !need->columns || forced)
		return 0;
	if (trusting)
		return -EAGAIN;
	warn_of_lack(need, &first);
	return 0;
}

int probe_choose(struct tcp *skeleton, const char *wish, unsigned needs, bool trusting,
		 unsigned *ret_lacks)
{
	int err = 0;

	*ret_lacks = 0;
	taken_count = 0;
	/* What is taken back is a number of segments that were sent again. */
	if (needs & NEED_UNDO)
		needs |= NEED_CAUSES;
	if (needs & NEED_HANDSHAKES)
		needs |= NEED_ICMP;
	skeleton->rodata->want_extra = (needs & NEED_EXTRA) != 0;
	skeleton->rodata->want_tallies = (needs & (NEED_CALLS | NEED_PACKETS)) != 0;
	skeleton->rodata->want_holders = (needs & NEED_HOLDERS) != 0;
	skeleton->rodata->jiffies_hz = jiffies_hz();
	bpf_map__set_autocreate(skeleton->maps.acceptors, false);
	bpf_map__set_autocreate(skeleton->maps.listed, false);
	bpf_map__set_autocreate(skeleton->maps.free_places, false);
	bpf_map__set_autocreate(skeleton->maps.listed_extras, false);
	bpf_map__set_autocreate(skeleton->maps.looked_at, false);
	try_trust(trusting);
	for (size_t n = 0; n < ladder_count && !err; n++) {
		if (!ladder[n].asked || needs & ladder[n].asked)
			err = climb(skeleton, &ladder[n], wish, trusting, ret_lacks);
		else if (wish_of(wish, &ladder[n]))
			log_warn("--rung %s=%s changes nothing: nothing that is shown needs it",
				 ladder[n].name, wish_of(wish, &ladder[n])->name);
	}
	try_trust(false);
	return err;
}

int probe_attach_packets(struct tcp *skeleton)
{
	int fd;

	if (!bpf_program__autoload(skeleton->progs.on_packet_in))
		return 0;
	fd = try_open_root_cgroup();
	if (fd < 0)
		return fd;
	skeleton->links.on_packet_in = bpf_program__attach_cgroup(skeleton->progs.on_packet_in, fd);
	skeleton->links.on_packet_out =
		bpf_program__attach_cgroup(skeleton->progs.on_packet_out, fd);
	close(fd);
	return skeleton->links.on_packet_in && skeleton->links.on_packet_out ? 0 : -errno;
}

int probe_check_wish(const char *wish, const char *source)
{
	for (size_t n = 0; n < ladder_count; n++) {
		const struct rung *rung = wish_of(wish, &ladder[n]);
		struct refusal refusal;

		if (!rung || (rung->source && strcmp(rung->source, source)))
			continue;
		ladder_try(rung, &refusal);
		if (refusal.err)
			return complain(&ladder[n], rung, &refusal);
	}
	return 0;
}
