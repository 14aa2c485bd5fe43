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

const struct rung *ladder_broken(const char *source, struct refusal *ret)
{
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++) {
			const struct rung *rung = &ladder[n].rung[r];

			if (!rung->vital || strcmp(rung->source, source))
				continue;
			ladder_try(rung, ret);
			if (ret->err)
				return rung;
		}
	return NULL;
}
