// SPDX-License-Identifier: BSD-2-Clause
#include "source/netlink_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/source.h"
#include "source/netlink_flows.h"
#include "util/xalloc.h"

#define NS_PER_S 1000000000ull
/* One part in so many of one CPU's time. */
#define COST_SHARE 100
/* Sockets are seldom handed to another process: look for that so often if nothing else calls. */
#define SELDOM_NS (5 * NS_PER_S)

/* A flow whose holder is looked for. */
struct wanted {
	struct flow *flow;
	uint32_t inode;
	uint32_t holder; /* the first process that was found to hold it */
	uint32_t last_holder;
	uint32_t holders; /* how many were found */
	bool confirmed;	 /* whom we took for the owner holds it still */
};

struct search {
	struct wanted *wanted; /* by inode */
	size_t count;
	struct netlink_flows *flows;
};

static int by_inode(const void *a, const void *b)
{
	const struct wanted *one = a, *other = b;

	return one->inode < other->inode ? -1 : one->inode > other->inode;
}

static void list_wanted(struct search *s)
{
	const struct flow_table *table = &s->flows->table;

	s->wanted = xcalloc(table->count + 1u, sizeof(*s->wanted));
	for (uint32_t slot = 0; slot < table->used; slot++) {
		const struct known *k = &s->flows->known[slot];

		if (k->look && k->inode && s->count < table->count)
			s->wanted[s->count++] =
				(struct wanted){.flow = &table->flow[slot], .inode = k->inode};
	}
	qsort(s->wanted, s->count, sizeof(*s->wanted), by_inode);
}

static void note_holder_of(struct wanted *w, uint32_t pid)
{
	if (!w->holder)
		w->holder = pid;
	/* The files of a process come one after the other. */
	w->holders += w->last_holder != pid;
	w->last_holder = pid;
	if (w->flow->ident.owner_source && w->flow->ident.pid == pid)
		w->confirmed = true;
}

/* The subflows of an MPTCP connection have one inode, that of the connection's socket. */
static void note_holder(struct search *s, uint32_t inode, uint32_t pid)
{
	const struct wanted *end = s->wanted + s->count;
	struct wanted key = {.inode = inode};
	struct wanted *w = bsearch(&key, s->wanted, s->count, sizeof(key), by_inode);

	while (w && w > s->wanted && w[-1].inode == inode)
		w--;
	for (; w && w < end && w->inode == inode; w++)
		note_holder_of(w, pid);
}

/* Returns 0, or -errno if the process may not be looked into, or is gone. */
static int look_into(struct search *s, uint32_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		char target[64];
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		unsigned inode;

		if (len <= 0)
			continue;
		target[len] = '\0';
		if (sscanf(target, "socket:[%u]", &inode) == 1)
			note_holder(s, inode, pid);
	}
	closedir(dir);
	return 0;
}

/* The process's name; false if it is gone. */
static bool read_comm(uint32_t pid, char comm[16])
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	memset(comm, 0, 16);
	len = read(fd, comm, 15);
	close(fd);
	comm[strcspn(comm, "\n")] = '\0';
	return len > 0;
}

static void set_owner(struct search *s, const struct wanted *w)
{
	struct ev_ident *id = &w->flow->ident;
	uint32_t pid = w->confirmed ? id->pid : w->holder;
	char comm[16], path[64];
	struct stat st;

	if (!pid || !read_comm(pid, comm))
		return;
	if (id->owner_source && id->pid == pid && !memcmp(id->comm, comm, sizeof(comm)))
		return;
	id->pid = pid;
	id->owner_source = OWNER_FILES;
	memcpy(id->comm, comm, sizeof(comm));
	memcpy(id->thread, comm, sizeof(comm));
	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	id->mntns = stat(path, &st) ? 0 : (uint32_t)st.st_ino;
	netlink_flows_known(s->flows, w->flow)->news = true;
}

/* Of whom we may not look into, somebody may hold it too. */
static void set_holders(struct search *s, const struct wanted *w, bool complete)
{
	struct ev_extra *extra = s->flows->extra ? &s->flows->extra[w->flow - s->flows->table.flow] : NULL;
	struct known *k = netlink_flows_known(s->flows, w->flow);

	if (!extra || !complete)
		return;
	k->news |= !(extra->known & KNOWN_HOLDERS) || extra->holders != w->holders;
	extra->known |= KNOWN_HOLDERS;
	extra->holders = w->holders;
}

void netlink_owner_scan(struct netlink_owner *o, struct netlink_flows *flows)
{
	struct search s = {.flows = flows};
	uint64_t begin_ns = clock_now_ns();
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	list_wanted(&s);
	o->refused = 0;
	while (proc && s.count && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    look_into(&s, (uint32_t)strtoul(entry->d_name, NULL, 10)) == -EACCES)
			o->refused++;
	for (size_t i = 0; i < s.count; i++) {
		set_owner(&s, &s.wanted[i]);
		if (flows->source->needs & NEED_HOLDERS)
			set_holders(&s, &s.wanted[i], !o->refused);
	}
	if (proc)
		closedir(proc);
	free(s.wanted);
	o->scanned_ns = clock_now_ns();
	o->cost_ns = o->scanned_ns - begin_ns;
}

void netlink_owner_scan_if_due(struct netlink_owner *o, struct netlink_flows *flows)
{
	uint64_t since_ns = clock_now_ns() - o->scanned_ns;

	if (since_ns >= o->cost_ns * COST_SHARE && (flows->unowned || since_ns >= SELDOM_NS))
		netlink_owner_scan(o, flows);
}
