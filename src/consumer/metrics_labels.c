// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/metrics_labels.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/needs.h"
#include "engine/prefix.h"
#include "engine/usage.h"
#include "engine/workload_of.h"
#include "metrics/expose.h"
#include "util/cgroup.h"
#include "util/parse.h"
#include "util/pods.h"

static const struct {
	const char *name, *otel_name;
	unsigned needs;
} labels[LABEL_COUNT] = {
	[LABEL_COMM] = {"comm", "process.executable.name", NEED_OWNER},
	[LABEL_UNIT] = {"unit", "tcpsight.unit", NEED_OWNER | NEED_CGROUPS},
	[LABEL_CONTAINER] = {"container", "container.id", NEED_OWNER | NEED_CGROUPS},
	[LABEL_POD] = {"pod", "k8s.pod.uid", NEED_OWNER | NEED_CGROUPS},
	[LABEL_NAMESPACE] = {"namespace", "k8s.namespace.name", NEED_OWNER | NEED_CGROUPS},
	[LABEL_UID] = {"uid", "user.id", 0},
	[LABEL_NETNS] = {"netns", "tcpsight.netns", 0},
	[LABEL_ROLE] = {"side", "tcpsight.side", 0},
	[LABEL_FAMILY] = {"family", "network.type", 0},
	[LABEL_REMOTE_CLASS] = {"remote_class", "tcpsight.remote_class", 0},
	[LABEL_SUBNET] = {"subnet", "tcpsight.subnet", 0},
	[LABEL_SERVICE_PORT] = {"service_port", "server.port", 0},
};

const char *const metrics_label_words[] = {
	[LABEL_COMM] = "comm",
	[LABEL_UNIT] = "unit",
	[LABEL_CONTAINER] = "container",
	[LABEL_POD] = "pod",
	[LABEL_NAMESPACE] = "namespace",
	[LABEL_UID] = "uid",
	[LABEL_NETNS] = "netns",
	[LABEL_ROLE] = "role",
	[LABEL_FAMILY] = "family",
	[LABEL_REMOTE_CLASS] = "remote_class",
	[LABEL_SUBNET] = "subnet",
	[LABEL_SERVICE_PORT] = "service_port",
	[LABEL_COUNT] = NULL,
};

/* Words that people will try, and what each would do. */
static const char *const endless[] = {"raddr", "laddr",	 "rport",     "lport",	"remote", "local",
				      "pid",   "cookie", "cgroup_id", "cgroup", "thread"};

static int refuse(struct usage_error *error, const char *list, size_t at, const char *name,
		  size_t len)
{
	const char *nearest;
	char word[32];

	error->argument = list;
	error->at = at;
	snprintf(word, sizeof(word), "%.*s", (int)(len < 31 ? len : 31), name);
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++)
		if (!strcmp(word, endless[i])) {
			snprintf(
				error->text, sizeof(error->text),
				"argument --by: '%s' as a label would make a series per connection; use "
				"remote_class, subnet or service_port, and a recording for single flows",
				word);
			return -EINVAL;
		}
	nearest = parse_nearest(word, metrics_label_words, LABEL_COUNT);
	snprintf(
		error->text, sizeof(error->text),
		"argument --by: no label '%s'%s%s%s (there are comm, unit, container, pod, namespace, uid, "
		"netns, role, family, remote_class, subnet, service_port)",
		word, nearest ? ", did you mean '" : "", nearest ? nearest : "",
		nearest ? "'?" : "");
	return -EINVAL;
}

static enum metrics_label find(const char *name, size_t len)
{
	for (unsigned i = 0; i < LABEL_COUNT; i++) {
		const char *known = metrics_label_words[i];

		if (strlen(known) == len && !memcmp(known, name, len))
			return i;
	}
	return LABEL_COUNT;
}

const char *metrics_labels_default(const struct cgroup_names *cgroups, bool with_namespaces)
{
	/* As kubelets call them, whoever drives their cgroups; the last two if it runs in one of its own. */
	static const char *const folders[] = {"kubepods", "kubepods.slice", "kubelet/kubepods",
					      "kubelet.slice/kubelet-kubepods.slice"};
	const char *mount = cgroups ? cgroup_names_mount(cgroups) : NULL;
	char path[PATH_MAX];

	for (size_t i = 0; mount && i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", mount, folders[i]);
		if (!access(path, F_OK))
			return with_namespaces ? "pod,container,namespace,remote_class"
					       : "pod,container,remote_class";
	}
	return "unit,remote_class";
}

