// SPDX-License-Identifier: BSD-2-Clause
/* What a run lost, and what is said of it at its end. */
#pragma once
#include <stdint.h>

struct account;
struct source;

/* `unseen` flows, which the source counts as lost or, if it has not noticed, live, got their row.
 */
void loss_unseen(struct account *a, uint64_t unseen);

/*
 * Warnings on stderr; none if there was no loss. `handshakes` is looked at where the source keeps an
 * account of them beside that of flows.
 */
void loss_warn(const struct account *a, const struct account *handshakes, const struct source *s);
