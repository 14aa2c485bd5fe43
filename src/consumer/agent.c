// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/agent.h"

#include "consumer/agent_access.h"
#include "serve/http.h"

void agent_add_part(struct agent *a, const struct agent_part *part)
{
	if (a->parts < AGENT_PARTS_MAX)
		a->part[a->parts++] = *part;
}

int agent_listen(struct agent *a, const char *text, unsigned scope, bool metrics_anyone,
		 struct usage_error *error)
{
	a->access->policy.metrics_anyone |= metrics_anyone;
	return agent_access_listen(a->access, text, scope | HTTP_HEALTH, error);
}

void agent_take_step(struct agent *a, enum agent_step step)
{
	if (step > a->step)
		a->steps_taken[step]++;
	a->step = step;
	for (unsigned i = 0; i < a->parts; i++)
		if (a->part[i].step)
			a->part[i].step(a->part[i].context, step);
}
