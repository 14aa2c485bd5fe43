// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the parts of an always-on run share. `tcpsight agent` is a run like any other: its questions
 * (metrics, api, record, ...) are consumers of one engine. The first, `agent`, owns this: the
 * server, and who may ask it. Others find it by agent_of(): NULL in a run that is no agent.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/question.h"
#include "engine/watch.h"

struct agent_doctor;
struct agent_options;
struct cgroup_names;
struct clock;
struct engine;
struct http;
struct out;
struct source;
struct usage_error;

#define AGENT_PARTS_MAX 16
#define AGENT_SOCKET "/run/tcpsight/agent.sock"

/* What goes when memory is short, in this order; each step includes those before it. */
enum agent_step {
	AGENT_ALL,	     /* nothing */
	AGENT_NO_CLOSED,     /* closed flows are not kept for those who ask later */
	AGENT_SHORT_HISTORY, /* half of each flow's and group's history */
	AGENT_NO_NEW_FLOWS,  /* new flows are counted, not followed */
	AGENT_STEPS,
};

/* A part tells of itself and is told of the agent. What need not be there may be NULL. */
struct agent_part {
	const char *name;
	/* Append the members of a JSON object, without its braces, to /api/v1/status. */
	void (*status)(void *context, struct out *out);
	/* Memory is short, or not any more: free what the step says. */
	void (*step)(void *context, enum agent_step step);
	void *context;
};

struct agent {
	struct http *http;     /* from the beginning on: routes can be added in a report's wrap() */
	struct engine *engine; /* from start() on; others may be added to it while it runs */
	struct source *source; /* likewise */
	struct clock *clock;
	struct cgroup_names *cgroups;
	uint64_t started_ns;
	bool is_ready; /* what was there is known, intervals run */
	const char *recording; /* the folder of the recording that it makes; or NULL */
	int landlock;  /* version of what shuts us off from files; 0: the kernel has none */
	enum agent_step step;
	uint64_t steps_taken[AGENT_STEPS];
	struct agent_part part[AGENT_PARTS_MAX];
	unsigned parts;
	struct agent_access *access; /* consumer/agent_access.h */
	struct agent_doctor *doctor; /* consumer/agent_doctor.h; NULL: no machine is watched */
};

static inline struct agent *agent_of(const struct question *q)
{
	return q->watch->agent;
}

/* Copied; its texts and context are borrowed. */
void agent_add_part(struct agent *a, const struct agent_part *part);

/*
 * A listener of this part alone, as --listen takes it, for `scope` (enum http_scope); from wrap()
 * on. 0, or -EINVAL and `error`.
 */
int agent_listen(struct agent *a, const char *text, unsigned scope, bool metrics_anyone,
		 struct usage_error *error);

/* Memory is short, or not any more: tells the parts. */
void agent_take_step(struct agent *a, enum agent_step step);
