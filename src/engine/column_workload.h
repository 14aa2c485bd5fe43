// SPDX-License-Identifier: BSD-2-Clause
/*
 * The getters of the columns of column.c that name whose flow it is, for people (unit, container,
 * pod) and for other programs (community_id). The first three look into the cgroup tree, and need
 * NEED_CGROUPS; `context->cgroups` may be NULL, then they are not known.
 */
#pragma once
#include "engine/row.h"
#include "engine/value.h"

struct value column_unit(const struct row *r);
struct value column_container(const struct row *r);
struct value column_pod(const struct row *r);
struct value column_community_id(const struct row *r);
