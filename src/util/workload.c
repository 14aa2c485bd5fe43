// SPDX-License-Identifier: BSD-2-Clause
#include "util/workload.h"

#include <string.h>

#define ID_LEN 64
#define STATIC_UID_LEN 32 /* of a static pod: a digest of its manifest */
#define STEP_LEN 25	  /* of BuildKit: a step of a build */

/* Some bytes of the path; not terminated. */
struct piece {
	const char *at;
	size_t len;
};

#define PIECE(literal) ((struct piece){literal, sizeof(literal) - 1})

static bool is(struct piece p, struct piece other)
{
	return p.len == other.len && !memcmp(p.at, other.at, p.len);
}

static bool begins(struct piece p, struct piece with)
{
	return p.len >= with.len && !memcmp(p.at, with.at, with.len);
}

static bool cut_begin(struct piece *p, struct piece begin)
{
	if (!begins(*p, begin))
		return false;
	p->at += begin.len;
	p->len -= begin.len;
	return true;
}

static bool cut_end(struct piece *p, struct piece end)
{
	if (p->len < end.len || memcmp(p->at + p->len - end.len, end.at, end.len))
		return false;
	p->len -= end.len;
	return true;
}

/* Take the last component off `*path`; false if there is none. Empty ones are passed over. */
static bool cut_component(struct piece *path, struct piece *ret)
{
	size_t end = path->len, begin;

	while (end && path->at[end - 1] == '/')
		end--;
	begin = end;
	while (begin && path->at[begin - 1] != '/')
		begin--;
	*ret = (struct piece){path->at + begin, end - begin};
	path->len = begin;
	return end > begin;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(struct piece p, size_t len)
{
	if (p.len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_digit(p.at[i]) && !(p.at[i] >= 'a' && p.at[i] <= 'f'))
			return false;
	return true;
}

static bool is_step(struct piece p)
{
	if (p.len != STEP_LEN)
		return false;
	for (size_t i = 0; i < p.len; i++)
		if (!is_digit(p.at[i]) && !(p.at[i] >= 'a' && p.at[i] <= 'z'))
			return false;
	return true;
}

/*
 * Append `p` to the text of `*used` bytes in `out`. systemd writes the dash of a name as \x2d;
 * other bytes that it writes so stay as they are: they may be line feeds.
 */
static void append(char *out, size_t size, size_t *used, struct piece p)
{
	for (size_t i = 0; i < p.len && *used + 1 < size; i++) {
		struct piece rest = {p.at + i, p.len - i};
		bool is_dash = begins(rest, PIECE("\\x2d"));

		out[(*used)++] = is_dash ? '-' : p.at[i];
		i += is_dash ? 3 : 0;
	}
	out[*used] = '\0';
}

static bool set_container(struct workload *w, struct piece runtime, struct piece name)
{
	size_t used = 0;

	append(w->container, sizeof(w->container), &used, runtime);
	append(w->container, sizeof(w->container), &used, PIECE(":"));
	append(w->container, sizeof(w->container), &used, name);
	return true;
}

static bool set_id(struct workload *w, struct piece runtime, struct piece id)
{
	id.len = WORKLOAD_ID_SHOWN;
	return set_container(w, runtime, id);
}

/* Is there a component above that begins so? */
static bool is_below(struct piece above, struct piece begin)
{
	struct piece component;

	while (cut_component(&above, &component))
		if (begins(component, begin))
			return true;
	return false;
}

/* kubepods, kubepods.slice, kubelet-kubepods.slice; or cut off by our own cgroup namespace. */
static bool is_below_kubepods(struct piece above)
{
	return is_below(above, PIECE("kubepods")) || is_below(above, PIECE("kubelet-kubepods")) ||
	       begins(above, PIECE("/../"));
}

/* The dashes of an uid are underscores in the name of a slice. */
static bool is_dashed_uid(struct piece p)
{
	if (p.len != WORKLOAD_POD_SIZE - 1)
		return false;
	for (size_t i = 0; i < p.len; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		struct piece one = {p.at + i, 1};

		if (is_dash ? *one.at != '-' && *one.at != '_' : !is_hex(one, 1))
			return false;
	}
	return true;
}

/* Of kubepods-burstable-podUID, what comes after "-pod"; false if it is no such name. */
static bool cut_pod_slice(struct piece *name)
{
	for (size_t dash = name->len; dash-- > 0;) {
		struct piece uid = {name->at + dash, name->len - dash}, before = {name->at, dash};

		if (!cut_begin(&uid, PIECE("-pod")))
			continue;
		if (!cut_end(&before, PIECE("-besteffort")))
			cut_end(&before, PIECE("-burstable"));
		*name = uid;
		/* Of a kubelet with --cgroup-root, the names of its slices stand before. */
		return cut_end(&before, PIECE("kubepods")) &&
		       (!before.len || before.at[before.len - 1] == '-');
	}
	return false;
}

/* A slice, if the driver is systemd; a folder podUID below kubepods, if it is cgroupfs. */
static bool read_pod(struct piece component, struct piece above, struct workload *w)
{
	const char *colon = memchr(component.at, ':', component.len);
	struct piece uid = component;

	if (colon)
		uid.len = (size_t)(colon - uid.at);
	cut_end(&uid, PIECE(".slice"));
	if (cut_begin(&uid, PIECE("pod")) ? !is_below_kubepods(above) : !cut_pod_slice(&uid))
		return false;
	if (!is_dashed_uid(uid) && !is_hex(uid, STATIC_UID_LEN))
		return false;
	for (size_t i = 0; i < uid.len; i++)
		w->pod[i] = uid.at[i] == '_' ? '-' : uid.at[i];
	w->pod[uid.len] = '\0';
	return true;
}

/* What stands before an id, and what we call the runtime. conmon watches a container from outside.
 */
static const struct {
	struct piece prefix, runtime;
} runtimes[] = {
	{{"docker", 6}, {"docker", 6}},
	{{"libpod", 6}, {"podman", 6}},
	{{"libpod-payload", 14}, {"podman", 6}}, /* --cgroups=split, as Quadlet has it */
	{{"crio", 4}, {"cri-o", 5}},
	{{"cri-containerd", 14}, {"containerd", 10}},
	{{"nerdctl", 7}, {"containerd", 10}},
};

/* The id comes after the prefix and one of '-' (a scope) and ':' (a path that nobody took apart).
 */
static bool read_prefixed(struct piece component, char separator, struct workload *w)
{
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		struct piece id = component;

		if (!cut_begin(&id, runtimes[i].prefix) || !id.len || *id.at != separator)
			continue;
		id.at++;
		id.len--;
		if (is_hex(id, ID_LEN))
			return set_id(w, runtimes[i].runtime, id);
		if (separator == ':' && is_step(id))
			return set_id(w, PIECE("buildkit"), id);
	}
	return false;
}

