// SPDX-License-Identifier: BSD-2-Clause
/* The getters of the columns of column.c that only a handshake has; of other rows not known. */
#pragma once
#include "engine/row.h"
#include "engine/value.h"

struct value column_client_addr(const struct row *r);
struct value column_client_port(const struct row *r);
struct value column_server_addr(const struct row *r);
struct value column_server_port(const struct row *r);
struct value column_started(const struct row *r);
struct value column_outcome(const struct row *r);
struct value column_direction(const struct row *r);
struct value column_dup_syn(const struct row *r);
struct value column_dup_syn_ack(const struct row *r);
struct value column_retry(const struct row *r);
struct value column_dropped(const struct row *r);
struct value column_conn_state(const struct row *r);
struct value column_icmp(const struct row *r);
