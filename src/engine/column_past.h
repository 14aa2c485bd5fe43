// SPDX-License-Identifier: BSD-2-Clause
/* Columns of `history`: what flows did over a span of time. */
#pragma once
#include "engine/row.h"
#include "engine/value.h"

struct value column_opened(const struct row *r);
struct value column_closed(const struct row *r);
struct value column_failures(const struct row *r);
struct value column_ends(const struct row *r);
struct value column_worst_rtt_us(const struct row *r);
struct value column_retrans_causes(const struct row *r);
struct value column_retrans_why(const struct row *r);
struct value column_verdicts(const struct row *r);
struct value column_first(const struct row *r);
struct value column_last(const struct row *r);
struct value column_spark(const struct row *r);
struct value column_series(const struct row *r);
struct value column_series_from(const struct row *r);
struct value column_series_us(const struct row *r);
struct value column_change(const struct row *r);
struct value column_change_in(const struct row *r);
struct value column_flows_then(const struct row *r);
struct value column_bytes_then(const struct row *r);
struct value column_failures_then(const struct row *r);
struct value column_retrans_then(const struct row *r);
