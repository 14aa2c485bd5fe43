// SPDX-License-Identifier: BSD-2-Clause
#include "screen/notes.h"

#include <string.h>

static struct list_note *find_note(const struct list *l, uint64_t key, bool add)
{
	uint32_t i = (uint32_t)key & (LIST_NOTES - 1);

	for (uint32_t n = 0; n < LIST_NOTES; n++, i = (i + 1) & (LIST_NOTES - 1)) {
		struct list_note *note = &l->note[i];

		if (note->key == key)
			return note;
		if (note->key)
			continue;
		if (!add)
			return NULL;
		note->key = key;
		return note;
	}
	return NULL;
}

bool notes_is_open(const struct list *l, uint64_t key)
{
	const struct list_note *note = find_note(l, key, false);

	return note && (note->is_open || note->is_shut) ? note->is_open : l->ui->all_open;
}

void notes_open(struct list *l, uint64_t key, bool open)
{
	struct list_note *note = find_note(l, key, true);

	if (!note)
		return;
	note->is_open = open;
	note->is_shut = !open;
}

void notes_open_all(struct list *l)
{
	for (uint32_t i = 0; i < LIST_NOTES; i++)
		l->note[i].is_open = l->note[i].is_shut = false;
}

uint32_t notes_rank(struct list *l, const struct line *line)
{
	struct list_note *note;

	if (line->kind == LINE_GROUP) {
		note = find_note(l, l->sum[line->index].key, true);
		if (!note)
			return UINT32_MAX;
	} else {
		note = &l->held[line->index];
		if (note->key != line->id)
			*note = (struct list_note){.key = line->id};
	}
	if (!note->rank)
		note->rank = ++l->next_rank;
	return note->rank;
}

void notes_forget_ranks(struct list *l)
{
	for (uint32_t i = 0; i < LIST_NOTES; i++)
		l->note[i].rank = 0;
	memset(l->held, 0, (size_t)l->limit * sizeof(*l->held));
	l->next_rank = 0;
}
