// SPDX-License-Identifier: BSD-2-Clause
#include "api/ask.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/column.h"
#include "engine/filter.h"
#include "util/parse.h"
#include "util/xalloc.h"

#define ECHO_MAX 60
#define PID_MAX_LIMIT 4194304
#define STATES_ALL ((1u << ST_COUNT) - 1)

const char *const ask_parameters[] = {"filter", "pid",	   "unit", "container", "state", "netns",
				      "columns", "sort", "limit", "after",	 NULL};

static int fail(struct ask_problem *p, const char *title, const char *parameter, size_t at,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

static int fail(struct ask_problem *p, const char *title, const char *parameter, size_t at,
		const char *format, ...)
{
	va_list args;

	p->title = title;
	p->parameter = parameter;
	p->at = at;
	va_start(args, format);
	vsnprintf(p->text, sizeof(p->text), format, args);
	va_end(args);
	return -EINVAL;
}

static const char *get(const struct ask_from *from, const char *name)
{
	return from->get(from->context, name);
}

/* An empty parameter is one that is not given. */
static char *copy_of(const struct ask_from *from, const char *name)
{
	const char *value = get(from, name);

	return value && *value ? xstrdup(value) : NULL;
}

static int read_number(const struct ask_from *from, const char *name, uint64_t min, uint64_t max,
		       uint64_t *ret, bool *ret_given, struct ask_problem *p)
{
	const char *value = get(from, name);
	size_t at;

	if (!value || !*value)
		return 0;
	*ret_given = true;
	if (parse_uint(value, min, max, ret, &at))
		return fail(p, "bad number", name, at,
			    "expected a whole number from %llu to %llu", (unsigned long long)min,
			    (unsigned long long)max);
	return 0;
}

static int read_filter_words(struct ask *a, struct ask_problem *p)
{
	size_t at;

	if (!a->where)
		return 0;
	if (strlen(a->where) > ASK_FILTER_MAX)
		return fail(p, "bad filter", "filter", SIZE_MAX,
			    "the filter is too long: at most %d characters", ASK_FILTER_MAX);
	if (!ask_filter_check(a->where, &at))
		return 0;
	return fail(p, "bad filter", "filter", at,
		    "'%.*s' is no word of the filter language; names of hosts and services are not "
		    "looked up here: write the address, or the number of the port",
		    (int)(strcspn(a->where + at, " ()!&|") < ECHO_MAX
				  ? strcspn(a->where + at, " ()!&|")
				  : ECHO_MAX),
		    a->where + at);
}

/* The option of the command line that a parameter stands for. */
static const char *parameter_of(const char *option)
{
	return option && !strcmp(option, "--state") ? "state" : "filter";
}

static int read_filter(struct ask *a, const struct ask_from *from, struct cgroup_names *cgroups,
		       struct ask_problem *p)
{
	struct question *q = &a->question;
	struct filter_error error = {.at = SIZE_MAX};
	bool has_netns = false;
	uint64_t netns = 0;

	a->where = copy_of(from, "filter");
	a->unit = copy_of(from, "unit");
	a->container = copy_of(from, "container");
	a->states = copy_of(from, "state");
	q->where = a->where;
	q->unit = a->unit;
	q->container = a->container;
	q->states = a->states;
	if (read_number(from, "pid", 1, PID_MAX_LIMIT, &q->pid, &q->by_pid, p) ||
	    read_number(from, "netns", 1, UINT32_MAX, &netns, &has_netns, p) ||
	    read_filter_words(a, p))
		return -EINVAL;
	a->netns = (uint32_t)netns;
	a->has_filter =
		q->where || q->unit || q->container || q->states || q->by_pid || has_netns;
	a->filter = filter_new(q, cgroups, &error);
	if (a->filter)
		return 0;
	return fail(p, error.option && !strcmp(error.option, "--state") ? "bad state" : "bad filter",
		    parameter_of(error.option), error.argument ? error.at : SIZE_MAX, "%s",
		    error.text);
}

static int complain_column(const char *parameter, const char *list, size_t at, int err,
			   struct ask_problem *p)
{
	const struct column *near;
	char name[ECHO_MAX + 1];
	size_t len = strcspn(list + at, ",");

	if (err == -E2BIG)
		return fail(p, "bad column", parameter, at, "too many columns: at most %d",
			    LAYOUT_CELLS_MAX);
	snprintf(name, sizeof(name), "%.*s", (int)(len < ECHO_MAX ? len : ECHO_MAX), list + at);
	near = column_nearest(name);
	if (near)
		return fail(p, "bad column", parameter, at, "no column '%s' (did you mean %s?)", name,
			    near->name);
	return fail(p, "bad column", parameter, at, "no column '%s' (/api/v1/columns lists all)", name);
}

static int read_columns(struct ask *a, const struct ask_from *from,
			const struct ask_defaults *defaults, struct ask_problem *p)
{
	const char *list = get(from, "columns");
	size_t at;
	int err;

	if (!list || !*list)
		list = defaults->columns;
	err = section_parse(&a->section, list, &at);
	if (err)
		return complain_column("columns", list, at, err, p);
	a->adds_id = true;
	for (size_t i = 0; i < a->section.count; i++)
		a->adds_id &= strcmp(a->section.column[i]->name, "id") != 0;
	return 0;
}

static int read_sort(struct ask *a, const struct ask_from *from,
		     const struct ask_defaults *defaults, struct ask_problem *p)
{
	const char *sort = get(from, "sort");

	if (!sort || !*sort)
		sort = defaults->sort;
	if (!sort || !strcmp(sort, "id"))
		return 0;
	a->descending = *sort == '-';
	a->sort = column_find(sort + a->descending, strlen(sort + a->descending));
	return a->sort ? 0 : complain_column("sort", sort, a->descending, -EINVAL, p);
}

static int read_page(struct ask *a, const struct ask_from *from,
		     const struct ask_defaults *defaults, struct ask_problem *p)
{
	const char *after = get(from, "after");
	bool is_given;

	a->limit = defaults->limit;
	if (read_number(from, "limit", 1, ASK_ROWS_MAX, &a->limit, &is_given, p))
		return -EINVAL;
	if (!after || !*after)
		return 0;
	a->has_after = true;
	if (ask_cursor_read(after, &a->after_rank, &a->after_id))
		return fail(p, "bad page", "after", 0,
			    "expected what `next` of the page before said");
	return 0;
}

struct ask *ask_read(const struct ask_from *from, const struct ask_defaults *defaults,
		     struct watch *watch, struct cgroup_names *cgroups, struct ask_problem *problem)
{
	struct ask *a = xcalloc(1, sizeof(*a));

	a->question.watch = watch;
	if (!read_filter(a, from, cgroups, problem) && !read_columns(a, from, defaults, problem) &&
	    !read_sort(a, from, defaults, problem) && !read_page(a, from, defaults, problem))
		return a;
	ask_free(a);
	return NULL;
}

void ask_free(struct ask *a)
{
	if (!a)
		return;
	filter_free(a->filter);
	free(a->where);
	free(a->unit);
	free(a->container);
	free(a->states);
	free(a);
}

bool ask_takes(const struct ask *a, const struct ev_ident *ident, unsigned state)
{
	return (!a->netns || ident->netns == a->netns) && filter_states(a->filter) >> state & 1 &&
	       filter_matches(a->filter, ident);
}

bool ask_needs(const struct ask *a, unsigned need)
{
	unsigned needs = a->sort ? a->sort->needs : 0;

	for (size_t i = 0; i < a->section.count; i++)
		needs |= a->section.column[i]->needs;
	return needs & need;
}

void ask_cursor_write(double rank, uint64_t id, char *buf)
{
	uint64_t bits;

	memcpy(&bits, &rank, sizeof(bits));
	snprintf(buf, ASK_CURSOR_SIZE, "%016llx%016llx", (unsigned long long)bits,
		 (unsigned long long)id);
}

static int read_hex(const char *text, uint64_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 16; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			*ret = *ret << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*ret = *ret << 4 | (uint64_t)(c - 'a' + 10);
		else
			return -EINVAL;
	}
	return 0;
}

int ask_cursor_read(const char *text, double *ret_rank, uint64_t *ret_id)
{
	uint64_t bits;

	if (strlen(text) != 32 || read_hex(text, &bits) || read_hex(text + 16, ret_id))
		return -EINVAL;
	memcpy(ret_rank, &bits, sizeof(bits));
	/* No row has such a rank. */
	return *ret_rank == *ret_rank ? 0 : -EINVAL;
}

int ask_id_read(const char *text, uint64_t *ret)
{
	const char *dot = strchr(text, '.');
	char cookie[24];
	uint64_t number, reuse;
	size_t at;

	if (!dot || dot - text >= (ptrdiff_t)sizeof(cookie))
		return -EINVAL;
	snprintf(cookie, sizeof(cookie), "%.*s", (int)(dot - text), text);
	if (parse_uint(cookie, 0, (1ull << EV_ID_COOKIE_BITS) - 1, &number, &at) ||
	    parse_uint(dot + 1, 0, (1u << (64 - EV_ID_COOKIE_BITS)) - 1, &reuse, &at))
		return -EINVAL;
	*ret = reuse << EV_ID_COOKIE_BITS | number;
	return *ret ? 0 : -EINVAL;
}
