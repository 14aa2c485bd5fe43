// SPDX-License-Identifier: BSD-2-Clause
/* What endpoints have in common, and the endpoints themselves; routes.c is the table of them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/row.h"

struct api;
struct ask;
struct ask_defaults;
struct ask_from;
struct event;
struct http_request;
struct out;
struct earlier;
struct rows;
struct sums_by;
struct why_case;

#define FLOW_COLUMNS                                                                              \
	"id,pid,comm,unit,container,uid,family,local,remote,remote_class,state,role,tx_bytes,"     \
	"rx_bytes,tx_rate,rx_rate,srtt_us,min_rtt_us,retrans,bytes_retrans,duration_us,seen,"      \
	"netns,cookie"
#define CLOSED_COLUMNS                                                                            \
	"time,id,pid,comm,unit,container,uid,family,local,remote,remote_class,state,role,"         \
	"tx_bytes,rx_bytes,duration_us,handshake_us,srtt_us,min_rtt_us,retrans,bytes_retrans,"     \
	"end_reason,error,seen,netns,cookie"

#define VERDICT_COLUMNS                                                                           \
	"time,severity,verdict,certainty,limited_by,sentence,evidence,next,also,basis,id,pid,"     \
	"comm,unit,container,family,local,remote,state,role,tx_bytes,rx_bytes,srtt_us,retrans,"    \
	"end_reason,error,netns,cookie"

/* For struct ask_from, of a request. */
const char *answer_get(void *request, const char *name);

/* The parameters of `q`; NULL if they make no sense: then it was answered. Free with ask_free(). */
struct ask *answer_ask(struct api *api, struct http_request *q, const struct ask_defaults *defaults);

/*
 * The same of an earlier moment, if `at` names one (else *ret_earlier is NULL): with its names, and
 * without states if those were not kept. Both are given, or none.
 */
struct ask *answer_ask_at(struct api *api, struct http_request *q,
			  const struct ask_from *from, const struct ask_defaults *defaults,
			  struct earlier **ret_earlier);
/* Those of that moment; takes both. */
void answer_earlier_flows(struct api *api, struct http_request *q, struct earlier *earlier,
		       struct ask *ask);

/* Flows that live, or listeners, as `ask` (taken) wants them. */
struct rows *answer_pick_live(struct api *api, struct ask *ask, bool listeners);

/* Columns to sum up by, the value of a parameter. False: they make no sense, it was answered. */
bool answer_read_by(struct sums_by *by, struct http_request *q, const char *parameter,
		    const char *list);

/*
 * A bit for each name of the parameter `metric`; all if there is none. `said` is the message on one
 * that is not among them. False: it was answered.
 */
bool answer_read_metrics(struct http_request *q, const char *const *names, size_t count,
			 const char *said, unsigned *ret);

/*
 * Seconds that a point is of, from the parameter `step`: a multiple of `least_s`, which is taken if
 * there is none. False: it was answered.
 */
bool answer_read_step(struct http_request *q, unsigned least_s, uint64_t *ret_s);

/* How long ago the parameter `from` is; 0: it is not given. False: it was answered. */
bool answer_read_from(struct http_request *q, int64_t *ret_us);

/* A verdict as a row. */
struct row answer_verdict_row(struct api *api, const struct why_case *one);

/* A body of JSON: out_init_memory() and what it needs to be safe in a page. */
void answer_begin(struct out *out);
/* Likewise, with numbers beyond 2^53 as `int64` of `q` wants them. False: that makes no sense, it was answered. */
bool answer_begin_int64(struct out *out, struct http_request *q);
bool answer_read_int64(struct http_request *q, bool *ret_quotes_big);
void answer_json(struct http_request *q, struct out *out);

void answer_flows(void *api, struct http_request *q);
void answer_flow(void *api, struct http_request *q);
void answer_closed(void *api, struct http_request *q);
void answer_listeners(void *api, struct http_request *q);
void answer_verdicts(void *api, struct http_request *q);
void answer_groups(void *api, struct http_request *q);
void answer_edges(void *api, struct http_request *q);
void answer_series(void *api, struct http_request *q);
/* The same of groups, by the parameter `group`. */
void answer_series_by(struct api *api, struct http_request *q);
void answer_columns(void *api, struct http_request *q);
void answer_counters(void *api, struct http_request *q);
void answer_openapi(void *api, struct http_request *q);
void answer_events(void *api, struct http_request *q);
