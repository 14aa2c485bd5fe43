// SPDX-License-Identifier: BSD-2-Clause
#include "screen/cell_text.h"

#include <stdio.h>
#include <string.h>

#include "screen/human.h"
#include "view/view.h"

#define BITS 8

void cell_row(struct scene *s, const struct line *line, struct row *ret)
{
	s->maker.view = s->view;
	s->maker.moment = s->moment;
	s->maker.totals = s->ui->totals || s->ui->page == PAGE_CLOSED;
	if (line->kind == LINE_GROUP)
		row_of_sum(&s->maker, &s->list->sum[line->index], ret);
	else
		row_of_track(&s->maker, line->index, ret);
}

static size_t rate(const struct scene *s, double bytes, bool is_total, char *buf)
{
	double n = is_total ? bytes : bytes / (s->interval_s > 0 ? s->interval_s : 1);

	return human_number(s->ui->bits ? n * BITS : n, s->ui->binary, buf);
}

static size_t copy(char *buf, const char *text)
{
	return (size_t)snprintf(buf, CELL_TEXT_MAX, "%s", text);
}

/* What a group is called, in the first columns that can hold it. */
static size_t group_name(const struct scene *s, const struct line *line, const struct row *row,
			 const struct field *field, char *buf)
{
	static const char *const names[BY_COUNT] = {NULL,    NULL,   "unit", "container",
						    "raddr", "port", "group"};
	const struct ui *ui = s->ui;
	const char *name = field->column->name, *text, *of = names[ui->by];
	/* Names of programs are short; whatever else groups have in common has more room. */
	const char *wide = fields_find(&ui->fields[ui->page], "remote") >= 0 ? "remote" : "local";
	const char *count_at = of ? "comm" : wide, *name_at = of ? wide : "comm";
	const struct column *c = of ? column_find(of, strlen(of)) : NULL;
	char number[VALUE_TEXT_MAX];
	struct value v;
	size_t len;

	if (!strcmp(name, count_at))
		return (size_t)snprintf(buf, CELL_TEXT_MAX, "%llu flow%s",
					(unsigned long long)s->list->sum[line->index].flows,
					s->list->sum[line->index].flows == 1 ? "" : "s");
	if (!c || strcmp(name, name_at))
		return 0;
	v = c->get(row);
	len = value_format(&v, number, &text);
	return len ? (size_t)snprintf(buf, CELL_TEXT_MAX, "%.*s", (int)len, text) : copy(buf, "-");
}

static size_t plain(const struct value *v, char *buf, const char **ret_text)
{
	return value_format(v, buf, ret_text);
}

size_t cell_text(const struct scene *s, const struct line *line, const struct row *row,
		 const struct field *field, int width, char *buf, const char **ret_text)
{
	bool is_group = line->kind == LINE_GROUP;
	struct value v;
	size_t len;

	*ret_text = buf;
	if (is_group) {
		len = group_name(s, line, row, field, buf);
		if (len)
			return len;
		if (!strcmp(field->column->name, "local") || !strcmp(field->column->name, "remote"))
			return 0;
	}
	v = field->column->get(row);
	if (v.type == VALUE_NONE)
		return 0;
	switch (field->look) {
	case LOOK_RATE:
		return rate(s, value_number(&v), s->ui->totals, buf);
	case LOOK_BYTES:
		return human_number(value_number(&v), s->ui->binary, buf);
	case LOOK_MS:
		len = human_ms(value_number(&v), buf + 1);
		/* Of several flows: a mean, by what each moved. */
		buf[0] = '~';
		*ret_text = buf + !(is_group && row->flows > 1);
		return len + (is_group && row->flows > 1);
	case LOOK_AGE:
		return human_age((uint64_t)value_number(&v), buf);
	case LOOK_ADDRESS:
		if (v.type == VALUE_ADDR || v.type == VALUE_ENDPOINT)
			return human_address(&v, (size_t)width, false, buf);
		break;
	default:
		break;
	}
	return plain(&v, buf, ret_text);
}
