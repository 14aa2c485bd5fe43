// SPDX-License-Identifier: BSD-2-Clause
/*
 * The getters of the columns of column.c that say what is wrong with a flow, or what limits it. They
 * need NEED_VERDICT: then the view has judged the row. Of several flows there is nothing to show.
 */
#pragma once
#include "engine/row.h"
#include "engine/value.h"

struct value column_verdict(const struct row *r);
struct value column_severity(const struct row *r);
struct value column_limited_by(const struct row *r);
struct value column_certainty(const struct row *r);
struct value column_also(const struct row *r);
struct value column_basis(const struct row *r);
struct value column_sentence(const struct row *r);
struct value column_evidence(const struct row *r);
struct value column_next(const struct row *r);
