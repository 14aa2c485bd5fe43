// SPDX-License-Identifier: BSD-2-Clause
#include "engine/tell.h"

void engine_tell_interval(struct engine *e, struct pace *p, struct flow *f, uint32_t slot,
			  const struct event *close)
{
	struct news news;
	uint32_t scratch;

	pace_take(p, f, slot, engine_extra(e, slot), close, &news);
	for (unsigned i = 0; i < p->consumers; i++) {
		struct consumer *c = p->consumer[i];

		if (!(f->wanted >> c->index & 1) || c->done || !engine_takes_state(c, f->state))
			continue;
		scratch = 0;
		news.note = c->note && slot != e->flows.limit ? &c->note[slot] : &scratch;
		c->ops->interval(c, &news);
	}
	/* After its end nothing is told of it. */
	if (news.now && !close)
		pace_taken(p, slot);
}
