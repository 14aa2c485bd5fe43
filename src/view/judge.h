// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verdicts for the rows of a view whose columns need them (NEED_VERDICT). What is remembered of each
 * flow between two readings stands in an array by slot of the flow table, reserved once.
 */
#pragma once
#include <stddef.h>

struct event;
struct ev_extra;
struct flow;
struct news;
struct verdict;
struct view;

/* `max_flows` is the limit of the flow table. */
void judge_begin(struct view *view, size_t max_flows);
/* Slots from `from` to before `to` have no flow. */
void judge_shrink(struct view *view, size_t from, size_t to);
void judge_done(struct view *view);

/* Of an interval, which begins with the reading before; NULL: it is no row, and only remembered. */
void judge_news(struct view *view, const struct news *news, struct verdict *ret);

/* Of an event that is a row: how a flow, or a handshake, was. */
void judge_event(const struct event *ev, struct verdict *ret);

/* Of a socket that is there, read once. */
void judge_present(struct view *view, const struct flow *flow, const struct ev_extra *extra,
		   struct verdict *ret);
