// SPDX-License-Identifier: BSD-2-Clause
#include "probe/summary.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/ladder.h"
#include "probe/reason.h"
#include "probe/survey.h"
#include "util/xalloc.h"

#define DESCRIBED_MAX 3

static unsigned count(const struct survey *s, enum need_state state)
{
	unsigned found = 0;

	for (size_t n = 0; n < ladder_count; n++)
		found += survey_need(s, &ladder[n]) == state;
	return found;
}

/* What one gets of a need that is not met in full. */
static const char *gets(const struct survey *s, const struct need *need)
{
	for (size_t r = 0; need_has(need, r); r++)
		if (survey_state(s, need, r) == RUNG_USED)
			return need->rung[r].gives;
	return need->without;
}

/* Few are described, many are named: the lines above tell more of each. */
static void list_needs(FILE *text, const struct survey *s, enum need_state state, const char *title)
{
	bool few = count(s, state) <= DESCRIBED_MAX;
	const char *separator = "";

	if (!count(s, state))
		return;
	fprintf(text, " %s: ", title);
	for (size_t n = 0; n < ladder_count; n++) {
		if (survey_need(s, &ladder[n]) != state)
			continue;
		fprintf(text, "%s%s", separator, ladder[n].name);
		if (few)
			fprintf(text, " (%s: %s)", ladder[n].what, gets(s, &ladder[n]));
		separator = few ? "; " : ", ";
	}
	fputc('.', text);
}

/* What helps to a better way than the one that is used; each advice once, of all needs. */
static void list_remedies(FILE *text, const struct survey *s)
{
	char(*told)[sizeof(((struct reason *)0)->advice)];
	size_t count = 0;

	told = xcalloc(ladder_count * RUNGS_MAX, sizeof(*told));
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++) {
			struct reason reason;
			size_t known = 0;

			if (survey_state(s, &ladder[n], r) == RUNG_USED)
				break;
			if (survey_state(s, &ladder[n], r) != RUNG_UNAVAILABLE)
				continue;
			reason_find(&ladder[n].rung[r], survey_refusal(s, &ladder[n], r), &reason);
			while (known < count && strcmp(told[known], reason.advice))
				known++;
			if (known < count)
				continue;
			fprintf(text, "%s %s", count ? ";" : " Remedy:", reason.advice);
			memcpy(told[count++], reason.advice, sizeof(reason.advice));
		}
	if (count)
		fputc('.', text);
	free(told);
}

/* Why the best source is not the one that is used, to *ret; false if it is. */
static bool find_broken_source(const struct survey *s, struct reason *ret)
{
	const struct rung *broken;
	struct refusal refusal;

	if (!strcmp(survey_source(s), "bpf"))
		return false;
	broken = ladder_broken("bpf", &refusal);
	if (broken)
		reason_find(broken, &refusal, ret);
	return broken;
}

char *summary_text(const struct survey *s)
{
	struct reason reason;
	char *line = NULL;
	size_t size;
	bool broken;
	FILE *text = open_memstream(&line, &size);

	if (!text)
		xalloc_failed();
	if (!strcmp(survey_source(s), "none"))
		fputs("live connections cannot be watched here; captures and recordings can be "
		      "read.",
		      text);
	else if (count(s, NEED_FULL) == ladder_count)
		fprintf(text, "everything works in full, with the source %s.", survey_source(s));
	else
		fprintf(text, "works with the source %s; %u of %zu needs are met in full.",
			survey_source(s), count(s, NEED_FULL), ladder_count);
	broken = find_broken_source(s, &reason);
	if (broken)
		fprintf(text, " BPF is unavailable: %s.", reason.why);
	list_needs(text, s, NEED_PARTIAL, "In part");
	list_needs(text, s, NEED_MISSING, "Not at all");
	/* With BPF the rest would come, or say what it lacks. */
	if (broken)
		fprintf(text, " Remedy: %s.", reason.advice);
	else
		list_remedies(text, s);
	if (fclose(text))
		xalloc_failed();
	return line;
}
