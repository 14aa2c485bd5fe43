// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "probe/ladder.h"

const struct need *ladder_need(const char *name, size_t name_len)
{
	for (size_t n = 0; n < ladder_count; n++)
		if (strlen(ladder[n].name) == name_len && !memcmp(ladder[n].name, name, name_len))
			return &ladder[n];
	return NULL;
}

void ladder_try(const struct rung *rung, struct refusal *ret)
{
	*ret = (struct refusal){.err = 0};
	rung->try(rung, ret);
}

bool ladder_is_vital(const struct rung *rung, const char *source)
{
	return rung->vital && !strcmp(rung->source, source);
}

/* NULL: one of the need's vital rungs holds, or it has none. Else the first of them. */
static const struct rung *find_broken(const struct need *need, const char *source, struct refusal *ret)
{
	const struct rung *broken = NULL;
	struct refusal refusal;

	for (size_t r = 0; need_has(need, r); r++) {
		if (!ladder_is_vital(&need->rung[r], source))
			continue;
		ladder_try(&need->rung[r], &refusal);
		if (!refusal.err)
			return NULL;
		if (broken)
			continue;
		broken = &need->rung[r];
		*ret = refusal;
	}
	return broken;
}

const struct rung *ladder_broken(const char *source, struct refusal *ret)
{
	const struct rung *broken = NULL;

	for (size_t n = 0; n < ladder_count && !broken; n++)
		broken = find_broken(&ladder[n], source, ret);
	return broken;
}
