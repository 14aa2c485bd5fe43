// SPDX-License-Identifier: BSD-2-Clause
#include "engine/filter.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/flow_filter.h"
#include "engine/question.h"
#include "engine/state_list.h"
#include "engine/syscalls.h"
#include "engine/tuple_filter.h"
#include "engine/watch.h"
#include "engine/workload_of.h"
#include "util/cgroup.h"
#include "util/netns_find.h"
#include "util/parse.h"
#include "util/xalloc.h"

struct filter {
	const struct question *question;
	struct cgroup_names *cgroups;
	uint64_t cgroup_id; /* 0: all */
	uint32_t netns;	    /* 0: all */
	bool netns_is_unsure;
	int cgroup_map, mntns_map; /* fd or -1 */
	uint32_t states;
	struct flow_filter *expression;
};

static int fail(struct filter_error *error, const char *option, const char *argument, size_t at,
		const char *text)
{
	error->option = option;
	error->argument = argument;
	error->at = at;
	if (text != error->text)
		snprintf(error->text, sizeof(error->text), "%s", text);
	return -EINVAL;
}

static int set_cgroup(struct filter *f, struct filter_error *error)
{
	const char *path = f->question->cgroup;
	int err;

	if (!path)
		return 0;
	err = cgroup_id_of(f->cgroups, path, &f->cgroup_id);
	if (!err) {
		cgroup_names_refresh(f->cgroups);
		return 0;
	}
	snprintf(error->text, sizeof(error->text), "cannot use cgroup %s: %s", path,
		 err == -EINVAL ? "it is not a directory of cgroup v2" : strerror(-err));
	return fail(error, "--cgroup", path, SIZE_MAX, error->text);
}

uint32_t filter_netns_inode(const char *name)
{
	uint64_t inode;
	size_t at;

	return parse_uint(name, 1, UINT32_MAX, &inode, &at) ? netns_find_path(name)
							    : (uint32_t)inode;
}

/* Somebody who has the number of a process at hand may take it for that of its namespace. */
static int refuse_number(const char *number, struct filter_error *error)
{
	char folder[64];

	snprintf(folder, sizeof(folder), "/proc/%.20s", number);
	if (!access(folder, F_OK))
		snprintf(error->text, sizeof(error->text),
			 "no network namespace %.20s; that is a process: use /proc/%.20s/ns/net",
			 number, number);
	else
		snprintf(
			error->text, sizeof(error->text),
			"no network namespace has the inode number %.20s now (\"lsns -t net\" lists them)",
			number);
	return fail(error, "--netns", number, SIZE_MAX, error->text);
}

static int set_netns(struct filter *f, struct filter_error *error)
{
	const char *name = f->question->netns;
	size_t digits;
	int there;

	if (!name)
		return 0;
	digits = strspn(name, "0123456789");
	f->netns = filter_netns_inode(name);
	if (f->netns && (name[digits] || f->question->watch->read_path))
		/* What was recorded may have gone since, or be another machine's. */
		return 0;
	there = f->netns ? netns_find_inode(f->netns) : 0;
	f->netns_is_unsure = there < 0;
	if (there)
		return 0;
	if (digits && !name[digits])
		return refuse_number(name, error);
	snprintf(
		error->text, sizeof(error->text),
		"no network namespace '%.100s': neither a name in /run/netns, an inode number, nor a path "
		"such as /proc/PID/ns/net",
		name);
	return fail(error, "--netns", name, SIZE_MAX, error->text);
}

static int open_map(const char *option, const char *path, unsigned key_size, int *ret_fd,
		    struct filter_error *error)
{
	struct bpf_map_info info = {0};
	unsigned len = sizeof(info);
	int fd;

	if (!path)
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0) {
		snprintf(error->text, sizeof(error->text), "cannot open the pinned map %s: %s", path,
			 strerror(errno));
		return fail(error, option, path, SIZE_MAX, error->text);
	}
	*ret_fd = fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.key_size != key_size) {
		snprintf(error->text, sizeof(error->text),
			 "the map %s has keys of %u bytes, but %u are needed", path, info.key_size,
			 key_size);
		return fail(error, option, path, SIZE_MAX, error->text);
	}
	return 0;
}

