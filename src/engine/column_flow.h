// SPDX-License-Identifier: BSD-2-Clause
/* The getters of the columns of columns_flow.def. */
#pragma once
#include "engine/row.h"
#include "engine/value.h"

struct value column_id(const struct row *r);
struct value column_remote_class(const struct row *r);
struct value column_tx_rate(const struct row *r);
struct value column_rx_rate(const struct row *r);
