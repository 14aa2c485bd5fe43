// SPDX-License-Identifier: BSD-2-Clause
/* Which verdicts a pass brought that the one before had not, and the other way round. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct api;
struct judging;
struct out;
struct why_case;

struct change {
	const struct why_case *one; /* of the pass that it is in */
	bool has_ended;
};

struct changes {
	struct change *change;
	size_t count;
};

/* Right after a pass. Free with changes_done(). */
void changes_find(struct changes *c, const struct judging *j);
void changes_done(struct changes *c);

/* As an object: "change" is began or ended, the rest as /api/v1/verdicts has it. */
void changes_put(struct api *api, const struct change *change, struct out *out);

/* What the host did in the last interval. */
void changes_put_host(struct api *api, struct out *out);