int metrics_labels_parse(struct metrics_labels *l, const char *list, struct usage_error *error)
{
	unsigned seen = 0;

	l->count = 0;
	for (const char *p = list; *p;) {
		size_t len = strcspn(p, ",");
		enum metrics_label label = find(p, len);

		if (label == LABEL_COUNT)
			return refuse(error, list, (size_t)(p - list), p, len);
		if (label == LABEL_NAMESPACE && !l->pods)
			return usage_refuse(error, list, (size_t)(p - list),
					    "argument --by: no cgroup tells the namespace of a pod: give "
					    "--pods-from, such as /var/log/pods");
		/* One that is named twice is one. */
		if (!(seen >> label & 1))
			l->label[l->count++] = label;
		seen |= 1u << label;
		p += len + (p[len] == ',');
	}
	return 0;
}

unsigned metrics_labels_needs(const struct metrics_labels *l)
{
	unsigned needs = 0;

	for (unsigned i = 0; i < l->count; i++)
		needs |= labels[l->label[i]].needs;
	return needs;
}

struct known {
	uint8_t byte[16];
	unsigned bits;
	const char *name;
};

#define V4(a, b)                                                   \
	{                                                          \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b) \
	}
static const struct known classes[] = {
	{V4(127, 0), 96 + 8, "loopback"},
	{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, "loopback"},
	{V4(10, 0), 96 + 8, "private"},
	{V4(172, 16), 96 + 12, "private"},
	{V4(192, 168), 96 + 16, "private"},
	{V4(100, 64), 96 + 10, "private"},
	{{0xfc}, 7, "private"},
	{V4(169, 254), 96 + 16, "link_local"},
	{{0xfe, 0x80}, 10, "link_local"},
	{V4(224, 0), 96 + 4, "multicast"},
	{{0xff}, 8, "multicast"},
	{V4(0, 0), 128, "unspecified"},
	{{0}, 128, "unspecified"},
};

static bool is_within(const struct addr *a, const struct known *k)
{
	unsigned whole = k->bits / 8, rest = k->bits % 8;
	unsigned char mask = (unsigned char)(0xff00 >> rest);

	return !memcmp(a->byte, k->byte, whole) &&
	       (!rest || (a->byte[whole] & mask) == (k->byte[whole] & mask));
}

static const char *subnet(const struct prefix_set *prefixes, const struct addr *a)
{
	uint32_t at = prefixes ? prefix_set_longest(prefixes, a) : PREFIX_NONE;

	return at == PREFIX_NONE ? NULL : prefix_set_get(prefixes, at)->name;
}

const char *metrics_remote_class(const struct prefix_set *prefixes, const struct addr *a)
{
	const char *name = subnet(prefixes, a);

	for (size_t i = 0; !name && i < sizeof(classes) / sizeof(classes[0]); i++)
		if (is_within(a, &classes[i]))
			name = classes[i].name;
	return name ? name : "public";
}

/* The port of the side that listens; "" if it is not known which that is. */
static const char *service_port(const struct ev_ident *id, char buf[16])
{
	unsigned port = id->role == ROLE_CONNECT   ? id->rport
			: id->role == ROLE_UNKNOWN ? 0
						   : id->lport;

	snprintf(buf, 16, "%u", port);
	return port ? buf : "";
}

static const char *role(unsigned role)
{
	return role == ROLE_CONNECT ? "client" : role == ROLE_UNKNOWN ? "unknown" : "server";
}

static const struct pod *pod_of(const struct metrics_labels *l, const char *uid)
{
	return l->pods && *uid ? pods_find(l->pods, uid, clock_now_ns()) : NULL;
}