static int set_expression(struct filter *f, struct filter_error *error)
{
	const char *where = f->question->where;
	size_t at = 0;

	if (!where)
		return 0;
	if (strlen(where) > FILTER_TEXT_MAX) {
		snprintf(error->text, sizeof(error->text),
			 "the filter is too long: at most %d characters", FILTER_TEXT_MAX);
		return fail(error, "filter", NULL, SIZE_MAX, error->text);
	}
	f->expression = flow_filter_new(where, error->text, sizeof(error->text), &at);
	if (f->expression)
		return 0;
	/* ss writes it like that; here it would be a word of tcpdump's language. */
	if (!strncmp(where, "state", 5) && (where[5] == ' ' || where[5] == '='))
		snprintf(error->text, sizeof(error->text),
			 "the filter knows no states: give them with --state %.*s",
			 (int)strcspn(where + 6, " "), where + 6);
	return fail(error, "filter", where, at, error->text);
}

static int set_states(struct filter *f, struct filter_error *error)
{
	const char *list = f->question->states;
	size_t at = 0;

	f->states = STATE_LIST_ALL;
	if (!list || !state_list_parse(list, &f->states, &at))
		return 0;
	snprintf(error->text, sizeof(error->text),
		 "no TCP state '%.*s' (states are written as ss writes them: established, "
		 "close-wait, time-wait, listening, ...)", (int)strcspn(list + at, ","), list + at);
	return fail(error, "--state", list, at, error->text);
}

struct filter *filter_new(const struct question *question, struct cgroup_names *cgroups,
			  struct filter_error *error)
{
	struct filter *f = xcalloc(1, sizeof(*f));

	f->question = question;
	f->cgroups = cgroups;
	f->cgroup_map = f->mntns_map = -1;
	if (set_cgroup(f, error) || set_netns(f, error) || set_states(f, error) || set_expression(f, error) ||
	    open_map("--cgroupmap", question->cgroup_map, 8, &f->cgroup_map, error) ||
	    open_map("--mntnsmap", question->mntns_map, 8, &f->mntns_map, error)) {
		filter_free(f);
		return NULL;
	}
	return f;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	flow_filter_free(f->expression);
	if (f->cgroup_map >= 0)
		close(f->cgroup_map);
	if (f->mntns_map >= 0)
		close(f->mntns_map);
	free(f);
}

uint32_t filter_netns(const struct filter *f)
{
	return (uint32_t)f->netns;
}

bool filter_netns_is_unsure(const struct filter *f)
{
	return f->netns_is_unsure;
}

uint32_t filter_states(const struct filter *f)
{
	return f->states;
}

unsigned filter_syscalls(const struct filter *f)
{
	bool asks_maps = f->cgroup_map >= 0 || f->mntns_map >= 0;
	bool asks_cgroups = f->cgroup_id || f->question->unit || f->question->container;

	/* Cgroups that are made while we run are looked up. */
	return (asks_cgroups ? SYSCALLS_FILES : 0) | (asks_maps ? SYSCALLS_BPF_MAPS : 0);
}

static bool port_in(const uint8_t *set, unsigned port)
{
	return !set || (set[port / 8] & (1u << (port % 8)));
}

/* The map belongs to somebody else, who may change it while we run: ask it each time. */
static bool key_in(int map_fd, uint64_t key)
{
	char value[256];

	return map_fd < 0 || !bpf_map_lookup_elem(map_fd, &key, value);
}

static bool matches_workload(const struct filter *f, const struct ev_ident *id)
{
	const struct workload *w = &workload_of(f->cgroups, id)->workload;
	const struct question *q = f->question;

	return (!q->unit || workload_matches_unit(w, q->unit)) &&
	       (!q->container || workload_matches_container(w, q->container));
}

bool filter_matches(const struct filter *f, const struct ev_ident *id)
{
	const struct question *s = f->question;
	bool v4 = addr_is_v4(&id->raddr);

	if ((s->only_v4 && !v4) || (s->only_v6 && v4))
		return false;
	if (s->by_pid && (!id->owner_source || id->pid != s->pid))
		return false;
	if (!port_in(s->lports, id->lport) || !port_in(s->rports, id->rport))
		return false;
	if (f->netns && id->netns != f->netns)
		return false;
	if (f->cgroup_id && !cgroup_is_below(f->cgroups, id->cgroup_id, f->cgroup_id))
		return false;
	if (!key_in(f->cgroup_map, id->cgroup_id) || !key_in(f->mntns_map, id->mntns))
		return false;
	if ((s->unit || s->container) && !matches_workload(f, id))
		return false;
	if (s->tuples && !tuple_filters_match(s->tuples, id))
		return false;
	return !f->expression || flow_filter_matches(f->expression, id);
}
