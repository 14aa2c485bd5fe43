// SPDX-License-Identifier: BSD-2-Clause
/*
 * Server-sent events: clients that are told of opens, closes, verdicts and intervals as they come.
 * Each has a filter and a queue of its own (serve/http.h); what does not fit is counted, and told to
 * that client as a gap once there is room.
 */
#pragma once
#include <stddef.h>

struct api;
struct api_streams;
struct out;
struct lately_entry;

struct api_streams *streams_new(struct api *api);
void streams_free(struct api *api);

/* A flow opened or closed: it was put into a log. */
void streams_event(struct api *api, const struct lately_entry *e);
/* A pass over all verdicts is whole. */
void streams_verdicts(struct api *api);
/* An interval ended. */
void streams_tick(struct api *api);
/* The run ends. */
void streams_end(struct api *api);

/* Members of a JSON object for /api/v1/status. */
void streams_status(const struct api *api, struct out *out);
