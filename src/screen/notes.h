/* SPDX-License-Identifier: BSD-2-Clause */
/* What is remembered of groups: whether they are open; and of lines: their place in an order that
 * is held. */
#pragma once
#include "screen/lines.h"

bool notes_is_open(const struct list *l, uint64_t key);

/* Open or close a group; let all be as ui.all_open has it. */
void notes_open(struct list *l, uint64_t key, bool open);
void notes_open_all(struct list *l);

/* The place of a line in the order that is held; one that is new comes last. */
uint32_t notes_rank(struct list *l, const struct line *line);
void notes_forget_ranks(struct list *l);
