// SPDX-License-Identifier: BSD-2-Clause
/* The endpoints below /api/v1/, and the parameters that each knows. */
#include "api/routes.h"

#include <stddef.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/tap.h"
#include "consumer/agent.h"
#include "serve/http.h"

/* What all rows take: which flows, and how numbers are written. */
#define OF_FLOWS "filter", "pid", "unit", "container", "state", "netns", "int64"

static const char *const of_rows[] = {OF_FLOWS, "columns", "sort", "limit", "after", NULL};
static const char *const of_flows[] = {OF_FLOWS, "columns", "sort", "limit", "after", "at", NULL};
static const char *const of_closed[] = {OF_FLOWS, "columns", "limit", "after", "since", NULL};
static const char *const of_verdicts[] = {OF_FLOWS, "columns", "limit", NULL};
static const char *const of_groups[] = {OF_FLOWS, "by", "sort", "limit", "at", NULL};
static const char *const of_edges[] = {OF_FLOWS, "by", "peer", "sort", "limit", "at", NULL};
static const char *const of_series[] = {
	"metric", "from", "step", "group", "filter", "pid", "unit", "container", "state", "netns",
	"limit", NULL};
static const char *const of_one[] = {"int64", NULL};
static const char *const of_events[] = {OF_FLOWS, "columns", "sort", "limit", "kinds", NULL};
static const char *const of_stream[] = {"interval", "extra", "all", "listeners", "once", NULL};

static const struct http_route routes[] = {
	{"/api/v1/flows", HTTP_API, of_flows, answer_flows},
	{"/api/v1/flows/", HTTP_API, of_one, answer_flow},
	{"/api/v1/closed", HTTP_API, of_closed, answer_closed},
	{"/api/v1/listeners", HTTP_API, of_rows, answer_listeners},
	{"/api/v1/verdicts", HTTP_API, of_verdicts, answer_verdicts},
	{"/api/v1/groups", HTTP_API, of_groups, answer_groups},
	{"/api/v1/edges", HTTP_API, of_edges, answer_edges},
	{"/api/v1/series", HTTP_API, of_series, answer_series},
	{"/api/v1/columns", HTTP_API, NULL, answer_columns},
	{"/api/v1/counters", HTTP_API, of_one, answer_counters},
	{"/api/v1/openapi.json", HTTP_API, NULL, answer_openapi},
	{"/api/v1/events", HTTP_API, of_events, answer_events},
	{"/api/v1/stream", HTTP_API, of_stream, tap_answer},
};

void routes_add(struct api *api)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		struct http_route route = routes[i];

		route.context = api;
		http_add_route(api->agent->http, &route);
	}
}
