// SPDX-License-Identifier: BSD-2-Clause
/* What a run lost, and what is said of it at its end. */
#pragma once
#include <stdint.h>

struct account;
struct source;

/* `unseen` flows, which the source counts as lost or, if it has not noticed, live, got their row.
 */
void loss_unseen(struct account *a, uint64_t unseen);

/* Warnings on stderr; none if there was no loss. */
void loss_warn(const struct account *a, const struct source *s);
