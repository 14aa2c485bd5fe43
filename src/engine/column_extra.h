// SPDX-License-Identifier: BSD-2-Clause
/* Getters of the columns that show what struct ev_extra holds; see engine/column.c. */
#pragma once
#include "engine/row.h"
#include "engine/value.h"

struct value column_rmem_bytes(const struct row *row);
struct value column_wmem_bytes(const struct row *row);
struct value column_since_snd_ms(const struct row *row);
struct value column_since_rcv_ms(const struct row *row);
struct value column_since_ack_ms(const struct row *row);
struct value column_causes_by(const struct row *row);
struct value column_ca_state(const struct row *row);
struct value column_snd_wnd(const struct row *row);
struct value column_rcv_wnd(const struct row *row);
struct value column_notsent(const struct row *row);
struct value column_unacked(const struct row *row);
struct value column_sacked(const struct row *row);
struct value column_backoff(const struct row *row);
struct value column_probes_out(const struct row *row);
struct value column_rcv_rtt_us(const struct row *row);
struct value column_rcvbuf(const struct row *row);
struct value column_sndbuf(const struct row *row);
struct value column_forward_bytes(const struct row *row);
struct value column_pacing_rate(const struct row *row);
struct value column_redirected(const struct row *row);
struct value column_holders(const struct row *row);
struct value column_pmtu(const struct row *row);
struct value column_synack_retrans(const struct row *row);
struct value column_timer(const struct row *row);
struct value column_timer_ms(const struct row *row);
struct value column_retransmits(const struct row *row);
