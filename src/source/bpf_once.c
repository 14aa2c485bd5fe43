// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_once.h"

#include <stdbool.h>

#include "abi/config.h"
#include "abi/event.h"
#include "engine/source.h"
#include "source/bare.h"
#include "source/bpf_owner.h"
#include "source/bpf_reader.h"
#include "source/netns.h"
#include "tcp.skel.h"

/* See bpf_gone.c. */
#define LOOKS 4

struct once {
	struct bpf_reader *reader;
	const struct bpf_link *in_netns;
};

static bool has_missed_some(struct bpf_reader *reader)
{
	struct bpf_account a;

	bpf_reader_account(reader, &a);
	return bpf_reader_live(reader) + a.closed + a.lost_memory < a.adopted;
}

/*
 * All flows that are known, and listeners. The iterator passes over one now and then, and no later look
 * makes up for it: so those that were not told are looked for again.
 */
static int tell_known(struct bpf_reader *reader)
{
	struct snap_control *control = reader->control;
	int err = 0;

	control->all = 1;
	for (int i = 0; i < LOOKS && !err && (i == 0 || has_missed_some(reader)); i++) {
		control->live = 0;
		err = bpf_reader_run(reader, bpf_reader_way(reader));
		control->all = 0;
	}
	return err;
}

static int tell_others(void *state)
{
	struct once *o = state;

	return bpf_reader_run(o->reader, o->in_netns);
}

/*
 * One scan finds the sockets that have a file, and their owners; a sample tells of them. Then iter/tcp,
 * in each network namespace, tells of the others.
 */
int bpf_once(struct source *s, struct tcp *skeleton, struct bpf_reader *reader,
	     struct bpf_owner *owner, struct bare *bare)
{
	struct once o = {.reader = reader,
			 .in_netns = skeleton->links.list_bare ? skeleton->links.list_bare
							       : skeleton->links.adopt_netns};
	struct snap_control *control = reader->control;
	int err;

	*bare = (struct bare){
		.states = s->states, .emit = s->emit, .emit_context = s->emit_context};
	reader->emit = bare_event;
	reader->emit_context = bare;
	/* Sockets of other states need no storage then. */
	control->listeners_only = s->states == 1u << ST_LISTEN;
	control->silent = 1;
	err = bpf_owner_scan(owner);
	control->silent = 0;
	if (!err)
		err = tell_known(reader);
	return err ? err : netns_for_each(tell_others, &o);
}
