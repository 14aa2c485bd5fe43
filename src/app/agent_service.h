// SPDX-License-Identifier: BSD-2-Clause
/*
 * What makes a run a service: systemd is told that it is ready, alive, reloading and ending; limits
 * of memory and CPU are kept; a hang-up reads the settings again.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "app/budget.h"

struct agent;
struct all_asked;
struct engine;
struct report;
struct source;

struct agent_service {
	struct all_asked *asked;
	struct engine *engine;
	struct source *source;
	struct agent *agent;
	int notify, statm;
	struct budget budget; /* of the processor */
	uint64_t shrink_ns;   /* when memory may be given back next */
	uint64_t reloads, refused_reloads;
};

/* --check and --dump-config: true if that was all, and its exit status. */
bool agent_service_answers(struct all_asked *asked, struct source *source, int *ret_status);

/* While there are privileges. `notify` is that of notify_open(), taken over. */
void agent_service_open(struct agent_service *s, int notify);

/* Everything is attached and what was there is known. */
void agent_service_begin(struct agent_service *s);

/* An interval has ended well. */
void agent_service_ticked(struct agent_service *s);

/* SIGHUP, and the end. */
void agent_service_reload(struct agent_service *s);
void agent_service_stop(struct agent_service *s);
void agent_service_close(struct agent_service *s);
