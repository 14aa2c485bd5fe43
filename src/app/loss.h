// SPDX-License-Identifier: BSD-2-Clause
/* What a run lost, and what is said of it at its end. */
#pragma once
#include <stdint.h>

struct account;
struct all_asked;
struct source;

/* `unseen` flows, which the source counts as lost or, if it has not noticed, live, got their row.
 */
void loss_unseen(struct account *a, uint64_t unseen);

/*
 * Add what consumers lost themselves to the readings that found no place. Returns what was not sent: whoever
 * sends has told of it.
 */
uint64_t loss_overflow(struct account *a, const struct all_asked *asked);

/*
 * Warnings on stderr; none if there was no loss. `handshakes` is looked at where the source keeps an
 * account of them beside that of flows.
 */
void loss_warn(const struct account *a, const struct account *handshakes, const struct source *s);