/* Borrowed from `id`, `buf`, or the names of cgroups and pods; *ret_len if it is not terminated. */
static const char *value_of(const struct metrics_labels *l, enum metrics_label label,
			    const struct ev_ident *id, char buf[16], size_t *ret_len)
{
	const struct pod *pod;
	const char *text = "";

	switch (label) {
	case LABEL_COMM:
		*ret_len = strnlen(id->comm, sizeof(id->comm));
		return id->comm;
	case LABEL_UNIT:
		text = workload_of(l->cgroups, id)->workload.unit;
		break;
	case LABEL_CONTAINER:
		text = workload_of(l->cgroups, id)->workload.container;
		break;
	case LABEL_POD:
		text = workload_of(l->cgroups, id)->workload.pod;
		pod = pod_of(l, text);
		text = pod ? pod->name : text;
		break;
	case LABEL_NAMESPACE:
		pod = pod_of(l, workload_of(l->cgroups, id)->workload.pod);
		text = pod ? pod->namespace : "";
		break;
	case LABEL_UID:
		snprintf(buf, 16, "%u", id->uid);
		text = id->uid == UID_UNKNOWN ? "" : buf;
		break;
	case LABEL_NETNS:
		snprintf(buf, 16, "%u", id->netns);
		text = buf;
		break;
	case LABEL_ROLE:
		text = role(id->role);
		break;
	case LABEL_FAMILY:
		text = addr_is_v4(&id->laddr) ? "ipv4" : "ipv6";
		break;
	case LABEL_REMOTE_CLASS:
		text = id->role == ROLE_LISTEN ? "" : metrics_remote_class(l->prefixes, &id->raddr);
		break;
	case LABEL_SUBNET:
		text = id->role == ROLE_LISTEN ? "" : subnet(l->prefixes, &id->raddr);
		break;
	case LABEL_SERVICE_PORT:
		text = service_port(id, buf);
		break;
	case LABEL_COUNT:
		break;
	}
	text = text ? text : "";
	*ret_len = strlen(text);
	return text;
}

bool metrics_labels_are_known(const struct metrics_labels *l, const struct ev_ident *id)
{
	const struct cgroup_info *info;

	if (!(metrics_labels_needs(l) & NEED_CGROUPS))
		return true;
	info = workload_of(l->cgroups, id);
	return info->path && (!l->pods || !*info->workload.pod || pod_of(l, info->workload.pod));
}

/* Borrowed from `buf`, or constant. */
static const char *name_of(const struct metrics_labels *l, enum metrics_label label,
			   char buf[LABEL_NAME_MAX + 1])
{
	bool is_named_pod = label == LABEL_POD && l->pods;
	const char *otel_name = is_named_pod ? "k8s.pod.name" : labels[label].otel_name;

	if (l->names == NAMES_TCPSIGHT)
		return labels[label].name;
	if (l->names == NAMES_OTLP)
		return otel_name;
	snprintf(buf, LABEL_NAME_MAX + 1, "%s", otel_name);
	for (char *p = buf; *p; p++)
		if (*p == '.')
			*p = '_';
	return buf;
}

bool metrics_label_is_number(const char *name, size_t len)
{
	const enum metrics_label numbers[] = {LABEL_NETNS, LABEL_SERVICE_PORT};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *known = labels[numbers[i]].otel_name;

		if (strlen(known) == len && !memcmp(known, name, len))
			return true;
	}
	return false;
}

static bool has(const struct metrics_labels *l, enum metrics_label label)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->label[i] == label)
			return true;
	return false;
}

size_t metrics_labels_text(const struct metrics_labels *l, const struct ev_ident *id,
			   bool is_listener, char ret[METRICS_LABELS_TEXT_MAX])
{
	bool adds_port = is_listener && !has(l, LABEL_SERVICE_PORT);
	char buf[16], name[LABEL_NAME_MAX + 1];
	size_t used = 0;

	for (unsigned i = 0; i < l->count + adds_port; i++) {
		enum metrics_label label = i < l->count ? l->label[i] : LABEL_SERVICE_PORT;
		size_t len;
		const char *value = value_of(l, label, id, buf, &len);

		/* An empty label is one that is not there. */
		if (!len)
			continue;
		if (used)
			ret[used++] = ',';
		used += expose_label(name_of(l, label, name), value, len, ret + used);
	}
	ret[used] = '\0';
	return used;
}

size_t metrics_labels_other(const struct metrics_labels *l, bool is_listener,
			    char ret[METRICS_LABELS_TEXT_MAX])
{
	bool adds_port = is_listener && !has(l, LABEL_SERVICE_PORT);
	char name[LABEL_NAME_MAX + 1];
	size_t used = 0;

	/* There the one attribute says it all. */
	if (l->names == NAMES_OTLP)
		return (size_t)sprintf(ret, METRICS_OVERFLOW "=\"true\"");
	for (unsigned i = 0; i < l->count + adds_port; i++)
		used += (size_t)sprintf(
			ret + used, "%s=\"other\",",
			name_of(l, i < l->count ? l->label[i] : LABEL_SERVICE_PORT, name));
	return used + (size_t)sprintf(ret + used, "otel_metric_overflow=\"true\"");
}