/* SLICE:RUNTIME:ID, where the runtime uses the driver cgroupfs and was told a path for systemd. */
static bool read_colons(struct piece component, struct workload *w)
{
	const char *colon = memchr(component.at, ':', component.len);

	if (!colon)
		return false;
	component.len -= (size_t)(colon + 1 - component.at);
	component.at = colon + 1;
	return read_prefixed(component, ':', w);
}

/* An id alone, which only the folders above it explain. */
static bool read_bare_id(struct piece id, struct piece above, struct workload *w)
{
	struct piece rest = above, parent, other;
	bool is_top;

	cut_component(&rest, &parent);
	is_top = !cut_component(&rest, &other);
	if (is(parent, PIECE("buildkit")) && is_step(id))
		return set_id(w, PIECE("buildkit"), id);
	if (!is_hex(id, ID_LEN))
		return false;
	if (is(parent, PIECE("docker")) || is(parent, PIECE("buildkit")) ||
	    is(parent, PIECE("actions_job")) || begins(above, PIECE("/ecs/")))
		return set_id(w, PIECE("docker"), id);
	/* By which runtime, the path does not tell. */
	if (is_below_kubepods(above))
		return set_id(w, PIECE("kubernetes"), id);
	/* The usual namespaces of containerd. */
	if (is_top && (is(parent, PIECE("default")) || is(parent, PIECE("k8s.io"))))
		return set_id(w, PIECE("containerd"), id);
	return false;
}

static bool read_named(struct piece component, struct piece above, struct workload *w)
{
	struct piece name = component, rest = above, parent;

	cut_component(&rest, &parent);
	if (cut_begin(&name, PIECE("lxc.payload.")) || is(parent, PIECE("lxc")) ||
	    is(parent, PIECE("lxc.payload")))
		return name.len && !is(name, PIECE("..")) && set_container(w, PIECE("lxc"), name);
	if (cut_begin(&name, PIECE("machine-")))
		return cut_end(&name, PIECE(".scope")) && name.len &&
		       is_below(above, PIECE("machine.slice")) &&
		       set_container(w, PIECE("machine"), name);
	if (cut_begin(&name, PIECE("systemd-nspawn@")))
		return cut_end(&name, PIECE(".service")) && name.len &&
		       set_container(w, PIECE("machine"), name);
	/* libvirt where there is no systemd. */
	if (cut_end(&name, PIECE(".libvirt-qemu")) || cut_end(&name, PIECE(".libvirt-lxc")))
		return name.len && set_container(w, PIECE("machine"), name);
	return false;
}

static bool read_container(struct piece component, struct piece above, struct workload *w)
{
	struct piece scope = component;

	cut_end(&scope, PIECE(".scope"));
	return read_prefixed(scope, '-', w) || read_colons(component, w) ||
	       read_bare_id(component, above, w) || read_named(component, above, w);
}

static bool read_unit(struct piece component, struct workload *w)
{
	static const struct piece types[] = {
		{".service", 8}, {".scope", 6}, {".socket", 7}, {".mount", 6}};
	size_t used = 0;

	/* systemd puts '_' before a name that the kernel could take for a file of its own. */
	cut_begin(&component, PIECE("_"));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct piece name = component;

		if (!cut_end(&name, types[i]) || !name.len)
			continue;
		append(w->unit, sizeof(w->unit), &used, component);
		return true;
	}
	return false;
}

void workload_read(const char *path, size_t len, struct workload *ret)
{
	struct piece above = {path, len}, component;
	bool has_unit = false, has_container = false, has_pod = false;

	memset(ret, 0, sizeof(*ret));
	while (!(has_unit && has_container && has_pod) && cut_component(&above, &component)) {
		if (component.len >= WORKLOAD_UNIT_SIZE ||
		    memchr(component.at, '\0', component.len))
			continue;
		has_unit = has_unit || read_unit(component, ret);
		has_container = has_container || read_container(component, above, ret);
		has_pod = has_pod || read_pod(component, above, ret);
	}
}
