// SPDX-License-Identifier: BSD-2-Clause
/* The getters of the columns of column.c that belong to rows which sum up flows. */
#pragma once
#include "engine/row.h"
#include "engine/value.h"

struct value column_group(const struct row *r);
struct value column_port(const struct row *r);
struct value column_busiest(const struct row *r);
struct value column_busiest_pid(const struct row *r);
struct value column_busiest_comm(const struct row *r);

/* Is the service's port the remote one? Where the role is not known, the lower port is taken. */
bool column_service_is_remote(const struct ev_ident *id);
