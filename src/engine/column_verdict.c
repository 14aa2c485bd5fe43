// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column_verdict.h"

#include <stdio.h>
#include <string.h>

#include "verdict/sentence.h"
#include "verdict/verdict.h"

#define COLUMN(name) struct value column_##name(const struct row *r)
#define TEXT_MAX 512

static const struct rule *rule_of(const struct row *r)
{
	return r->verdict ? r->verdict->rule : NULL;
}

/* What sentences say of the subject besides facts. */
static struct subject subject_of(const struct row *r)
{
	struct subject s = {
		.ident = r->ident ? r->ident : r->judged,
		.error = r->error,
		.handshake = r->handshake,
	};

	subject_set_extra(&s, r->extra);
	return s;
}

COLUMN(verdict)
{
	return rule_of(r) ? value_text(rule_of(r)->code) : value_none();
}

COLUMN(severity)
{
	return rule_of(r) ? value_text(severity_name(r->verdict->severity)) : value_none();
}

COLUMN(limited_by)
{
	return r->verdict ? value_text(limit_name(r->verdict->limit)) : value_none();
}

COLUMN(certainty)
{
	return rule_of(r) ? value_text(certainty_name(r->verdict->certainty)) : value_none();
}

COLUMN(also)
{
	static _Thread_local char text[TEXT_MAX];
	size_t used = 0;

	for (unsigned i = 0; r->verdict && i < r->verdict->also_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
					 r->verdict->also[i]->code);
	return used ? value_chars(text, used) : value_none();
}

COLUMN(basis)
{
	if (!rule_of(r))
		return value_none();
	return value_text(r->verdict->facts.is_life ? "life" : "interval");
}

static struct value text_of(const struct row *r, const char *template, char *text)
{
	struct subject s = subject_of(r);

	return value_chars(text, sentence_write(template, &s, &r->verdict->facts, text, TEXT_MAX));
}

COLUMN(sentence)
{
	static _Thread_local char text[TEXT_MAX];

	return rule_of(r) ? text_of(r, rule_of(r)->sentence, text) : value_none();
}

COLUMN(next)
{
	static _Thread_local char text[TEXT_MAX];

	return rule_of(r) ? text_of(r, rule_of(r)->next, text) : value_none();
}

COLUMN(evidence)
{
	static _Thread_local char text[TEXT_MAX];

	if (!rule_of(r))
		return value_none();
	sentence_json(rule_of(r)->keys, &r->verdict->facts, text, sizeof(text));
	return value_json(text);
}
